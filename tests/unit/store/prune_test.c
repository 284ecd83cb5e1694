/* Pruned days: their events go, they take no more, their ids are free again elsewhere; generations and
 * later days stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "store_fixture.h"

#define DAY_0 20000

struct rejected {
    uint32_t rows[64];
    uint32_t n;
};

static void take(void *ctx, uint32_t i)
{
    struct rejected *r = ctx;
    r->rows[r->n++] = i;
}

/* One row per id, on the day given. */
static struct tb_append_counts load(struct fixture *f, const uint64_t *ids, const int32_t *days, uint32_t n,
                                    struct rejected *rejected)
{
    struct tb_row rows[64];
    struct tb_load_txn *t = NULL;
    struct tb_append_counts c;
    memset(rows, 0, sizeof rows);
    for (uint32_t i = 0; i < n; i++) {
        rows[i].identity = tb_hash128(&ids[i], sizeof ids[i], 1);
        rows[i].ts_us = days[i] * TB_US_PER_DAY + (int64_t)ids[i];
        rows[i].payload = (uint64_t)days[i];
        rows[i].present = 1u << TB_N_INPUT;
        rows[i].number[TB_N_INPUT] = days[i];
    }
    must(tb_db_begin(f->db, &err));
    uint32_t source = dict_add(f->db, "gateway");
    must(tb_load_begin(f->db, new_file(f->db, "f", source), source, &t, &err));
    must(tb_load_append(t, rows, n, &c, take, rejected, &err));
    must(tb_load_finish(t, &err));
    must(tb_db_commit(f->db, &err));
    return c;
}

static int64_t live(struct tb_db *db)
{
    return number_of(db, "SELECT count(*) FROM usage_event");
}

static void pruned_days_take_no_more(void **state)
{
    (void)state;
    struct fixture f;
    struct rejected r = {.n = 0};
    const uint64_t ids[] = {1, 2, 3, 4, 5};
    const int32_t days[] = {DAY_0, DAY_0, DAY_0 + 1, DAY_0 + 2, DAY_0 + 1};
    fixture_open(&f);
    struct tb_append_counts c = load(&f, ids, days, 5, &r);
    assert_int_equal(c.events, 5);
    int64_t before = 0, after = 0;
    bool pruned = true;
    must(tb_events_generation(f.db, (DAY_0 + 2) * TB_US_PER_DAY, (DAY_0 + 3) * TB_US_PER_DAY, &before,
                              &pruned, &err));
    assert_false(pruned);
    must(tb_db_begin(f.db, &err));
    must(tb_events_prune(f.db, DAY_0 + 2, DAY_0 + 2, &err));
    must(tb_db_commit(f.db, &err));
    assert_int_equal(live(f.db), 1);
    assert_int_equal(
        number_of(
            f.db,
            "SELECT count(*) FROM segment_group WHERE piece / 4096 NOT IN (SELECT segment FROM segment)"),
        0);
    must(tb_events_generation(f.db, (DAY_0 + 2) * TB_US_PER_DAY, (DAY_0 + 3) * TB_US_PER_DAY, &after, &pruned,
                              &err));
    assert_true(after == before && !pruned);
    must(tb_events_generation(f.db, (DAY_0 + 1) * TB_US_PER_DAY, (DAY_0 + 3) * TB_US_PER_DAY, &after, &pruned,
                              &err));
    assert_true(pruned);
    const uint64_t again_ids[] = {1, 2, 4, 6, 7};
    const int32_t again_days[] = {DAY_0, DAY_0 + 3, DAY_0 + 2, DAY_0 + 1, DAY_0 + 2};
    c = load(&f, again_ids, again_days, 5, &r);
    assert_int_equal(c.pruned, 2); /* rows 0 and 3 */
    assert_int_equal(r.n, 2);
    assert_int_equal(r.rows[0], 0);
    assert_int_equal(r.rows[1], 3);
    assert_int_equal(c.duplicates, 1); /* id 4 */
    assert_int_equal(c.events, 2);     /* id 2, whose old detail is gone, and id 7 */
    assert_int_equal(live(f.db), 3);
    must(tb_db_check(f.db, &err));
    fixture_close(&f);
}

/* A civil day that begins on a pruned UTC day and ends on the next takes no more up to its end; what follows does. */
static void the_rest_of_a_civil_day(void **state)
{
    (void)state;
    struct fixture f;
    struct rejected r = {.n = 0};
    const uint64_t ids[] = {1, 2};
    const int32_t days[] = {DAY_0, DAY_0 + 1};
    const uint64_t late_ids[] = {3, 9, 10, 11, 4};
    const int32_t late_days[] = {DAY_0, DAY_0 + 1, DAY_0 + 1, DAY_0 + 1, DAY_0 + 2};
    fixture_open(&f);
    load(&f, ids, days, 2, &r);
    must(tb_db_begin(f.db, &err));
    must(tb_events_prune_rest(f.db, (DAY_0 + 1) * TB_US_PER_DAY + 10, &err));
    must(tb_db_commit(f.db, &err));
    struct tb_append_counts c = load(&f, (const uint64_t[]){5}, (const int32_t[]){DAY_0 + 1}, 1, &r);
    assert_int_equal(c.pruned, 0); /* nothing of the UTC day before is pruned: the civil day is whole */
    must(tb_db_begin(f.db, &err));
    must(tb_events_prune(f.db, DAY_0 + 1, DAY_0 + 1, &err));
    must(tb_events_prune_rest(f.db, DAY_0 * TB_US_PER_DAY, &err)); /* an earlier end changes nothing */
    must(tb_db_commit(f.db, &err));
    c = load(&f, late_ids, late_days, 5, &r);
    assert_int_equal(c.pruned, 2); /* the pruned day, and a microsecond before the end */
    assert_int_equal(r.n, 2);
    assert_int_equal(r.rows[0], 0);
    assert_int_equal(r.rows[1], 1);
    assert_int_equal(c.events, 3);
    assert_int_equal(live(f.db), 5); /* what stood on the day that stays is there */
    fixture_close(&f);
}

/* Merging drops what points to nothing. */
static void merges_drop_ids(void **state)
{
    (void)state;
    struct fixture f;
    struct rejected r = {.n = 0};
    fixture_open(&f);
    for (uint64_t i = 0; i < 20; i++) {
        const uint64_t ids[] = {i * 2, i * 2 + 1};
        const int32_t days[] = {DAY_0 + (int32_t)(i % 2), DAY_0 + (int32_t)(i % 2)};
        if (i == 7) {
            must(tb_db_begin(f.db, &err));
            must(tb_events_prune(f.db, DAY_0 + 1, DAY_0 + 1, &err));
            must(tb_db_commit(f.db, &err));
        }
        struct tb_append_counts c = load(&f, ids, days, 2, &r);
        assert_int_equal(c.pruned, i >= 7 && i % 2 == 0 ? 2 : 0);
    }
    assert_int_equal(live(f.db), 20);
    assert_in_range(number_of(f.db, "SELECT sum(entries) FROM id_run"), 20,
                    22); /* 28 were written; a segment's number may come again */
    fixture_close(&f);
}

/* Signatures of the calls of a day; -1: others than were put there. */
static int signed_calls(struct tb_db *db, int32_t day)
{
    struct tb_scan *scan = NULL;
    struct tb_block b;
    struct tb_err err = {.code = TB_E_NONE};
    int n = 0;
    enum tb_status st = tb_scan_open(db, day * TB_US_PER_DAY, (day + 1) * TB_US_PER_DAY,
                                     TB_C_TS | TB_C_PROMPT | TB_C_SIGNATURE, &scan, &err);
    while (st == TB_OK && (st = tb_scan_next(scan, &b, &err)) == TB_OK) {
        for (uint32_t i = 0; i < b.n; i++) {
            bool is = tb_signature_is(&b.signature[i]);
            n = n < 0 || b.prompt_fingerprint[i] != 7 || (is && b.signature[i].lane[0] != day % 1000)
                    ? -1
                    : n + is;
        }
    }
    assert_int_equal(st, TB_END);
    tb_scan_close(scan);
    return n;
}

static void old_signatures_go_and_nothing_else(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_row rows[6];
    struct tb_signature signatures[6];
    struct tb_load_txn *t = NULL;
    struct tb_append_counts c;
    struct rejected r = {.n = 0};
    int64_t before = 0, after = 0;
    bool pruned = false;
    int32_t day = 0;
    fixture_open(&f);
    memset(rows, 0, sizeof rows);
    memset(signatures, 0, sizeof signatures);
    for (uint32_t i = 0; i < 6; i++) { /* two calls of each of three days */
        int32_t of = DAY_0 + (int32_t)i / 2;
        rows[i].identity = tb_hash128(&i, sizeof i, 1);
        rows[i].ts_us = of * TB_US_PER_DAY + i;
        rows[i].prompt_fingerprint = 7;
        signatures[i].lane[0] = (uint16_t)(of % 1000);
        rows[i].signature = (struct tb_str){(const char *)&signatures[i], sizeof signatures[i]};
    }
    must(tb_db_begin(f.db, &err));
    uint32_t source = dict_add(f.db, "gateway");
    must(tb_load_begin(f.db, new_file(f.db, "f", source), source, &t, &err));
    must(tb_load_append(t, rows, 6, &c, take, &r, &err));
    must(tb_load_finish(t, &err));
    must(tb_db_commit(f.db, &err));
    must(tb_events_generation(f.db, 0, INT64_MAX / 2, &before, &pruned, &err));
    must(tb_events_signed_day(f.db, 0, DAY_0 + 9, &day, &err));
    assert_int_equal(day, DAY_0);
    must(tb_db_begin(f.db, &err));
    must(tb_events_drop_signatures(f.db, DAY_0 + 2, &err));
    must(tb_db_commit(f.db, &err));
    for (int32_t d = 0; d < 3; d++) {
        assert_int_equal(signed_calls(f.db, DAY_0 + d), d < 2 ? 0 : 2);
    }
    must(tb_events_signed_day(f.db, 0, DAY_0 + 9, &day, &err));
    assert_int_equal(day, DAY_0 + 2);
    struct tb_err none = {.code = TB_E_NONE};
    assert_int_equal(tb_events_signed_day(f.db, 0, DAY_0 + 2, &day, &none), TB_END);
    must(tb_events_generation(f.db, 0, INT64_MAX / 2, &after, &pruned, &err));
    assert_true(before == after && !pruned);
    assert_int_equal(live(f.db), 6);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pruned_days_take_no_more),
        cmocka_unit_test(the_rest_of_a_civil_day),
        cmocka_unit_test(old_signatures_go_and_nothing_else),
        cmocka_unit_test(merges_drop_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
