/* Ties and mixtures against brute force: an oracle that walks every text, provider, tier and instant of a
 * small world, with its own glob matcher and its own ranks, and shares no code with config/. And that large
 * tables are checked fast. */
#include "tests/unit/config/helper.h"
#include "base/buf.h"
#include "config/overlap.h"

static unsigned seed = 20261121;

static unsigned roll(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

/* --- the oracle's globs: `*`, `?`, `[ab]`, `[!a]`, `\` -------------------------------------------------- */

static bool oracle_match(const char *g, const char *t)
{
    if (*g == 0) {
        return *t == 0;
    }
    if (*g == '*') {
        return oracle_match(g + 1, t) || (*t != 0 && oracle_match(g, t + 1));
    }
    if (*t == 0) {
        return false;
    }
    if (*g == '?') {
        return oracle_match(g + 1, t + 1);
    }
    if (*g == '[') {
        const char *p = g + 1;
        bool negated = *p == '!';
        bool in = false;
        for (p += negated; *p != ']'; p++) {
            in = in || *p == *t;
        }
        return in != negated && oracle_match(p + 1, t + 1);
    }
    g += *g == '\\';
    return *g == *t && oracle_match(g + 1, t + 1);
}

static int oracle_literals(const char *g)
{
    int n = 0;
    while (*g != 0) {
        if (*g == '[') {
            g = strchr(g, ']') + 1;
        } else if (*g == '\\') {
            n++;
            g += 2;
        } else {
            n += *g != '*' && *g != '?';
            g++;
        }
    }
    return n;
}

static bool oracle_exact(const char *g)
{
    return strpbrk(g, "*?[") == NULL;
}

/* --- a small world -------------------------------------------------------------------------------------- */

#define ROWS     4
#define TIMES    4
#define TEXT_MAX 6 /* two globs of three elements that meet have a common text of six characters or fewer */

struct row {
    char model[16];
    char provider[16]; /* "" = blank */
    int from, to;      /* 0..TIMES; from 0 and to TIMES are written as blank */
    int tier;          /* 0 = blank, 1, 2 */
    int context;       /* -1, 5, 6 */
    bool context_from;
    bool marginal;
    int meter; /* 0, 1 */
};

static char (*world)[TEXT_MAX + 1];
static size_t world_count;

/* All texts over a, b, c (c is in no glob but by *, ? and [!...]) of at most TEXT_MAX characters. */
static void make_world(void)
{
    size_t all = 1;
    for (size_t n = 1, power = 3; n <= TEXT_MAX; n++, power *= 3) {
        all += power;
    }
    world = calloc(all, sizeof *world);
    assert_non_null(world);
    world_count = 1;
    size_t begin = 0;
    for (int n = 1; n <= TEXT_MAX; n++) {
        size_t end = world_count;
        for (size_t i = begin; i < end; i++) {
            for (char c = 'a'; c <= 'c'; c++) {
                memcpy(world[world_count], world[i], (size_t)n);
                world[world_count++][n - 1] = c;
            }
        }
        begin = end;
    }
    assert_int_equal(world_count, all);
}

static void make_glob(char out[16])
{
    static const char *const elements[] = {"a", "b", "a", "b", "*", "?", "[ab]", "[!a]", "\\a"};
    out[0] = 0;
    for (unsigned n = 1 + roll(3); n > 0; n--) {
        strcat(out, elements[roll(COUNT(elements))]);
    }
}

static void make_row(struct row *r, bool contexts)
{
    memset(r, 0, sizeof *r);
    make_glob(r->model);
    if (roll(3) == 0) {
        static const char *const providers[] = {"x", "y", "*", "x*", "?"};
        strcpy(r->provider, providers[roll(5)]);
    }
    r->from = (int)roll(TIMES);
    r->to = r->from + 1 + (int)roll((unsigned)(TIMES - r->from));
    r->tier = roll(3) == 0 ? 1 + (int)roll(2) : 0;
    r->context = contexts && roll(2) == 0 ? 5 + (int)roll(2) : -1;
    r->context_from = r->context >= 0 && roll(2) == 0;
    r->marginal = r->context >= 0 && roll(2) == 0;
    r->meter = (int)roll(2);
}

static bool times_meet(const struct row *x, const struct row *y)
{
    for (int t = 0; t < TIMES; t++) {
        if (t >= x->from && t < x->to && t >= y->from && t < y->to) {
            return true;
        }
    }
    return false;
}

static bool models_meet(const char *x, const char *y)
{
    for (size_t i = 0; i < world_count; i++) {
        if (oracle_match(x, world[i]) && oracle_match(y, world[i])) {
            return true;
        }
    }
    return false;
}

/* A provider that both rows take; none at all is one too. */
static bool providers_meet(const struct row *x, const struct row *y)
{
    static const char *const providers[] = {"x", "y", "z", "xx", "xy", "yy", ""};
    if (x->provider[0] == 0 && y->provider[0] == 0) {
        return true;
    }
    for (size_t i = 0; i < COUNT(providers); i++) {
        if ((x->provider[0] == 0 || oracle_match(x->provider, providers[i])) &&
            (y->provider[0] == 0 || oracle_match(y->provider, providers[i]))) {
            return true;
        }
    }
    return false;
}

static bool oracle_ties(const struct row *x, const struct row *y)
{
    return x->meter == y->meter && times_meet(x, y) && oracle_exact(x->model) == oracle_exact(y->model) &&
           oracle_literals(x->model) == oracle_literals(y->model) &&
           (x->provider[0] != 0 && oracle_exact(x->provider)) ==
               (y->provider[0] != 0 && oracle_exact(y->provider)) &&
           oracle_literals(x->provider) == oracle_literals(y->provider) && x->tier == y->tier &&
           x->context == y->context && x->context_from == y->context_from && providers_meet(x, y) &&
           models_meet(x->model, y->model);
}

static bool oracle_mixes(const struct row *x, const struct row *y)
{
    return x->meter == y->meter && x->context >= 0 && y->context >= 0 && x->marginal != y->marginal &&
           times_meet(x, y) && (x->tier == 0 || y->tier == 0 || x->tier == y->tier) && providers_meet(x, y) &&
           models_meet(x->model, y->model);
}

/* The first pair in order of its later row, then of its earlier one. */
static bool oracle_find(const struct row *rows, bool (*meets)(const struct row *, const struct row *), int *a,
                        int *b)
{
    for (*b = 1; *b < ROWS; (*b)++) {
        for (*a = 0; *a < *b; (*a)++) {
            if (meets(&rows[*a], &rows[*b])) {
                return true;
            }
        }
    }
    return false;
}

static void put_time(char *out, int t)
{
    if (t == 0 || t == TIMES) {
        out[0] = 0;
    } else {
        sprintf(out, "2026-01-%02d", t);
    }
}

static void price_text(const struct row *rows, char *out, size_t size)
{
    static const char *const tiers[] = {"", "batch", "flex"};
    size_t n = (size_t)snprintf(
        out, size,
        "provider,model,meter,price,per,effective_from,effective_to,service_tier,context_over,"
        "context_from,context_rule\n");
    for (int i = 0; i < ROWS; i++) {
        const struct row *r = &rows[i];
        char from[16];
        char to[16];
        char context[16] = "";
        put_time(from, r->from);
        put_time(to, r->to);
        if (r->context >= 0) {
            sprintf(context, "%d", r->context);
        }
        n += (size_t)snprintf(out + n, size - n, "%s,%s,%s,1,1,%s,%s,%s,%s,%s,%s\n", r->provider, r->model,
                              r->meter == 0 ? "input" : "cache_read", from, to, tiers[r->tier],
                              r->context_from ? "" : context, r->context_from ? context : "",
                              r->marginal ? "marginal" : "");
    }
}

static void prices_tie_exactly_where_brute_force_says(void **state)
{
    int ties = 0;
    int mixes = 0;
    int clean = 0;
    struct tb_settings s;
    (void)state;
    settings_begin(&s, "UTC");
    for (int round = 0; round < 16000; round++) {
        struct row rows[ROWS];
        char text[2048];
        char message[MESSAGE_MAX];
        char begin[64] = "";
        int a = 0;
        int b = 0;
        for (int i = 0; i < ROWS; i++) {
            make_row(&rows[i], round % 2 == 0);
        }
        price_text(rows, text, sizeof text);
        if (oracle_find(rows, oracle_mixes, &a, &b)) {
            mixes++;
            snprintf(begin, sizeof begin, "line %d is \"%s\" and line %d is ", a + 2,
                     rows[a].marginal ? "marginal" : "request", b + 2);
        } else if (oracle_find(rows, oracle_ties, &a, &b)) {
            ties++;
            snprintf(begin, sizeof begin, "line %d and line %d both price ", a + 2, b + 2);
        } else {
            clean++;
        }
        struct tb_tables *t = parse_text(&s, TB_TABLE_PRICES, text, message);
        if ((begin[0] == 0) != (t != NULL) || strstr(message, begin) == NULL) {
            fail_msg("%s expected \"%s\", got \"%s\"", text, begin, message);
        }
        tb_tables_free(t);
    }
    settings_end(&s);
    /* The test says something only when all three are common. */
    print_message("%d ties, %d mixtures, %d clean\n", ties, mixes, clean);
    assert_true(ties > 300 && mixes > 300 && clean > 1000);
}

static bool oracle_accounts(const struct row *x, const struct row *y)
{
    return times_meet(x, y) && x->tier == y->tier && oracle_literals(x->model) == oracle_literals(y->model) &&
           models_meet(x->model, y->model);
}

static void accounts_tie_exactly_where_brute_force_says(void **state)
{
    static const char *const sources[] = {"", "gateway", "app"};
    int ties = 0;
    int clean = 0;
    struct tb_settings s;
    (void)state;
    settings_begin(&s, "UTC");
    for (int round = 0; round < 3000; round++) {
        struct row rows[ROWS];
        char text[2048] = "consumer,source,effective_from,effective_to\n";
        char message[MESSAGE_MAX];
        char begin[64] = "t.csv:";
        int a = 0;
        int b = 0;
        for (int i = 0; i < ROWS; i++) {
            char from[16];
            char to[16];
            make_row(&rows[i], false);
            put_time(from, rows[i].from);
            put_time(to, rows[i].to);
            sprintf(text + strlen(text), "%s,%s,%s,%s\n", rows[i].model, sources[rows[i].tier], from, to);
        }
        bool tie = oracle_find(rows, oracle_accounts, &a, &b);
        if (tie) {
            snprintf(begin, sizeof begin, "t.csv:%d:1: line %d ", b + 2, a + 2);
        }
        ties += tie;
        clean += !tie;
        struct tb_tables *t = parse_text(&s, TB_TABLE_ACCOUNTS, text, message);
        if (tie != (t == NULL) || (tie && strncmp(message, begin, strlen(begin)) != 0)) {
            fail_msg("%s expected \"%s\", got \"%s\"", text, begin, message);
        }
        tb_tables_free(t);
    }
    settings_end(&s);
    print_message("%d ties, %d clean\n", ties, clean);
    assert_true(ties > 300 && clean > 300);
}

/* --- speed ---------------------------------------------------------------------------------------------- */

static void check_large(enum tb_table_kind kind, const char *header, const char *row, unsigned rows,
                        double seconds_max)
{
    struct tb_settings s;
    struct tb_buf text;
    struct tb_err err = {0};
    char message[MESSAGE_MAX];
    settings_begin(&s, "UTC");
    tb_buf_init(&text, 64u << 20);
    assert_int_equal(tb_buf_str(&text, tb_str_of(header), &err), TB_OK);
    for (unsigned i = 0; i < rows; i++) {
        assert_int_equal(tb_buf_printf(&text, &err, row, i, i + 1), TB_OK);
    }
    assert_int_equal(tb_buf_add(&text, "", 1, &err), TB_OK);
    int64_t begin = tb_clock_monotonic_us();
    struct tb_tables *t = parse_text(&s, kind, text.p, message);
    double seconds = (double)(tb_clock_monotonic_us() - begin) / 1e6;
    assert_string_equal(message, "");
    print_message("%u rows like %.*s: %.0f ms\n", rows, (int)strcspn(row, "\n"), row, seconds * 1000);
    assert_true(seconds < seconds_max);
    tb_tables_free(t);
    tb_buf_release(&text);
    settings_end(&s);
}

#define ACCOUNTS "consumer,source,team,time_zone\n"
#define PRICES   "model,meter,price,per,effective_from,effective_to\n"

/* The bounds are for a busy machine with sanitizers; without, each takes some ten milliseconds. */
static void large_tables_are_checked_fast(void **state)
{
    (void)state;
    check_large(TB_TABLE_ACCOUNTS, ACCOUNTS, "team-%05u,,t,Europe/Berlin\n", 10000, 5);
    check_large(TB_TABLE_ACCOUNTS, ACCOUNTS, "team-%05u-*,gateway,t,\n", 10000, 5);
    check_large(TB_TABLE_PRICES, PRICES, "model-%04u,input,1,1000,,\n", 5000, 5);
    check_large(TB_TABLE_PRICES, PRICES, "model-%04u*,input,1,1000,2026-01-01,\n", 5000, 5);
    check_large(TB_TABLE_PRICES, PRICES,
                "*m*,input,1,1000,2026-01-01T00:00:00.%06uZ,2026-01-01T00:00:00.%06uZ\n", 5000, 5);
}

/* Nothing to sort by: each pair of 5,000 is looked at. */
static void common_beginnings_take_longer(void **state)
{
    (void)state;
    check_large(TB_TABLE_PRICES, PRICES, "*-%04u,input,1,1000,,\n", 5000, 20);
}

int main(void)
{
    make_world();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_tie_exactly_where_brute_force_says),
        cmocka_unit_test(accounts_tie_exactly_where_brute_force_says),
        cmocka_unit_test(large_tables_are_checked_fast),
        cmocka_unit_test(common_beginnings_take_longer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(world);
    return failed;
}
