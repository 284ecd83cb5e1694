/* No memory: each allocation in turn fails, and the call says so and leaves nothing behind. */
#include "support.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/zone.h"

/* A sanitizer wants the allocator for itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 0
#else
#define OWN_ALLOCATOR 1
#endif

static long fail_at; /* the allocation to fail, from 1; 0 = none */
static long made;
static long alive;

#if OWN_ALLOCATOR
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static void *count(void *p, long change)
{
    alive += p != NULL ? change : 0;
    return p;
}

static int fails(void)
{
    made++;
    return made == fail_at;
}

void *malloc(size_t n)
{
    return fails() ? NULL : count(__libc_malloc(n), 1);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : count(__libc_calloc(n, size), 1);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : count(__libc_realloc(p, n), p == NULL ? 1 : 0);
}

void free(void *p)
{
    (void)count(p, -1);
    __libc_free(p);
}
#endif

static enum tb_status read_json(struct tb_err *err)
{
    struct tb_json *j = NULL;
    enum tb_status status = tb_json_parse(TB_STR("{\"a\":[1,2,{\"b\":\"c\"}],\"d\":null,\"e\":\"x\"}"), "doc",
                                          TB_E_CONFIG, &j, err);
    tb_json_free(j);
    return status;
}

static enum tb_status load_zone(struct tb_err *err)
{
    struct tb_zone *z = NULL;
    enum tb_status status = tb_zone_load("Europe/Berlin", &z, err);
    tb_zone_free(z);
    return status;
}

static enum tb_status load_utc(struct tb_err *err)
{
    struct tb_zone *z = NULL;
    enum tb_status status = tb_zone_load("UTC", &z, err);
    tb_zone_free(z);
    return status;
}

static enum tb_status fill_buf(struct tb_err *err)
{
    struct tb_buf b;
    tb_buf_init(&b, 10000);
    enum tb_status status = tb_buf_printf(&b, err, "%0300d", 1);
    if (status == TB_OK) {
        status = tb_json_quote(&b, TB_STR("some text"), err);
    }
    tb_buf_release(&b);
    return status;
}

static enum tb_status fill_arena(struct tb_err *err)
{
    struct tb_arena a;
    enum tb_status status = TB_OK;
    tb_arena_init(&a, 1 << 20);
    for (int i = 0; i < 300 && status == TB_OK; i++) {
        if (tb_arena_alloc(&a, 100) == NULL) {
            status = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory");
        }
    }
    tb_arena_release(&a);
    return status;
}

static enum tb_status hash(struct tb_err *err)
{
    struct tb_hash_stream *h = tb_hash_stream_new();
    if (h == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory");
    }
    tb_hash_stream_free(h);
    return TB_OK;
}

static enum tb_status read_file(struct tb_err *err)
{
    struct tb_buf b;
    tb_buf_init(&b, 1 << 20);
    enum tb_status status = tb_file_read("/etc/passwd", 1 << 20, &b, err);
    tb_buf_release(&b);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    static enum tb_status (*const work[])(struct tb_err *) = {read_json,  load_zone, load_utc, fill_buf,
                                                              fill_arena, hash,      read_file};
    if (!OWN_ALLOCATOR) {
        skip();
    }
    for (size_t i = 0; i < COUNT(work); i++) {
        for (long k = 1;; k++) {
            struct tb_err err;
            long before = alive;
            made = 0;
            fail_at = k;
            enum tb_status status = work[i](&err);
            fail_at = 0;
            assert_int_equal(alive, before);
            if (made < k) {
                assert_int_equal(status, TB_OK);
                assert_true(k > 1);
                break;
            }
            if (status == TB_OK && work[i] == load_zone) {
                continue; /* the C library's qsort does without */
            }
            if (status != TB_FATAL) {
                fail_msg("work %zu, allocation %ld: status %d", i, k, (int)status);
            }
            assert_int_equal(err.code, TB_E_MEMORY);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
