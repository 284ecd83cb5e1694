/* Any query's result in its three shapes. */
#include "pack_scene.h"

#include "base/json.h"
#include "reports/result.h"

static char *result(struct scene *s, const char *sql, const char *format)
{
    struct tb_query *q = NULL;
    struct tb_buf out;
    tb_buf_init(&out, TEXT_MAX);
    must(s, tb_query_open_user(s->db, tb_str_of(sql), &q, &s->err));
    must(s, tb_result_write(q, format, &out, &s->err));
    char *text = strdup(tb_buf_view(&out).s);
    tb_buf_release(&out);
    tb_query_close(q);
    return text;
}

static void test_by_example(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *format, *out;
    } cases[] = {
        {"select 1 as a, 'x' as b, null as c, 1.5 as d", "json",
         "{\"rows\":[\n{\"a\":1,\"b\":\"x\",\"c\":null,\"d\":\"1.5\"}\n]}\n"},
        {"select 1 as a where 0", "json", "{\"rows\":[]}\n"},
        {"select 1 as a, 2 as a, 3 as a", "json", "{\"rows\":[\n{\"a\":1,\"a_2\":2,\"a_3\":3}\n]}\n"},
        {"select 9223372036854775807 as big union all select -1", "json",
         "{\"rows\":[\n{\"big\":9223372036854775807},\n{\"big\":-1}\n]}\n"},
        {"select '' as e, '7' as t", "json", "{\"rows\":[\n{\"e\":\"\",\"t\":\"7\"}\n]}\n"},
        {"select 1 as a, 'x,y' as b, null as c, 'say \"hi\"' as d", "csv",
         "a,b,c,d\n1,\"x,y\",,\"say \"\"hi\"\"\"\n"},
        {"select '=1+1' as f, -5 as n, '-5' as t, '+x' as p", "csv", "f,n,t,p\n'=1+1,-5,-5,'+x\n"},
        {"select 1 as a where 0", "csv", "a\n"},
        {"select 1 as n, 'abc' as text union all select 1000, null", "table",
         "   n  text\n   1  abc\n1000  -\n"},
        {"select 1 as n where 0", "table", "n\n"},
        {"select 'a' || char(10) || 'b' as \"two\nlines\"", "csv", "two lines\na b\n"},
    };
    struct scene s;
    scene_begin(&s);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = result(&s, cases[i].sql, cases[i].format);
        if (strcmp(text, cases[i].out) != 0) {
            fail_msg("case %zu:\n%sexpected:\n%s", i, text, cases[i].out);
        }
        free(text);
    }
    scene_end(&s);
}

/* Bytes that are no text come out as JSON, and as lines that steer no terminal. */
static void test_hostile_bytes(void **state)
{
    (void)state;
    static const char sql[] =
        "select x'fffe1b5b' as blob, char(27) || '[31m' || char(8238) as esc, '\"\\' as q";
    struct scene s;
    struct tb_json *json = NULL;
    scene_begin(&s);
    char *text = result(&s, sql, "json");
    must(&s, tb_json_parse(tb_str_of(text), "result", TB_E_DB, &json, &s.err));
    tb_json_free(json);
    free(text);
    static const char *const formats[] = {"csv", "table"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        text = result(&s, sql, formats[i]);
        for (const char *c = text; *c != '\0'; c++) {
            assert_true((unsigned char)*c >= 0x20 || *c == '\n');
        }
        assert_null(strstr(text, "\xE2\x80\xAE"));
        free(text);
    }
    scene_end(&s);
}

static void test_error_while_stepping(void **state)
{
    (void)state;
    struct scene s;
    struct tb_query *q = NULL;
    struct tb_buf out;
    scene_begin(&s);
    tb_buf_init(&out, TEXT_MAX);
    must(&s, tb_query_open_user(s.db, TB_STR("select abs(-9223372036854775808) as x"), &q, &s.err));
    assert_int_not_equal(tb_result_write(q, "json", &out, &s.err), TB_OK);
    tb_query_close(q);
    tb_buf_release(&out);
    tb_buf_init(&out, 64); /* no room */
    must(&s, tb_query_open_user(s.db, TB_STR("select printf('%200d', 1) as x"), &q, &s.err));
    assert_int_equal(tb_result_write(q, "csv", &out, &s.err), TB_FAIL);
    assert_int_equal(s.err.code, TB_E_LIMIT);
    tb_query_close(q);
    tb_buf_release(&out);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_example),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_error_while_stepping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
