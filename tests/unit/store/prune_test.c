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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pruned_days_take_no_more),
        cmocka_unit_test(merges_drop_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
