/* Rejected lines read again after their format was mended: what stands there then is what a first reading with the mended
 * format would have left; nothing is lost, nothing twice, whatever happened to the files and to the process meanwhile. */
#include "scene.h"
#include <signal.h>
#include <sys/wait.h>

/* Three states of one format file: knows nothing of these lines, knows those with "when", knows all and what is noise. */
enum mend { STRANGE, HALF, WHOLE };

static void use_format(struct scene *s, enum mend mend)
{
    static const char *const recognise[] = {"[[\"/nowhere\"]]", "[[\"/when\"], [\"/at\"], [\"/noise\"]]",
                                            "[[\"/when\"], [\"/at\"], [\"/noise\"]]"};
    struct tb_buf b;
    tb_buf_init(&b, 1 << 16);
    add(&b,
        "{\"id\": \"mini\", \"about\": \"of this test\", \"kind\": \"json\", \"recognise\": %s,\n"
        "\"fields\": {\"id\": \"/id\", \"ts\": %s, \"consumer\": \"/who\", \"node\": \"/node\", \"input\": "
        "\"/in\", "
        "\"output\": \"/out\"},\n"
        "\"cached_inside_input\": false, \"reasoning_inside_output\": true,\n\"rules\": [%s{}],\n"
        "\"samples\": {\"accepted\": [], \"ignored\": [], \"rejected\": []}}\n",
        recognise[mend], mend == WHOLE ? "[\"/when\", \"/at\"]" : "\"/when\"",
        mend == WHOLE ? "{\"if\": [\"/noise\"], \"ignore\": \"noise\"}, " : "");
    scene_sh(s, "mkdir -p formats");
    scene_write(s, "formats/mini.json", &b);
    tb_buf_release(&b);
    tb_format_set_free(s->formats);
    s->formats = NULL;
    if (tb_format_set_new(scene_path(s, "formats"), &s->formats, &s->err) != TB_OK) {
        fail_msg("%s", s->err.text);
    }
}

static void add_mini(struct tb_buf *b, const char *key, const char *id, int64_t second, const char *who,
                     int in)
{
    char ts[TB_TS_TEXT_MAX];
    ts[tb_ts_format((SCENE_START + second) * TB_US_PER_S, ts)] = '\0';
    add(b, "{\"%s\":\"%s\",\"who\":\"%s\",\"in\":%d,\"out\":2", key, ts, who, in);
    if (id != NULL) {
        add(b, ",\"id\":\"%s\"", id);
    }
    add(b, "}\n");
}

/* Lines of every kind, deterministic by seed: ids shared between files, records without id several times, noise, torn ones. */
static void compose(struct tb_buf *b, uint64_t seed, int lines)
{
    tb_buf_clear(b);
    for (int i = 0; i < lines; i++) {
        char id[32];
        uint32_t call = test_below(&seed, 300);
        snprintf(id, sizeof id, "c%u", call);
        switch (test_below(&seed, 10)) {
        case 0:
            add_line(b, "{\"noise\":1}");
            break;
        case 1:
            add_line(b, test_below(&seed, 2) ? "" : "{\"when\":\"2026-11-22T10:00:00Z\",\"who\"");
            break;
        case 2:
        case 3:
            add_mini(b, test_below(&seed, 2) ? "when" : "at", NULL, test_below(&seed, 9) * 20000, "anybody",
                     7);
            break;
        case 4: /* the same id, said otherwise: a conflict */
            add_mini(b, "at", id, (int64_t)call * 1000, "other", (int)test_below(&seed, 3));
            break;
        default:
            add_mini(b, call % 3 == 0 ? "at" : "when", id, (int64_t)call * 1000, "alice", (int)call);
        }
    }
}

static enum tb_status try_again(struct scene *s)
{
    const struct tb_load_options options = {.workers = s->workers};
    return tb_load_retry_within(s->db, &s->settings, s->formats, NULL, &options, &s->bounds, &s->sum,
                                &s->err);
}

static void again(struct scene *s)
{
    if (try_again(s) != TB_OK) {
        fail_msg("retry: %s", s->err.text);
    }
    const struct tb_load_summary *m = &s->sum;
    assert_true(m->lines == m->events + m->duplicates + m->conflicts + m->ignored + m->rejected);
}

/* The ledger and the events as people see them; not in which segment they lie, nor how often a day changed. */
static void look(struct scene *s, struct tb_buf *out, bool by_file)
{
    tb_buf_init(out, (size_t)64 << 20);
    scene_rows(s, "SELECT " SCENE_EVENT_COLUMNS " FROM usage_event ORDER BY " SCENE_EVENT_COLUMNS, out);
    scene_rows(
        s,
        "SELECT sum(lines), sum(events), sum(duplicates + conflicts), sum(ignored), sum(rejected) FROM file",
        out);
    scene_rows(
        s,
        "SELECT file, path, member, node, format, wrapper, kind, hex(raw_digest), bytes, hex(digest), lines, "
        "ignored, rejected, incomplete, incomplete_byte, completed_by FROM file ORDER BY file",
        out);
    scene_rows(s, "SELECT * FROM file_reason ORDER BY 1, 2, 3", out);
    scene_rows(s, "SELECT * FROM reject ORDER BY 1, 2, 3, 4", out);
    scene_rows(s, "SELECT * FROM file_quarter ORDER BY 2, 1", out);
    if (by_file) {
        scene_rows(s, "SELECT file, events, duplicates, conflicts, same_as FROM file ORDER BY file", out);
        scene_rows(s, "SELECT file, line, id FROM usage_event ORDER BY file, line, id, ts", out);
    }
}

/* Read with the format as it is, mended, read again: as if the mended one had been there from the start. */
static void compare_with_fresh(struct scene *s, enum mend before, bool by_file)
{
    struct tb_buf mended, fresh;
    scene_again(s);
    use_format(s, before);
    scene_load(s);
    assert_true(s->sum.rejected > 0);
    use_format(s, WHOLE);
    again(s);
    assert_int_equal(s->sum.unread, 0);
    look(s, &mended, by_file);
    again(s); /* and once more: nothing */
    assert_int_equal(s->sum.events + s->sum.duplicates + s->sum.conflicts + s->sum.ignored, 0);
    look(s, &fresh, by_file);
    assert_texts_equal(&mended, &fresh);
    tb_buf_release(&fresh);
    scene_load(s); /* the ledger knows the files as before */
    assert_int_equal(s->sum.files, 0);
    scene_again(s);
    scene_load(s);
    look(s, &fresh, by_file);
    assert_texts_equal(&fresh, &mended);
    tb_buf_release(&fresh);
    tb_buf_release(&mended);
}

static void a_mended_format_leaves_what_a_first_reading_would(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int tiny = 0; tiny < 2; tiny++) {
        for (uint64_t seed = 1; seed <= 6; seed++) {
            s.bounds = tiny ? test_bounds() : TB_BOUNDS_DEFAULT;
            compose(&b, seed * 10, 250);
            scene_write(&s, "a.log", &b);
            use_format(&s, HALF);
            scene_list_clear(&s);
            scene_list(&s, "a.log", "gateway", "mini", "n1");
            compare_with_fresh(&s, HALF, true);
            s.files[0].format = NULL; /* told by what the lines are */
            compare_with_fresh(&s, HALF, true);
            compare_with_fresh(&s, STRANGE, true);
        }
    }
    tb_buf_release(&b);
    scene_end(&s);
}

static void several_files_add_up_to_the_same(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int tiny = 0; tiny < 2; tiny++) {
        s.bounds = tiny ? test_bounds() : TB_BOUNDS_DEFAULT;
        scene_list_clear(&s);
        for (int i = 0; i < 5; i++) {
            char name[24];
            snprintf(name, sizeof name, "%d.log", i);
            compose(&b, (uint64_t)(7 + i), 200);
            scene_write(&s, name, &b);
            scene_list(&s, name, "gateway", NULL, i % 2 ? "n1" : "n2");
        }
        compare_with_fresh(&s, HALF, false);
        compare_with_fresh(&s, STRANGE, true);
    }
    tb_buf_release(&b);
    scene_end(&s);
}

static void members_wrappers_and_gz_are_read_again_too(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b, wrapped;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    tb_buf_init(&wrapped, 1 << 20);
    for (int i = 0; i < 3; i++) {
        char name[24];
        snprintf(name, sizeof name, "m%d.log", i);
        compose(&b, (uint64_t)(70 + i), 120);
        scene_write(&s, name, &b);
    }
    compose(&b, 99, 60);
    for (const char *p = b.p, *end = b.p + b.n;
         p < end;) { /* as a node's collector writes it; an array at the end */
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        add(&wrapped, "2026-11-22T10:00:00.5Z stdout F %.*s\n", (int)(stop - p), p);
        p = stop + 1;
    }
    add(&wrapped, "[{\"at\":\"2026-11-22T11:00:00Z\",\"in\":1,\"out\":1,\"id\":\"x1\"},"
                  "{\"when\":\"2026-11-22T11:00:00Z\",\"in\":1,\"out\":1,\"id\":\"x2\"},{\"noise\":2},"
                  "{\"at\":\"2026-11-22T11:00:01Z\",\"in\":3,\"out\":1,\"id\":\"x3\"}]\n");
    scene_write(&s, "w.log", &wrapped);
    add_mini(&wrapped, "when", "only", 1, "alice", 1);
    wrapped.p[0] = '2';
    tb_buf_clear(&b);
    add_mini(&b, "when", "good", 1, "alice", 1);
    scene_write(&s, "good.log", &b);
    scene_sh(
        &s,
        "tar czf t.tar.gz good.log m0.log m1.log w.log; gzip -c m2.log > two.gz; gzip -c w.log >> two.gz; "
        "tar cf in.tar m1.log m2.log; gzip -c in.tar > in.tar.gz; tar cf nested.tar good.log in.tar.gz "
        "m0.log");
    static const char *const names[] = {"w.log", "two.gz", "t.tar.gz", "nested.tar"};
    for (int tiny = 0; tiny < 2; tiny++) {
        s.bounds = tiny ? test_bounds() : TB_BOUNDS_DEFAULT;
        for (size_t i = 0; i < 4; i++) {
            scene_list_clear(&s);
            scene_list(&s, names[i], "gateway", "mini", NULL);
            compare_with_fresh(&s, HALF, i < 2);
        }
        scene_list(&s, "w.log", "gateway", NULL, NULL);
        compare_with_fresh(&s, STRANGE, false);
    }
    tb_buf_release(&b);
    tb_buf_release(&wrapped);
    scene_end(&s);
}

/* Copies were told from content that is told otherwise now: they go along, and the smallest node stays. */
static void copies_go_along(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    compose(&b, 5, 150);
    scene_write(&s, "a.log", &b);
    scene_sh(&s, "cp a.log raw.log; gzip -c a.log > packed.gz");
    static const char *const nodes[][3] = {
        {"n2", "n2", "n2"}, {"n2", "n3", "n1"}, {NULL, "n1", NULL}, {"n1", NULL, "n2"}};
    for (size_t i = 0; i < 4; i++) {
        scene_list_clear(&s);
        scene_list(&s, "a.log", "gateway", "mini", nodes[i][0]);
        scene_list(&s, "raw.log", "gateway", "mini", nodes[i][1]);
        scene_list(&s, "packed.gz", "gateway", "mini", nodes[i][2]);
        compare_with_fresh(&s, HALF, i == 0 || i == 3);
        compare_with_fresh(&s, HALF, false);
    }
    tb_buf_release(&b);
    scene_end(&s);
}

static void what_is_still_wrong_stays_rejected(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b, first, second;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    compose(&b, 3, 200);
    scene_write(&s, "a.log", &b);
    use_format(&s, STRANGE);
    scene_list(&s, "a.log", "gateway", NULL, NULL);
    scene_load(&s);
    look(&s, &first, true);
    again(&s); /* nothing was mended */
    assert_true(s.sum.rejected > 0);
    look(&s, &second, true);
    assert_texts_equal(&first, &second);
    tb_buf_release(&second);
    assert_int_equal(scene_int(&s, "SELECT count(*) FROM utc_day"), 0);
    use_format(&s, HALF); /* partly */
    again(&s);
    assert_true(s.sum.events > 0 && s.sum.rejected > 0);
    int64_t generation = scene_int(&s, "SELECT sum(generation) FROM utc_day");
    again(&s);
    assert_int_equal(scene_int(&s, "SELECT sum(generation) FROM utc_day"), generation);
    use_format(&s, WHOLE); /* wholly */
    again(&s);
    assert_true(s.sum.ignored > 0);
    assert_int_equal(
        scene_int(&s, "SELECT rejected = (SELECT sum(lines) FROM file_reason WHERE kind = 'rejected') AND "
                      "rejected = (SELECT count(*) FROM reject) FROM file"),
        1);
    assert_true(scene_int(&s, "SELECT min(generation) FROM utc_day") > 0);
    assert_true(scene_int(&s, "SELECT sum(generation) FROM utc_day") > generation);
    tb_buf_release(&first);
    tb_buf_release(&b);
    scene_end(&s);
}

/* A day's packs say how many lines its files had rejected: every day of the file is told anew, and no pruned one. */
static void every_day_of_the_file_is_told_anew(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    add_mini(&b, "when", "a", -86400, "alice", 1);
    add_mini(&b, "when", "b", 0, "alice", 1);
    add_line(&b, "{\"noise\":1}");
    add_mini(&b, "at", "c", 2 * 86400, "alice", 1);
    add_mini(&b, "at", "d", 3 * 86400, "alice", 1);
    scene_write(&s, "a.log", &b);
    use_format(&s, HALF);
    struct tb_query *q =
        scene_query(&s, "INSERT INTO utc_day (utc_day, generation, pruned) VALUES (:day, 7, 1)");
    tb_query_bind_int(q, "day", SCENE_START / 86400 + 3);
    assert_int_equal(tb_query_run(q, &s.err), TB_OK);
    tb_query_close(q);
    scene_list(&s, "a.log", "gateway", "mini", NULL);
    scene_load(&s);
    assert_int_equal(s.sum.rejected, 3);
    use_format(&s, WHOLE);
    again(&s);
    assert_int_equal(s.sum.events, 1);
    assert_int_equal(s.sum.ignored, 1);
    assert_int_equal(s.sum.rejected, 1);
    assert_int_equal(scene_int(&s, "SELECT lines FROM file_reason WHERE reason = 'pruned_day'"), 1);
    assert_int_equal(scene_int(&s, "SELECT count(*) FROM utc_day WHERE pruned = 0 AND generation >= 2"), 3);
    assert_int_equal(scene_int(&s, "SELECT generation FROM utc_day WHERE pruned = 1"), 7);
    again(&s); /* what a pruned day refused is not asked for again */
    assert_int_equal(s.sum.files, 0);
    tb_buf_release(&b);
    scene_end(&s);
}

static void quiet(bool on)
{
    static int keep = -1;
    if (on) {
        keep = dup(2);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        close(null);
    } else {
        dup2(keep, 2);
        close(keep);
    }
}

static void what_is_gone_or_another_stays_and_is_told(void **state)
{
    (void)state;
    static const char *const deeds[] = {"rm a.log", "sed -i 's/alice/carol/' a.log",
                                        "head -c 400 a.log > b; mv b a.log", "rm a.log; mkdir a.log"};
    struct scene s;
    struct tb_buf b, first, second;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        scene_again(&s);
        use_format(&s, HALF);
        compose(&b, 11, 100);
        scene_sh(&s, "rm -rf a.log");
        scene_write(&s, "a.log", &b);
        compose(&b, 12, 100);
        scene_write(&s, "good.log", &b);
        scene_list_clear(&s);
        scene_list(&s, "a.log", "gateway", "mini", NULL);
        scene_list(&s, "good.log", "gateway", "mini", NULL);
        scene_load(&s);
        int64_t of_a = scene_int(&s, "SELECT rejected FROM file WHERE file = 1");
        scene_sh(&s, deeds[i]);
        use_format(&s, WHOLE);
        quiet(true);
        again(&s);
        quiet(false);
        assert_int_equal(s.sum.unread, of_a);
        assert_int_equal(s.sum.incomplete, 1);
        assert_true(s.sum.events > 0); /* the other file was read */
        assert_int_equal(scene_int(&s, "SELECT rejected FROM file WHERE file = 1"), of_a);
        assert_int_equal(scene_int(&s, "SELECT count(*) FROM reject WHERE file = 1"), of_a);
        compose(&b, 11, 100); /* it comes back */
        scene_sh(&s, "rm -rf a.log");
        scene_write(&s, "a.log", &b);
        again(&s);
        assert_int_equal(s.sum.unread, 0);
        look(&s, &second, false);
        scene_again(&s);
        scene_list_clear(&s);
        scene_list(&s, "a.log", "gateway", "mini", NULL);
        scene_list(&s, "good.log", "gateway", "mini", NULL);
        scene_load(&s);
        look(&s, &first, false);
        assert_texts_equal(&first, &second);
        tb_buf_release(&first);
        tb_buf_release(&second);
    }
    tb_buf_release(&b);
    scene_end(&s);
}

/* A log that was read while it grew: each reading goes as far as it went then. */
static void a_file_that_has_grown_is_read_as_far_as_it_was(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b, first, second;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    compose(&b, 21, 300);
    scene_write(&s, "all.log", &b);
    for (int packed = 0; packed < 2; packed++) {
        const char *name = packed ? "g.gz" : "g.log";
        for (int mend = HALF; mend <= WHOLE; mend++) {
            scene_again(&s);
            use_format(&s, (enum mend)mend);
            for (int part = 1; part <= 3; part++) {
                char command[300];
                snprintf(
                    command, sizeof command,
                    packed
                        ? "gzip -c all.log > g; head -c $(($(stat -c %%s g) * %d / 3)) g > g.gz; touch -d "
                          "@%d g.gz"
                        : "head -c $(($(stat -c %%s all.log) * %d / 3)) all.log > g.log; touch -d @%d g.log",
                    part, part);
                scene_sh(&s, command);
                scene_list_clear(&s);
                scene_list(&s, name, "gateway", "mini", NULL);
                scene_load(&s);
            }
            if (mend == HALF) {
                use_format(&s, WHOLE);
                again(&s);
                assert_int_equal(s.sum.unread, 0);
                look(&s, &first, false);
            }
        }
        look(&s, &second, false);
        assert_int_equal(scene_int(&s, "SELECT count(*) FROM file"), 3);
        assert_texts_equal(&second, &first);
        tb_buf_release(&first);
        tb_buf_release(&second);
    }
    tb_buf_release(&b);
    scene_end(&s);
}

static void rejects_past_the_rows_kept_stay(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf b;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    add_mini(&b, "when", "good", 0, "alice", 1);
    for (int i = 0; i < 50; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        add_mini(&b, "at", id, i, "alice", i);
    }
    scene_write(&s, "a.log", &b);
    use_format(&s, HALF);
    s.bounds.reject_rows = 7;
    scene_list(&s, "a.log", "gateway", "mini", NULL);
    scene_load(&s);
    use_format(&s, WHOLE);
    again(&s);
    assert_int_equal(s.sum.events, 7);
    assert_int_equal(scene_int(&s, "SELECT rejected FROM file"), 43);
    assert_int_equal(scene_int(&s, "SELECT sum(lines) FROM file_reason WHERE kind = 'rejected'"), 43);
    tb_buf_release(&b);
    scene_end(&s);
}

static void a_killed_retry_repeated_ends_the_same(void **state)
{
    (void)state;
    enum { MANY = 12 };
    struct scene s;
    struct tb_buf b, first, second;
    uint64_t seed = 5;
    int killed = 0, midway = 0;
    scene_begin(&s);
    tb_buf_init(&b, 1 << 20);
    for (int i = 0; i < MANY; i++) {
        char name[24];
        snprintf(name, sizeof name, "%d.log", i);
        compose(&b, (uint64_t)(i + 1), 300);
        scene_write(&s, name, &b);
        scene_list(&s, name, "gateway", NULL, NULL);
    }
    s.bounds = test_bounds();
    s.bounds.batch_rows = 64;
    uint32_t whole_us = 0;
    for (int round = 0; round < 5 || (round < 40 && midway < 3); round++) {
        scene_again(&s);
        use_format(&s, HALF);
        scene_load(&s);
        use_format(&s, WHOLE);
        if (round == 0) { /* undisturbed, as the measure of all others */
            int64_t began = tb_clock_monotonic_us();
            again(&s);
            whole_us = (uint32_t)(tb_clock_monotonic_us() - began);
            look(&s, &first, true);
            continue;
        }
        int64_t before = scene_int(&s, "SELECT sum(rejected) FROM file");
        tb_db_close(s.db);
        s.db = NULL;
        int kills = 0;
        for (bool done = false; !done;) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                scene_open(&s);
                _exit(try_again(&s) == TB_OK ? 0 : 1);
            }
            usleep(test_below(&seed, whole_us + whole_us / 4));
            kill(child, SIGKILL);
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            kills += WIFSIGNALED(status);
            done = !WIFSIGNALED(status) || kills == 2;
        }
        scene_open(&s);
        int64_t now = scene_int(&s, "SELECT sum(rejected) FROM file");
        again(&s);
        midway += now < before && s.sum.events > 0;
        look(&s, &second, true);
        assert_texts_equal(&first, &second);
        tb_buf_release(&second);
        killed += kills;
    }
    assert_true(killed > 0 && midway >= 1);
    tb_buf_release(&first);
    tb_buf_release(&b);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mended_format_leaves_what_a_first_reading_would),
        cmocka_unit_test(several_files_add_up_to_the_same),
        cmocka_unit_test(members_wrappers_and_gz_are_read_again_too),
        cmocka_unit_test(copies_go_along),
        cmocka_unit_test(what_is_still_wrong_stays_rejected),
        cmocka_unit_test(every_day_of_the_file_is_told_anew),
        cmocka_unit_test(what_is_gone_or_another_stays_and_is_told),
        cmocka_unit_test(a_file_that_has_grown_is_read_as_far_as_it_was),
        cmocka_unit_test(rejects_past_the_rows_kept_stay),
        cmocka_unit_test(a_killed_retry_repeated_ends_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
