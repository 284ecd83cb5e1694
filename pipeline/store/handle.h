/* Concept: the inside of struct tb_db, for the files of this folder alone: connection, lock, kept
 *          statements, dictionary, id filters.
 * Owns:    kept statements live until tb_db_close; whoever fetched one resets it before the next fetch
 *          of the same.
 */
#ifndef TB_HANDLE_H
#define TB_HANDLE_H

#include <sqlite3.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/embed.h"
#include "store/db.h"
#include "store/events.h"
#include "store/query.h"

#define TB_STATEMENTS_MAX 96 /* the .sql files of this folder */

extern const struct tb_embed tb_embed_store[];

struct tb_dict;
struct tb_id_index;
struct tb_load_txn;

struct tb_db {
    sqlite3 *sqlite;
    char *path;
    int lock_fd; /* -1 = none */
    enum tb_db_mode mode;
    const struct tb_zone *zone;
    tb_event_tell *tell_worth; /* of usage_event; NULL: nobody can */
    void *worth;
    struct {
        const char *name;
        struct tb_query *query;
    } statements[TB_STATEMENTS_MAX];
    int statement_count;
    struct tb_dict *dict;
    struct tb_id_index *ids;    /* what is known of the id runs; forgotten by a rollback */
    struct tb_load_txn *parked; /* the last load's memory, for the next one */
    struct tb_buf texts;        /* what files.h hands out */
    struct tb_arena names;      /* what versions.h hands to the tables it loads */
    bool failed;                /* a failure that had no way out when it happened (tb_dict_text) */
    struct tb_err failure;
};

/* TB_FATAL/TB_E_DB with SQLite's words and the database's path. */
enum tb_status tb_db_fail(struct tb_db *db, struct tb_err *err);

/* Keeps a failure for the next step or commit to tell. */
void tb_db_fail_later(struct tb_db *db, const struct tb_err *err);

/* The statement of the .sql file name, prepared once and reset. */
enum tb_status tb_db_statement(struct tb_db *db, const char *name, struct tb_query **out,
                               struct tb_err *err) TB_MUST_USE;

/* Binds the first parameter, for statements run per bucket. */
void tb_query_bind_first(struct tb_query *q, int64_t v);

/* Runs every statement of an .sql file, passing over rows. */
enum tb_status tb_db_script(struct tb_db *db, const char *name, struct tb_err *err) TB_MUST_USE;

/* The first column of the first row of a kept statement without parameters; fallback when there is none or
 * NULL. */
enum tb_status tb_db_number(struct tb_db *db, const char *name, int64_t fallback, int64_t *out,
                            struct tb_err *err) TB_MUST_USE;

/* Brings the schema up to the newest migration (WRITE), or checks that it is there (READ). */
enum tb_status tb_db_migrate(struct tb_db *db, struct tb_err *err) TB_MUST_USE;

/* Functions of query.h and the table usage_event. */
enum tb_status tb_db_functions(struct tb_db *db, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_db_event_table(struct tb_db *db, struct tb_err *err) TB_MUST_USE;

#endif
