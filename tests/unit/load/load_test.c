/* Whole loads of small files: every count, and the same answer by every road. */
#include "scene.h"

static void every_line_of_a_file_is_accounted_for(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    add_kong(&b, "a1", 1, "alice", "gpt-4o", 100, 20);
    size_t torn_line = b.n;
    add_line(&b, "{\"request\":{\"id\":\"torn\",\"size\":8");
    add_line(&b, "");
    add_kong(&b, "a1", 1, "alice", "gpt-4o", 100, 20);
    add_kong(&b, "a2", 2, "bob", "gpt-4o", 50, 10);
    add_line(&b, "   ");
    add_line(&b, "10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"curl/8\"");
    add_kong(&b, "a2", 2, "bob", "gpt-4o", 51, 10);
    b.n--; /* the last line has no newline */
    scene_write(&s, "k.log", &b);
    scene_list(&s, "k.log", "gateway", "kong", "n1");
    scene_load(&s);
    assert_int_equal(s.sum.files, 1);
    assert_int_equal(s.sum.lines, 8);
    assert_int_equal(s.sum.events, 2);
    assert_int_equal(s.sum.duplicates, 1);
    assert_int_equal(s.sum.conflicts, 1);
    assert_int_equal(s.sum.ignored, 3);
    assert_int_equal(s.sum.rejected, 1);
    assert_int_equal(s.sum.bytes, b.n);
    assert_int_equal(scene_int(&s, "SELECT sum(input) FROM usage_event"), 151);
    assert_int_equal(
        scene_int(&s, "SELECT lines FROM file_reason WHERE kind = 'ignored' AND reason = 'blank'"), 2);
    assert_int_equal(scene_int(&s, "SELECT line FROM reject"), 2);
    assert_true(scene_int(&s, "SELECT byte FROM reject") >= (int64_t)torn_line);
    assert_true(scene_int(&s, "SELECT byte FROM reject") < (int64_t)torn_line + 40);
    assert_int_equal(
        scene_int(
            &s,
            "SELECT count(*) FROM file WHERE format = 'kong' AND kind = 'plain' AND wrapper = 'plain' AND "
            "node = 'n1' AND raw_digest IS NOT NULL AND incomplete IS NULL"),
        1);
    assert_int_equal(scene_int(&s, "SELECT count(*) FROM file_quarter"), 1);
    assert_int_equal(scene_int(&s, "SELECT quarter FROM file_quarter"), SCENE_START / 900);
    assert_int_equal(scene_int(&s, "SELECT count(*) FROM usage_event WHERE node = 'n1'"), 2);
    tb_buf_release(&b);
    scene_end(&s);
}

/* Whatever a program says first: what nginx writes tells no format, and a program's own words are no reason to give up. */
static void a_format_is_told_however_late_its_records_come(void **state)
{
    (void)state;
    static const char nginx[] =
        "10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"curl/8\"";
    static const struct {
        const char *line;
        int lines, calls, ignored, rejected;
    } cases[] = {{nginx, 30000, 3, 30000, 0}, {nginx, 20, 0, 20, 0}, {"starting up", 900, 3, 0, 900}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        struct tb_buf b;
        scene_begin(&s);
        tb_buf_init(&b, 4 << 20);
        for (int k = 0; k < cases[i].lines; k++) {
            add_line(&b, cases[i].line);
        }
        for (int k = 0; k < cases[i].calls; k++) {
            char id[16];
            snprintf(id, sizeof id, "c%d", k);
            add_kong(&b, id, k, "alice", "gpt-4o", 100, 20);
        }
        scene_write(&s, "k.log", &b);
        scene_list(&s, "k.log", "gateway", NULL, "n1");
        scene_load(&s);
        assert_int_equal(s.sum.events, cases[i].calls);
        assert_int_equal(s.sum.ignored, cases[i].ignored);
        assert_int_equal(s.sum.rejected, cases[i].rejected);
        tb_buf_release(&b);
        scene_end(&s);
    }
}

/* A few hundred lines of every kind, deterministic by seed; ids overlap between seeds of one family. */
static void compose(struct tb_buf *b, uint64_t seed, int lines)
{
    tb_buf_clear(b);
    for (int i = 0; i < lines; i++) {
        char id[32], consumer[32];
        uint32_t call = test_below(&seed, 400);
        uint64_t fixed = call; /* a call says the same wherever it is logged, but for one in 20 */
        int odd = call % 20 == 0 ? (int)test_below(&seed, 3) : 0;
        snprintf(id, sizeof id, "call-%u", call);
        snprintf(consumer, sizeof consumer, "user-%u", test_below(&fixed, 30));
        switch (test_below(&seed, 12)) {
        case 0:
            add_line(b, test_below(&seed, 2) ? "" : "plain words, no log line");
            break;
        case 1:
            add(b, "{\"ts\":\"2026-11-22T10:00:00Z\",\"input_tokens\":%u\n", test_below(&seed, 9)); /* torn */
            break;
        case 2:
        case 3:
            add_own(b, NULL, test_below(&seed, 40), "anybody", 7, 1);
            break;
        default:
            add_own(b, id, (int64_t)call * 1000 + odd, consumer, (int)call + odd, 3);
        }
    }
}

/* Loads the files f0.log... in the order given by order, n of them, into a new database. */
static void load_in_order(struct scene *s, const int *order, int n)
{
    scene_again(s);
    scene_list_clear(s);
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%d.log", order[i]);
        scene_list(s, name, "gateway", "tollbook_event", order[i] % 2 ? "n1" : "n2");
    }
    scene_load(s);
}

#define MANY 9

static void write_many(struct scene *s)
{
    struct tb_buf b;
    tb_buf_init(&b, 1 << 20);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%d.log", i);
        compose(&b, (uint64_t)i + 1, i == 3 ? 3000 : i == 5 ? 0 : 150);
        scene_write(s, name, &b);
    }
    /* The long one outlasts the others, so that a core is free to decompress it ahead. */
    scene_sh(s, "gzip f3.log && mv f3.log.gz f3.log");
    tb_buf_release(&b);
}

static void the_database_does_not_depend_on_workers(void **state)
{
    (void)state;
    static const int order[MANY] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct scene s;
    struct tb_buf first, again;
    scene_begin(&s);
    write_many(&s);
    for (int tiny = 0; tiny < 2; tiny++) {
        s.bounds = tiny ? test_bounds() : TB_BOUNDS_DEFAULT;
        s.workers = 1;
        load_in_order(&s, order, MANY);
        scene_dump(&s, &first);
        assert_true(first.n > 10000);
        for (int round = 0; round < 9; round++) {
            s.workers = 1 + round % 4;
            load_in_order(&s, order, MANY);
            scene_dump(&s, &again);
            assert_texts_equal(&first, &again);
            tb_buf_release(&again);
        }
        tb_buf_release(&first);
    }
    scene_end(&s);
}

static void events_do_not_depend_on_order_or_bounds(void **state)
{
    (void)state;
    int order[MANY] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct scene s;
    struct tb_buf first, again;
    uint64_t seed = 77;
    scene_begin(&s);
    write_many(&s);
    load_in_order(&s, order, MANY);
    scene_events(&s, &first);
    uint64_t lines = s.sum.lines, rejected = s.sum.rejected, ignored = s.sum.ignored;
    for (int round = 0; round < 12; round++) {
        for (int i = MANY - 1; i > 0; i--) {
            int j = (int)test_below(&seed, (uint32_t)i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        s.bounds = round % 2 ? test_bounds() : TB_BOUNDS_DEFAULT;
        load_in_order(&s, order, MANY);
        scene_events(&s, &again);
        assert_texts_equal(&first, &again);
        tb_buf_release(&again);
        assert_int_equal(s.sum.lines, lines);
        assert_int_equal(s.sum.rejected, rejected);
        assert_int_equal(s.sum.ignored, ignored);
        /* what the ledger says of all files together is what is there */
        assert_int_equal(scene_int(&s, "SELECT sum(events) FROM file"),
                         scene_int(&s, "SELECT count(*) FROM usage_event"));
        assert_int_equal(scene_int(&s, "SELECT count(*) FROM file WHERE lines <> events + duplicates + "
                                       "conflicts + ignored + rejected"),
                         0);
    }
    tb_buf_release(&first);
    scene_end(&s);
}

static void loading_again_changes_nothing(void **state)
{
    (void)state;
    static const int order[MANY] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct scene s;
    struct tb_buf first, again;
    scene_begin(&s);
    write_many(&s);
    load_in_order(&s, order, MANY);
    scene_dump(&s, &first);
    scene_load(&s);
    assert_int_equal(s.sum.files, 0);
    assert_int_equal(s.sum.files_known, MANY);
    assert_int_equal(s.sum.lines, 0);
    scene_dump(&s, &again);
    assert_texts_equal(&first, &again);
    tb_buf_release(&first);
    tb_buf_release(&again);
    scene_end(&s);
}

static void a_copy_counts_as_duplicates_however_it_comes(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "cp k.log other.log",
        "gzip -1 -c k.log > other.log",
        "gzip -9 -n -c k.log > other.log",
        "xz -c k.log > other.log",
        "bzip2 -c k.log > other.log",
        "(head -c 700 k.log | gzip -c; tail -c +701 k.log | gzip -c) > other.log"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        for (int together = 0; together < 2; together++) {
            struct scene s;
            struct tb_buf b, first, again;
            scene_begin(&s);
            tb_buf_init(&b, 1 << 20);
            for (int call = 0; call < 100; call++) {
                char id[32];
                snprintf(id, sizeof id, "c%d", call % 90);
                add_kong(&b, id, call % 90 * 600, "alice", "gpt-4o", 10 + call % 90, 5);
                if (call % 10 == 0) {
                    add_line(&b, call % 20 ? "" : "{\"torn\":");
                }
            }
            scene_write(&s, "k.log", &b);
            scene_sh(&s, commands[i]);
            scene_list(&s, "k.log", "gateway", NULL, "n1");
            if (!together) {
                scene_load(&s);
                assert_int_equal(s.sum.events, 90);
                scene_events(&s, &first);
            }
            scene_list(&s, "other.log", "gateway", i % 2 ? "kong" : NULL, "n1");
            scene_load(&s);
            assert_int_equal(s.sum.files, together ? 2 : 1);
            assert_int_equal(s.sum.rejected, together ? 5 : 0);
            assert_int_equal(s.sum.duplicates, together ? 10 + 110 : 110);
            assert_int_equal(scene_int(&s, "SELECT lines - duplicates FROM file WHERE file = 2"), 0);
            assert_int_equal(scene_int(&s, "SELECT same_as FROM file WHERE file = 2"), 1);
            assert_int_equal(scene_int(&s, "SELECT count(*) FROM reject"), 5);
            assert_int_equal(scene_int(&s, "SELECT count(DISTINCT digest) FROM file"), 1);
            assert_int_equal(scene_int(&s, "SELECT count(*) FROM (SELECT quarter FROM file_quarter GROUP BY "
                                           "1 HAVING count(*) <> 2)"),
                             0);
            if (!together) {
                scene_events(&s, &again);
                assert_texts_equal(&first, &again);
                tb_buf_release(&first);
                tb_buf_release(&again);
            }
            tb_buf_release(&b);
            scene_end(&s);
        }
    }
}

static void rotation_overlap_counts_once(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int call = 0; call < 60; call++) {
        char id[32];
        snprintf(id, sizeof id, "c%d", call);
        if (call == 40) {
            scene_write(&s, "a.log.1", &b);
        }
        add_kong(&b, id, call, "alice", "gpt-4o", call, 5);
    }
    scene_write(&s, "a.log", &b);
    scene_list(&s, "a.log", "gateway", NULL, NULL);
    scene_list(&s, "a.log.1", "gateway", NULL, NULL);
    scene_load(&s);
    assert_int_equal(s.sum.events, 60);
    assert_int_equal(s.sum.duplicates, 40);
    tb_buf_release(&b);
    scene_end(&s);
}

static void a_log_that_grew_is_read_again(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    add_kong(&b, "c1", 1, "alice", "gpt-4o", 10, 5);
    add(&b, "{\"started_at\":17");
    scene_write(&s, "a.log", &b);
    scene_load_one(&s, "a.log", NULL);
    assert_int_equal(s.sum.events, 1);
    assert_int_equal(s.sum.rejected, 1);
    b.n -= 16;
    add_kong(&b, "c2", 2, "alice", "gpt-4o", 10, 5);
    scene_write(&s, "a.log", &b);
    scene_load_one(&s, "a.log", NULL);
    assert_int_equal(s.sum.events, 1);
    assert_int_equal(s.sum.duplicates, 1);
    assert_int_equal(s.sum.rejected, 0);
    tb_buf_release(&b);
    scene_end(&s);
}

/* Records without an id: as many as the file that has most of each, whatever the order and however small the
 * table. */
static void without_ids_the_highest_multiplicity_counts(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int tiny = 0; tiny < 2; tiny++) {
        for (int way = 0; way < 2; way++) {
            int most[40] = {0}, expected = 0;
            uint64_t seed = 4;
            s.bounds = tiny ? test_bounds() : TB_BOUNDS_DEFAULT;
            scene_again(&s);
            scene_list_clear(&s);
            for (int file = 0; file < 4; file++) {
                int count[40] = {0};
                char name[32];
                tb_buf_clear(&b);
                for (int i = 0; i < 200; i++) {
                    uint32_t r = test_below(&seed, 40);
                    count[r]++;
                    add_own(&b, NULL, r, "alice", (int)r, 1);
                }
                for (int r = 0; r < 40; r++) {
                    most[r] = count[r] > most[r] ? count[r] : most[r];
                }
                snprintf(name, sizeof name, "f%d.log", way ? 3 - file : file);
                scene_write(&s, name, &b);
            }
            for (int file = 0; file < 4; file++) {
                char name[32];
                snprintf(name, sizeof name, "f%d.log", file);
                scene_list(&s, name, "gateway", NULL, NULL);
            }
            for (int r = 0; r < 40; r++) {
                expected += most[r];
            }
            scene_load(&s);
            assert_int_equal(s.sum.events, expected);
            assert_int_equal(s.sum.duplicates, 800 - expected);
            assert_int_equal(scene_int(&s, "SELECT count(*) FROM usage_event"), expected);
        }
    }
    tb_buf_release(&b);
    scene_end(&s);
}

/* A record of two plugins is two calls and two lines; without an id each is counted by its own multiplicity. */
static void a_record_that_makes_two_events_counts_as_two_lines(void **state)
{
    (void)state;
    static const int copies[2] = {3, 2};
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int with_id = 0; with_id < 2; with_id++) {
        for (int tiny = 0; tiny < 2; tiny++) {
            s.bounds = tiny ? test_bounds() : TB_BOUNDS_DEFAULT;
            s.bounds.occurrence_slots = tiny ? 4 : s.bounds.occurrence_slots;
            scene_again(&s);
            scene_list_clear(&s);
            for (int file = 0; file < 2; file++) {
                char name[16];
                tb_buf_clear(&b);
                for (int i = 0; i < copies[file] * 4; i++) {
                    add(&b,
                        "{\"request\":{%s},\"response\":{\"status\":200},\"started_at\":%lld00%d,\"ai\":{"
                        "\"ai-proxy\":{\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}},"
                        "\"ai-request-transformer\":{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}"
                        "}}\n",
                        with_id ? "\"id\":\"one\"" : "", (long long)SCENE_START, with_id ? 0 : i % 4);
                }
                snprintf(name, sizeof name, "%d.log", file);
                scene_write(&s, name, &b);
                scene_list(&s, name, "gateway", "kong", NULL);
            }
            scene_load(&s);
            assert_int_equal(s.sum.lines, 40);
            assert_int_equal(s.sum.events, with_id ? 2 : 24);
            assert_int_equal(s.sum.duplicates, with_id ? 38 : 16);
            assert_int_equal(scene_int(&s, "SELECT sum(input) FROM usage_event"), (with_id ? 1 : 12) * 16);
        }
    }
    tb_buf_release(&b);
    scene_end(&s);
}

/* Five tellings of one call, on two days: the one with most rules, by every road of 120. */
static void conflicts_end_the_same_in_every_order(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b, first = {.p = NULL}, again;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int i = 0; i < 5; i++) {
        static const char *const tellings[5] = {
            "{\"id\":\"x\",\"ts\":\"2026-11-22T23:59:00Z\",\"consumer\":\"a\",\"status\":200}",
            "{\"id\":\"x\",\"ts\":\"2026-11-22T23:59:00Z\",\"consumer\":\"a\",\"input_tokens\":10,\"output_"
            "tokens\":5,\"status\":200}",
            "{\"id\":\"x\",\"ts\":\"2026-11-23T00:01:00Z\",\"consumer\":\"a\",\"input_tokens\":10,\"output_"
            "tokens\":9,\"status\":200}",
            "{\"id\":\"x\",\"ts\":\"2026-11-23T00:02:00Z\",\"consumer\":\"a\",\"total_tokens\":900,"
            "\"status\":200}",
            "{\"id\":\"x\",\"ts\":\"2026-11-22T23:58:00Z\",\"consumer\":\"a\",\"input_tokens\":10,\"output_"
            "tokens\":9,\"status\":200}"};
        char name[32];
        tb_buf_clear(&b);
        add_line(&b, tellings[i]);
        snprintf(name, sizeof name, "f%d.log", i);
        scene_write(&s, name, &b);
    }
    for (int p = 0; p < 120; p++) {
        int left[5] = {0, 1, 2, 3, 4}, order[5], k = p;
        for (int i = 0; i < 5; i++) {
            int pick = k % (5 - i);
            k /= 5 - i;
            order[i] = left[pick];
            memmove(left + pick, left + pick + 1, (size_t)(4 - pick) * sizeof *left);
        }
        load_in_order(&s, order, 5);
        assert_int_equal(s.sum.lines, 5);
        assert_int_equal(scene_int(&s, "SELECT sum(events) FROM file"), 1);
        assert_int_equal(scene_int(&s, "SELECT sum(conflicts) FROM file"), 4);
        scene_events(&s, &again);
        if (p == 0) {
            first = again;
            assert_non_null(strstr(first.p, "|10|"));
        } else {
            assert_texts_equal(&first, &again);
            tb_buf_release(&again);
        }
    }
    assert_int_equal(
        scene_int(&s, "SELECT ts = (strftime('%s', '2026-11-23T00:01:00') * 1000000) FROM usage_event"), 1);
    tb_buf_release(&first);
    tb_buf_release(&b);
    scene_end(&s);
}

/* Of equal records on two nodes the smaller name stays; the second telling is all duplicates. */
static void the_smaller_node_stays_whichever_comes_first(void **state)
{
    (void)state;
    static const char *const nodes[3] = {"b", "a", NULL};
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int call = 0; call < 20; call++) {
        char id[32];
        snprintf(id, sizeof id, "c%d", call);
        add_kong(&b, id, call, "alice", "gpt-4o", call, 5);
        add_line(&b, "");
    }
    scene_write(&s, "0.log", &b);
    scene_sh(&s, "cp 0.log 1.log; gzip -c 0.log > 2.log");
    for (int p = 0; p < 6; p++) {
        for (int apart = 0; apart < 2; apart++) {
            int first = p / 2, second = (first + 1 + p % 2) % 3, third = 3 - first - second;
            const int order[3] = {first, second, third};
            uint64_t lines = 0, ignored = 0;
            scene_again(&s);
            scene_list_clear(&s);
            for (int i = 0; i < 3; i++) {
                char name[32];
                snprintf(name, sizeof name, "%d.log", i);
                scene_list(&s, name, "gateway", NULL, nodes[order[i]]);
                if (apart || i == 2) {
                    scene_load(&s);
                    lines += s.sum.lines;
                    ignored += s.sum.ignored;
                }
            }
            assert_int_equal(lines, 120);
            assert_int_equal(ignored, 20);
            assert_int_equal(scene_int(&s, "SELECT count(*) FROM usage_event"), 20);
            assert_int_equal(scene_int(&s, "SELECT count(*) FROM usage_event WHERE node = 'a'"), 20);
            assert_int_equal(scene_int(&s, "SELECT sum(events) FROM file"), 20);
            assert_int_equal(scene_int(&s, "SELECT sum(duplicates) FROM file"), 80);
        }
    }
    tb_buf_release(&b);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_a_file_is_accounted_for),
        cmocka_unit_test(a_format_is_told_however_late_its_records_come),
        cmocka_unit_test(the_database_does_not_depend_on_workers),
        cmocka_unit_test(events_do_not_depend_on_order_or_bounds),
        cmocka_unit_test(loading_again_changes_nothing),
        cmocka_unit_test(a_copy_counts_as_duplicates_however_it_comes),
        cmocka_unit_test(rotation_overlap_counts_once),
        cmocka_unit_test(a_log_that_grew_is_read_again),
        cmocka_unit_test(without_ids_the_highest_multiplicity_counts),
        cmocka_unit_test(a_record_that_makes_two_events_counts_as_two_lines),
        cmocka_unit_test(conflicts_end_the_same_in_every_order),
        cmocka_unit_test(the_smaller_node_stays_whichever_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
