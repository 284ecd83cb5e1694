/* base/glob against the C library's fnmatch, and tb_glob_meet against trying every short text. */
#include "support.h"
#include "base/glob.h"
#include <fnmatch.h>

static void test_match(void **state)
{
    (void)state;
    static const struct {
        const char *glob;
        const char *text;
        bool match;
    } rows[] = {
        {"gpt-4o", "gpt-4o", true},
        {"gpt-4o", "gpt-4o-mini", false},
        {"gpt-4o*", "gpt-4o-mini", true},
        {"GPT-4o", "gpt-4o", false},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"?", "é", true}, /* a character, not a byte */
        {"??", "é", false},
        {"[à-ï]", "é", true},
        {"[!a]", "é", true},
        {"[^a]", "a", false},
        {"[]a]x", "]x", true},
        {"[!]a]", "b", true},
        {"[!]a]", "]", false},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a\\]b]", "]", true},
        {"[\\!a]", "!", true},
        {"[a\\-z]", "m", false},
        {"[a\\-z]", "-", true},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"\\a", "a", true},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"*a*b", "aab", true},
        {"claude-*-20[0-9][0-9]*", "claude-sonnet-4-20250514", true},
        {"*ab", "aab", true},
        {"team/*", "team/a/b", true}, /* a slash is a character like others */
        {".*", ".hidden", true},
        {"*", ".hidden", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(tb_glob_match(tb_str_of(rows[i].glob), tb_str_of(rows[i].text)) == rows[i].match);
    }
}

static void test_absent(void **state)
{
    (void)state;
    assert_true(tb_glob_match(TB_STR_NULL, TB_STR_NULL));
    assert_true(tb_glob_match(TB_STR_NULL, TB_STR("x")));
    assert_false(tb_glob_match(TB_STR("*"), TB_STR_NULL));
    assert_true(tb_glob_valid(TB_STR_NULL));
    assert_false(tb_glob_exact(TB_STR_NULL));
    assert_int_equal(tb_glob_literals(TB_STR_NULL), 0);
    assert_true(tb_glob_meet(TB_STR_NULL, TB_STR("x")));
    assert_true(tb_glob_meet(TB_STR("[a-c]"), TB_STR_NULL));
    assert_true(tb_glob_meet(TB_STR_NULL, TB_STR_NULL));
}

static void test_not_valid(void **state)
{
    (void)state;
    static const char *const bad[] = {"[",  "[a",  "a[",   "[]",    "[!]",   "[^]",  "[!",
                                      "\\", "a\\", "[a\\", "[a\\]", "[z-a]", "\xFF", "[\xC3]"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(tb_glob_valid(tb_str_of(bad[i])));
        assert_false(tb_glob_match(tb_str_of(bad[i]), tb_str_of(bad[i])));
        assert_false(tb_glob_meet(tb_str_of(bad[i]), TB_STR("*")));
        assert_false(tb_glob_exact(tb_str_of(bad[i])));
    }
    char longest[1026];
    memset(longest, 'a', sizeof(longest));
    assert_true(tb_glob_valid((struct tb_str){longest, 1024}));
    assert_false(tb_glob_valid((struct tb_str){longest, 1025}));
    assert_true(tb_glob_meet((struct tb_str){longest, 1024}, (struct tb_str){longest, 1024}));
}

static void test_rank(void **state)
{
    (void)state;
    static const struct {
        const char *glob;
        int literals;
        bool exact;
    } rows[] = {{"gpt-4o", 6, true}, {"gpt-4o*", 6, false}, {"", 0, true},
                {"*", 0, false},     {"a?c", 2, false},     {"[ab]c", 1, false},
                {"\\*x", 2, true},   {"é*", 1, false},      {"[*]", 0, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(tb_glob_literals(tb_str_of(rows[i].glob)), rows[i].literals);
        assert_true(tb_glob_exact(tb_str_of(rows[i].glob)) == rows[i].exact);
    }
}

static void add(char *out, const char *piece)
{
    memcpy(out + strlen(out), piece, strlen(piece) + 1);
}

/* A glob of up to n pieces over few characters, so that matches are frequent; some are not valid. */
static void random_glob(uint64_t *seed, size_t n, char *out)
{
    static const char *const pieces[] = {"a",     "b",      "-",   "*",   "*",    "?",     "[ab]", "[!a]",
                                         "[^ab]", "[a-b]",  "\\*", "\\a", "[]a]", "[!]-]", "[a-]", "[b\\]]",
                                         "[+--]", "[!b-y]", "]",   "!",   "[a",   "c"};
    out[0] = '\0';
    for (size_t k = random_below(seed, n + 1); k > 0; k--) {
        add(out, pieces[random_below(seed, COUNT(pieces))]);
    }
}

static void test_match_against_fnmatch(void **state)
{
    (void)state;
    static const char letters[] = "aabb-*]!cz\\+,";
    uint64_t seed = 31;
    int matched = 0;
    for (int i = 0; i < 300000; i++) {
        char glob[64];
        char text[16];
        random_glob(&seed, 6, glob);
        size_t n = random_below(&seed, 8);
        for (size_t k = 0; k < n; k++) {
            text[k] = letters[random_below(&seed, sizeof(letters) - 1)];
        }
        text[n] = '\0';
        if (!tb_glob_valid(tb_str_of(glob))) {
            continue;
        }
        bool expected = fnmatch(glob, text, 0) == 0;
        matched += expected;
        if (tb_glob_match(tb_str_of(glob), tb_str_of(text)) != expected) {
            fail_msg("glob %s text %s: expected %d", glob, text, expected);
        }
    }
    assert_true(matched > 10000);
}

/* Is there a text of up to length letters that both match? Every one is tried. */
static bool meet_by_trying(const char *a, const char *b, char *text, size_t n, size_t length)
{
    static const char letters[] = "ab-]*!z";
    text[n] = '\0';
    if (fnmatch(a, text, 0) == 0 && fnmatch(b, text, 0) == 0) {
        return true;
    }
    for (size_t k = 0; n < length && k < sizeof(letters) - 1; k++) {
        text[n] = letters[k];
        if (meet_by_trying(a, b, text, n + 1, length)) {
            return true;
        }
    }
    return false;
}

/* The shortest text that two globs of n pieces share has at most 2 n characters; n is 2 here. The letters
 * must stand for every class of characters that the pieces tell apart: that is why some pieces are left out.
 */
static void test_meet_against_trying(void **state)
{
    (void)state;
    uint64_t seed = 32;
    int met = 0;
    int apart = 0;
    while (met + apart < 2500) {
        char a[64];
        char b[64];
        char text[8];
        random_glob(&seed, 2, a);
        random_glob(&seed, 2, b);
        if (!tb_glob_valid(tb_str_of(a)) || !tb_glob_valid(tb_str_of(b)) || strpbrk(a, "+c") != NULL ||
            strpbrk(b, "+c") != NULL) {
            continue;
        }
        bool expected = meet_by_trying(a, b, text, 0, 4);
        met += expected;
        apart += !expected;
        if (tb_glob_meet(tb_str_of(a), tb_str_of(b)) != expected ||
            tb_glob_meet(tb_str_of(b), tb_str_of(a)) != expected) {
            fail_msg("globs %s and %s: expected %d", a, b, expected);
        }
    }
    assert_true(met > 300 && apart > 300);
}

/* Larger: both are built from one text, so they must meet; with ends of their own, they cannot. */
static void test_meet_of_globs_made_from_one_text(void **state)
{
    (void)state;
    uint64_t seed = 33;
    for (int i = 0; i < 5000; i++) {
        char globs[2][256] = {"", ""};
        size_t n = random_below(&seed, 30);
        for (size_t k = 0; k < n; k++) {
            char letter[2] = {(char)('a' + (int)random_below(&seed, 5)), '\0'};
            for (size_t g = 0; g < 2; g++) {
                static const char *const others[] = {"*", "?", "**", "[!z]", "[a-f]", "?*"};
                size_t pick = random_below(&seed, 2 * COUNT(others));
                add(globs[g], pick < COUNT(others) ? others[pick] : letter);
            }
        }
        assert_true(tb_glob_meet(tb_str_of(globs[0]), tb_str_of(globs[1])));
        add(globs[0], "y"); /* now the last characters differ */
        add(globs[1], "z");
        assert_false(tb_glob_meet(tb_str_of(globs[0]), tb_str_of(globs[1])));
    }
}

static void test_meet(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool meet;
    } rows[] = {
        {"gpt-4*", "gpt-4o", true}, {"gpt-4*", "*-mini", true},
        {"gpt-4", "*-mini", false}, {"a*", "b*", false},
        {"*a", "*b", false},        {"a*b", "a?b", true},
        {"a?b", "ab", false},       {"[a-m]*", "[n-z]*", false},
        {"[a-n]*", "[n-z]*", true}, {"[!a]", "[a]", false},
        {"[!a]", "[!b]", true},     {"[!a-z]", "[b-y]", false},
        {"[!a-y]", "[b-z]", true},  {"[à-ï]", "é", true},
        {"*aab*", "*aba", true},    {"a*a", "a", false},
        {"a*a", "aa", true},        {"**", "", true},
        {"?*", "", false},          {"\\*", "\\?", false},
        {"\\*", "?", true},         {"", "", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(tb_glob_meet(tb_str_of(rows[i].a), tb_str_of(rows[i].b)) == rows[i].meet);
        assert_true(tb_glob_meet(tb_str_of(rows[i].b), tb_str_of(rows[i].a)) == rows[i].meet);
    }
}

/* Sets that share one character, anywhere in Unicode; and sets that only the surrogates could fill. */
static void test_meet_at_one_character(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool meet;
    } rows[] = {
        {"[!\x01-\xED\x9F\xBF\xEE\x80\x80-\U0010FFFE]", "[\U0010FFFF]", true},
        {"[!\x01-\xED\x9F\xBF\xEE\x80\x80-\U0010FFFF]", "[!a]", true}, /* NUL */
        {"[\x01-\xED\x9F\xBF]", "[\xEE\x80\x80-\U0010FFFF]", false},
        {"[!\x01-\xED\x9F\xBF]", "[\xEE\x80\x80]", true},
        {"[!\x01-\xED\x9F\xBE]", "[!\xEE\x80\x80-\U0010FFFF]", true},
        {"[\U00000100-\U00000200]", "[!\U00000100-\U000001FF\U00000201-\U0010FFFF]", true},
        {"[\U00000100-\U00000200]", "[!\U00000100-\U00000200]", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(tb_glob_meet(tb_str_of(rows[i].a), tb_str_of(rows[i].b)) == rows[i].meet);
        assert_true(tb_glob_meet(tb_str_of(rows[i].b), tb_str_of(rows[i].a)) == rows[i].meet);
    }
}

/* A matching text proves that they meet; many stars cost no more than the product of the lengths. */
static void test_a_shared_text_means_they_meet(void **state)
{
    (void)state;
    uint64_t seed = 34;
    int shared = 0;
    for (int i = 0; i < 200000; i++) {
        char a[64];
        char b[64];
        char text[8];
        random_glob(&seed, 5, a);
        random_glob(&seed, 5, b);
        size_t n = random_below(&seed, 6);
        for (size_t k = 0; k < n; k++) {
            text[k] = "ab-]"[random_below(&seed, 4)];
        }
        struct tb_str t = {text, n};
        if (tb_glob_match(tb_str_of(a), t) && tb_glob_match(tb_str_of(b), t)) {
            shared++;
            assert_true(tb_glob_meet(tb_str_of(a), tb_str_of(b)));
        }
    }
    assert_true(shared > 1000);
    char stars[1024];
    memset(stars, '*', sizeof(stars));
    stars[1023] = 'a';
    char other[1024];
    memset(other, '*', sizeof(other));
    other[1023] = 'b';
    assert_false(tb_glob_meet((struct tb_str){stars, sizeof(stars)}, (struct tb_str){other, sizeof(other)}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_not_valid),
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_match_against_fnmatch),
        cmocka_unit_test(test_meet_against_trying),
        cmocka_unit_test(test_meet_of_globs_made_from_one_text),
        cmocka_unit_test(test_meet),
        cmocka_unit_test(test_meet_at_one_character),
        cmocka_unit_test(test_a_shared_text_means_they_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
