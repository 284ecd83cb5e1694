/* base/utf8 against the C library's own decoder and an encoding written out by hand; base/status and
 * base/embed. */
#include "support.h"
#include "base/embed.h"
#include "base/status.h"
#include "base/utf8.h"

static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        size_t length = 0;
        size_t n = tb_utf8_encode(cp, bytes);
        bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;
        uint32_t back = tb_utf8_decode(bytes, n, &length);
        assert_int_equal(back, surrogate ? 0xFFFD : cp);
        assert_int_equal(length, n);
        assert_int_equal(n, surrogate ? 3 : cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4);
        assert_true(tb_utf8_valid((struct tb_str){bytes, n}));
        assert_true(n == 1 || !tb_utf8_valid((struct tb_str){bytes, n - 1}));
    }
    char bytes[4];
    assert_int_equal(tb_utf8_encode(0x110000, bytes), 3);
    assert_memory_equal(bytes, "\uFFFD", 3);
}

/* A sequence of up to four bytes is valid when it is what encoding some code point gives: every other one is
 * not. */
static bool is_an_encoding(const unsigned char *p, size_t n)
{
    char again[4];
    uint32_t cp = n == 1   ? p[0]
                  : n == 2 ? (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu)
                  : n == 3
                      ? (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu)
                      : (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    return tb_utf8_encode(cp, again) == n && memcmp(again, p, n) == 0;
}

static bool valid_slowly(const unsigned char *p, size_t n)
{
    if (n == 0) {
        return true;
    }
    for (size_t k = 1; k <= 4 && k <= n; k++) {
        if (is_an_encoding(p, k) && valid_slowly(p + k, n - k)) {
            return true;
        }
    }
    return false;
}

static void test_every_short_sequence(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                          0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
    unsigned char p[4];
    for (size_t i = 0; i < 24 * 24 * 24 * 24; i++) {
        size_t rest = i;
        for (size_t k = 0; k < 4; k++, rest /= 24) {
            p[k] = edges[rest % 24];
        }
        for (size_t n = 1; n <= 4; n++) {
            struct tb_str s = {(const char *)p, n};
            char repaired[12];
            assert_true(tb_utf8_valid(s) == valid_slowly(p, n));
            struct tb_str r = {repaired, tb_utf8_repair(s, repaired)};
            assert_true(tb_utf8_valid(r));
            assert_true(!tb_utf8_valid(s) || tb_str_eq(s, r));
        }
    }
}

/* Unicode 15, section 3.9, tables 3-8 to 3-11. */
static void test_repair(void **state)
{
    (void)state;
#define R "\uFFFD"
    static const struct {
        const char *bytes;
        const char *repaired;
    } rows[] = {
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R R R R R R R R "A"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A"},
        {"a\xE2\x82", "a" R},
        {"é€😀", "é€😀"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[64];
        struct tb_str r = {out, tb_utf8_repair(tb_str_of(rows[i].bytes), out)};
        assert_true(tb_str_eq(r, tb_str_of(rows[i].repaired)));
    }
}

static void test_printable(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *printed;
    } rows[] = {
        {"plain é€😀", "plain é€😀"},
        {"a\tb\nc\rd", "a b c d"},
        {"\x1b[31mred\x1b[0m\x07", "[31mred[0m"},
        {"x\xC2\x9By\x7Fz", "xyz"},
        {"\u202Eabc\u202C\u2066d\u2069\u200E\u200F\u061C", "abcd"},
        {"a\u2028b\u2029c", "a b c"},
        {"\uFFFE\uFFFF!", "!"},
        {"\xFF", R},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[128];
        struct tb_str r = {out, tb_utf8_printable(tb_str_of(rows[i].bytes), out)};
        assert_true(tb_str_eq(r, tb_str_of(rows[i].printed)));
    }
}

static void test_chars(void **state)
{
    (void)state;
    assert_int_equal(tb_utf8_chars(TB_STR("aé€😀")), 4);
    assert_int_equal(tb_utf8_chars(TB_STR("\xE2\x82z")), 3);
    assert_int_equal(tb_utf8_chars(TB_STR_NULL), 0);
    assert_true(tb_utf8_valid(TB_STR_NULL));
}

static void test_error_text(void **state)
{
    (void)state;
    struct tb_err err;
    char out[256];
    assert_int_equal(tb_err_set(&err, TB_REJECT, TB_E_TABLE, "bad cell \"%s\"", "a\nb"), TB_REJECT);
    tb_err_format(&err, out, sizeof(out));
    assert_string_equal(out, "bad cell \"a b\"");
    tb_err_place(&err, "prices.csv", 7, 3);
    tb_err_format(&err, out, sizeof(out));
    assert_string_equal(out, "prices.csv:7:3: bad cell \"a b\"");
    tb_err_place(&err, "prices.csv", 7, 0);
    tb_err_format(&err, out, sizeof(out));
    assert_string_equal(out, "prices.csv:7: bad cell \"a b\"");
    tb_err_place(&err, "prices.csv", 0, 0);
    tb_err_format(&err, out, sizeof(out));
    assert_string_equal(out, "prices.csv: bad cell \"a b\"");
    tb_err_place(&err, NULL, 7, 0);
    tb_err_format(&err, out, sizeof(out));
    assert_string_equal(out, "7: bad cell \"a b\"");
    (void)tb_err_set(&err, TB_FAIL, TB_E_TABLE, "outer: %s", err.text); /* wrapping itself */
    tb_err_format(&err, out, 20);
    assert_string_equal(out, "outer: bad cell \"a ");
    (void)tb_err_set(&err, TB_FAIL, TB_E_TABLE, "%s", "aé");
    tb_err_format(&err, out, 3); /* a character is never cut */
    assert_string_equal(out, "a");
    assert_int_equal(tb_err_set(NULL, TB_FATAL, TB_E_DB, "x"), TB_FATAL);
    tb_err_place(NULL, "x", 1, 1);
}

static void test_long_error(void **state)
{
    (void)state;
    static char name[3000];
    static char out[8000];
    struct tb_err err;
    memset(name, 'n', sizeof(name) - 1);
    (void)tb_err_set(&err, TB_FAIL, TB_E_IO, "%s", name);
    tb_err_place(&err, name, UINT64_MAX, UINT64_MAX);
    tb_err_format(&err, out, sizeof(out));
    assert_int_equal(strlen(out), sizeof(err.file) - 1 + sizeof(err.text) - 1 + 2 * 20 + 4);
}

static void test_exit_codes(void **state)
{
    (void)state;
    static const struct {
        enum tb_code code;
        int exit;
    } rows[] = {{TB_E_NONE, 0},       {TB_E_USAGE, 2},   {TB_E_CONFIG, 2},  {TB_E_TABLE, 2},
                {TB_E_FORMAT, 2},     {TB_E_UNBUILT, 2}, {TB_E_IO, 1},      {TB_E_DB, 1},
                {TB_E_MEMORY, 1},     {TB_E_RANGE, 1},   {TB_E_LIMIT, 1},   {TB_E_MISSING, 5},
                {TB_E_TRUNCATED, 5},  {TB_E_CORRUPT, 5}, {TB_E_CONTROL, 4}, {TB_E_LOCK, 11},
                {TB_E_INTERRUPT, 130}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_err err = {.code = rows[i].code};
        assert_int_equal(tb_err_exit(&err), rows[i].exit);
    }
}

static void test_embedded_text(void **state)
{
    (void)state;
    static const struct tb_embed list[] = {{"pipeline/x/a.sql", (const unsigned char *)"select 1", 8},
                                           {"pipeline/x/ba.sql", (const unsigned char *)"select 2", 8},
                                           {"top.sql", (const unsigned char *)"select 3", 8},
                                           {NULL, NULL, 0}};
    assert_string_equal(tb_embed_text(list, "a.sql"), "select 1");
    assert_string_equal(tb_embed_text(list, "ba.sql"), "select 2");
    assert_string_equal(tb_embed_text(list, "top.sql"), "select 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_every_short_sequence),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_chars),
        cmocka_unit_test(test_error_text),
        cmocka_unit_test(test_long_error),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_embedded_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
