/* Bytes that another thread reads ahead, so that one big file keeps two cores busy: one decompresses, one takes lines
 * apart. Until tb_bytes_run_ahead the layer only passes on what below gives. */
#include "input/stream_parts.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 8 /* blocks between the two threads: enough that neither waits for the other's single hiccup */
#define AWAKE 3 /* a thread that waits is not woken for each block: it then has so many to take, or to fill */

struct slot {
    size_t n;
    uint64_t given; /* how far into the file below had come */
    enum tb_status st;
};

struct ahead {
    struct tb_bytes b;
    struct tb_bytes *below;
    bool running;
    pthread_t thread;
    char *blocks; /* SLOTS of TB_BLOCK_BYTES */
    size_t at;    /* in the slot being taken: the reader's */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock */
    struct slot slots[SLOTS];
    size_t filled, taken; /* ever; filled - taken <= SLOTS */
    bool busy;            /* below is being read */
    bool held, stopped;
    struct tb_err why; /* of the last slot, when that failed */
};

static void *fill_slots(void *of)
{
    struct ahead *a = of;
    enum tb_status st = TB_OK;
    pthread_mutex_lock(&a->lock);
    while (st == TB_OK && !a->stopped) {
        if (a->held || a->filled - a->taken == SLOTS) {
            pthread_cond_wait(&a->changed, &a->lock);
            continue;
        }
        struct slot *s = &a->slots[a->filled % SLOTS];
        char *block = a->blocks + a->filled % SLOTS * TB_BLOCK_BYTES;
        a->busy = true;
        pthread_mutex_unlock(&a->lock);
        st = tb_bytes_read(a->below, block, TB_BLOCK_BYTES, &s->n, &a->why);
        pthread_mutex_lock(&a->lock);
        s->st = st;
        s->given = a->below->root->given;
        a->filled++;
        a->busy = false;
        if (a->filled - a->taken == AWAKE || st != TB_OK || a->held) {
            pthread_cond_broadcast(&a->changed);
        }
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* The slot to take from; it stays this thread's until a->taken moves. */
static const struct slot *await_slot(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->filled == a->taken) {
        pthread_cond_wait(&a->changed, &a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return &a->slots[a->taken % SLOTS];
}

static void give_back_slot(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->taken++;
    a->at = 0;
    if (a->filled - a->taken == SLOTS - AWAKE) {
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
}

static enum tb_status ahead_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct ahead *a = (struct ahead *)b;
    if (!a->running) {
        enum tb_status st = tb_bytes_read(a->below, dst, cap, n, err);
        b->given = a->below->root->given;
        return st;
    }
    const struct slot *s = await_slot(a);
    b->given = s->given;
    if (s->st != TB_OK) {
        if (s->st == TB_FAIL && err != NULL) {
            *err = a->why; /* the thread has ended */
        }
        return s->st;
    }
    *n = s->n - a->at < cap ? s->n - a->at : cap;
    memcpy(dst, a->blocks + a->taken % SLOTS * TB_BLOCK_BYTES + a->at, *n);
    a->at += *n;
    if (a->at == s->n) {
        give_back_slot(a);
    }
    return TB_OK;
}

static void ahead_close(struct tb_bytes *b)
{
    struct ahead *a = (struct ahead *)b;
    if (a->running) {
        pthread_mutex_lock(&a->lock);
        a->stopped = true;
        pthread_cond_broadcast(&a->changed);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
    }
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    tb_bytes_release(b);
    free(a->blocks);
    free(a);
}

static const struct tb_bytes_ops ahead_ops = {ahead_read, NULL, ahead_close};

enum tb_status tb_bytes_open_ahead(struct tb_bytes *below, struct tb_bytes **out, struct tb_err *err)
{
    struct ahead *a = calloc(1, sizeof *a);
    *out = NULL;
    if (a == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    tb_bytes_init(&a->b, &ahead_ops, &a->b);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    a->below = below;
    *out = &a->b;
    return TB_OK;
}

bool tb_bytes_run_ahead(struct tb_bytes *b)
{
    struct ahead *a = (struct ahead *)b;
    assert(b->ops == &ahead_ops);
    if (a->running || b->ended != TB_OK) {
        return false;
    }
    a->blocks = a->blocks != NULL ? a->blocks : malloc((size_t)SLOTS * TB_BLOCK_BYTES);
    a->running = a->blocks != NULL && pthread_create(&a->thread, NULL, fill_slots, a) == 0;
    return a->running;
}

void tb_bytes_hold_ahead(struct tb_bytes *b, bool hold)
{
    struct ahead *a = (struct ahead *)b;
    assert(b->ops == &ahead_ops);
    pthread_mutex_lock(&a->lock);
    a->held = hold;
    while (hold && a->busy) {
        pthread_cond_wait(&a->changed, &a->lock);
    }
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}
