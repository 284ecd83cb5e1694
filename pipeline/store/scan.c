/* Scans: live events of a range, a segment at a time. */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store/scan_block.h"

struct tb_scan {
    struct tb_db *db;
    int64_t from_us, to_us;
    uint64_t columns;
    int64_t day, segment; /* the last one seen */
    struct tb_segment *s;
    uint32_t live[TB_SEGMENT_ROWS]; /* rows of the block, when not all are live */
};

enum tb_status tb_scan_open(struct tb_db *db, int64_t from_us, int64_t to_us, uint64_t columns,
                            struct tb_scan **out, struct tb_err *err)
{
    *out = NULL;
    struct tb_scan *scan = calloc(1, sizeof *scan);
    struct tb_segment *s = tb_segment_new();
    if (scan == NULL || s == NULL) {
        free(scan);
        tb_segment_free(s);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read events");
    }
    scan->db = db;
    scan->from_us = from_us;
    scan->to_us = to_us;
    scan->columns = columns;
    scan->day = TB_DAY_NONE;
    scan->s = s;
    *out = scan;
    return TB_OK;
}

void tb_scan_close(struct tb_scan *s)
{
    if (s != NULL) {
        tb_segment_free(s->s);
        free(s);
    }
}

/* The next segment that may hold a row of the range. No statement stays open between calls. */
static enum tb_status next_segment(struct tb_scan *scan, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(scan->db, "segment_next.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", scan->day);
    tb_query_bind_int(q, "segment", scan->segment);
    tb_query_bind_int(q, "last_day", tb_utc_day(scan->to_us - 1));
    tb_query_bind_int(q, "from_us", scan->from_us);
    tb_query_bind_int(q, "to_us", scan->to_us);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        scan->day = tb_query_int(q, 0);
        scan->segment = tb_query_int(q, 1);
    }
    tb_query_reset(q);
    return st;
}

enum tb_status tb_scan_next(struct tb_scan *scan, struct tb_block *out, struct tb_err *err)
{
    if (scan->to_us <= scan->from_us) {
        return TB_END;
    }
    for (;;) {
        enum tb_status st = next_segment(scan, err);
        if (st == TB_OK) {
            st = tb_segment_open(scan->db, scan->segment, scan->s, err);
        }
        if (st == TB_OK) {
            st = tb_scan_block(scan->db, scan->s, scan->columns, scan->from_us, scan->to_us, scan->live, out,
                               err);
        }
        if (st == TB_OK && scan->db->failed) {
            *err = scan->db->failure;
            st = TB_FATAL;
        }
        if (st != TB_OK || out->n > 0) {
            return st;
        }
    }
}
