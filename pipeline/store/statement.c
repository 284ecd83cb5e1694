/* Statements kept prepared, and scripts: the .sql files of this folder by name. */
#include <assert.h>
#include <string.h>

#include "store/handle.h"

enum tb_status tb_db_statement(struct tb_db *db, const char *name, struct tb_query **out, struct tb_err *err)
{
    for (int i = 0; i < db->statement_count; i++) {
        if (strcmp(db->statements[i].name, name) == 0) {
            *out = db->statements[i].query;
            tb_query_reset(*out);
            return TB_OK;
        }
    }
    assert(db->statement_count < TB_STATEMENTS_MAX);
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_store, name), &q, err);
    if (st != TB_OK) {
        return st;
    }
    db->statements[db->statement_count].name = name;
    db->statements[db->statement_count++].query = q;
    *out = q;
    return TB_OK;
}

static enum tb_status run_one(struct tb_db *db, sqlite3_stmt *stmt, struct tb_err *err)
{
    int rc = SQLITE_ROW;
    while (rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
    }
    enum tb_status st = rc == SQLITE_DONE ? TB_OK : tb_db_fail(db, err);
    sqlite3_finalize(stmt); /* repeats the step's result */
    return st;
}

enum tb_status tb_db_script(struct tb_db *db, const char *name, struct tb_err *err)
{
    const char *sql = tb_embed_text(tb_embed_store, name);
    while (*sql != '\0') {
        sqlite3_stmt *stmt = NULL;
        const char *rest = NULL;
        if (sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, &rest) != SQLITE_OK) {
            return tb_db_fail(db, err);
        }
        enum tb_status st = stmt != NULL ? run_one(db, stmt, err) : TB_OK;
        if (st != TB_OK) {
            return st;
        }
        sql = rest;
    }
    return TB_OK;
}
