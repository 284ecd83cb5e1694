/* Concept: one pass over a day's events in order: what each event is to the detectors, and the parts that watch for patterns.
 *          Inside detect/ only.
 * Shape:   stored events are read and priced (digest_read.c, in the thread that decodes them), put in order, summed up and watched
 *          for failures (digest_build.c, digest_sums.c, digest_places.c, failure.c), and shown to the watchers of runs, gaps and
 *          hourly cost in batches (watchers.c, in one more thread): dealt out so that the last two have about as much to do. Each
 *          part has its own arrays of the digest, and sees every event in (ts, identity) order: which thread is ahead changes
 *          nothing. Each watcher: _new, _take per event, _end once. Its _call functions are asked in their order for some events
 *          before these are taken: they bring memory into the cache and change nothing.
 * Owns:    all until _free or _release.
 * Errors:  TB_FATAL/TB_E_MEMORY; reading also as pricing does, and TB_E_DB.
 */
#ifndef TB_PASS_H
#define TB_PASS_H

#include "base/clock.h"
#include "detect/digest.h"
#include "rate/reading.h"
#include "rate/spend_meter.h"
#include "rate/tuple.h"
#include "store/events.h"

struct tb_pass_event {
    int64_t ts_us;
    uint32_t consumer, ip, actor; /* actor: number of (consumer, ip) */
    uint32_t agent, feature, model, provider;
    bool failed;                          /* 429, 5xx, or no status and no success */
    bool hidden, unpriced;                /* rate/reading.h; no price was found */
    bool crawler;                         /* agent names one */
    bool in_day;                          /* false: of the hours before, for patterns that cross midnight */
    uint64_t fingerprint;                 /* 0 = none */
    const struct tb_signature *signature; /* NULL: none */
    int64_t input, output, cost;          /* input: all tokens sent, cached or not; cost in pico */
};

struct tb_pass {
    struct tb_digest *d;
    const struct tb_rules *rules;
    /* NULL, or: told of every call with a prompt, and the run that it joined; by the watchers' thread. */
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

/* Reading (digest_read.c): what each stored event is, in any order of blocks. */
enum tb_row_is { TB_ROW_UNBILLED, TB_ROW_CALL, TB_ROW_TOOL };
struct tb_pass_row {
    struct tb_pass_event e; /* of a call; its signature lives as long as the block */
    enum tb_row_is is;
};
struct tb_pass_reader;
enum tb_status tb_pass_reader_new(const struct tb_pass *p, struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_tables *tables, struct tb_pass_reader **out,
                                  struct tb_err *err) TB_MUST_USE;
void tb_pass_reader_free(struct tb_pass_reader *r);
#define TB_PASS_COLUMNS                                                                                      \
    (TB_PRICING_COLUMNS | TB_C_TEXT(TB_T_CONSUMER) | TB_C_TEXT(TB_T_FEATURE) | TB_C_TEXT(TB_T_TRIGGER) |     \
     TB_C_TEXT(TB_T_CLIENT_IP) | TB_C_TEXT(TB_T_USER_AGENT) | TB_C_NUMBER(TB_N_RETRIES) | TB_C_PROMPT |      \
     TB_C_SIGNATURE)
enum tb_status tb_pass_reader_read(struct tb_pass_reader *r, const struct tb_block *b,
                                   struct tb_pass_row *out, struct tb_err *err) TB_MUST_USE;

/* Events in order, with their signatures. Who takes them asks for memory TB_PASS_STRIDE events ahead, once for each of its _call functions. */
#define TB_PASS_BATCH  1024
#define TB_PASS_STRIDE 12
struct tb_pass_batch {
    uint32_t n;
    struct tb_pass_event e[TB_PASS_BATCH];
    struct tb_signature signature[TB_PASS_BATCH]; /* of those that have one */
};

/* The watchers of runs, gaps and hourly cost (watchers.c). Batches are handed over in order. */
struct tb_watchers;
enum tb_status tb_watchers_new(const struct tb_pass *p, struct tb_watchers **out,
                               struct tb_err *err) TB_MUST_USE;
void tb_watchers_free(struct tb_watchers *w);
struct tb_pass_batch *
tb_watchers_room(struct tb_watchers *w); /* an empty one, to be filled and handed over */
/* From now on it is only read; the caller may read it, too, until the next tb_watchers_room but one. An error lasts. */
enum tb_status tb_watchers_hand(struct tb_watchers *w, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_watchers_end(struct tb_watchers *w, struct tb_err *err) TB_MUST_USE;

/* Sums (digest_sums.c). Only events in the day are taken. A status lasts: the first error is told by all later calls. */
struct tb_sums;
enum tb_status tb_sums_new(const struct tb_pass *p, struct tb_sums **out,
                           struct tb_err *err) TB_MUST_USE; /* err is borrowed */
void tb_sums_free(struct tb_sums *s);
void tb_sums_call(const struct tb_sums *s, const struct tb_pass_event *e);
void tb_sums_call_records(const struct tb_sums *s, const struct tb_pass_event *e);
void tb_sums_call_size(const struct tb_sums *s, const struct tb_pass_event *e);
enum tb_status tb_sums_take(struct tb_sums *s, const struct tb_pass_event *e) TB_MUST_USE;
enum tb_status tb_sums_tool(struct tb_sums *s, const struct tb_block *blk, uint32_t i) TB_MUST_USE;
enum tb_status tb_sums_end(struct tb_sums *s) TB_MUST_USE;

/* Of these, calls by consumer, address and hour (digest_places.c). */
struct tb_places;
enum tb_status tb_places_new(const struct tb_pass *p, struct tb_places **out, struct tb_err *err) TB_MUST_USE;
void tb_places_free(struct tb_places *t);
void tb_places_call(const struct tb_places *t, const struct tb_pass_event *e);
void tb_places_call_hour(const struct tb_places *t, const struct tb_pass_event *e);
enum tb_status tb_places_take(struct tb_places *t, const struct tb_pass_event *e,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_places_end(struct tb_places *t, struct tb_err *err) TB_MUST_USE;

/* Alike prompts in a row (repeat.c). */
struct tb_repeat;
struct tb_repeat *tb_repeat_new(const struct tb_pass *p);
void tb_repeat_free(struct tb_repeat *r);
void tb_repeat_call(const struct tb_repeat *r, const struct tb_pass_event *e);
void tb_repeat_call_looks(const struct tb_repeat *r, const struct tb_pass_event *e);
void tb_repeat_call_latest(const struct tb_repeat *r, const struct tb_pass_event *e);
enum tb_status tb_repeat_take(struct tb_repeat *r, const struct tb_pass_event *e,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_repeat_end(struct tb_repeat *r, struct tb_err *err) TB_MUST_USE;

/* Even gaps (rhythm.c). */
struct tb_rhythm;
struct tb_rhythm *tb_rhythm_new(const struct tb_pass *p);
void tb_rhythm_free(struct tb_rhythm *r);
void tb_rhythm_call(const struct tb_rhythm *r, const struct tb_pass_event *e);
void tb_rhythm_call_ring(const struct tb_rhythm *r, const struct tb_pass_event *e);
void tb_rhythm_call_place(const struct tb_rhythm *r, const struct tb_pass_event *e);
enum tb_status tb_rhythm_take(struct tb_rhythm *r, const struct tb_pass_event *e,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_rhythm_end(struct tb_rhythm *r, struct tb_err *err) TB_MUST_USE;

/* Storms and outages (failure.c). */
struct tb_failure;
struct tb_failure *tb_failure_new(const struct tb_pass *p);
void tb_failure_free(struct tb_failure *f);
void tb_failure_call(const struct tb_failure *f, const struct tb_pass_event *e);
void tb_failure_call_watch(const struct tb_failure *f, const struct tb_pass_event *e);
void tb_failure_call_minute(const struct tb_failure *f, const struct tb_pass_event *e);
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
