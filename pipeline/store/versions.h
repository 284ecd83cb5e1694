/* Concept: versions of the CSV tables: all tables together have one version number; a version's texts
 *          are kept for good.
 */
#ifndef TB_VERSIONS_H
#define TB_VERSIONS_H

#include "config/tables.h"
#include "store/db.h"

/* The version whose texts equal tables' texts if it is the newest, else a new version is written (in the
 * caller's transaction). *is_new tells. */
enum tb_status tb_versions_import(struct tb_db *db, const struct tb_tables *tables, int64_t now_us,
                                  int64_t *version, bool *is_new, struct tb_err *err) TB_MUST_USE;

/* The newest version; 0 when there is none. */
enum tb_status tb_versions_newest(struct tb_db *db, int64_t *version, struct tb_err *err) TB_MUST_USE;

/* Whether the newest version's texts equal tables' texts: *version is it, else 0. Reads only. */
enum tb_status tb_versions_match(struct tb_db *db, const struct tb_tables *tables, int64_t *version,
                                 struct tb_err *err) TB_MUST_USE;

/* Parses the texts of a version. TB_FAIL/TB_E_USAGE when there is no such version. */
enum tb_status tb_versions_load(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                struct tb_tables **out, struct tb_err *err) TB_MUST_USE;

#endif
