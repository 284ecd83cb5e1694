/* Concept: billing days closed by somebody: what they were closed with stays, whatever arrives later.
 * Shape:   closing keeps a copy of the day's rollups as table version 0 (TB_TABLES_CLOSED), so that every statement over
 *          rollups can ask for the closed day instead of the living one. Each act stands in table `closing` for good.
 * Owns:    nothing; texts of a tb_closing are copied.
 * Errors:  TB_FATAL/TB_E_DB.
 */
#ifndef TB_CLOSING_H
#define TB_CLOSING_H

#include "store/db.h"

#define TB_TABLES_CLOSED      0 /* the "table version" of a closed day's own rollups */
#define TB_CLOSING_NAME_BYTES 128
#define TB_CLOSING_NOTE_BYTES 1024
#define TB_CLOSING_BY_AGE     "close_after_days" /* who closed, when the configuration did */

/* The last act on a day. */
struct tb_closing {
    bool closed;   /* now */
    bool reopened; /* ever */
    bool stamped;  /* closed, and its workbook says so */
    int64_t revision, at_us;
    char name[TB_CLOSING_NAME_BYTES + 1], note[TB_CLOSING_NOTE_BYTES + 1]; /* note: "" = none */
};

/* All false when nobody ever closed the day. */
enum tb_status tb_closing_find(struct tb_db *db, int32_t day, struct tb_closing *out,
                               struct tb_err *err) TB_MUST_USE;

/* Closes an open day that was just packed as this revision with table version tables (pack_built is its row); act has name, note,
 * at_us, revision. In the caller's transaction, as those below. */
enum tb_status tb_closing_close(struct tb_db *db, int32_t day, int64_t tables, const struct tb_closing *act,
                                struct tb_err *err) TB_MUST_USE;
/* Opens a closed day; the next run packs it anew. */
enum tb_status tb_closing_reopen(struct tb_db *db, int32_t day, const struct tb_closing *act,
                                 struct tb_err *err) TB_MUST_USE;
/* Its workbook stands and says FINAL. */
enum tb_status tb_closing_stamp(struct tb_db *db, int32_t day, struct tb_err *err) TB_MUST_USE;

#endif
