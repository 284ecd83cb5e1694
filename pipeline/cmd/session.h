/* Concept: what most commands need before they begin: settings, formats, tables at a version, the database.
 * Owns:    everything in it, until tb_session_close.
 */
#ifndef TB_SESSION_H
#define TB_SESSION_H

#include "cmd/dates.h"
#include "config/settings.h"
#include "config/tables.h"
#include "format/format.h"
#include "store/db.h"

struct tb_session {
    struct tb_settings *settings;
    struct tb_format_set *formats; /* when asked for */
    struct tb_db *db;
    struct tb_tables *tables;
    int64_t version; /* of tables; 0 before they are imported */
    int64_t now_us;
    bool closed_stand; /* tb_session_report: closed days stand as they were closed, and are not looked at */
    bool
        asked_tables; /* tb_session_report: the version is the user's word (--tables), which pruned days cannot follow */
};

enum tb_status tb_session_settings(struct tb_session *s, const char *config, struct tb_err *err) TB_MUST_USE;
/* The settings, and the DATES of the command line in their zone; the words may be NULL. */
enum tb_status tb_session_dates(struct tb_session *s, const char *config, const char *date, const char *from,
                                const char *to, bool instants, struct tb_dates *out,
                                struct tb_err *err) TB_MUST_USE;
enum tb_status tb_session_formats(struct tb_session *s, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_session_key(struct tb_session *s,
                              struct tb_err *err) TB_MUST_USE; /* loads or makes the prompt key */
enum tb_status tb_session_db(struct tb_session *s, enum tb_db_mode mode, struct tb_err *err) TB_MUST_USE;

/* Loads the configured tables and imports them as a new version when they changed (writes). */
enum tb_status tb_session_import(struct tb_session *s, bool *is_new, struct tb_err *err) TB_MUST_USE;

/* Makes the rollups of the days current for the session's tables: one transaction. */
enum tb_status tb_session_reduce(struct tb_session *s, int32_t from_day, int32_t to_day,
                                 struct tb_err *err) TB_MUST_USE;

/* Opens database, tables (version wanted, 0 = the configured ones) and rollups of the days for a report: reading only when
 * all is current, else with the lock, importing and reducing. */
enum tb_status tb_session_report(struct tb_session *s, int64_t wanted, int32_t from_day, int32_t to_day,
                                 struct tb_err *err) TB_MUST_USE;

/* Forgets database and tables, keeps the settings: for a second look at other days. */
void tb_session_rewind(struct tb_session *s);

void tb_session_close(struct tb_session *s);

#endif
