/* Concept: what became of one member's lines: counts, reasons, the quarter-hours it holds, and the digest of
 *          its content.
 * Shape:   lines = rows + ignored + rejected here; the committer splits rows into events, duplicates and
 *          conflicts. The content digest is a sum over physical lines, each mixed with its line number,
 *          closed with the number of bytes: order of adding does not matter. A line that is one plain record
 *          and became events goes in by what was read of it (identity and payload: hashing 2.4 KB again would
 *          cost a tenth of the whole ingest); every other line by its bytes. Two contents with one digest
 *          thus differ at most in what nobody reads.
 * Units:   quarter = ts_us / 900,000,000.
 * Owns:    its lists, until tb_tally_release. Reasons are borrowed (they outlive the load).
 * Limits:  the quarter-hours are as many as the log's time span has: 35,040 a year, 8 bytes each.
 */
#ifndef TB_TALLY_H
#define TB_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/status.h"
#include "base/str.h"

#define TB_QUARTER_US INT64_C(900000000)

#define TB_REASON_TORN "torn_line" /* the member's last record is half there */

struct tb_reason {
    const char *kind; /* "ignored", "rejected" */
    const char *reason;
    uint64_t lines;
};

struct tb_quarters {
    int64_t *slots; /* open addressing; INT64_MIN = free. After tb_quarters_sort: [0, n) ascending */
    size_t n, size;
    int64_t last;
};

struct tb_tally {
    uint64_t lines, rows, ignored, rejected;
    struct tb_reason *reasons;
    size_t reason_n, reason_cap;
    struct tb_quarters quarters;
    struct tb_hash128 content;
};

void tb_tally_init(struct tb_tally *t);
void tb_tally_release(struct tb_tally *t);

enum tb_status tb_tally_ignored(struct tb_tally *t, const char *reason, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_tally_rejected(struct tb_tally *t, const char *reason, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_tally_row(struct tb_tally *t, int64_t ts_us, struct tb_err *err) TB_MUST_USE;

/* Counts lines more under kind and reason (the committer: rows of pruned days). */
enum tb_status tb_tally_reason(struct tb_tally *t, const char *kind, const char *reason, uint64_t lines,
                               struct tb_err *err) TB_MUST_USE;

/* Lines rejected as TB_REASON_TORN. */
uint64_t tb_tally_torn(const struct tb_tally *t);

/* A line by its bytes; an event by what was read of it (node_hash: of the node in the record itself). */
void tb_tally_content_line(struct tb_tally *t, uint64_t line, struct tb_str bytes);
void tb_tally_content_event(struct tb_tally *t, uint64_t line, struct tb_hash128 identity, uint64_t payload,
                            uint64_t node_hash);

/* The digest of a member of so many decompressed bytes. */
struct tb_hash128 tb_tally_content(const struct tb_tally *t, uint64_t bytes);

int64_t tb_quarter_of(int64_t ts_us); /* floor */
enum tb_status tb_quarters_add(struct tb_quarters *q, int64_t quarter, struct tb_err *err) TB_MUST_USE;
void tb_quarters_sort(struct tb_quarters *q);                    /* no tb_quarters_add after it */
void tb_quarters_remove(struct tb_quarters *q, int64_t quarter); /* after sorting */

#endif
