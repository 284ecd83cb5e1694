/* The table usage_event, for `tollbook sql`: the live events as an eponymous virtual table. Comparisons of
 * ts and day narrow what is read; only the column groups that the statement uses are decoded. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/events.h"
#include "store/event_cell.h"
#include "store/handle.h"

struct table {
    sqlite3_vtab base;
    struct tb_db *db;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct tb_scan *scan;
    struct tb_block block;
    uint32_t row;
    bool end;
    sqlite3_int64 rowid;
};

/* How a constraint narrows the range; idxStr has one of these per argument of xFilter. */
enum bound { BOUND_FROM = 'f', BOUND_AFTER = 'a', BOUND_TO = 't', BOUND_BEFORE = 'b', BOUND_EQUAL = 'e' };

static int say(sqlite3_vtab *table, const struct tb_err *err)
{
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("%s", err->text);
    return SQLITE_ERROR;
}

static int connect_table(sqlite3 *sqlite, void *db, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    (void)argc;
    (void)argv;
    (void)message;
    int rc = sqlite3_declare_vtab(sqlite, tb_embed_text(tb_embed_store, "usage_event.sql"));
    if (rc != SQLITE_OK) {
        return rc;
    }
    struct table *t = sqlite3_malloc(sizeof *t);
    if (t == NULL) {
        return SQLITE_NOMEM;
    }
    memset(t, 0, sizeof *t);
    t->db = db;
    sqlite3_vtab_config(sqlite, SQLITE_VTAB_INNOCUOUS);
    *out = &t->base;
    return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int bound_of(int op)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_GE:
        return BOUND_FROM;
    case SQLITE_INDEX_CONSTRAINT_GT:
        return BOUND_AFTER;
    case SQLITE_INDEX_CONSTRAINT_LE:
        return BOUND_TO;
    case SQLITE_INDEX_CONSTRAINT_LT:
        return BOUND_BEFORE;
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return BOUND_EQUAL;
    default:
        return 0;
    }
}

/* SQLite checks the constraints again, so a range may be too wide, never too narrow. The plan: COLUMNS_DIGITS hex digits of the
 * columns to decode, then two characters per argument: the column (day, ts) and the bound. */
#define COLUMNS_DIGITS 16
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->idxStr = sqlite3_malloc(COLUMNS_DIGITS + 2 * info->nConstraint + 1);
    int args = 0;
    if (info->idxStr == NULL) {
        return SQLITE_NOMEM;
    }
    info->needToFreeIdxStr = 1;
    snprintf(info->idxStr, COLUMNS_DIGITS + 1, "%016" PRIx64, tb_cell_columns(info->colUsed));
    char *plan = info->idxStr + COLUMNS_DIGITS;
    info->estimatedCost = 1e9;
    info->estimatedRows = 10000000;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        int bound = bound_of(c->op);
        if (!c->usable || bound == 0 || (c->iColumn != TB_CELL_DAY && c->iColumn != TB_CELL_TS)) {
            continue;
        }
        plan[2 * args] = c->iColumn == TB_CELL_DAY ? 'd' : 't';
        plan[2 * args + 1] = (char)bound;
        info->aConstraintUsage[i].argvIndex = ++args;
        info->estimatedCost /= bound == BOUND_EQUAL ? 1000 : 10;
        info->estimatedRows = info->estimatedRows / 10 + 1;
    }
    plan[2 * args] = '\0';
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    struct cursor *c = sqlite3_malloc(sizeof *c);
    if (c == NULL) {
        return SQLITE_NOMEM;
    }
    memset(c, 0, sizeof *c);
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    tb_scan_close(c->scan);
    sqlite3_free(c);
    return SQLITE_OK;
}

struct range {
    int64_t from_us, to_us;
};

static void raise_from(struct range *r, int64_t from)
{
    r->from_us = from > r->from_us ? from : r->from_us;
}

static void lower_to(struct range *r, int64_t to)
{
    r->to_us = to < r->to_us ? to : r->to_us;
}

/* first .. end - 1 are the instants that equal the value. */
static void narrow(struct range *r, char bound, int64_t first, int64_t end)
{
    if (bound == BOUND_FROM || bound == BOUND_EQUAL) {
        raise_from(r, first);
    }
    if (bound == BOUND_AFTER) {
        raise_from(r, end);
    }
    if (bound == BOUND_TO || bound == BOUND_EQUAL) {
        lower_to(r, end);
    }
    if (bound == BOUND_BEFORE) {
        lower_to(r, first);
    }
}

static void narrow_by_day(struct tb_db *db, struct range *r, char bound, sqlite3_value *v)
{
    const char *s = (const char *)sqlite3_value_text(v);
    int32_t day;
    if (sqlite3_value_type(v) == SQLITE_TEXT &&
        tb_day_parse((struct tb_str){s, (size_t)sqlite3_value_bytes(v)}, &day)) {
        narrow(r, bound, tb_cell_day_start(db, day), tb_cell_day_start(db, day + 1));
    }
}

static void narrow_by_ts(struct range *r, char bound, sqlite3_value *v)
{
    if (sqlite3_value_type(v) == SQLITE_INTEGER) {
        int64_t ts = sqlite3_value_int64(v);
        narrow(r, bound, ts, ts < INT64_MAX ? ts + 1 : ts);
    }
}

/* Goes on to the next block with a row when the present one is used up. */
static int settle(struct cursor *c)
{
    struct tb_err err = {.code = TB_E_NONE};
    while (!c->end && c->row >= c->block.n) {
        c->row = 0;
        enum tb_status st = tb_scan_next(c->scan, &c->block, &err);
        if (st != TB_OK && st != TB_END) {
            return say(c->base.pVtab, &err);
        }
        c->end = st == TB_END;
    }
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc, sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    uint64_t columns = 0;
    (void)number;
    (void)sscanf(plan, "%16" SCNx64, &columns); /* best_index wrote it */
    plan += COLUMNS_DIGITS;
    struct tb_db *db = ((struct table *)base->pVtab)->db;
    struct range r = {INT64_MIN, INT64_MAX};
    struct tb_err err = {.code = TB_E_NONE};
    for (int i = 0; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
            r.to_us = r.from_us; /* nothing compares with NULL */
        } else if (plan[2 * i] == 'd') {
            narrow_by_day(db, &r, plan[2 * i + 1], argv[i]);
        } else {
            narrow_by_ts(&r, plan[2 * i + 1], argv[i]);
        }
    }
    tb_scan_close(c->scan);
    c->scan = NULL;
    c->block.n = c->row = 0;
    c->rowid = 0;
    c->end = false;
    if (tb_scan_open(db, r.from_us, r.to_us, columns, &c->scan, &err) != TB_OK) {
        return say(base->pVtab, &err);
    }
    return settle(c);
}

static int next_row(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    c->row++;
    c->rowid++;
    return settle(c);
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->end;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
    struct cursor *c = (struct cursor *)base;
    tb_cell_give(((struct table *)base->pVtab)->db, ctx, &c->block, c->row, i);
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((struct cursor *)base)->rowid;
    return SQLITE_OK;
}

enum tb_status tb_db_event_table(struct tb_db *db, struct tb_err *err)
{
    static const sqlite3_module module = {
        .iVersion = 1,
        .xConnect = connect_table, /* and no xCreate: the table is there without CREATE VIRTUAL TABLE */
        .xBestIndex = best_index,
        .xDisconnect = disconnect_table,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = filter,
        .xNext = next_row,
        .xEof = at_end,
        .xColumn = column,
        .xRowid = rowid,
    };
    return sqlite3_create_module_v2(db->sqlite, "usage_event", &module, db, NULL) == SQLITE_OK
               ? TB_OK
               : tb_db_fail(db, err);
}
