#include "reports/pack_history.h"

#include <assert.h>
#include <inttypes.h>
#include "base/embed.h"
#include "base/json.h"
#include "rate/closing.h"
#include "rate/standing.h"
#include "reports/fill.h"
#include "store/events.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

#define NAMES_BYTES_MAX ((size_t)1 << 20)

/* The window's first day: of the month, or of the last thirty days; not before the first event. */
static enum tb_status first_day(const struct tb_report_query *q, int32_t month_first, int32_t *out,
                                bool *known_before, struct tb_err *err)
{
    int32_t first = 0, last = 0, day = q->from_day;
    int32_t window = day - (TB_HISTORY_DAYS - 1) < month_first ? day - (TB_HISTORY_DAYS - 1) : month_first;
    enum tb_status st = tb_events_days(q->db, &first, &last, err);
    *known_before = false;
    *out = day;
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    /* the civil day in which that UTC day begins: perhaps one too early, which shows when it has no usage */
    int32_t civil = tb_zone_day(q->settings->zone, (int64_t)first * TB_US_PER_DAY);
    *known_before = civil < window - 1;
    *out = civil > window ? civil : window;
    *out = *out > day ? day : *out;
    return TB_OK;
}

/* Chooses the day's version and makes its rollups stand. A closed or pruned day stays as it was last told. */
static enum tb_status settle_day(const struct tb_report_query *q, struct tb_pack_versions *v, int32_t day,
                                 int64_t *version, struct tb_err *err)
{
    const struct tb_tables *tables = NULL;
    struct tb_closing closing;
    enum tb_status st = tb_closing_find(q->db, day, &closing, err);
    if (st == TB_OK && closing.closed) {
        *version = TB_TABLES_CLOSED;
        return TB_OK;
    }
    if (st == TB_OK) {
        st = tb_pack_versions_of_day(v, day, version, err);
    }
    if (st == TB_OK) {
        st = tb_pack_versions_tables(v, *version, &tables, err);
    }
    return st == TB_OK ? tb_standing_reduce(q->db, q->settings, tables, *version, day, day, err) : st;
}

/* The names of sources that are not billed, as a JSON list. */
static enum tb_status unbilled(const struct tb_settings *s, struct tb_buf *out, struct tb_err *err)
{
    bool first = true;
    enum tb_status st = tb_buf_add(out, "[", 1, err);
    for (int i = 0; st == TB_OK && i < s->source_count; i++) {
        if (s->sources[i].bill) {
            continue;
        }
        st = first ? TB_OK : tb_buf_add(out, ",", 1, err);
        if (st == TB_OK) {
            st = tb_json_quote(out, tb_str_of(s->sources[i].name), err);
        }
        first = false;
    }
    return st == TB_OK ? tb_buf_add(out, "]", 1, err) : st;
}

static enum tb_status read_day(struct tb_query *sums, struct tb_history_day *d, struct tb_err *err)
{
    tb_query_bind_int(sums, "day", d->day);
    tb_query_bind_int(sums, "tables", d->version);
    enum tb_status st = tb_query_step(sums, err);
    if (st == TB_OK) {
        d->billed_cents = tb_query_int(sums, 0);
        d->requests = tb_query_int(sums, 1);
        d->tokens = tb_query_int(sums, 2);
        tb_query_reset(sums);
    }
    return st;
}

static enum tb_status read_days(const struct tb_report_query *q, struct tb_pack_versions *v, int32_t from,
                                bool known_before, struct tb_history *h, struct tb_err *err)
{
    struct tb_query *sums = NULL;
    struct tb_buf names;
    tb_buf_init(&names, NAMES_BYTES_MAX);
    enum tb_status st = unbilled(q->settings, &names, err);
    if (st == TB_OK) {
        st = tb_query_open(q->db, tb_embed_text(tb_embed_reports, "pack_history_day.sql"), &sums, err);
    }
    if (st == TB_OK) {
        tb_query_bind_text(sums, "unbilled", tb_buf_view(&names));
    }
    for (int32_t day = from; st == TB_OK && day <= q->from_day; day++) {
        struct tb_history_day d = {.day = day, .version = q->version};
        if (day < q->from_day) {
            st = settle_day(q, v, day, &d.version, err);
        }
        if (st == TB_OK) {
            st = read_day(sums, &d, err);
        }
        bool nothing_yet = h->n == 0 && !known_before && d.requests == 0 && day < q->from_day;
        if (st == TB_OK && !nothing_yet) {
            assert(h->n < TB_HISTORY_MAX);
            h->days[h->n++] = d;
        }
    }
    tb_query_close(sums);
    tb_buf_release(&names);
    return st;
}

/* [[day,version],...] of the month's days. */
static enum tb_status month_days(const struct tb_history *h, struct tb_buf *out, struct tb_err *err)
{
    const char *before = "[";
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < h->n; i++) {
        if (h->days[i].day >= h->month_first) {
            st = tb_buf_printf(out, err, "%s[%" PRId32 ",%" PRId64 "]", before, h->days[i].day,
                               h->days[i].version);
            before = ",";
        }
    }
    return st == TB_OK ? tb_buf_add(out, "]", 1, err) : st;
}

static enum tb_status read_month(const struct tb_report_query *q, struct tb_history *h, struct tb_err *err)
{
    static const struct tb_column columns[] = {{"team", "Team", TB_CELL_TEXT, true, false},
                                               {"cost_center", "Cost centre", TB_CELL_TEXT, true, false},
                                               {"gl_account", "GL account", TB_CELL_TEXT, true, false},
                                               {"owner", "Owner", TB_CELL_TEXT, true, false},
                                               {"billed", "Month to date", TB_CELL_CENTS, false, true}};
    struct tb_query *query = NULL;
    struct tb_buf days;
    tb_buf_init(&days, NAMES_BYTES_MAX);
    h->month = tb_table_new("teams", "Month to date", columns, sizeof columns / sizeof *columns);
    enum tb_status st = h->month != NULL
                            ? month_days(h, &days, err)
                            : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the month's teams");
    if (st == TB_OK) {
        st = tb_query_open(q->db, tb_embed_text(tb_embed_reports, "pack_history_month.sql"), &query, err);
    }
    if (st == TB_OK) {
        tb_query_bind_text(query, "days", tb_buf_view(&days));
        st = tb_fill_rows(h->month, query, err);
    }
    tb_query_close(query);
    tb_buf_release(&days);
    return st;
}

enum tb_status tb_history_read(const struct tb_report_query *q, struct tb_pack_versions *v,
                               struct tb_history *out, struct tb_err *err)
{
    int year, month, mday;
    int32_t from = 0;
    bool known_before = false;
    struct tb_cell sum;
    *out = (struct tb_history){.n = 0};
    tb_day_civil(q->from_day, &year, &month, &mday);
    out->month_first = q->from_day - (mday - 1);
    enum tb_status st = first_day(q, out->month_first, &from, &known_before, err);
    if (st == TB_OK) {
        st = read_days(q, v, from, known_before, out, err);
    }
    if (st == TB_OK) { /* what the month to date really holds */
        out->month_first = out->days[0].day > out->month_first ? out->days[0].day : out->month_first;
        st = read_month(q, out, err);
    }
    if (st == TB_OK && !tb_table_sum(out->month, TB_MONTH_BILLED, &sum)) {
        st = tb_err_set(err, TB_FAIL, TB_E_RANGE, "the month's charge is out of range");
    }
    if (st != TB_OK) {
        tb_history_release(out);
        return st;
    }
    out->month_cents = sum.number;
    return TB_OK;
}

void tb_history_release(struct tb_history *h)
{
    tb_table_free(h->month);
    h->month = NULL;
}

const struct tb_history_day *tb_history_find(const struct tb_history *h, int32_t day)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->days[i].day == day) {
            return &h->days[i];
        }
    }
    return NULL;
}
