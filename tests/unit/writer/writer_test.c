/* reports/writer: JSON read back by another parser, CSV by the test's own, text against what a person should see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/json.h"
#include "base/utf8.h"
#include "reports/writer/writer.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define OUT_MAX  (64u << 20)

static struct tb_err err;

static const struct tb_column columns[] = {
    {"team", "Team", TB_CELL_TEXT, true, false},     {"requests", "Requests", TB_CELL_INT, false, true},
    {"cost", "Cost", TB_CELL_MONEY, false, true},    {"billed", "Billed", TB_CELL_CENTS, false, true},
    {"x", "Ratio", TB_CELL_RATIO, false, false},     {"at", "At", TB_CELL_INSTANT, false, false},
    {"day", "Day", TB_CELL_DAY, false, false},       {"ok", "Ok", TB_CELL_BOOL, false, false},
    {"found", "Found", TB_CELL_MIXED, false, false}, {"errors", "Errors", TB_CELL_INT, false, true},
};
enum { TEAM, REQUESTS, COST, BILLED, X, AT, DAY, OK, FOUND, ERRORS };

static void text(struct tb_table *t, size_t column, struct tb_str s)
{
    assert_int_equal(tb_table_text(t, column, s, &err), TB_OK);
}

static tb_money money(const char *s)
{
    tb_money m = 0;
    assert_true(tb_money_parse(tb_str_of(s), &m));
    return m;
}

static struct tb_report *new_report(struct tb_table **rows)
{
    struct tb_report *r = tb_parts_new("demo", "Demo");
    struct tb_table *totals;
    assert_non_null(r);
    assert_int_equal(tb_parts_text(r, "schema", "Schema", TB_STR("tollbook.demo/1"), &err), TB_OK);
    assert_int_equal(tb_parts_number(r, "from", "From", TB_CELL_DAY, true, 20000, &err), TB_OK);
    assert_int_equal(tb_parts_number(r, "to", "To", TB_CELL_DAY, true, 20001, &err), TB_OK);
    assert_int_equal(tb_parts_text(r, "currency", "Currency", TB_STR("USD"), &err), TB_OK);
    assert_int_equal(tb_parts_number(r, "tables", "tables", TB_CELL_INT, true, 3, &err), TB_OK);
    assert_int_equal(tb_parts_number(r, "revision", "revision", TB_CELL_INT, false, 0, &err), TB_OK);
    assert_int_equal(tb_parts_object(r, "totals", "Totals", columns + REQUESTS, 3, &totals, &err), TB_OK);
    tb_table_int(totals, 0, 1234567);
    tb_table_money(totals, 1, money("1234.5"));
    tb_table_int(totals, 2, 123450);
    assert_int_equal(tb_parts_rows(r, "rows", "Rows", columns, COUNT(columns), rows, &err), TB_OK);
    r->main = *rows;
    return r;
}

static void add_row(struct tb_table *t, struct tb_str team, int64_t requests, const char *cost, int64_t cents)
{
    assert_int_equal(tb_table_row(t, &err), TB_OK);
    text(t, TEAM, team);
    tb_table_int(t, REQUESTS, requests);
    if (cost != NULL) {
        tb_table_money(t, COST, money(cost));
    }
    tb_table_int(t, BILLED, cents);
    tb_table_int(t, ERRORS, 0);
}

static void assert_text(struct tb_buf *out, const char *expected)
{
    assert_string_equal(tb_buf_view(out).s, expected);
    tb_buf_clear(out);
}

static void test_json_layout(void **state)
{
    (void)state;
    struct tb_table *t;
    struct tb_buf out;
    struct tb_report *r = new_report(&t);
    tb_buf_init(&out, OUT_MAX);
    assert_int_equal(tb_writer_json(r, &out, &err), TB_OK);
    assert_text(&out,
                "{\"schema\":\"tollbook.demo/1\",\"from\":\"2024-10-04\",\"to\":\"2024-10-05\",\"currency\":"
                "\"USD\",\"tables\":3,\"revision\":null,\n"
                "\"totals\":{\"requests\":1234567,\"cost\":\"1234.5\",\"billed\":\"1234.50\"},\n"
                "\"rows\":[]}\n");
    add_row(t, TB_STR("a\"b\\\n\xe2\x80\xae\xff"), -1, "0.000000000000000000000001", -5);
    text(t, X, TB_STR("0.333333"));
    tb_table_int(t, AT, INT64_C(1700000000500000));
    tb_table_int(t, DAY, 0);
    tb_table_int(t, OK, 1);
    tb_table_money(t, FOUND, money("-3"));
    add_row(t, TB_STR_NULL, INT64_MIN, NULL, 0);
    tb_table_int(t, FOUND, 3);
    assert_int_equal(tb_writer_json(r, &out, &err), TB_OK);
    const char *rows = strstr(tb_buf_view(&out).s, "\"rows\"");
    assert_non_null(rows);
    assert_string_equal(rows, "\"rows\":[\n"
                              "{\"team\":\"a\\\"b\\\\\\n\\u202e\xef\xbf\xbd\",\"requests\":-1,\"cost\":\"0."
                              "000000000000000000000001\","
                              "\"billed\":\"-0.05\",\"x\":0.333333,\"at\":\"2023-11-14T22:13:20.5Z\",\"day\":"
                              "\"1970-01-01\",\"ok\":true,"
                              "\"found\":\"-3\",\"errors\":0},\n"
                              "{\"team\":null,\"requests\":-9223372036854775808,\"cost\":null,\"billed\":\"0."
                              "00\",\"x\":null,\"at\":null,"
                              "\"day\":null,\"ok\":null,\"found\":3,\"errors\":0}]}\n");
    tb_buf_release(&out);
    tb_parts_free(r);
}

static void test_kept_bytes_are_written_as_they_were(void **state)
{
    (void)state;
    struct tb_table *t;
    struct tb_buf out;
    struct tb_report *r = new_report(&t);
    tb_buf_init(&out, OUT_MAX);
    assert_int_equal(tb_buf_str(&r->raw, TB_STR("{\"rows\": [ ] }"), &err), TB_OK);
    assert_int_equal(tb_writer_json(r, &out, &err), TB_OK);
    assert_text(&out, "{\"rows\": [ ] }\n");
    tb_buf_release(&out);
    tb_parts_free(r);
}

/* Random bytes, biased to what hurts. */
static struct tb_str random_text(unsigned *seed, char *room, size_t max)
{
    static const char *const hostile[] = {"=",
                                          "+",
                                          "-",
                                          "@",
                                          "\t",
                                          "\r",
                                          "\n",
                                          "\"",
                                          ",",
                                          ";",
                                          "'",
                                          "\\",
                                          " ",
                                          "\xe2\x80\xae",
                                          "\xe2\x81\xa6",
                                          "\xff",
                                          "\xc3",
                                          "\xc3\xa9",
                                          "\x1b[31m",
                                          "\xf0\x9f\x98\x80",
                                          "\x7f",
                                          "\xc2\x85",
                                          "12",
                                          ".5",
                                          "a",
                                          "_x0041_"};
    size_t n = 0, parts = (size_t)rand_r(seed) % 6;
    for (size_t i = 0; i < parts; i++) {
        const char *s = hostile[(size_t)rand_r(seed) % COUNT(hostile)];
        if (n + strlen(s) < max) {
            memcpy(room + n, s, strlen(s));
            n += strlen(s);
        }
    }
    return (struct tb_str){room, n};
}

static void test_json_reads_back(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int round = 0; round < 50; round++) {
        struct tb_table *t;
        struct tb_buf out;
        struct tb_json *json;
        char room[64], repaired[192];
        struct tb_report *r = new_report(&t);
        tb_buf_init(&out, OUT_MAX);
        for (int i = 0; i < 40; i++) {
            add_row(t, random_text(&seed, room, sizeof room), (int64_t)rand_r(&seed) << 31, "0.1",
                    rand_r(&seed));
        }
        assert_int_equal(tb_writer_json(r, &out, &err), TB_OK);
        assert_int_equal(tb_json_parse(tb_buf_view(&out), "t", TB_E_DB, &json, &err), TB_OK);
        const struct tb_json_node *row = tb_json_first(tb_json_get(tb_json_root(json), "rows"));
        for (size_t i = 0; i < tb_table_rows(t); i++, row = tb_json_next(row)) {
            struct tb_str s = tb_table_cell(t, i, TEAM)->text;
            struct tb_str expected = {repaired, tb_utf8_repair(s, repaired)};
            int64_t n;
            assert_true(tb_str_eq(tb_json_text(tb_json_get(row, "team")), expected));
            assert_true(tb_json_int(tb_json_get(row, "requests"), &n));
            assert_true(n == tb_table_cell(t, i, REQUESTS)->number);
        }
        assert_null(row);
        tb_json_free(json);
        tb_buf_release(&out);
        tb_parts_free(r);
    }
}

/* --- CSV --------------------------------------------------------------------------------------------------------- */

static void test_formula_guard(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool formula;
    } rows[] = {{"=1+1", true}, {"+1", false},  {"-1.5", false}, {"-.5", false}, {"+", true},
                {"-", true},    {"@x", true},   {"-1+2", true},  {"-1e5", true}, {"\tx", true},
                {"\rx", true},  {"\t1", true},  {"", false},     {"a=b", false}, {" =1", true},
                {"\n=1", true}, {"-1,5", true}, {"0042", false}, {"'=1", false}, {"-1.", false},
                {"--1", true},  {"1=1", false}, {"+-1", true},   {"-1 ", true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (tb_writer_is_formula(tb_str_of(rows[i].text)) != rows[i].formula) {
            fail_msg("\"%s\"", rows[i].text);
        }
    }
}

/* The field at *at; *at moves behind it and its separator. */
static size_t read_field(const char **at, char *out)
{
    size_t n = 0;
    const char *s = *at;
    if (*s == '"') {
        for (s++; *s != '"' || s[1] == '"'; s++) {
            assert_true(*s != '\0');
            s += *s == '"';
            out[n++] = *s;
        }
        s++;
    } else {
        while (*s != ',' && *s != '\n') {
            assert_true(*s != '\0' && *s != '"');
            out[n++] = *s++;
        }
    }
    assert_true(*s == ',' || *s == '\n');
    *at = s + 1;
    return n;
}

static void test_csv_reads_back(void **state)
{
    (void)state;
    unsigned seed = 11;
    struct tb_table *t;
    struct tb_buf out;
    char room[64], printable[200], field[400];
    struct tb_report *r = new_report(&t);
    tb_buf_init(&out, OUT_MAX);
    for (int i = 0; i < 3000; i++) {
        add_row(t, random_text(&seed, room, sizeof room), rand_r(&seed), i % 4 == 0 ? NULL : "-12.5",
                -rand_r(&seed) % 1000);
    }
    assert_int_equal(tb_writer_csv(r, &out, &err), TB_OK);
    const char *at = tb_buf_view(&out).s;
    for (size_t row = 0; row <= tb_table_rows(t); row++) {
        for (size_t c = 0; c < COUNT(columns); c++) {
            size_t n = read_field(&at, field);
            field[n] = '\0';
            if (row == 0) {
                assert_string_equal(field, columns[c].key);
            } else if (c == TEAM) {
                struct tb_str raw = tb_table_cell(t, row - 1, c)->text;
                size_t p = tb_utf8_printable(raw, printable);
                bool guarded = n == p + 1 && field[0] == '\'' && memcmp(field + 1, printable, p) == 0;
                assert_true(guarded || (n == p && memcmp(field, printable, p) == 0));
                assert_true(guarded || p == 0 || strchr("=@", printable[0]) == NULL);
                assert_true(guarded || raw.n == 0 || strchr("=@\t\r", raw.s[0]) == NULL);
                for (size_t i = 0; i < n; i++) {
                    assert_true((unsigned char)field[i] >= ' ' && field[i] != 0x7f);
                }
            } else if (c == COST) {
                assert_string_equal(field,
                                    (row - 1) % 4 == 0 ? "" : "-12.5"); /* negative numbers are no formulas */
            }
        }
        assert_int_equal(at[-1], '\n');
    }
    assert_int_equal(*at, '\0');
    tb_buf_release(&out);
    tb_parts_free(r);
}

static void test_csv_layout(void **state)
{
    (void)state;
    struct tb_table *t;
    struct tb_buf out;
    struct tb_report *r = new_report(&t);
    tb_buf_init(&out, OUT_MAX);
    add_row(t, TB_STR("x, \"y\""), 1234567, "0.1", 1000);
    tb_table_int(t, OK, 0);
    add_row(t, TB_STR("\t=1"), 0, NULL, 0);
    assert_int_equal(tb_writer_csv(r, &out, &err), TB_OK);
    assert_text(&out, "team,requests,cost,billed,x,at,day,ok,found,errors\n"
                      "\"x, \"\"y\"\"\",1234567,0.1,10.00,,,,false,,0\n"
                      "' =1,0,,0.00,,,,,,0\n");
    tb_buf_release(&out);
    tb_parts_free(r);
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static void test_text_layout(void **state)
{
    (void)state;
    struct tb_table *t;
    struct tb_buf out;
    struct tb_report *r = new_report(&t);
    tb_buf_init(&out, OUT_MAX);
    assert_int_equal(tb_writer_text(r, &out, &err), TB_OK);
    assert_text(&out, "Demo  2024-10-04 to 2024-10-05, USD, tables 3\n"
                      "\n"
                      "Totals: Requests 1,234,567, Cost 1,234.50, Billed 1,234.50\n"
                      "\n"
                      "no rows\n");
    add_row(t, TB_STR("caf\xc3\xa9"), 1234567, "1234.5", 123450);
    add_row(t, TB_STR("\xe6\x9d\xb1\xe4\xba\xac"), 12, "-0.000047", 0);
    add_row(t, TB_STR("a\x1b[31mb"), 999, NULL, 100);
    assert_int_equal(tb_writer_text(r, &out, &err), TB_OK);
    assert_text(&out, "Demo  2024-10-04 to 2024-10-05, USD, tables 3\n"
                      "\n"
                      "Totals: Requests 1,234,567, Cost 1,234.50, Billed 1,234.50\n"
                      "\n"
                      "Team     Requests          Cost    Billed\n"
                      "caf\xc3\xa9    1,234,567  1,234.50      1,234.50\n"
                      "\xe6\x9d\xb1\xe4\xba\xac           12     -0.000047      0.00\n"
                      "a[31mb        999             -      1.00\n"
                      "total   1,235,578  1,234.499953  1,235.50\n");
    assert_int_equal(tb_table_sort(t, "requests", 2, &err), TB_OK);
    assert_int_equal(tb_writer_text(r, &out, &err), TB_OK);
    assert_non_null(strstr(tb_buf_view(&out).s, "total of these"));
    assert_non_null(strstr(tb_buf_view(&out).s, "1 more rows are not shown"));
    tb_buf_release(&out);
    tb_parts_free(r);
}

static void test_a_small_buffer_is_an_error(void **state)
{
    (void)state;
    struct tb_table *t;
    enum tb_status (*const write[])(const struct tb_report *, struct tb_buf *,
                                    struct tb_err *) = {tb_writer_json, tb_writer_csv, tb_writer_text};
    struct tb_report *r = new_report(&t);
    add_row(t, TB_STR("a team with a name"), 1, "1", 1);
    add_row(t, TB_STR("b"), 1, "1", 1);
    for (size_t w = 0; w < COUNT(write); w++) {
        struct tb_buf out;
        size_t whole = SIZE_MAX;
        for (size_t max = 400; max > 0; max--) { /* every byte in turn is one too many */
            tb_buf_init(&out, max);
            enum tb_status st = write[w](r, &out, &err);
            if (st == TB_OK) {
                whole = out.n;
            } else {
                assert_true(whole == SIZE_MAX || max < whole);
                assert_int_equal(err.code, TB_E_LIMIT);
            }
            tb_buf_release(&out);
        }
    }
    tb_parts_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_layout),     cmocka_unit_test(test_kept_bytes_are_written_as_they_were),
        cmocka_unit_test(test_json_reads_back), cmocka_unit_test(test_formula_guard),
        cmocka_unit_test(test_csv_reads_back),  cmocka_unit_test(test_csv_layout),
        cmocka_unit_test(test_text_layout),     cmocka_unit_test(test_a_small_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
