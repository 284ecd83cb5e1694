/* A day's calls by consumer, address and hour. Calls come in the order of time, so that what is added to is the latest hour of each
 * address; which addresses are worth their own hours is known at the end only. */
#include <stdlib.h>
#include "detect/pass.h"

struct address { /* an actor */
    uint32_t consumer, ip;
    uint32_t n;      /* calls */
    uint32_t latest; /* its latest piece + 1 */
};

struct piece { /* an hour of an address, in the order of first calls */
    int64_t cost;
    uint32_t n;
    uint32_t hour; /* of the day */
    uint32_t of;   /* actor; at the end: place */
};

struct tb_places {
    struct tb_digest *d;
    int64_t from_us;         /* of the day's first hour */
    struct address *address; /* by actor */
    struct piece *piece;
    size_t address_cap, piece_n, piece_cap;
};

enum tb_status tb_places_new(const struct tb_pass *p, struct tb_places **out, struct tb_err *err)
{
    struct tb_places *t = *out = calloc(1, sizeof *t);
    if (t == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to sum hours up");
    }
    t->d = p->d;
    t->from_us = p->d->from_us / TB_US_PER_H * TB_US_PER_H;
    return TB_OK;
}

void tb_places_free(struct tb_places *t)
{
    if (t != NULL) {
        free(t->address);
        free(t->piece);
        free(t);
    }
}

void tb_places_call(const struct tb_places *t, const struct tb_pass_event *e)
{
    if (e->actor < t->address_cap) {
        __builtin_prefetch(&t->address[e->actor], 1);
    }
}

void tb_places_call_hour(const struct tb_places *t, const struct tb_pass_event *e)
{
    uint32_t latest = e->actor < t->address_cap ? t->address[e->actor].latest : 0;
    if (latest != 0) {
        __builtin_prefetch(&t->piece[latest - 1], 1);
    }
}

static uint32_t hour_of(const struct tb_places *t, const struct tb_pass_event *e)
{
    int64_t hour = (e->ts_us - t->from_us) / TB_US_PER_H;
    return hour < TB_PLACE_HOURS ? (uint32_t)hour : TB_PLACE_HOURS - 1;
}

enum tb_status tb_places_take(struct tb_places *t, const struct tb_pass_event *e, struct tb_err *err)
{
    uint32_t hour = hour_of(t, e);
    enum tb_status st =
        tb_tuples_grow((void **)&t->address, &t->address_cap, (size_t)e->actor + 1, sizeof *t->address, err);
    if (st != TB_OK) {
        return st;
    }
    struct address *a = &t->address[e->actor];
    struct piece *p = a->latest != 0 ? &t->piece[a->latest - 1] : NULL;
    if (p == NULL || p->hour != hour) {
        st = tb_tuples_grow((void **)&t->piece, &t->piece_cap, t->piece_n + 1, sizeof *t->piece, err);
        if (st != TB_OK) {
            return st;
        }
        p = &t->piece[t->piece_n++];
        *p = (struct piece){.hour = hour, .of = e->actor};
        a->consumer = e->consumer;
        a->ip = e->ip;
        a->latest = (uint32_t)t->piece_n;
    }
    a->n++;
    p->n++;
    p->cost += e->cost;
    return TB_OK;
}

/* --- places of the digest ------------------------------------------------------------------------------------------------------- */

/* Where each address's or consumer's place will be found, + 1. */
struct finder {
    uint32_t *of_actor, *of_consumer;
    size_t actor_cap, consumer_cap;
};

/* The place that a piece belongs to; a new one when it is the first to. */
static enum tb_status place_of(struct tb_places *t, struct finder *f, const struct address *a, uint32_t actor,
                               uint32_t *out, struct tb_err *err)
{
    struct tb_dg_place *p = NULL;
    bool own = a->ip != 0 && a->n >= TB_PLACE_MIN;
    enum tb_status st = own ? tb_tuples_grow((void **)&f->of_actor, &f->actor_cap, (size_t)actor + 1,
                                             sizeof *f->of_actor, err)
                            : tb_tuples_grow((void **)&f->of_consumer, &f->consumer_cap,
                                             (size_t)a->consumer + 1, sizeof *f->of_consumer, err);
    uint32_t *at = st != TB_OK ? NULL : own ? &f->of_actor[actor] : &f->of_consumer[a->consumer];
    if (st == TB_OK && *at == 0) {
        st = TB_DIGEST_PUSH(t->d, place, p, err);
    }
    if (p != NULL) {
        *p = (struct tb_dg_place){.consumer = a->consumer, .ip = own ? a->ip : 0};
        *at = (uint32_t)t->d->place_n;
    }
    *out = st == TB_OK ? *at - 1 : 0;
    return st;
}

static enum tb_status find_places(struct tb_places *t, struct tb_err *err)
{
    struct finder f = {.of_actor = NULL};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < t->piece_n && st == TB_OK; i++) {
        struct piece *x = &t->piece[i];
        st = place_of(t, &f, &t->address[x->of], x->of, &x->of, err);
        if (st == TB_OK) {
            t->d->place[x->of].hours |= 1u << x->hour;
        }
    }
    free(f.of_actor);
    free(f.of_consumer);
    return st;
}

/* The record of an hour that p has. */
static struct tb_dg_hour *record_of(struct tb_dg_hour *hour, const struct tb_dg_place *p, uint32_t bit)
{
    return &hour[p->first + (uint32_t)__builtin_popcount(p->hours & (bit - 1))];
}

static struct tb_dg_hour *new_hours(size_t n, struct tb_err *err)
{
    struct tb_dg_hour *hour = calloc(n + 1, sizeof *hour);
    if (hour == NULL) {
        (void)tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to sum hours up");
    }
    return hour;
}

enum tb_status tb_places_end(struct tb_places *t, struct tb_err *err)
{
    struct tb_digest *d = t->d;
    enum tb_status st = find_places(t, err);
    uint32_t n = 0;
    for (size_t i = 0; i < d->place_n; i++) {
        d->place[i].first = n;
        n += (uint32_t)__builtin_popcount(d->place[i].hours);
    }
    d->hour = st == TB_OK ? new_hours(n, err) : NULL;
    if (d->hour == NULL) {
        return TB_FATAL;
    }
    d->hour_n = d->hour_cap = n;
    for (size_t i = 0; i < t->piece_n; i++) {
        const struct piece *x = &t->piece[i];
        struct tb_dg_hour *to = record_of(d->hour, &d->place[x->of], 1u << x->hour);
        to->n += x->n;
        to->cost += x->cost;
    }
    return TB_OK;
}

/* --- places of a consumer, joined ------------------------------------------------------------------------------------------------- */

static void add_hours(const struct tb_digest *d, const struct tb_dg_place *from, const struct tb_dg_place *to,
                      struct tb_dg_hour *hour)
{
    const struct tb_dg_hour *x = &d->hour[from->first];
    for (uint32_t left = from->hours; left != 0; left &= left - 1, x++) {
        struct tb_dg_hour *sum = record_of(hour, to, left & -left);
        sum->n += x->n;
        sum->cost += x->cost;
    }
}

enum tb_status tb_digest_join_places(struct tb_digest *d, struct tb_err *err)
{
    struct tb_dg_hour *hour = new_hours(d->hour_n, err); /* pages of what is too much are never touched */
    uint32_t n = 0;
    size_t places = 0;
    if (hour == NULL) {
        return TB_FATAL;
    }
    for (size_t i = 0, end = 0; i < d->place_n; i = end) {
        struct tb_dg_place all = {.consumer = d->place[i].consumer, .first = n};
        for (; end < d->place_n && d->place[end].consumer == all.consumer; end++) {
            all.hours |= d->place[end].hours;
        }
        for (size_t k = i; k < end; k++) {
            add_hours(d, &d->place[k], &all, hour);
        }
        d->place[places++] = all;
        n += (uint32_t)__builtin_popcount(all.hours);
    }
    free(d->hour);
    d->hour = realloc(hour, (n + 1) * sizeof *hour);
    d->hour = d->hour != NULL ? d->hour : hour;
    d->hour_n = d->hour_cap = n;
    d->place_n = places;
    return TB_OK;
}
