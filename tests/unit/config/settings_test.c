/* tollbook.jsonc: what each key becomes, its default, and which files are refused with which words. */
#include "tests/unit/config/helper.h"
#include <sys/stat.h>
#include <unistd.h>
#include "config/settings.h"

static char folder[64];
static char config_path[96];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tb-settings-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(config_path, sizeof config_path, "%s/tollbook.jsonc", folder);
    unsetenv("TOLLBOOK_CONFIG");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(config_path);
    return rmdir(folder);
}

static void write_config(const char *text)
{
    FILE *f = fopen(config_path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static struct tb_settings *load_good(const char *text)
{
    struct tb_settings *s = NULL;
    struct tb_err err = {0};
    write_config(text);
    if (tb_settings_load(config_path, &s, &err) != TB_OK) {
        fail_msg("%s\n refused: %s", text, err.text);
    }
    return s;
}

static void assert_path(const char *actual, const char *name)
{
    char expected[256];
    snprintf(expected, sizeof expected, "%s/%s", folder, name);
    assert_non_null(actual);
    assert_string_equal(actual, expected);
}

static void defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"sources\": []}",
        "{\"sources\": [], \"database\": null, \"time_zone\": null, \"currency\": null, \"prices\": null, "
        "\"output\": null, "
        "\"journal\": null, \"holidays\": null, \"expect\": null, \"min_excess\": null, \"notify\": null, "
        "\"excel_guard\": null, \"detail_days\": null, \"fingerprint_key\": null}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct tb_settings *s = load_good(texts[i]);
        assert_string_equal(s->path, config_path);
        assert_string_equal(s->dir, folder);
        assert_path(s->database, "tollbook.db");
        assert_string_equal(tb_zone_name(s->zone), "UTC");
        assert_string_equal(s->currency, "USD");
        assert_null(s->prices);
        assert_null(s->quotas);
        assert_null(s->accounts);
        assert_null(s->budgets);
        assert_null(s->shared);
        assert_null(s->adjustments);
        assert_path(s->output, "out");
        assert_int_equal(s->source_count, 0);
        assert_string_equal(s->billing_account, "tollbook");
        assert_string_equal(s->journal_debit, "");
        assert_string_equal(s->journal_credit, "");
        assert_int_equal(s->holiday_count, 0);
        assert_int_equal(s->close_after_days, 0);
        assert_int_equal(s->detail_days, 0);
        assert_int_equal(s->signature_days, 3);
        assert_true(s->min_excess == tb_money_of_cents(100));
        assert_null(s->rules);
        assert_null(s->formats);
        assert_string_equal(s->excel_guard, "csv");
        assert_null(s->notify);
        assert_path(s->fingerprint_key, "tollbook.db.key");
        assert_int_equal(s->expect_count, 0);
        tb_settings_free(s);
    }
}

static void every_key(void **state)
{
    (void)state;
    struct tb_settings *s = load_good(
        "// a comment\n"
        "{ \"database\": \"/var/lib/t.db\", \"time_zone\": \"Europe/Berlin\", /* here too */ \"currency\": "
        "\"EUR\",\n"
        "\"prices\": \"p.csv\", \"quotas\": \"q/q.csv\", \"accounts\": \"a.csv\", \"budgets\": \"b.csv\",\n"
        "\"shared\": \"s.csv\", \"adjustments\": \"../j.csv\", \"output\": \"packs\",\n"
        "\"sources\": [\n"
        "  {\"name\": \"gateway\", \"format\": \"kong\", \"paths\": [\"logs/kong-{node}-{date}*.gz\", "
        "\"/x/y\"]},\n"
        "  {\"name\": \"compare\", \"paths\": [\"c\"], \"bill\": false}],\n"
        "\"billing_account\": \"acme\", \"journal\": {\"debit\": \"615200\", \"credit\": \"\"},\n"
        "\"holidays\": [\"2026-12-25\", \"2026-01-01\"], \"close_after_days\": 5, \"detail_days\": 90, "
        "\"signature_days\": 7,\n"
        "\"min_excess\": 0.1, \"rules\": \"rules\", \"formats\": \"formats\", \"excel_guard\": \"all\",\n"
        "\"notify\": \"/usr/bin/notify --now\", \"fingerprint_key\": \"secret.key\",\n"
        "\"expect\": [{\"source\": \"gateway\", \"every\": \"hour\"}, {\"source\": \"compare\"}] }\n");
    assert_string_equal(s->database, "/var/lib/t.db");
    assert_string_equal(tb_zone_name(s->zone), "Europe/Berlin");
    assert_string_equal(s->currency, "EUR");
    assert_path(s->prices, "p.csv");
    assert_path(s->quotas, "q/q.csv");
    assert_path(s->accounts, "a.csv");
    assert_path(s->budgets, "b.csv");
    assert_path(s->shared, "s.csv");
    assert_path(s->adjustments, "../j.csv");
    assert_path(s->output, "packs");
    assert_int_equal(s->source_count, 2);
    assert_string_equal(s->sources[0].name, "gateway");
    assert_string_equal(s->sources[0].format, "kong");
    assert_path(s->sources[0].paths[0], "logs/kong-{node}-{date}*.gz");
    assert_string_equal(s->sources[0].paths[1], "/x/y");
    assert_null(s->sources[0].paths[2]);
    assert_true(s->sources[0].bill);
    assert_null(s->sources[1].format);
    assert_false(s->sources[1].bill);
    assert_int_equal(tb_settings_source(s, "compare"), 1);
    assert_int_equal(tb_settings_source(s, "adhoc"), -1);
    assert_string_equal(s->billing_account, "acme");
    assert_string_equal(s->journal_debit, "615200");
    assert_string_equal(s->journal_credit, "");
    assert_int_equal(s->holiday_count, 2);
    assert_int_equal(s->holidays[0], tb_day_of_civil(2026, 1, 1));
    assert_int_equal(s->holidays[1], tb_day_of_civil(2026, 12, 25));
    assert_int_equal(s->close_after_days, 5);
    assert_int_equal(s->detail_days, 90);
    assert_int_equal(s->signature_days, 7);
    assert_true(s->min_excess == tb_money_of_cents(10));
    assert_path(s->rules, "rules");
    assert_path(s->formats, "formats");
    assert_string_equal(s->excel_guard, "all");
    assert_string_equal(s->notify, "/usr/bin/notify --now");
    assert_path(s->fingerprint_key, "secret.key");
    assert_int_equal(s->expect_count, 2);
    assert_string_equal(s->expects[0].source, "gateway");
    assert_string_equal(s->expects[0].every, "hour");
    assert_string_equal(s->expects[1].every, "day");
    tb_settings_free(s);
}

static void bad_values_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        const char *message; /* behind the path and a colon */
    } table[] = {
        {"{\"sources\": [],\n \"databse\": \"x\"}",
         "2:2: unknown key \"databse\", did you mean \"database\""},
        {"[]", "1:1: the configuration is a list: it must be an object in { }"},
        {"{}", "1:1: \"sources\" is missing: write a list of logs, like [{\"name\": \"gateway\", \"paths\": "
               "[\"logs/*.gz\"]}]"},
        {"{\"sources\": null}", "1:1: \"sources\" is missing: write a list of logs, like [{\"name\": "
                                "\"gateway\", \"paths\": [\"logs/*.gz\"]}]"},
        {"{\"sources\": {}}", "1:2: \"sources\" is an object: it must be a list in [ ]"},
        {"{\"sources\": [\"x\"]}", "1:14: a source is a text: it must be an object in { }"},
        {"{\"sources\": [{\"paths\": [\"x\"]}]}",
         "1:14: a source has no name: write \"name\", the chargeback shows it"},
        {"{\"sources\": [{\"name\": \"\", \"paths\": [\"x\"]}]}",
         "1:15: \"name\" is empty: write a text, or null for the default"},
        {"{\"sources\": [{\"name\": \"a\", \"path\": [\"x\"]}]}",
         "1:28: unknown key \"path\", did you mean \"paths\""},
        {"{\"sources\": [{\"name\": \"a\"}]}",
         "1:14: source \"a\" has no paths: write \"paths\": [\"logs/*.gz\"] with its files"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": []}]}",
         "1:28: source \"a\" has no paths: write \"paths\": [\"logs/*.gz\"] with its files"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": \"x\"}]}",
         "1:28: \"paths\" is a text: it must be a list in [ ]"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [\"\"]}]}",
         "1:38: \"paths\" is empty: write a text, or null for the default"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [7]}]}",
         "1:38: \"paths\" is a number: it must be a text in quotes"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [\"x-{dat}\"]}]}",
         "1:38: unknown placeholder \"{dat}\" in a path, did you mean {date}"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [\"x-{a,b}\"]}]}",
         "1:38: unknown placeholder \"{a,b}\" in a path: there are {node} and {date}"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [\"x\"]},\n {\"name\": \"a\", \"paths\": [\"y\"]}]}",
         "2:3: two sources are named \"a\": give each its own name"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [\"x\"], \"bill\": \"no\"}]}",
         "1:44: \"bill\" is a text: it must be true or false"},
        {"{\"sources\": [{\"name\": \"a\", \"paths\": [\"x\"], \"format\": \"\"}]}",
         "1:44: \"format\" is empty: write a text, or null for the default"},
        {"{\"sources\": [], \"database\": 7}", "1:17: \"database\" is a number: it must be a text in quotes"},
        {"{\"sources\": [], \"database\": \"\"}",
         "1:17: \"database\" is empty: write a text, or null for the default"},
        {"{\"sources\": [], \"output\": \"a\\nb\"}", "1:17: \"output\" has a control character: take it out"},
        {"{\"sources\": [], \"currency\": \"usd\"}",
         "1:17: currency \"usd\" is not a currency code: write three capital letters, like \"USD\""},
        {"{\"sources\": [], \"currency\": \"EURO\"}",
         "1:17: currency \"EURO\" is not a currency code: write three capital letters, like \"USD\""},
        {"{\"sources\": [], \"journal\": {\"debt\": \"\"}}",
         "1:29: unknown key \"debt\", did you mean \"debit\""},
        {"{\"sources\": [], \"journal\": []}", "1:17: \"journal\" is a list: it must be an object in { }"},
        {"{\"sources\": [], \"holidays\": [\"25.12.2026\"]}",
         "1:30: holiday \"25.12.2026\" is not a date: write YYYY-MM-DD"},
        {"{\"sources\": [], \"detail_days\": -1}",
         "1:17: \"detail_days\" is out of range: it must be a whole number from 0 to 36600"},
        {"{\"sources\": [], \"detail_days\": 1.5}",
         "1:17: \"detail_days\" is out of range: it must be a whole number from 0 to 36600"},
        {"{\"sources\": [], \"close_after_days\": \"5\"}",
         "1:17: \"close_after_days\" is a text: it must be a whole number"},
        {"{\"sources\": [], \"min_excess\": -1}",
         "1:17: \"min_excess\" is out of range: it must be 0 or more, with 24 decimals at most"},
        {"{\"sources\": [], \"min_excess\": true}",
         "1:17: \"min_excess\" is true or false: it must be an amount, like 1.00"},
        {"{\"sources\": [], \"excel_guard\": \"xlsx\"}",
         "1:17: \"excel_guard\" is \"xlsx\": it must be \"csv\" or \"all\""},
        {"{\"sources\": [{\"name\": \"gateway\", \"paths\": [\"x\"]}],\n\"expect\": [{\"source\": "
         "\"gatway\"}]}",
         "2:13: there is no source \"gatway\", did you mean \"gateway\""},
        {"{\"sources\": [],\n\"expect\": [{\"source\": \"x\"}]}",
         "2:13: there is no source \"x\": name one of \"sources\""},
        {"{\"sources\": [{\"name\": \"g\", \"paths\": [\"x\"]}],\n\"expect\": [{\"source\": \"g\", "
         "\"every\": \"week\"}]}",
         "2:28: \"every\" is \"week\": it must be \"hour\" or \"day\""},
        {"{\"sources\": [{\"name\": \"g\", \"paths\": [\"x\"]}],\n\"expect\": [{\"source\": "
         "\"g\"},{\"source\": \"g\"}]}",
         "2:28: source \"g\" is expected twice: take one out"},
        {"{\"sources\": [], \"expect\": [{\"every\": \"day\"}]}",
         "1:28: an expectation has no source: name one of \"sources\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tb_settings *s = NULL;
        struct tb_err err = {0};
        char message[MESSAGE_MAX];
        char expected[MESSAGE_MAX];
        write_config(table[i].text);
        if (tb_settings_load(config_path, &s, &err) == TB_OK) {
            fail_msg("taken: %s", table[i].text);
        }
        assert_null(s);
        assert_int_equal(err.code, TB_E_CONFIG);
        assert_int_equal(tb_err_exit(&err), 2);
        tb_err_format(&err, message, sizeof message);
        snprintf(expected, sizeof expected, "%s:%s", config_path, table[i].message);
        if (strcmp(message, expected) != 0) {
            fail_msg("%s\n got      %s\n expected %s", table[i].text, message, expected);
        }
    }
}

/* Their words are base's; here only that the place and the code arrive. */
static void broken_json_and_zones_name_their_place(void **state)
{
    static const struct {
        const char *text;
        uint64_t line;
        uint64_t column;
        const char *part;
    } table[] = {
        {"{\"sources\": [],\n \"time_zone\": \"Europe/Berlim\"}", 2, 2, "Europe/Berlin"},
        {"{\"sources\": [],\n \"sources\": []}", 2, 2, "sources"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tb_settings *s = NULL;
        struct tb_err err = {0};
        write_config(table[i].text);
        assert_int_equal(tb_settings_load(config_path, &s, &err), TB_FAIL);
        assert_int_equal(err.code, TB_E_CONFIG);
        assert_string_equal(err.file, config_path);
        assert_int_equal(err.line, table[i].line);
        assert_int_equal(err.column, table[i].column);
        assert_non_null(strstr(err.text, table[i].part));
    }
}

static void load_bad(const char *path, const char *expected)
{
    struct tb_settings *s = NULL;
    struct tb_err err = {0};
    char message[MESSAGE_MAX];
    assert_int_equal(tb_settings_load(path, &s, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_CONFIG);
    tb_err_format(&err, message, sizeof message);
    assert_string_equal(message, expected);
}

static void a_missing_file_says_what_to_do(void **state)
{
    char here[4096];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    unlink(config_path);
    assert_int_equal(chdir(folder), 0);
    load_bad("nowhere/x.jsonc",
             "the configuration \"nowhere/x.jsonc\" is not there: write one with `tollbook init`, or mend "
             "the path");
    load_bad("/tmp", "\"/tmp\" is a folder: name the configuration file in it");
    if (access("/etc/tollbook/tollbook.jsonc", F_OK) != 0) {
        load_bad(
            NULL,
            "there is no tollbook.jsonc here and no /etc/tollbook/tollbook.jsonc: write one with `tollbook "
            "init`, or name one with --config FILE");
    }
    setenv("TOLLBOOK_CONFIG", "gone.jsonc", 1);
    load_bad(NULL, "the configuration \"gone.jsonc\" (of TOLLBOOK_CONFIG) is not there: write one with "
                   "`tollbook init`, or "
                   "mend the path");
    unsetenv("TOLLBOOK_CONFIG");
    assert_int_equal(chdir(here), 0);
}

/* What the folder is called is no glob; what the path says is. */
static void a_folder_with_glob_characters_is_itself(void **state)
{
    char plain[sizeof config_path], odd[sizeof folder + 16], want[sizeof folder + 64];
    struct tb_settings *s = NULL;
    struct tb_err err = {0};
    (void)state;
    snprintf(plain, sizeof plain, "%s", config_path);
    snprintf(odd, sizeof odd, "%s/a[1]*{x}", folder);
    assert_int_equal(mkdir(odd, 0700), 0);
    snprintf(config_path, sizeof config_path, "%s/tollbook.jsonc", odd);
    write_config(
        "{\"sources\": [{\"name\": \"g\", \"paths\": [\"l[12]/*.gz\", \"/x[1]\"]}], \"prices\": \"p.csv\"}");
    assert_int_equal(tb_settings_load(config_path, &s, &err), TB_OK);
    snprintf(want, sizeof want, "%s/a\\[1]\\*\\{x}/l[12]/*.gz", folder);
    assert_string_equal(s->sources[0].paths[0], want);
    assert_string_equal(s->sources[0].paths[1], "/x[1]");
    assert_string_equal(s->dir, odd);
    tb_settings_free(s);
    unlink(config_path);
    rmdir(odd);
    snprintf(config_path, sizeof config_path, "%s", plain);
}

/* Thousands of sources on one line: each knows its place, and none is looked for from the beginning. */
static void many_sources(void **state)
{
    (void)state;
    enum { N = 5000 };
    char *text = malloc(N * 64), *p = text;
    p += sprintf(p, "\xef\xbb\xbf{\"sources\": [");
    for (int i = 0; i < N; i++) {
        p += sprintf(p, "%s%s{\"name\": \"\xc3\xa4%d\", \"format\": \"f\", \"paths\": [\"x\"]}",
                     i > 0 ? "," : "", i == N / 2 ? "\n" : "", i);
    }
    strcpy(p, "]}");
    struct tb_settings *s = load_good(text);
    assert_int_equal(s->source_count, N);
    assert_int_equal(s->sources[0].format_line, 1);
    assert_int_equal(s->sources[0].format_column, 29);
    assert_int_equal(s->sources[1].format_column, 75);
    assert_int_equal(s->sources[N / 2].format_line, 2);
    assert_int_equal(s->sources[N / 2].format_column, 19);
    tb_settings_free(s);
    free(text);
}

static void the_file_is_found_and_its_folder_rules(void **state)
{
    char here[4096];
    struct tb_err err = {0};
    (void)state;
    write_config("{\"sources\": [], \"prices\": \"p.csv\"}");
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    static const char *const names[] = {NULL, "tollbook.jsonc", "./tollbook.jsonc", "././tollbook.jsonc"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct tb_settings *s = NULL;
        assert_int_equal(tb_settings_load(names[i], &s, &err), TB_OK);
        assert_path(s->prices, "p.csv");
        tb_settings_free(s);
    }
    assert_int_equal(chdir("/tmp"), 0);
    struct tb_settings *s = NULL;
    assert_int_equal(tb_settings_load(config_path + strlen("/tmp/"), &s, &err), TB_OK);
    assert_path(s->prices, "p.csv");
    tb_settings_free(s);
    setenv("TOLLBOOK_CONFIG", config_path, 1);
    assert_int_equal(tb_settings_load(NULL, &s, &err), TB_OK);
    assert_path(s->prices, "p.csv");
    tb_settings_free(s);
    unsetenv("TOLLBOOK_CONFIG");
    assert_int_equal(chdir(here), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_key),
        cmocka_unit_test(bad_values_are_refused_with_their_place),
        cmocka_unit_test(broken_json_and_zones_name_their_place),
        cmocka_unit_test(a_missing_file_says_what_to_do),
        cmocka_unit_test(a_folder_with_glob_characters_is_itself),
        cmocka_unit_test(many_sources),
        cmocka_unit_test(the_file_is_found_and_its_folder_rules),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
