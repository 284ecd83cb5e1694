/* Id runs against a plain list: written, merged, asked with and without filters; equal keys; dropped
 * segments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "store/id_filter.h"
#include "store/ids.h"
#include "store_fixture.h"

struct list {
    struct tb_id_entry *p;
    size_t n, cap;
};

static void list_add(struct list *l, struct tb_id_entry e)
{
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 1024 : l->cap * 2;
        l->p = realloc(l->p, l->cap * sizeof *l->p);
        assert_non_null(l->p);
    }
    l->p[l->n++] = e;
}

static int by_entry(const void *a, const void *b)
{
    const struct tb_id_entry *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->place > y->place) - (x->place < y->place);
}

/* skew: all keys in a corner of their range, as no hash would give. */
static uint64_t some_key(uint64_t *random, int skew)
{
    uint64_t key = random_next(random) >> 16;
    return skew == 0 ? key : skew == 1 ? key & 0xffff : (UINT64_C(1) << 48) - 1 - (key & 0xff);
}

static void write_run(struct tb_db *db, struct list *all, uint64_t *random, uint32_t n, uint64_t segment,
                      int skew)
{
    struct list run = {NULL, 0, 0};
    for (uint32_t i = 0; i < n; i++) {
        struct tb_id_entry e = {some_key(random, skew),
                                (segment + random_below(random, 5)) * TB_SEGMENT_ROWS +
                                    random_below(random, TB_SEGMENT_ROWS)};
        if (all->n > 0 && random_below(random, 20) == 0) {
            e.key = all->p[random_below(random, (uint32_t)all->n)].key; /* a superseded one's winner */
        }
        list_add(&run, e);
        list_add(all, e);
    }
    qsort(run.p, run.n, sizeof *run.p, by_entry);
    must(tb_ids_write(db, run.p, run.n, &err));
    free(run.p);
}

/* Asks all runs for the keys; every stored place of a wanted key must come, and no place of another key. */
static void check_probe(struct tb_db *db, const struct list *sorted, const uint64_t *keys, uint32_t n,
                        size_t *found)
{
    struct tb_id_candidates c = {NULL, 0, 0};
    uint32_t runs = 0, *wanted = calloc(n + 1, sizeof *wanted);
    for (uint32_t i = 0; i < n; i++) {
        wanted[i] = i;
    }
    must(tb_ids_runs(db, &runs, &err));
    for (uint32_t r = 0; r < runs; r++) {
        must(tb_ids_probe(db, r, keys, wanted, n, &c, &err));
    }
    size_t expected = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct tb_id_entry first = {keys[i], 0};
        size_t lo = 0, hi = sorted->n;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;
            if (by_entry(&sorted->p[mid], &first) < 0) {
                lo = mid + 1;
            } else {
                hi = mid;
            }
        }
        for (; lo < sorted->n && sorted->p[lo].key == keys[i]; lo++) {
            expected++;
        }
    }
    for (size_t i = 0; i < c.n; i++) {
        struct tb_id_entry e = {keys[c.p[i].wanted], c.p[i].place};
        assert_non_null(bsearch(&e, sorted->p, sorted->n, sizeof e, by_entry));
    }
    assert_int_equal(c.n, expected);
    *found += c.n;
    tb_id_candidates_release(&c);
    free(wanted);
}

static int by_u64(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void check_all(struct tb_db *db, const struct list *all, uint64_t *random, int skew)
{
    struct list sorted = {malloc((all->n + 1) * sizeof *sorted.p), all->n, all->n};
    memcpy(sorted.p, all->p, all->n * sizeof *all->p);
    qsort(sorted.p, sorted.n, sizeof *sorted.p, by_entry);
    static const uint32_t sizes[] = {1, 20, 3000, 32768};
    size_t found = 0;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        uint64_t *keys = calloc(sizes[k], sizeof *keys);
        for (uint32_t i = 0; i < sizes[k]; i++) {
            keys[i] = all->n > 0 && random_below(random, 2) == 0
                          ? all->p[random_below(random, (uint32_t)all->n)].key
                          : some_key(random, skew);
        }
        qsort(keys, sizes[k], sizeof *keys, by_u64);
        check_probe(db, &sorted, keys, sizes[k], &found);
        free(keys);
    }
    assert_true(found > all->n / 100);
    free(sorted.p);
}

static void runs_against_a_list(void **state)
{
    (void)state;
    for (int skew = 0; skew < 3; skew++) {
        struct fixture f;
        struct list all = {NULL, 0, 0};
        uint64_t random = 11 + (uint64_t)skew, segment = 1;
        fixture_open(&f);
        must(tb_db_begin(f.db, &err));
        for (int run = 0; run < (skew == 0 ? 70 : 20); run++) {
            uint32_t n = run % 9 == 0 ? 60000 : 1 + random_below(&random, run % 2 ? 40 : 3000);
            write_run(f.db, &all, &random, skew == 0 ? n : n % 2000 + 1, segment, skew);
            segment += random_below(&random, 9);
            must(tb_ids_merge(f.db, &err));
            if (run % 13 == 0) {
                must(tb_db_commit(f.db, &err));
                fixture_reopen(&f, TB_DB_WRITE);
                must(tb_db_begin(f.db, &err));
                check_all(f.db, &all, &random, skew);
            }
        }
        check_all(f.db, &all, &random, skew);
        assert_true(number_of(f.db, "SELECT count(*) FROM id_run") < 8 * 3);
        assert_true(number_of(f.db, "SELECT sum(entries) FROM id_run") == (int64_t)all.n);
        assert_true(skew > 0 ||
                    number_of(f.db, "SELECT max(length(data)) FROM id_bucket") < 16349); /* a page each */
        assert_true(
            number_of(f.db, "SELECT count(*) FROM id_bucket") ==
            number_of(f.db, "SELECT count(*) FROM id_bucket b JOIN id_run r ON r.run = b.bucket >> 24"));
        assert_true(skew > 0 || number_of(f.db, "SELECT count(*) FROM id_filter") > 0);
        must(tb_db_commit(f.db, &err));
        free(all.p);
        fixture_close(&f);
    }
}

/* A rollback takes back what the process knew of the runs. */
static void rollback_forgets(void **state)
{
    (void)state;
    struct fixture f;
    struct list all = {NULL, 0, 0}, lost = {NULL, 0, 0};
    uint64_t random = 5;
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    write_run(f.db, &all, &random, 50000, 1, 0);
    must(tb_db_commit(f.db, &err));
    check_all(f.db, &all, &random, 0);
    must(tb_db_begin(f.db, &err));
    write_run(f.db, &lost, &random, 50000, 9, 0);
    check_all(f.db, &lost, &random, 0); /* its filter is in memory now */
    tb_db_rollback(f.db);
    must(tb_db_begin(f.db, &err));
    write_run(f.db, &all, &random, 50000, 20, 0); /* has the number of the lost one */
    must(tb_db_commit(f.db, &err));
    check_all(f.db, &all, &random, 0);
    free(all.p);
    free(lost.p);
    fixture_close(&f);
}

/* Of a million strangers a filter passes about one in a thousand. */
static void filters_stop_strangers(void **state)
{
    (void)state;
    struct fixture f;
    struct list all = {NULL, 0, 0};
    uint64_t random = 8, *keys = calloc(32768, sizeof *keys), *out = calloc(32768, sizeof *out);
    uint32_t *wanted = calloc(32768, sizeof *wanted), *out_wanted = calloc(32768, sizeof *out_wanted),
             passed = 0;
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    write_run(f.db, &all, &random, 200000, 1, 0);
    must(tb_db_commit(f.db, &err));
    for (int batch = 0; batch < 30; batch++) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < 32768; i++) {
            keys[i] = some_key(&random, 0);
        }
        qsort(keys, 32768, sizeof *keys, by_u64);
        struct tb_id_run *r = &f.db->ids->runs[0];
        must(tb_id_filter_pass(f.db, r, keys, wanted, 32768, out, out_wanted, &left, &err));
        passed += left;
    }
    assert_in_range(passed, 100, 30 * 32768 / 400);
    free(all.p);
    free(keys);
    free(out);
    free(wanted);
    free(out_wanted);
    fixture_close(&f);
}

static void table_against_a_list(void **state)
{
    (void)state;
    struct tb_id_table t;
    uint64_t random = 4;
    assert_true(tb_id_table_init(&t));
    for (int round = 0; round < 3; round++) {
        struct list all = {NULL, 0, 0};
        for (uint32_t i = 0; i < 30000; i++) {
            uint64_t hi = random_below(&random, 10) == 0 && all.n > 0
                              ? all.p[random_below(&random, (uint32_t)all.n)].key
                          : i % 7 == 0 ? random_next(&random) >> 50
                                       : random_next(&random);
            assert_true(tb_id_table_reserve(&t, 1));
            assert_int_equal(tb_id_table_add(&t, hi, i), i);
            list_add(&all, (struct tb_id_entry){hi, i});
        }
        for (uint32_t i = 0; i < 30000; i += 17) {
            uint32_t at = 0, entry, found = 0;
            bool itself = false;
            while ((entry = tb_id_table_find(&t, all.p[i].key, &at)) != UINT32_MAX) {
                assert_int_equal(t.hi[entry], all.p[i].key);
                itself = itself || entry == i;
                found++;
            }
            uint32_t expected = 0;
            for (uint32_t k = 0; k < all.n; k++) {
                expected += all.p[k].key == all.p[i].key;
            }
            assert_true(itself);
            assert_int_equal(found, expected);
        }
        tb_id_table_clear(&t);
        free(all.p);
    }
    tb_id_table_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_against_a_list),
        cmocka_unit_test(rollback_forgets),
        cmocka_unit_test(filters_stop_strangers),
        cmocka_unit_test(table_against_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
