/* Which days stand replayed, the ones that do not, and what the asked days' windows came to. */
#include "rate/quota.h"

#include "rate/quota_merge.h"
#include "rate/quota_state.h"

/* The civil days from the first to the last that a replay is of; last < first: none. */
static enum tb_status day_range(struct tb_db *db, const struct tb_settings *s, int32_t *first, int32_t *last,
                                struct tb_err *err)
{
    int32_t utc_first = 0, utc_last = 0;
    enum tb_status status = tb_quota_days(db, first, last, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_events_days(db, &utc_first, &utc_last, err);
    if (status != TB_OK) {
        return status == TB_END ? TB_OK : status;
    }
    int32_t a = tb_zone_day(s->zone, (int64_t)utc_first * TB_US_PER_DAY);
    int32_t b = tb_zone_day(s->zone, ((int64_t)utc_last + 1) * TB_US_PER_DAY - 1);
    *first = a < *first ? a : *first;
    *last = b; /* days behind the last call were kept when there were calls: they are not asked for again */
    return TB_OK;
}

static bool has_quotas(const struct tb_tables *tables)
{
    return tables->quota_count > 0;
}

/* A walk over the days, each found as it is kept or found wanting. */
struct walk {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables;
    bool rolling;            /* a quota looks 24 hours back */
    struct tb_hash128 carry; /* of the day before */
    int64_t state;           /* its state, 0: not kept */
};

static void walk_begin(struct walk *w, struct tb_db *db, const struct tb_settings *s,
                       const struct tb_tables *tables)
{
    *w = (struct walk){.db = db, .settings = s, .tables = tables};
    for (size_t i = 0; i < tables->quota_count; i++) {
        w->rolling = w->rolling || (tables->quotas[i].measure != TB_MEASURE_MODELS &&
                                    tables->quotas[i].window == TB_WINDOW_ROLLING_24H);
    }
}

/* *d is what is kept (state 0: nothing); *good whether it is right; *pruned whether its calls are gone. */
static enum tb_status walk_look(struct walk *w, int32_t day, struct tb_quota_day *d, bool *good, bool *pruned,
                                struct tb_err *err)
{
    const struct tb_zone *zone = w->settings->zone;
    int64_t from_us = tb_zone_day_start(zone, day), to_us = tb_zone_day_start(zone, day + 1), generation = 0;
    struct tb_hash128 rules;
    bool before = false;
    enum tb_status status = tb_quota_rules(w->settings, w->tables, from_us, to_us, &rules, err);
    if (status == TB_OK) {
        status = tb_quota_day_find(w->db, day, &rules, d, err);
    }
    if (status == TB_OK) {
        status = tb_events_generation(w->db, from_us, to_us, &generation, pruned, err);
    }
    if (status == TB_OK && w->rolling && !*pruned) {
        status = tb_events_generation(w->db, from_us - TB_US_PER_DAY, to_us, &generation, &before, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (*pruned && d->state == 0) {
        status = tb_quota_day_find(w->db, day, NULL, d, err);
    }
    *good = *pruned || (d->state != 0 && d->same_program && d->generation == generation &&
                        memcmp(&d->carry_in, &w->carry, sizeof w->carry) == 0);
    d->rules = *good ? d->rules : rules;
    d->generation = *good ? d->generation : generation;
    return status;
}

static void walk_on(struct walk *w, const struct tb_quota_day *d)
{
    w->carry = d->state != 0 ? d->carry_out : (struct tb_hash128){0, 0};
    w->state = d->state;
}

enum tb_status tb_quota_current(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                                int32_t last_day, bool *current, struct tb_err *err)
{
    struct walk w;
    int32_t first = 0, last = 0;
    *current = true;
    if (!has_quotas(tables)) {
        return TB_OK;
    }
    enum tb_status status = day_range(db, s, &first, &last, err);
    walk_begin(&w, db, s, tables);
    for (int32_t day = first; status == TB_OK && *current && day <= last && day <= last_day; day++) {
        struct tb_quota_day d;
        bool pruned = false;
        status = walk_look(&w, day, &d, current, &pruned, err);
        walk_on(&w, &d);
    }
    return status;
}

static enum tb_status carry_one(void *ctx, const struct tb_quota_kept *k, struct tb_err *err)
{
    struct tb_quota_replay *r = ctx;
    int64_t begin = tb_zone_day_start(r->reader.settings->zone, r->day + 1);
    return k->use.end_us > begin ? tb_quota_replay_carry(r, k, err) : TB_OK;
}

/* Makes r stand at the end of day, which is kept as state. */
static enum tb_status stand_at(struct tb_quota_replay *r, int32_t day, int64_t state, struct tb_err *err)
{
    if (r->day == day) {
        return TB_OK;
    }
    tb_quota_replay_reset(r);
    if (state == 0) {
        return TB_OK;
    }
    r->day = day;
    enum tb_status status = tb_quota_windows_get(r->reader.db, state, carry_one, r, err);
    r->day = TB_DAY_NONE; /* tails of rolling windows are not kept */
    return status;
}

static enum tb_status replay_day(struct tb_quota_replay *r, struct walk *w, int32_t day,
                                 struct tb_quota_day *d, struct tb_err *err)
{
    enum tb_status status = stand_at(r, day - 1, w->state, err);
    if (status == TB_OK) {
        status = tb_quota_replay_day(r, day, err);
    }
    if (status != TB_OK) {
        return status;
    }
    d->carry_in = w->carry;
    d->carry_out = tb_quota_replay_carried(r);
    status = tb_quota_day_put(w->db, r, d, err);
    tb_quota_replay_end(r);
    return status;
}

enum tb_status tb_quota_advance(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                                int32_t last_day, struct tb_err *err)
{
    struct walk w;
    struct tb_quota_replay r;
    int32_t first = 0, last = 0;
    uint32_t anonymous = 0;
    if (!has_quotas(tables)) {
        return TB_OK;
    }
    enum tb_status status = day_range(db, s, &first, &last, err);
    if (status == TB_OK) {
        status = tb_dict_id(db, TB_STR(TB_CONSUMER_ANONYMOUS), true, &anonymous, err);
    }
    if (status == TB_OK) {
        status = tb_quota_replay_init(&r, db, s, tables, NULL, err);
    }
    if (status != TB_OK) {
        return status;
    }
    walk_begin(&w, db, s, tables);
    for (int32_t day = first; status == TB_OK && day <= last && day <= last_day; day++) {
        struct tb_quota_day d;
        bool good = false, pruned = false;
        status = walk_look(&w, day, &d, &good, &pruned, err);
        if (status == TB_OK && !good) {
            status = replay_day(&r, &w, day, &d, err);
        }
        walk_on(&w, &d);
    }
    tb_quota_replay_release(&r);
    return status;
}

/* --- what is asked for ------------------------------------------------------------------------------------------------ */

static int32_t month_last(int32_t day)
{
    int year, month, mday;
    tb_day_civil(day, &year, &month, &mday);
    return (month == 12 ? tb_day_of_civil(year + 1, 1, 1) : tb_day_of_civil(year, month + 1, 1)) - 1;
}

#define FIRST_USE_DAYS 2 /* a window that opens on a day has ended two days later */

static enum tb_status add_day(struct walk *w, struct tb_quota_merge *m, int32_t day, struct tb_err *err)
{
    struct tb_quota_day d;
    bool good = false, pruned = false;
    enum tb_status status = walk_look(w, day, &d, &good, &pruned, err);
    if (status == TB_OK && d.state != 0) {
        status = tb_quota_windows_get(w->db, d.state, tb_quota_merge_window, m, err);
    }
    if (status == TB_OK && d.state != 0) {
        status = tb_quota_violations_get(w->db, d.state, tb_quota_merge_violation, m, err);
    }
    return status;
}

/* The days that say something of the asked ones: themselves; the last one with calls when they lie behind it; those in which
 * their windows end. */
static bool is_of_use(int32_t day, int32_t from_day, int32_t to_day, int32_t last)
{
    if (day < from_day) {
        return day == last;
    }
    return day <= to_day + FIRST_USE_DAYS || day == last || day == month_last(to_day);
}

enum tb_status tb_quota_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int32_t from_day, int32_t to_day, int32_t as_of_day,
                              struct tb_quota_result *out, struct tb_err *err)
{
    struct walk w;
    struct tb_quota_merge m;
    int32_t first = 0, last = 0;
    enum tb_status status = tb_quota_merge_init(&m, db, tb_zone_day_start(s->zone, from_day),
                                                tb_zone_day_start(s->zone, to_day + 1), err);
    if (status == TB_OK) {
        status = day_range(db, s, &first, &last, err);
    }
    walk_begin(&w, db, s, tables);
    last = last < as_of_day ? last : as_of_day;
    last = last < month_last(to_day) + FIRST_USE_DAYS ? last : month_last(to_day) + FIRST_USE_DAYS;
    int32_t day = from_day < last ? from_day : last;
    for (day = day > first ? day : first; status == TB_OK && has_quotas(tables) && day <= last; day++) {
        m.before = day < from_day;
        m.behind = day > to_day;
        if (is_of_use(day, from_day, to_day, last)) {
            status = add_day(&w, &m, day, err);
        }
    }
    if (status == TB_OK) {
        status = tb_quota_merge_finish(&m, out, err);
    }
    tb_quota_merge_release(&m);
    return status;
}

/* --- what if ---------------------------------------------------------------------------------------------------------- */

/* Where an exact replay may begin: long windows of quotas as they stand were open since then. */
static int32_t whatif_first(const struct tb_tables *tables, int32_t first, int32_t from_day)
{
    int year, month, mday;
    int32_t day = from_day - 1;
    for (size_t i = 0; i < tables->quota_count; i++) {
        const struct tb_quota_row *q = &tables->quotas[i];
        if (q->measure == TB_MEASURE_MODELS) {
            continue;
        }
        if (q->window == TB_WINDOW_FIRST_USE_24H) {
            return first; /* where one window begins depends on all before */
        }
        if (q->window == TB_WINDOW_MONTH) {
            tb_day_civil(from_day, &year, &month, &mday);
            int32_t begin = tb_day_of_civil(year, month, 1);
            day = begin < day ? begin : day;
        }
    }
    return day > first ? day : first;
}

static enum tb_status whatif_day(struct tb_quota_replay *r, struct tb_quota_merge *m, int32_t day,
                                 struct tb_err *err)
{
    enum tb_status status = tb_quota_replay_day(r, day, err);
    if (status == TB_OK) {
        status = tb_quota_replay_rows(r, tb_quota_merge_window, m, err);
    }
    if (status == TB_OK) {
        status = tb_quota_replay_violations(r, tb_quota_merge_violation, m, err);
    }
    tb_quota_replay_end(r);
    return status;
}

enum tb_status tb_quota_what_if(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                                const struct tb_quota_whatif *whatif, int32_t from_day, int32_t to_day,
                                int32_t as_of_day, struct tb_quota_result *out, struct tb_err *err)
{
    struct tb_quota_replay r;
    struct tb_quota_merge m;
    int32_t first = 0, last = 0;
    enum tb_status status = tb_quota_replay_init(&r, db, s, tables, whatif, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_quota_merge_init(&m, db, tb_zone_day_start(s->zone, from_day),
                                 tb_zone_day_start(s->zone, to_day + 1), err);
    if (status == TB_OK) {
        status = day_range(db, s, &first, &last, err);
    }
    int32_t end = month_last(to_day) > to_day + FIRST_USE_DAYS ? month_last(to_day) : to_day + FIRST_USE_DAYS;
    last = last < as_of_day ? last : as_of_day;
    last = last < end ? last : end;
    for (int32_t day = whatif_first(tables, first, from_day); status == TB_OK && day <= last; day++) {
        m.before = day < from_day;
        m.behind = day > to_day;
        status = whatif_day(&r, &m, day, err);
    }
    if (status == TB_OK) {
        status = tb_quota_merge_finish(&m, out, err);
    }
    tb_quota_merge_release(&m);
    tb_quota_replay_release(&r);
    return status;
}
