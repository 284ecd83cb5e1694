/* Escapes decoded in blocks of 64 bytes, with each instruction set, against a decoder that goes a byte at a time: runs of
 * backslashes, \u and surrogates at every place of a block, bytes that no validated text holds, and every amount of room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/utf8.h"
#include "format/value.h"

#define TEXT_MAX 400
#define CANARY   ((char)0xA5)

static uint64_t state = 88172645463325252u;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 20) % n;
}

static unsigned hex(const char *p)
{
    char digits[5] = {p[0], p[1], p[2], p[3], 0};
    return (unsigned)strtoul(digits, NULL, 16);
}

/* What stands at s, its first byte a backslash: how many bytes of it are taken. */
static size_t one(const char *s, size_t n, char *out, size_t *given)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    *given = 1;
    out[0] = '\\';
    if (n < 2) {
        return 1;
    }
    if (s[1] != 'u' || n < 6) {
        const char *letter = s[1] == 0 ? NULL : strchr(letters, s[1]);
        out[0] = letter == NULL ? s[1] : meant[letter - letters];
        return 2;
    }
    unsigned cp = hex(s + 2), low = n >= 12 && s[6] == '\\' && s[7] == 'u' ? hex(s + 8) : 0;
    bool pair = cp >= 0xD800 && cp < 0xDC00 && low >= 0xDC00 && low < 0xE000;
    if (pair) {
        cp = 0x10000 + (cp - 0xD800) * 0x400 + (low - 0xDC00);
    } else if ((cp >= 0xD800 && cp < 0xE000) || cp == 0) {
        cp = 0xFFFD;
    }
    *given = tb_utf8_encode(cp, out);
    return pair ? 12 : 6;
}

static size_t oracle(const char *s, size_t n, char *out, size_t size)
{
    size_t to = 0, given = 1;
    for (size_t i = 0; i < n && size - to >= 4; to += given) {
        given = 1;
        if (s[i] == '\\') {
            i += one(s + i, n - i, out + to, &given);
        } else {
            out[to] = s[i++];
        }
    }
    return to;
}

/* Text of n bytes with about one escape in `rare` bytes; the last one may be cut. */
static void compose(char *s, size_t n, unsigned rare)
{
    static const char *const pieces[] = {
        "\\n",        "\\\"",           "\\\\",    "\\/",           "\\t",      "\\b", "\\f",
        "\\r",        "\\u00e9",        "\\u0000", "\\u4e2d",       "\\\\\\\\", "\\q", "\\\xc3",
        "\\\xe2\x80", "\\ud83d\\ude00", "\\ud83d", "\\udc00\\u0041"};
    for (size_t i = 0; i < n;) {
        if (below(rare) == 0) {
            const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
            for (; *piece != 0 && i < n; piece++) {
                s[i++] = *piece;
            }
        } else {
            s[i++] = below(12) == 0 ? (char)(128 + below(128)) : (char)(32 + below(95));
            if (s[i - 1] == '\\') {
                s[i - 1] = 'u';
            }
        }
    }
}

static void compare(const char *text, size_t n, size_t size)
{
    char line[TEXT_MAX + 64], want[TEXT_MAX + 16], got[TEXT_MAX + 64];
    memcpy(line, text, n);
    memset(line + n, '\\', 64); /* what lies behind is not the text's */
    memset(got, CANARY, sizeof got);
    size_t expected = oracle(line, n, want, size);
    assert_int_equal(tb_value_unescape((struct tb_str){line, n}, got, size), expected);
    assert_memory_equal(got, want, expected);
    for (size_t i = size; i < sizeof got; i++) {
        assert_int_equal(got[i], CANARY);
    }
}

static void test_random_texts(void **unused)
{
    (void)unused;
    static const unsigned rare[] = {2, 5, 20, 80, 1000};
    char text[TEXT_MAX];
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        for (int round = 0; round < 60000; round++) {
            size_t n = below(TEXT_MAX + 1);
            compose(text, n, rare[below(5)]);
            compare(text, n, n + 4);
            compare(text, n, below((unsigned)n + 5));
        }
    }
    tb_scan_use(tb_scan_isas()[0]);
}

static void test_an_escape_at_every_place(void **unused)
{
    (void)unused;
    static const char *const escapes[] = {"\\n",     "\\\\",           "\\\\\\\\\\n",
                                          "\\u00e9", "\\ud83d\\ude00", "\\\xc2"};
    char text[260];
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        for (size_t e = 0; e < sizeof escapes / sizeof *escapes; e++) {
            size_t length = strlen(escapes[e]);
            for (size_t at = 0; at + length <= sizeof text; at++) {
                memset(text, 'n', sizeof text);
                memcpy(text + at, escapes[e], length);
                compare(text, sizeof text, sizeof text + 4);
            }
        }
    }
    tb_scan_use(tb_scan_isas()[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_an_escape_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
