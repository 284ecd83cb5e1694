/* Concept: a folder of its own with log files and a database, for the tests of the whole load: files are
 *          composed here, loaded, and looked at with SQL.
 */
#ifndef TB_TEST_LOAD_SCENE_H
#define TB_TEST_LOAD_SCENE_H

#include "support.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"
#include "load/pool.h"
#include "store/events.h"
#include "store/query.h"

#define SCENE_FILES 64

struct scene {
    char dir[256];
    char paths[SCENE_FILES][300];
    struct tb_input_file files[SCENE_FILES];
    struct tb_input_list list;
    struct tb_format_set *formats;
    struct tb_settings settings;
    struct tb_db *db;
    struct tb_bounds bounds;
    int workers;
    struct tb_load_summary sum;
    struct tb_err err;
};

static inline void scene_open(struct scene *s)
{
    char path[300];
    snprintf(path, sizeof path, "%s/t.db", s->dir);
    assert_int_equal(tb_db_open(path, TB_DB_WRITE, &s->db, &s->err), TB_OK);
}

static inline void scene_begin(struct scene *s)
{
    static const unsigned char key[16] = "0123456789abcdef";
    const char *tmp = getenv("TMPDIR");
    memset(s, 0, sizeof *s);
    snprintf(s->dir, sizeof s->dir, "%s/tollbook-load-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(s->dir));
    tb_log_set_level(TB_LOG_ERROR);
    tb_prompt_key(key);
    assert_int_equal(tb_format_set_new(NULL, &s->formats, &s->err), TB_OK);
    s->bounds = TB_BOUNDS_DEFAULT;
    s->workers = 2;
    s->list.files = s->files;
    scene_open(s);
}

static inline int scene_unlink(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void scene_end(struct scene *s)
{
    tb_db_close(s->db);
    tb_format_set_free(s->formats);
    nftw(s->dir, scene_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* A new, empty database; the log files stay. */
static inline void scene_again(struct scene *s)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    tb_db_close(s->db);
    for (int i = 0; i < 3; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/t.db%s", s->dir, ends[i]);
        unlink(path);
    }
    scene_open(s);
}

static inline const char *scene_path(const struct scene *s, const char *name)
{
    static char path[4][600];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", s->dir, name);
    return path[turn];
}

static inline void scene_write(const struct scene *s, const char *name, const struct tb_buf *text)
{
    FILE *f = fopen(scene_path(s, name), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text->p, 1, text->n, f), text->n);
    assert_int_equal(fclose(f), 0);
}

/* Runs a shell command in the folder. */
static inline void scene_sh(const struct scene *s, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd '%s' && %s", s->dir, command);
    assert_int_equal(system(line), 0);
}

static inline void scene_list_clear(struct scene *s)
{
    s->list.n = 0;
}

/* Adds the file name to the list, as it lies there now. */
static inline struct tb_input_file *scene_list(struct scene *s, const char *name, const char *source,
                                               const char *format, const char *node)
{
    struct stat st = {.st_size = 0};
    size_t i = s->list.n++;
    assert_true(i < SCENE_FILES);
    snprintf(s->paths[i], sizeof s->paths[i], "%s", strcmp(name, "-") == 0 ? name : scene_path(s, name));
    (void)stat(s->paths[i], &st);
    s->files[i] = (struct tb_input_file){.path = s->paths[i],
                                         .source = source,
                                         .format = format,
                                         .node = node,
                                         .date = TB_DAY_NONE,
                                         .size = st.st_size,
                                         .mtime_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
    return &s->files[i];
}

static inline enum tb_status scene_try(struct scene *s, const volatile sig_atomic_t *stop)
{
    const struct tb_load_options options = {.workers = s->workers, .stop = stop};
    return tb_load_files_within(s->db, &s->settings, s->formats, &s->list, &options, &s->bounds, &s->sum,
                                &s->err);
}

static inline void scene_load(struct scene *s)
{
    enum tb_status st = scene_try(s, NULL);
    if (st != TB_OK) {
        fail_msg("load: %s", s->err.text);
    }
    const struct tb_load_summary *m = &s->sum;
    assert_true(m->lines == m->events + m->duplicates + m->conflicts + m->ignored + m->rejected);
}

/* Loads just this file. */
static inline void scene_load_one(struct scene *s, const char *name, const char *node)
{
    scene_list_clear(s);
    scene_list(s, name, "gateway", NULL, node);
    scene_load(s);
}

static inline struct tb_query *scene_query(struct scene *s, const char *sql)
{
    struct tb_query *q = NULL;
    if (tb_query_open(s->db, sql, &q, &s->err) != TB_OK) {
        fail_msg("%s", s->err.text);
    }
    return q;
}

static inline int64_t scene_int(struct scene *s, const char *sql)
{
    struct tb_query *q = scene_query(s, sql);
    assert_int_equal(tb_query_step(q, &s->err), TB_OK);
    int64_t v = tb_query_int(q, 0);
    tb_query_close(q);
    return v;
}

static inline void scene_add_row(const struct tb_query *q, struct tb_buf *out)
{
    struct tb_err err;
    for (int i = 0; i < tb_query_columns(q); i++) {
        struct tb_str v = tb_query_blob(q, i);
        assert_int_equal(tb_buf_add(out, i > 0 ? "|" : "", i > 0, &err), TB_OK);
        if (tb_query_is_null(q, i)) {
            assert_int_equal(tb_buf_add(out, "NULL", 4, &err), TB_OK);
        } else {
            assert_int_equal(tb_buf_add(out, v.s, v.n, &err), TB_OK);
        }
    }
    assert_int_equal(tb_buf_add(out, "\n", 1, &err), TB_OK);
}

/* The rows of a statement as text, appended to out. */
static inline void scene_rows(struct scene *s, const char *sql, struct tb_buf *out)
{
    struct tb_query *q = scene_query(s, sql);
    enum tb_status st;
    while ((st = tb_query_step(q, &s->err)) == TB_OK) {
        scene_add_row(q, out);
    }
    assert_int_equal(st, TB_END);
    tb_query_close(q);
}

#define SCENE_EVENT_COLUMNS                                                                                  \
    "ts, source, node, id, consumer, provider, model_requested, model, service_tier, feature, variant, "     \
    "trigger, input, "                                                                                       \
    "cache_read, cache_write_5m, cache_write_1h, output, reasoning, total_only, saved, quality, status, "    \
    "success, "                                                                                              \
    "latency_ms, retries, request_bytes, response_bytes, client_ip, user_agent, prompt_fingerprint, "        \
    "prompt_chars, logged_cost"

/* What was counted, whatever file it came from. */
static inline void scene_events(struct scene *s, struct tb_buf *out)
{
    tb_buf_init(out, (size_t)256 << 20);
    scene_rows(s, "SELECT " SCENE_EVENT_COLUMNS " FROM usage_event ORDER BY " SCENE_EVENT_COLUMNS, out);
}

/* The whole database, byte for byte but for clocks. */
static inline void scene_dump(struct scene *s, struct tb_buf *out)
{
    struct tb_query *q =
        scene_query(s, "SELECT name, (SELECT count(*) FROM pragma_table_info(name)) FROM sqlite_schema "
                       "WHERE type = 'table' AND name NOT IN ('meta') ORDER BY name");
    tb_buf_init(out, (size_t)256 << 20);
    while (tb_query_step(q, &s->err) == TB_OK) {
        char sql[256];
        struct tb_str name = tb_query_text(q, 0);
        snprintf(sql, sizeof sql, "SELECT * FROM \"%.*s\" ORDER BY %s", (int)name.n, name.s,
                 tb_query_int(q, 1) >= 4   ? "1, 2, 3, 4"
                 : tb_query_int(q, 1) == 3 ? "1, 2, 3"
                                           : "1, 2");
        scene_rows(s, sql, out);
    }
    tb_query_close(q);
    scene_rows(s,
               "SELECT " SCENE_EVENT_COLUMNS ", file, line FROM usage_event ORDER BY " SCENE_EVENT_COLUMNS
               ", file, line",
               out);
}

static inline void assert_texts_equal(const struct tb_buf *a, const struct tb_buf *b)
{
    size_t n = a->n < b->n ? a->n : b->n, i = 0, line = 0;
    while (i < n && a->p[i] == b->p[i]) {
        line = a->p[i] == '\n' ? i + 1 : line;
        i++;
    }
    if (i < n || a->n != b->n) {
        fail_msg("texts differ at byte %zu:\n%.*s\n%.*s", i, (int)(a->n - line < 300 ? a->n - line : 300),
                 a->p + line, (int)(b->n - line < 300 ? b->n - line : 300), b->p + line);
    }
}

/* --- composing lines ---- */

static inline void add(struct tb_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void add(struct tb_buf *b, const char *fmt, ...)
{
    struct tb_err err;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert_int_equal(tb_buf_reserve(b, (size_t)n + 1, &err), TB_OK);
    va_start(ap, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

static inline void add_line(struct tb_buf *b, const char *text)
{
    add(b, "%s\n", text);
}

#define SCENE_START INT64_C(1795341600) /* 2026-11-22T10:00:00Z */

/* A Kong file-log line, version 3.9 shape. */
static inline void add_kong(struct tb_buf *b, const char *id, int64_t second, const char *consumer,
                            const char *model, int input, int output)
{
    add(b,
        "{\"request\":{\"id\":\"%s\",\"size\":812,\"method\":\"POST\",\"uri\":\"/v1/"
        "chat\",\"headers\":{\"user-agent\":\"test/1\","
        "\"host\":\"gw.example\"}},\"response\":{\"status\":200,\"size\":2048,\"headers\":{\"content-type\":"
        "\"application/json\"}},"
        "\"started_at\":%lld123,\"latencies\":{\"request\":%d,\"kong\":2,\"proxy\":40},\"client_ip\":\"10.0."
        "0.%d\","
        "\"consumer\":{\"username\":\"%s\"},\"route\":{\"name\":\"chat\"},\"tries\":[{\"ip\":\"10.1.1.1\"}],"
        "\"ai\":{\"proxy\":{\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,"
        "\"cost\":0.0025},"
        "\"meta\":{\"provider_name\":\"openai\",\"request_model\":\"%s\",\"response_model\":\"%s\"}}}}\n",
        id, (long long)(SCENE_START + second), 40 + output % 7, input % 5, consumer, input, output,
        input + output, model, model);
}

/* tollbook's own line; id NULL: it has none. */
static inline void add_own(struct tb_buf *b, const char *id, int64_t second, const char *consumer, int input,
                           int output)
{
    char ts[TB_TS_TEXT_MAX];
    ts[tb_ts_format((SCENE_START + second) * TB_US_PER_S, ts)] = '\0';
    add(b, "{\"ts\":\"%s\",", ts);
    if (id != NULL) {
        add(b, "\"id\":\"%s\",", id);
    }
    add(b,
        "\"consumer\":\"%s\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\"input_tokens\":%d,\"output_"
        "tokens\":%d,\"status\":200}\n",
        consumer, input, output);
}

static inline void scene_add_calls(struct tb_buf *b, int from, int to)
{
    for (int call = from; call < to; call++) {
        char id[32];
        snprintf(id, sizeof id, "c%d", call);
        add_kong(b, id, call, "alice", "gpt-4o", call % 100, 5);
    }
}

/* A file of the calls from..to-1. */
static inline void scene_write_calls(const struct scene *s, const char *name, int from, int to)
{
    struct tb_buf b;
    tb_buf_init(&b, 64 << 20);
    scene_add_calls(&b, from, to);
    scene_write(s, name, &b);
    tb_buf_release(&b);
}

#endif
