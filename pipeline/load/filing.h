/* Concept: a member's row in the intake ledger while it is being stored, and what goes with it: rejects,
 *          reasons, quarter-hours, and the rule for content that is known.
 * Shape:   within the committer's transaction. lines = events + duplicates + conflicts + ignored + rejected
 *          is asserted. A member whose content is known counts all its lines as duplicates. Its rows were
 *          appended as any others: equal content means equal identities and payloads, so that the store found
 *          nothing to change but, when this node's name is the smaller one, the node.
 * Owns:    statements and scratch, until tb_filing_release. Texts of entry are borrowed from the list and the
 *          member.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY.
 */
#ifndef TB_FILING_H
#define TB_FILING_H

#include "load/handover.h"
#include "load/load.h"
#include "store/files.h"
#include "store/query.h"

struct tb_filing {
    struct tb_db *db;
    struct tb_query *forget, *completed, *touched, *broken, *span;
    int64_t today_us; /* tb_load_options */
    uint32_t reject_rows_max, reject_rows;
    struct tb_file_entry entry; /* of the last member */
    struct tb_file_entry base;  /* what it counts already: nothing, or what a member read again keeps */
    const struct tb_retry_member *again; /* the member is read again, and was ... */
    struct tb_file_entry before;         /* ... this (counts only) */
    uint32_t said;                       /* files whose rejected lines were told */
    uint32_t first;                      /* ledger row of the file's first member; 0 = none yet */
    bool faulty;                         /* a member of the file is incomplete */
    struct tb_append_counts counts;
    struct tb_quarters pruned; /* quarter-hours of rows whose day is pruned: they do not belong to the file */
};

enum tb_status tb_filing_init(struct tb_filing *f, struct tb_db *db, const struct tb_bounds *bounds,
                              struct tb_err *err) TB_MUST_USE;
void tb_filing_release(struct tb_filing *f);

void tb_filing_start(struct tb_filing *f); /* a file begins */

/* A member begins: inserts its row. name may be absent. */
enum tb_status tb_filing_begin(struct tb_filing *f, const struct tb_input_file *file, struct tb_str name,
                               struct tb_err *err) TB_MUST_USE;

/* The same for a member whose rejected lines are read again: takes what they counted for out of its row. */
enum tb_status tb_filing_resume(struct tb_filing *f, const struct tb_retry_member *again,
                                struct tb_err *err) TB_MUST_USE;
void tb_filing_clear(struct tb_filing *f); /* filing.c, filing_again.c */
enum tb_status tb_filing_settle(struct tb_filing *f, struct tb_err *err) TB_MUST_USE; /* the same */

enum tb_status tb_filing_reject(struct tb_filing *f, const struct tb_reject *r,
                                struct tb_err *err) TB_MUST_USE;
enum tb_status tb_filing_pruned(struct tb_filing *f, const struct tb_row *row, const struct tb_place *place,
                                struct tb_err *err) TB_MUST_USE;

/* The member's end: what counts holds and what the worker tells become its row. Adds to sums. */
enum tb_status tb_filing_finish(struct tb_filing *f, struct tb_member *m, struct tb_load_summary *sums,
                                struct tb_err *err) TB_MUST_USE;

/* A file whose raw bytes are known: its row, without having been read. No row when it is the very file of that path, touched. */
enum tb_status tb_filing_copy(struct tb_filing *f, const struct tb_input_file *file, const char *format,
                              struct tb_hash128 raw, struct tb_load_summary *sums,
                              struct tb_err *err) TB_MUST_USE;

/* The end of a file that was read again. */
enum tb_status tb_filing_end_again(struct tb_filing *f, const struct tb_retry *again,
                                   const struct tb_err *fault, struct tb_load_summary *sums,
                                   struct tb_err *err) TB_MUST_USE;

/* The file's end. fault: what stopped it between its members (code TB_E_NONE: nothing). */
enum tb_status tb_filing_end(struct tb_filing *f, const struct tb_input_file *file,
                             const struct tb_err *fault, struct tb_load_summary *sums,
                             struct tb_err *err) TB_MUST_USE;

#endif
