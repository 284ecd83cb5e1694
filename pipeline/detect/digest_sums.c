/* Sums of a day's calls, as a digest keeps them. Most calls are like the consumer's call before, or the other kind that it makes: these
 * cells are remembered, so that few look into a set. Memory is cold nevertheless when there are many consumers: see tb_sums_call. */
#include <math.h>
#include <stdlib.h>
#include "base/money.h"
#include "detect/pass.h"
#include "store/events.h"

#define LARGE_MAX 256 /* largest prompts kept of a consumer and feature */

struct latest { /* of a consumer: the cell + 1 of its latest call, and that of the latest call in another */
    uint32_t cell, other;
};

struct tb_sums {
    const struct tb_pass *p;
    struct tb_tuples cells, sizes, agents, tools, unpriced;
    struct tb_places *places;
    struct latest *latest; /* by the consumer's dict id */
    size_t latest_cap;
    uint32_t *bottom; /* by cell: the record + 1 of its prompts below TB_SIZE_FIRST */
    size_t bottom_cap;
    enum tb_status status;
    struct tb_err *err;
};

enum tb_status tb_sums_new(const struct tb_pass *p, struct tb_sums **out, struct tb_err *err)
{
    struct tb_sums *s = calloc(1, sizeof *s);
    *out = s;
    if (s == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to sum a day up");
    }
    s->p = p;
    s->err = err;
    tb_tuples_init(&s->cells, 3, TB_TUPLES_MAX);
    tb_tuples_init(&s->sizes, 3, TB_TUPLES_MAX);
    tb_tuples_init(&s->agents, 2, TB_TUPLES_MAX);
    tb_tuples_init(&s->tools, 1, TB_TUPLES_MAX);
    tb_tuples_init(&s->unpriced, 2, TB_TUPLES_MAX);
    return tb_places_new(p, &s->places, err);
}

void tb_sums_free(struct tb_sums *s)
{
    if (s == NULL) {
        return;
    }
    tb_places_free(s->places);
    tb_tuples_release(&s->cells);
    tb_tuples_release(&s->sizes);
    tb_tuples_release(&s->agents);
    tb_tuples_release(&s->tools);
    tb_tuples_release(&s->unpriced);
    free(s->latest);
    free(s->bottom);
    free(s);
}

/* Makes array hold item i; false when there is no memory. */
#define ROOM(s, array, i)                                                                                    \
    room((s), (void **)&(s)->array, &(s)->array##_cap, (size_t)(i) + 1, sizeof *(s)->array)

static bool room(struct tb_sums *s, void **array, size_t *cap, size_t need, size_t size)
{
    enum tb_status st = tb_tuples_grow(array, cap, need, size, s->err);
    s->status = st != TB_OK ? st : s->status;
    return st == TB_OK;
}

/* The record of key in a digest's array, numbered by set; *fresh: zeroed, and its key is to be filled in. */
#define RECORD(s, set, name, key, out, fresh)                                                                \
    record_((s), &(s)->set, (key), (void **)&(s)->p->d->name, &(s)->p->d->name##_n, &(s)->p->d->name##_cap,  \
            sizeof *(s)->p->d->name, (void **)&(out), (fresh))

static bool record_(struct tb_sums *s, struct tb_tuples *set, const uint32_t *key, void **array, size_t *n,
                    size_t *cap, size_t size, void **out, bool *fresh)
{
    uint32_t i = 0;
    enum tb_status st = tb_tuples_add(set, key, &i, fresh, s->err);
    if (st == TB_OK) {
        st = tb_tuples_grow(array, cap, set->n, size, s->err);
    }
    s->status = st != TB_OK ? st : s->status;
    *n = set->n;
    *out = st == TB_OK ? (char *)*array + (size_t)i * size : NULL;
    return st == TB_OK;
}

static int64_t fixed_log(int64_t v)
{
    return llround(log((double)(v > 0 ? v : 1)) * TB_LOG_ONE);
}

/* Cell number - 1, if it is that of a call. */
static struct tb_dg_cell *cell_if(struct tb_sums *s, uint32_t number, const struct tb_pass_event *e)
{
    struct tb_dg_cell *c = number != 0 ? &s->p->d->cell[number - 1] : NULL;
    return c != NULL && c->feature == e->feature && c->model == e->model ? c : NULL;
}

/* The cell of a call; at->cell is it, then. */
static struct tb_dg_cell *cell_of(struct tb_sums *s, struct latest *at, const struct tb_pass_event *e)
{
    struct tb_dg_cell *c = cell_if(s, at->cell, e);
    uint32_t key[3] = {e->consumer, e->feature, e->model};
    bool fresh;
    if (c != NULL) {
        return c;
    }
    struct latest before = *at;
    *at = (struct latest){before.other, before.cell};
    c = cell_if(s, at->cell, e);
    if (c != NULL) {
        return c;
    }
    if (RECORD(s, cells, cell, key, c, &fresh)) {
        c->consumer = e->consumer;
        c->feature = e->feature;
        c->model = e->model;
        at->cell = (uint32_t)(c - s->p->d->cell) + 1;
    }
    return c;
}

static void add_cell(struct tb_sums *s, struct latest *at, const struct tb_pass_event *e)
{
    struct tb_dg_cell *c = cell_of(s, at, e);
    if (c == NULL) {
        return;
    }
    c->n++;
    c->cost += e->cost;
    c->in += e->input;
    c->out += e->output;
    if (e->hidden) {
        c->hidden++;
        c->hidden_cost += e->cost;
    }
    if (!e->failed && e->input > 0) {
        int64_t l = fixed_log(e->input);
        c->in_n++;
        c->in_log += l;
        c->in_log2 += l / 1024 * (l / 1024);
    }
    if (!e->failed && e->output > 0) {
        int64_t l = fixed_log(e->output);
        c->out_n++;
        c->out_log += l;
        c->out_log2 += l / 1024 * (l / 1024);
    }
}

/* The record of a call's size. Most prompts are in bucket 0, which cell knows. */
static struct tb_dg_size *size_of(struct tb_sums *s, uint32_t cell, const struct tb_pass_event *e)
{
    double over = (double)e->input / TB_SIZE_FIRST;
    uint32_t bucket = over < 1 ? 0 : 1 + (uint32_t)(log(over) / log(1.01));
    uint32_t key[3] = {e->consumer, e->feature, bucket};
    struct tb_dg_size *size = NULL;
    bool fresh;
    if (!ROOM(s, bottom, cell)) {
        return NULL;
    }
    if (bucket == 0 && s->bottom[cell] != 0) {
        return &s->p->d->size[s->bottom[cell] - 1];
    }
    if (RECORD(s, sizes, size, key, size, &fresh)) {
        size->consumer = e->consumer;
        size->feature = e->feature;
        size->bucket = bucket;
        s->bottom[cell] = bucket == 0 ? (uint32_t)(size - s->p->d->size) + 1 : s->bottom[cell];
    }
    return size;
}

static void add_size(struct tb_sums *s, uint32_t cell, const struct tb_pass_event *e)
{
    struct tb_dg_size *size = size_of(s, cell, e);
    if (size != NULL) {
        size->n++;
    }
    if ((double)e->input >= s->p->rules->size_tokens && s->status == TB_OK) {
        struct tb_dg_large *l = NULL;
        s->status = TB_DIGEST_PUSH(s->p->d, large, l, s->err);
        if (l != NULL) {
            *l = (struct tb_dg_large){e->consumer, e->feature, e->model, 0, e->ts_us, e->input, e->cost};
        }
    }
}

static int by_size(const void *a, const void *b)
{
    const struct tb_dg_large *x = a, *y = b;
    if (x->consumer != y->consumer || x->feature != y->feature) {
        return x->consumer != y->consumer ? (x->consumer < y->consumer ? -1 : 1)
                                          : (x->feature < y->feature ? -1 : 1);
    }
    if (x->tokens != y->tokens) {
        return x->tokens > y->tokens ? -1 : 1;
    }
    return (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
}

/* Keeps the largest of each consumer and feature. */
static void trim_large(struct tb_digest *d)
{
    if (d->large_n > 1) {
        qsort(d->large, d->large_n, sizeof *d->large, by_size);
    }
    size_t n = 0, run = 0;
    for (size_t i = 0; i < d->large_n; i++) {
        bool same = i > 0 && d->large[i].consumer == d->large[i - 1].consumer &&
                    d->large[i].feature == d->large[i - 1].feature;
        run = same ? run + 1 : 0;
        if (run < LARGE_MAX) {
            d->large[n++] = d->large[i];
        }
    }
    d->large_n = n;
}

static void add_agent(struct tb_sums *s, const struct tb_pass_event *e)
{
    uint32_t key[2] = {e->consumer, e->agent};
    struct tb_dg_agent *a = NULL;
    bool fresh;
    if (RECORD(s, agents, agent, key, a, &fresh)) {
        a->consumer = e->consumer;
        a->agent = e->agent;
        a->start_us = a->n == 0 ? e->ts_us : a->start_us;
        a->end_us = e->ts_us;
        a->n++;
        a->cost += e->cost;
    }
}

static void add_unpriced(struct tb_sums *s, const struct tb_pass_event *e)
{
    uint32_t key[2] = {e->provider, e->model};
    struct tb_dg_unpriced *u = NULL;
    bool fresh;
    if (RECORD(s, unpriced, unpriced, key, u, &fresh)) {
        u->provider = e->provider;
        u->model = e->model;
        u->start_us = u->n == 0 ? e->ts_us : u->start_us;
        u->end_us = e->ts_us;
        u->n++;
        u->tokens += e->input + e->output;
    }
}

enum tb_status tb_sums_tool(struct tb_sums *s, const struct tb_block *blk, uint32_t i)
{
    uint32_t key[1] = {blk->text[TB_T_FEATURE][i]};
    uint32_t present = blk->present[i];
    struct tb_dg_tool *t = NULL;
    bool fresh;
    if (blk->ts_us[i] < s->p->d->from_us || !RECORD(s, tools, tool, key, t, &fresh)) {
        return s->status;
    }
    bool bad_status = (present >> TB_N_STATUS & 1u) != 0 && blk->number[TB_N_STATUS][i] >= 400;
    bool no_success = (present >> TB_N_SUCCESS & 1u) != 0 && blk->number[TB_N_SUCCESS][i] == 0;
    t->tool = key[0];
    t->n++;
    t->failed += bad_status || no_success;
    t->retries += (uint32_t)blk->number[TB_N_RETRIES][i];
    return s->status;
}

static struct latest latest_of(const struct tb_sums *s, const struct tb_pass_event *e)
{
    return e->consumer < s->latest_cap ? s->latest[e->consumer] : (struct latest){0, 0};
}

void tb_sums_call(const struct tb_sums *s, const struct tb_pass_event *e)
{
    if (e->consumer < s->latest_cap) {
        __builtin_prefetch(&s->latest[e->consumer], 1);
    }
    tb_places_call(s->places, e);
}

void tb_sums_call_records(const struct tb_sums *s, const struct tb_pass_event *e)
{
    struct latest at = latest_of(s, e);
    if (at.cell != 0) {
        const struct tb_dg_cell *c = &s->p->d->cell[at.cell - 1];
        __builtin_prefetch(c, 1);
        __builtin_prefetch(&c->out_log, 1);
        __builtin_prefetch(&s->bottom[at.cell - 1]);
    }
    if (at.other != 0) {
        __builtin_prefetch(&s->p->d->cell[at.other - 1], 1);
    }
    tb_places_call_hour(s->places, e);
}

void tb_sums_call_size(const struct tb_sums *s, const struct tb_pass_event *e)
{
    uint32_t cell = latest_of(s, e).cell;
    if (cell != 0 && s->bottom[cell - 1] != 0) {
        __builtin_prefetch(&s->p->d->size[s->bottom[cell - 1] - 1], 1);
    }
}

enum tb_status tb_sums_take(struct tb_sums *s, const struct tb_pass_event *e)
{
    struct tb_digest *d = s->p->d;
    d->events++;
    d->unsigned_events += e->fingerprint != 0 && e->signature == NULL;
    if (!ROOM(s, latest, e->consumer)) {
        return s->status;
    }
    struct latest *at = &s->latest[e->consumer];
    add_cell(s, at, e);
    if (s->status == TB_OK) {
        add_size(s, at->cell - 1, e);
    }
    if (e->crawler) {
        add_agent(s, e);
    }
    if (e->unpriced) {
        add_unpriced(s, e);
    }
    if (s->status == TB_OK) {
        s->status = tb_places_take(s->places, e, s->err);
    }
    return s->status;
}

enum tb_status tb_sums_end(struct tb_sums *s)
{
    trim_large(s->p->d);
    return s->status == TB_OK ? tb_places_end(s->places, s->err) : s->status;
}
