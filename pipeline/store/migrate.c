/* Migrations: schemas/store/NNNN_name.sql, append-only, each in a transaction of its own; the number of
 * the last one is kept in meta. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/handle.h"

#define FOLDER "schemas/store/"

/* The number of a migration; 0 for another file. */
static int64_t number_of(const char *path)
{
    size_t n = sizeof FOLDER - 1;
    return strncmp(path, FOLDER, n) == 0 ? strtoll(path + n, NULL, 10) : 0;
}

static int64_t newest(void)
{
    int64_t max = 0;
    for (const struct tb_embed *e = tb_embed_store; e->path != NULL; e++) {
        int64_t n = number_of(e->path);
        max = n > max ? n : max;
    }
    return max;
}

/* 0 for an empty file; an error for somebody else's database. */
static enum tb_status schema_of(struct tb_db *db, int64_t *schema, struct tb_err *err)
{
    int64_t tables = 0, ours = 0;
    *schema = 0;
    enum tb_status st = tb_db_number(db, "table_count.sql", 0, &tables, err);
    if (st != TB_OK || tables == 0) {
        return st;
    }
    st = tb_db_number(db, "meta_there.sql", 0, &ours, err);
    if (st == TB_OK && ours != 0) {
        st = tb_db_number(db, "schema_get.sql", 0, schema, err);
    }
    if (st == TB_OK && *schema == 0) {
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "\"%s\" is a database, but not tollbook's; name another file as \"database\"",
                          db->path);
    }
    return st;
}

static enum tb_status keep_schema(struct tb_db *db, int64_t schema, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "schema_set.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "schema", schema);
    tb_query_bind_text(q, "program", TB_STR(TB_PROGRAM_VERSION));
    return tb_query_run(q, err);
}

static enum tb_status apply(struct tb_db *db, const struct tb_embed *file, struct tb_err *err)
{
    enum tb_status st = tb_db_begin(db, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_db_script(db, file->path + sizeof FOLDER - 1, err);
    if (st == TB_OK) {
        st = keep_schema(db, number_of(file->path), err);
    }
    if (st == TB_OK) {
        st = tb_db_commit(db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(db);
    }
    return st;
}

enum tb_status tb_db_migrate(struct tb_db *db, struct tb_err *err)
{
    int64_t schema = 0;
    enum tb_status st = schema_of(db, &schema, err);
    if (st != TB_OK) {
        return st;
    }
    if (schema > newest()) {
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "database \"%s\" has schema %" PRId64 ", this program knows %" PRId64
                          "; use a newer tollbook",
                          db->path, schema, newest());
    }
    if (db->mode == TB_DB_READ) {
        return schema == newest() ? TB_OK
                                  : tb_err_set(err, TB_FATAL, TB_E_SCHEMA,
                                               "database \"%s\" has schema %" PRId64 " of %" PRId64
                                               "; `tollbook ingest` brings it up to date",
                                               db->path, schema, newest());
    }
    for (const struct tb_embed *e = tb_embed_store; st == TB_OK && e->path != NULL; e++) {
        if (number_of(e->path) > schema) {
            st = apply(db, e, err);
        }
    }
    return st;
}
