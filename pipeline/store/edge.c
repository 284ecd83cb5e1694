/* The first and the last event of a range, without reading what lies between. */
#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store/scan_block.h"

/* Makes *ts_us the outermost of itself and the segment's live rows in the range. */
static enum tb_status look_into(struct tb_db *db, struct tb_segment *s, int64_t segment, int64_t from_us,
                                int64_t to_us, bool last, int64_t *ts_us, struct tb_err *err)
{
    struct tb_block b;
    uint32_t live[TB_SEGMENT_ROWS];
    enum tb_status st = tb_segment_open(db, segment, s, err);
    if (st == TB_OK) {
        st = tb_scan_block(db, s, TB_C_TS, from_us, to_us, live, &b, err);
    }
    if (st == TB_OK && b.n > 0) {
        int64_t ts = b.ts_us[last ? b.n - 1 : 0]; /* rows of a block are in order */
        bool further = *ts_us == TB_TS_NONE || (last ? ts > *ts_us : ts < *ts_us);
        *ts_us = further ? ts : *ts_us;
    }
    return st;
}

enum tb_status tb_events_edge(struct tb_db *db, int64_t from_us, int64_t to_us, bool last, int64_t *ts_us,
                              struct tb_err *err)
{
    struct tb_query *q = NULL;
    struct tb_segment *s = tb_segment_new();
    *ts_us = TB_TS_NONE;
    enum tb_status st = s != NULL ? tb_db_statement(db, "segment_edge.sql", &q, err)
                                  : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read events");
    if (st == TB_OK && from_us < to_us) {
        tb_query_bind_int(q, "from_day", tb_utc_day(from_us));
        tb_query_bind_int(q, "to_day", tb_utc_day(to_us - 1));
        tb_query_bind_int(q, "from_us", from_us);
        tb_query_bind_int(q, "to_us", to_us);
        tb_query_bind_int(q, "last", last);
        while ((st = tb_query_step(q, err)) == TB_OK) {
            int64_t bound = tb_query_int(q, last ? 2 : 1);
            if (*ts_us != TB_TS_NONE && (last ? bound <= *ts_us : bound >= *ts_us)) {
                break;
            }
            st = look_into(db, s, tb_query_int(q, 0), from_us, to_us, last, ts_us, err);
            if (st != TB_OK) {
                break;
            }
        }
        tb_query_reset(q);
    }
    tb_segment_free(s);
    return st == TB_OK || st == TB_END ? (*ts_us == TB_TS_NONE ? TB_END : TB_OK) : st;
}
