/* A batch through the codec and through a temporary file comes back as it went. */
#include "support.h"
#include "load/codec.h"
#include "load/spill.h"

static const char *const reasons[] = {"bad_json", "no_ts", "line_too_long"};

static struct tb_str any_text(struct tb_batch *b, uint64_t *seed)
{
    char bytes[40];
    uint32_t n = test_below(seed, sizeof bytes);
    for (uint32_t i = 0; i < n; i++) {
        bytes[i] = (char)test_random(seed);
    }
    return test_below(seed, 4) == 0 ? TB_STR_NULL : tb_batch_text(b, (struct tb_str){bytes, n});
}

static int64_t any_number(uint64_t *seed)
{
    switch (test_below(seed, 5)) {
    case 0:
        return INT64_MIN;
    case 1:
        return INT64_MAX;
    case 2:
        return -1;
    default:
        return (int64_t)(test_random(seed) >> test_below(seed, 64));
    }
}

static void fill(struct tb_batch *b, uint64_t *seed)
{
    b->fresh = test_below(seed, 2) == 0;
    b->define_first = test_below(seed, 1000) + 1;
    uint32_t rows = test_below(seed, b->bounds->batch_rows + 1);
    for (uint32_t i = 0; i < rows && tb_batch_room(b); i++) {
        struct tb_row *r = &b->rows[b->n];
        memset(r, 0, sizeof *r);
        r->ts_us = any_number(seed);
        r->identity = (struct tb_hash128){test_random(seed), test_random(seed)};
        r->payload = test_random(seed);
        r->id = any_text(b, seed);
        r->line = (uint64_t)any_number(seed);
        r->quality = (uint8_t)test_below(seed, 4);
        r->flags = (uint8_t)test_random(seed);
        for (int f = 0; f < TB_T_COUNT; f++) {
            r->text[f] = (uint32_t)test_random(seed);
        }
        for (int k = 0; k < TB_N_COUNT; k++) {
            if (test_below(seed, 2) == 0) {
                r->present |= 1u << k;
                r->number[k] = any_number(seed);
            }
        }
        r->has_cost = test_below(seed, 2) == 0;
        if (r->has_cost) {
            r->cost = (struct tb_decimal){any_number(seed), (int32_t)test_below(seed, 800) - 400};
        }
        r->prompt_fingerprint = test_below(seed, 2) == 0 ? 0 : test_random(seed);
        b->places[b->n++] = (struct tb_place){test_random(seed), (uint32_t)test_random(seed)};
        if (test_below(seed, 3) == 0) {
            b->defines[b->define_n++] = any_text(b, seed);
        }
        if (test_below(seed, 3) == 0 && b->reject_n < b->bounds->batch_rejects) {
            b->rejects[b->reject_n++] = (struct tb_reject){.line = test_random(seed),
                                                           .byte = test_random(seed),
                                                           .part = (uint32_t)test_random(seed),
                                                           .reason = reasons[test_below(seed, 3)],
                                                           .excerpt = any_text(b, seed)};
        }
    }
}

static void assert_rows_equal(const struct tb_row *a, const struct tb_row *b)
{
    assert_true(a->ts_us == b->ts_us && a->identity.hi == b->identity.hi && a->identity.lo == b->identity.lo);
    assert_true(a->payload == b->payload && a->line == b->line && a->present == b->present);
    assert_true(a->quality == b->quality && a->flags == b->flags && a->has_cost == b->has_cost);
    assert_true(tb_str_eq(a->id, b->id));
    assert_memory_equal(a->text, b->text, sizeof a->text);
    assert_memory_equal(a->number, b->number, sizeof a->number);
    assert_true(a->cost.mantissa == b->cost.mantissa && a->cost.exponent == b->cost.exponent);
    assert_true(a->prompt_fingerprint == b->prompt_fingerprint);
}

static void assert_batches_equal(const struct tb_batch *a, const struct tb_batch *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->fresh, b->fresh);
    assert_int_equal(a->define_first, b->define_first);
    assert_int_equal(a->define_n, b->define_n);
    assert_int_equal(a->reject_n, b->reject_n);
    for (uint32_t i = 0; i < a->n; i++) {
        assert_rows_equal(&a->rows[i], &b->rows[i]);
        assert_true(a->places[i].byte == b->places[i].byte && a->places[i].part == b->places[i].part);
    }
    for (uint32_t i = 0; i < a->define_n; i++) {
        assert_true(tb_str_eq(a->defines[i], b->defines[i]));
    }
    for (uint32_t i = 0; i < a->reject_n; i++) {
        assert_true(a->rejects[i].line == b->rejects[i].line && a->rejects[i].byte == b->rejects[i].byte);
        assert_true(a->rejects[i].part == b->rejects[i].part && a->rejects[i].reason == b->rejects[i].reason);
        assert_true(tb_str_eq(a->rejects[i].excerpt, b->rejects[i].excerpt));
    }
}

static void any_batch_comes_back(void **state)
{
    (void)state;
    struct tb_bounds bounds = TB_BOUNDS_DEFAULT;
    bounds.batch_rows = 60;
    bounds.batch_rejects = 20;
    struct tb_batch *kept[8], *back = tb_batch_new(&bounds);
    struct tb_chunk chunks[8];
    struct tb_spill spill;
    struct tb_buf scratch;
    struct tb_err err;
    uint64_t seed = 5;
    tb_spill_init(&spill);
    tb_buf_init(&scratch, TB_SPILL_SCRATCH_MAX);
    for (int i = 0; i < 8; i++) {
        kept[i] = tb_batch_new(&bounds);
    }
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 8; i++) {
            tb_batch_clear(kept[i]);
            fill(kept[i], &seed);
            assert_int_equal(tb_spill_write(&spill, kept[i], &chunks[i], &err), TB_OK);
        }
        for (int i = 7; i >= 0; i--) {
            assert_int_equal(tb_spill_read(&spill, chunks[i], &scratch, back, &err), TB_OK);
            assert_batches_equal(kept[i], back);
        }
        if (round % 3 == 0) {
            tb_spill_rewind(&spill);
        }
    }
    for (int i = 0; i < 8; i++) {
        tb_batch_free(kept[i]);
    }
    tb_batch_free(back);
    tb_buf_release(&scratch);
    tb_spill_release(&spill);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct tb_bounds bounds = test_bounds();
    struct tb_batch *b = tb_batch_new(&bounds);
    struct tb_spill spill;
    struct tb_chunk chunk;
    struct tb_err err;
    char before[4096];
    snprintf(before, sizeof before, "%s", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    setenv("TMPDIR", "/nowhere/at all", 1);
    tb_spill_init(&spill);
    assert_int_equal(tb_spill_write(&spill, b, &chunk, &err), TB_FATAL);
    assert_int_equal(err.code, TB_E_IO);
    assert_non_null(strstr(err.text, "\"/nowhere/at all\""));
    setenv("TMPDIR", before, 1);
    tb_spill_release(&spill);
    tb_batch_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_batch_comes_back),
                                       cmocka_unit_test(a_folder_that_is_not_there_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
