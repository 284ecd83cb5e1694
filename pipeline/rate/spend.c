/* Spends as they are kept: read, or made and written. */
#include "rate/spend.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "rate/spend_make.h"
#include "rate/standing.h"
#include "store/events.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

#define WHAT_MAX  1024
#define BASIS_MAX 256

static enum tb_status open_query(struct tb_db *db, const char *name, struct tb_query **out,
                                 struct tb_err *err)
{
    return tb_query_open(db, tb_embed_text(tb_embed_rate, name), out, err);
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the budgets");
}

static const char *limit_text(bool has, tb_money limit, char out[TB_MONEY_TEXT_MAX])
{
    out[0] = '\0';
    if (has) {
        tb_money_format(limit, out);
    }
    return out;
}

/* What of a budget's row its spends depend on; two budgets that differ only in their amounts share them. */
static void what_of(const struct tb_budget_row *b, char out[WHAT_MAX])
{
    char w[TB_MONEY_TEXT_MAX], c[TB_MONEY_TEXT_MAX], e[TB_MONEY_TEXT_MAX];
    struct tb_str match = b->match;
    snprintf(out, WHAT_MAX, "%.*s\n%d%.*s\n%.*s\n%s\n%s\n%s", (int)b->dimension.n,
             b->dimension.s != NULL ? b->dimension.s : "", match.s != NULL, (int)match.n,
             match.s != NULL ? match.s : "", (int)b->allocate_by.n,
             b->allocate_by.s != NULL ? b->allocate_by.s : "", limit_text(b->has_warning, b->hour_warning, w),
             limit_text(b->has_critical, b->hour_critical, c),
             limit_text(b->has_emergency, b->hour_emergency, e));
}

/* From what the day is reduced, with the calls of the hour before it; "" when it is not reduced. */
static enum tb_status basis_of(struct tb_db *db, const struct tb_settings *s, int64_t version, int32_t day,
                               char out[BASIS_MAX], struct tb_err *err)
{
    struct tb_query *q = NULL;
    int64_t before = 0;
    bool pruned = false;
    out[0] = '\0';
    enum tb_status status = open_query(db, "reduced_day_find.sql", &q, err);
    if (status == TB_OK) {
        tb_query_bind_int(q, "day", day);
        tb_query_bind_int(q, "tables", version);
        status = tb_query_step(q, err);
    }
    if (status == TB_OK) {
        int64_t start = tb_zone_day_start(s->zone, day);
        status = tb_events_generation(db, start - TB_US_PER_H, start, &before, &pruned, err);
        snprintf(out, BASIS_MAX, "%.*s %" PRId64 " %.*s %" PRId64, (int)tb_query_text(q, 0).n,
                 tb_query_text(q, 0).s, tb_query_int(q, 1), (int)tb_query_text(q, 2).n, tb_query_text(q, 2).s,
                 before);
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}

static enum tb_status find(struct tb_db *db, int64_t version, int32_t day, const char *what,
                           const char *basis, int64_t *spend, bool *good, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *spend = 0;
    *good = false;
    enum tb_status status = open_query(db, "spend_day_find.sql", &q, err);
    if (status == TB_OK) {
        tb_query_bind_int(q, "day", day);
        tb_query_bind_int(q, "tables", version);
        tb_query_bind_text(q, "what", tb_str_of(what));
        status = tb_query_step(q, err);
    }
    if (status == TB_OK) {
        *spend = tb_query_int(q, 0);
        *good = tb_str_eq(tb_query_text(q, 1), tb_str_of(basis));
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

static enum tb_status take_row(struct tb_spend *out, int table, const struct tb_query *q, struct tb_err *err)
{
    tb_money m = 0;
    (void)tb_query_money(q, table == 2 ? 3 : 1, &m);
    if (table == 0) {
        return tb_spend_add_hour(out, tb_query_int(q, 0), m, err);
    }
    if (table == 1) {
        return tb_spend_add_key(out, (uint32_t)tb_query_int(q, 0), m, err);
    }
    struct tb_stretch x = {(int)tb_query_int(q, 0), tb_query_int(q, 1), tb_query_int(q, 2), m, 0};
    (void)tb_query_money(q, 4, &x.excess);
    return tb_spend_add_over(out, &x, err);
}

static enum tb_status read_kept(struct tb_db *db, int64_t spend, bool keys, struct tb_spend *out,
                                struct tb_err *err)
{
    static const char *const names[] = {"spend_hour_get.sql", "spend_key_get.sql", "spend_over_get.sql"};
    enum tb_status status = TB_OK;
    for (int table = 0; status == TB_OK && table < 3; table++) {
        struct tb_query *q = NULL;
        if (table == 1 && !keys) {
            continue;
        }
        status = open_query(db, names[table], &q, err);
        if (status == TB_OK) {
            tb_query_bind_int(q, "spend", spend);
        }
        while (status == TB_OK && (status = tb_query_step(q, err)) == TB_OK) {
            status = take_row(out, table, q, err);
        }
        tb_query_close(q);
        status = status == TB_END ? TB_OK : status;
    }
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static enum tb_status drop(struct tb_db *db, int64_t spend, struct tb_err *err)
{
    static const char *const names[] = {"spend_hour_drop.sql", "spend_key_drop.sql", "spend_over_drop.sql",
                                        "spend_day_drop.sql"};
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && spend != 0 && i < sizeof names / sizeof *names; i++) {
        struct tb_query *q = NULL;
        status = open_query(db, names[i], &q, err);
        if (status == TB_OK) {
            tb_query_bind_int(q, "spend", spend);
            status = tb_query_run(q, err);
        }
        tb_query_close(q);
    }
    return status;
}

static enum tb_status put_pairs(struct tb_db *db, const char *name, int64_t spend, const struct tb_spend *s,
                                bool hours, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status status = open_query(db, name, &q, err);
    size_t n = hours ? s->hour_n : s->key_n;
    for (size_t i = 0; status == TB_OK && i < n; i++) {
        tb_query_bind_int(q, "spend", spend);
        tb_query_bind_int(q, "at", hours ? s->hours[i].hour_us : s->keys[i].value);
        tb_query_bind_money(q, "cost", hours ? s->hours[i].cost : s->keys[i].cost);
        status = tb_query_run(q, err);
    }
    tb_query_close(q);
    return status;
}

static enum tb_status put_over(struct tb_db *db, int64_t spend, const struct tb_spend *s, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status status = open_query(db, "spend_over_put.sql", &q, err);
    for (size_t i = 0; status == TB_OK && i < s->over_n; i++) {
        tb_query_bind_int(q, "spend", spend);
        tb_query_bind_int(q, "level", s->over[i].level);
        tb_query_bind_int(q, "start_us", s->over[i].start_us);
        tb_query_bind_int(q, "end_us", s->over[i].end_us);
        tb_query_bind_money(q, "peak", s->over[i].peak);
        tb_query_bind_money(q, "excess", s->over[i].excess);
        status = tb_query_run(q, err);
    }
    tb_query_close(q);
    return status;
}

static enum tb_status write_kept(struct tb_db *db, int64_t version, int32_t day, const char *what,
                                 const char *basis, const struct tb_spend *s, struct tb_err *err)
{
    struct tb_query *q = NULL;
    int64_t spend = 0;
    bool good = false;
    enum tb_status status = find(db, version, day, what, basis, &spend, &good, err);
    if (status != TB_OK || good) { /* of another budget of the same day */
        return status;
    }
    status = drop(db, spend, err);
    if (status == TB_OK) {
        status = open_query(db, "spend_day_put.sql", &q, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "tables", version);
    tb_query_bind_text(q, "what", tb_str_of(what));
    tb_query_bind_text(q, "basis", tb_str_of(basis));
    status = tb_query_run(q, err);
    spend = tb_query_last_id(q);
    tb_query_close(q);
    if (status == TB_OK) {
        status = put_pairs(db, "spend_hour_put.sql", spend, s, true, err);
    }
    if (status == TB_OK) {
        status = put_pairs(db, "spend_key_put.sql", spend, s, false, err);
    }
    return status == TB_OK ? put_over(db, spend, s, err) : status;
}

/* --- all of it -------------------------------------------------------------------------------------------------------- */

enum tb_status tb_spend_first_day(struct tb_db *db, const struct tb_settings *s, int32_t *day,
                                  struct tb_err *err)
{
    struct tb_query *q = NULL;
    int32_t first = 0, last = 0;
    *day = TB_DAY_NONE;
    enum tb_status status = open_query(db, "spend_first.sql", &q, err);
    if (status == TB_OK) {
        status = tb_query_step(q, err);
    }
    if (status == TB_OK && !tb_query_is_null(q, 0)) {
        *day = (int32_t)tb_query_int(q, 0);
    }
    tb_query_close(q);
    if (status == TB_OK) {
        status = tb_events_days(db, &first, &last, err);
        int64_t start_us = (int64_t)first * TB_US_PER_DAY, ts = 0;
        if (status == TB_OK) { /* the first call may lie in the civil day that begins in this UTC day */
            status = tb_events_edge(db, start_us, start_us + TB_US_PER_DAY, false, &ts, err);
        }
        if (status == TB_OK) {
            int32_t civil = tb_zone_day(s->zone, ts);
            *day = *day == TB_DAY_NONE || civil < *day ? civil : *day;
        }
    }
    return status == TB_END ? TB_OK : status;
}

static enum tb_status read_day(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               int64_t version, int32_t day, bool keys, bool keep, bool *wanted,
                               struct tb_spend **out, struct tb_err *err)
{
    char what[WHAT_MAX], basis[BASIS_MAX];
    bool any = false, pruned = false;
    enum tb_status status = tb_standing_find(db, s, day, &pruned, &version, err);
    if (status == TB_OK) {
        status = basis_of(db, s, version, day, basis, err);
    }
    for (size_t i = 0; status == TB_OK && i < tables->budget_count; i++) {
        int64_t spend = 0;
        bool good = false;
        what_of(&tables->budgets[i], what);
        status = find(db, version, day, what, basis, &spend, &good, err);
        if (status == TB_OK && good) {
            status = read_kept(db, spend, keys, out[i], err);
        }
        wanted[i] = !good;
        any = any || !good;
    }
    if (status == TB_OK && any) {
        status = tb_spend_make(db, s, tables, version, day, wanted, out, err);
    }
    for (size_t i = 0; status == TB_OK && keep && i < tables->budget_count; i++) {
        if (wanted[i]) {
            what_of(&tables->budgets[i], what);
            status = write_kept(db, version, day, what, basis, out[i], err);
        }
    }
    return status;
}

enum tb_status tb_spends_read(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int32_t from_day, int32_t to_day, bool keys, bool keep,
                              struct tb_spends *out, struct tb_err *err)
{
    int32_t first = TB_DAY_NONE;
    size_t n = tables->budget_count;
    *out = (struct tb_spends){.budgets = n};
    enum tb_status status = tb_spend_first_day(db, s, &first, err);
    if (status != TB_OK || first == TB_DAY_NONE || to_day < first || n == 0) {
        return status;
    }
    out->first_day = from_day > first ? from_day : first;
    out->days = (size_t)(to_day - out->first_day + 1);
    out->spend = calloc(n * out->days + 1, sizeof *out->spend);
    bool *wanted = calloc(n + 1, sizeof *wanted);
    struct tb_spend **row = calloc(n + 1, sizeof *row);
    if (out->spend == NULL || wanted == NULL || row == NULL) {
        status = no_memory(err);
    }
    for (size_t d = 0; status == TB_OK && d < out->days; d++) {
        for (size_t i = 0; i < n; i++) {
            row[i] = &out->spend[i * out->days + d];
        }
        status = read_day(db, s, tables, version, out->first_day + (int32_t)d, keys, keep, wanted, row, err);
    }
    free(wanted);
    free(row);
    if (status != TB_OK) {
        tb_spends_release(out);
    }
    return status;
}

enum tb_status tb_spends_current(struct tb_db *db, const struct tb_settings *s,
                                 const struct tb_tables *tables, int64_t version, int32_t from_day,
                                 int32_t to_day, bool *current, struct tb_err *err)
{
    int32_t first = TB_DAY_NONE;
    char what[WHAT_MAX], basis[BASIS_MAX];
    *current = true;
    enum tb_status status = tb_spend_first_day(db, s, &first, err);
    int32_t day = first == TB_DAY_NONE ? to_day + 1 : first > from_day ? first : from_day;
    for (; status == TB_OK && *current && day <= to_day; day++) {
        int64_t with = version;
        bool pruned = false;
        status = tb_standing_find(db, s, day, &pruned, &with, err);
        if (status == TB_OK) {
            status = basis_of(db, s, with, day, basis, err);
        }
        for (size_t i = 0; status == TB_OK && *current && i < tables->budget_count; i++) {
            int64_t spend = 0;
            what_of(&tables->budgets[i], what);
            status = find(db, with, day, what, basis, &spend, current, err);
        }
    }
    return status;
}

void tb_spends_release(struct tb_spends *s)
{
    for (size_t i = 0; s->spend != NULL && i < s->budgets * s->days; i++) {
        free(s->spend[i].hours);
        free(s->spend[i].keys);
        free(s->spend[i].over);
    }
    free(s->spend);
    *s = (struct tb_spends){.budgets = 0};
}

const struct tb_spend *tb_spends_at(const struct tb_spends *s, size_t budget, int32_t day)
{
    if (s->spend == NULL || day < s->first_day || day >= s->first_day + (int32_t)s->days) {
        return NULL;
    }
    assert(budget < s->budgets);
    return &s->spend[budget * s->days + (size_t)(day - s->first_day)];
}
