#include "rate/adjust.h"

#include "base/embed.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

/* A team's line, in cents. */
struct line {
    struct tb_str team, cost_center; /* views into a row that is being stepped */
    int64_t was, now, posted;
};

struct statements {
    struct tb_query *drop, *put;
};

static enum tb_status open_both(struct tb_db *db, struct statements *s, struct tb_err *err)
{
    *s = (struct statements){.drop = NULL};
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, "adjustment_drop.sql"), &s->drop, err);
    return st == TB_OK ? tb_query_open(db, tb_embed_text(tb_embed_rate, "adjustment_put.sql"), &s->put, err)
                       : st;
}

static void close_both(struct statements *s)
{
    tb_query_close(s->drop);
    tb_query_close(s->put);
}

static void bind_key(struct tb_query *q, const struct tb_adjust *a, const struct line *l)
{
    tb_query_bind_int(q, "posted_day", a->posted_day);
    tb_query_bind_int(q, "original_day", a->day);
    tb_query_bind_text(q, "team", l->team);
    tb_query_bind_text(q, "cost_center", l->cost_center);
}

/* One row for each posted day, original day, team and cost centre; none where nothing is left to charge. */
static enum tb_status write_line(struct statements *s, const struct tb_adjust *a, const struct line *l,
                                 struct tb_err *err)
{
    int64_t amount = l->now - l->was - l->posted; /* sums of a day's cents: far from the ends of 64 bits */
    bind_key(s->drop, a, l);
    enum tb_status st = tb_query_run(s->drop, err);
    if (st != TB_OK || amount == 0) {
        return st;
    }
    bind_key(s->put, a, l);
    tb_query_bind_int(s->put, "was", l->was);
    tb_query_bind_int(s->put, "now", l->now);
    tb_query_bind_int(s->put, "posted", l->posted);
    tb_query_bind_int(s->put, "amount", amount);
    tb_query_bind_text(s->put, "reason", tb_str_of(a->reason));
    tb_query_bind_int(s->put, "tables_was", a->tables_was);
    tb_query_bind_int(s->put, "tables_now", a->tables_now);
    return tb_query_run(s->put, err);
}

/* The statement sorts its groups, so that it has read all rows of adjustment before the first is written. */
static enum tb_status write_lines(struct tb_db *db, struct tb_query *due, bool closed,
                                  const struct tb_adjust *a, int *posted, struct tb_err *err)
{
    struct statements s;
    enum tb_status st = open_both(db, &s, err);
    while (st == TB_OK && (st = tb_query_step(due, err)) == TB_OK) {
        struct line l = {tb_query_text(due, 0), tb_query_text(due, 1), tb_query_int(due, 2),
                         tb_query_int(due, closed ? 3 : 2), tb_query_int(due, closed ? 4 : 3)};
        st = write_line(&s, a, &l, err);
        *posted += st == TB_OK;
    }
    close_both(&s);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_adjust_closed(struct tb_db *db, const struct tb_adjust *a, int *posted, struct tb_err *err)
{
    struct tb_query *due = NULL;
    int n = 0;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, "adjust_due.sql"), &due, err);
    if (st == TB_OK) {
        tb_query_bind_int(due, "day", a->day);
        tb_query_bind_int(due, "tables", a->tables);
        tb_query_bind_int(due, "posted_day", a->posted_day);
        st = write_lines(db, due, true, a, &n, err);
    }
    tb_query_close(due);
    if (posted != NULL) {
        *posted = n;
    }
    return st;
}

enum tb_status tb_adjust_reopened(struct tb_db *db, int32_t day, int64_t tables, struct tb_err *err)
{
    struct tb_query *due = NULL;
    int n = 0;
    struct tb_adjust a = {.day = day,
                          .posted_day = day,
                          .reason = "reopened: charged to other days while it was closed",
                          .tables_was = tables,
                          .tables_now = tables};
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, "adjust_reopened.sql"), &due, err);
    if (st == TB_OK) {
        tb_query_bind_int(due, "day", day);
        tb_query_bind_int(due, "tables", tables);
        st = write_lines(db, due, false, &a, &n, err);
    }
    tb_query_close(due);
    return st;
}
