#include "store/ordered_stream.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "store/handle.h"
#include "store/scan_block.h"

#define AHEAD_EXTENTS 4 /* of fewer, a thread is not worth its start */

struct tb_feed {
    struct tb_db *db;
    const struct tb_ordered_how *how;
    const struct tb_extent *extents;
    size_t n, next; /* the next one to open: only who opens looks at it */
    int64_t from_us, to_us;
    bool running; /* the thread is there: lock guards what follows */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t waits, free_again;
    struct tb_stream *first, *last; /* opened, waiting for their turn */
    size_t waiting;
    struct tb_stream *unused;
    bool stop;
    enum tb_status status; /* of the one behind the last that waits */
    struct tb_err err;
};

struct tb_feed *tb_feed_new(struct tb_db *db, const struct tb_ordered_how *how)
{
    struct tb_feed *f = calloc(1, sizeof *f);
    if (f != NULL) {
        f->db = db;
        f->how = how;
        pthread_mutex_init(&f->lock, NULL);
        pthread_cond_init(&f->waits, NULL);
        pthread_cond_init(&f->free_again, NULL);
    }
    return f;
}

static void free_stream(struct tb_stream *s)
{
    if (s != NULL) {
        tb_segment_free(s->s);
        free(s->room);
        free(s);
    }
}

void tb_feed_free(struct tb_feed *f)
{
    if (f == NULL) {
        return;
    }
    while (f->unused != NULL) {
        struct tb_stream *s = f->unused;
        f->unused = s->next;
        free_stream(s);
    }
    pthread_cond_destroy(&f->free_again);
    pthread_cond_destroy(&f->waits);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* --- one stream --------------------------------------------------------------------------------------------------------- */

static enum tb_status make_stream(const struct tb_feed *f, struct tb_stream **out, struct tb_err *err)
{
    struct tb_stream *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->s = tb_segment_new();
        s->room = f->how->room_bytes > 0 ? malloc(TB_SEGMENT_ROWS * f->how->room_bytes) : NULL;
    }
    if (s == NULL || s->s == NULL || (s->room == NULL && f->how->room_bytes > 0)) {
        free_stream(s);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to order events");
    }
    *out = s;
    return TB_OK;
}

/* Segments are sorted by (ts, the log's id): rows of one instant may have to change places. */
static void order_rows(struct tb_stream *s)
{
    const struct tb_block *b = &s->block;
    s->in_order = true;
    for (uint32_t i = 1; s->in_order && i < b->n; i++) {
        s->in_order = !tb_row_before(b, i, b, i - 1);
    }
    for (uint32_t i = 0; !s->in_order && i < b->n; i++) {
        uint32_t k = i;
        for (; k > 0 && tb_row_before(b, i, b, s->order[k - 1]); k--) {
            s->order[k] = s->order[k - 1];
        }
        s->order[k] = i;
    }
}

/* Opens the next extent as *s, which is made when there is none. */
static enum tb_status open_next(struct tb_feed *f, struct tb_stream **made, struct tb_err *err)
{
    enum tb_status st = *made == NULL ? make_stream(f, made, err) : TB_OK;
    struct tb_stream *s = *made;
    if (st == TB_OK) {
        s->next = NULL;
        s->at = 0;
        st = tb_segment_open(f->db, f->extents[f->next++].segment, s->s, err);
    }
    if (st == TB_OK) {
        st = tb_scan_block(f->db, s->s, f->how->columns | TB_C_IDENTITY, f->from_us, f->to_us, s->live,
                           &s->block, err);
    }
    if (st != TB_OK || s->block.n == 0) {
        return st;
    }
    order_rows(s);
    s->block.room = s->room;
    return f->how->prepare != NULL ? f->how->prepare(f->how->ctx, &s->block, s->room, err) : TB_OK;
}

/* --- ahead of their turn -------------------------------------------------------------------------------------------------- */

static struct tb_stream *take_unused(struct tb_feed *f)
{
    struct tb_stream *s = f->unused;
    if (s != NULL) {
        f->unused = s->next;
    }
    return s;
}

static void put_unused(struct tb_feed *f, struct tb_stream *s)
{
    if (s != NULL) {
        s->next = f->unused;
        f->unused = s;
    }
}

static void put_waiting(struct tb_feed *f, struct tb_stream *s)
{
    if (f->last != NULL) {
        f->last->next = s;
    } else {
        f->first = s;
    }
    f->last = s;
    f->waiting++;
}

static struct tb_stream *take_waiting(struct tb_feed *f)
{
    struct tb_stream *s = f->first;
    if (s != NULL) {
        f->first = s->next;
        f->last = f->first == NULL ? NULL : f->last;
        f->waiting--;
    }
    return s;
}

static void *run(void *arg)
{
    struct tb_feed *f = arg;
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st = TB_OK;
    pthread_mutex_lock(&f->lock);
    while (st == TB_OK && f->next < f->n) {
        while (!f->stop && f->waiting == TB_FEED_AHEAD) {
            pthread_cond_wait(&f->free_again, &f->lock);
        }
        if (f->stop) {
            break;
        }
        struct tb_stream *s = take_unused(f);
        pthread_mutex_unlock(&f->lock);
        st = open_next(f, &s, &err);
        pthread_mutex_lock(&f->lock);
        if (st == TB_OK) {
            put_waiting(f, s);
        } else {
            put_unused(f, s);
            f->status = st;
            f->err = err;
        }
        pthread_cond_signal(&f->waits);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

void tb_feed_begin(struct tb_feed *f, const struct tb_extent *e, size_t n, int64_t from_us, int64_t to_us)
{
    sigset_t all, before;
    f->extents = e;
    f->n = n;
    f->next = 0;
    f->from_us = from_us;
    f->to_us = to_us;
    f->stop = false;
    f->status = TB_OK;
    if (!f->how->ahead || n < AHEAD_EXTENTS) {
        return;
    }
    sigfillset(&all); /* signals are the calling thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    f->running = pthread_create(&f->thread, NULL, run, f) == 0; /* else each is opened in its turn */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum tb_status tb_feed_take(struct tb_feed *f, struct tb_stream **out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (!f->running) {
        *out = take_unused(f);
        st = open_next(f, out, err);
        if (st != TB_OK) {
            put_unused(f, *out);
        }
        return st;
    }
    pthread_mutex_lock(&f->lock);
    while (f->first == NULL && f->status == TB_OK) {
        pthread_cond_wait(&f->waits, &f->lock);
    }
    *out = take_waiting(f);
    if (*out == NULL) {
        st = f->status;
        *err = f->err;
    }
    pthread_cond_signal(&f->free_again);
    pthread_mutex_unlock(&f->lock);
    return st;
}

void tb_feed_give(struct tb_feed *f, struct tb_stream *s)
{
    pthread_mutex_lock(&f->lock);
    put_unused(f, s);
    pthread_mutex_unlock(&f->lock);
}

void tb_feed_end(struct tb_feed *f)
{
    if (f->running) {
        pthread_mutex_lock(&f->lock);
        f->stop = true;
        pthread_cond_signal(&f->free_again);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
        f->running = false;
    }
    for (struct tb_stream *s = take_waiting(f); s != NULL; s = take_waiting(f)) {
        put_unused(f, s);
    }
}
