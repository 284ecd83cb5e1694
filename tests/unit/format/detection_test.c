/* Every sample of every format, against every format: a line is found to be its own format's, and no other one makes
 * events of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "format/format.h"
#include "format/schema.h"

static struct tb_format_set *set;

static int set_up(void **state)
{
    struct tb_err err;
    (void)state;
    return tb_format_set_new(NULL, &set, &err) != TB_OK;
}

static int tear_down(void **state)
{
    (void)state;
    tb_format_set_free(set);
    return 0;
}

/* A copy with 16 bytes behind it, as lines of files have. */
static struct tb_str copy_of(struct tb_str text)
{
    char *copy = calloc(1, text.n + 16);
    assert_non_null(copy);
    memcpy(copy, text.s, text.n);
    return (struct tb_str){copy, text.n};
}

static void each_sample(const struct tb_format *f, const char *kind,
                        void (*take)(const struct tb_format *f, struct tb_str line))
{
    const struct tb_json_node *samples = tb_json_get(tb_json_root(f->json), "samples");
    for (const struct tb_json_node *n = tb_json_first(tb_json_get(samples, kind)); n != NULL;
         n = tb_json_next(n)) {
        struct tb_str line = copy_of(tb_json_text(tb_json_get(n, "line")));
        take(f, line);
        free((void *)(uintptr_t)line.s);
    }
}

static uint32_t taken;

static void is_won(const struct tb_format *f, struct tb_str line)
{
    if (line.s[0] != '{') { /* blank lines, headers, plain text: told by the lines around them */
        return;
    }
    const struct tb_format *winner = tb_format_bid(set, &line, 1);
    taken++;
    if (winner != f) {
        fail_msg("%s goes to %s: %.*s", tb_format_id(f), winner == NULL ? "none" : tb_format_id(winner),
                 (int)line.n, line.s);
    }
}

static void is_nobody_elses(const struct tb_format *f, struct tb_str line)
{
    struct tb_outcome out;
    for (size_t i = 0; i < tb_format_count(set); i++) {
        const struct tb_format *g = tb_format_at(set, i);
        struct tb_extractor *x = tb_extractor_new(g);
        assert_non_null(x);
        tb_extract(x, line, &out);
        if (g != f && out.kind == TB_OUTCOME_EVENTS) {
            fail_msg("%s makes events of %s's: %.*s", tb_format_id(g), tb_format_id(f), (int)line.n, line.s);
        }
        tb_extractor_free(x);
    }
}

static void samples_go_to_their_format(void **state)
{
    (void)state;
    taken = 0;
    for (size_t i = 0; i < tb_format_count(set); i++) {
        each_sample(tb_format_at(set, i), "accepted", is_won);
        each_sample(tb_format_at(set, i), "ignored", is_won);
    }
    assert_true(taken > 50);
}

static void no_format_steals(void **state)
{
    (void)state;
    for (size_t i = 0; i < tb_format_count(set); i++) {
        each_sample(tb_format_at(set, i), "accepted", is_nobody_elses);
        each_sample(tb_format_at(set, i), "ignored", is_nobody_elses);
    }
}

/* A header and a row go to the format whose columns they are. */
static void tables_go_to_their_format(void **state)
{
    static const struct {
        const char *header, *row, *id;
    } rows[] = {
        {"created_at,tool_name,success,retries,latency_ms", "2026-01-05T10:00:00Z,search,t,0,5",
         "tool_calls"},
        {"created_at;user_id;model_version;input_tokens", "2026-01-05T10:00:00Z;u;m;5", "inference_events"},
        {"response_id,response_status,request_created_at,request_user_id,model,prompt_tokens,latency,cost",
         "hs-1,200,2026-01-05T10:00:00Z,u,m,5,80,0.1", "helicone"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_str lines[2] = {copy_of(tb_str_of(rows[i].header)), copy_of(tb_str_of(rows[i].row))};
        const struct tb_format *winner = tb_format_bid(set, lines, 2);
        assert_non_null(winner);
        assert_string_equal(tb_format_id(winner), rows[i].id);
        free((void *)(uintptr_t)lines[0].s);
        free((void *)(uintptr_t)lines[1].s);
    }
}

/* A format that was asked for is taken where it reads a line, or where no format reads one. */
static void a_wish_gives_way(void **state)
{
    static const struct {
        const char *line, *wish, *id;
    } rows[] = {
        {"{\"ts\":\"2026-01-05T10:00:00Z\",\"input_tokens\":5}", "kong", "tollbook_event"},
        {"{\"request\":{},\"response\":{\"status\":429},\"started_at\":1767225600000}", "tollbook_event",
         "kong"},
        {"{\"ts\":\"2026-01-05T10:00:00Z\",\"input_tokens\":-5}", "tollbook_event", "tollbook_event"},
        {"no format's", "kong", "kong"},
        {"no format's", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_str line = copy_of(tb_str_of(rows[i].line));
        const struct tb_format *wish = rows[i].wish != NULL ? tb_format_find(set, rows[i].wish) : NULL;
        const struct tb_format *f = tb_format_choose(set, wish, &line, 1);
        assert_true((f == NULL) == (rows[i].id == NULL));
        if (f != NULL) {
            assert_string_equal(tb_format_id(f), rows[i].id);
        }
        assert_ptr_equal(tb_format_choose(set, wish, &line, 0), wish);
        free((void *)(uintptr_t)line.s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_go_to_their_format), cmocka_unit_test(no_format_steals),
        cmocka_unit_test(tables_go_to_their_format), cmocka_unit_test(a_wish_gives_way)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
