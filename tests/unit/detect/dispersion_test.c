/* What is learned of how a consumer's counts vary, and how rare a count is by it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "detect/judge.h"

enum { DAYS = 28 };

struct world {
    struct tb_judge j;
    struct tb_local_clock clock;
    struct tb_subject s;
    uint8_t type[DAYS + 1], flag[(DAYS + 1) * 24];
    double n[(DAYS + 1) * 24];
};

static void make(struct world *w)
{
    *w = (struct world){0};
    w->j.rules =
        (struct tb_rules){.history_days = 28, .phi = 4, .cv_day = 0.2, .cv_hour = 0.45, .poison_share = 0.5};
    w->clock = (struct tb_local_clock){.days = DAYS + 1, .type = w->type};
    w->s = (struct tb_subject){.clock = &w->clock, .n = w->n, .flag = w->flag};
    for (int d = 0; d <= DAYS; d++) {
        w->type[d] = d % 7 >= 5 ? TB_WEEKEND : TB_WORKDAY;
    }
}

/* Sessions of `size` calls at fixed but scattered hours. */
static void work(struct world *w, double size)
{
    uint32_t x = 12345;
    for (int d = 0; d < DAYS; d++) {
        for (int i = 0; i < 8; i++) {
            x = x * 1664525u + 1013904223u;
            w->n[d * 24 + 8 + (int)(x >> 16) % 10] += size;
        }
    }
}

static double phi_of(const struct world *w, double *most, int32_t *left_out)
{
    struct tb_dispersion d;
    tb_dispersion_learn(&w->j, &w->s, DAYS, DAYS, &d);
    if (most != NULL) {
        *most = tb_dispersion_most(&w->j, &w->s, &d, DAYS, 2);
        *left_out = d.left_out;
    }
    return d.phi;
}

static void sessions_are_learned(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    assert_true(phi_of(&w, NULL, NULL) == 4); /* nothing known: the floor */
    work(&w, 1);
    assert_true(phi_of(&w, NULL, NULL) == 4);
    make(&w);
    work(&w, 20);
    double phi = phi_of(&w, NULL, NULL);
    assert_true(phi > 8 && phi < 30); /* of the size of a session */
}

static void one_burst_is_not_learned(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    work(&w, 10);
    double before = phi_of(&w, NULL, NULL), most;
    int32_t left_out;
    w.n[9 * 24 + 12] += 3000;
    assert_true(phi_of(&w, &most, &left_out) < 1.5 * before);
    assert_int_equal(left_out, 9);
    assert_true(most < 3000);
    w.n[9 * 24 + 12] -= 3000;
    w.flag[10 * 24 + 12] = 1; /* hours of an incident are not looked at */
    w.n[10 * 24 + 12] = 50;
    (void)phi_of(&w, &most, &left_out);
    assert_true(most < 80);
}

/* What runs on Saturdays is no measure of Mondays; of Saturdays everything is. */
static void days_off_tell_nothing_of_working_days(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    work(&w, 10);
    double before = phi_of(&w, NULL, NULL), most;
    int32_t left_out;
    for (int d = 5; d < DAYS; d += 7) {
        w.n[d * 24 + 21] += 300;
    }
    assert_true(fabs(phi_of(&w, &most, &left_out) - before) < 1e-9);
    assert_true(most < 100);
    w.type[DAYS] = TB_WEEKEND;
    assert_true(phi_of(&w, &most, &left_out) > 2 * before);
    assert_true(most >= 300);
}

/* A day off in the middle of the week is no reason to expect busy days. */
static void slack_days_change_little(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    work(&w, 10);
    double before = phi_of(&w, NULL, NULL);
    for (int h = 0; h < 24; h++) {
        w.n[16 * 24 + h] = 0;
    }
    assert_true(phi_of(&w, NULL, NULL) < 1.2 * before);
}

/* Against the exact tail of a negative binomial, summed term by term, where the level does not vary. */
static void rareness_is_the_tail(void **state)
{
    (void)state;
    const double at[][3] = {{8, 10, 80}, {8, 0.1, 30}, {4, 100, 190}, {20, 30, 250}, {5, 500, 800}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct tb_dispersion d = {.phi = at[i][0], .cv2 = 1e-12};
        double mu = at[i][1], r = mu / (d.phi - 1), q = 1 - 1 / d.phi, tail = 0;
        for (double k = at[i][2]; k < 20000; k++) {
            tail += exp(lgamma(k + r) - lgamma(r) - lgamma(k + 1) + r * log(1 - q) + k * log(q));
        }
        double p = erfc(tb_dispersion_z(&d, at[i][2], mu) / sqrt(2)) / 2;
        assert_true(p > tail * 0.8 && p < tail * 2.5);
    }
}

static void rareness_grows(void **state)
{
    (void)state;
    struct tb_dispersion d = {.phi = 6, .cv2 = 0.1}, tame = {.phi = 4, .cv2 = 0.1};
    double last = 0;
    for (double x = 60; x < 2000; x *= 1.2) {
        double z = tb_dispersion_z(&d, x, 50);
        assert_true(z >= last && z <= tb_dispersion_z(&tame, x, 50) + 1e-9);
        last = z;
    }
    assert_true(last > 9);
    assert_true(tb_dispersion_z(&d, 50, 50) == 0 && tb_dispersion_z(&d, 3, 50) == 0);
    assert_true(tb_dispersion_z(&d, 3e6, 1e6) > 5); /* a large consumer: finite, and quick */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_learned),
        cmocka_unit_test(one_burst_is_not_learned),
        cmocka_unit_test(days_off_tell_nothing_of_working_days),
        cmocka_unit_test(slack_days_change_little),
        cmocka_unit_test(rareness_is_the_tail),
        cmocka_unit_test(rareness_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
