/* Concept: why a number is what it is: a chargeback line back to its events, the price rows in force, files and line numbers; and a
 *          finding back to its events and the SQL that says its number again.
 * Shape:   ids are found by any beginning that only one has (at least TB_EXPLAIN_PREFIX_MIN digits), like git's.
 * Owns:    a tb_explain_key its texts, until tb_explain_key_release.
 * Errors:  TB_FAIL/TB_E_USAGE for a beginning that several ids have; it names them. TB_END: no line has it.
 */
#ifndef TB_EXPLAIN_H
#define TB_EXPLAIN_H

#include "base/arena.h"
#include "reports/line_id.h"
#include "reports/report.h"

#define TB_EXPLAIN_PREFIX_MIN 4

/* A line: its id, days, and keys as in line_id.h. */
struct tb_explain_key {
    char id[TB_LINE_ID_MAX];
    int32_t from_day, to_day;
    int64_t version; /* of the tables that told it */
    struct tb_str key[TB_LINE_KEYS];
    struct tb_arena arena;
};

/* Of the days of q (one by one, and where they are several also all together) the line whose id begins with prefix (lower-case
 * hexadecimal); as q->version told it, else the newest that did. */
enum tb_status tb_explain_find(const struct tb_report_query *q, struct tb_str prefix,
                               struct tb_explain_key *out, struct tb_err *err) TB_MUST_USE;
void tb_explain_key_release(struct tb_explain_key *k);

/* The report: q's days and version are the line's. top: events listed, 0 = all. tb_report_state tells when the events, the price rows
 * and the line do not add up to the same. */
enum tb_status tb_explain_line(const struct tb_report_query *q, const struct tb_explain_key *k,
                               struct tb_report **out, struct tb_err *err) TB_MUST_USE;

/* A finding of q's days whose id begins with prefix, as its last day in them saw it; q->top calls listed, 0 = all. TB_END: there is
 * none. */
enum tb_status tb_explain_finding(const struct tb_report_query *q, struct tb_str prefix,
                                  struct tb_report **out, struct tb_err *err) TB_MUST_USE;

#endif
