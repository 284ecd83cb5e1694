/* What changed: the teams whose charge moved most against the same weekday a week before, else the day before. */
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "reports/workbook_page.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

#define MOVERS 5

static const struct tb_history_day *base_of(const struct tb_workbook *w)
{
    const struct tb_history_day *week = tb_history_find(w->history, w->q->from_day - 7);
    return week != NULL ? week : tb_history_find(w->history, w->q->from_day - 1);
}

static enum tb_status open_movers(const struct tb_workbook *w, const struct tb_history_day *base,
                                  struct tb_query **out, struct tb_err *err)
{
    const struct tb_history_day *now = tb_history_find(w->history, w->q->from_day);
    enum tb_status st =
        tb_query_open(w->q->db, tb_embed_text(tb_embed_reports, "workbook_movers.sql"), out, err);
    if (st == TB_OK) {
        tb_query_bind_int(*out, "day", now->day);
        tb_query_bind_int(*out, "tables", now->version);
        tb_query_bind_int(*out, "base", base->day);
        tb_query_bind_int(*out, "base_tables", base->version);
    }
    return st;
}

/* The name over all columns but the last four, which are two tiles: then, now, and the change behind a gap. */
static void write_head(struct tb_workbook_page *p, int row, int first, int last, int32_t base)
{
    char words[64], day[TB_TS_TEXT_MAX];
    tb_day_format(base, day);
    snprintf(words, sizeof words, "What changed since %s", day);
    tb_xlsx_merge(p->s, row, first, row, last - 4, TB_XS_HEADING, tb_str_of(words));
    tb_xlsx_text(p->s, row, last - 3, TB_XS_HEADING | TB_XS_RIGHT, TB_STR("then"));
    tb_xlsx_text(p->s, row, last - 2, TB_XS_HEADING, TB_STR_NULL);
    tb_xlsx_text(p->s, row, last - 1, TB_XS_HEADING | TB_XS_RIGHT, TB_STR("now"));
    tb_xlsx_text(p->s, row, last, TB_XS_HEADING | TB_XS_RIGHT, TB_STR("change"));
}

static void write_line(struct tb_workbook_page *p, int row, int first, int last, const struct tb_query *q)
{
    int64_t then = tb_query_int(q, 1), now = tb_query_int(q, 2);
    tb_xlsx_merge(p->s, row, first, row, last - 4, TB_XS_TEXT, tb_query_text(q, 0));
    tb_xlsx_money(p->s, row, last - 3, TB_XS_MONEY, tb_money_of_cents(then));
    tb_xlsx_money(p->s, row, last - 1, TB_XS_MONEY, tb_money_of_cents(now));
    tb_xlsx_money(p->s, row, last, TB_XS_CHANGE | TB_XS_BOLD, tb_money_of_cents(now - then));
}

enum tb_status tb_workbook_movers(struct tb_workbook_page *p, int row, int first, int last, int *next,
                                  struct tb_err *err)
{
    const struct tb_history_day *base = base_of(p->b->w);
    struct tb_query *q = NULL;
    *next = row - 1;
    if (base == NULL) {
        return TB_OK;
    }
    enum tb_status st = open_movers(p->b->w, base, &q, err);
    write_head(p, row, first, last, base->day);
    for (int i = 0; st == TB_OK && i < MOVERS && (st = tb_query_step(q, err)) == TB_OK; i++) {
        write_line(p, ++row, first, last, q);
    }
    tb_query_close(q);
    *next = row + 1;
    return st == TB_END ? TB_OK : st;
}
