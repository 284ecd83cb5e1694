/* A report read back from a pack: JSON to the byte, every other writer the same, whatever else the pack holds. */
#include "helper.h"

static void make_day(struct world *w)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO usage_cell SELECT 20778, 3, 0, %u, NULL, %u, %u, NULL, NULL, %u, NULL, NULL, NULL, "
             "NULL, basis, 3, "
             "1, 0, 0, 10, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, cost, NULL FROM (SELECT 'computed' AS basis, "
             "'0.000047' AS "
             "cost UNION ALL SELECT 'unpriced', NULL)",
             text_id(w, "gateway"), text_id(w, "a}b]\",{\"lines\":[\\"), text_id(w, "search \xe2\x80\xae"),
             text_id(w, "m"));
    run(w, sql);
    run(w, "INSERT INTO settlement VALUES (20778, 3, 'search \xe2\x80\xae', NULL, NULL, NULL, '0.000047', "
           "'0', '0', 0)");
    snprintf(sql, sizeof sql,
             "INSERT INTO file (file, source, path, format, wrapper, kind, raw_bytes, mtime_ns, bytes, "
             "digest, lines, events, "
             "duplicates, conflicts, ignored, rejected, incomplete, incomplete_byte) VALUES (1, %u, '/x', "
             "'kong', 'none', "
             "'gzip', 1, 1, 1, x'00', 4, 1, 1, 1, 0, 1, 'truncated', 77)",
             text_id(w, "gateway"));
    run(w, sql);
    run(w, "INSERT INTO file_reason VALUES (1, 'rejected', 'not_json', 1)");
    run(w, "INSERT INTO reject VALUES (1, 2, 0, 20, 'not_json', NULL)");
}

typedef enum tb_status writer_fn(const struct tb_report *, struct tb_buf *, struct tb_err *);

static void assert_same(struct world *w, writer_fn *write, const struct tb_report *a,
                        const struct tb_report *b)
{
    struct tb_buf x, y;
    tb_buf_init(&x, TEXT_MAX);
    tb_buf_init(&y, TEXT_MAX);
    must(w, write(a, &x, &w->err));
    must(w, write(b, &y, &w->err));
    assert_string_equal(tb_buf_view(&x).s, tb_buf_view(&y).s);
    tb_buf_release(&x);
    tb_buf_release(&y);
}

static struct tb_report *keep_and_read(struct world *w, const struct tb_report *r, const char *kind,
                                       int64_t revision)
{
    struct tb_buf pack;
    struct tb_report *kept = NULL;
    char *json = json_of(w, r);
    json[strlen(json) - 1] = '\0'; /* the newline */
    tb_buf_init(&pack, TEXT_MAX);
    must(w,
         tb_buf_printf(&pack, &w->err,
                       "{ \"run\" : \"} \\\" [\" ,\n\"%s2\":[{\"%s\":1}],\"n\":-1.5,\"%s\":%s ,\"z\":null}\n",
                       kind, kind, kind, json));
    must(w, tb_report_of_pack(tb_buf_view(&pack), kind, revision, &kept, &w->err));
    tb_buf_release(&pack);
    free(json);
    return kept;
}

static void test_every_kind_comes_back(void **state)
{
    (void)state;
    static const char *const kinds[] = {"chargeback", "rejects"};
    struct world w;
    world_begin(&w);
    make_day(&w);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct tb_report_query q = ask(&w, DAY0, DAY0);
        struct tb_report *r = build(&w, kinds[i], &q);
        tb_report_set_revision(r, 4);
        struct tb_report *kept = keep_and_read(&w, r, kinds[i], 4);
        assert_true(kept->raw.n > 0);
        for (int rebuilt = 0; rebuilt < 2; rebuilt++) { /* from the bytes, then from the tables */
            assert_same(&w, tb_report_json, r, kept);
            assert_same(&w, tb_report_csv, r, kept);
            assert_same(&w, tb_report_text, r, kept);
            tb_buf_release(&kept->raw);
        }
        struct tb_report_state a = tb_report_state(r), b = tb_report_state(kept);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(b.rejected);
        tb_report_free(r);
        tb_report_free(kept);
    }
    world_end(&w);
}

/* A usage report and checks, written by hand: their tables come back. */
static void test_usage_and_checks_come_back(void **state)
{
    (void)state;
    static const char usage[] =
        "{\"schema\":\"tollbook.usage/"
        "1\",\"from\":\"2026-11-21T10:00:00Z\",\"to\":\"2026-11-21T11:00:00Z\",\"time_zone\":"
        "\"UTC\",\"currency\":\"USD\",\"tables\":3,\n\"rows\":[\n{\"model\":null,\"team\":\"a\",\"requests\":"
        "3,\"cost\":"
        "\"1.25\",\"input_avg\":0.333333,\"unpriced\":1}]}";
    static const char checks[] =
        "{\"schema\":\"tollbook.checks/"
        "1\",\"from\":\"2026-11-21\",\"to\":\"2026-11-21\",\"time_zone\":\"UTC\",\"currency\":"
        "\"USD\",\"tables\":3,\"ok\":false,\n\"rows\":[\n{\"control\":\"a\",\"expected\":1,\"found\":2,"
        "\"difference\":1,"
        "\"ok\":false,\"informative\":false},\n{\"control\":\"rejected_lines\",\"expected\":\"0.5\","
        "\"found\":\"0.25\","
        "\"difference\":\"-0.25\",\"ok\":false,\"informative\":true}]}";
    char pack[2048];
    struct tb_report *r = NULL;
    struct world w;
    world_begin(&w);
    snprintf(pack, sizeof pack, "{\"usage\":%s,\n\"checks\":%s}", usage, checks);
    must(&w, tb_report_of_pack(tb_str_of(pack), "usage", 1, &r, &w.err));
    assert_string_equal(tb_table_column(r->main, 0)->key, "model");
    assert_string_equal(tb_table_column(r->main, 2)->key, "requests");
    assert_string_equal(cost(r->main, 0, "cost"), "1.25");
    assert_string_equal(word(r->main, 0, "input_avg").s, "0.333333");
    assert_true(tb_report_state(r).unpriced);
    assert_true(cell(part(r, "from"), 0, "from")->number == DAY0 * TB_US_PER_DAY + 10 * TB_US_PER_H);
    tb_report_free(r);
    must(&w, tb_report_of_pack(tb_str_of(pack), "checks", 1, &r, &w.err));
    assert_true(tb_report_state(r).control_failed);
    assert_true(number(r->main, 0, "found") == 2);
    assert_string_equal(cost(r->main, 1, "difference"), "-0.25");
    char *json = json_of(&w, r);
    assert_memory_equal(json, checks, strlen(checks));
    free(json);
    tb_report_free(r);
    world_end(&w);
}

/* A pack that was kept before its revision had a number gets it; its own number is not touched. */
static void test_revision(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    make_day(&w);
    struct tb_report_query q = ask(&w, DAY0, DAY0);
    struct tb_report *r = build(&w, "chargeback", &q);
    struct tb_report *kept = keep_and_read(&w, r, "chargeback", 6);
    tb_report_set_revision(r, 6);
    assert_same(&w, tb_report_json, r, kept);
    tb_report_free(kept);
    tb_report_free(r);
    world_end(&w);
}

static void test_damaged_packs(void **state)
{
    (void)state;
    static const struct {
        const char *pack, *words;
    } rows[] = {
        {"", ""},
        {"[]", "keep no \"chargeback\""},
        {"{\"checks\":{}}", "keep no \"chargeback\""},
        {"{\"chargeback\":7}", "no object"},
        {"{\"chargeback\":{\"from\":\"x\"}}", "no number"},
        {"{\"chargeback\":{\"lines\":[{\"cost\":\"1,5\"}]}}", "no money"},
        {"{\"chargeback\":{\"lines\":[{\"requests\":\"1\"}]}}", "no number"},
        {"{\"chargeback\":{\"lines\":[{\"team\":1}]}}", "no text"},
        {"{\"chargeback\":{\"lines\":[{\"team\":\"a\"}]}", ""},
    };
    struct world w;
    world_begin(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_report *r = NULL;
        w.err.text[0] = '\0';
        assert_int_not_equal(tb_report_of_pack(tb_str_of(rows[i].pack), "chargeback", 1, &r, &w.err), TB_OK);
        if (strstr(w.err.text, rows[i].words) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", w.err.text, rows[i].words);
        }
    }
    world_end(&w);
}

/* Kinds without a fixed shape: their lists become tables, whatever is in them. */
static void test_lists_become_tables(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *pack, *csv, *part; /* part: another that is there */
    } rows[] = {
        {"budget",
         "{\"budget\":{\"from\":\"2026-11-21\",\"to\":\"2026-11-21\",\"rows\":[{\"name\":\"b\",\"used\":0.5,"
         "\"limit\":\"10\","
         "\"crossed\":{\"info\":null,\"warning\":\"2026-11-21T10:00:00Z\"},\"level\":\"info\",\"hours\":[{"
         "\"level\":\"warning\","
         "\"per_hour\":\"7.5\"}]},{\"name\":\"c\",\"used\":1,\"level\":\"critical\",\"hours\":[]}]}}",
         "name,used,limit,crossed_info,crossed_warning,level,hours\nb,0.5,10,,2026-11-21T10:00:00Z,info,\nc,"
         "1,,,,critical,\n",
         "hours"},
        {"plan",
         "{\"plan\":{\"plans\":[{\"name\":\"p\",\"total\":\"9\",\"allocations\":[{\"key\":\"0042\","
         "\"amount\":\"1.00\"},{\"key\":null,"
         "\"amount\":\"8.00\"}]}]}}",
         "name,key,amount\np,0042,1.00\np,,8.00\n", "plans"},
        {"anomalies",
         "{\"anomalies\":{\"findings\":[{\"id\":\"f\",\"also\":[\"spike\",\"sustained\"],\"score\":2.5,"
         "\"listed\":true},"
         "{\"id\":\"g\",\"also\":[],\"score\":3,\"listed\":false}]}}",
         "id,also,score,listed\nf,spike sustained,2.5,true\ng,,3,false\n", "findings"},
        {"tools", "{\"tools\":{\"rows\":[]}}", "nothing\n", "rows"},
    };
    struct world w;
    world_begin(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_report *r = NULL;
        struct tb_buf csv;
        tb_buf_init(&csv, TEXT_MAX);
        must(&w, tb_report_of_pack(tb_str_of(rows[i].pack), rows[i].kind, 1, &r, &w.err));
        must(&w, tb_report_csv(r, &csv, &w.err));
        must(&w, tb_buf_add(&csv, "", 1, &w.err));
        assert_string_equal(csv.p, rows[i].csv);
        assert_non_null(tb_parts_find(r, rows[i].part));
        assert_int_equal(tb_report_breach(r), i == 0 ? TB_BREACH_CRITICAL : TB_BREACH_NONE);
        tb_buf_release(&csv);
        tb_report_free(r);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_comes_back),
        cmocka_unit_test(test_usage_and_checks_come_back),
        cmocka_unit_test(test_revision),
        cmocka_unit_test(test_damaged_packs),
        cmocka_unit_test(test_lists_become_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
