#include "load/handover.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_NS 100000000

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
}

struct tb_member *tb_member_new(struct tb_str name)
{
    struct tb_member *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    tb_tally_init(&m->tally);
    m->format = "";
    if (name.s != NULL) {
        m->name = strndup(name.s, name.n);
        if (m->name == NULL) {
            free(m);
            return NULL;
        }
    }
    return m;
}

void tb_member_free(struct tb_member *m)
{
    if (m != NULL) {
        tb_tally_release(&m->tally);
        free(m->name);
        free(m);
    }
}

enum tb_status tb_lane_init(struct tb_lane *lane, const struct tb_bounds *bounds, struct tb_err *err)
{
    memset(lane, 0, sizeof *lane);
    tb_spill_init(&lane->spill);
    for (uint32_t i = 0; i < bounds->batches; i++) {
        struct tb_batch *b = tb_batch_new(bounds);
        if (b == NULL) {
            return no_memory(err);
        }
        b->next = lane->free;
        lane->free = b;
    }
    return TB_OK;
}

void tb_lane_release(struct tb_lane *lane)
{
    while (lane->free != NULL) {
        struct tb_batch *b = lane->free;
        lane->free = b->next;
        tb_batch_free(b);
    }
    tb_spill_release(&lane->spill);
}

enum tb_status tb_handover_init(struct tb_handover *h, const struct tb_bounds *bounds, size_t jobs,
                                struct tb_err *err)
{
    memset(h, 0, sizeof *h);
    h->jobs = calloc(jobs + 1, sizeof *h->jobs);
    if (h->jobs == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < jobs; i++) {
        h->jobs[i].index = i;
    }
    h->n = jobs;
    h->bounds = bounds;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->to_committer, &monotonic);
    pthread_cond_init(&h->to_workers, NULL);
    pthread_condattr_destroy(&monotonic);
    return TB_OK;
}

void tb_handover_release(struct tb_handover *h)
{
    for (size_t i = 0; i < h->n; i++) {
        while (h->jobs[i].head != NULL) {
            struct tb_item *item = h->jobs[i].head;
            h->jobs[i].head = item->next;
            if (item->kind == TB_ITEM_DONE) {
                tb_member_free(item->member);
            }
            tb_batch_free(item->batch);
            free(item);
        }
        tb_member_free(h->jobs[i].member);
    }
    free(h->jobs);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->to_committer);
    pthread_cond_destroy(&h->to_workers);
}

struct tb_job *tb_handover_take(struct tb_handover *h, struct tb_lane *lane)
{
    pthread_mutex_lock(&h->lock);
    struct tb_job *job = NULL;
    if (h->taken < h->n && !tb_handover_cancelled(h)) {
        job = &h->jobs[h->taken++];
        job->lane = lane;
    }
    pthread_mutex_unlock(&h->lock);
    return job;
}

bool tb_handover_borrow(struct tb_handover *h)
{
    int n = atomic_load_explicit(&h->spare, memory_order_relaxed);
    while (n > 0 && !atomic_compare_exchange_weak(&h->spare, &n, n - 1)) {
    }
    return n > 0;
}

void tb_handover_give_back(struct tb_handover *h)
{
    atomic_fetch_add(&h->spare, 1);
}

bool tb_handover_turn(struct tb_handover *h, struct tb_job *job)
{
    pthread_mutex_lock(&h->lock);
    while (!tb_handover_cancelled(h) && job->index != h->committing) {
        pthread_cond_wait(&h->to_workers, &h->lock);
    }
    job->pipe = !tb_handover_cancelled(h);
    pthread_mutex_unlock(&h->lock);
    return job->pipe;
}

void tb_handover_pass(struct tb_handover *h, struct tb_job *job)
{
    pthread_mutex_lock(&h->lock);
    job->pipe = false;
    pthread_mutex_unlock(&h->lock);
}

bool tb_handover_in_pipe(struct tb_handover *h, const struct tb_job *job)
{
    pthread_mutex_lock(&h->lock);
    bool pipe = job->pipe;
    pthread_mutex_unlock(&h->lock);
    return pipe;
}

/* With the lock held. */
static void enqueue(struct tb_handover *h, struct tb_job *job, struct tb_item *item)
{
    if (job->head == NULL) {
        job->head = item;
    } else {
        job->tail->next = item;
    }
    job->tail = item;
    if (job->index == h->committing) {
        pthread_cond_signal(&h->to_committer);
    }
}

enum tb_status tb_handover_put(struct tb_handover *h, struct tb_job *job, const struct tb_item *item,
                               struct tb_err *err)
{
    struct tb_item *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return no_memory(err);
    }
    *copy = *item;
    copy->next = NULL;
    pthread_mutex_lock(&h->lock);
    enqueue(h, job, copy);
    pthread_mutex_unlock(&h->lock);
    return TB_OK;
}

/* With the lock held, which it lets go while writing. */
static enum tb_status spill(struct tb_handover *h, struct tb_job *job, struct tb_item *item,
                            const struct tb_batch *b, struct tb_err *err)
{
    struct tb_lane *lane = job->lane;
    if (lane->spilled_bytes == 0) {
        tb_spill_rewind(&lane->spill);
    }
    pthread_mutex_unlock(&h->lock);
    enum tb_status st = tb_spill_write(&lane->spill, b, &item->chunk, err);
    pthread_mutex_lock(&h->lock);
    if (st == TB_OK) {
        lane->spilled_bytes += item->chunk.n;
        item->batch = NULL;
    }
    return st;
}

enum tb_status tb_handover_batch(struct tb_handover *h, struct tb_job *job, struct tb_batch **batch,
                                 struct tb_err *err)
{
    struct tb_lane *lane = job->lane;
    struct tb_item *item = calloc(1, sizeof *item);
    if (item == NULL) {
        return no_memory(err);
    }
    item->kind = TB_ITEM_BATCH;
    enum tb_status st = TB_OK;
    pthread_mutex_lock(&h->lock);
    while (!tb_handover_cancelled(h) && lane->free == NULL &&
           (job->index == h->committing || lane->spilled_bytes >= h->bounds->spill_bytes)) {
        pthread_cond_wait(&h->to_workers, &h->lock);
    }
    if (tb_handover_cancelled(h)) {
        st = tb_err_set(err, TB_FATAL, TB_E_INTERRUPT, "interrupted");
    } else if (lane->free != NULL) {
        item->batch = *batch;
        *batch = lane->free;
        lane->free = (*batch)->next;
    } else {
        st = spill(h, job, item, *batch, err);
    }
    if (st == TB_OK) {
        tb_batch_clear(*batch);
        enqueue(h, job, item);
    }
    pthread_mutex_unlock(&h->lock);
    if (st != TB_OK) {
        free(item);
    }
    return st;
}

void tb_handover_fail(struct tb_handover *h, enum tb_status st, const struct tb_err *err)
{
    pthread_mutex_lock(&h->lock);
    if (h->st == TB_OK) {
        h->st = st;
        h->err = *err;
    }
    pthread_mutex_unlock(&h->lock);
    tb_handover_cancel(h);
}

void tb_handover_cancel(struct tb_handover *h)
{
    pthread_mutex_lock(&h->lock);
    atomic_store(&h->cancelled, true);
    pthread_cond_broadcast(&h->to_workers);
    pthread_cond_broadcast(&h->to_committer);
    pthread_mutex_unlock(&h->lock);
}

/* With the lock held: makes job the one being committed, and waits a moment for an item. */
static struct tb_item *dequeue(struct tb_handover *h, struct tb_job *job)
{
    if (h->committing != job->index) {
        h->committing = job->index;
        pthread_cond_broadcast(&h->to_workers);
    }
    if (job->head == NULL && h->st == TB_OK) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WAIT_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&h->to_committer, &h->lock, &until);
    }
    struct tb_item *item = job->head;
    if (item != NULL) {
        job->head = item->next;
    }
    return item;
}

enum tb_status tb_handover_get(struct tb_handover *h, struct tb_job *job, struct tb_item *out,
                               struct tb_batch *spare, struct tb_buf *scratch, struct tb_err *err)
{
    pthread_mutex_lock(&h->lock);
    struct tb_item *item = dequeue(h, job);
    enum tb_status st = h->st;
    if (st != TB_OK) {
        *err = h->err;
    }
    if (st != TB_OK && item != NULL) { /* released with the others */
        item->next = job->head;
        job->head = item;
    }
    pthread_mutex_unlock(&h->lock);
    if (st != TB_OK || item == NULL) {
        return st != TB_OK ? st : TB_END;
    }
    *out = *item;
    free(item);
    if (out->kind == TB_ITEM_BATCH && out->batch == NULL) {
        st = tb_spill_read(&job->lane->spill, out->chunk, scratch, spare, err);
        out->batch = spare;
        pthread_mutex_lock(&h->lock);
        job->lane->spilled_bytes -= out->chunk.n;
        pthread_cond_broadcast(&h->to_workers);
        pthread_mutex_unlock(&h->lock);
    }
    return st;
}

void tb_handover_return(struct tb_handover *h, struct tb_job *job, struct tb_batch *batch)
{
    pthread_mutex_lock(&h->lock);
    tb_batch_clear(batch);
    batch->next = job->lane->free;
    job->lane->free = batch;
    pthread_cond_broadcast(&h->to_workers);
    pthread_mutex_unlock(&h->lock);
}
