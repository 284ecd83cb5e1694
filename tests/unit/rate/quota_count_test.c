/* Counters against a replay that looks at every pair of calls: thousands of small random sets, over midnights, months and
 * both changes of the clock. */
#include "tests/unit/rate/support.h"

#include "rate/quota_count.h"

#define CALLS_MAX 40
#define ROWS_MAX  400

struct set {
    struct tb_quota_call call[CALLS_MAX];
    int n;
    enum tb_window window;
    struct tb_zone *zone;
    int32_t first, last;
};

struct row {
    int32_t day; /* of windows that belong to one day */
    struct tb_quota_use use;
};

struct rows {
    struct row row[ROWS_MAX];
    int n;
};

/* --- the program's road: day by day, a window told again is replaced ---------------------------------------------------- */

static void put(struct rows *rows, int32_t day, enum tb_window w, const struct tb_quota_use *u)
{
    for (int i = 0; i < rows->n; i++) {
        if (tb_quota_window_long(w) && rows->row[i].use.start_us == u->start_us) {
            rows->row[i].use = *u;
            return;
        }
    }
    assert_true(rows->n < ROWS_MAX);
    rows->row[rows->n++] = (struct row){day, *u};
}

static void replay(const struct set *s, struct rows *rows)
{
    struct tb_quota_count c = {.open = false};
    struct tb_hour hour;
    struct tb_err err = {0};
    int at = 0;
    rows->n = 0;
    tb_hour_init(&hour, s->zone);
    for (int32_t day = s->first; day <= s->last; day++) {
        struct tb_quota_use out[TB_QUOTA_ROWS_MAX];
        int64_t end = tb_zone_day_start(s->zone, day + 1);
        for (; at < s->n && s->call[at].ts_us < end; at++) {
            tb_hour_at(&hour, s->call[at].ts_us);
            assert_ok(tb_quota_count_feed(&c, s->window, &hour, &s->call[at], &err), err);
        }
        int n = tb_quota_count_rows(&c, s->window, out);
        for (int i = 0; i < n; i++) {
            put(rows, day, s->window, &out[i]);
        }
        tb_quota_count_end_day(&c, s->window, end);
    }
    tb_quota_count_release(&c);
}

/* --- the slow road ------------------------------------------------------------------------------------------------------ */

static void bounds(const struct set *s, int64_t ts, int64_t *start, int64_t *end)
{
    int y, m, d;
    int32_t day = tb_zone_day(s->zone, ts);
    int64_t unit = s->window == TB_WINDOW_SECOND ? TB_US_PER_S : TB_US_PER_MIN;
    switch (s->window) {
    case TB_WINDOW_HOUR: /* walk out to where the local hour changes */
        *start = tb_zone_hour_start(s->zone, ts);
        for (*end = *start + TB_US_PER_MIN; tb_zone_hour_start(s->zone, *end) == *start;
             *end += TB_US_PER_MIN) {
        }
        return;
    case TB_WINDOW_DAY:
        *start = tb_zone_instant(s->zone, day, 0);
        *end = tb_zone_instant(s->zone, day + 1, 0);
        return;
    case TB_WINDOW_MONTH:
        tb_day_civil(day, &y, &m, &d);
        *start = tb_zone_instant(s->zone, day - d + 1, 0);
        while (tb_day_civil(++day, &y, &m, &d), d != 1) {
        }
        *end = tb_zone_instant(s->zone, day, 0);
        return;
    default:
        *start = ts / unit * unit;
        *end = *start + unit;
    }
}

/* The row of the window [start, end), from all calls in it. */
static struct tb_quota_use judge(const struct set *s, int64_t start, int64_t end)
{
    struct tb_quota_use u = {
        .start_us = start, .end_us = end, .unlimited = true, .exhausted_us = TB_QUOTA_NEVER};
    for (int i = 0; i < s->n; i++) {
        const struct tb_quota_call *c = &s->call[i];
        if (c->ts_us < start || c->ts_us >= end) {
            continue;
        }
        tb_int128 before = 0; /* what calls before this one used */
        for (int k = 0; k < i; k++) {
            before += s->call[k].ts_us >= start ? s->call[k].amount : 0;
        }
        bool gone = u.exhausted_us != TB_QUOTA_NEVER;
        u.unlimited = c->unlimited;
        u.limit = c->limit;
        u.used = before + c->amount;
        u.refused += c->refused;
        u.refused_early += c->refused && !gone;
        u.requests_after += gone && !c->refused;
        u.tokens_after += gone && !c->refused ? c->tokens : 0;
        u.cost_after += gone && !c->refused ? c->cost : 0;
        if (!gone && !c->unlimited && c->amount > 0 && u.used >= c->limit) {
            u.exhausted_us = c->ts_us;
        }
    }
    u.windows_over = u.exhausted_us != TB_QUOTA_NEVER;
    return u;
}

static void slow_civil(const struct set *s, struct rows *rows)
{
    rows->n = 0;
    for (int i = 0; i < s->n; i++) {
        int64_t start, end;
        int32_t day = tb_zone_day(s->zone, s->call[i].ts_us);
        bounds(s, s->call[i].ts_us, &start, &end);
        struct tb_quota_use u = judge(s, start, end);
        bool is_short = tb_quota_window_short(s->window);
        int at = -1;
        for (int k = 0; k < rows->n; k++) {
            if (is_short ? rows->row[k].day == day : rows->row[k].use.start_us == start) {
                at = k;
            }
        }
        if (at < 0) {
            rows->row[rows->n++] = (struct row){day, u};
        } else if (is_short && rows->row[at].use.start_us != start) {
            /* a new window, or one seen before: windows come in order, so that each is met first at its first call */
            bool seen = i > 0 && s->call[i - 1].ts_us >= start;
            if (!seen) {
                int64_t over = rows->row[at].use.windows_over + u.windows_over;
                if (u.used > rows->row[at].use.used) {
                    rows->row[at].use = u;
                }
                rows->row[at].use.windows_over = over;
            }
        }
    }
}

static void slow_first_use(const struct set *s, struct rows *rows)
{
    int64_t end = INT64_MIN;
    rows->n = 0;
    for (int i = 0; i < s->n; i++) {
        const struct tb_quota_call *c = &s->call[i];
        if (c->ts_us >= end && !c->refused && c->tokens > 0) {
            struct set rest = *s; /* calls of the same instant before this one are not of the window */
            memmove(rest.call, s->call + i, (size_t)(s->n - i) * sizeof *rest.call);
            rest.n = s->n - i;
            end = c->ts_us + 86400 * TB_US_PER_S;
            rows->row[rows->n++] = (struct row){0, judge(&rest, c->ts_us, end)};
        }
    }
}

static tb_int128 rolled(const struct set *s, int upto, int64_t t)
{
    tb_int128 sum = 0;
    for (int k = 0; k <= upto; k++) {
        sum += s->call[k].ts_us > t - 86400 * TB_US_PER_S ? s->call[k].amount : 0;
    }
    return sum;
}

static void slow_rolling(const struct set *s, struct rows *rows)
{
    rows->n = 0;
    for (int i = 0; i < s->n; i++) {
        const struct tb_quota_call *c = &s->call[i];
        int32_t day = tb_zone_day(s->zone, c->ts_us);
        if (rows->n == 0 || rows->row[rows->n - 1].day != day) {
            rows->row[rows->n++] = (struct row){day, {.used = -1, .exhausted_us = TB_QUOTA_NEVER}};
        }
        struct tb_quota_use *u = &rows->row[rows->n - 1].use;
        tb_int128 before = rolled(s, i - 1, c->ts_us), sum = rolled(s, i, c->ts_us);
        bool gone = !c->unlimited && before >= c->limit && before > 0;
        u->unlimited = c->unlimited;
        u->limit = c->limit;
        u->refused += c->refused;
        u->refused_early += c->refused && !gone;
        u->requests_after += gone && !c->refused;
        u->tokens_after += gone && !c->refused ? c->tokens : 0;
        u->cost_after += gone && !c->refused ? c->cost : 0;
        if (u->exhausted_us == TB_QUOTA_NEVER && !c->refused && !c->unlimited && sum >= c->limit && sum > 0) {
            u->exhausted_us = c->ts_us;
            u->windows_over = 1;
        }
        if (sum > u->used) {
            u->used = sum;
            u->start_us = c->ts_us - 86400 * TB_US_PER_S;
            u->end_us = c->ts_us;
        }
    }
}

/* --- both --------------------------------------------------------------------------------------------------------------- */

static void draw(struct set *s, uint64_t *random, int64_t from_us, int64_t to_us)
{
    bool unlimited = random_below(random, 12) == 0, requests = random_below(random, 3) == 0;
    tb_int128 limit = random_below(random, 5) == 0 ? 0 : 1 + random_below(random, requests ? 6 : 400);
    int64_t width = random_below(random, 2) == 0 ? to_us - from_us : 5 * TB_US_PER_MIN;
    int64_t begin = from_us + (int64_t)(random_next(random) % (uint64_t)(to_us - from_us - width + 1));
    s->n = (int)random_below(random, CALLS_MAX);
    for (int i = 0; i < s->n; i++) {
        struct tb_quota_call *c = &s->call[i];
        *c = (struct tb_quota_call){
            .refused = random_below(random, 8) == 0, .unlimited = unlimited, .limit = limit};
        c->ts_us = begin + (int64_t)(random_next(random) % (uint64_t)width);
        switch (random_below(random,
                             6)) { /* on the edges of days, and again at an instant, and a day behind one */
        case 0:
            c->ts_us =
                tb_zone_day_start(s->zone, tb_zone_day(s->zone, c->ts_us)) - (int64_t)random_below(random, 2);
            break;
        case 1:
            c->ts_us = i > 0 ? s->call[random_below(random, (uint32_t)i)].ts_us : c->ts_us;
            break;
        case 2:
            c->ts_us = i > 0 ? s->call[random_below(random, (uint32_t)i)].ts_us + TB_US_PER_DAY : c->ts_us;
            break;
        default:
            break;
        }
        c->tokens = random_below(random, 4) == 0 ? 0 : random_below(random, 100);
        c->cost = random_below(random, 50);
        c->amount = c->refused ? 0 : requests ? 1 : c->tokens;
    }
    for (int i = 1; i < s->n; i++) {
        for (int k = i; k > 0 && s->call[k].ts_us < s->call[k - 1].ts_us; k--) {
            struct tb_quota_call c = s->call[k];
            s->call[k] = s->call[k - 1];
            s->call[k - 1] = c;
        }
    }
    s->first = tb_zone_day(s->zone, from_us) - 1;
    s->last = tb_zone_day(s->zone, to_us) + (int32_t)CALLS_MAX;
}

static void check_row(const struct row *a, const struct row *b)
{
    const struct tb_quota_use *x = &a->use, *y = &b->use;
    assert_int_equal(x->start_us, y->start_us);
    assert_int_equal(x->end_us, y->end_us);
    assert_int_equal(x->unlimited, y->unlimited);
    assert_true(x->unlimited || x->limit == y->limit);
    assert_true(x->used == y->used);
    assert_int_equal(x->exhausted_us, y->exhausted_us);
    assert_int_equal(x->requests_after, y->requests_after);
    assert_int_equal(x->tokens_after, y->tokens_after);
    assert_true(x->cost_after == y->cost_after);
    assert_int_equal(x->refused, y->refused);
    assert_int_equal(x->refused_early, y->refused_early);
    assert_int_equal(x->windows_over, y->windows_over);
}

static void both(const char *zone, int year, int month, int mday, int days, uint64_t seed)
{
    static struct rows fast, slow;
    struct tb_settings settings;
    uint64_t random = seed;
    settings_make(&settings, zone);
    int32_t day = tb_day_of_civil(year, month, mday);
    int64_t from_us = tb_zone_day_start(settings.zone, day),
            to_us = tb_zone_day_start(settings.zone, day + days);
    int total = 0;
    for (int round = 0; round < 4000; round++) {
        struct set s = {.window = (enum tb_window)(round % 7), .zone = settings.zone};
        draw(&s, &random, from_us, to_us);
        replay(&s, &fast);
        if (s.window == TB_WINDOW_FIRST_USE_24H) {
            slow_first_use(&s, &slow);
        } else if (s.window == TB_WINDOW_ROLLING_24H) {
            slow_rolling(&s, &slow);
        } else {
            slow_civil(&s, &slow);
        }
        assert_int_equal(fast.n, slow.n);
        for (int i = 0; i < fast.n; i++) {
            check_row(&fast.row[i], &slow.row[i]);
        }
        total += fast.n;
    }
    assert_true(total > 4000);
    settings_release(&settings);
}

static void spring_and_a_month(void **state)
{
    (void)state;
    both("Europe/Berlin", 2026, 3, 28, 5, 11);
}

static void autumn_and_a_month(void **state)
{
    (void)state;
    both("America/New_York", 2026, 10, 31, 3, 12);
}

static void half_hours_and_new_year(void **state)
{
    (void)state;
    both("Asia/Kolkata", 2026, 12, 30, 4, 13);
    both("Australia/Lord_Howe", 2026, 4, 4, 3, 14);
}

/* The event that reaches the limit is not "after"; a limit of 0 is exhausted by the first token; ties go in order. */
static void edges_of_a_limit(void **state)
{
    (void)state;
    struct tb_settings settings;
    struct tb_err err = {0};
    settings_make(&settings, "UTC");
    static const struct {
        tb_int128 limit;
        int64_t amount[3];
        int exhausted, after; /* number of the call, -1 = none */
    } table[] = {{100, {40, 60, 1}, 1, 1}, {100, {40, 59, 0}, -1, 0}, {0, {0, 5, 5}, 1, 1},
                 {0, {0, 0, 0}, -1, 0},    {1, {7, 7, 7}, 0, 2},      {100, {100, 0, 0}, 0, 2}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct tb_quota_count c = {.open = false};
        struct tb_hour hour;
        struct tb_quota_use out[TB_QUOTA_ROWS_MAX];
        tb_hour_init(&hour, settings.zone);
        for (int k = 0; k < 3; k++) {
            struct tb_quota_call call = {.ts_us = 1000 + k,
                                         .tokens = table[i].amount[k],
                                         .amount = table[i].amount[k],
                                         .limit = table[i].limit};
            tb_hour_at(&hour, call.ts_us);
            assert_ok(tb_quota_count_feed(&c, TB_WINDOW_DAY, &hour, &call, &err), err);
        }
        assert_int_equal(tb_quota_count_rows(&c, TB_WINDOW_DAY, out), 1);
        assert_int_equal(out[0].exhausted_us,
                         table[i].exhausted < 0 ? TB_QUOTA_NEVER : 1000 + table[i].exhausted);
        assert_int_equal(out[0].requests_after, table[i].after);
        tb_quota_count_release(&c);
    }
    settings_release(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spring_and_a_month),
        cmocka_unit_test(autumn_and_a_month),
        cmocka_unit_test(half_hours_and_new_year),
        cmocka_unit_test(edges_of_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
