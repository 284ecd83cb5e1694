/* The block-wise JSON helpers against byte-by-byte ones, on texts made of what they look for. */
#include "support.h"
#include "input/unwrap_parts.h"

/* Random text of the given characters, in exactly n + 16 bytes, so that reading further is seen. */
static char *noise(const char *chars, size_t n)
{
    char *p = calloc(1, n + 16);
    size_t kinds = strlen(chars);
    for (size_t i = 0; i < n; i++) {
        p[i] = chars[below(kinds)];
    }
    for (size_t i = n; i < n + 16; i++) {
        p[i] = "}]\"\\"[below(4)]; /* behind the end is anything */
    }
    return p;
}

static const char *slow_string(const char *p, const char *end)
{
    for (; p < end; p++) {
        if (*p == '"') {
            return p + 1;
        }
        p += *p == '\\';
    }
    return NULL;
}

static const char *slow_nested(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        char c = *p++;
        if (c == '"') {
            p = slow_string(p, end);
            if (p == NULL) {
                return NULL;
            }
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return p;
        } else if (c == '\\' && p < end && (*p == '"' || *p == '\\')) {
            p++; /* no JSON; but it must not end beyond end, and no string begins here */
        }
    }
    return NULL;
}

static void test_skip_nested(void **state)
{
    (void)state;
    static const char *const mixes[] = {
        "{[a", "{}[]\"\\a", "{{{}\"a\\", "aaaaaaaaaaaaaaaaaaaa{}\"\\", "\\\\\\\"{}", "[[[[[[[[]\"\"aaaa"};
    size_t found = 0;
    for (int i = 0; i < 200000; i++) {
        size_t n = 1 + below(below(10) == 0 ? 600 : 140);
        char *p = noise(mixes[below(COUNT(mixes))], n);
        p[0] = below(2) == 0 ? '{' : '[';
        const char *want = slow_nested(p, p + n), *got = tb_json_skip_nested(p, p + n);
        if (want != got) {
            fail_msg("%.*s: %td, not %td", (int)n, p, got != NULL ? got - p : -1,
                     want != NULL ? want - p : -1);
        }
        found += want != NULL && want - p > 64;
        free(p);
    }
    assert_true(found > 2000);
}

static void test_skip_string(void **state)
{
    (void)state;
    for (int i = 0; i < 50000; i++) {
        size_t n = below(140);
        char *p = noise(below(2) == 0 ? "aaaaaaaaaaaa\\\"" : "\\\\\\\"a", n);
        assert_ptr_equal(tb_json_skip_string(p, p + n), slow_string(p, p + n));
        free(p);
    }
    assert_null(tb_json_skip_string("a\nb\"                ",
                                    "a\nb\"                " + 4)); /* a bare control byte */
}

/* The definition of a JSON string's text; NULL when broken. Two-byte characters stand for all of \u here. */
static const char *slow_text(const char *p, const char *end, struct bytes *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    add(out, "", 0);
    for (; p < end; p++) {
        if (*p == '"') {
            return p + 1;
        }
        if ((unsigned char)*p < 0x20) {
            return NULL;
        }
        if (*p != '\\') {
            add(out, p, 1);
            continue;
        }
        if (++p >= end) {
            return NULL;
        }
        const char *at = strchr(from, *p);
        if (*p != '\0' && at != NULL) {
            add(out, &to[at - from], 1);
        } else if (*p == 'u' && end - p >= 5 && memcmp(p + 1, "00", 2) == 0 && strspn(p + 3, "89aA") >= 2) {
            unsigned cp = (unsigned)strtoul((char[]){p[3], p[4], '\0'}, NULL, 16);
            char utf8[2] = {(char)(0xc0 | cp >> 6), (char)(0x80 | (cp & 0x3f))};
            add(out, utf8, 2);
            p += 4;
        } else {
            return NULL;
        }
    }
    return NULL;
}

static void test_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\\\"",    "\\\\",    "\\/", "abc",      "abcdefghijklmnop",
                                         "\\u0089", "\\u00aA", "\\n", "\xc3\xa9", "/",
                                         "{}",      "\\t"};
    struct tb_buf scratch;
    size_t good = 0;
    tb_buf_init(&scratch, 1 << 16);
    for (int i = 0; i < 60000; i++) {
        struct bytes b = {NULL, 0}, want = {NULL, 0};
        size_t kinds = below(3) == 0 ? COUNT(pieces) : 5; /* mostly what goes by blocks */
        for (size_t n = below(90); n > 0; n--) {
            const char *s = pieces[below(kinds)];
            add(&b, s, strlen(s));
        }
        add(&b, "\"x", 2);
        if (below(8) == 0) {
            b.p[below(b.n)] = "\\\"\nq"[below(4)];
        }
        b.n -= below(8) == 0 ? below(b.n) : 0;
        char *p = calloc(1, b.n + 16);
        memcpy(p, b.p, b.n);
        struct tb_str got = TB_STR_NULL;
        const char *a = slow_text(p, p + b.n, &want), *z = tb_json_text_of(p, p + b.n, &scratch, &got);
        if (a != z) {
            fail_msg("%.*s: %td, not %td", (int)b.n, p, z != NULL ? z - p : -1, a != NULL ? a - p : -1);
        }
        if (a != NULL) {
            good++;
            assert_same(want, got.s, got.n);
        }
        free(p);
        free(b.p);
        free(want.p);
    }
    assert_true(good > 30000);
    tb_buf_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skip_nested),
        cmocka_unit_test(test_skip_string),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
