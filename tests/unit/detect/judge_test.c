/* What judges tell of hours composed by hand: 28 days of history, the day judged next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "detect/clock.h"
#include "detect/judge.h"
#include "detect/pass.h"
#include "store/files.h"

enum { FIRST = 20500, HISTORY = 28, TODAY = FIRST + HISTORY }; /* both Mondays */
enum { CLOCK_DAYS = HISTORY + 4 };                             /* a clock knows a day more on either side */

struct world {
    struct tb_settings settings;
    struct tb_tables tables;
    struct tb_local_clock clock;
    struct tb_judge j;
    struct tb_subject s;
    struct tb_digest digest[HISTORY + 1];
    struct tb_findings found;
    double n[CLOCK_DAYS * 24], cost[CLOCK_DAYS * 24], over[CLOCK_DAYS * 24];
    uint8_t flag[CLOCK_DAYS * 24], day_flag[HISTORY + 1];
    struct tb_err err;
};

static void make(struct world *w)
{
    *w = (struct world){.settings = {.currency = "USD"}};
    assert_int_equal(tb_zone_load("UTC", &w->settings.zone, &w->err), TB_OK);
    w->clock.zone = w->settings.zone;
    assert_int_equal(tb_local_clock_fill(&w->clock, &w->settings, FIRST * TB_US_PER_DAY,
                                         (TODAY + 1) * TB_US_PER_DAY - 1, &w->err),
                     TB_OK);
    assert_true(w->clock.days <= CLOCK_DAYS);
    for (int d = 0; d <= HISTORY; d++) {
        w->digest[d].day = FIRST + d;
        w->digest[d].from_us = (FIRST + d) * TB_US_PER_DAY;
        w->digest[d].to_us = (FIRST + d + 1) * TB_US_PER_DAY;
    }
    w->j = (struct tb_judge){
        .settings = &w->settings, .tables = &w->tables, .digest = w->digest, .err = &w->err};
    w->j.first = w->j.data_first = FIRST;
    w->j.day = w->j.last = TODAY;
    w->j.today = &w->digest[HISTORY];
    w->j.out = &w->found;
    assert_int_equal(tb_rules_load(&w->settings, &w->j.rules, &w->err), TB_OK);
    w->s = (struct tb_subject){.name = TB_STR("all"), .clock = &w->clock, .zone = "UTC", .n = w->n};
    w->s.cost = w->cost;
    w->s.over = w->over;
    w->s.flag = w->flag;
    w->s.day_flag = w->day_flag;
    w->s.first_local = w->s.first_day = FIRST;
}

static void drop(struct world *w)
{
    for (int d = 0; d <= HISTORY; d++) {
        tb_digest_release(&w->digest[d]);
    }
    tb_findings_release(&w->found);
    tb_local_clock_release(&w->clock);
    tb_zone_free(w->settings.zone);
}

/* --- costs of everybody ---- */

/* Four hours of the day from `hour` on, which may reach past midnight. */
static void spend(struct world *w, int32_t day, int hour, const double dollars[4], double times)
{
    for (int h = 0; h < 4; h++) {
        w->cost[tb_local_at(&w->s, day, (hour + h) % 24)] += times * dollars[h] * 1e12;
    }
}

static void a_change_of_clocks_is_no_level(void **state)
{
    (void)state;
    static const double rising[4] = {.1, .3, .9, 2.7}, falling[4] = {2.7, .9, .3, .1};
    static const struct {
        const char *what;
        const double *dollars;
        int usual, today; /* hours in which they begin */
        double times;
        bool told;
    } row[] = {
        {"an hour earlier at noon", rising, 10, 9, 1, false},
        {"an hour earlier, from past midnight", rising, 21, 20, 1, false},
        {"an hour later, from before midnight", falling, 23, 0, 1, false},
        {"an hour earlier, and twice as much", rising, 21, 20, 2, true},
        {"an hour later, and twice as much", falling, 23, 0, 2, true},
        {"five times as much before midnight", rising, 21, 21, 5, true},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct world w;
        make(&w);
        for (int32_t day = FIRST; day < TODAY; day++) {
            spend(&w, day, row[i].usual, row[i].dollars, 1);
        }
        spend(&w, TODAY, row[i].today, row[i].dollars, row[i].times);
        assert_int_equal(tb_judge_platform(&w.j, &w.s, NULL), TB_OK);
        if (w.found.n != row[i].told) {
            fail_msg("%s: %zu findings, %s", row[i].what, w.found.n,
                     w.found.n > 0 ? w.found.f[0].evidence : "");
        }
        drop(&w);
    }
}

/* --- programs round the clock ---- */

struct calls {
    uint32_t night, day; /* an hour: from 0 to 6, from 6 to 24 */
};

static void call_from(struct world *w, struct tb_digest *g, uint32_t ip, struct calls calls)
{
    struct tb_dg_place *p = NULL;
    assert_int_equal(TB_DIGEST_PUSH(g, place, p, &w->err), TB_OK);
    *p = (struct tb_dg_place){.consumer = 1, .ip = ip, .hours = 0xFFFFFF};
    for (int h = 0; h < 24; h++) {
        struct tb_dg_hour *x = NULL;
        assert_int_equal(TB_DIGEST_PUSH(g, hour, x, &w->err), TB_OK);
        *x = (struct tb_dg_hour){.n = h < 6 ? calls.night : calls.day};
    }
    assert_int_equal(tb_digest_sort(g, &w->err), TB_OK);
}

static void open_database(struct world *w, char path[static 64], uint32_t *ip)
{
    snprintf(path, 64, "/tmp/tb-judge-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tb_db_open(path, TB_DB_WRITE, &w->j.db, &w->err), TB_OK);
    assert_int_equal(tb_db_begin(w->j.db, &w->err), TB_OK);
    assert_int_equal(tb_dict_id(w->j.db, TB_STR("10.0.0.1"), true, ip, &w->err), TB_OK);
    assert_int_equal(tb_db_commit(w->j.db, &w->err), TB_OK);
}

static void close_database(struct world *w, const char *path)
{
    static const char *const also[] = {"", ".lock", "-wal", "-shm"};
    tb_db_close(w->j.db);
    for (size_t i = 0; i < sizeof also / sizeof *also; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, also[i]);
        (void)unlink(name);
    }
}

static void a_program_round_the_clock_adds_calls_at_night(void **state)
{
    (void)state;
    static const struct calls usual = {5, 20};
    static const struct {
        const char *what;
        struct calls today;
        bool told;
    } row[] = {
        {"a day as always", {5, 20}, false},
        {"a holiday: as few by day as always at night", {5, 5}, false},
        {"a program on a holiday", {17, 17}, true},
        {"a program beside the day's work", {35, 50}, true},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct world w;
        char path[64];
        uint32_t ip;
        make(&w);
        open_database(&w, path, &ip);
        w.s.consumer = 1;
        for (int32_t day = FIRST; day < TODAY; day++) {
            for (int h = 0; h < 24; h++) {
                w.n[tb_local_at(&w.s, day, h)] = h < 6 ? usual.night : usual.day;
            }
        }
        call_from(&w, &w.digest[HISTORY - 1], ip, usual);
        call_from(&w, &w.digest[HISTORY], ip, row[i].today);
        assert_int_equal(tb_judge_bots(&w.j, &w.s), TB_OK);
        if ((w.found.n > 0) != row[i].told) {
            fail_msg("%s: %zu findings, %s", row[i].what, w.found.n,
                     w.found.n > 0 ? w.found.f[0].evidence : "");
        }
        close_database(&w, path);
        drop(&w);
    }
}

/* --- incidents ---- */

/* A level of whole days, first to last, told on `last`. */
static void tell_level(struct world *w, int32_t first, int32_t last, struct tb_findings *open)
{
    struct tb_findings today = {NULL, 0, 0};
    struct tb_finding *f = tb_findings_add(&today, TB_KIND_SUSTAINED);
    assert_non_null(f);
    f->start_us = first * TB_US_PER_DAY;
    f->end_us = (last + 1) * TB_US_PER_DAY;
    w->j.day = last;
    assert_int_equal(tb_incident_merge(&w->j, &w->s, &today, open), TB_OK);
    tb_findings_release(&today);
}

static void a_usual_working_day_parts_two_levels(void **state)
{
    (void)state;
    enum { MON, TUE, WED, THU, FRI, SAT, NEXT_MON = 7, NEXT_SAT = 12 };
    static const struct {
        const char *what;
        int32_t first[2], last[2];
        size_t incidents;
    } row[] = {
        {"a Wednesday between, told on a Thursday", {MON, THU}, {TUE, THU}, 2},
        {"a Wednesday between, told on a Saturday", {MON, THU}, {TUE, SAT}, 2},
        {"no day between, told on a Saturday", {MON, WED}, {TUE, SAT}, 1},
        {"a weekend between", {THU, NEXT_MON}, {FRI, NEXT_MON}, 1},
        {"a week between two Saturdays", {SAT, NEXT_SAT}, {SAT, NEXT_SAT}, 2},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct world w;
        struct tb_findings open = {NULL, 0, 0};
        make(&w);
        w.s.consumer = 1;
        for (int k = 0; k < 2; k++) {
            tell_level(&w, FIRST + 7 + row[i].first[k], FIRST + 7 + row[i].last[k], &open);
        }
        if (open.n != row[i].incidents) {
            fail_msg("%s: %zu incidents", row[i].what, open.n);
        }
        tb_findings_release(&open);
        drop(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_of_clocks_is_no_level),
        cmocka_unit_test(a_program_round_the_clock_adds_calls_at_night),
        cmocka_unit_test(a_usual_working_day_parts_two_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
