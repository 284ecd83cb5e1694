/* The pack: what stands in the folder, when a revision opens, and how files that somebody changed are put right. */
#include "pack_scene.h"

#include "base/json.h"
#include "store/revision.h"

static const struct call late_calls[] = {{DAY, 601, "ann", "big", 1000, 1000}};
static const struct call earlier_calls[] = {{DAY - 1, 700, "bob", "big", 1000000, 0}};

static void expect_sums_good(struct scene *s)
{
    char command[700];
    snprintf(command, sizeof command,
             "cd '%s/" DAY_TEXT "' && sha256sum --check --status --strict SHA256SUMS", s->output);
    assert_int_equal(system(command), 0);
}

/* --- what stands ------------------------------------------------------------------------------------------------- */

static void test_pack_stands_whole(void **state)
{
    (void)state;
    static const char *const names[] = {WORKBOOK, JSON, "SHA256SUMS"};
    struct scene s;
    struct tb_buf kept;
    struct tb_json *json = NULL;
    int64_t revision = 0;
    scene_with_calls(&s);
    assert_true(scene_stale(&s, DAY));
    struct tb_pack_result r = scene_pack(&s, DAY);
    assert_int_equal(r.revision, 1);
    assert_true(r.is_new && !r.repaired && r.state.unpriced && !r.state.rejected && !r.state.control_failed);
    expect_sums_good(&s);
    expect_no_leftovers(&s);
    assert_false(scene_stale(&s, DAY));
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[512];
        struct stat st;
        scene_name(&s, names[i], path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
    }
    char *text = scene_read(&s, JSON);
    tb_buf_init(&kept, TEXT_MAX);
    must(&s, tb_revision_get(s.db, DAY, 0, &kept, &revision, &s.err));
    assert_string_equal(tb_buf_view(&kept).s, text);
    must(&s, tb_json_parse(tb_str_of(text), "pack", TB_E_DB, &json, &s.err));
    const struct tb_json_node *root = tb_json_root(json);
    static const char *const keys[] = {"schema",     "day",    "time_zone", "currency", "tables",
                                       "revision",   "run_id", "inputs",    "history",  "month_to_date",
                                       "chargeback", "usage",  "checks",    "rejects"};
    const struct tb_json_node *child = tb_json_first(root);
    for (size_t i = 0; i < COUNT(keys); i++, child = tb_json_next(child)) {
        assert_non_null(child);
        assert_true(tb_str_eq(tb_json_key(child), tb_str_of(keys[i])));
    }
    for (; child != NULL; child = tb_json_next(child)) { /* quota, budget, plan ...: reports by kind */
        char kind[24];
        snprintf(kind, sizeof kind, "%.*s", (int)tb_json_key(child).n, tb_json_key(child).s);
        assert_non_null(tb_report_kind_find(kind));
    }
    /* 3 of ann, 1.5 of bob, 0.015 + 0.015 of eve; and ann's 1.2 of the day before */
    assert_non_null(strstr(text, "\"billed\":\"4.53\""));
    assert_non_null(strstr(text, "\"month_to_date\":{\"from\":\"2026-11-20\",\"billed\":\"5.73\""));
    assert_non_null(strstr(text, "\"file\":\"logs/1.log\""));
    assert_null(strstr(text, s.dir)); /* no path of this machine */
    tb_json_free(json);
    tb_buf_release(&kept);
    free(text);
    scene_end(&s);
}

static void test_kept_revision_prints_its_chargeback(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf kept, out;
    struct tb_report *r = NULL;
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    tb_buf_init(&kept, TEXT_MAX);
    tb_buf_init(&out, TEXT_MAX);
    must(&s, tb_revision_get(s.db, DAY, 1, &kept, NULL, &s.err));
    must(&s, tb_report_of_pack(tb_buf_view(&kept), "chargeback", 1, &r, &s.err));
    must(&s, tb_report_json(r, &out, &s.err));
    out.n--; /* the newline */
    assert_non_null(strstr(tb_buf_view(&kept).s, tb_buf_view(&out).s));
    assert_non_null(strstr(tb_buf_view(&out).s, "\"revision\":1"));
    tb_report_free(r);
    tb_buf_release(&kept);
    tb_buf_release(&out);
    scene_end(&s);
}

/* --- when a revision opens --------------------------------------------------------------------------------------- */

static void test_unchanged_world_opens_no_revision(void **state)
{
    (void)state;
    struct scene s;
    char path[512];
    struct stat a, b;
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    struct digests before = digests_of(&s);
    scene_name(&s, WORKBOOK, path);
    assert_int_equal(stat(path, &a), 0);
    for (int i = 0; i < 3; i++) {
        struct tb_pack_result r = scene_pack(&s, DAY);
        assert_true(!r.is_new && !r.repaired && r.revision == 1);
    }
    assert_int_equal(stat(path, &b), 0);
    assert_true(a.st_ino == b.st_ino); /* not even written again */
    expect_same(before, digests_of(&s));
    assert_false(scene_has(&s, "superseded"));
    assert_int_equal(scene_number(&s, "select count(*) from revision"), 1);
    scene_end(&s);
}

static void test_late_data_opens_a_revision(void **state)
{
    (void)state;
    struct scene s;
    char kept[TB_SHA256_HEX];
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    struct digests before = digests_of(&s);
    scene_file(&s, 0, 2, late_calls, COUNT(late_calls));
    assert_true(scene_stale(&s, DAY));
    struct tb_pack_result r = scene_pack(&s, DAY);
    assert_true(r.is_new && r.revision == 2);
    assert_false(scene_stale(&s, DAY));
    expect_sums_good(&s);
    scene_digest(&s, "superseded/r1/" WORKBOOK, kept);
    assert_string_equal(kept, before.hex[0]);
    scene_digest(&s, "superseded/r1/" JSON, kept);
    assert_string_equal(kept, before.hex[1]);
    scene_digest(&s, "superseded/r1/SHA256SUMS", kept);
    assert_string_equal(kept, before.hex[2]);
    scene_end(&s);
}

static void test_unbilled_late_data_of_another_day(void **state)
{
    (void)state;
    struct scene s;
    static const struct call other[] = {{DAY + 2, 5, "ann", "big", 10, 10}};
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    scene_file(&s, 0, 3, other, 1);
    assert_false(scene_stale(&s, DAY));
    scene_end(&s);
}

/* A day before changes: this day's own numbers stand, and nobody is bothered. Asked for, the month to date is told anew. */
static void test_an_earlier_day_changes(void **state)
{
    (void)state;
    struct scene s;
    scene_with_calls(&s);
    scene_pack(&s, DAY - 1);
    scene_pack(&s, DAY);
    scene_file(&s, 0, 2, earlier_calls, COUNT(earlier_calls));
    assert_true(scene_stale(&s, DAY - 1));
    assert_false(scene_stale(&s, DAY));
    struct tb_pack_result r = scene_pack(&s, DAY);
    assert_true(r.is_new && r.revision == 2);
    char *text = scene_read(&s, JSON);
    assert_non_null(strstr(text, "\"month_to_date\":{\"from\":\"2026-11-20\",\"billed\":\"8.73\""));
    free(text);
    scene_end(&s);
}

/* The order in which packs are written leaves no trace in them. */
static void test_order_of_packs_does_not_count(void **state)
{
    (void)state;
    struct scene a, b;
    scene_with_calls(&a);
    scene_with_calls(&b);
    scene_pack(&a, DAY - 1);
    scene_pack(&a, DAY);
    scene_pack(&b, DAY);
    scene_pack(&b, DAY - 1);
    expect_same(digests_of(&a), digests_of(&b));
    scene_end(&a);
    scene_end(&b);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void damage(struct scene *s, const char *name, const char *how)
{
    char path[512], command[1200];
    scene_name(s, name, path);
    snprintf(command, sizeof command, how, path);
    assert_int_equal(system(command), 0);
}

static void test_files_are_put_right(void **state)
{
    (void)state;
    static const struct {
        const char *name, *how, *kept;
    } cases[] = {
        {WORKBOOK, "rm '%s'", NULL},
        {WORKBOOK, "echo edited >> '%s'", "superseded/r1-changed/" WORKBOOK},
        {JSON, "rm '%s'", NULL},
        {JSON, "echo '{}' > '%s'", "superseded/r1-changed/" JSON},
        {"SHA256SUMS", "rm '%s'", NULL},
        {"SHA256SUMS", "sed -i s/[0-9a-f]/0/ '%s'", NULL},
        {".", "rm -r '%s'/../" DAY_TEXT, NULL},
        {".", "touch '%s/.tollbook-123-pack.tmp'", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene s;
        scene_with_calls(&s);
        scene_pack(&s, DAY);
        struct digests before = digests_of(&s);
        damage(&s, cases[i].name, cases[i].how);
        bool leftover = strstr(cases[i].how, "touch") != NULL;
        assert_int_equal(scene_stale(&s, DAY), !leftover);
        struct tb_pack_result r = scene_pack(&s, DAY);
        assert_true(!r.is_new && r.revision == 1 && r.repaired == !leftover);
        expect_same(before, digests_of(&s));
        expect_no_leftovers(&s);
        assert_true(cases[i].kept == NULL ? !scene_has(&s, "superseded") : scene_has(&s, cases[i].kept));
        scene_end(&s);
    }
}

/* A second edit of the same file does not replace the first one's copy. */
static void test_every_edit_is_kept(void **state)
{
    (void)state;
    struct scene s;
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    for (int i = 0; i < 3; i++) {
        damage(&s, WORKBOOK, "echo edited >> '%s'");
        assert_true(scene_pack(&s, DAY).repaired);
    }
    assert_true(scene_has(&s, "superseded/r1-changed/" WORKBOOK));
    assert_true(scene_has(&s, "superseded/r1-changed-2/" WORKBOOK));
    assert_true(scene_has(&s, "superseded/r1-changed-3/" WORKBOOK));
    scene_end(&s);
}

static void test_failed_control_withholds(void **state)
{
    (void)state;
    struct scene s;
    struct tb_pack_result r;
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    struct digests before = digests_of(&s);
    scene_run(&s, "update settlement set billed_cents = billed_cents + 1 where team = 'Web' and day = 20778");
    assert_int_equal(tb_pack_write(s.db, &s.settings, s.tables, s.version, DAY, 5, &r, &s.err), TB_FAIL);
    assert_int_equal(s.err.code, TB_E_CONTROL);
    assert_non_null(strstr(s.err.text, "cents_sum"));
    expect_same(before, digests_of(&s));
    expect_no_leftovers(&s);
    assert_int_equal(scene_number(&s, "select count(*) from revision"), 1);
    scene_end(&s);
}

static void test_a_day_without_anything(void **state)
{
    (void)state;
    struct scene s;
    scene_begin(&s);
    struct tb_pack_result r = scene_pack(&s, DAY);
    assert_true(r.is_new && !r.state.unpriced);
    expect_sums_good(&s);
    assert_false(scene_pack(&s, DAY).is_new);
    scene_end(&s);
}

/* Ten thousand lines are listed, the rest is counted and announced. */
static void test_rejects_do_not_fill_the_pack(void **state)
{
    (void)state;
    struct scene s;
    scene_with_calls(&s);
    scene_run(&s, "update file set lines = lines + 10005, rejected = 10005");
    scene_run(
        &s, "insert into file_reason (file, kind, reason, lines) values (1, 'rejected', 'bad_json', 10005)");
    scene_run(&s, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10005) "
                  "insert into reject (file, line, byte, reason, excerpt) select 1, i, i * 9, 'bad_json', "
                  "'{a}' from n");
    assert_true(scene_pack(&s, DAY).state.rejected);
    char *text = scene_read(&s, JSON), *strings = workbook_part(&s, "xl/sharedStrings.xml");
    size_t rows = 0;
    for (const char *c = strstr(text, "\"byte\":"); c != NULL; c = strstr(c + 1, "\"byte\":")) {
        rows++;
    }
    assert_int_equal(rows, 10000);
    assert_non_null(strstr(text, "\"reason\":\"bad_json\",\"lines\":10005"));
    assert_non_null(strstr(strings, "5 more lines are not shown here"));
    free(text);
    free(strings);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_stands_whole),
        cmocka_unit_test(test_kept_revision_prints_its_chargeback),
        cmocka_unit_test(test_unchanged_world_opens_no_revision),
        cmocka_unit_test(test_late_data_opens_a_revision),
        cmocka_unit_test(test_unbilled_late_data_of_another_day),
        cmocka_unit_test(test_an_earlier_day_changes),
        cmocka_unit_test(test_order_of_packs_does_not_count),
        cmocka_unit_test(test_files_are_put_right),
        cmocka_unit_test(test_every_edit_is_kept),
        cmocka_unit_test(test_failed_control_withholds),
        cmocka_unit_test(test_a_day_without_anything),
        cmocka_unit_test(test_rejects_do_not_fill_the_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
