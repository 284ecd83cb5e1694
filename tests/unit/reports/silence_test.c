/* Silences against the rule read aloud, hour by hour, over random histories; and what must raise no alarm. */
#include "helper.h"
#include "reports/silence.h"

#define SPAN  60 /* days of history; the last 8 are judged */
#define NODES 3
#define FIRST (DAY0 - SPAN + 1)

/* Who spoke: [day][node 0..NODES-1, or none][hour]. */
struct heard {
    bool line[SPAN][NODES + 1][24];
    bool file[SPAN][NODES];
};

static const char *const node_name[NODES + 1] = {"gw-1", "gw-2", "gw-3", NULL};
static uint32_t state = 99;

static uint32_t roll(uint32_t n)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % n;
}

static int file_number;

static void put_file(struct world *w, int node, int32_t date)
{
    char sql[512], name[16] = "NULL";
    file_number++;
    if (node_name[node] != NULL) {
        snprintf(name, sizeof name, "'%s'", node_name[node]);
    }
    snprintf(sql, sizeof sql,
             "INSERT INTO file (file, source, path, node, date, format, wrapper, kind, raw_bytes, mtime_ns, "
             "bytes, digest, "
             "lines, events, duplicates, conflicts, ignored, rejected) VALUES (%d, 1, 'f%d', %s, %d, 'x', "
             "'none', 'plain', "
             "0, 0, 0, x'00', 0, 0, 0, 0, 0, 0)",
             file_number, file_number, name, (int)date);
    run(w, sql);
}

static void put_line(struct world *w, int32_t day, int hour)
{
    char sql[128];
    snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO file_quarter VALUES (%lld, %d)",
             (long long)(day * 96 + hour * 4 + (int)roll(4)), file_number);
    run(w, sql);
}

static void store(struct world *w, const struct heard *h)
{
    run(w, "BEGIN");
    run(w, "DELETE FROM file_quarter");
    run(w, "DELETE FROM file");
    for (int d = 0; d < SPAN; d++) {
        for (int n = 0; n <= NODES; n++) {
            bool has = n < NODES && h->file[d][n];
            if (has) {
                put_file(w, n, FIRST + d);
            }
            for (int hour = 0; hour < 24; hour++) {
                if (h->line[d][n][hour]) {
                    if (!has) { /* a file of another date, or of none */
                        put_file(w, n, FIRST - 100);
                        has = true;
                    }
                    put_line(w, FIRST + d, hour);
                }
            }
        }
    }
    run(w, "COMMIT");
}

/* --- the rule, as the header says it ---------------------------------------------------------------------------- */

static bool is_free(const struct world *w, int d)
{
    int weekday = (d + FIRST + 3) % 7; /* 1970-01-01 was a Thursday */
    for (int i = 0; i < w->settings.holiday_count; i++) {
        if (w->settings.holidays[i] == FIRST + d) {
            return true;
        }
    }
    return weekday == 5 || weekday == 6;
}

static bool any(const struct heard *h, int d, int hour)
{
    for (int n = 0; n <= NODES; n++) {
        for (int k = 0; k < 24; k++) {
            if (h->line[d][n][k] && (hour < 0 || k == hour)) {
                return true;
            }
        }
    }
    return false;
}

static bool delivered(const struct heard *h, int d, int node)
{
    bool out = h->file[d][node];
    for (int k = 0; k < 24; k++) {
        out = out || h->line[d][node][k];
    }
    return out;
}

static int alike(const struct world *w, const struct heard *h, int d, int out[5])
{
    int last = -1, first = -1, n = 0;
    for (int i = d - 35 < 0 ? 0 : d - 35; i < d; i++) {
        if (any(h, i, -1)) {
            first = first < 0 ? i : first;
            last = is_free(w, i) == is_free(w, d) ? i : last;
        }
    }
    for (int i = last; i >= 0 && i >= first && n < 5; i--) {
        if (is_free(w, i) == is_free(w, d)) {
            out[n++] = i;
        }
    }
    return n;
}

static bool usual(int n, int of)
{
    static const int wanted[] = {99, 99, 99, 3, 4, 4};
    return n >= wanted[of];
}

static bool silent_hour(const struct world *w, const struct heard *h, int d, int hour)
{
    int days[5], n = alike(w, h, d, days), spoke = 0;
    for (int i = 0; i < n; i++) {
        spoke += any(h, days[i], hour);
    }
    return usual(spoke, n) && !any(h, d, hour);
}

static bool silent_day(const struct world *w, const struct heard *h, int d)
{
    return silent_hour(w, h, d, -1);
}

static bool missing_node(const struct world *w, const struct heard *h, int d, int node)
{
    int days[5], n = alike(w, h, d, days), spoke = 0;
    for (int i = 0; i < n; i++) {
        spoke += delivered(h, days[i], node);
    }
    return usual(spoke, n) && any(h, d, -1) && !delivered(h, d, node);
}

/* --- */

static void compare(struct world *w, const struct heard *h, bool hourly)
{
    struct tb_silences got;
    bool hour[SPAN][24] = {{false}}, whole[SPAN] = {false}, node[SPAN][NODES] = {{false}};
    w->settings.expects[0].every = hourly ? "hour" : "day";
    must(w, tb_silence_find(w->db, &w->settings, DAY0 - 7, DAY0, 0, &got, &w->err));
    for (size_t i = 0; i < got.n; i++) {
        const struct tb_silence *s = &got.rows[i];
        int d = s->day - FIRST;
        assert_true(s->spoke >= 3 && s->alike <= 5 && s->spoke <= s->alike);
        assert_true(s->free_day == is_free(w, d));
        if (s->node != NULL) {
            node[d][s->node[3] - '1'] = true;
        } else if (s->whole_day) {
            whole[d] = true;
        } else {
            assert_int_equal(s->hours, s->to_hour - s->from_hour);
        }
        for (int k = s->from_hour; k < s->to_hour; k++) {
            hour[d][k] = true;
        }
    }
    for (int d = SPAN - 8; d < SPAN; d++) {
        assert_true(whole[d] == silent_day(w, h, d));
        for (int k = 0; k < 24; k++) {
            assert_true(hour[d][k] == (hourly && any(h, d, -1) && silent_hour(w, h, d, k)));
        }
        for (int n = 0; n < NODES; n++) {
            assert_true(node[d][n] == missing_node(w, h, d, n));
        }
    }
    tb_silence_release(&got);
}

static void begin(struct world *w)
{
    static struct tb_expect_setting expect = {.source = "gateway"};
    static int32_t holidays[] = {DAY0 - 20, DAY0 - 4};
    world_begin(w);
    run(w, "INSERT INTO dict VALUES (1, 'gateway')");
    w->settings.expects = &expect;
    w->settings.expect_count = 1;
    w->settings.holidays = holidays;
    w->settings.holiday_count = 2;
}

static void test_the_rule_hour_by_hour(void **state_)
{
    (void)state_;
    struct world w;
    static struct heard h;
    begin(&w);
    for (int round = 0; round < 40; round++) {
        memset(&h, 0, sizeof h);
        int begun = (int)roll(SPAN), ended = round % 4 == 0 ? SPAN - (int)roll(12) : SPAN;
        uint32_t busy = 60 + roll(41), weekend = roll(2) == 0 ? 0 : roll(101);
        for (int d = begun; d < ended; d++) {
            uint32_t chance = is_free(&w, d) ? weekend : busy;
            bool dead = roll(12) == 0;
            for (int n = 0; n <= NODES && !dead; n++) {
                bool off = roll(8) == 0;
                for (int k = 6 + 2 * n; k < 12 + n && !off; k++) {
                    h.line[d][n][k] = roll(100) < chance;
                }
                if (n < NODES) {
                    h.file[d][n] = !off && roll(100) < chance;
                }
            }
        }
        store(&w, &h);
        compare(&w, &h, true);
        compare(&w, &h, false);
    }
    world_end(&w);
}

static size_t found(struct world *w, int32_t from_day, int32_t to_day, int64_t now_us)
{
    struct tb_silences got;
    must(w, tb_silence_find(w->db, &w->settings, from_day, to_day, now_us, &got, &w->err));
    size_t n = got.n;
    tb_silence_release(&got);
    return n;
}

static void test_what_raises_no_alarm(void **state_)
{
    (void)state_;
    struct world w;
    static struct heard h;
    begin(&w);
    w.settings.expects[0].every = "hour";
    assert_int_equal(found(&w, DAY0 - 7, DAY0, 0), 0); /* nothing stored at all */
    memset(&h, 0, sizeof h);
    for (int d = SPAN - 8; d < SPAN;
         d++) { /* workdays only, from the Saturday a week before: five workdays, a holiday among them */
        for (int k = 9; k < 17; k++) {
            h.line[d][3][k] = !is_free(&w, d);
        }
    }
    store(&w, &h);
    assert_int_equal(found(&w, DAY0 - 7, DAY0, 0), 0);
    memset(&h.line[SPAN - 2], 0, sizeof h.line[0]); /* the Friday before DAY0 */
    store(&w, &h);
    assert_int_equal(found(&w, DAY0 - 1, DAY0 - 1, 0), 1);
    int64_t noon = (DAY0 - 1) * TB_US_PER_DAY + 12 * TB_US_PER_H;
    assert_int_equal(found(&w, DAY0 - 1, DAY0 - 1, noon - 4 * TB_US_PER_H), 0); /* nothing is late yet */
    assert_int_equal(found(&w, DAY0 - 1, DAY0 - 1, noon), 1);                   /* 9 to 12 */
    w.settings.expects[0].every = "day";
    assert_int_equal(found(&w, DAY0 - 1, DAY0 - 1, noon), 0); /* the day is not over */
    w.settings.expect_count = 0;
    assert_int_equal(found(&w, DAY0 - 1, DAY0 - 1, 0), 0);
    world_end(&w);
}

/* An hour that the clock leaps over is not silent; one that comes twice is spoken in when either is. */
static void test_clocks_that_leap(void **state_)
{
    (void)state_;
    struct world w;
    int32_t leap = 20541, twice = 20751; /* Sundays: 2026-03-29, 2026-10-25 in Berlin */
    begin(&w);
    tb_zone_free(w.settings.zone);
    must(&w, tb_zone_load("Europe/Berlin", &w.settings.zone, &w.err));
    w.settings.expects[0].every = "hour";
    run(&w, "BEGIN");
    put_file(&w, NODES, DAY0 - 100);
    for (int32_t sunday = leap - 35; sunday <= leap; sunday += 7) {
        for (int saturday = 0; saturday < 2; saturday++) { /* 02:00 and 03:00 of both, CET */
            put_line(&w, sunday - saturday, 1);
            put_line(&w, sunday - saturday, 2);
        }
    }
    run(&w, "DELETE FROM file_quarter WHERE quarter / 96 = 20541");
    put_line(&w, leap, 1); /* 03:00 CEST: 02:00 is not there */
    assert_int_equal(found(&w, leap, leap, 0), 0);
    for (int32_t day = twice - 8; day < twice; day++) {
        put_line(&w, day, 0); /* 02:00 CEST */
    }
    assert_int_equal(found(&w, twice, twice, 0), 1);
    put_line(&w, twice, 1); /* the second 02:00 */
    assert_int_equal(found(&w, twice, twice, 0), 0);
    run(&w, "COMMIT");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule_hour_by_hour),
        cmocka_unit_test(test_what_raises_no_alarm),
        cmocka_unit_test(test_clocks_that_leap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
