/* Concept: what detectors remember of a civil day: sums by consumer, address and hour, by consumer, feature and model, and what one pass
 *          over its events in order found (runs of alike prompts, steady rhythms, storms of failures). Judging a day reads
 *          digests alone, so that a day of ten million events costs one pass.
 * Shape:   arrays of plain records. Texts are dict ids. A pass begins LEAD_IN before the day, so
 *          that what crosses midnight is seen whole; cost and n_day count the day's own events.
 * Units:   cost in pico (10^-12 of the currency), saturating at 9.2 million; logarithms in 2^-20; ts_us.
 * Owns:    its arrays, until tb_digest_release.
 * Errors:  TB_FATAL/TB_E_MEMORY, TB_E_DB; TB_FAIL/TB_E_RANGE as pricing does.
 */
#ifndef TB_DIGEST_H
#define TB_DIGEST_H

#include "base/clock.h"
#include "config/tables.h"
#include "detect/rules.h"
#include "event/signature.h"
#include "store/db.h"

#define TB_PICO_OF_MONEY ((tb_money)1000000000000)
#define TB_LOG_ONE       (1 << 20)

#define TB_PLACE_MIN   6  /* calls of an address in a day that are worth its hours */
#define TB_PLACE_HOURS 32 /* of a day, at most: a civil day has 25 and touches one more */
struct tb_dg_place {      /* consumer, address; 0: its calls from none, and from those of fewer calls */
    uint32_t consumer, ip;
    uint32_t hours; /* bit h: it has calls in the day's hour h; 0 is the UTC hour in which the day begins */
    uint32_t first; /* of its records in hour, one for each bit */
};

struct __attribute__((packed, aligned(4)))
tb_dg_hour { /* of a place; by the hundred thousand, so it has no gap */
    int64_t cost;
    uint32_t n;
};

struct tb_dg_cell { /* consumer, feature, model */
    uint32_t consumer, feature, model;
    uint32_t n, in_n, out_n, hidden;
    int64_t cost, hidden_cost, in, out;
    int64_t in_log, in_log2, out_log, out_log2; /* sums of ln and ln^2 of input and output of served calls */
};

struct tb_dg_size { /* consumer, feature, bucket: how many prompts of what size */
    uint32_t consumer, feature, bucket, n;
};
#define TB_STORM_QUIET_MIN 10   /* minutes without failures that end a storm */
#define TB_SIZE_FIRST      4000 /* tokens; below all is one bucket, 0 */

struct tb_dg_large { /* one of the day's largest prompts of a consumer and feature */
    uint32_t consumer, feature, model, pad;
    int64_t ts_us, tokens, cost;
};

enum tb_run_kind { TB_RUN_EXACT, TB_RUN_TEMPLATE, TB_RUN_NEAR };
struct tb_dg_run { /* alike prompts of one consumer and address */
    uint32_t consumer, ip, feature, model;
    uint32_t n, n_day, kind, grew; /* grew: steps in which input grew */
    uint64_t fingerprint;
    int64_t start_us, end_us, cost, cost_first, in_first, in_last;
    struct tb_signature signature;
};

struct tb_dg_agent { /* calls of one user agent that names a crawler */
    uint32_t consumer, agent, n, pad;
    int64_t start_us, end_us, cost;
};

struct tb_dg_steady { /* a stretch of even gaps */
    uint32_t consumer, ip, n, pad;
    int64_t start_us, end_us, cost, gap_us, share_ppm;
};

struct tb_dg_storm { /* failures of one consumer in sliding hours */
    uint32_t consumer, failures, calls, peak;
    int64_t start_us, end_us, cost, retries;
};

struct tb_dg_outage {
    uint32_t model, provider, failures, calls, consumers, pad;
    int64_t start_us, end_us, cost;
};

struct tb_dg_tool {
    uint32_t tool, n, failed, retries;
};

struct
    tb_dg_rate { /* a stretch of the sum over 60 minutes above a limit: by level, start; it lasted, or a day's bound cuts it */
    uint32_t level, pad; /* 0 warning, 1 critical, 2 emergency */
    int64_t start_us, end_us, peak, cost;
};

struct tb_dg_unpriced {
    uint32_t provider, model, n, pad;
    int64_t tokens, start_us, end_us;
};

/* clang-format off */
#define TB_DIGEST_PARTS(X)                                                                                   \
    X(place) X(hour) X(cell) X(size) X(large) X(run) X(agent) X(steady) X(storm) X(outage) X(tool) X(rate)   \
    X(unpriced)
/* clang-format on */

struct tb_digest {
    int32_t day;
    int64_t from_us, to_us;
    uint64_t events, unsigned_events; /* of the day; those with a prompt but without signature */
#define TB_DIGEST_FIELD(name)                                                                                \
    struct tb_dg_##name *name;                                                                               \
    size_t name##_n, name##_cap;
    TB_DIGEST_PARTS(TB_DIGEST_FIELD)
#undef TB_DIGEST_FIELD
    bool ordered; /* its records are by consumer */
    /* After tb_digest_sort: the consumers, and for each part where the records of each begin (consumers + 1). */
    uint32_t *who, *begin;
    size_t who_n;
    uint32_t *place_of,
        place_of_n; /* by consumer: its place in who, or who_n; NULL: numbers are too high for a table */
};

void tb_digest_release(struct tb_digest *d);

/* One pass over the day's events. */
enum tb_status tb_digest_build(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               const struct tb_rules *rules, int32_t day, struct tb_digest *out,
                               struct tb_err *err) TB_MUST_USE;

/* The stored digest when it is current for these tables and rules, else a new one, which is stored when db may be written. */
enum tb_status tb_digest_get(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             const struct tb_rules *rules, int32_t day, struct tb_digest *out,
                             struct tb_err *err) TB_MUST_USE;

/* Keeps d, which is ordered, as the digest of its day, for these tables and rules; db must be one to write. */
enum tb_status tb_digest_keep(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              const struct tb_rules *rules, const struct tb_digest *d,
                              struct tb_err *err) TB_MUST_USE;

/* The parts that begin with a consumer, and their order (digest_order.c). */
#define TB_DIGEST_PARTS_OF_CONSUMERS(X) X(place) X(cell) X(size) X(large) X(run) X(agent) X(steady) X(storm)
enum tb_digest_part {
#define TB_DIGEST_PART(name) TB_DG_##name,
    TB_DIGEST_PARTS_OF_CONSUMERS(TB_DIGEST_PART)
#undef TB_DIGEST_PART
        TB_DG_COUNT
};
/* Puts the records in order: a digest is kept so, and then need not be ordered when it is read. */
void tb_digest_order(struct tb_digest *d);
/* Orders them if they are not, and notes where each consumer's begin. */
enum tb_status tb_digest_sort(struct tb_digest *d, struct tb_err *err) TB_MUST_USE;
/* Makes each consumer's places one, with address 0; the digest is ordered, and not yet sorted. */
enum tb_status tb_digest_join_places(struct tb_digest *d, struct tb_err *err) TB_MUST_USE;
/* Frees a part that nobody will ask for; before tb_digest_sort. */
#define TB_DIGEST_DROP(d, name) (free((d)->name), (d)->name = NULL, (d)->name##_n = (d)->name##_cap = 0)

/* A consumer's records in a sorted digest. */
#define TB_DIGEST_RANGE(d, name, id, from, to) tb_digest_range_((d), TB_DG_##name, (id), &(from), &(to))
void tb_digest_range_(const struct tb_digest *d, enum tb_digest_part part, uint32_t consumer, size_t *from,
                      size_t *to);

/* The hours of a place, as hours since 1970 (UTC), and their records:
 *     const struct tb_dg_hour *x = &d->hour[p->first];
 *     for (uint32_t left = p->hours; left != 0; left &= left - 1, x++) { ... tb_digest_hour(d, left) ... } */
static inline int32_t tb_digest_hour(const struct tb_digest *d, uint32_t left)
{
    return (int32_t)(d->from_us / TB_US_PER_H) + __builtin_ctz(left);
}

#endif
