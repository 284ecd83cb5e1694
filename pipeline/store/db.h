/* Concept: the database: opened, locked, migrated, in transactions. store/ is the only user of SQLite.
 * Owns:    tb_db_open's result, until tb_db_close. One thread at a time.
 * Errors:  TB_FATAL/TB_E_DB naming the database file; TB_FAIL/TB_E_LOCK when another run holds the lock
 *          (exit 11); TB_FAIL/TB_E_IO when the folder cannot be written.
 * Shape:   files DATABASE (0600), DATABASE-wal, DATABASE.lock.
 */
#ifndef TB_DB_H
#define TB_DB_H

#include <stdbool.h>
#include "base/status.h"
#include "base/str.h"
#include "base/zone.h"

struct tb_db;

enum tb_db_mode {
    TB_DB_READ, /* an existing database, no lock; nothing is written */
    TB_DB_WRITE /* takes the lock, creates the file and its folder, migrates */
};

enum tb_status tb_db_open(const char *path, enum tb_db_mode mode, struct tb_db **out,
                          struct tb_err *err) TB_MUST_USE;
void tb_db_close(struct tb_db *db); /* rolls back what is open */

/* The zone in which usage_event's `day` is told. Borrowed until tb_db_close. */
void tb_db_set_zone(struct tb_db *db, const struct tb_zone *zone);

enum tb_status tb_db_begin(struct tb_db *db, struct tb_err *err) TB_MUST_USE; /* IMMEDIATE */
enum tb_status tb_db_commit(struct tb_db *db, struct tb_err *err) TB_MUST_USE;
void tb_db_rollback(struct tb_db *db);

/* Whether it was opened to write. */
bool tb_db_writable(const struct tb_db *db);

/* A consistent copy at path (0600). */
enum tb_status tb_db_backup(struct tb_db *db, const char *path, struct tb_err *err) TB_MUST_USE;

/* PRAGMA quick_check and foreign key check; TB_FAIL/TB_E_DB with the first trouble. */
enum tb_status tb_db_check(struct tb_db *db, struct tb_err *err) TB_MUST_USE;

#endif
