#include "reports/pack_adjust.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "rate/adjust.h"
#include "rate/reduce.h"
#include "reports/pack_built.h"
#include "reports/pack_rows.h"
#include "store/events.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[], tb_embed_rate[];

struct world {
    struct tb_db *db;
    const struct tb_settings *s;
    const struct tb_tables *tables;
    int64_t version;
};

/* A closed day: as last looked at, and as packed. */
struct closed {
    int32_t day;
    int64_t looked_generation, looked_tables;
    char looked_rows[TB_SHA256_HEX], looked_unbilled[TB_UNBILLED_MAX];
    struct tb_pack_built built;
};

/* What it is now. */
struct now {
    int64_t generation;
    bool looked_at; /* and nothing has changed since but perhaps the number of the table version */
    char rows[TB_SHA256_HEX], unbilled[TB_UNBILLED_MAX];
};

struct list {
    struct closed *days;
    size_t n, cap;
};

static void copy_text(char *out, size_t size, struct tb_str s)
{
    snprintf(out, size, "%.*s", (int)s.n, s.s != NULL ? s.s : "");
}

static void read_row(const struct tb_query *q, struct closed *c)
{
    *c = (struct closed){.day = (int32_t)tb_query_int(q, 0),
                         .looked_generation = tb_query_int(q, 1),
                         .looked_tables = tb_query_int(q, 2)};
    copy_text(c->looked_rows, sizeof c->looked_rows, tb_query_text(q, 3));
    c->built.generation = tb_query_int(q, 4);
    c->built.tables = tb_query_int(q, 5);
    copy_text(c->built.rows, sizeof c->built.rows, tb_query_text(q, 6));
    copy_text(c->built.zone, sizeof c->built.zone, tb_query_text(q, 7));
    copy_text(c->built.currency, sizeof c->built.currency, tb_query_text(q, 8));
    copy_text(c->looked_unbilled, sizeof c->looked_unbilled, tb_query_text(q, 9));
    copy_text(c->built.unbilled, sizeof c->built.unbilled, tb_query_text(q, 10));
}

static enum tb_status add_row(struct list *list, const struct tb_query *q, struct tb_err *err)
{
    if (list->n == list->cap) {
        size_t cap = list->cap > 0 ? 2 * list->cap : 64;
        struct closed *days = realloc(list->days, cap * sizeof *days);
        if (days == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %zu closed days", cap);
        }
        list->days = days;
        list->cap = cap;
    }
    read_row(q, &list->days[list->n++]);
    return TB_OK;
}

static enum tb_status read_closed(struct tb_db *db, int32_t before_day, struct list *list, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *list = (struct list){.days = NULL};
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, "adjust_closed.sql"), &q, err);
    if (st == TB_OK) {
        tb_query_bind_int(q, "before_day", before_day);
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        st = add_row(list, q, err);
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status look(const struct world *w, const struct closed *c, struct now *out, struct tb_err *err)
{
    const struct tb_zone *zone = w->s->zone;
    bool pruned = false;
    *out = (struct now){.looked_at = true};
    enum tb_status st =
        tb_events_generation(w->db, tb_zone_day_start(zone, c->day), tb_zone_day_start(zone, c->day + 1),
                             &out->generation, &pruned, err);
    if (st != TB_OK || pruned || strcmp(c->built.zone, tb_zone_name(zone)) != 0 ||
        strcmp(c->built.currency, w->s->currency) != 0) {
        return st;
    }
    snprintf(out->rows, sizeof out->rows, "%s", c->looked_rows);
    if (c->looked_tables != w->version) {
        st = tb_pack_rows(w->tables, zone, c->day, out->rows, err);
    }
    tb_source_unbilled(w->s, out->unbilled);
    out->looked_at = out->generation == c->looked_generation && strcmp(out->rows, c->looked_rows) == 0 &&
                     strcmp(out->unbilled, c->looked_unbilled) == 0;
    return st;
}

static enum tb_status put_looked(const struct world *w, const struct closed *c, const struct now *now,
                                 struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(w->db, tb_embed_text(tb_embed_rate, "adjust_looked.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", c->day);
    tb_query_bind_int(q, "generation", now->generation);
    tb_query_bind_int(q, "tables", w->version);
    tb_query_bind_text(q, "rows", tb_str_of(now->rows));
    tb_query_bind_text(q, "unbilled", tb_str_of(now->unbilled));
    st = tb_query_run(q, err);
    tb_query_close(q);
    return st;
}

/* Against what it was closed with: the whole difference is told, whichever part of it is new. */
static const char *reason_of(const struct closed *c, const struct now *now)
{
    static const char *const reasons[] = {"late events", /* that gave themselves back */
                                          "late events",
                                          "changed tables",
                                          "late events, changed tables",
                                          "changed sources to bill",
                                          "late events, changed sources to bill",
                                          "changed tables, changed sources to bill",
                                          "late events, changed tables, changed sources to bill"};
    bool events = now->generation != c->built.generation, rows = strcmp(now->rows, c->built.rows) != 0,
         bill = strcmp(now->unbilled, c->built.unbilled) != 0;
    return reasons[(events ? 1 : 0) + (rows ? 2 : 0) + (bill ? 4 : 0)];
}

static enum tb_status post(const struct world *w, const struct closed *c, const struct now *now,
                           int32_t posted_day, int *posted, struct tb_err *err)
{
    bool same_rows = strcmp(now->rows, c->built.rows) == 0;
    struct tb_adjust a = {.day = c->day,
                          .posted_day = posted_day,
                          .reason = reason_of(c, now),
                          .tables = w->version,
                          .tables_was = c->built.tables,
                          .tables_now = same_rows ? c->built.tables : w->version};
    int n = 0;
    enum tb_status st = tb_reduce_days(w->db, w->s, w->tables, w->version, c->day, c->day, NULL, err);
    if (st == TB_OK) {
        st = tb_adjust_closed(w->db, &a, &n, err);
    }
    *posted += n;
    return st == TB_OK ? put_looked(w, c, now, err) : st;
}

static enum tb_status post_all(const struct world *w, int32_t day, int *posted, struct tb_err *err)
{
    struct list list;
    enum tb_status st = read_closed(w->db, day, &list, err);
    for (size_t i = 0; st == TB_OK && i < list.n; i++) {
        const struct closed *c = &list.days[i];
        struct now now;
        st = look(w, c, &now, err);
        if (st == TB_OK && !now.looked_at) {
            st = post(w, c, &now, day, posted, err);
        } else if (st == TB_OK && c->looked_tables != w->version && now.rows[0] != '\0') {
            st = put_looked(w, c, &now, err); /* the next night asks for no digest of its rows */
        }
    }
    free(list.days);
    return st;
}

enum tb_status tb_pack_adjust(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int32_t day, int *posted, struct tb_err *err)
{
    const struct world w = {db, s, tables, version};
    *posted = 0;
    enum tb_status st = tb_db_begin(db, err);
    if (st != TB_OK) {
        return st;
    }
    st = post_all(&w, day, posted, err);
    if (st == TB_OK) {
        st = tb_db_commit(db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(db);
    }
    return st;
}

enum tb_status tb_pack_adjust_pending(struct tb_db *db, const struct tb_settings *s,
                                      const struct tb_tables *tables, int64_t version, int32_t before_day,
                                      int *days, struct tb_err *err)
{
    const struct world w = {db, s, tables, version};
    struct list list;
    *days = 0;
    enum tb_status st = read_closed(db, before_day, &list, err);
    for (size_t i = 0; st == TB_OK && i < list.n; i++) {
        struct now now;
        st = look(&w, &list.days[i], &now, err);
        *days += st == TB_OK && !now.looked_at;
    }
    free(list.days);
    return st;
}

enum tb_status tb_pack_adjustments(struct tb_db *db, int32_t day, char out[TB_SHA256_HEX], struct tb_err *err)
{
    struct tb_query *q = NULL;
    struct tb_sha256 sha;
    bool any = false;
    tb_sha256_init(&sha);
    out[0] = '\0';
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_reports, "pack_adjustments.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    while ((st = tb_query_step(q, err)) == TB_OK) {
        any = true;
        for (int i = 0; i < tb_query_columns(q); i++) {
            struct tb_str s = tb_query_text(q, i);
            uint64_t n = s.s != NULL ? s.n + 1 : 0; /* no two rows give the same bytes */
            tb_sha256_add(&sha, &n, sizeof n);
            tb_sha256_add(&sha, s.n > 0 ? s.s : "", s.n);
        }
    }
    tb_query_close(q);
    if (any) {
        tb_sha256_hex(&sha, out);
    }
    return st == TB_END ? TB_OK : st;
}
