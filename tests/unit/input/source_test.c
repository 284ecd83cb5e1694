/* Path patterns against a brute force that tries every split; then folders as they lie on disk. */
#include "support.h"
#include <fcntl.h>
#include "base/clock.h"
#include <errno.h>
#include "input/source.h"
#include "input/source_folder.h"
#include "input/source_pattern.h"

static bool bind(const char *pattern, const char *path, struct tb_binding *b)
{
    return tb_pattern_match(tb_str_of(pattern), tb_str_of(path), b);
}

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path, *node, *date; /* node "" = none; date NULL = no match at all */
    } rows[] = {
        {"/l/kong-{node}-{date}*.gz", "/l/kong-a-2025-11-02.gz", "a", "2025-11-02"},
        {"/l/kong-{node}-{date}*.gz", "/l/kong-a-20251102-3.gz", "a", "2025-11-02"},
        {"/l/kong-{node}-{date}*.gz", "/l/kong-a-b-2025-11-02.gz", "a-b", "2025-11-02"},
        {"/l/kong-{node}-{date}*.gz", "/l/kong-a-2025-11-02-2025-11-03.gz", "a", "2025-11-02"},
        {"/l/kong-{node}-{date}*.gz", "/l/kong-a-2025-13-02.gz", "", NULL},
        {"/l/kong-{node}-{date}*.gz", "/l/kong--2025-11-02.gz", "", NULL},
        {"/l/kong-{node}-{date}*.gz", "/l/kong-a/b-2025-11-02.gz", "", NULL},
        {"/l/{node}/x-{date}", "/l/n1/x-20240229", "n1", "2024-02-29"},
        {"/l/{node}/x-{date}", "/l/n1/x-20230229", "", NULL},
        {"/l/{node}/{node}.log", "/l/n1/n1.log", "n1", ""},
        {"/l/{node}/{node}.log", "/l/n1/n2.log", "", NULL},
        {"/l/*-{node}-{node}.log", "/l/x-y-a-a.log", "a", ""},
        {"/l/*-{date}-{date}.log", "/l/x-2025-11-01-2025-11-02-20251102.log", "", "2025-11-02"},
        {"/l/{date}/{date}.log", "/l/2025-11-02/20251102.log", "", "2025-11-02"},
        {"/l/{date}/{date}.log", "/l/2025-11-02/20251103.log", "", NULL},
        {"/l/{node}*.log", "/l/abc.log", "a", ""},
        {"/l/*{node}.log", "/l/abc.log", "abc", ""},
        {"/l/{node}.log", "/l/a.b.log", "a.b", ""},
        {"/l/llm*.log*", "/l/llm.log", "", ""},
        {"/l/llm*.log*", "/l/llm-1.log.2.gz", "", ""},
        {"/l/llm*.log*", "/l/d/llm.log", "", NULL},
        {"/l/[a-c]?.log", "/l/bx.log", "", ""},
        {"/l/[!a-c]?.log", "/l/bx.log", "", NULL},
        {"/l/[^a-c]\\?.log", "/l/d?.log", "", ""},
        {"/l/?.log", "/l/\xc3\xa9.log", "", ""},
        {"/l/[\xc3\xa0-\xc3\xaf].log", "/l/\xc3\xa9.log", "", ""},
        {"/l/\\{node}.log", "/l/{node}.log", "", ""},
        {"/l/\\{node}.log", "/l/x.log", "", NULL},
        {"/l/\\*.log", "/l/*.log", "", ""},
        {"/l/[.log", "/l/[.log", "", ""},
        {"/l/{other}.log", "/l/{other}.log", "", ""},
        {"/l/*", "/l/.hidden", "", NULL},
        {"/l/{node}", "/l/.hidden", "", NULL},
        {"/l/?x", "/l/.x", "", NULL},
        {"/l/.*", "/l/.hidden", "", ""},
        {"/*/x", "/.git/x", "", NULL},
        {"/l/a*", "/l/a", "", ""},
        {"/l/a?", "/l/a", "", NULL},
        {"/l/?", "/l//", "", NULL},
        {"/l[/]x", "/l/x", "", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_binding b;
        bool hit = bind(rows[i].pattern, rows[i].path, &b);
        if (hit != (rows[i].date != NULL)) {
            fail_msg("%s %s: %d", rows[i].pattern, rows[i].path, hit);
        }
        if (hit) {
            char day[TB_TS_TEXT_MAX] = "";
            if (b.date != TB_DAY_NONE) {
                day[tb_day_format(b.date, day)] = '\0';
            }
            assert_string_equal(day, rows[i].date);
            assert_true(tb_str_eq((struct tb_str){b.node.s != NULL ? b.node.s : "", b.node.n},
                                  tb_str_of(rows[i].node)));
        }
    }
}

/* Brute force: matches and the shortest {node}, by trying every length of every piece. Pieces: letters, `*`, {node}. */
static bool brute(const char *pattern, const char *path, size_t *node, size_t *node_n)
{
    if (*pattern == '\0') {
        return *path == '\0';
    }
    if (*pattern == '*' || *pattern == '{') {
        bool star = *pattern == '*';
        for (size_t n = star ? 0 : 1; n <= strlen(path) && memchr(path, '/', n) == NULL; n++) {
            if (brute(pattern + (star ? 1 : 6), path + n, node, node_n)) {
                if (!star) {
                    *node = strlen(path); /* from the end, as path moves on */
                    *node_n = n;
                }
                return true;
            }
        }
        return false;
    }
    return *pattern == *path && brute(pattern + 1, path + 1, node, node_n);
}

static void test_patterns_against_brute_force(void **state)
{
    (void)state;
    size_t hits = 0;
    for (int i = 0; i < 200000; i++) {
        char pattern[64] = "", path[16];
        size_t n = below(8), at = 0, node = 0, node_n = 0;
        bool has_node = false;
        for (size_t k = 1 + below(6); k > 0; k--) {
            size_t c = below(6);
            if (c == 5 && !has_node) {
                has_node = true;
                at += (size_t)snprintf(pattern + at, sizeof pattern - at, "{node}");
            } else {
                pattern[at++] = "ab/**"[c % 5];
                pattern[at] = '\0';
            }
        }
        for (size_t k = 0; k < n; k++) {
            path[k] = "aab/"[below(4)];
        }
        path[n] = '\0';
        struct tb_binding b;
        bool want = brute(pattern, path, &node, &node_n), got = bind(pattern, path, &b);
        if (want != got) {
            fail_msg("%s against %s: %d, not %d", pattern, path, got, want);
        }
        if (got && has_node) {
            assert_int_equal(b.node.n, node_n);
            assert_int_equal(b.node.s - path, n - node);
        }
        hits += got;
    }
    assert_true(hits > 5000);
}

/* --- on disk --- */

static char *dir;
static char texts[16][400];
static const char *paths[4][8];
static struct tb_source_setting sources[4];
static struct tb_settings settings;

static const char *in_dir(int slot, const char *rest)
{
    snprintf(texts[slot], sizeof texts[slot], "%s/%s", dir, rest);
    return texts[slot];
}

static void touch(const char *rest)
{
    char path[600], *slash;
    snprintf(path, sizeof path, "%s/%s", dir, rest);
    for (slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    write_file(path, (struct bytes){(char *)(uintptr_t) "x\n", 2});
}

static int set_up(void **state)
{
    (void)state;
    static const char *const files[] = {
        "logs/kong-n1-2025-11-01.gz",
        "logs/kong-n1-2025-11-02.gz",
        "logs/kong-n1-2025-11-02.1.gz",
        "logs/kong-n2-20251102.gz",
        "logs/kong-n2-2025-11-04.gz",
        "logs/kong-n2-2025-11-02.txt",
        "logs/.kong-n3-2025-11-02.gz",
        "logs/kong-dir-2025-11-02.gz/inner",
        "app/b/llm.log",
        "app/a/llm.log",
        "app/a/llm.log.1",
        "app/file",
        "odd [x]/a.log",
        "logs/b/llm.log",
    };
    dir = temp_dir();
    for (size_t i = 0; i < COUNT(files); i++) {
        touch(files[i]);
    }
    assert_int_equal(symlink("kong-n1-2025-11-02.gz", in_dir(0, "logs/kong-n9-2025-11-02.gz")), 0);
    assert_int_equal(symlink("nowhere", in_dir(0, "logs/kong-n8-2025-11-02.gz")), 0);
    assert_int_equal(symlink("a", in_dir(0, "app/c")), 0);
    assert_int_equal(symlink("../app/a", in_dir(0, "logs/away")), 0);
    assert_int_equal(mkfifo(in_dir(0, "logs/kong-n7-2025-11-02.gz"), 0600), 0);
    paths[0][0] = in_dir(1, "logs//kong-{node}-{date}*.gz");
    paths[1][0] = in_dir(2, "app/*/llm*.log*");
    paths[1][1] = in_dir(3, "app/a/llm.log");
    paths[1][2] = in_dir(4, "nothing/*/x");
    paths[1][3] = in_dir(5, "app/file/*");
    paths[1][4] = in_dir(6, "odd \\[x\\]/a.log");
    sources[0] =
        (struct tb_source_setting){.name = "gateway", .format = "kong", .paths = paths[0], .bill = true};
    sources[1] = (struct tb_source_setting){.name = "coffee", .paths = paths[1], .bill = true};
    settings = (struct tb_settings){.sources = sources, .source_count = 2};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_dir(dir);
    return 0;
}

static int32_t day_of(const char *text)
{
    int32_t day;
    assert_true(tb_day_parse(tb_str_of(text), &day));
    return day;
}

static void check_list(const struct tb_input_list *l, const char *const *want, size_t n)
{
    for (size_t i = 0; i < l->n && i < n; i++) {
        char got[700];
        char day[TB_TS_TEXT_MAX] = "-";
        if (l->files[i].date != TB_DAY_NONE) {
            day[tb_day_format(l->files[i].date, day)] = '\0';
        }
        snprintf(got, sizeof got, "%s %s %s %s", l->files[i].source, l->files[i].path + strlen(dir) + 1,
                 l->files[i].node != NULL ? l->files[i].node : "-", day);
        assert_string_equal(got, want[i]);
        assert_int_equal(l->files[i].size, 2);
        assert_true(l->files[i].mtime_ns > INT64_C(1600000000000000000));
    }
    assert_int_equal(l->n, n);
}

static void test_list(void **state)
{
    (void)state;
    static const char *const want[] = {
        "gateway logs/kong-n1-2025-11-01.gz n1 2025-11-01",
        "gateway logs/kong-n1-2025-11-02.1.gz n1 2025-11-02",
        "gateway logs/kong-n1-2025-11-02.gz n1 2025-11-02",
        "gateway logs/kong-n2-2025-11-04.gz n2 2025-11-04",
        "gateway logs/kong-n2-20251102.gz n2 2025-11-02",
        "gateway logs/kong-n9-2025-11-02.gz n9 2025-11-02",
        "coffee app/a/llm.log - -",
        "coffee app/a/llm.log.1 - -",
        "coffee app/b/llm.log - -",
        "coffee app/c/llm.log - -",
        "coffee app/c/llm.log.1 - -",
        "coffee odd [x]/a.log - -",
    };
    struct tb_input_list l;
    struct tb_err err = {0};
    assert_int_equal(tb_source_list(&settings, NULL, TB_DAY_NONE, TB_DAY_NONE, &l, &err), TB_OK);
    check_list(&l, want, COUNT(want));
    assert_string_equal(l.files[0].format, "kong");
    assert_null(l.files[6].format);
    tb_input_list_release(&l);

    static const char *const of_a_day[] = {want[1], want[2], want[4], want[5]};
    const char *dated[5];
    memcpy(dated, of_a_day, sizeof of_a_day);
    assert_int_equal(
        tb_source_list(&settings, "gateway", day_of("2025-11-02"), day_of("2025-11-03"), &l, &err), TB_OK);
    check_list(&l, dated, 4);
    tb_input_list_release(&l);
    assert_int_equal(
        tb_source_list(&settings, "coffee", day_of("2030-11-02"), day_of("2030-11-03"), &l, &err), TB_OK);
    assert_int_equal(l.n, 6); /* without {date} they always stay */
    tb_input_list_release(&l);
    assert_int_equal(tb_source_list(&settings, "none", TB_DAY_NONE, TB_DAY_NONE, &l, &err), TB_OK);
    assert_int_equal(l.n, 0);
    tb_input_list_release(&l);
}

static int missed;
static char missed_text[2000];

static void on_missing(void *ctx, const char *source, const char *pattern, int32_t day)
{
    char text[TB_TS_TEXT_MAX];
    text[tb_day_format(day, text)] = '\0';
    assert_ptr_equal(ctx, &missed);
    assert_string_equal(pattern, paths[0][0]);
    missed++;
    size_t n = strlen(missed_text);
    snprintf(missed_text + n, sizeof missed_text - n, "%s %s;", source, text);
}

static void test_missing(void **state)
{
    (void)state;
    struct tb_input_list l;
    struct tb_err err = {0};
    assert_int_equal(tb_source_list(&settings, NULL, TB_DAY_NONE, TB_DAY_NONE, &l, &err), TB_OK);
    tb_source_missing(&settings, &l, day_of("2025-10-31"), day_of("2025-11-05"), on_missing, &missed);
    assert_int_equal(missed, 3);
    assert_string_equal(missed_text, "gateway 2025-10-31;gateway 2025-11-03;gateway 2025-11-05;");
    tb_input_list_release(&l);
}

static void test_bind(void **state)
{
    (void)state;
    struct tb_input_list l;
    struct tb_err err = {0};
    char path[600], cwd[600];
    tb_input_list_init(&l);
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(tb_source_bind(&settings, "logs/./kong-n1-2025-11-02.gz", "other", NULL, &l, &err),
                     TB_OK);
    assert_int_equal(tb_source_bind(&settings, "app/../logs/kong-n1-2025-11-02.gz", NULL, NULL, &l, &err),
                     TB_OK); /* again */
    snprintf(path, sizeof path, "%s/app/a/llm.log", dir);
    assert_int_equal(tb_source_bind(&settings, path, NULL, "coffee_llm", &l, &err), TB_OK);
    assert_int_equal(tb_source_bind(&settings, "app/file", NULL, NULL, &l, &err), TB_OK);
    assert_int_equal(tb_source_bind(&settings, "app/file", "mine", "kong", &l, &err), TB_OK);
    assert_int_equal(tb_source_bind(&settings, "logs/away/../b/llm.log", NULL, NULL, &l, &err),
                     TB_OK); /* not logs/b */
    assert_int_equal(chdir(cwd), 0);
    static const char *const want[] = {"gateway logs/kong-n1-2025-11-02.gz n1 2025-11-02",
                                       "coffee app/a/llm.log - -", "adhoc app/file - -", "mine app/file - -",
                                       "coffee app/b/llm.log - -"};
    check_list(&l, want, COUNT(want));
    assert_string_equal(l.files[0].format, "kong");
    assert_string_equal(l.files[1].wish, "coffee_llm");
    assert_null(l.files[1].format);
    assert_null(l.files[2].format);
    assert_string_equal(l.files[3].wish, "kong");

    assert_int_equal(tb_source_bind(&settings, "-", NULL, "kong", &l, &err), TB_OK);
    assert_string_equal(l.files[5].path, "-");
    assert_string_equal(l.files[5].source, "adhoc");
    assert_int_equal(tb_source_bind(NULL, "-", "pipe", NULL, &l, &err), TB_OK);
    assert_string_equal(l.files[6].source, "pipe");

    assert_int_equal(tb_source_bind(&settings, "/no/such/file", NULL, NULL, &l, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_MISSING);
    assert_int_equal(tb_source_bind(&settings, dir, NULL, NULL, &l, &err), TB_FAIL);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(l.n, 7);
    tb_input_list_release(&l);
}

/* A folder that cannot be read is named; root may read all, so it steps down first. */
static void test_unreadable_folder(void **state)
{
    (void)state;
    struct tb_input_list l;
    struct tb_err err = {0};
    touch("closed/x/a.log");
    const char *own[] = {in_dir(7, "closed/*/a.log"), NULL};
    struct tb_source_setting one = {.name = "s", .paths = own, .bill = true};
    struct tb_settings s = {.sources = &one, .source_count = 1};
    chmod(dir, 0755);
    chmod(in_dir(8, "closed"), 0);
    uid_t me = geteuid();
    if (me == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
    enum tb_status st = tb_source_list(&s, NULL, TB_DAY_NONE, TB_DAY_NONE, &l, &err);
    if (me == 0) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(st, TB_FAIL);
    assert_int_equal(err.code, TB_E_IO);
    assert_string_equal(err.file, texts[8]);
    assert_non_null(strstr(err.text, "closed"));
    tb_input_list_release(&l);
    chmod(texts[8], 0755);
}

/* A folder's names, read once, found by how they begin; more folders than are kept, some of them held. */
static void test_folders(void **state)
{
    (void)state;
    struct tb_folders f = {0};
    char path[600], name[32];
    struct tb_folder *held[TB_FOLDERS_KEPT + 3];
    for (size_t d = 0; d < COUNT(held); d++) {
        for (int i = 0; i < 30; i++) {
            snprintf(path, sizeof path, "many/%zu/n%d", d, i * 7 % 30);
            touch(path);
        }
        snprintf(path, sizeof path, "%s/many/%zu", dir, d);
        held[d] = tb_folders_hold(&f, path);
        assert_non_null(held[d]);
        assert_int_equal(held[d]->n, 30);
        struct tb_folder *again = tb_folders_hold(&f, path);
        assert_true((again == held[d]) == (d < TB_FOLDERS_KEPT)); /* all others are held */
        tb_folder_release(&f, again);
    }
    static const struct {
        const char *prefix;
        size_t n;
    } rows[] = {{"", 30}, {"n", 30}, {"n1", 11}, {"n29", 1}, {"n3", 1}, {"o", 0}, {"a", 0}, {"n290", 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t from, to;
        tb_folder_range(held[0], tb_str_of(rows[i].prefix), &from, &to);
        assert_int_equal(to - from, rows[i].n);
        for (; from < to; from++) {
            assert_int_equal(strncmp(held[0]->names[from], rows[i].prefix, strlen(rows[i].prefix)), 0);
        }
    }
    snprintf(name, sizeof name, "%s", held[1]->names[3]);
    for (size_t d = 0; d < TB_FOLDERS_KEPT; d++) {
        tb_folder_release(&f, held[d]);
    }
    assert_string_equal(held[1]->names[3], name); /* kept, until others come */
    snprintf(path, sizeof path, "%s/nothing", dir);
    assert_null(tb_folders_hold(&f, path));
    assert_int_equal(errno, ENOENT);
    for (size_t d = TB_FOLDERS_KEPT; d < COUNT(held); d++) {
        tb_folder_release(&f, held[d]);
    }
    tb_folders_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_patterns_against_brute_force),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_unreadable_folder),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
