/* Table versions: one number for all tables, kept for good, loaded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/versions.h"
#include "store_fixture.h"

static const char head[] = "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,"
                           "context_over,context_from,"
                           "context_rule,note\n";

struct tables {
    struct fixture f;
    struct tb_settings *s;
};

static void write_text(const struct tables *t, const char *name, const char *a, const char *b)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", t->f.dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out, "%s%s", a, b);
    assert_int_equal(fclose(out), 0);
}

static void set_up(struct tables *t)
{
    char path[160];
    fixture_open(&t->f);
    write_text(t, "tollbook.jsonc", "",
               "{\"database\": \"t.db\", \"time_zone\": \"UTC\", \"currency\": \"USD\", \"prices\": "
               "\"prices.csv\", \"output\": \"out\", "
               "\"sources\": [{\"name\": \"g\", \"format\": \"kong\", \"paths\": [\"*.log\"]}]}");
    write_text(t, "prices.csv", head, ",gpt-4o,input,2.5,1000000,USD,2026-01-01,,,,,,\n");
    snprintf(path, sizeof path, "%s/tollbook.jsonc", t->f.dir);
    must(tb_settings_load(path, &t->s, &err));
}

static int64_t import(struct tables *t, bool expect_new)
{
    struct tb_tables *tables = NULL;
    int64_t version = 0, match = 0;
    bool is_new = false;
    must(tb_tables_load(t->s, &tables, &err));
    must(tb_versions_match(t->f.db, tables, &match, &err));
    must(tb_db_begin(t->f.db, &err));
    must(tb_versions_import(t->f.db, tables, 123, &version, &is_new, &err));
    must(tb_db_commit(t->f.db, &err));
    assert_int_equal(is_new, expect_new);
    assert_int_equal(match, expect_new ? 0 : version);
    must(tb_versions_match(t->f.db, tables, &match, &err));
    assert_int_equal(match, version);
    tb_tables_free(tables);
    return version;
}

static void versions_are_kept(void **state)
{
    (void)state;
    struct tables t;
    int64_t newest = 7;
    set_up(&t);
    must(tb_versions_newest(t.f.db, &newest, &err));
    assert_int_equal(newest, 0);
    assert_int_equal(import(&t, true), 1);
    assert_int_equal(import(&t, false), 1);
    write_text(
        &t, "prices.csv", head,
        ",gpt-4o,input,2.5,1000000,USD,2026-01-01,,,,,,\n,gpt-4o,output,10,1000000,USD,2026-01-01,,,,,,\n");
    assert_int_equal(import(&t, true), 2);
    write_text(&t, "prices.csv", head, ",gpt-4o,input,2.5,1000000,USD,2026-01-01,,,,,,\n");
    assert_int_equal(import(&t, true), 3); /* the newest version is compared, not any */
    must(tb_versions_newest(t.f.db, &newest, &err));
    assert_int_equal(newest, 3);
    assert_int_equal(number_of(t.f.db, "SELECT count(*) FROM table_text"), 2); /* a text is kept once */
    assert_int_equal(number_of(t.f.db, "SELECT rows FROM table_of_version WHERE version = 2"), 2);
    struct tb_tables *tables = NULL;
    must(tb_versions_load(t.f.db, t.s, 2, &tables, &err));
    assert_int_equal(tables->price_count, 2);
    assert_true(tables->present[TB_TABLE_PRICES]);
    assert_false(tables->present[TB_TABLE_BUDGETS]);
    tb_tables_free(tables);
    struct tb_err why = {.code = TB_E_NONE};
    assert_int_equal(tb_versions_load(t.f.db, t.s, 4, &tables, &why), TB_FAIL);
    assert_int_equal(why.code, TB_E_USAGE);
    assert_non_null(strstr(why.text, "4"));
    tb_settings_free(t.s);
    fixture_close(&t.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(versions_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
