/* The workbook over small worlds: every formula has its value, what does not exist yet is left out, many teams become ten and
 * Other, and any report becomes a workbook. tests/workbook reads it with other programs. */
#include "pack_scene.h"

#include "reports/table/parts.h"

static char *strings_of(const struct scene *s)
{
    return workbook_part(s, "xl/sharedStrings.xml");
}

/* Every <f> has its <v> right behind it. */
static size_t expect_values(const char *sheet)
{
    size_t n = 0;
    for (const char *f = strstr(sheet, "<f>"); f != NULL; f = strstr(f + 3, "<f>")) {
        const char *end = strstr(f, "</f>");
        assert_non_null(end);
        assert_memory_equal(end, "</f><v>", 7);
        n++;
    }
    return n;
}

static void expect_whole(const struct scene *s)
{
    for (int i = 1; i <= 8; i++) {
        char part[64];
        snprintf(part, sizeof part, "xl/worksheets/sheet%d.xml", i);
        char *sheet = workbook_part(s, part);
        assert_true(strlen(sheet) > 100);
        expect_values(sheet);
        free(sheet);
    }
}

static void test_first_day_compares_with_nothing(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {{DAY, 60, "ann", "big", 1000000, 0}};
    scene_begin(&s);
    scene_file(&s, 0, 1, calls, 1);
    scene_pack(&s, DAY);
    expect_whole(&s);
    char *strings = strings_of(&s);
    assert_null(strstr(strings, "Against"));
    assert_non_null(strstr(strings, "LLM chargeback, Saturday 21 November 2026"));
    assert_non_null(strstr(strings, "PRELIMINARY"));
    assert_non_null(strstr(strings, "Nothing needs a decision"));
    assert_non_null(strstr(strings, "revision 1, the first of this day"));
    static const char *const absent[] = {"Day budget", "Month budget", "Budgets", "Forecast",
                                         "Quotas",     "Shared",       "Credit",  "Adjustments of"};
    for (size_t i = 0; i < COUNT(absent); i++) {
        assert_null(strstr(strings, absent[i]));
    }
    free(strings);
    char *summary = workbook_part(&s, "xl/worksheets/sheet1.xml");
    assert_non_null(strstr(summary, "<f>SUM(Chargeback!$E$6)</f><v>3</v>"));
    free(summary);
    scene_end(&s);
}

static void test_an_empty_day(void **state)
{
    (void)state;
    struct scene s;
    scene_begin(&s);
    scene_pack(&s, DAY);
    expect_whole(&s);
    char *strings = strings_of(&s);
    assert_non_null(strstr(strings, "No usage: nothing is charged for this day."));
    free(strings);
    scene_end(&s);
}

/* 40 days, of which the window shows 30; a gap day counts as zero; the weekday mean is of four weeks. */
static void test_forty_days(void **state)
{
    (void)state;
    struct scene s;
    struct call calls[40];
    uint32_t n = 0;
    scene_begin(&s);
    for (int32_t i = 0; i < 40; i++) {
        if (i != 3) { /* nothing three days before */
            calls[n++] = (struct call){DAY - i, 60, "ann", "big", 1000000 * (i + 1), 0};
        }
    }
    scene_file(&s, 0, 1, calls, n);
    scene_pack(&s, DAY);
    expect_whole(&s);
    char *strings = strings_of(&s), *trend = workbook_part(&s, "xl/worksheets/sheet4.xml"),
         *summary = workbook_part(&s, "xl/worksheets/sheet1.xml"),
         *chart = workbook_part(&s, "xl/charts/chart1.xml");
    assert_non_null(strstr(strings, "Against the mean of 4 earlier Saturdays"));
    assert_non_null(strstr(trend, "SUBTOTAL(109,C6:C35)")); /* 30 days */
    assert_non_null(strstr(chart, "Trend!$C$6:$C$35"));
    /* days before: 3 * (1 + i); of four weeks: 3 * (8 + 15 + 22 + 29) / 4 = 55.5; now 3 */
    assert_non_null(
        strstr(summary, "AVERAGE(Trend!$C$28,Trend!$C$21,Trend!$C$14,Trend!$C$7)</f><v>-52.5</v>"));
    assert_non_null(strstr(summary, "SUM(Chargeback!$E$6)-Trend!$C$34</f><v>-3</v>"));
    /* November to the 21st: i = 0..20 without 3 */
    assert_non_null(strstr(summary, "<v>681</v>"));
    free(strings);
    free(trend);
    free(summary);
    free(chart);
    scene_end(&s);
}

static void test_many_teams(void **state)
{
    (void)state;
    struct scene s;
    struct call calls[15];
    char names[15][16], accounts[2048] = ACCOUNT_HEADER;
    size_t at = strlen(accounts);
    for (int i = 0; i < 15; i++) {
        snprintf(names[i], sizeof names[i], "c%02d", i);
        calls[i] = (struct call){DAY, i, names[i], "big", 100000 * (i + 1), 0};
        at += (size_t)snprintf(accounts + at, sizeof accounts - at, "%s,,Team %02d,%d,,,,,,,\n", names[i], i,
                               i);
    }
    scene_begin(&s);
    scene_tables(&s, PRICES, accounts);
    scene_file(&s, 0, 1, calls, 15);
    scene_pack(&s, DAY);
    expect_whole(&s);
    char *strings = strings_of(&s), *chart = workbook_part(&s, "xl/charts/chart2.xml"),
         *trend = workbook_part(&s, "xl/worksheets/sheet4.xml");
    assert_non_null(strstr(strings, "Other (5 teams)"));
    assert_non_null(strstr(chart, "Trend!$K$6:$K$16"));
    assert_non_null(strstr(trend, "<v>4.5</v>")); /* 0.3 * (1 + ... + 5) */
    free(strings);
    free(chart);
    free(trend);
    scene_end(&s);
}

/* The Chargeback sheet sets a line's budgets beside it: those of its cost centre, else of its team, and no others. */
static void test_budgets_beside_the_lines(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {{DAY, 60, "ann", "big", 1000000, 0},  /* 3 */
                                        {DAY, 61, "bob", "big", 2000000, 0},  /* 6 */
                                        {DAY, 62, "cid", "big", 1000000, 0}}; /* 3, unassigned */
    scene_begin(&s);
    scene_limits(
        &s, PRICES, ACCOUNTS,
        "name,dimension,match,period,amount\nweb day,team,Web,day,2.5\nweb month,team,Web,month,111\n"
        "data,cost_center,1003,day,7.5\ndata team,team,Data,day,1\nmany,team,*,day,1\n"
        "all,,,month,1\n",
        NULL);
    scene_file(&s, 0, 1, calls, COUNT(calls));
    scene_pack(&s, DAY);
    expect_whole(&s);
    char *strings = strings_of(&s), *sheet = workbook_part(&s, "xl/worksheets/sheet2.xml");
    static const char *const words[] = {"Day budget",        "Day budget used", "Month budget",
                                        "Month budget used", "Month forecast",  "Over",
                                        "Unassigned"};
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_non_null(strstr(strings, words[i]));
    }
    /* lines: (unassigned), Data, Web; columns G day budget, H used, K month budget, L used, M forecast */
    static const struct {
        const char *cell, *value;
    } expected[] = {{"G7", "7.5"}, {"H7", "0.8"},      {"G8", "2.5"}, {"H8", "1.2"},
                    {"K8", "111"}, {"L8", "0.027027"}, {"M8", "30"}};
    for (size_t i = 0; i < COUNT(expected); i++) {
        char cell[32], value[32];
        snprintf(cell, sizeof cell, "<c r=\"%s\"", expected[i].cell);
        snprintf(value, sizeof value, "<v>%s</v>", expected[i].value);
        const char *at = strstr(sheet, cell);
        assert_non_null(at);
        assert_ptr_equal(strstr(at, "<v>"), strstr(at, value));
    }
    assert_non_null(strstr(sheet, "dataBar"));
    free(strings);
    free(sheet);
    scene_end(&s);
}

/* A source that is not billed is on no sheet. */
static void test_unbilled_is_not_shown(void **state)
{
    (void)state;
    struct scene s;
    static const struct call billed[] = {{DAY, 60, "ann", "big", 1000000, 0}};
    static const struct call shadow[] = {{DAY, 61, "ann", "shadow-model", 1000000, 0},
                                         {DAY, 62, "zed", "big", 1, 1}};
    scene_begin(&s);
    scene_file(&s, 0, 1, billed, 1);
    scene_file(&s, 1, 2, shadow, 2);
    scene_pack(&s, DAY);
    char *strings = strings_of(&s);
    assert_null(strstr(strings, "shadow-model"));
    assert_null(strstr(strings, "zed"));
    free(strings);
    scene_end(&s);
}

static void test_guard_of_the_config(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {{DAY, 60, "=cmd", "big", 1000000, 0}};
    scene_begin(&s);
    scene_file(&s, 0, 1, calls, 1);
    scene_pack(&s, DAY);
    char *strings = strings_of(&s);
    assert_non_null(strstr(strings, "<t>=cmd</t>"));
    free(strings);
    s.settings.excel_guard = "all";
    scene_file(&s, 0, 2, &(struct call){DAY, 70, "=two", "big", 1000000, 0}, 1);
    scene_pack(&s, DAY);
    strings = strings_of(&s);
    assert_non_null(strstr(strings, "<t>'=cmd</t>"));
    free(strings);
    scene_end(&s);
}

/* --- any report as a workbook ---------------------------------------------------------------------------------- */

static void write_xlsx(struct scene *s, const struct tb_report *r, const char *path)
{
    struct tb_buf out;
    tb_buf_init(&out, 1 << 20);
    must(s, tb_report_xlsx(r, &out, &s->err));
    must(s, tb_file_write(path, tb_buf_view(&out), 0600, &s->err));
    tb_buf_release(&out);
}

static void test_any_report_is_a_workbook(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {{DAY, 60, "ann", "big", 1000000, 5}, {DAY, 61, "bob", "none", 3, 4}};
    char path[256], command[1024];
    scene_begin(&s);
    scene_file(&s, 0, 1, calls, 2);
    scene_pack(&s, DAY); /* reduces the day */
    char *usual = getenv("TMPDIR") != NULL ? strdup(getenv("TMPDIR")) : NULL;
    assert_int_equal(setenv("TMPDIR", s.dir, 1), 0);
    for (const struct tb_report_kind *k = tb_report_kinds; k->name != NULL; k++) {
        struct tb_report_query q = {.db = s.db,
                                    .settings = &s.settings,
                                    .tables = s.tables,
                                    .version = s.version,
                                    .from_day = DAY,
                                    .to_day = DAY,
                                    .from_us = DAY * TB_US_PER_DAY,
                                    .to_us = (DAY + 1) * TB_US_PER_DAY};
        struct tb_report *r = NULL;
        must(&s, k->build(&q, &r, &s.err));
        snprintf(path, sizeof path, "%s/%s.xlsx", s.dir, k->name);
        write_xlsx(&s, r, path);
        snprintf(command, sizeof command,
                 "cd '%s' && rm -rf parts && unzip -q %s.xlsx -d parts && find parts -name '*.xml' | tr "
                 "'\\n' '\\0' | xargs -0 "
                 "xmllint --noout && sha256sum < %s.xlsx > first",
                 s.dir, k->name, k->name);
        assert_int_equal(system(command), 0);
        write_xlsx(&s, r, path);
        snprintf(command, sizeof command,
                 "cd '%s' && sha256sum < %s.xlsx | cmp -s - first && test -z \"$(ls -A | grep tmp)\"", s.dir,
                 k->name);
        assert_int_equal(system(command), 0);
        tb_report_free(r);
    }
    struct tb_buf out;
    tb_buf_init(&out, 1 << 20);
    assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
    assert_int_equal(tb_report_xlsx(&(struct tb_report){.kind = "x", .title = "X"}, &out, &s.err), TB_FAIL);
    assert_int_equal(s.err.code, TB_E_IO);
    assert_int_equal(usual != NULL ? setenv("TMPDIR", usual, 1) : unsetenv("TMPDIR"), 0);
    free(usual);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_day_compares_with_nothing),
        cmocka_unit_test(test_an_empty_day),
        cmocka_unit_test(test_forty_days),
        cmocka_unit_test(test_many_teams),
        cmocka_unit_test(test_budgets_beside_the_lines),
        cmocka_unit_test(test_unbilled_is_not_shown),
        cmocka_unit_test(test_guard_of_the_config),
        cmocka_unit_test(test_any_report_is_a_workbook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
