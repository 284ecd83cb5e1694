/* pack-DAY.json: what the pack says, for programs and for `report --revision`. The reports by kind are the bytes that
 * `report KIND --format json` prints. */
#include "reports/pack_parts.h"

#include <inttypes.h>
#include "base/json.h"
#include "reports/writer/writer.h"

static enum tb_status add_text(struct tb_buf *out, const char *key, const char *text, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(out, err, ",\n\"%s\":", key);
    return st == TB_OK ? tb_json_quote(out, tb_str_of(text), err) : st;
}

static enum tb_status add_head(const struct tb_pack_content *c, int64_t revision, const char *run_id,
                               struct tb_buf *out, struct tb_err *err)
{
    char day[TB_TS_TEXT_MAX];
    tb_day_format(c->q->from_day, day);
    enum tb_status st = tb_buf_printf(out, err, "{\"schema\":\"tollbook.pack/1\"");
    if (st == TB_OK) {
        st = add_text(out, "day", day, err);
    }
    if (st == TB_OK) {
        st = add_text(out, "time_zone", tb_zone_name(c->q->settings->zone), err);
    }
    if (st == TB_OK) {
        st = add_text(out, "currency", c->q->settings->currency, err);
    }
    if (st == TB_OK) {
        st = tb_buf_printf(out, err, ",\n\"tables\":%" PRId64 ",\n\"revision\":%" PRId64, c->q->version,
                           revision);
    }
    return st == TB_OK ? add_text(out, "run_id", run_id, err) : st;
}

static enum tb_status add_rows(struct tb_buf *out, const char *before, const struct tb_table *t,
                               struct tb_err *err)
{
    enum tb_status st = tb_buf_str(out, tb_str_of(before), err);
    return st == TB_OK ? tb_writer_json_rows(t, out, err) : st;
}

/* The days before, as the workbook's Trend and month to date have them. */
static enum tb_status add_history(const struct tb_history *h, struct tb_buf *out, struct tb_err *err)
{
    char day[TB_TS_TEXT_MAX], cents[TB_MONEY_TEXT_MAX];
    enum tb_status st = tb_buf_str(out, TB_STR(",\n\"history\":["), err);
    for (size_t i = 0; st == TB_OK && i < h->n; i++) {
        const struct tb_history_day *d = &h->days[i];
        tb_day_format(d->day, day);
        tb_cents_format(d->billed_cents, cents);
        st = tb_buf_printf(out, err,
                           "%s\n{\"day\":\"%s\",\"billed\":\"%s\",\"requests\":%" PRId64
                           ",\"tokens\":%" PRId64 "}",
                           i > 0 ? "," : "", day, cents, d->requests, d->tokens);
    }
    if (st == TB_OK) {
        tb_day_format(h->month_first, day);
        tb_cents_format(h->month_cents, cents);
        st = tb_buf_printf(
            out, err, "\n],\n\"month_to_date\":{\"from\":\"%s\",\"billed\":\"%s\",\"teams\":", day, cents);
    }
    return st == TB_OK ? add_rows(out, "", h->month, err) : st;
}

/* The report's own JSON without its last newline. */
static enum tb_status add_report(struct tb_buf *out, const struct tb_report *r, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(out, err, ",\n\"%s\":", r->kind);
    if (st == TB_OK) {
        st = tb_report_json(r, out, err);
    }
    if (st == TB_OK && out->n > 0 && out->p[out->n - 1] == '\n') {
        out->n--;
    }
    return st;
}

enum tb_status tb_pack_json(const struct tb_pack_content *c, int64_t revision, const char *run_id,
                            struct tb_buf *out, struct tb_err *err)
{
    const struct tb_report *const reports[] = {c->chargeback, c->usage, c->checks, c->rejects};
    tb_buf_clear(out);
    tb_report_set_revision(c->chargeback, revision);
    enum tb_status st = add_head(c, revision, run_id, out, err);
    if (st == TB_OK) {
        st = add_rows(out, ",\n\"inputs\":", c->inputs, err);
    }
    if (st == TB_OK) {
        st = add_history(&c->history, out, err);
    }
    if (st == TB_OK) {
        st = tb_buf_add(out, "}", 1, err); /* of month_to_date */
    }
    for (size_t i = 0; st == TB_OK && i < sizeof reports / sizeof *reports; i++) {
        st = add_report(out, reports[i], err);
    }
    for (size_t i = 0; st == TB_OK && i < c->more_n; i++) {
        st = add_report(out, c->more[i], err);
    }
    return st == TB_OK ? tb_buf_add(out, "}\n", 2, err) : st;
}
