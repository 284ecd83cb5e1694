#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/dict.h"
#include "store/handle.h"
#include "store/ids.h"
#include "store/load_txn.h"

#define BUSY_MS 20000 /* a reader's checkpoint or a backup may hold the file for moments */

enum tb_status tb_db_fail(struct tb_db *db, struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_DB, "database \"%s\": %s", db->path,
                      db->sqlite != NULL ? sqlite3_errmsg(db->sqlite) : "no memory");
}

void tb_db_fail_later(struct tb_db *db, const struct tb_err *err)
{
    if (!db->failed) {
        db->failed = true;
        db->failure = *err;
    }
}

static enum tb_status io_fail(const char *what, const char *path, struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot %s \"%s\": %s", what, path, strerror(errno));
}

/* The lock is its own file, because SQLite's locks on the database come and go with each transaction. */
static enum tb_status take_lock(struct tb_db *db, struct tb_err *err)
{
    char path[TB_NAME_MAX + 16];
    snprintf(path, sizeof path, "%s.lock", db->path);
    db->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (db->lock_fd < 0) {
        return io_fail("open", path, err);
    }
    (void)fchmod(db->lock_fd,
                 0600); /* a umask may have left nothing; another owner's lock file keeps its mode */
    if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return io_fail("lock", path, err);
        }
        return tb_err_set(err, TB_FAIL, TB_E_LOCK,
                          "another run holds the lock \"%s\"; wait until it has ended", path);
    }
    return TB_OK;
}

/* SQLite would create the file with the umask's mode; its -wal and -shm take the mode of the file. */
static enum tb_status make_file(const char *path, struct tb_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? TB_OK : io_fail("create", path, err);
    }
    enum tb_status st = fchmod(fd, 0600) == 0 ? TB_OK : io_fail("set the mode of", path, err);
    close(fd);
    return st;
}

static enum tb_status prepare_files(struct tb_db *db, struct tb_err *err)
{
    if (db->mode == TB_DB_READ) {
        if (access(db->path, F_OK) != 0) {
            return tb_err_set(err, TB_FATAL, TB_E_DB,
                              "database \"%s\" cannot be opened: %s; `tollbook ingest` makes it", db->path,
                              strerror(errno));
        }
        return TB_OK;
    }
    enum tb_status st = tb_file_mkparent(db->path, 0750, err);
    if (st == TB_OK) {
        st = take_lock(db, err);
    }
    return st == TB_OK ? make_file(db->path, err) : st;
}

/* A reader opens read-write too, because a WAL database needs its -shm file, and is kept from writing by
 * query_only. */
static enum tb_status open_sqlite(struct tb_db *db, struct tb_err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(db->path, &db->sqlite, flags, NULL) != SQLITE_OK) {
        return tb_db_fail(db, err);
    }
    sqlite3_extended_result_codes(db->sqlite, 1);
    if (sqlite3_busy_timeout(db->sqlite, BUSY_MS) != SQLITE_OK ||
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK) {
        return tb_db_fail(db, err);
    }
    if (db->mode == TB_DB_READ) {
        if (sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK) {
            return tb_db_fail(db, err);
        }
        return tb_db_script(db, "open_read.sql", err);
    }
    return tb_db_script(db, "open_write.sql", err);
}

/* Without WAL (some network file systems) a power cut is survived only with every sync. */
static enum tb_status check_journal(struct tb_db *db, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "journal_mode.sql", &q, err);
    if (st == TB_OK) {
        st = tb_query_step(q, err);
    }
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    bool wal = tb_str_eq(tb_query_text(q, 0), TB_STR("wal"));
    tb_query_reset(q);
    return wal ? TB_OK : tb_db_script(db, "open_rollback_journal.sql", err);
}

static struct tb_db *new_handle(const char *path, enum tb_db_mode mode)
{
    struct tb_db *db = calloc(1, sizeof *db);
    if (db == NULL) {
        return NULL;
    }
    db->mode = mode;
    db->lock_fd = -1;
    tb_buf_init(&db->texts, 64 * TB_NAME_MAX);
    tb_arena_init(&db->names, 16u << 20);
    db->path = strdup(path);
    db->dict = tb_dict_new();
    db->ids = tb_id_index_new();
    if (db->path == NULL || db->dict == NULL || db->ids == NULL) {
        tb_db_close(db);
        return NULL;
    }
    return db;
}

enum tb_status tb_db_open(const char *path, enum tb_db_mode mode, struct tb_db **out, struct tb_err *err)
{
    assert(path != NULL && out != NULL);
    *out = NULL;
    if (strlen(path) > TB_NAME_MAX) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "the database's path has more than %d bytes (TB_NAME_MAX)",
                          TB_NAME_MAX);
    }
    struct tb_db *db = new_handle(path, mode);
    if (db == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to open database \"%s\"", path);
    }
    enum tb_status st = prepare_files(db, err);
    if (st == TB_OK) {
        st = open_sqlite(db, err);
    }
    if (st == TB_OK && mode == TB_DB_WRITE) {
        st = check_journal(db, err);
    }
    if (st == TB_OK) {
        st = tb_db_functions(db, err);
    }
    if (st == TB_OK) {
        st = tb_db_migrate(db, err);
    }
    if (st == TB_OK) {
        st = tb_db_event_table(db, err);
    }
    if (st != TB_OK) {
        tb_db_close(db);
        return st;
    }
    *out = db;
    return TB_OK;
}

/* A reader that is the last to leave takes the -wal and -shm files with it when nothing waits in them. What waits there is left to
 * a writer: to write it back may take long, and a report ends when it has been printed. */
static void tidy_after_reading(struct tb_db *db)
{
    char wal[TB_NAME_MAX + 16];
    struct stat st;
    snprintf(wal, sizeof wal, "%s-wal", db->path);
    if (stat(wal, &st) == 0 && st.st_size == 0) {
        (void)sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
}

void tb_db_close(struct tb_db *db)
{
    if (db == NULL) {
        return;
    }
    if (db->sqlite != NULL && !sqlite3_get_autocommit(db->sqlite)) {
        tb_db_rollback(db);
    }
    for (int i = 0; i < db->statement_count; i++) {
        tb_query_close(db->statements[i].query);
    }
    if (db->sqlite != NULL && db->mode == TB_DB_READ) {
        tidy_after_reading(db);
    }
    if (db->sqlite != NULL && sqlite3_close_v2(db->sqlite) != SQLITE_OK) {
        tb_log(TB_LOG_WARN, "database \"%s\" did not close cleanly", db->path);
    }
    tb_dict_free(db->dict);
    tb_id_index_free(db->ids);
    tb_load_free(db->parked);
    tb_buf_release(&db->texts);
    tb_arena_release(&db->names);
    if (db->lock_fd >= 0) {
        close(db->lock_fd); /* the lock file stays: removing it would let two runs hold two files */
    }
    free(db->path);
    free(db);
}

void tb_db_set_zone(struct tb_db *db, const struct tb_zone *zone)
{
    db->zone = zone;
}

static enum tb_status run_kept(struct tb_db *db, const char *name, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, name, &q, err);
    return st == TB_OK ? tb_query_run(q, err) : st;
}

enum tb_status tb_db_begin(struct tb_db *db, struct tb_err *err)
{
    assert(db->mode == TB_DB_WRITE);
    return run_kept(db, "begin.sql", err);
}

enum tb_status tb_db_commit(struct tb_db *db, struct tb_err *err)
{
    enum tb_status st = run_kept(db, "commit.sql", err);
    if (st == TB_OK) {
        tb_dict_committed(db->dict);
    }
    return st;
}

void tb_db_rollback(struct tb_db *db)
{
    struct tb_err err = {.code = TB_E_NONE};
    tb_dict_rolled_back(db->dict);
    tb_id_index_forget(db->ids);
    if (sqlite3_get_autocommit(db->sqlite)) {
        return; /* SQLite has already rolled back, as after a full disk */
    }
    bool failed = db->failed;
    db->failed = false;
    if (run_kept(db, "rollback.sql", &err) != TB_OK) {
        tb_log_err(TB_LOG_ERROR, &err);
    }
    db->failed = failed;
}

enum tb_status tb_db_number(struct tb_db *db, const char *name, int64_t fallback, int64_t *out,
                            struct tb_err *err)
{
    struct tb_query *q = NULL;
    *out = fallback;
    enum tb_status st = tb_db_statement(db, name, &q, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_step(q, err);
    if (st == TB_OK && !tb_query_is_null(q, 0)) {
        *out = tb_query_int(q, 0);
    }
    tb_query_reset(q);
    return st == TB_END ? TB_OK : st;
}

bool tb_db_writable(const struct tb_db *db)
{
    return db->mode == TB_DB_WRITE;
}
