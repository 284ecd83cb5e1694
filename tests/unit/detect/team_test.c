/* Two judges at once: what they find is one list, in the order of the consumers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "config/settings.h"
#include "config/tables.h"
#include "detect/team.h"

static uint64_t seed = 20220131;
static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % n;
}

#define JUDGED 1000

/* Some consumers take long, some have nothing to tell, one fails. */
static enum tb_status pretend(struct tb_judge *j, uint32_t consumer, int32_t from_day,
                              const struct tb_findings *told, struct tb_findings *out)
{
    assert_null(told);
    for (volatile uint32_t i = 0; i < consumer % 7 * 3000; i++) {
    }
    for (uint32_t k = 0; k < consumer % 4; k++) {
        struct tb_finding *f = tb_findings_add(out, TB_KIND_SPIKE);
        assert_non_null(f);
        f->consumer = consumer;
        f->observed = from_day + (int32_t)k;
    }
    return consumer == 0 ? tb_err_set(j->err, TB_FAIL, TB_E_RANGE, "no") : TB_OK;
}

static void two_judges_tell_the_same_list(void **state)
{
    (void)state;
    uint32_t consumer[JUDGED] = {0};
    struct tb_digest none = {.day = 20500};
    struct tb_settings settings = {.currency = "USD"};
    struct tb_tables tables = {.account_count = 0};
    struct tb_err err;
    struct tb_judge j = {.settings = &settings, .tables = &tables, .digest = &none, .err = &err};
    for (size_t n = 0; n <= JUDGED; n = 2 * n + 1) {
        struct tb_findings out = {NULL, 0, 0};
        size_t at = 0;
        for (uint32_t i = 0; i < n; i++) {
            consumer[i] = 1 + below(5000);
        }
        assert_int_equal(tb_team_judge(&j, consumer, n, 5, pretend, &out), TB_OK);
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t k = 0; k < consumer[i] % 4; k++, at++) {
                assert_true(at < out.n && out.f[at].consumer == consumer[i] && out.f[at].observed == 5 + k);
            }
        }
        assert_int_equal(at, out.n);
        tb_findings_release(&out);
    }
    struct tb_findings out = {NULL, 0, 0};
    consumer[300] = 0;
    assert_int_equal(tb_team_judge(&j, consumer, 500, 5, pretend, &out), TB_FAIL);
    assert_int_equal(err.code, TB_E_RANGE);
    tb_findings_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_judges_tell_the_same_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
