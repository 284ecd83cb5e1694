#include "store/revision.h"

#include "base/hash.h"
#include "store/handle.h"

/* The number (0 = none) and digest of a day's last revision. */
static enum tb_status last_of(struct tb_db *db, int32_t day, const char *digest, int64_t *revision,
                              bool *equal, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *revision = 0;
    *equal = false;
    enum tb_status st = tb_db_statement(db, "revision_last.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        *revision = tb_query_int(q, 0);
        *equal = tb_str_eq(tb_query_text(q, 1), tb_str_of(digest));
    }
    tb_query_reset(q);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_revision_put(struct tb_db *db, int32_t day, struct tb_str pack, const char *run_id,
                               int64_t tables, int64_t now_us, int64_t *revision, bool *is_new,
                               struct tb_err *err)
{
    struct tb_sha256 sha;
    char digest[TB_SHA256_HEX];
    bool equal = false;
    tb_sha256_init(&sha);
    tb_sha256_add(&sha, pack.s, pack.n);
    tb_sha256_hex(&sha, digest);
    *is_new = false;
    enum tb_status st = last_of(db, day, digest, revision, &equal, err);
    if (st != TB_OK || equal) {
        return st;
    }
    struct tb_query *q = NULL;
    st = tb_db_statement(db, "revision_insert.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "revision", *revision + 1);
    tb_query_bind_text(q, "run_id", tb_str_of(run_id));
    tb_query_bind_int(q, "tables", tables);
    tb_query_bind_int(q, "written_us", now_us);
    tb_query_bind_text(q, "digest", tb_str_of(digest));
    tb_query_bind_blob(q, "pack", pack.s, pack.n);
    st = tb_query_run(q, err);
    tb_query_bind_null(q, "pack");
    if (st == TB_OK) {
        *revision += 1;
        *is_new = true;
    }
    return st;
}

enum tb_status tb_revision_get(struct tb_db *db, int32_t day, int64_t wanted, struct tb_buf *out,
                               int64_t *revision, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "revision_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "wanted", wanted);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        struct tb_str pack = tb_query_blob(q, 1);
        if (revision != NULL) {
            *revision = tb_query_int(q, 0);
        }
        tb_buf_clear(out);
        st = tb_buf_add(out, pack.s, pack.n, err);
    }
    tb_query_reset(q);
    return st;
}
