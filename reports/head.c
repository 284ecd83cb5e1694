#include "reports/head.h"

#include <inttypes.h>
#include <stdio.h>
#include "rate/standing.h"
#include "reports/filter.h"

#define NOTE_MAX 200

static enum tb_status add_bound(struct tb_report *r, const struct tb_report_query *q, const char *key,
                                const char *label, int32_t day, int64_t us, struct tb_err *err)
{
    return tb_parts_number(r, key, label, q->instants ? TB_CELL_INSTANT : TB_CELL_DAY, true,
                           q->instants ? us : day, err);
}

/* "pruned, stands as priced with table version 1" */
static void say_pruned(const struct tb_query *row, bool alone, char out[NOTE_MAX])
{
    char first[TB_TS_TEXT_MAX], last[TB_TS_TEXT_MAX], days[3 * TB_TS_TEXT_MAX], versions[64];
    int64_t n = tb_query_int(row, 0), from = tb_query_int(row, 3), to = tb_query_int(row, 4);
    tb_day_format((int32_t)tb_query_int(row, 1), first);
    tb_day_format((int32_t)tb_query_int(row, 2), last);
    if (alone) {
        snprintf(days, sizeof days, "pruned, stands");
    } else if (n == 1) {
        snprintf(days, sizeof days, "%s, pruned, stands", first);
    } else {
        snprintf(days, sizeof days, "%" PRId64 " pruned days from %s to %s stand", n, first, last);
    }
    if (from == to) {
        snprintf(versions, sizeof versions, "version %" PRId64, from);
    } else {
        snprintf(versions, sizeof versions, "versions %" PRId64 " to %" PRId64, from, to);
    }
    snprintf(out, NOTE_MAX, "%s as priced with table %s", days, versions);
}

/* "closed as revision 1 and changed since, told as it is now" */
static void say_closed(const struct tb_query *row, bool alone, char out[NOTE_MAX])
{
    char first[TB_TS_TEXT_MAX], last[TB_TS_TEXT_MAX];
    int64_t n = tb_query_int(row, 0);
    tb_day_format((int32_t)tb_query_int(row, 1), first);
    tb_day_format((int32_t)tb_query_int(row, 2), last);
    if (alone) {
        snprintf(out, NOTE_MAX, "closed as revision %" PRId64 " and changed since, told as it is now",
                 tb_query_int(row, 3));
    } else if (n == 1) {
        snprintf(out, NOTE_MAX, "%s has changed since it was closed, told as it is now", first);
    } else {
        snprintf(out, NOTE_MAX,
                 "%" PRId64 " days from %s to %s have changed since they were closed, told as they are now",
                 n, first, last);
    }
}

/* The statement's note, when it counts any day. */
static enum tb_status add_note(struct tb_report *r, const struct tb_report_query *q, const char *sql,
                               const char *key, void (*say)(const struct tb_query *, bool, char *),
                               struct tb_err *err)
{
    struct tb_report_query living = *q;
    struct tb_query *row = NULL;
    char text[NOTE_MAX];
    living.told = TB_TOLD_LIVING;
    enum tb_status st = tb_filter_open(NULL, &living, sql, &row, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_step(row, err);
    if (st == TB_OK && tb_query_int(row, 0) > 0) {
        say(row, q->from_day == q->to_day, text);
        st = tb_parts_text(r, key, key, tb_str_of(text), err);
    }
    tb_query_close(row);
    return st;
}

/* Days that the asked tables could not reach, and closed ones that the chargeback alone tells as they were closed: said, or one
 * report would seem to contradict the other. */
static enum tb_status add_notes(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    enum tb_status st = add_note(r, q, "head_pruned.sql", "pruned", say_pruned, err);
    return st == TB_OK && strcmp(r->kind, "chargeback") != 0
               ? add_note(r, q, "head_closed.sql", "closed", say_closed, err)
               : st;
}

enum tb_status tb_head_add(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    char schema[64];
    snprintf(schema, sizeof schema, "tollbook.%s/1", r->kind);
    enum tb_status st = tb_parts_text(r, "schema", "Schema", tb_str_of(schema), err);
    if (st == TB_OK) {
        st = add_bound(r, q, "from", "From", q->from_day, q->from_us, err);
    }
    if (st == TB_OK) {
        st = add_bound(r, q, "to", "To", q->to_day, q->to_us, err);
    }
    if (st == TB_OK) {
        st = tb_parts_text(r, "time_zone", "Time zone", tb_str_of(tb_zone_name(q->settings->zone)), err);
    }
    if (st == TB_OK) {
        st = tb_parts_text(r, "currency", "Currency", tb_str_of(q->settings->currency), err);
    }
    if (st == TB_OK) {
        st = tb_parts_number(r, "tables", "table version", TB_CELL_INT, true, q->version, err);
    }
    return st == TB_OK ? add_notes(r, q, err) : st;
}

enum tb_status tb_head_build(const char *kind, const char *title, const struct tb_report_query *q,
                             enum tb_status (*fill)(struct tb_report *r, const struct tb_report_query *q,
                                                    struct tb_err *err),
                             struct tb_report **out, struct tb_err *err)
{
    struct tb_report *r = tb_parts_new(kind, title);
    if (r == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the report \"%s\"", kind);
    }
    enum tb_status st = fill(r, q, err);
    if (st != TB_OK) {
        tb_parts_free(r);
        return st;
    }
    *out = r;
    return TB_OK;
}

enum tb_status tb_head_refuse_by(const struct tb_report_query *q, const char *kind, struct tb_err *err)
{
    return q->by_n == 0
               ? TB_OK
               : tb_err_set(err, TB_FAIL, TB_E_USAGE,
                            "\"%s\" has no --by, use \"report usage\" to group by other dimensions", kind);
}

enum tb_status tb_head_refuse_where(const struct tb_report_query *q, const char *kind, struct tb_err *err)
{
    return q->where_n == 0 ? TB_OK
                           : tb_err_set(err, TB_FAIL, TB_E_USAGE,
                                        "\"%s\" is always of everything, leave out --where", kind);
}

enum tb_status tb_head_refuse_pruned(const struct tb_report_query *q, const char *kind, int32_t from_day,
                                     struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    int32_t day = from_day;
    enum tb_status st = tb_standing_pruned(q->db, q->settings, from_day, q->to_day, &day, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    tb_day_format(day, text);
    return tb_err_set(
        err, TB_FAIL, TB_E_USAGE,
        "the calls of %s are pruned, and \"%s\" needs them: ask for later days; --revision prints what "
        "a day's pack said",
        text, kind);
}
