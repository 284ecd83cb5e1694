/* Segments come back as they were written: random and extreme events, every form of id text; damaged bytes
 * are an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store/segment.h"
#include "store_fixture.h"

struct made {
    struct tb_row *rows;
    const struct tb_row **order;
    char (*ids)[600];
    uint32_t n;
};

static struct tb_str make_id(uint64_t *random, char *out)
{
    static const char *const special[] = {"",
                                          "0123456789abcdef0123456789abcdef",
                                          "0123456789ABCDEF0123456789abcdef",
                                          "0123456789abcdef0123456789abcde",
                                          "ffffffffffffffffffffffffffffffff",
                                          "0123456789abcdef0123456789abcdefg",
                                          "0123456789abcdefg123456789abcdef",
                                          "00000000-0000-0000-0000-000000000000",
                                          "01234567-89ab-cdef-0123-456789abcdef",
                                          "01234567-89ab-cdef-0123-456789abcdef/ai-proxy",
                                          "01234567-89ab-cdef-0123-456789abcdeg",
                                          "01234567-89ab-cdef-0123_456789abcdef",
                                          "01234567-89AB-cdef-0123-456789abcdef",
                                          "chatcmpl-9x",
                                          "/////////////////////////////////////",
                                          "::::::::::::::::::::::::::::::::::::",
                                          "````````````````````````````````````"};
    uint32_t what = random_below(random, 30);
    if (what < sizeof special / sizeof *special) {
        return tb_str_of(special[what]);
    }
    if (what == 18) {
        return TB_STR_NULL;
    }
    if (what == 19) {
        memset(out, 'x', TB_ID_BYTES_MAX);
        return (struct tb_str){out, TB_ID_BYTES_MAX};
    }
    if (what == 20) {
        memcpy(out, "a\0b\xff\xfe", 5);
        return (struct tb_str){out, 5};
    }
    size_t n = (size_t)snprintf(out, 600, "%016llx%016llx", (unsigned long long)random_next(random),
                                (unsigned long long)random_next(random));
    if (what > 25) {
        out[random_below(random, (uint32_t)n)] =
            (char)random_next(random); /* one byte that may be no digit */
    }
    return (struct tb_str){out, n};
}

static int64_t any_number(uint64_t *random, bool extreme)
{
    static const int64_t special[] = {0, 1, -1, INT64_MAX, INT64_MIN, TB_TOKENS_MAX};
    return extreme ? special[random_below(random, 6)] : (int64_t)random_below(random, 100000);
}

static int by_ts(const void *a, const void *b)
{
    const struct tb_row *x = *(const struct tb_row *const *)a, *y = *(const struct tb_row *const *)b;
    return x->ts_us != y->ts_us ? (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us)
                                : (x->line > y->line) - (x->line < y->line);
}

/* Which columns carry anything differs from segment to segment. */
static void make(struct made *m, uint64_t seed, uint32_t n)
{
    uint64_t random = seed;
    uint32_t mask = seed % 5 == 0 ? 0 : (uint32_t)random_next(&random);
    bool extreme = seed % 3 == 0, ids = seed % 4 != 0, costs = seed % 2 == 0, alike = seed % 7 < 3;
    m->n = n;
    m->rows = calloc(n, sizeof *m->rows);
    m->order = calloc(n, sizeof *m->order);
    m->ids = calloc(n, sizeof *m->ids);
    for (uint32_t i = 0; i < n; i++) {
        struct tb_row *r = &m->rows[i];
        r->ts_us = (int64_t)(random_next(&random) % (uint64_t)TB_US_PER_DAY);
        r->ts_us -= seed % 3 == 1 ? r->ts_us % 1000 : 0;
        r->identity = (struct tb_hash128){random_next(&random), random_next(&random)};
        r->payload = random_next(&random);
        r->id = ids ? make_id(&random, m->ids[i]) : TB_STR_NULL;
        r->present = (uint32_t)random_next(&random) & mask & ((1u << TB_N_COUNT) - 1);
        for (int k = 0; k < TB_T_COUNT; k++) {
            r->text[k] = (mask >> k & 1) == 0 ? 0
                         : k % 3 == 0         ? random_below(&random, 5) * 70000u
                         : extreme            ? (uint32_t)random_next(&random)
                                              : random_below(&random, 900);
        }
        for (int k = 0; k < TB_N_COUNT; k++) {
            r->number[k] = (r->present >> k & 1) != 0 ? any_number(&random, extreme) : 0;
        }
        r->quality = (uint8_t)random_below(&random, 4);
        r->flags = (uint8_t)(random_next(&random) & 15);
        if (alike) { /* columns of one value: the one before had another, or the same */
            memcpy(r->text, m->rows[0].text, sizeof r->text);
            memcpy(r->number, m->rows[0].number, sizeof r->number);
            r->present = m->rows[0].present;
            r->quality = (uint8_t)(seed / 7 % 2);
            r->flags = 2;
        }
        r->has_cost = costs && random_below(&random, 2) == 0;
        if (r->has_cost) {
            r->cost.mantissa = (tb_int128)((unsigned __int128)random_next(&random) << (extreme ? 60 : 0)) *
                               (random_below(&random, 5) == 0 ? -1 : 1);
            r->cost.exponent = (int32_t)random_below(&random, 800) - 400;
        }
        r->prompt_fingerprint = (mask & 0x80000000u) != 0 ? random_next(&random) : 0;
        r->line = seed % 2 ? i : random_next(&random) >> 1;
        m->order[i] = r;
    }
    qsort(m->order, n, sizeof *m->order, by_ts);
}

static void release(struct made *m)
{
    free(m->rows);
    free(m->order);
    free(m->ids);
}

static void check(const struct made *m, const struct tb_segment *s, uint64_t columns)
{
    assert_int_equal(s->n, m->n);
#define ASKED(column) ((columns & (column)) != 0)
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tb_row *r = m->order[i];
        assert_true(!ASKED(TB_C_TS) || (s->ts_us[i] == r->ts_us && s->present[i] == r->present));
        assert_true(!ASKED(TB_C_ID_LO) || s->id_lo[i] == r->identity.lo);
        assert_true(!ASKED(TB_C_PAYLOAD) || s->payload[i] == r->payload);
        assert_true(!ASKED(TB_C_ID) || tb_str_eq(s->id[i], r->id));
        for (int k = 0; k < TB_T_COUNT; k++) {
            assert_true(!ASKED(TB_C_TEXT(k)) || s->text[k][i] == r->text[k]);
        }
        for (int k = 0; k < TB_N_COUNT; k++) {
            assert_true(!ASKED(TB_C_NUMBER(k)) || s->number[k][i] == r->number[k]);
        }
        assert_true(!ASKED(TB_C_QUALITY) || s->quality[i] == r->quality);
        assert_true(!ASKED(TB_C_FLAGS) || s->flags[i] == r->flags);
        assert_true(!ASKED(TB_C_COST) ||
                    (s->has_cost[i] == r->has_cost && s->cost[i].mantissa == r->cost.mantissa &&
                     s->cost[i].exponent == r->cost.exponent));
        assert_true(!ASKED(TB_C_PROMPT) || s->prompt_fingerprint[i] == r->prompt_fingerprint);
        assert_true(!ASKED(TB_C_LINE) || s->line[i] == r->line);
    }
}

static void segments_come_back(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct tb_segment *s = tb_segment_new();
    uint64_t random = 4;
    must(tb_db_begin(f.db, &err));
    for (uint32_t seed = 1; seed <= 60; seed++) {
        struct made m;
        make(&m, seed, seed % 8 == 0 ? TB_SEGMENT_ROWS : 1 + seed * 7);
        must(tb_segment_write(f.db, seed, 0, 1, m.order, m.n, &err));
        must(tb_segment_open(f.db, seed, s, &err));
        assert_int_equal(s->ts_min, m.order[0]->ts_us);
        assert_int_equal(s->ts_max, m.order[m.n - 1]->ts_us);
        for (int some = 0; some < 3 + (int)(seed % 2); some++) { /* some columns, others, then perhaps all */
            uint64_t columns = some < 3 ? random_next(&random) & random_next(&random) : UINT64_MAX;
            columns &= TB_C_ALL | TB_C_SIGNATURE;
            must(tb_segment_read(f.db, s, columns, &err));
            assert_true((s->decoded & columns) == columns);
            check(&m, s, s->decoded);
        }
        release(&m);
    }
    must(tb_db_commit(f.db, &err));
    assert_true(number_of(f.db, "SELECT max(length(data)) FROM segment_group") <= TB_SEGMENT_BLOB_MAX);
    struct tb_err err = {.code = TB_E_NONE};
    assert_int_equal(tb_segment_open(f.db, 1000, s, &err), TB_END);
    tb_segment_free(s);
    fixture_close(&f);
}

/* Whatever stands in the blobs, reading them ends with an answer or an error. */
static void damaged_segments(void **state)
{
    (void)state;
    struct fixture f;
    struct made m;
    uint64_t random = 3;
    int told = 0;
    fixture_open(&f);
    struct tb_segment *s = tb_segment_new();
    make(&m, 2, 300);
    must(tb_db_begin(f.db, &err));
    must(tb_segment_write(f.db, 1, 0, 1, m.order, m.n, &err));
    must(tb_db_commit(f.db, &err));
    struct tb_query *put = NULL;
    must(tb_query_open(f.db, "UPDATE segment_group SET data = :data WHERE piece = :piece", &put, &err));
    for (int round = 0; round < 600; round++) {
        int64_t piece = 4096 + random_below(&random, TB_G_COUNT) * 128;
        unsigned char *bytes = NULL;
        struct tb_query *get = NULL;
        must(tb_query_open(f.db, "SELECT data FROM segment_group WHERE piece = :piece", &get, &err));
        tb_query_bind_int(get, "piece", piece);
        struct tb_err why = {.code = TB_E_NONE};
        if (tb_query_step(get, &why) != TB_OK) {
            tb_query_close(get);
            continue;
        }
        struct tb_str blob = tb_query_blob(get, 0);
        size_t n = round % 4 == 0 ? random_below(&random, (uint32_t)blob.n) : blob.n;
        bytes = malloc(blob.n);
        memcpy(bytes, blob.s, blob.n);
        tb_query_close(get);
        must(tb_db_begin(f.db, &err));
        for (int k = 0; k < 3 && round % 4 != 0; k++) {
            bytes[random_below(&random, (uint32_t)(n < 60 ? n : 60))] = (unsigned char)random_next(&random);
        }
        tb_query_bind_int(put, "piece", piece);
        tb_query_bind_blob(put, "data", bytes, n);
        must(tb_query_run(put, &err));
        must(tb_segment_open(f.db, 1, s, &err));
        enum tb_status st = tb_segment_read(f.db, s, TB_C_ALL | TB_C_SIGNATURE, &why);
        assert_true(st == TB_OK || (st == TB_FATAL && why.code == TB_E_DB &&
                                    strstr(why.text, "segment 1 is damaged") != NULL));
        assert_true(round % 4 != 0 || st == TB_FATAL);
        told += st == TB_FATAL;
        tb_query_bind_null(put, "data");
        tb_db_rollback(f.db);
        free(bytes);
    }
    assert_true(told > 150);
    tb_query_close(put);
    tb_segment_free(s);
    release(&m);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_come_back),
        cmocka_unit_test(damaged_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
