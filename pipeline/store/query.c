#include "store/query.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/handle.h"

#define NAME_MAX_BYTES 63
#define PLACES_MAX     64

/* A parameter's place, once looked up. */
struct place {
    const char *name; /* the caller's constant */
    int at;
};

struct tb_query {
    struct tb_db *db;
    sqlite3_stmt *stmt;
    int bind_error; /* the first SQLite code of a bind, told by the next step */
    /* Parameters are bound in the same order again and again: the one after the last is the first to look at. */
    struct place places[PLACES_MAX];
    int place_n, place_next;
};

/* The first line of sql that is not a comment, for messages. */
static void first_line(const char *sql, char *out, size_t out_size)
{
    while (strncmp(sql, "--", 2) == 0 || *sql == '\n' || *sql == ' ') {
        const char *end = strchr(sql, '\n');
        if (end == NULL) {
            break;
        }
        sql = end + 1;
    }
    size_t n = strcspn(sql, "\n");
    snprintf(out, out_size, "%.*s", (int)(n < out_size ? n : out_size - 1), sql);
}

static enum tb_status fail(struct tb_db *db, const char *sql, const char *words, struct tb_err *err)
{
    char line[80];
    first_line(sql, line, sizeof line);
    return tb_err_set(err, TB_FATAL, TB_E_DB, "database \"%s\": %s (%s)", db->path, words, line);
}

static enum tb_status new_query(struct tb_db *db, sqlite3_stmt *stmt, struct tb_query **out,
                                struct tb_err *err)
{
    struct tb_query *q = calloc(1, sizeof *q);
    if (q == NULL) {
        sqlite3_finalize(stmt);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a statement");
    }
    q->db = db;
    q->stmt = stmt;
    *out = q;
    return TB_OK;
}

enum tb_status tb_query_open(struct tb_db *db, const char *sql, struct tb_query **out, struct tb_err *err)
{
    sqlite3_stmt *stmt = NULL;
    *out = NULL;
    if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        return fail(db, sql, sqlite3_errmsg(db->sqlite), err);
    }
    assert(stmt != NULL);
    return new_query(db, stmt, out, err);
}

/* Whether anything but blanks, comments and semicolons is left: a second statement is refused, not passed
 * over. */
static bool more_follows(struct tb_db *db, const char *rest)
{
    sqlite3_stmt *stmt = NULL;
    while (rest != NULL && *rest != '\0') {
        if (sqlite3_prepare_v2(db->sqlite, rest, -1, &stmt, &rest) != SQLITE_OK || stmt != NULL) {
            sqlite3_finalize(stmt);
            return true;
        }
    }
    return false;
}

/* What a reading statement does; everything else (attach, pragma that sets, transactions, writes) is
 * refused. */
static int allow_reading(void *ctx, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)ctx;
    (void)c;
    (void)d;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return b != NULL && strcmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: /* those that only tell, as functions (pragma_table_info) or plain */
        return b == NULL || strcmp(a, "table_info") == 0 || strcmp(a, "table_xinfo") == 0 ||
                       strcmp(a, "index_list") == 0 || strcmp(a, "index_info") == 0
                   ? SQLITE_OK
                   : SQLITE_DENY;
    case SQLITE_UPDATE:
        /* SQLite asks this of itself when a statement first names a pragma_ function; a statement that
         * writes is refused as not read-only. */
        return strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

static enum tb_status refuse(struct tb_err *err, const char *words)
{
    return tb_err_set(err, TB_FAIL, TB_E_USAGE, "%s", words);
}

enum tb_status tb_query_open_user(struct tb_db *db, struct tb_str sql, struct tb_query **out,
                                  struct tb_err *err)
{
    *out = NULL;
    if (sql.n > 1000000 || memchr(sql.s, '\0', sql.n) != NULL) {
        return refuse(err, "the statement is longer than 1000000 bytes or has a NUL byte");
    }
    char *copy = calloc(1, sql.n + 1);
    if (copy == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a statement");
    }
    memcpy(copy, sql.s, sql.n);
    sqlite3_stmt *stmt = NULL;
    const char *rest = NULL;
    enum tb_status st = TB_OK;
    /* The first use of usage_event declares its columns, which the authorizer would take for a CREATE
     * TABLE. */
    sqlite3_stmt *touch = NULL;
    if (sqlite3_prepare_v2(db->sqlite, tb_embed_text(tb_embed_store, "event_table_touch.sql"), -1, &touch,
                           NULL) == SQLITE_OK) {
        sqlite3_finalize(touch);
    }
    sqlite3_set_authorizer(db->sqlite, allow_reading, NULL);
    int rc = sqlite3_prepare_v2(db->sqlite, copy, -1, &stmt, &rest);
    if (rc == SQLITE_AUTH) {
        st = refuse(err, "the statement does more than read; `tollbook sql` takes one query");
    } else if (rc != SQLITE_OK) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "%s", sqlite3_errmsg(db->sqlite));
    } else if (stmt == NULL) {
        st = refuse(err, "there is no statement; write a query");
    } else if (!sqlite3_stmt_readonly(stmt)) {
        st = refuse(err, "the statement does more than read; `tollbook sql` takes one query");
    } else if (more_follows(db, rest)) {
        st = refuse(err, "there is a second statement; `tollbook sql` takes one query");
    }
    sqlite3_set_authorizer(db->sqlite, NULL, NULL);
    if (st == TB_OK) {
        st = new_query(db, stmt, out, err);
    } else {
        sqlite3_finalize(stmt);
    }
    free(copy);
    return st;
}

void tb_query_close(struct tb_query *q)
{
    if (q != NULL) {
        sqlite3_finalize(q->stmt); /* repeats the last step's result */
        free(q);
    }
}

static int look_up(const struct tb_query *q, const char *name)
{
    char full[NAME_MAX_BYTES + 2];
    int n = snprintf(full, sizeof full, ":%s", name);
    assert(n > 0 && (size_t)n < sizeof full);
    int i = sqlite3_bind_parameter_index(q->stmt, full);
    assert(i > 0);
    return i;
}

static bool stands_at(const struct tb_query *q, int i, const char *name)
{
    return i < q->place_n && q->places[i].name == name;
}

/* Names are constants of the program: one address, one name. */
static int place_of(struct tb_query *q, const char *name)
{
    int i = q->place_next;
    if (!stands_at(q, i, name)) {
        for (i = 0; i < q->place_n && q->places[i].name != name; i++) {
        }
        if (i == PLACES_MAX) {
            return look_up(q, name);
        }
        if (i == q->place_n) {
            q->places[q->place_n++] = (struct place){name, look_up(q, name)};
        }
    }
    q->place_next = i + 1;
    return q->places[i].at;
}

static void keep_error(struct tb_query *q, int rc)
{
    assert(rc != SQLITE_MISUSE); /* binding without a reset */
    if (rc != SQLITE_OK && q->bind_error == SQLITE_OK) {
        q->bind_error = rc;
    }
}

void tb_query_bind_int(struct tb_query *q, const char *name, int64_t v)
{
    keep_error(q, sqlite3_bind_int64(q->stmt, place_of(q, name), v));
}

void tb_query_bind_first(struct tb_query *q, int64_t v)
{
    keep_error(q, sqlite3_bind_int64(q->stmt, 1, v));
}

void tb_query_bind_text(struct tb_query *q, const char *name, struct tb_str v)
{
    if (v.s == NULL) {
        tb_query_bind_null(q, name);
        return;
    }
    keep_error(q, sqlite3_bind_text64(q->stmt, place_of(q, name), v.s, v.n, SQLITE_TRANSIENT, SQLITE_UTF8));
}

void tb_query_bind_blob(struct tb_query *q, const char *name, const void *p, size_t n)
{
    const void *some = p != NULL ? p : ""; /* a NULL pointer would bind NULL, not an empty blob */
    keep_error(q, sqlite3_bind_blob64(q->stmt, place_of(q, name), some, n, SQLITE_STATIC));
}

void tb_query_bind_null(struct tb_query *q, const char *name)
{
    keep_error(q, sqlite3_bind_null(q->stmt, place_of(q, name)));
}

void tb_query_bind_money(struct tb_query *q, const char *name, tb_money v)
{
    char text[TB_MONEY_TEXT_MAX];
    size_t n = tb_money_format(v, text);
    tb_query_bind_text(q, name, (struct tb_str){text, n});
}

enum tb_status tb_query_step(struct tb_query *q, struct tb_err *err)
{
    if (q->db->failed) {
        if (err != NULL) {
            *err = q->db->failure;
        }
        return TB_FATAL;
    }
    if (q->bind_error != SQLITE_OK) {
        return fail(q->db, sqlite3_sql(q->stmt), sqlite3_errstr(q->bind_error), err);
    }
    int rc = sqlite3_step(q->stmt);
    if (rc == SQLITE_ROW) {
        return TB_OK;
    }
    enum tb_status st = TB_END;
    if (rc != SQLITE_DONE) {
        st = fail(q->db, sqlite3_sql(q->stmt), sqlite3_errmsg(q->db->sqlite), err);
    }
    sqlite3_reset(q->stmt); /* repeats the step's result */
    return st;
}

void tb_query_reset(struct tb_query *q)
{
    sqlite3_reset(q->stmt);
    q->bind_error = SQLITE_OK;
}

enum tb_status tb_query_run(struct tb_query *q, struct tb_err *err)
{
    enum tb_status st;
    do {
        st = tb_query_step(q, err);
    } while (st == TB_OK);
    return st == TB_END ? TB_OK : st;
}

int tb_query_columns(const struct tb_query *q)
{
    return sqlite3_column_count(q->stmt);
}

const char *tb_query_column_name(const struct tb_query *q, int i)
{
    const char *name = sqlite3_column_name(q->stmt, i);
    return name != NULL ? name : "";
}

bool tb_query_is_null(const struct tb_query *q, int i)
{
    return sqlite3_column_type(q->stmt, i) == SQLITE_NULL;
}

bool tb_query_is_int(const struct tb_query *q, int i)
{
    return sqlite3_column_type(q->stmt, i) == SQLITE_INTEGER;
}

int64_t tb_query_int(const struct tb_query *q, int i)
{
    return sqlite3_column_int64(q->stmt, i);
}

struct tb_str tb_query_text(const struct tb_query *q, int i)
{
    if (tb_query_is_null(q, i)) {
        return TB_STR_NULL;
    }
    const char *s = (const char *)sqlite3_column_text(q->stmt, i);
    return s != NULL ? (struct tb_str){s, (size_t)sqlite3_column_bytes(q->stmt, i)} : TB_STR_NULL;
}

struct tb_str tb_query_blob(const struct tb_query *q, int i)
{
    if (tb_query_is_null(q, i)) {
        return TB_STR_NULL;
    }
    const char *p = sqlite3_column_blob(q->stmt, i);
    return (struct tb_str){p != NULL ? p : "", (size_t)sqlite3_column_bytes(q->stmt, i)};
}

bool tb_query_money(const struct tb_query *q, int i, tb_money *out)
{
    struct tb_str s = tb_query_text(q, i);
    if (s.s == NULL) {
        return false;
    }
    bool good = tb_money_parse(s, out);
    assert(good);
    return true;
}

int64_t tb_query_last_id(const struct tb_query *q)
{
    return sqlite3_last_insert_rowid(q->db->sqlite);
}
