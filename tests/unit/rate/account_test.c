/* Whose an event is: the rule by examples, and against a search of all rows that shares no code with
 * account.c. */
#include "tests/unit/rate/support.h"

#include "base/glob.h"
#include "base/hash.h"
#include "rate/account.h"

static const char *team_of(struct tb_accountbook *b, const char *ts, const char *consumer, const char *source)
{
    int64_t ts_us = 0;
    bool zone = false;
    assert_true(tb_ts_parse(tb_str_of(ts), &ts_us, &zone));
    const struct tb_account_row *row =
        tb_account_find(b, ts_us, key_of(tb_str_of(consumer)), tb_str_of(consumer), key_of(tb_str_of(source)),
                        tb_str_of(source));
    return row == NULL ? "none" : row->team.s;
}

static void the_most_literal_row_in_force_wins(void **state)
{
    (void)state;
    struct tb_settings s;
    struct tb_err err = {0};
    struct tb_accountbook *b = NULL;
    settings_make(&s, "Europe/Amsterdam");
    struct tb_tables *t = tables_make(
        &s, NULL,
        ACCOUNT_HEAD
        "web-*,,web,,,,,,,,\nweb-shop,,shop,,,,,,,,2026-06-01\nweb-shop,,shop2,,,,,,,2026-06-01,\n"
        "web-*,kong,web kong,,,,,,,,\n*,coffee,coffee,,,,,,,,\n"
        "a\\*,,star,,,,,,,,\n(anonymous),,nobody,,,,,,,,\nlate,,late,,,,,,,2026-06-01,\n");
    assert_ok(tb_accountbook_new(t, &b, &err), err);
    static const struct {
        const char *ts, *consumer, *source, *team;
    } cases[] = {
        {"2026-05-31T21:59:59.999999Z", "web-shop", "kong", "shop"}, /* literals before source */
        {"2026-05-31T22:00:00Z", "web-shop", "kong", "shop2"},       /* midnight in Amsterdam */
        {"2026-05-31T22:00:00Z", "web-x", "kong", "web kong"},       /* then one with a source */
        {"2026-05-31T22:00:00Z", "web-x", "other", "web"},
        {"2026-05-31T22:00:00Z", "Web-x", "other", "none"},
        {"2026-05-31T22:00:00Z", "Web-x", "coffee", "coffee"},
        {"2026-05-31T22:00:00Z", "a*", "kong", "star"},
        {"2026-05-31T22:00:00Z", "a\\*", "kong", "none"},
        {"2026-05-31T22:00:00Z", "(anonymous)", "kong", "nobody"},
        {"2026-05-31T21:59:59Z", "late", "kong", "none"},
        {"2026-05-31T22:00:00Z", "late", "kong", "late"},
    };
    for (int round = 0; round < 2; round++) { /* the second answers come from the memo */
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            assert_string_equal(team_of(b, cases[i].ts, cases[i].consumer, cases[i].source), cases[i].team);
        }
    }
    tb_accountbook_free(b);
    tb_tables_free(t);
    settings_release(&s);
}

/* The book remembers keys it met in a small table: neighbours there must not be taken for each other. */
static void keys_are_told_apart(void **state)
{
    (void)state;
    struct tb_settings s;
    struct tb_err err = {0};
    settings_make(&s, "UTC");
    struct tb_tables *t =
        tables_make(&s, NULL, ACCOUNT_HEAD "a,,plain,,,,,,,,\na,s2,sourced,,,,,,,,\nb,,other,,,,,,,,\n");
    for (uint32_t distance = 1; distance <= 1u << 20; distance *= 2) {
        struct tb_accountbook *b = NULL;
        assert_ok(tb_accountbook_new(t, &b, &err), err);
        for (int round = 0; round < 6; round++) {
            static const char *const teams[] = {"plain", "sourced", "other"};
            int k = round % 3;
            const struct tb_account_row *row = tb_account_find(
                b, 1, 5 * distance + (k == 2 ? distance : 0), k == 2 ? TB_STR("b") : TB_STR("a"),
                7 * distance + (k == 1 ? distance : 0), k == 1 ? TB_STR("s2") : TB_STR("s1"));
            assert_non_null(row);
            assert_string_equal(row->team.s, teams[k]);
        }
        tb_accountbook_free(b);
    }
    tb_tables_free(t);
    settings_release(&s);
}

/* Straight from the sentence of the contract. */
static const struct tb_account_row *search(const struct tb_tables *t, int64_t ts_us, struct tb_str consumer,
                                           struct tb_str source)
{
    const struct tb_account_row *best = NULL;
    for (size_t i = 0; i < t->account_count; i++) {
        const struct tb_account_row *row = &t->accounts[i];
        if (ts_us < row->from_us || ts_us >= row->to_us || !tb_glob_match(row->consumer, consumer) ||
            (row->source.s != NULL && !tb_str_eq(row->source, source))) {
            continue;
        }
        int more = best == NULL ? 1 : tb_glob_literals(row->consumer) - tb_glob_literals(best->consumer);
        if (more > 0 || (more == 0 && row->source.s != NULL && best->source.s == NULL)) {
            best = row;
        }
    }
    return best;
}

static void random_tables_agree_with_a_search(void **state)
{
    (void)state;
    static const char *const globs[] = {"*",     "a",   "b",   "ab",  "a*",          "*b",  "?b",
                                        "[ab]*", "ab*", "abc", "a?c", "(anonymous)", "a\\*"};
    static const char *const consumers[] = {"a", "b",           "ab", "abc", "abd",
                                            "c", "(anonymous)", "a*", "",    "abcabc"};
    static const char *const sources[] = {"s1", "s2", "s3"};
    static const char *const dates[] = {"", "", "2026-01-02", "2026-01-03", "2026-01-04"};
    struct tb_settings s;
    struct tb_err err = {0};
    uint64_t random = 99;
    int found = 0;
    settings_make(&s, "UTC");
    for (int round = 0; round < 150; round++) {
        char csv[8192] = ACCOUNT_HEAD;
        struct tb_tables *t = tables_make(&s, NULL, csv);
        struct tb_accountbook *b = NULL;
        for (int i = 0; i < 25; i++) {
            size_t n = strlen(csv);
            snprintf(csv + n, sizeof csv - n, "%s,%s,t%d,,,,,,,%s,%s\n", globs[random_below(&random, 13)],
                     random_below(&random, 2) ? sources[random_below(&random, 3)] : "", i,
                     dates[random_below(&random, 5)], dates[random_below(&random, 5)]);
            struct tb_tables *more = tables_try(&s, NULL, csv);
            if (more == NULL) {
                csv[n] = '\0';
            } else {
                tb_tables_free(t);
                t = more;
            }
        }
        assert_ok(tb_accountbook_new(t, &b, &err), err);
        for (int i = 0; i < 200; i++) {
            struct tb_str consumer = tb_str_of(consumers[random_below(&random, 10)]);
            struct tb_str source = tb_str_of(sources[random_below(&random, 3)]);
            int64_t ts_us = INT64_C(1767225600000000) + random_below(&random, 5 * 48) * INT64_C(1800000000);
            const struct tb_account_row *row =
                tb_account_find(b, ts_us, key_of(consumer), consumer, key_of(source), source);
            assert_ptr_equal(row, search(t, ts_us, consumer, source));
            found += row != NULL;
        }
        tb_accountbook_free(b);
        tb_tables_free(t);
    }
    assert_true(found > 10000);
    settings_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_literal_row_in_force_wins),
        cmocka_unit_test(keys_are_told_apart),
        cmocka_unit_test(random_tables_agree_with_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
