/* metrics.prom: exact sums over all reduced days, each once; names that cannot break the file; written whole or not at all. */
#include "pack_scene.h"

#include <ctype.h>

static char *metrics(struct scene *s)
{
    char path[256];
    struct tb_buf out;
    must(s, tb_metrics_write(s->db, &s->settings, s->version, INT64_C(1775000000123456), &s->err));
    snprintf(path, sizeof path, "%s/metrics.prom", s->output);
    tb_buf_init(&out, TEXT_MAX);
    must(s, tb_file_read(path, TEXT_MAX, &out, &s->err));
    char *text = strdup(tb_buf_view(&out).s);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    tb_buf_release(&out);
    return text;
}

/* The parser of Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4), as strict as its users are:
 * HELP, TYPE, then all samples of that name together; names, escapes and numbers to the letter; the last line ends. */
static bool is_name(const char *s, size_t n, bool label)
{
    bool good = n > 0 && !isdigit((unsigned char)s[0]);
    for (size_t i = 0; i < n; i++) {
        good = good && (isalnum((unsigned char)s[i]) || s[i] == '_' || (!label && s[i] == ':'));
    }
    return good;
}

/* "quoted": returns behind it. */
static const char *behind_quoted(const char *c, const char *end)
{
    assert_true(*c == '"');
    for (c++; c < end && *c != '"'; c++) {
        assert_true((unsigned char)*c >= 0x20);
        if (*c == '\\') {
            c++;
            assert_non_null(strchr("\\\"n", *c));
        }
    }
    assert_true(c < end);
    return c + 1;
}

static void expect_number(const char *c, const char *end)
{
    char text[64], *rest;
    size_t n = (size_t)(end - c);
    assert_true(n > 0 && n < sizeof text && memchr(c, ' ', n) == NULL);
    memcpy(text, c, n);
    text[n] = '\0';
    (void)strtod(text, &rest);
    assert_true(*rest == '\0' && text[0] != '+' && strpbrk(text, "xXpP") == NULL);
}

/* Families in order: each begins with its HELP and TYPE, and no sample of it stands elsewhere. */
static void expect_families(const char *text)
{
    char family[128] = "", seen[8192] = "\n", wanted[160];
    bool typed = false;
    for (const char *line = text, *end; *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        assert_true(end > line);
        if (strncmp(line, "# HELP ", 7) == 0) {
            size_t n = strcspn(line + 7, " \n");
            assert_true(is_name(line + 7, n, false) && n < sizeof family && line[7 + n] == ' ');
            snprintf(family, sizeof family, "%.*s", (int)n, line + 7);
            snprintf(wanted, sizeof wanted, "\n%s\n", family);
            assert_null(strstr(seen, wanted)); /* a family comes once */
            assert_true(strlen(seen) + n + 2 < sizeof seen);
            strcat(strcat(seen, family), "\n");
            typed = false;
            continue;
        }
        if (line[0] == '#') {
            char counter[160], gauge[160];
            snprintf(counter, sizeof counter, "# TYPE %s counter\n", family);
            snprintf(gauge, sizeof gauge, "# TYPE %s gauge\n", family);
            bool is_counter = strncmp(line, counter, strlen(counter)) == 0;
            assert_true(!typed && (is_counter || strncmp(line, gauge, strlen(gauge)) == 0));
            size_t n = strlen(family); /* counters, and they alone, are totals */
            assert_int_equal(is_counter, n > 6 && strcmp(family + n - 6, "_total") == 0);
            typed = true;
            continue;
        }
        size_t n = strcspn(line, "{ ");
        assert_true(typed && n == strlen(family) && memcmp(line, family, n) == 0);
        const char *c = line + n;
        if (*c == '{') {
            do {
                size_t label = strcspn(++c, "=");
                assert_true(is_name(c, label, true) && strncmp(c, "__", 2) != 0);
                c = behind_quoted(c + label + 1, end);
            } while (*c == ',');
            assert_true(*c++ == '}');
        }
        assert_true(*c == ' ');
        expect_number(c + 1, end);
    }
}

/* One series: name{labels} value, as the exposition format has it; returns where the value begins. */
static const char *expect_series(const char *line, const char *end)
{
    const char *c = line;
    while (c < end && (isalnum((unsigned char)*c) || *c == '_')) {
        c++;
    }
    if (*c == '{') {
        for (c++; *c != '}';) {
            while (isalnum((unsigned char)*c) || *c == '_') {
                c++;
            }
            assert_memory_equal(c, "=\"", 2);
            for (c += 2; *c != '"'; c++) {
                assert_true(c < end && (unsigned char)*c >= 0x20);
                c += *c == '\\';
            }
            c++;
            c += *c == ',';
        }
        c++;
    }
    assert_true(*c == ' ' && c + 1 < end);
    for (const char *v = ++c; v < end; v++) {
        assert_true(isdigit((unsigned char)*v) || *v == '.');
    }
    return c;
}

/* Every line is a comment or a series, and no series is twice. */
static void expect_readable(const char *text)
{
    expect_families(text);
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        if (line[0] != '#') {
            const char *value = expect_series(line, end);
            char series[512];
            snprintf(series, sizeof series, "\n%.*s", (int)(value - line), line);
            const char *first = strstr(text, series);
            assert_non_null(first);
            assert_null(strstr(first + 1, series));
        }
        line = end + 1;
    }
}

static void test_sums_of_all_days(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {
        {DAY - 1, 1, "ann", "big", 1000000, 10}, {DAY, 1, "ann", "big", 1, 0}, {DAY, 2, "bob", "none", 5, 6}};
    static const struct call shadow[] = {{DAY, 3, "ann", "big", 77, 0}};
    scene_begin(&s);
    scene_file(&s, 0, 1, calls, 3);
    scene_file(&s, 1, 2, shadow, 1);
    scene_pack(&s, DAY);
    scene_pack(&s, DAY - 1);
    char *text = metrics(&s);
    expect_readable(text);
    assert_non_null(strstr(text, "\nkong_llm_tokens_total{consumer=\"ann\"} 1000011\n"));
    assert_non_null(strstr(text, "\nkong_llm_tokens_total{consumer=\"bob\"} 11\n"));
    assert_non_null(strstr(text, "\nkong_llm_cost_total{consumer=\"ann\",model=\"big\"} 3.000153\n"));
    assert_non_null(strstr(text, "\nkong_llm_cost_total{consumer=\"bob\",model=\"none\"} 0\n"));
    assert_non_null(strstr(text, "\ntollbook_intake_lines_total{outcome=\"event\"} 4\n"));
    assert_non_null(strstr(text, "\ntollbook_pack_revision{day=\"" DAY_TEXT "\"} 1\n"));
    assert_non_null(strstr(text, "\ntollbook_last_success_timestamp_seconds 1775000000.123456\n"));
    assert_non_null(strstr(text, "# TYPE kong_llm_cost_total counter\n"));
    free(text);
    /* a table version that concerns other days: counters do not fall, days do not count twice */
    scene_tables(&s, PRICES ",huge,input,9,1000000,,2027-01-01,,,,,,\n", ACCOUNTS);
    text = metrics(&s);
    assert_non_null(strstr(text, "\nkong_llm_tokens_total{consumer=\"ann\"} 1000011\n"));
    free(text);
    scene_pack(&s, DAY);
    text = metrics(&s);
    assert_non_null(strstr(text, "\nkong_llm_tokens_total{consumer=\"ann\"} 1000011\n"));
    assert_non_null(strstr(text, "\nkong_llm_cost_total{consumer=\"ann\",model=\"big\"} 3.000153\n"));
    free(text);
    scene_end(&s);
}

static void test_names_cannot_break_the_file(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {
        {DAY, 1, "a\"b\\c", "big", 1, 0},
        {DAY, 2, "line\nbreak", "big", 2, 0},
        {DAY, 3, "line break", "big", 3, 0},
        {DAY, 4, "line\tbreak", "big", 4, 0},
        {DAY, 5, "\xff\xfe", "big", 5, 0},
        {DAY, 6, "\xff\xfd", "big", 6, 0},
        {DAY, 7, "", "big", 7, 0},
        {DAY, 8, NULL, "big", 8, 0},
        {DAY, 9, "x} 1\nevil_total{y=\"", NULL, 9, 0},
        {DAY, 10, "\xE2\x80\xAErtl", "", 1, 1},
    };
    scene_begin(&s);
    scene_file(&s, 0, 1, calls, COUNT(calls));
    scene_pack(&s, DAY);
    char *text = metrics(&s);
    expect_readable(text);
    assert_non_null(strstr(text, "{consumer=\"a\\\"b\\\\c\"} 1\n"));
    assert_non_null(strstr(text, "{consumer=\"line break\"} 3\n"));
    assert_null(strstr(text, "\nevil_total"));
    int64_t sum = 0;
    for (const char *l = strstr(text, "\nkong_llm_tokens_total{"); l != NULL;
         l = strstr(l + 1, "\nkong_llm_tokens_total{")) {
        const char *end = strchr(l + 1, '\n');
        while (end[-1] != ' ') {
            end--;
        }
        sum += atoll(end);
    }
    assert_int_equal(sum, 47);
    free(text);
    scene_end(&s);
}

static void test_budgets_and_quotas_of_the_newest_day(void **state)
{
    (void)state;
    struct scene s;
    static const struct call calls[] = {{DAY - 1, 1, "ann", "big", 5000000, 0}, /* 15 */
                                        {DAY, 1, "ann", "big", 1000000, 0},     /* 3 */
                                        {DAY, 2, "ann", "big", 100, 0},
                                        {DAY, 3, "bob", "big", 10, 0}};
    scene_begin(&s);
    scene_limits(&s, PRICES,
                 ACCOUNT_HEADER "ann,,Web,0042,615200,Olga,dev,,,,\nbob,,Data,1003,615210,,dev,,,,\n",
                 "name,dimension,match,period,amount\nall,,,day,4\nmonth,,,month,40\n",
                 "tier,measure,limit,window\ndev,tokens,1000000,day\ndev,requests,1000,day\n");
    scene_file(&s, 0, 1, calls, COUNT(calls));
    scene_pack(&s, DAY - 1);
    scene_pack(&s, DAY);
    char *text = metrics(&s);
    expect_readable(text);
    static const char *const lines[] = {
        "tollbook_budget_limit{name=\"all\",period=\"day\"} 4\n",
        "tollbook_budget_spent{name=\"all\",period=\"day\"} 3.00033\n",
        "tollbook_budget_spent{name=\"month\",period=\"month\"} 18.00033\n",
        "tollbook_budget_used_ratio{name=\"all\",period=\"day\"} 0.750083\n",
        "tollbook_budget_forecast{name=\"all\",period=\"day\"} 3.00033\n",
        "tollbook_quota_limit{consumer=\"ann\",tier=\"dev\",measure=\"tokens\",window=\"day\",node=\"\"} "
        "1000000\n",
        "tollbook_quota_used{consumer=\"ann\",tier=\"dev\",measure=\"tokens\",window=\"day\",node=\"\"} "
        "1000100\n",
        "tollbook_quota_requests_after{consumer=\"ann\",tier=\"dev\",measure=\"tokens\",window=\"day\",node="
        "\"\"} 1\n",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_non_null(strstr(text, lines[i]));
    }
    assert_null(strstr(text, "consumer=\"bob\",tier")); /* used next to nothing */
    assert_null(strstr(text, "measure=\"requests\""));
    free(text);
    scene_end(&s);
}

static void test_nothing_yet(void **state)
{
    (void)state;
    struct scene s;
    scene_begin(&s);
    char *text = metrics(&s);
    expect_readable(text);
    assert_non_null(strstr(text, "\ntollbook_intake_lines_total{outcome=\"rejected\"} 0\n"));
    free(text);
    scene_end(&s);
}

static void test_unwritable_output(void **state)
{
    (void)state;
    struct scene s;
    scene_begin(&s);
    s.settings.output = "/proc/nowhere";
    assert_int_equal(tb_metrics_write(s.db, &s.settings, s.version, 1, &s.err), TB_FAIL);
    assert_int_equal(s.err.code, TB_E_IO);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_of_all_days),
        cmocka_unit_test(test_names_cannot_break_the_file),
        cmocka_unit_test(test_budgets_and_quotas_of_the_newest_day),
        cmocka_unit_test(test_nothing_yet),
        cmocka_unit_test(test_unwritable_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
