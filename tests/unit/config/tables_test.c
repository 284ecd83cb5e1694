/* The configured tables as files; and the starter files of `tollbook init`, which must load and say the true
 * defaults. */
#include "tests/unit/config/helper.h"
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "config/settings.h"

#define STARTER "schemas/init/"

static void write_file(const char *path, const char *text)
{
    struct tb_err err = {0};
    assert_int_equal(tb_file_write(path, tb_str_of(text), 0644, &err), TB_OK);
}

static void files_are_loaded_with_their_bytes(void **state)
{
    char folder[] = "/tmp/tb-tables-XXXXXX";
    char prices[64];
    char quotas[64];
    struct tb_settings s;
    struct tb_tables *t = NULL;
    struct tb_err err = {0};
    char message[MESSAGE_MAX];
    char expected[MESSAGE_MAX];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(prices, sizeof prices, "%s/p.csv", folder);
    snprintf(quotas, sizeof quotas, "%s/q.csv", folder);
    settings_begin(&s, "UTC");

    /* nothing configured */
    assert_int_equal(tb_tables_load(&s, &t, &err), TB_OK);
    for (int kind = 0; kind < TB_TABLE_COUNT; kind++) {
        assert_false(t->present[kind]);
    }
    tb_tables_free(t);

    /* two */
    const char *text = "\xEF\xBB\xBFmodel;meter;price;per\r\nm;input;1;1\r\n";
    write_file(prices, text);
    write_file(quotas, "tier,measure,limit\na,tokens,1\n");
    s.prices = prices;
    s.quotas = quotas;
    assert_int_equal(tb_tables_load(&s, &t, &err), TB_OK);
    assert_int_equal(t->price_count, 1);
    assert_int_equal(t->quota_count, 1);
    assert_str(t->text[TB_TABLE_PRICES], text);
    struct tb_hash128 digest = tb_hash128(text, strlen(text), 0);
    assert_memory_equal(&t->digest[TB_TABLE_PRICES], &digest, sizeof digest);
    assert_string_equal(t->name[TB_TABLE_PRICES], prices);
    assert_true(t->present[TB_TABLE_PRICES] && t->present[TB_TABLE_QUOTAS] && !t->present[TB_TABLE_ACCOUNTS]);

    /* the kept texts give the same rows again */
    struct tb_tables *again = NULL;
    assert_int_equal(tb_tables_parse(&s, t->text, t->name, &again, &err), TB_OK);
    assert_int_equal(again->price_count, 1);
    assert_true(again->prices[0].price == t->prices[0].price);
    assert_memory_equal(again->digest, t->digest, sizeof t->digest);
    tb_tables_free(again);
    tb_tables_free(t);

    /* one is bad: nothing is loaded */
    write_file(quotas, "tier,measure,limit\na,tokens,x\n");
    assert_int_equal(tb_tables_load(&s, &t, &err), TB_FAIL);
    assert_null(t);
    tb_err_format(&err, message, sizeof message);
    snprintf(expected, sizeof expected,
             "%s:2:10: limit \"x\" is not a whole number: write digits only, like 100000", quotas);
    assert_string_equal(message, expected);

    /* empty, and not there */
    write_file(quotas, "");
    assert_int_equal(tb_tables_load(&s, &t, &err), TB_FAIL);
    tb_err_format(&err, message, sizeof message);
    snprintf(expected, sizeof expected, "%s:1:1: the file is empty: its first line must name the columns",
             quotas);
    assert_string_equal(message, expected);
    unlink(quotas);
    assert_int_equal(tb_tables_load(&s, &t, &err), TB_FAIL);
    assert_int_equal(tb_err_exit(&err), 2);
    tb_err_format(&err, message, sizeof message);
    snprintf(expected, sizeof expected,
             "%s: the configured table \"quotas\" is not there: make the file, or take \"quotas\" out of the "
             "configuration",
             quotas);
    assert_string_equal(message, expected);

    /* a folder cannot be read as a table */
    s.quotas = folder;
    assert_int_equal(tb_tables_load(&s, &t, &err), TB_FAIL);
    assert_int_equal(tb_err_exit(&err), 2);
    settings_end(&s);
    unlink(prices);
    assert_int_equal(rmdir(folder), 0);
}

/* A copy of the starter configuration without a key's line is like the whole: each default that it shows is
 * the true one. */
static void the_starters_load_and_show_the_defaults(void **state)
{
    struct tb_settings *s = NULL;
    struct tb_settings *bare = NULL;
    struct tb_tables *t = NULL;
    struct tb_err err = {0};
    char message[MESSAGE_MAX] = "";
    char folder[] = "/tmp/tb-starter-XXXXXX";
    char path[64];
    (void)state;
    if (access(STARTER "tollbook.jsonc", F_OK) != 0) {
        fail_msg("run from the project's root: %s is not there", STARTER);
    }
    if (tb_settings_load(STARTER "tollbook.jsonc", &s, &err) != TB_OK ||
        tb_tables_load(s, &t, &err) != TB_OK) {
        tb_err_format(&err, message, sizeof message);
        fail_msg("%s", message);
    }
    assert_true(t->present[TB_TABLE_PRICES] && t->present[TB_TABLE_QUOTAS] && t->present[TB_TABLE_ACCOUNTS] &&
                t->present[TB_TABLE_BUDGETS]);
    assert_true(t->price_count >= 10 && t->quota_count >= 15 && t->account_count >= 5 &&
                t->budget_count >= 2);
    tb_tables_free(t);

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/tollbook.jsonc", folder);
    write_file(path, "{\"sources\": []}");
    assert_int_equal(tb_settings_load(path, &bare, &err), TB_OK);
    assert_string_equal(s->database + strlen(s->dir), bare->database + strlen(bare->dir));
    assert_string_equal(s->output + strlen(s->dir), bare->output + strlen(bare->dir));
    assert_string_equal(s->fingerprint_key + strlen(s->dir), bare->fingerprint_key + strlen(bare->dir));
    assert_string_equal(tb_zone_name(s->zone), tb_zone_name(bare->zone));
    assert_string_equal(s->currency, bare->currency);
    assert_string_equal(s->billing_account, bare->billing_account);
    assert_string_equal(s->journal_debit, bare->journal_debit);
    assert_string_equal(s->journal_credit, bare->journal_credit);
    assert_string_equal(s->excel_guard, bare->excel_guard);
    assert_int_equal(s->holiday_count, bare->holiday_count);
    assert_int_equal(s->close_after_days, bare->close_after_days);
    assert_int_equal(s->detail_days, bare->detail_days);
    assert_int_equal(s->signature_days, bare->signature_days);
    assert_true(s->min_excess == bare->min_excess);
    assert_int_equal(s->expect_count, bare->expect_count);
    assert_true(s->notify == NULL && bare->notify == NULL && s->rules == NULL && bare->rules == NULL);
    assert_true(s->formats == NULL && bare->formats == NULL && s->shared == NULL && s->adjustments == NULL);
    tb_settings_free(bare);
    tb_settings_free(s);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

/* Any cut of a good table, and any byte of it replaced, is taken or refused with a place, and never crashes.
 */
static void mangled_tables_never_crash(void **state)
{
    static const char *const files[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = STARTER "prices.csv",
        [TB_TABLE_QUOTAS] = STARTER "quotas.csv",
        [TB_TABLE_ACCOUNTS] = STARTER "accounts.csv",
        [TB_TABLE_BUDGETS] = STARTER "budgets.csv",
    };
    static const char replacements[] = "\"\\[]*?|,;\n\r\0\xFF"
                                       "9-";
    struct tb_settings s;
    struct tb_err err = {0};
    unsigned seed = 7;
    (void)state;
    settings_begin(&s, "Europe/Berlin");
    for (int kind = 0; kind < TB_TABLE_COUNT; kind++) {
        if (files[kind] == NULL) {
            continue;
        }
        struct tb_buf buf;
        tb_buf_init(&buf, 1 << 20);
        assert_int_equal(tb_file_read(files[kind], 1 << 20, &buf, &err), TB_OK);
        for (int round = 0; round < 1500; round++) {
            char *copy = malloc(buf.n); /* exactly as long, so that a read behind the end is seen */
            assert_non_null(copy);
            memcpy(copy, buf.p, buf.n);
            size_t n = round % 2 == 0 ? buf.n : (size_t)rand_r(&seed) % buf.n;
            for (int k = 0; k < 2 && n > 0; k++) {
                copy[(size_t)rand_r(&seed) % n] =
                    replacements[(size_t)rand_r(&seed) % (sizeof replacements - 1)];
            }
            struct tb_str texts[TB_TABLE_COUNT] = {{NULL, 0}};
            const char *names[TB_TABLE_COUNT] = {NULL};
            struct tb_tables *t = NULL;
            texts[kind] = (struct tb_str){copy, n};
            enum tb_status status = tb_tables_parse(&s, texts, names, &t, &err);
            if (status != TB_OK) {
                assert_int_equal(status, TB_FAIL);
                assert_int_equal(err.code, TB_E_TABLE);
                assert_true(err.line >= 1 && err.column >= 1 && err.text[0] != 0);
            }
            tb_tables_free(t);
            free(copy);
        }
        tb_buf_release(&buf);
    }
    settings_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_loaded_with_their_bytes),
        cmocka_unit_test(the_starters_load_and_show_the_defaults),
        cmocka_unit_test(mangled_tables_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
