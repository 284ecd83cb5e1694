/* The intake ledger, what files do to each other in it, and the revisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "store/revision.h"
#include "store_fixture.h"

static struct tb_file_entry entry(uint32_t source, const char *path, uint64_t digest)
{
    return (struct tb_file_entry){.source = source,
                                  .path = tb_str_of(path),
                                  .format = TB_STR("kong"),
                                  .wrapper = TB_STR("cri"),
                                  .kind = TB_STR("gzip"),
                                  .date = TB_DAY_NONE,
                                  .raw_bytes = 100,
                                  .mtime_ns = 7,
                                  .bytes = 900,
                                  .has_raw_digest = true,
                                  .raw_digest = {digest, 1},
                                  .digest = {digest, 2},
                                  .lines = 3,
                                  .events = 2,
                                  .rejected = 1};
}

static enum tb_status known(struct tb_db *db, uint32_t source, const char *path, int64_t bytes, int64_t mtime)
{
    struct tb_err err = {.code = TB_E_NONE};
    return tb_files_known(db, source, tb_str_of(path), bytes, mtime, &err);
}

static void entries_come_back(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_file_entry out;
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    uint32_t source = dict_add(f.db, "gateway");
    struct tb_file_entry e = entry(source, "/logs/a.gz", UINT64_C(0xfedcba9876543210));
    e.member = TB_STR("inner/log");
    e.node = TB_STR("kong-1");
    e.date = 20400;
    must(tb_files_insert(f.db, &e, &err));
    assert_int_equal(e.file, 1);
    must(tb_files_same(f.db, source, TB_STR("kong"), e.raw_digest, true, &out, &err));
    assert_int_equal(out.file, 1);
    assert_true(tb_str_eq(out.path, e.path) && tb_str_eq(out.member, e.member) &&
                tb_str_eq(out.node, e.node));
    assert_true(tb_str_eq(out.format, e.format) && tb_str_eq(out.wrapper, e.wrapper) &&
                tb_str_eq(out.kind, e.kind));
    assert_true(out.incomplete.s == NULL);
    assert_int_equal(out.date, 20400);
    assert_int_equal(out.raw_bytes, 100);
    assert_int_equal(out.mtime_ns, 7);
    assert_int_equal(out.bytes, 900);
    assert_true(out.has_raw_digest && out.raw_digest.hi == e.raw_digest.hi &&
                out.raw_digest.lo == e.raw_digest.lo);
    assert_true(out.digest.hi == e.digest.hi && out.digest.lo == e.digest.lo);
    assert_int_equal(out.lines, 3);
    assert_int_equal(out.events, 2);
    assert_int_equal(out.rejected, 1);
    assert_int_equal(out.same_as, 0);
    e.events = 1;
    e.duplicates = 1;
    must(tb_files_update(f.db, &e, &err));
    must(tb_files_same(f.db, source, TB_STR("kong"), e.digest, false, &out, &err));
    assert_int_equal(out.duplicates, 1);
    struct tb_err why = {.code = TB_E_NONE};
    e.events = 5; /* nothing vanishes: the sum must stand */
    assert_int_equal(tb_files_update(f.db, &e, &why), TB_FATAL);
    must(tb_db_commit(f.db, &err));
    fixture_close(&f);
}

static void the_same_content(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_file_entry out;
    struct tb_err why = {.code = TB_E_NONE};
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    uint32_t source = dict_add(f.db, "gateway"), other = dict_add(f.db, "other");
    struct tb_file_entry cut = entry(source, "/a", 5), whole = entry(source, "/b", 5),
                         copy = entry(source, "/c", 5);
    cut.incomplete = TB_STR("truncated");
    must(tb_files_insert(f.db, &cut, &err));
    assert_int_equal(tb_files_same(f.db, source, TB_STR("kong"), cut.digest, false, &out, &why), TB_END);
    must(tb_files_insert(f.db, &whole, &err));
    copy.same_as = whole.file;
    must(tb_files_insert(f.db, &copy, &err));
    must(tb_files_same(f.db, source, TB_STR("kong"), cut.digest, false, &out, &err));
    assert_int_equal(out.file, whole.file);
    assert_int_equal(tb_files_same(f.db, other, TB_STR("kong"), cut.digest, false, &out, &why), TB_END);
    assert_int_equal(tb_files_same(f.db, source, TB_STR("kong_flat"), cut.digest, false, &out, &why), TB_END);
    assert_int_equal(tb_files_same(f.db, source, TB_STR("kong"), cut.digest, true, &out, &why),
                     TB_END); /* the other digest */
    must(tb_db_commit(f.db, &err));
    fixture_close(&f);
}

static void known_when_whole_and_unchanged(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    uint32_t source = dict_add(f.db, "gateway");
    struct tb_file_entry cut = entry(source, "/a", 5);
    assert_int_equal(known(f.db, source, "/a", 100, 7), TB_END);
    cut.incomplete = TB_STR("truncated");
    cut.incomplete_byte = 812;
    must(tb_files_insert(f.db, &cut, &err));
    assert_int_equal(known(f.db, source, "/a", 100, 7), TB_END);
    struct tb_file_entry whole = entry(source, "/a", 6);
    whole.raw_bytes = 200;
    must(tb_files_insert(f.db, &whole, &err));
    assert_int_equal(known(f.db, source, "/a", 200, 7), TB_OK);
    assert_int_equal(known(f.db, source, "/a", 200, 8), TB_END);
    assert_int_equal(known(f.db, source, "/a", 201, 7), TB_END);
    assert_int_equal(known(f.db, source, "/b", 200, 7), TB_END);
    assert_int_equal(known(f.db, source + 1, "/a", 200, 7), TB_END);
    assert_int_equal(number_of(f.db, "SELECT completed_by FROM file WHERE file = 1"), whole.file);
    assert_int_equal(number_of(f.db, "SELECT incomplete_byte FROM file WHERE file = 1"), 812);
    struct tb_file_entry elsewhere = entry(source, "/z", 7); /* another path completes nothing */
    elsewhere.incomplete = TB_STR("corrupt");
    must(tb_files_insert(f.db, &elsewhere, &err));
    assert_int_equal(
        number_of(f.db, "SELECT count(*) FROM file WHERE completed_by IS NULL AND incomplete IS NOT NULL"),
        1);
    must(tb_db_commit(f.db, &err));
    fixture_close(&f);
}

static void reasons_rejects_quarters(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    uint32_t a = new_file(f.db, "/a", 1), b = new_file(f.db, "/b", 1);
    must(tb_files_reason(f.db, a, "ignored", "nginx", 3, &err));
    must(tb_files_reason(f.db, a, "ignored", "nginx", 4, &err));
    must(tb_files_reason(f.db, a, "rejected", "torn", 1, &err));
    assert_int_equal(number_of(f.db, "SELECT lines FROM file_reason WHERE reason = 'nginx'"), 7);
    must(tb_files_reject(f.db, a, 12, 0, 3456, "torn", TB_STR("{id ts"), &err));
    must(tb_files_reject(f.db, a, 12, 1, 3456, "torn", TB_STR_NULL, &err));
    assert_int_equal(number_of(f.db, "SELECT count(*) FROM reject"), 2);
    const int64_t quarters[] = {5, 9, 5};
    must(tb_files_quarters(f.db, a, quarters, 3, &err));
    must(tb_files_quarters_copy(f.db, a, b, &err));
    must(tb_files_quarters_copy(f.db, a, b, &err));
    assert_int_equal(number_of(f.db, "SELECT count(*) FROM file_quarter"), 4);
    must(tb_db_commit(f.db, &err));
    fixture_close(&f);
}

static void revisions(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_buf out;
    int64_t number = 0;
    bool is_new = false;
    struct tb_err why = {.code = TB_E_NONE};
    fixture_open(&f);
    tb_buf_init(&out, 1 << 20);
    assert_int_equal(tb_revision_get(f.db, 5, 0, &out, &number, &why), TB_END);
    static const struct {
        int32_t day;
        const char *pack;
        int64_t number;
        bool is_new;
    } rows[] = {{5, "a", 1, true}, {5, "a", 1, false}, {5, "b", 2, true},
                {5, "a", 3, true}, {5, "a", 3, false}, {6, "a", 1, true}};
    must(tb_db_begin(f.db, &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        must(tb_revision_put(f.db, rows[i].day, tb_str_of(rows[i].pack), "run", 4, 99, &number, &is_new,
                             &err));
        assert_int_equal(number, rows[i].number);
        assert_int_equal(is_new, rows[i].is_new);
    }
    must(tb_db_commit(f.db, &err));
    must(tb_revision_get(f.db, 5, 2, &out, &number, &err));
    assert_true(tb_str_eq(tb_buf_view(&out), TB_STR("b")));
    assert_int_equal(number, 2);
    must(tb_revision_get(f.db, 5, 0, &out, NULL, &err));
    assert_true(tb_str_eq(tb_buf_view(&out), TB_STR("a")));
    assert_int_equal(tb_revision_get(f.db, 5, 4, &out, &number, &why), TB_END);
    tb_buf_release(&out);
    fixture_close(&f);
}

static void execute(struct tb_db *db, const char *sql)
{
    struct tb_query *q = NULL;
    must(tb_query_open(db, sql, &q, &err));
    must(tb_query_run(q, &err));
    tb_query_close(q);
}

/* The file has calls with the ids from..to, each of so many tokens. */
static enum tb_status load_calls(struct tb_db *db, uint32_t file, uint64_t from, uint64_t to, int64_t tokens)
{
    struct tb_err why = {.code = TB_E_NONE};
    struct tb_load_txn *t = NULL;
    must(tb_load_begin(db, file, 1, &t, &err));
    for (uint64_t id = from; id <= to; id++) {
        struct tb_append_counts c;
        struct tb_row row = {.ts_us = 20000 * TB_US_PER_DAY,
                             .line = id,
                             .identity = tb_hash128(&id, sizeof id, 1),
                             .payload = (uint64_t)tokens,
                             .present = 1u << TB_N_INPUT,
                             .quality = TB_QUALITY_EXACT};
        row.number[TB_N_INPUT] = tokens;
        must(tb_load_append(t, &row, 1, &c, NULL, NULL, &err));
    }
    return tb_load_finish(t, &why);
}

/* Counts that could not be moved from file to file are not moved when the next file comes. */
static void what_failed_is_forgotten(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t files[5];
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    for (uint32_t i = 0; i < 5; i++) {
        files[i] = new_file(f.db, (const char *[]){"a", "b", "c", "failing", "last"}[i], 1);
    }
    execute(f.db, "UPDATE file SET events = 9, lines = 9");
    for (uint32_t i = 0; i < 3; i++) {
        must(load_calls(f.db, files[i], i, i, 100));
    }
    must(tb_db_commit(f.db, &err));
    must(tb_db_begin(f.db, &err));
    execute(f.db, "CREATE TEMP TRIGGER no BEFORE UPDATE ON file BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_equal(load_calls(f.db, files[3], 0, 1, 200), TB_FATAL); /* takes the calls of a and b */
    tb_db_rollback(f.db);
    must(tb_db_begin(f.db, &err));
    must(load_calls(f.db, files[4], 2, 2, 200)); /* takes that of c */
    must(tb_db_commit(f.db, &err));
    assert_int_equal(number_of(f.db, "SELECT group_concat(events, '') FROM file"), 99899);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back),
        cmocka_unit_test(the_same_content),
        cmocka_unit_test(known_when_whole_and_unchanged),
        cmocka_unit_test(reasons_rejects_quarters),
        cmocka_unit_test(revisions),
        cmocka_unit_test(what_failed_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
