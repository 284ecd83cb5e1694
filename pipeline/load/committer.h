/* Concept: stores what the workers read, in the order of the list: each file whole in one SQLite transaction, in it a
 *          ledger row per member (filing.h) and its events. Small files share a transaction (bounds.h).
 * Owns:    its maps and scratch, from tb_committer_init until tb_committer_release; the calling thread's.
 * Errors:  TB_FATAL; TB_FAIL/TB_E_INTERRUPT when *stop was set. The transaction that was open is rolled back.
 */
#ifndef TB_COMMITTER_H
#define TB_COMMITTER_H

#include "load/filing.h"
#include "load/handover.h"
#include "load/load.h"

struct tb_committer {
    struct tb_db *db;
    struct tb_handover *handover;
    const volatile sig_atomic_t *stop;
    struct tb_load_summary *summary;
    uint64_t raw_total; /* bytes of all jobs, for progress */
    struct tb_filing filing;
    struct tb_batch *spare;
    struct tb_buf scratch;
    uint32_t *dict; /* dict id by a worker's number */
    uint32_t dict_n, dict_cap;

    /* of the file being stored */
    struct tb_job *job;
    bool begun;                       /* something of it is in the transaction */
    bool open;                        /* a transaction is */
    uint32_t group_files, group_rows; /* whole files in it, and their rows */
    struct tb_load_txn *txn;
    struct tb_load_summary sums;
    const struct tb_batch *batch; /* being appended, ... */
    enum tb_status pruned_st;     /* ... and what became of its rows of pruned days */
    struct tb_err pruned_err;
};

enum tb_status tb_committer_init(struct tb_committer *c, struct tb_db *db, struct tb_handover *h,
                                 const volatile sig_atomic_t *stop, struct tb_load_summary *summary,
                                 struct tb_err *err) TB_MUST_USE;
void tb_committer_release(struct tb_committer *c);

/* Stores every job. */
enum tb_status tb_committer_run(struct tb_committer *c, struct tb_err *err) TB_MUST_USE;

#endif
