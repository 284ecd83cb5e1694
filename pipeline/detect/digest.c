/* Keeping digests: arrays to one blob and back, and when a stored one is out of date. */
#include "detect/digest.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/embed.h"
#include "base/hash.h"
#include "store/events.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_detect[];

#define DIGEST_VERSION 5
#define LEAD_IN        (2 * TB_US_PER_H)

void tb_digest_release(struct tb_digest *d)
{
#define RELEASE(name) free(d->name);
    TB_DIGEST_PARTS(RELEASE)
#undef RELEASE
    free(d->who);
    free(d->begin);
    free(d->place_of);
    memset(d, 0, sizeof *d);
}

static enum tb_status encode(const struct tb_digest *d, struct tb_buf *out, struct tb_err *err)
{
    uint64_t head[5] = {DIGEST_VERSION, d->events, d->unsigned_events, (uint64_t)d->from_us,
                        (uint64_t)d->to_us};
    enum tb_status st = tb_buf_add(out, head, sizeof head, err);
#define ENCODE(name)                                                                                         \
    if (st == TB_OK) {                                                                                       \
        uint64_t n = d->name##_n;                                                                            \
        st = tb_buf_add(out, &n, sizeof n, err);                                                             \
    }                                                                                                        \
    if (st == TB_OK && d->name##_n > 0) {                                                                    \
        st = tb_buf_add(out, d->name, d->name##_n * sizeof *d->name, err);                                   \
    }
    TB_DIGEST_PARTS(ENCODE)
#undef ENCODE
    return st;
}

static bool take(struct tb_str *in, void *to, size_t n)
{
    if (in->n < n) {
        return false;
    }
    if (n > 0) {
        memcpy(to, in->s, n);
    }
    in->s += n;
    in->n -= n;
    return true;
}

static bool places_have_hours(const struct tb_digest *d)
{
    for (size_t i = 0; i < d->place_n; i++) {
        const struct tb_dg_place *p = &d->place[i];
        if (p->first > d->hour_n || (size_t)__builtin_popcount(p->hours) > d->hour_n - p->first) {
            return false;
        }
    }
    return true;
}

/* False when the bytes are no digest of this version, or there is no memory: then it is built anew. */
static bool decode(struct tb_str in, struct tb_digest *d)
{
    uint64_t head[5];
    if (!take(&in, head, sizeof head) || head[0] != DIGEST_VERSION) {
        return false;
    }
    d->ordered = true; /* as all that are kept */
    d->events = head[1];
    d->unsigned_events = head[2];
    d->from_us = (int64_t)head[3];
    d->to_us = (int64_t)head[4];
#define DECODE(name)                                                                                         \
    {                                                                                                        \
        uint64_t n;                                                                                          \
        if (!take(&in, &n, sizeof n) || n > in.n / sizeof *d->name) {                                        \
            return false;                                                                                    \
        }                                                                                                    \
        d->name = malloc((n + 1) * sizeof *d->name);                                                         \
        if (d->name == NULL || !take(&in, d->name, n * sizeof *d->name)) {                                   \
            return false;                                                                                    \
        }                                                                                                    \
        d->name##_n = d->name##_cap = n;                                                                     \
    }
    TB_DIGEST_PARTS(DECODE)
#undef DECODE
    return in.n == 0 && places_have_hours(d);
}

/* What a digest is made from, as one number. */
static enum tb_status key_of(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             const struct tb_rules *rules, int32_t day, uint64_t *key, bool *pruned,
                             struct tb_err *err)
{
    int64_t from = tb_zone_day_start(s->zone, day), to = tb_zone_day_start(s->zone, day + 1);
    struct {
        struct tb_hash128 prices, accounts;
        uint64_t rules, zone, bill, version;
        int64_t generation;
    } k;
    memset(&k, 0, sizeof k);
    enum tb_status st = tb_events_generation(db, from - LEAD_IN, to, &k.generation, pruned, err);
    const char *zone = tb_zone_name(s->zone);
    k.prices = tables->digest[TB_TABLE_PRICES];
    k.accounts = tables->digest[TB_TABLE_ACCOUNTS];
    k.rules = tb_rules_digest(rules);
    k.zone = tb_hash64(zone, strlen(zone), 0) ^ tb_hash64(s->currency, strlen(s->currency), 1);
    for (int i = 0; i < s->source_count; i++) {
        k.bill =
            tb_hash64(s->sources[i].name, strlen(s->sources[i].name), k.bill + (s->sources[i].bill ? 1 : 2));
    }
    const char *agents = tb_embed_text(tb_embed_detect, "agents.json");
    k.bill ^= tb_hash64(agents, strlen(agents), 2);
    k.version = DIGEST_VERSION ^ tb_hash64(TB_PROGRAM_VERSION, strlen(TB_PROGRAM_VERSION), 0);
    *key = tb_hash64(&k, sizeof k, 0) >> 1; /* fits a column */
    return st;
}

static enum tb_status load(struct tb_db *db, int32_t day, uint64_t key, bool any, struct tb_digest *out,
                           bool *there, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *there = false;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_detect, "detect_day_get.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    st = tb_query_step(q, err);
    if (st == TB_OK && (any || (uint64_t)tb_query_int(q, 0) == key)) {
        *there = decode(tb_query_blob(q, 1), out);
        if (!*there) {
            tb_digest_release(out);
        }
        out->day = day;
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status keep(struct tb_db *db, uint64_t key, const struct tb_digest *d, struct tb_err *err)
{
    struct tb_buf blob;
    struct tb_query *q = NULL;
    tb_buf_init(&blob, (size_t)900 << 20);
    enum tb_status st = encode(d, &blob, err);
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_detect, "detect_day_put.sql"), &q, err);
    }
    if (st == TB_OK) {
        tb_query_bind_int(q, "day", d->day);
        tb_query_bind_int(q, "key", (int64_t)key);
        tb_query_bind_blob(q, "data", blob.p, blob.n);
        st = tb_query_run(q, err);
    }
    tb_query_close(q);
    tb_buf_release(&blob);
    return st;
}

enum tb_status tb_digest_keep(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              const struct tb_rules *rules, const struct tb_digest *d, struct tb_err *err)
{
    uint64_t key = 0;
    bool pruned = false;
    enum tb_status st = key_of(db, s, tables, rules, d->day, &key, &pruned, err);
    return st == TB_OK ? keep(db, key, d, err) : st;
}

enum tb_status tb_digest_get(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             const struct tb_rules *rules, int32_t day, struct tb_digest *out,
                             struct tb_err *err)
{
    uint64_t key = 0;
    bool pruned = false, there = false;
    memset(out, 0, sizeof *out);
    enum tb_status st = key_of(db, s, tables, rules, day, &key, &pruned, err);
    if (st == TB_OK) {
        st = load(db, day, key, pruned, out, &there, err); /* of a pruned day the old one is all there is */
    }
    if (st != TB_OK || there) {
        return st;
    }
    st = tb_digest_build(db, s, tables, rules, day, out, err);
    if (st == TB_OK && tb_db_writable(db)) {
        tb_digest_order(out);
        st = keep(db, key, out, err);
    }
    return st;
}
