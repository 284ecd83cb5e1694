#include "store/versions.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "store/handle.h"

static int kind_of(struct tb_str name)
{
    for (int k = 0; k < TB_TABLE_COUNT; k++) {
        if (tb_str_eq(name, tb_str_of(tb_table_names[k]))) {
            return k;
        }
    }
    return -1;
}

static size_t rows_of(const struct tb_tables *t, int kind)
{
    const size_t rows[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = t->price_count,     [TB_TABLE_QUOTAS] = t->quota_count,
        [TB_TABLE_ACCOUNTS] = t->account_count, [TB_TABLE_BUDGETS] = t->budget_count,
        [TB_TABLE_SHARED] = t->shared_count,    [TB_TABLE_ADJUSTMENTS] = t->adjustment_count};
    return rows[kind];
}

static void digest_bytes(struct tb_hash128 h, unsigned char out[16])
{
    for (int i = 0; i < 8; i++) {
        out[i] = (unsigned char)(h.hi >> (56 - 8 * i));
        out[8 + i] = (unsigned char)(h.lo >> (56 - 8 * i));
    }
}

enum tb_status tb_versions_newest(struct tb_db *db, int64_t *version, struct tb_err *err)
{
    return tb_db_number(db, "version_newest.sql", 0, version, err);
}

/* Whether a version names exactly the present tables, each with its digest. */
static enum tb_status same_texts(struct tb_db *db, int64_t version, const struct tb_tables *tables,
                                 bool *same, struct tb_err *err)
{
    struct tb_query *q = NULL;
    int found = 0, present = 0;
    enum tb_status st = tb_db_statement(db, "version_digests.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    for (int k = 0; k < TB_TABLE_COUNT; k++) {
        present += tables->present[k] ? 1 : 0;
    }
    *same = true;
    tb_query_bind_int(q, "version", version);
    while ((st = tb_query_step(q, err)) == TB_OK) {
        unsigned char digest[16] = {0};
        int k = kind_of(tb_query_text(q, 0));
        struct tb_str kept = tb_query_blob(q, 1);
        if (k >= 0 && tables->present[k]) {
            digest_bytes(tables->digest[k], digest);
        }
        *same = *same && k >= 0 && tables->present[k] && kept.n == 16 && memcmp(kept.s, digest, 16) == 0;
        found++;
    }
    *same = *same && found == present;
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_versions_match(struct tb_db *db, const struct tb_tables *tables, int64_t *version,
                                 struct tb_err *err)
{
    bool same = false;
    enum tb_status st = tb_versions_newest(db, version, err);
    if (st == TB_OK && *version != 0) {
        st = same_texts(db, *version, tables, &same, err);
    }
    if (!same) {
        *version = 0;
    }
    return st;
}

static enum tb_status write_text(struct tb_db *db, int64_t version, const struct tb_tables *t, int k,
                                 struct tb_err *err)
{
    struct tb_query *text = NULL, *name = NULL;
    unsigned char digest[16];
    digest_bytes(t->digest[k], digest);
    enum tb_status st = tb_db_statement(db, "version_text.sql", &text, err);
    if (st == TB_OK) {
        st = tb_db_statement(db, "version_table.sql", &name, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_blob(text, "digest", digest, sizeof digest);
    tb_query_bind_blob(text, "text", t->text[k].s, t->text[k].n);
    st = tb_query_run(text, err);
    tb_query_bind_null(text, "digest"); /* the bound bytes end with this function */
    tb_query_bind_null(text, "text");
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(name, "version", version);
    tb_query_bind_text(name, "name", tb_str_of(tb_table_names[k]));
    tb_query_bind_text(name, "path", tb_str_of(t->name[k] != NULL ? t->name[k] : ""));
    tb_query_bind_blob(name, "digest", digest, sizeof digest);
    tb_query_bind_int(name, "rows", (int64_t)rows_of(t, k));
    st = tb_query_run(name, err);
    tb_query_bind_null(name, "digest");
    return st;
}

enum tb_status tb_versions_import(struct tb_db *db, const struct tb_tables *tables, int64_t now_us,
                                  int64_t *version, bool *is_new, struct tb_err *err)
{
    *is_new = false;
    enum tb_status st = tb_versions_match(db, tables, version, err);
    if (st != TB_OK || *version != 0) {
        return st;
    }
    struct tb_query *q = NULL;
    st = tb_versions_newest(db, version, err);
    if (st == TB_OK) {
        st = tb_db_statement(db, "version_insert.sql", &q, err);
    }
    if (st != TB_OK) {
        return st;
    }
    *version += 1;
    tb_query_bind_int(q, "version", *version);
    tb_query_bind_int(q, "imported_us", now_us);
    st = tb_query_run(q, err);
    for (int k = 0; k < TB_TABLE_COUNT && st == TB_OK; k++) {
        if (tables->present[k]) {
            st = write_text(db, *version, tables, k, err);
        }
    }
    *is_new = st == TB_OK;
    return st;
}

static enum tb_status version_there(struct tb_db *db, int64_t version, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "version_there.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "version", version);
    st = tb_query_step(q, err);
    tb_query_reset(q);
    if (st == TB_END) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                          "there is no table version %" PRId64 "; `tollbook tables list` shows them",
                          version);
    }
    return st;
}

enum tb_status tb_versions_load(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                struct tb_tables **out, struct tb_err *err)
{
    struct tb_str text[TB_TABLE_COUNT] = {{NULL, 0}};
    const char *name[TB_TABLE_COUNT] = {NULL};
    struct tb_arena texts;
    struct tb_query *q = NULL;
    *out = NULL;
    tb_arena_init(&texts, (size_t)TB_TABLE_COUNT * TB_TABLE_BYTES_MAX + (1u << 20));
    enum tb_status st = version_there(db, version, err);
    if (st == TB_OK) {
        st = tb_db_statement(db, "version_texts.sql", &q, err);
    }
    if (st != TB_OK) {
        goto out;
    }
    tb_query_bind_int(q, "version", version);
    while ((st = tb_query_step(q, err)) == TB_OK) {
        int k = kind_of(tb_query_text(q, 0));
        if (k < 0) {
            continue; /* a table of a newer program */
        }
        name[k] = tb_arena_cstr(&db->names, tb_query_text(q, 1));
        text[k] = tb_arena_str(&texts, tb_query_blob(q, 2));
        if (name[k] == NULL || text[k].s == NULL) {
            tb_query_reset(q);
            st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the tables of version %" PRId64,
                            version);
            goto out;
        }
    }
    if (st == TB_END) {
        st = tb_tables_parse(s, text, name, out, err);
    }
out:
    tb_arena_release(&texts);
    return st;
}
