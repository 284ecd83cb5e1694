/* Calls by consumer, address and hour: what places tell is what counting call by call says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "detect/pass.h"

#define CONSUMERS 5
#define ADDRESSES 4 /* and none */
#define CALLS     600
#define FROM      (20500 * TB_US_PER_DAY + 1800 * TB_US_PER_S) /* a day of 25 hours that begins at half past */
#define TO        (FROM + 25 * TB_US_PER_H)
#define FIRST     (FROM / TB_US_PER_H)

struct sum {
    uint32_t n;
    int64_t cost;
};
struct count {
    struct sum of[CONSUMERS][ADDRESSES + 1][26];
};

static uint64_t seed = 4711;
static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % n;
}

static struct tb_pass_event draw(int call)
{
    struct tb_pass_event e = {
        .ts_us = FROM + (TO - FROM) / CALLS * call + below(1000), .in_day = true, .cost = below(1000000)};
    e.consumer = 1 + below(CONSUMERS);
    e.ip = below(30) == 0 ? 4 : below(2) == 0 ? 1 : below(4); /* the fourth one is seldom */
    e.actor = e.consumer * 100 - e.ip;                        /* any number will do */
    return e;
}

/* A day of places, and what was counted: calls of none, and of addresses of fewer than six calls, are with address 0. */
static void make(struct tb_digest *d, struct count *c)
{
    struct tb_pass p = {.d = d};
    struct tb_places *t = NULL;
    struct tb_err err;
    memset(c, 0, sizeof *c);
    *d = (struct tb_digest){.from_us = FROM, .to_us = TO};
    assert_int_equal(tb_places_new(&p, &t, &err), TB_OK);
    for (int i = 0; i < CALLS; i++) {
        struct tb_pass_event e = draw(i);
        struct sum *s = &c->of[e.consumer - 1][e.ip][e.ts_us / TB_US_PER_H - FIRST];
        s->n++;
        s->cost += e.cost;
        tb_places_call(t, &e);
        tb_places_call_hour(t, &e);
        assert_int_equal(tb_places_take(t, &e, &err), TB_OK);
    }
    assert_int_equal(tb_places_end(t, &err), TB_OK);
    tb_places_free(t);
    for (int k = 0; k < CONSUMERS; k++) {
        for (int ip = 1; ip <= ADDRESSES; ip++) {
            uint32_t n = 0;
            for (int h = 0; h < 26; h++) {
                n += c->of[k][ip][h].n;
            }
            for (int h = 0; h < 26 && n < TB_PLACE_MIN; h++) {
                c->of[k][0][h].n += c->of[k][ip][h].n;
                c->of[k][0][h].cost += c->of[k][ip][h].cost;
                c->of[k][ip][h] = (struct sum){0, 0};
            }
        }
    }
}

/* Takes what d's places tell off the counts: nothing must be left, and no hour be told twice or without calls. */
static void assert_told(const struct tb_digest *d, struct count *c)
{
    for (size_t i = 0; i < d->place_n; i++) {
        const struct tb_dg_place *p = &d->place[i];
        const struct tb_dg_hour *x = &d->hour[p->first];
        for (uint32_t left = p->hours; left != 0; left &= left - 1, x++) {
            struct sum *s = &c->of[p->consumer - 1][p->ip][tb_digest_hour(d, left) - FIRST];
            assert_true(x->n > 0 && s->n == x->n && s->cost == x->cost);
            *s = (struct sum){0, 0};
        }
    }
    static const struct count none;
    assert_memory_equal(c, &none, sizeof none);
}

static void places_tell_every_call_once(void **state)
{
    (void)state;
    int seldom = 0;
    for (int round = 0; round < 20; round++) {
        struct tb_digest d;
        struct count c;
        make(&d, &c);
        for (size_t i = 0; i < d.place_n; i++) {
            seldom += d.place[i].ip == 4;
        }
        assert_told(&d, &c);
        tb_digest_release(&d);
    }
    assert_true(seldom > 0 && seldom < 20 * CONSUMERS); /* the fourth address: sometimes by itself */
}

static void joined_places_tell_of_consumers_alone(void **state)
{
    (void)state;
    struct tb_digest d;
    struct tb_err err;
    struct count c;
    make(&d, &c);
    for (int k = 0; k < CONSUMERS; k++) {
        for (int ip = 1; ip <= ADDRESSES; ip++) {
            for (int h = 0; h < 26; h++) {
                c.of[k][0][h].n += c.of[k][ip][h].n;
                c.of[k][0][h].cost += c.of[k][ip][h].cost;
                c.of[k][ip][h] = (struct sum){0, 0};
            }
        }
    }
    tb_digest_order(&d);
    assert_int_equal(tb_digest_join_places(&d, &err), TB_OK);
    assert_int_equal(d.place_n, CONSUMERS);
    assert_told(&d, &c);
    tb_digest_release(&d);
    d = (struct tb_digest){.from_us = FROM, .to_us = TO}; /* a day without calls */
    assert_int_equal(tb_digest_join_places(&d, &err), TB_OK);
    assert_int_equal(d.place_n + d.hour_n, 0);
    tb_digest_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(places_tell_every_call_once),
                                       cmocka_unit_test(joined_places_tell_of_consumers_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
