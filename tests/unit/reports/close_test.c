/* Closed days: whatever arrives and whoever reopens what, the standing packs together charge what all days cost, each rounded for
 * itself, to the cent; and a closed day's files never change. */
#include "pack_scene.h"
#include "rate/closing.h"
#include "reports/pack_adjust.h"
#include "store/revision.h"

#define DAYS   7
#define ROUNDS 40

/* What the test knows: tokens of each day, price in units of 1/1000000 of a cent a token, and what stands. */
struct ledger {
    int64_t tokens[DAYS]; /* input of the one priced model */
    int64_t price;        /* micro dollars per token */
    bool packed[DAYS], closed[DAYS];
    char sums[DAYS][TB_SHA256_HEX]; /* of a closed day's SHA256SUMS */
    int today;                      /* the last day that is over */
    uint64_t serial;
};

static uint32_t state = 12345;

static uint32_t roll(uint32_t n)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % n;
}

static void set_price(struct scene *s, struct ledger *l, int64_t micro)
{
    char prices[512];
    l->price = micro;
    snprintf(prices, sizeof prices, PRICE_HEADER ",big,input,%lld,1000000,,,,,,,,\n,big,output,0,1,,,,,,,,\n",
             (long long)micro);
    scene_tables(s, prices, ACCOUNTS);
}

/* A day in cents: half a cent goes up. */
static int64_t cents_of(const struct ledger *l, int day)
{
    return (l->tokens[day] * l->price + 5000) / 10000;
}

static void late_calls(struct scene *s, struct ledger *l, int day)
{
    static const char *const who[] = {"ann", "bob", "eve"};
    struct call calls[3];
    uint32_t n = 1 + roll(3);
    for (uint32_t i = 0; i < n; i++) {
        int64_t tokens = 1 + roll(4000);
        calls[i] = (struct call){DAY + day, (int)roll(1440), who[roll(3)], "big", tokens, 0};
        l->tokens[day] += tokens;
    }
    scene_file(s, 0, ++l->serial, calls, n);
}

static void sums_digest(struct scene *s, int day, char out[TB_SHA256_HEX])
{
    char path[512], text[TB_TS_TEXT_MAX];
    struct tb_buf bytes;
    struct tb_sha256 sha;
    tb_day_format(DAY + day, text);
    snprintf(path, sizeof path, "%s/%s/SHA256SUMS", s->output, text);
    tb_buf_init(&bytes, TEXT_MAX);
    must(s, tb_file_read(path, TEXT_MAX, &bytes, &s->err));
    tb_sha256_init(&sha);
    tb_sha256_add(&sha, bytes.p, bytes.n);
    tb_sha256_hex(&sha, out);
    tb_buf_release(&bytes);
}

static void close_day(struct scene *s, struct ledger *l, int day)
{
    struct tb_closing act = {.name = "ann", .note = "seen", .at_us = 5};
    struct tb_pack_result r;
    must(s, tb_pack_close(s->db, &s->settings, s->tables, s->version, DAY + day, &act, &r, &s->err));
    l->closed[day] = true;
    sums_digest(s, day, l->sums[day]);
}

static void reopen_day(struct scene *s, struct ledger *l, int day)
{
    struct tb_closing act = {.name = "bob", .at_us = 6, .revision = 1};
    must(s, tb_db_begin(s->db, &s->err));
    must(s, tb_closing_reopen(s->db, DAY + day, &act, &s->err));
    must(s, tb_db_commit(s->db, &s->err));
    l->closed[day] = false;
}

/* What the day's last revision bills, in cents. */
static int64_t billed(struct scene *s, int day)
{
    struct tb_buf json;
    int64_t whole = 0, cents = 0;
    tb_buf_init(&json, TEXT_MAX);
    must(s, tb_revision_get(s->db, DAY + day, 0, &json, NULL, &s->err));
    must(s, tb_buf_add(&json, "", 1, &s->err));
    const char *totals = strstr(json.p, "\"totals\":{"), *at = strstr(totals, "\"billed\":\"");
    assert_non_null(at);
    at += strlen("\"billed\":\"");
    assert_int_equal(sscanf(at + (*at == '-'), "%lld.%lld", (long long *)&whole, (long long *)&cents), 2);
    int64_t all = 100 * whole + cents;
    all = *at == '-' ? -all : all;
    tb_buf_release(&json);
    return all;
}

/* As `run` does it. */
static void run(struct scene *s, struct ledger *l)
{
    int posted = 0;
    assert_false(l->closed[l->today]);
    must(s, tb_pack_adjust(s->db, &s->settings, s->tables, s->version, DAY + l->today, &posted, &s->err));
    for (int day = 0; day <= l->today; day++) {
        if (!l->closed[day] && scene_stale(s, DAY + day)) {
            scene_pack(s, DAY + day);
        }
        l->packed[day] = true;
    }
}

static void check(struct scene *s, const struct ledger *l)
{
    int64_t charged = 0, due = 0;
    int pending = 0;
    for (int day = 0; day <= l->today; day++) {
        char sums[TB_SHA256_HEX];
        charged += billed(s, day);
        due += cents_of(l, day);
        if (l->closed[day]) {
            sums_digest(s, day, sums);
            assert_string_equal(sums, l->sums[day]);
        }
    }
    assert_int_equal(charged, due);
    must(s, tb_pack_adjust_pending(s->db, &s->settings, s->tables, s->version, INT32_MAX, &pending, &s->err));
    assert_int_equal(pending, 0);
}

static void any_act(struct scene *s, struct ledger *l)
{
    int day = (int)roll((uint32_t)l->today + 1);
    bool changed = true;
    switch (roll(6)) {
    case 0:
        if (day < l->today && l->packed[day] && !l->closed[day]) {
            must(s, tb_pack_changed(s->db, &s->settings, s->version, DAY + day, &changed, &s->err));
            if (!changed) {
                close_day(s, l, day);
            }
        }
        break;
    case 1:
        if (l->closed[day]) {
            reopen_day(s, l, day);
            l->packed[day] = false;
        }
        break;
    case 2:
        set_price(s, l, 1 + roll(9000));
        break;
    default:
        late_calls(s, l, day);
    }
}

static void test_packs_together_charge_what_all_days_cost(void **state_)
{
    (void)state_;
    struct scene s;
    struct ledger l = {.today = 0};
    scene_begin(&s);
    set_price(&s, &l, 3001);
    late_calls(&s, &l, 0);
    for (int round = 0; round < ROUNDS; round++) {
        if (round % 6 == 5 && l.today < DAYS - 1) {
            l.today++;
        }
        for (uint32_t acts = 1 + roll(4); acts > 0; acts--) {
            any_act(&s, &l);
        }
        run(&s, &l);
        check(&s, &l);
    }
    assert_true(scene_number(&s, "select count(*) from adjustment") > 5);
    assert_true(scene_number(&s, "select count(*) from adjustment where posted_day = original_day") > 0);
    scene_end(&s);
}

static void test_a_run_that_changes_nothing_posts_nothing(void **state_)
{
    (void)state_;
    struct scene s;
    struct ledger l = {.today = 0};
    scene_begin(&s);
    set_price(&s, &l, 3001);
    late_calls(&s, &l, 0);
    run(&s, &l);
    close_day(&s, &l, 0);
    l.today = 1;
    late_calls(&s, &l, 0);
    run(&s, &l);
    int64_t rows = scene_number(&s, "select count(*) from adjustment");
    int64_t revisions = scene_number(&s, "select count(*) from revision");
    assert_true(rows > 0);
    run(&s, &l);
    scene_pack(&s, DAY + 1); /* asked for by date */
    assert_int_equal(scene_number(&s, "select count(*) from adjustment"), rows);
    assert_int_equal(scene_number(&s, "select count(*) from revision"), revisions);
    scene_tables(&s, PRICES, ACCOUNTS "zoe,,Ops,7,,,,,,2030-01-01,\n"); /* of no account to these days */
    set_price(&s, &l, 3001);
    run(&s, &l);
    assert_int_equal(scene_number(&s, "select count(*) from adjustment"), rows);
    scene_end(&s);
}

static void test_what_cannot_be_closed(void **state_)
{
    (void)state_;
    struct scene s;
    struct ledger l = {.today = 0};
    struct tb_closing act = {.name = "ann", .at_us = 5};
    struct tb_pack_result r;
    scene_begin(&s);
    set_price(&s, &l, 3001);
    late_calls(&s, &l, 0);
    assert_int_equal(tb_pack_close(s.db, &s.settings, s.tables, s.version, DAY, &act, &r, &s.err), TB_FAIL);
    assert_non_null(strstr(s.err.text, "no pack to close"));
    run(&s, &l);
    late_calls(&s, &l, 0);
    assert_int_equal(tb_pack_close(s.db, &s.settings, s.tables, s.version, DAY, &act, &r, &s.err), TB_FAIL);
    assert_non_null(strstr(s.err.text, "has changed since its last pack"));
    run(&s, &l);
    close_day(&s, &l, 0);
    assert_int_equal(tb_pack_close(s.db, &s.settings, s.tables, s.version, DAY, &act, &r, &s.err), TB_FAIL);
    assert_non_null(strstr(s.err.text, "closed already, by \"ann\""));
    assert_int_equal(tb_pack_write(s.db, &s.settings, s.tables, s.version, DAY, 5, &r, &s.err), TB_FAIL);
    assert_non_null(strstr(s.err.text, "is closed"));
    scene_end(&s);
}

/* Killed behind the closing, before the workbook said so: closing again finishes it; and what was closed stays when the day
 * has changed meanwhile. */
static void test_a_killed_closing_is_finished(void **state_)
{
    (void)state_;
    struct scene s;
    struct ledger l = {.today = 0};
    struct tb_closing act = {.name = "eve", .at_us = 7};
    struct tb_pack_result r;
    scene_begin(&s);
    set_price(&s, &l, 3001);
    late_calls(&s, &l, 0);
    run(&s, &l);
    close_day(&s, &l, 0);
    scene_run(&s, "update closed_day set stamped = 0");
    must(&s, tb_pack_close(s.db, &s.settings, s.tables, s.version, DAY, &act, &r, &s.err));
    assert_int_equal(scene_number(&s, "select stamped from closed_day"), 1);
    char *strings = workbook_part(&s, "xl/sharedStrings.xml");
    assert_non_null(strstr(strings, "FINAL"));
    assert_non_null(
        strstr(strings, "closed by ann on 1970-01-01: seen")); /* who closed it, not who finished */
    free(strings);
    scene_run(&s, "update closed_day set stamped = 0");
    late_calls(&s, &l, 0);
    must(&s, tb_pack_close(s.db, &s.settings, s.tables, s.version, DAY, &act, &r, &s.err));
    assert_int_equal(scene_number(&s, "select stamped from closed_day"), 1);
    assert_int_equal(scene_number(&s, "select max(revision) from revision"), 1);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs_together_charge_what_all_days_cost),
        cmocka_unit_test(test_a_run_that_changes_nothing_posts_nothing),
        cmocka_unit_test(test_what_cannot_be_closed),
        cmocka_unit_test(test_a_killed_closing_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
