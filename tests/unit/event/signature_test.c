/* Normalising by blocks is the same as byte by byte, however it is cut; the signature's share of equal lanes is near Jaccard's index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "event/prompt.h"
#include "event/signature.h"

static uint64_t seed = 1234567;
static unsigned below(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static size_t plain(struct tb_str s, char *out)
{
    size_t n = 0;
    bool due = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.s[i];
        if (strchr(" \t\n\v\f\r", c) != NULL && c != 0) {
            due = n > 0;
            continue;
        }
        if (due) {
            out[n++] = ' ';
        }
        due = false;
        out[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return n;
}

static void blocks_are_bytes(void **state)
{
    (void)state;
    static const char letters[] = "aZ  xQ.\t9\nbc d\xC3\xA9"
                                  "EFG hij";
    for (int round = 0; round < 20000; round++) {
        char text[300], want[320], got[400];
        size_t n = below(300), used = 0;
        bool blank = false, first = true;
        for (size_t i = 0; i < n; i++) {
            text[i] = letters[below(sizeof letters - 1)];
        }
        for (size_t at = 0; at < n;) {
            size_t part = 1 + below(120);
            part = part < n - at ? part : n - at;
            used += tb_signature_normalise((struct tb_str){text + at, part}, &blank, &first, got + used);
            at += part;
        }
        size_t length = plain((struct tb_str){text, n}, want);
        assert_int_equal(used, length);
        assert_memory_equal(got, want, length);
    }
}

static void fingerprints_ignore_case_and_blanks(void **state)
{
    (void)state;
    assert_true(tb_prompt_fingerprint(TB_STR("What  is\n THIS ?")) ==
                tb_prompt_fingerprint(TB_STR(" what is this ? ")));
    assert_true(tb_prompt_fingerprint(TB_STR("what is this")) != tb_prompt_fingerprint(TB_STR("what is it")));
    static char a[900], b[1024];
    size_t n = 0, m = 0;
    while (n < sizeof a - 10) { /* the same words, other blanks: pieces end elsewhere */
        unsigned word = below(1000);
        n += (size_t)sprintf(a + n, "w%u ", word);
        m += (size_t)sprintf(b + m, below(40) == 0 ? "W%u \n" : "W%u ", word);
    }
    assert_true(tb_prompt_fingerprint((struct tb_str){a, n}) == tb_prompt_fingerprint((struct tb_str){b, m}));
    b[m / 2] ^= 1;
    assert_true(tb_prompt_fingerprint((struct tb_str){a, n}) != tb_prompt_fingerprint((struct tb_str){b, m}));
    static char c[5000], d[5000]; /* a long one is taken byte for byte */
    memset(c, 'x', sizeof c);
    memcpy(d, c, sizeof d);
    assert_true(tb_prompt_fingerprint((struct tb_str){c, sizeof c}) ==
                tb_prompt_fingerprint((struct tb_str){d, sizeof d}));
    d[4999] = 'X';
    assert_true(tb_prompt_fingerprint((struct tb_str){c, sizeof c}) !=
                tb_prompt_fingerprint((struct tb_str){d, sizeof d}));
}

static void lanes_estimate_jaccard(void **state)
{
    (void)state;
    for (int common = 0; common <= 20; common += 5) { /* of 20 words on each side */
        double sum = 0, want = common / (40.0 - common);
        for (int round = 0; round < 400; round++) {
            char a[400], b[400];
            size_t n = 0, m = 0;
            struct tb_signature x, y;
            for (int i = 0; i < 20; i++) {
                char word[12];
                for (int k = 0; k < 9; k++) {
                    word[k] = (char)('g' + below(20));
                }
                word[9] = '\0';
                n += (size_t)sprintf(a + n, "%s ", word);
                word[0] = i < common ? word[0] : (char)('a' + below(6));
                m += (size_t)sprintf(b + m, "%s ", word);
            }
            assert_true(tb_signature_make((struct tb_str){a, n}, &x) &&
                        tb_signature_make((struct tb_str){b, m}, &y));
            sum += tb_signature_equal(&x, &y) / (double)TB_SIGNATURE_LANES;
        }
        assert_true(sum / 400 > want - 0.05 && sum / 400 < want + 0.05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_bytes),
                                       cmocka_unit_test(fingerprints_ignore_case_and_blanks),
                                       cmocka_unit_test(lanes_estimate_jaccard)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
