#include "rate/closing.h"

#include <stdio.h>
#include "base/embed.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

static void copy_text(char *out, size_t size, struct tb_str s)
{
    snprintf(out, size, "%.*s", (int)s.n, s.s != NULL ? s.s : "");
}

enum tb_status tb_closing_find(struct tb_db *db, int32_t day, struct tb_closing *out, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *out = (struct tb_closing){.closed = false};
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, "closing_find.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        out->closed = tb_query_int(q, 0) != 0;
        out->revision = tb_query_int(q, 1);
        copy_text(out->name, sizeof out->name, tb_query_text(q, 2));
        copy_text(out->note, sizeof out->note, tb_query_text(q, 3));
        out->at_us = tb_query_int(q, 4);
        out->stamped = tb_query_int(q, 5) != 0;
        out->reopened = tb_query_int(q, 6) != 0;
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

/* Runs a statement whose only parameters are the day and, when tables is not negative, a table version. */
static enum tb_status run(struct tb_db *db, const char *sql, int32_t day, int64_t tables, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, sql), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    if (tables >= 0) {
        tb_query_bind_int(q, "tables", tables);
    }
    st = tb_query_run(q, err);
    tb_query_close(q);
    return st;
}

static enum tb_status put_act(struct tb_db *db, int32_t day, const char *word, const struct tb_closing *act,
                              struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_rate, "closing_put.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_text(q, "act", tb_str_of(word));
    tb_query_bind_text(q, "name", tb_str_of(act->name));
    tb_query_bind_text(q, "note", act->note[0] != '\0' ? tb_str_of(act->note) : TB_STR_NULL);
    tb_query_bind_int(q, "at_us", act->at_us);
    tb_query_bind_int(q, "revision", act->revision);
    st = tb_query_run(q, err);
    tb_query_close(q);
    return st;
}

enum tb_status tb_closing_close(struct tb_db *db, int32_t day, int64_t tables, const struct tb_closing *act,
                                struct tb_err *err)
{
    static const char *const keep[] = {"closed_usage_put.sql", "closed_charge_put.sql",
                                       "closed_settlement_put.sql", "closed_reduced_put.sql"};
    enum tb_status st = put_act(db, day, "close", act, err);
    for (size_t i = 0; st == TB_OK && i < sizeof keep / sizeof *keep; i++) {
        st = run(db, keep[i], day, tables, err);
    }
    return st == TB_OK ? run(db, "closed_day_put.sql", day, -1, err) : st;
}

enum tb_status tb_closing_reopen(struct tb_db *db, int32_t day, const struct tb_closing *act,
                                 struct tb_err *err)
{
    static const char *const drop[] = {"usage_cell_drop.sql", "charge_cell_drop.sql", "settlement_drop.sql",
                                       "closed_reduced_drop.sql"};
    enum tb_status st = put_act(db, day, "reopen", act, err);
    for (size_t i = 0; st == TB_OK && i < sizeof drop / sizeof *drop; i++) {
        st = run(db, drop[i], day, TB_TABLES_CLOSED, err);
    }
    if (st == TB_OK) {
        st = run(db, "closed_day_drop.sql", day, -1, err);
    }
    return st == TB_OK ? run(db, "closed_built_drop.sql", day, -1, err) : st;
}

enum tb_status tb_closing_stamp(struct tb_db *db, int32_t day, struct tb_err *err)
{
    return run(db, "closed_stamp.sql", day, -1, err);
}
