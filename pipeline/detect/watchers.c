/* The watchers of runs, gaps and hourly cost, in a thread of their own when there is a batch for it. They share no array of the digest with
 * those who sum up, and take every batch in its order, so that the thread's pace changes nothing. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "detect/pass.h"

#define BATCHES 32 /* so many that who has to wait for a core does not hold the others up */

struct tb_watchers {
    struct tb_repeat *repeat;
    struct tb_rhythm *rhythm;
    struct tb_hourly hourly;
    const struct tb_pass *pass;
    struct tb_pass_batch *batch; /* BATCHES of them, in turn */
    bool running; /* the thread is there: lock guards what follows, and hands batches from one to the other */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t handed, taken; /* batches so far */
    bool stop;
    enum tb_status status;
    struct tb_err err;
};

enum tb_status tb_watchers_new(const struct tb_pass *p, struct tb_watchers **out, struct tb_err *err)
{
    struct tb_watchers *w = *out = calloc(1, sizeof *w);
    if (w != NULL) {
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->changed, NULL);
        w->pass = p;
        tb_hourly_init(&w->hourly, p);
        w->repeat = tb_repeat_new(p);
        w->rhythm = tb_rhythm_new(p);
        w->batch = aligned_alloc(_Alignof(struct tb_pass_batch), BATCHES * sizeof *w->batch);
    }
    return w == NULL || w->repeat == NULL || w->rhythm == NULL || w->batch == NULL
               ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to look for anomalies")
               : TB_OK;
}

/* Ends the thread, which has taken all that was handed over then. */
static void join(struct tb_watchers *w)
{
    if (w->running) {
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        w->running = false;
    }
}

void tb_watchers_free(struct tb_watchers *w)
{
    if (w != NULL) {
        join(w);
        tb_repeat_free(w->repeat);
        tb_rhythm_free(w->rhythm);
        tb_hourly_release(&w->hourly);
        free(w->batch);
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}

static void call(const struct tb_watchers *w, const struct tb_pass_batch *b, uint32_t i)
{
    if (i < b->n) {
        tb_repeat_call(w->repeat, &b->e[i]);
        tb_rhythm_call(w->rhythm, &b->e[i]);
    }
    if (i >= TB_PASS_STRIDE && i - TB_PASS_STRIDE < b->n) {
        const struct tb_pass_event *e = &b->e[i - TB_PASS_STRIDE];
        tb_repeat_call_looks(w->repeat, e);
        tb_rhythm_call_ring(w->rhythm, e);
    }
    if (i >= 2 * TB_PASS_STRIDE && i - 2 * TB_PASS_STRIDE < b->n) {
        const struct tb_pass_event *e = &b->e[i - 2 * TB_PASS_STRIDE];
        tb_repeat_call_latest(w->repeat, e);
        tb_rhythm_call_place(w->rhythm, e);
    }
}

static enum tb_status take(struct tb_watchers *w, const struct tb_pass_batch *b, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < b->n + 3 * TB_PASS_STRIDE && st == TB_OK; i++) {
        call(w, b, i);
        if (i >= 3 * TB_PASS_STRIDE) {
            const struct tb_pass_event *e = &b->e[i - 3 * TB_PASS_STRIDE];
            st = tb_repeat_take(w->repeat, e, err);
            if (st == TB_OK) {
                st = tb_rhythm_take(w->rhythm, e, err);
            }
            if (st == TB_OK) {
                st = tb_hourly_take(&w->hourly, e->ts_us, e->cost, err);
            }
        }
    }
    return st;
}

static void *run(void *arg)
{
    struct tb_watchers *w = arg;
    struct tb_err err = {.code = TB_E_NONE};
    pthread_mutex_lock(&w->lock);
    while (w->status == TB_OK) {
        while (!w->stop && w->taken == w->handed) {
            pthread_cond_wait(&w->changed, &w->lock);
        }
        if (w->taken == w->handed) {
            break;
        }
        const struct tb_pass_batch *b = &w->batch[w->taken % BATCHES];
        pthread_mutex_unlock(&w->lock);
        enum tb_status st = take(w, b, &err);
        pthread_mutex_lock(&w->lock);
        w->taken++;
        w->status = st;
        w->err = err;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void start(struct tb_watchers *w)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are the calling thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct tb_pass_batch *tb_watchers_room(struct tb_watchers *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->status == TB_OK && w->handed - w->taken == BATCHES) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    struct tb_pass_batch *b = &w->batch[w->handed % BATCHES];
    pthread_mutex_unlock(&w->lock);
    b->n = 0;
    return b;
}

enum tb_status tb_watchers_hand(struct tb_watchers *w, struct tb_err *err)
{
    const struct tb_pass_batch *b = &w->batch[w->handed % BATCHES];
    if (!w->running && b->n == TB_PASS_BATCH) {
        start(w);
    }
    if (!w->running) { /* too little for a thread, or there is none */
        w->status = w->status == TB_OK ? take(w, b, &w->err) : w->status;
        w->taken++;
    }
    pthread_mutex_lock(&w->lock);
    w->handed++;
    enum tb_status st = w->status;
    if (st != TB_OK) {
        *err = w->err;
    }
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return st;
}

enum tb_status tb_watchers_end(struct tb_watchers *w, struct tb_err *err)
{
    join(w);
    if (w->status != TB_OK) {
        *err = w->err;
        return w->status;
    }
    enum tb_status st = tb_repeat_end(w->repeat, err);
    if (st == TB_OK) {
        st = tb_rhythm_end(w->rhythm, err);
    }
    return st == TB_OK ? tb_hourly_end(&w->hourly, w->pass, err) : st;
}
