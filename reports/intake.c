#include "reports/intake.h"

#include "base/clock.h"
#include "base/embed.h"

extern const struct tb_embed tb_embed_reports[];

#define US_PER_QUARTER (15 * TB_US_PER_MIN)

static int64_t floor_quarter(int64_t ts_us)
{
    int64_t q = ts_us / US_PER_QUARTER;
    return ts_us % US_PER_QUARTER < 0 ? q - 1 : q;
}

enum tb_status tb_intake_open(const struct tb_report_query *q, const char *sql, struct tb_query **out,
                              struct tb_err *err)
{
    enum tb_status st = tb_query_open(q->db, tb_embed_text(tb_embed_reports, sql), out, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(*out, "from_quarter", floor_quarter(q->from_us));
    tb_query_bind_int(*out, "to_quarter", floor_quarter(q->to_us - 1) + 1);
    tb_query_bind_int(*out, "from_day", q->from_day);
    tb_query_bind_int(*out, "to_day", q->to_day);
    return TB_OK;
}

/* The first quarter-hour of the present day; without a clock none is present. */
static int64_t today_quarter(const struct tb_report_query *q)
{
    const struct tb_zone *zone = q->settings->zone;
    return q->now_us == 0 ? INT64_MAX : floor_quarter(tb_zone_day_start(zone, tb_zone_day(zone, q->now_us)));
}

enum tb_status tb_intake_read(const struct tb_report_query *q, struct tb_intake *out, struct tb_err *err)
{
    struct tb_query *query;
    enum tb_status st = tb_intake_open(q, "intake.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(query, "today_quarter", today_quarter(q));
    st = tb_query_step(query, err);
    if (st == TB_OK) {
        int64_t *const to[] = {&out->files,      &out->lines,      &out->events,
                               &out->duplicates, &out->conflicts,  &out->ignored,
                               &out->rejected,   &out->incomplete, &out->outstanding};
        for (int i = 0; i < 9; i++) {
            *to[i] = tb_query_int(query, i);
        }
    }
    tb_query_close(query);
    return st;
}
