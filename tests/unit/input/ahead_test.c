/* Reading with a thread that decompresses ahead, against reading without: the same bytes, the same errors at the same place,
 * members and all, from whatever moment the thread begins, with files whole, cut and damaged; given up half-way; and how far
 * into the file has come is never more than what was read needs. */
#include "support.h"

#define TEXT_BYTES 1500000 /* more than the thread may be ahead */

static struct bytes archived(const char *format, const char *filter, struct bytes text)
{
    struct bytes out;
    struct archive *a = archive_begin(format, filter, &out);
    archive_member(a, "one.log", AE_IFREG, text.p, text.n / 3);
    archive_member(a, "two.log", AE_IFREG, text.p + text.n / 3, text.n - text.n / 3);
    archive_end(a);
    return out;
}

static struct bytes plain(struct bytes text)
{
    struct bytes b = {NULL, 0};
    add(&b, text.p, text.n);
    return b;
}

static struct bytes two_members(struct bytes text)
{
    struct bytes a = gzip_of(text.p, text.n / 2, 6, Z_DEFAULT_STRATEGY, NULL),
                 b = gzip_of(text.p + text.n / 2, text.n - text.n / 2, 1, Z_DEFAULT_STRATEGY, NULL);
    add(&a, b.p, b.n);
    free(b.p);
    return a;
}

#define KINDS 6

static struct bytes kind_of(int kind, struct bytes text)
{
    return kind == 0   ? plain(text)
           : kind == 1 ? two_members(text)
           : kind == 2 ? compressed("zstd", text.p, text.n)
           : kind == 3 ? compressed("xz", text.p, text.n)
           : kind == 4 ? archived("gnutar", "gzip", text)
                       : archived("zip", "none", text);
}

static bool is_compressed(int kind)
{
    return kind >= 1 && kind <= 4;
}

/* How one reading went. */
struct reading {
    struct bytes text;
    int members;
    char why[3][700];
    int whys;
};

static void note(struct reading *r, const struct tb_err *err)
{
    if (r->whys < 3) {
        snprintf(r->why[r->whys++], sizeof r->why[0], "%d %llu %s", (int)err->code,
                 (unsigned long long)err->byte, err->text);
    }
}

/* after: reads before the thread begins; SIZE_MAX: never. most: reads in all. */
static void read_all(struct bytes file, size_t after, size_t most, struct reading *r, bool *ran)
{
    static char buf[1 << 18];
    struct tb_stream *s = NULL;
    struct tb_err err = {0};
    struct tb_str name;
    size_t n, calls = 0;
    enum tb_status st;
    memset(r, 0, sizeof *r);
    *ran = false;
    if (tb_stream_open_memory(view(file), &s, &err) != TB_OK) {
        note(r, &err);
        return;
    }
    while (calls < most && (st = tb_stream_member(s, &name, &err)) != TB_END) {
        if (st != TB_OK) {
            note(r, &err);
            break;
        }
        r->members++;
        do {
            if (calls++ >= after && !*ran) {
                *ran = tb_stream_ahead(s);
            }
            st = tb_stream_read(s, buf, 1 + below(sizeof buf), &n, &err);
            if (st == TB_OK) {
                add(&r->text, buf, n);
            }
        } while (st == TB_OK && calls < most);
        if (st == TB_FAIL) {
            note(r, &err);
        }
    }
    assert_true(tb_stream_raw_bytes(s) <= file.n);
    tb_stream_close(s);
}

static void assert_alike(const struct reading *a, const struct reading *b)
{
    assert_int_equal(a->members, b->members);
    assert_int_equal(a->whys, b->whys);
    for (int i = 0; i < a->whys; i++) {
        assert_string_equal(a->why[i], b->why[i]);
    }
    assert_same(a->text, b->text.p, b->text.n);
}

static void damage(struct bytes *b, int how)
{
    if (how == 1) {
        b->n = 1 + below(b->n);
    } else if (how == 2) {
        b->p[below(b->n)] ^= (char)(1 << below(8));
    }
}

static void test_same_bytes_and_errors(void **state)
{
    (void)state;
    struct bytes text = log_text(TEXT_BYTES);
    for (int kind = 0; kind < KINDS; kind++) {
        for (int round = 0; round < 15; round++) {
            struct bytes file = kind_of(kind, text);
            struct reading alone, ahead;
            bool ran;
            damage(&file, round % 3);
            read_all(file, SIZE_MAX, SIZE_MAX, &alone, &ran);
            assert_false(ran);
            read_all(file, below(6), SIZE_MAX, &ahead, &ran);
            assert_alike(&ahead, &alone);
            assert_true(!ran || is_compressed(kind));
            assert_true(ran || !is_compressed(kind) || round % 3 != 0); /* of a whole one it does run */
            free(alone.text.p);
            free(ahead.text.p);
            free(file.p);
        }
    }
    free(text.p);
}

/* How much is read of damaged data does not depend on how much is asked for at once. */
static void test_damaged_alike(void **state)
{
    (void)state;
    struct bytes text = log_text(TEXT_BYTES);
    for (int round = 0; round < 60; round++) {
        struct bytes file = kind_of(2 + round % 2, text);
        struct reading alone, ahead;
        bool ran;
        damage(&file, 2);
        read_all(file, SIZE_MAX, SIZE_MAX, &alone, &ran);
        read_all(file, 0, SIZE_MAX, &ahead, &ran);
        assert_alike(&ahead, &alone);
        free(alone.text.p);
        free(ahead.text.p);
        free(file.p);
    }
    free(text.p);
}

static void test_given_up(void **state)
{
    (void)state;
    struct bytes text = log_text(TEXT_BYTES), file = two_members(text);
    for (size_t most = 1; most < 40; most++) {
        struct reading r;
        bool ran;
        read_all(file, 0, most % 13, &r, &ran);
        assert_same(r.text, text.p, r.text.n);
        free(r.text.p);
    }
    free(file.p);
    free(text.p);
}

/* Progress follows what was read, not what the thread has read ahead. */
static void test_progress(void **state)
{
    (void)state;
    static char buf[4096];
    struct bytes text = log_text(TEXT_BYTES), file = two_members(text);
    struct tb_stream *s = NULL;
    struct tb_err err = {0};
    struct tb_str name;
    size_t n;
    assert_int_equal(tb_stream_open_memory(view(file), &s, &err), TB_OK);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    assert_true(tb_stream_ahead(s));
    assert_false(tb_stream_ahead(s)); /* one is enough */
    assert_int_equal(tb_stream_read(s, buf, sizeof buf, &n, &err), TB_OK);
    while (tb_stream_read(s, buf, sizeof buf, &n, &err) == TB_OK) {
    }
    assert_int_equal(tb_stream_raw_bytes(s), file.n);
    tb_stream_close(s);
    free(file.p);
    free(text.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_and_errors),
        cmocka_unit_test(test_damaged_alike),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
