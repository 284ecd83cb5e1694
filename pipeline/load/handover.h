/* Concept: what passes between the workers and the committer, and who waits for whom.
 * Shape:   a job per file, in the order of the list. A worker takes the next job and puts items into its
 *          queue; the committer gets the items of job after job. Per file: COPY and nothing else, or for each
 *          member MEMBER, BATCH..., DONE; END is always the last.
 *          Each worker owns a few batches (its lane). When none is free, the worker of the file being
 *          committed waits; the worker of a later file spills, and waits only when tb_bounds.spill_bytes are
 *          waiting already. Jobs are taken in order, so the file being committed always has a worker that
 *          does not wait for anything else.
 * Owns:    the queues and what is still in them.
 * Errors:  the first TB_FATAL of a worker cancels all; tb_handover_get returns it.
 */
#ifndef TB_HANDOVER_H
#define TB_HANDOVER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "input/source.h"
#include "load/batch.h"
#include "load/retry.h"
#include "load/spill.h"
#include "load/tally.h"

/* One member: name and kind are set before MEMBER is put, the rest before DONE. */
struct tb_member {
    char *name;                          /* NULL when the file is no archive */
    const struct tb_retry_member *again; /* its rejected lines are read again; NULL: it is new */
    bool head;                           /* ... and only as far as it was read then: it has grown */
    char kind[32];
    const char *format; /* id; "" when no format recognises it */
    char wrapper[64];
    bool has_raw;
    struct tb_hash128 raw;
    struct tb_tally tally;
    uint64_t bytes;
    struct tb_hash128 digest;
    struct tb_err fault; /* code TB_E_NONE: whole */
};

enum tb_item_kind { TB_ITEM_MEMBER, TB_ITEM_BATCH, TB_ITEM_DONE, TB_ITEM_COPY, TB_ITEM_END };

struct tb_item {
    enum tb_item_kind kind;
    struct tb_member *member; /* MEMBER, DONE: the same; the committer frees it after DONE */
    struct tb_batch *batch;   /* BATCH: in memory, */
    struct tb_chunk chunk;    /* or, when batch is NULL, spilled */
    struct tb_hash128 raw;    /* COPY: the digest that is known */
    const char *format;       /* COPY */
    struct tb_err fault;      /* END: what stopped the file outside of any member; code TB_E_NONE: nothing */
    struct tb_item *next;
};

struct tb_lane {
    struct tb_batch *free;
    struct tb_spill spill;
    uint64_t spilled_bytes; /* written and not read yet */
};

struct tb_job {
    const struct tb_input_file *file;
    const struct tb_retry *again; /* NULL: a file to read for the first time */
    size_t index;
    struct tb_lane *lane;     /* of the worker that took it */
    bool pipe;                /* its worker has its turn to read what cannot be read again */
    struct tb_member *member; /* of which MEMBER was put and DONE was not: only its worker touches this */
    struct tb_item *head, *tail;
};

struct tb_handover {
    pthread_mutex_t lock;
    pthread_cond_t to_committer, to_workers;
    struct tb_job *jobs;
    size_t n, taken, committing;
    const struct tb_bounds *bounds;
    const volatile sig_atomic_t *stop; /* asks a pipe's reader to end; may be NULL */
    atomic_bool cancelled;
    atomic_uint_fast64_t raw_bytes; /* read so far, for progress */
    atomic_int spare;               /* cores without a worker that reads */
    enum tb_status st;
    struct tb_err err;
};

enum tb_status tb_handover_init(struct tb_handover *h, const struct tb_bounds *bounds, size_t jobs,
                                struct tb_err *err) TB_MUST_USE;
void tb_handover_release(struct tb_handover *h); /* after the workers have ended */

enum tb_status tb_lane_init(struct tb_lane *lane, const struct tb_bounds *bounds,
                            struct tb_err *err) TB_MUST_USE;
void tb_lane_release(struct tb_lane *lane); /* its free batches and its file */

/* ---- the worker's side ---- */

struct tb_job *tb_handover_take(struct tb_handover *h,
                                struct tb_lane *lane); /* NULL: no more, or cancelled */

static inline bool tb_handover_cancelled(struct tb_handover *h)
{
    return atomic_load_explicit(&h->cancelled, memory_order_relaxed);
}

/* A core that no worker uses, to read a file with two threads: false, there is none. Given back when the file is read. */
bool tb_handover_borrow(struct tb_handover *h);
void tb_handover_give_back(struct tb_handover *h);

/* Waits until job is the file being committed, and takes its turn: an interrupt from now on commits what was read. False:
 * all was cancelled. _pass gives the turn back, as nothing was read. */
bool tb_handover_turn(struct tb_handover *h, struct tb_job *job);
void tb_handover_pass(struct tb_handover *h, struct tb_job *job);

/* Puts a copy of item at the end of job's queue. TB_FATAL: no memory. */
enum tb_status tb_handover_put(struct tb_handover *h, struct tb_job *job, const struct tb_item *item,
                               struct tb_err *err) TB_MUST_USE;

/* Hands *batch over; *batch is then an empty one. May wait. TB_FATAL/TB_E_INTERRUPT when all was
 * cancelled meanwhile. */
enum tb_status tb_handover_batch(struct tb_handover *h, struct tb_job *job, struct tb_batch **batch,
                                 struct tb_err *err) TB_MUST_USE;

/* A worker cannot go on: all stop. */
void tb_handover_fail(struct tb_handover *h, enum tb_status st, const struct tb_err *err);

/* ---- the committer's side ---- */

/* The next item of job, which becomes the one being committed; waits for it, at most a tenth of a second:
 * TB_END = none yet. A batch that was spilled is read into spare. */
enum tb_status tb_handover_get(struct tb_handover *h, struct tb_job *job, struct tb_item *out,
                               struct tb_batch *spare, struct tb_buf *scratch,
                               struct tb_err *err) TB_MUST_USE;

/* Gives a batch back to job's lane. */
void tb_handover_return(struct tb_handover *h, struct tb_job *job, struct tb_batch *batch);

/* Is job a pipe that is being read? */
bool tb_handover_in_pipe(struct tb_handover *h, const struct tb_job *job);

void tb_handover_cancel(struct tb_handover *h);

struct tb_member *tb_member_new(struct tb_str name); /* NULL: no memory */
void tb_member_free(struct tb_member *m);

#endif
