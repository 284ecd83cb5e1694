/* Scans and ordered events against sorted arrays: ranges, superseded rows, many files over the same time,
 * one instant for many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store_fixture.h"

#define DAY_0 20000

struct plain {
    int64_t ts_us;
    uint64_t lo, hi, payload, line;
    uint32_t file;
};

struct stored {
    struct plain *p;
    size_t n;
};

static void keep(struct stored *s, struct plain p)
{
    if ((s->n & (s->n - 1)) == 0) {
        s->p = realloc(s->p, (s->n == 0 ? 1 : s->n * 2) * sizeof *s->p);
        assert_non_null(s->p);
    }
    s->p[s->n++] = p;
}

static int by_order(const void *a, const void *b)
{
    const struct plain *x = a, *y = b;
    return x->ts_us != y->ts_us ? (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us)
                                : (x->lo > y->lo) - (x->lo < y->lo);
}

/* Loads a file; ts(i) gives the instants. */
static void load(struct fixture *f, uint32_t source, struct stored *s, uint64_t seed, uint32_t n,
                 int64_t (*ts)(uint64_t *random, uint32_t i))
{
    uint64_t random = seed;
    struct tb_load_txn *t = NULL;
    struct tb_row *rows = calloc(TB_BATCH_ROWS, sizeof *rows);
    must(tb_db_begin(f->db, &err));
    uint32_t file = new_file(f->db, "f", source);
    must(tb_load_begin(f->db, file, source, &t, &err));
    for (uint32_t at = 0; at < n;) {
        uint32_t k = n - at < TB_BATCH_ROWS ? n - at : TB_BATCH_ROWS;
        for (uint32_t i = 0; i < k; i++) {
            uint64_t in[2] = {seed, at + i};
            rows[i] = (struct tb_row){.ts_us = ts(&random, at + i),
                                      .identity = tb_hash128(in, sizeof in, 1),
                                      .payload = random_next(&random),
                                      .line = at + i};
            rows[i].present = 1u << TB_N_INPUT;
            rows[i].number[TB_N_INPUT] = (int64_t)(rows[i].payload % 1000);
            keep(s, (struct plain){rows[i].ts_us, rows[i].identity.lo, rows[i].identity.hi, rows[i].payload,
                                   at + i, file});
        }
        struct tb_append_counts c;
        must(tb_load_append(t, rows, k, &c, NULL, NULL, &err));
        assert_int_equal(c.events, k);
        at += k;
    }
    must(tb_load_finish(t, &err));
    must(tb_db_commit(f->db, &err));
    free(rows);
}

/* Sends some events again with a payload that rules (more usage): the stored ones are superseded. */
static void supersede(struct fixture *f, uint32_t source, struct stored *s, uint64_t seed)
{
    uint64_t random = seed;
    struct tb_load_txn *t = NULL;
    struct tb_row *rows = calloc(3000, sizeof *rows);
    uint32_t n = 0;
    must(tb_db_begin(f->db, &err));
    uint32_t file = new_file(f->db, "again", source);
    must(tb_load_begin(f->db, file, source, &t, &err));
    for (size_t i = random_below(&random, 50); i < s->n && n < 3000;
         i += 1 + random_below(&random, (uint32_t)(s->n / 1500 + 2))) {
        struct plain *p = &s->p[i];
        struct tb_row *r = &rows[n++];
        *r = (struct tb_row){.ts_us = p->ts_us,
                             .identity = {p->hi, p->lo},
                             .payload = random_next(&random),
                             .line = n,
                             .quality = TB_QUALITY_EXACT};
        r->present = 1u << TB_N_INPUT | 1u << TB_N_OUTPUT;
        r->number[TB_N_INPUT] = (int64_t)(r->payload % 1000);
        r->number[TB_N_OUTPUT] = 5;
        *p = (struct plain){r->ts_us, p->lo, p->hi, r->payload, n, file};
    }
    struct tb_append_counts c;
    must(tb_load_append(t, rows, n, &c, NULL, NULL, &err));
    assert_int_equal(c.events, n);
    must(tb_load_finish(t, &err));
    must(tb_db_commit(f->db, &err));
    free(rows);
}

static size_t first_from(const struct stored *s, int64_t ts_us)
{
    size_t i = 0;
    while (i < s->n && s->p[i].ts_us < ts_us) {
        i++;
    }
    return i;
}

static void check_scan(struct fixture *f, const struct stored *s, int64_t from, int64_t to)
{
    struct tb_scan *scan = NULL;
    struct tb_block b;
    struct stored got = {NULL, 0};
    int64_t last_day = INT64_MIN;
    must(tb_scan_open(f->db, from, to, TB_C_IDENTITY | TB_C_TOKENS | TB_C_LINE, &scan, &err));
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st;
    while ((st = tb_scan_next(scan, &b, &err)) == TB_OK) {
        assert_in_range(b.n, 1, TB_SEGMENT_ROWS);
        assert_true(tb_utc_day(b.ts_us[0]) >= last_day);
        last_day = tb_utc_day(b.ts_us[b.n - 1]);
        assert_int_equal(last_day, tb_utc_day(b.ts_us[0]));
        assert_null(b.text[TB_T_MODEL]);
        assert_null(b.cost);
        assert_null(b.number[TB_N_LATENCY_MS]);
        for (uint32_t i = 0; i < b.n; i++) {
            assert_true(i == 0 || b.ts_us[i - 1] < b.ts_us[i] ||
                        (b.ts_us[i - 1] == b.ts_us[i] && b.id_lo[i - 1] < b.id_lo[i]));
            assert_int_equal(b.number[TB_N_INPUT][i], b.payload[i] % 1000);
            keep(&got, (struct plain){b.ts_us[i], b.id_lo[i], 0, b.payload[i], b.line[i], b.file});
        }
    }
    assert_int_equal(st, TB_END);
    tb_scan_close(scan);
    if (got.n > 0) {
        qsort(got.p, got.n, sizeof *got.p, by_order);
    }
    size_t lo = first_from(s, from), hi = first_from(s, to);
    assert_int_equal(got.n, hi > lo ? hi - lo : 0);
    for (size_t i = 0; i < got.n; i++) {
        const struct plain *x = &got.p[i], *y = &s->p[lo + i];
        assert_true(x->ts_us == y->ts_us && x->lo == y->lo && x->payload == y->payload &&
                    x->line == y->line && x->file == y->file);
    }
    free(got.p);
}

static void check_edges(struct fixture *f, const struct stored *s, int64_t from, int64_t to)
{
    struct tb_err err = {.code = TB_E_NONE};
    size_t lo = first_from(s, from), hi = first_from(s, to);
    for (int last = 0; last < 2; last++) {
        int64_t ts = 0;
        enum tb_status st = tb_events_edge(f->db, from, to, last, &ts, &err);
        assert_int_equal(st, hi > lo ? TB_OK : TB_END);
        assert_true(st == TB_END || ts == s->p[last ? hi - 1 : lo].ts_us);
    }
}

struct walk {
    const struct stored *s;
    size_t at, stop;
    int prepared, fail_at; /* blocks; what prepare alone touches */
};

static bool take(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct walk *w = ctx;
    assert_true(w->at < w->s->n);
    const struct plain *p = &w->s->p[w->at++];
    assert_true(b->ts_us[row] == p->ts_us && b->id_lo[row] == p->lo && b->payload[row] == p->payload &&
                b->file == p->file);
    return w->at != w->stop;
}

static void check_ordered(struct fixture *f, const struct stored *s, int64_t from, int64_t to,
                          uint64_t columns)
{
    struct walk w = {.s = s, .at = first_from(s, from)};
    must(tb_events_ordered(f->db, from, to, columns, take, &w, &err));
    assert_int_equal(w.at, first_from(s, to));
    size_t begin = first_from(s, from);
    if (w.at > begin + 3) { /* stops when told */
        struct walk short_walk = {.s = s, .at = begin, .stop = begin + 3};
        must(tb_events_ordered(f->db, from, to, columns, take, &short_walk, &err));
        assert_int_equal(short_walk.at, begin + 3);
    }
}

/* prepare makes of each row what each then finds in the room. */
static enum tb_status prepare_rows(void *ctx, const struct tb_block *b, void *room, struct tb_err *err)
{
    struct walk *w = ctx;
    int64_t *made = room;
    if (++w->prepared == w->fail_at) {
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "block %d", w->fail_at);
    }
    for (uint32_t i = 0; i < b->n; i++) {
        made[2 * i] = ~b->ts_us[i];
        made[2 * i + 1] = (int64_t)b->id_lo[i];
    }
    return TB_OK;
}

static bool take_prepared(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct walk *w = ctx;
    const int64_t *made = b->room;
    assert_true(w->at < w->s->n);
    assert_int_equal(~made[2 * row], w->s->p[w->at].ts_us);
    assert_true((uint64_t)made[2 * row + 1] == w->s->p[w->at].lo);
    return ++w->at != w->stop;
}

static struct walk walk_prepared(struct fixture *f, int64_t from, int64_t to, struct walk w, bool ahead)
{
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_ordered_how how = {.columns = TB_C_TS,
                                 .room_bytes = 2 * sizeof(int64_t),
                                 .prepare = prepare_rows,
                                 .each = take_prepared,
                                 .ctx = &w,
                                 .ahead = ahead};
    enum tb_status st = tb_events_prepared(f->db, from, to, &how, &err);
    bool fails = w.fail_at > 0 && w.fail_at <= w.prepared;
    assert_int_equal(st, fails ? TB_FAIL : TB_OK);
    assert_int_equal(err.code, fails ? TB_E_LIMIT : TB_E_NONE);
    return w;
}

/* In this thread and ahead in another: the same rows, stopped when told, with the same error behind the same row. */
static void check_prepared(struct fixture *f, const struct stored *s, int64_t from, int64_t to)
{
    size_t begin = first_from(s, from), told = 0;
    for (int ahead = 0; ahead < 2; ahead++) {
        struct walk w = walk_prepared(f, from, to, (struct walk){.s = s, .at = begin}, ahead);
        assert_int_equal(w.at, first_from(s, to));
        if (w.at > begin + 3) {
            w = walk_prepared(f, from, to, (struct walk){.s = s, .at = begin, .stop = begin + 3}, ahead);
            assert_int_equal(w.at, begin + 3);
        }
        w = walk_prepared(f, from, to, (struct walk){.s = s, .at = begin, .fail_at = 3}, ahead);
        assert_true(ahead == 0 || w.at == told);
        told = w.at;
    }
}

static int64_t over_days(uint64_t *random, uint32_t i)
{
    (void)i;
    return DAY_0 * TB_US_PER_DAY +
           (int64_t)(random_next(random) % (uint64_t)(3 * TB_US_PER_DAY)) / 1000 * 1000;
}

static int64_t in_turn(uint64_t *random, uint32_t i)
{
    return (DAY_0 + 1) * TB_US_PER_DAY + (int64_t)i * 900000 + random_below(random, 5000000);
}

static int64_t one_instant(uint64_t *random, uint32_t i)
{
    (void)random;
    (void)i;
    return (DAY_0 + 1) * TB_US_PER_DAY + 12345;
}

static void check_ranges(struct fixture *f, struct stored *s, uint64_t seed)
{
    uint64_t random = seed;
    qsort(s->p, s->n, sizeof *s->p, by_order);
    check_scan(f, s, INT64_MIN, INT64_MAX);
    check_scan(f, s, 5, 5);
    check_edges(f, s, 5, 5);
    check_edges(f, s, INT64_MIN, INT64_MAX);
    check_ordered(f, s, INT64_MIN, INT64_MAX, TB_C_ALL);
    for (int i = 0; i < 12; i++) {
        int64_t from =
            DAY_0 * TB_US_PER_DAY + (int64_t)(random_next(&random) % (uint64_t)(3 * TB_US_PER_DAY));
        int64_t to = from + (int64_t)(random_next(&random) % (uint64_t)(i % 2 ? TB_US_PER_DAY : 40000000));
        if (i == 7) {
            from = s->p[s->n / 3].ts_us; /* borders that are instants of events */
            to = s->p[s->n / 2].ts_us;
        }
        check_scan(f, s, from, to);
        check_edges(f, s, from, to);
        check_prepared(f, s, from, to);
        check_ordered(f, s, from, to, i % 3 ? TB_C_TS : TB_C_TS | TB_C_TEXTS);
    }
}

static void small_ranges(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct fixture f;
        struct stored s = {NULL, 0};
        int32_t first = 0, last = 0;
        fixture_open(&f);
        struct tb_err err = {.code = TB_E_NONE};
        assert_int_equal(tb_events_days(f.db, &first, &last, &err), TB_END);
        for (uint64_t file = 0; file < 5; file++) {
            load(&f, 1, &s, seed * 100 + file, 1 + (uint32_t)(seed * file * 37),
                 file % 2    ? over_days
                 : file == 4 ? one_instant
                             : in_turn);
        }
        supersede(&f, 1, &s, seed);
        check_ranges(&f, &s, seed);
        assert_int_equal(tb_events_days(f.db, &first, &last, &err), TB_OK);
        assert_int_equal(first, tb_utc_day(s.p[0].ts_us));
        assert_int_equal(last, tb_utc_day(s.p[s.n - 1].ts_us));
        free(s.p);
        fixture_close(&f);
    }
}

/* More than a window of ordered events holds: files that follow each other, that cover each other, and one
 * instant for all. */
static void large_ranges(void **state)
{
    (void)state;
    struct fixture f;
    struct stored s = {NULL, 0};
    fixture_open(&f);
    load(&f, 1, &s, 1, 90000, in_turn);
    load(&f, 1, &s, 2, 90000, in_turn);
    load(&f, 1, &s, 3, 150000, over_days);
    load(&f, 1, &s, 4, 100000, one_instant);
    load(&f, 1, &s, 5, 100000, one_instant);
    supersede(&f, 1, &s, 9);
    check_ranges(&f, &s, 77);
    free(s.p);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ranges),
        cmocka_unit_test(large_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
