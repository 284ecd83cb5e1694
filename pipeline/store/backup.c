/* A consistent copy, and the health check. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "store/handle.h"

#define PAGES_PER_STEP 1024 /* between steps a writer may go on; the copy then starts over by itself */

static enum tb_status copy_pages(struct tb_db *db, sqlite3 *to, struct tb_err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", db->sqlite, "main");
    if (b == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_DB, "cannot copy database \"%s\": %s", db->path,
                          sqlite3_errmsg(to));
    }
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        rc = sqlite3_backup_step(b, PAGES_PER_STEP);
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
            sqlite3_sleep(20);
        }
    }
    sqlite3_backup_finish(b); /* repeats the step's trouble */
    if (rc != SQLITE_DONE) {
        return tb_err_set(err, TB_FATAL, TB_E_DB, "cannot copy database \"%s\": %s", db->path,
                          sqlite3_errstr(rc));
    }
    return TB_OK;
}

enum tb_status tb_db_backup(struct tb_db *db, const char *path, struct tb_err *err)
{
    char temp[TB_NAME_MAX + 16];
    if (access(path, F_OK) == 0) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "\"%s\" is already there; name a new file", path);
    }
    int n = snprintf(temp, sizeof temp, "%s.tmp", path);
    if (n < 0 || (size_t)n >= sizeof temp) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "the backup's path has more than %d bytes (TB_NAME_MAX)",
                          TB_NAME_MAX);
    }
    enum tb_status st = tb_file_mkparent(path, 0750, err);
    if (st != TB_OK) {
        return st;
    }
    int fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0) {
        st = tb_err_set(err, TB_FAIL, TB_E_IO, "cannot create \"%s\": %s", temp, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return st;
    }
    close(fd);
    sqlite3 *to = NULL;
    if (sqlite3_open_v2(temp, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        st = tb_err_set(err, TB_FATAL, TB_E_DB, "cannot open \"%s\": %s", temp,
                        to != NULL ? sqlite3_errmsg(to) : "no memory");
    } else {
        st = copy_pages(db, to, err);
    }
    if (sqlite3_close(to) != SQLITE_OK && st == TB_OK) {
        st = tb_err_set(err, TB_FATAL, TB_E_DB, "cannot finish \"%s\"", temp);
    }
    if (st == TB_OK) {
        st = tb_file_commit(temp, path, err);
    }
    if (st != TB_OK) {
        unlink(temp);
    }
    return st;
}

static enum tb_status quick_check(struct tb_db *db, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "quick_check.sql", &q, err);
    if (st == TB_OK) {
        st = tb_query_step(q, err);
    }
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    struct tb_str said = tb_query_text(q, 0);
    if (!tb_str_eq(said, TB_STR("ok"))) {
        st = tb_err_set(err, TB_FAIL, TB_E_DB, "database \"%s\" is damaged: %.*s; restore a backup", db->path,
                        (int)said.n, said.s);
    }
    tb_query_reset(q);
    return st;
}

static enum tb_status key_check(struct tb_db *db, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "foreign_key_check.sql", &q, err);
    if (st == TB_OK) {
        st = tb_query_step(q, err);
    }
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    struct tb_str child = tb_query_text(q, 0), parent = tb_query_text(q, 2);
    st = tb_err_set(err, TB_FAIL, TB_E_DB,
                    "database \"%s\": a row of %.*s names a row of %.*s that is not there; restore a backup",
                    db->path, (int)child.n, child.s, (int)parent.n, parent.s);
    tb_query_reset(q);
    return st;
}

enum tb_status tb_db_check(struct tb_db *db, struct tb_err *err)
{
    enum tb_status st = quick_check(db, err);
    return st == TB_OK ? key_check(db, err) : st;
}
