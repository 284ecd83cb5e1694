/* Concept: one pass over a day's events in order: what each event is to the detectors, and the parts that watch for patterns.
 *          Inside detect/ only.
 * Shape:   each watcher: _new, _take per event in (ts, identity) order, _end once; findings go to the digest's arrays. Its _call
 *          functions are asked in their order for some events before these are taken: they bring memory into the cache and change nothing.
 * Owns:    watchers until _free.
 * Errors:  TB_FATAL/TB_E_MEMORY.
 */
#ifndef TB_PASS_H
#define TB_PASS_H

#include "base/clock.h"
#include "detect/digest.h"
#include "rate/spend_meter.h"
#include "rate/tuple.h"

struct tb_pass_event {
    int64_t ts_us;
    uint32_t consumer, ip, agent, feature, model, provider;
    uint64_t fingerprint;                 /* 0 = none */
    const struct tb_signature *signature; /* NULL or zero: none; in a pass never NULL */
    int64_t input, output, tokens, cost;  /* input: all tokens sent, cached or not; cost in pico */
    bool failed;                          /* 429, 5xx, or no status and no success */
    bool hidden, unpriced;                /* rate/reading.h; no price was found */
    bool in_day;                          /* false: of the hours before, for patterns that cross midnight */
};

struct tb_pass {
    struct tb_digest *d;
    const struct tb_rules *rules;
    struct tb_db *db;
    /* NULL, or: told of every call with a prompt, and the run that it joined. */
    void (*joined)(void *ctx, const struct tb_dg_run *run, const struct tb_pass_event *e);
    void *ctx;
};

/* The same pass as tb_digest_build makes, with someone who looks on. */
enum tb_status tb_digest_watch(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               const struct tb_rules *rules, int32_t day,
                               void (*joined)(void *ctx, const struct tb_dg_run *run,
                                              const struct tb_pass_event *e),
                               void *ctx, struct tb_digest *out, struct tb_err *err) TB_MUST_USE;

/* Adds a zeroed record to the digest's array name; *out is it. */
#define TB_DIGEST_PUSH(d, name, out, err)                                                                    \
    (tb_tuples_grow((void **)&(d)->name, &(d)->name##_cap, (d)->name##_n + 1, sizeof *(d)->name, (err)) ==   \
             TB_OK                                                                                           \
         ? ((out) = &(d)->name[(d)->name##_n++], TB_OK)                                                      \
         : TB_FATAL)

/* Sums (digest_sums.c). Only events in the day are taken. A status lasts: the first error is told by all later calls. */
struct tb_block;
struct tb_sums;
enum tb_status tb_sums_new(const struct tb_pass *p, struct tb_sums **out,
                           struct tb_err *err) TB_MUST_USE; /* err is borrowed */
void tb_sums_free(struct tb_sums *s);
void tb_sums_call(const struct tb_sums *s, const struct tb_pass_event *e);
void tb_sums_call_records(const struct tb_sums *s, const struct tb_pass_event *e);
void tb_sums_call_address(const struct tb_sums *s, uint32_t actor);
void tb_sums_call_rest(const struct tb_sums *s, const struct tb_pass_event *e, uint32_t actor);
enum tb_status tb_sums_take(struct tb_sums *s, uint32_t actor, const struct tb_pass_event *e) TB_MUST_USE;
enum tb_status tb_sums_tool(struct tb_sums *s, const struct tb_block *blk, uint32_t i) TB_MUST_USE;
void tb_sums_end(struct tb_sums *s);

/* Alike prompts in a row (repeat.c). */
struct tb_repeat;
struct tb_repeat *tb_repeat_new(const struct tb_pass *p);
void tb_repeat_free(struct tb_repeat *r);
void tb_repeat_call(const struct tb_repeat *r, uint32_t actor);
void tb_repeat_call_run(const struct tb_repeat *r, uint32_t actor);
void tb_repeat_call_next(const struct tb_repeat *r, uint32_t actor);
enum tb_status tb_repeat_take(struct tb_repeat *r, uint32_t actor, const struct tb_pass_event *e,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_repeat_end(struct tb_repeat *r, struct tb_err *err) TB_MUST_USE;

/* Even gaps (rhythm.c). */
struct tb_rhythm;
struct tb_rhythm *tb_rhythm_new(const struct tb_pass *p);
void tb_rhythm_free(struct tb_rhythm *r);
void tb_rhythm_call(const struct tb_rhythm *r, uint32_t actor);
void tb_rhythm_call_ring(const struct tb_rhythm *r, uint32_t actor);
void tb_rhythm_call_place(const struct tb_rhythm *r, uint32_t actor);
enum tb_status tb_rhythm_take(struct tb_rhythm *r, uint32_t actor, const struct tb_pass_event *e,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_rhythm_end(struct tb_rhythm *r, struct tb_err *err) TB_MUST_USE;

/* Storms and outages (failure.c). */
struct tb_failure;
struct tb_failure *tb_failure_new(const struct tb_pass *p);
void tb_failure_free(struct tb_failure *f);
void tb_failure_call(const struct tb_failure *f, const struct tb_pass_event *e);
void tb_failure_call_watch(const struct tb_failure *f, const struct tb_pass_event *e);
enum tb_status tb_failure_take(struct tb_failure *f, const struct tb_pass_event *e,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_failure_end(struct tb_failure *f, struct tb_err *err) TB_MUST_USE;

/* Cost per hour over the default limits (hourly.c): the trailing sum over (t - 60 min, t]. */
struct tb_hourly {
    struct tb_spend_meter meter;
};
void tb_hourly_init(struct tb_hourly *h, const struct tb_pass *p);
void tb_hourly_release(struct tb_hourly *h);
enum tb_status tb_hourly_take(struct tb_hourly *h, int64_t ts_us, int64_t cost,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_hourly_end(struct tb_hourly *h, const struct tb_pass *p, struct tb_err *err) TB_MUST_USE;

/* Whether a user agent names a crawler (agent.c). */
struct tb_agents;
enum tb_status tb_agents_new(struct tb_agents **out, struct tb_err *err) TB_MUST_USE;
void tb_agents_free(struct tb_agents *a);
bool tb_agents_match(const struct tb_agents *a, struct tb_str user_agent);

#endif
