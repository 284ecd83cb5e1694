/* Shared by the tests of packs: a database with a few calls in files, tables, and an output folder, all in a temporary
 * folder; and what the pack's folder holds. */
#ifndef TESTS_REPORTS_PACK_SCENE_H
#define TESTS_REPORTS_PACK_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/hash.h"
#include "reports/pack.h"
#include "store/events.h"
#include "store/files.h"
#include "store/query.h"
#include "store/versions.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define DAY      20778 /* 2026-11-21, a Saturday */
#define DAY_TEXT "2026-11-21"
#define TEXT_MAX ((size_t)64 << 20)
#define PRICE_HEADER                                                                                         \
    "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_" \
    "from,context_rule,note\n"
#define ACCOUNT_HEADER                                                                                       \
    "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to\n"
#define PRICES   PRICE_HEADER ",big,input,3,1000000,,,,,,,,\n,big,output,15,1000000,,,,,,,,\n"
#define ACCOUNTS ACCOUNT_HEADER "ann,,Web,0042,615200,Olga,,,,,\nbob,,Data,1003,615210,,,,,,\n"

/* Files of the day's folder. */
#define WORKBOOK "chargeback-" DAY_TEXT ".xlsx"
#define JSON     "pack-" DAY_TEXT ".json"

struct scene {
    char dir[64], path[128], output[128];
    struct tb_db *db;
    struct tb_source_setting sources[2];
    struct tb_settings settings;
    struct tb_tables *tables;
    int64_t version;
    struct tb_err err;
};

struct call {
    int32_t day;
    int minute;
    const char *consumer, *model; /* consumer may hold any bytes */
    int64_t input, output;
};

static inline void must(struct scene *s, enum tb_status st)
{
    if (st != TB_OK) {
        fail_msg("%s", s->err.text);
    }
}

static inline void scene_open(struct scene *s)
{
    must(s, tb_db_open(s->path, TB_DB_WRITE, &s->db, &s->err));
    tb_db_set_zone(s->db, s->settings.zone);
}

/* budgets, quotas: NULL = none configured. */
static inline void scene_limits(struct scene *s, const char *prices, const char *accounts,
                                const char *budgets, const char *quotas)
{
    struct tb_str text[TB_TABLE_COUNT] = {[TB_TABLE_PRICES] = tb_str_of(prices),
                                          [TB_TABLE_ACCOUNTS] = tb_str_of(accounts),
                                          [TB_TABLE_BUDGETS] = tb_str_of(budgets),
                                          [TB_TABLE_QUOTAS] = tb_str_of(quotas)};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    bool is_new = false;
    tb_tables_free(s->tables);
    s->tables = NULL;
    must(s, tb_tables_parse(&s->settings, text, name, &s->tables, &s->err));
    must(s, tb_db_begin(s->db, &s->err));
    must(s, tb_versions_import(s->db, s->tables, 1, &s->version, &is_new, &s->err));
    must(s, tb_db_commit(s->db, &s->err));
}

static inline void scene_tables(struct scene *s, const char *prices, const char *accounts)
{
    scene_limits(s, prices, accounts, NULL, NULL);
}

static inline void scene_begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    bool memory = access("/dev/shm", W_OK) == 0; /* hundreds of packs are synced to disk here */
    snprintf(s->dir, sizeof s->dir, "%s/tollbook-pack-XXXXXX", memory ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->path, sizeof s->path, "%s/t.db", s->dir);
    snprintf(s->output, sizeof s->output, "%s/out", s->dir);
    must(s, tb_zone_load("UTC", &s->settings.zone, &s->err));
    s->sources[0] = (struct tb_source_setting){.name = "gateway", .bill = true};
    s->sources[1] = (struct tb_source_setting){.name = "shadow", .bill = false};
    s->settings.sources = s->sources;
    s->settings.source_count = 2;
    s->settings.currency = "USD";
    s->settings.dir = s->dir;
    s->settings.output = s->output;
    s->settings.excel_guard = "csv";
    scene_open(s);
    scene_tables(s, PRICES, ACCOUNTS);
}

static inline void scene_end(struct scene *s)
{
    char command[128];
    tb_db_close(s->db);
    tb_tables_free(s->tables);
    tb_zone_free(s->settings.zone);
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    assert_int_equal(system(command), 0);
}

static inline void call_row(struct scene *s, const struct call *c, uint64_t serial, struct tb_row *row)
{
    *row = (struct tb_row){.ts_us = c->day * TB_US_PER_DAY + c->minute * TB_US_PER_MIN,
                           .line = serial % 1000 + 1};
    row->identity = tb_hash128(&serial, sizeof serial, 1);
    row->payload = tb_hash64(&serial, sizeof serial, 2);
    row->quality = TB_QUALITY_EXACT;
    row->number[TB_N_INPUT] = c->input;
    row->number[TB_N_OUTPUT] = c->output;
    row->number[TB_N_STATUS] = 200;
    row->present = 1u << TB_N_INPUT | 1u << TB_N_OUTPUT | 1u << TB_N_STATUS;
    must(s, tb_dict_id(s->db, tb_str_of(c->consumer), true, &row->text[TB_T_CONSUMER], &s->err));
    must(s, tb_dict_id(s->db, tb_str_of(c->model), true, &row->text[TB_T_MODEL], &s->err));
    must(s, tb_dict_id(s->db, TB_STR("openai"), true, &row->text[TB_T_PROVIDER], &s->err));
}

/* One file with these calls, of source 0 (billed) or 1. Its name is DIR/logs/SERIAL.log; serial names the calls too. */
static inline void scene_file(struct scene *s, int source, uint64_t serial, const struct call *calls,
                              uint32_t n)
{
    struct tb_row *rows = calloc(n + 1, sizeof *rows);
    struct tb_load_txn *t = NULL;
    struct tb_append_counts counts = {0};
    char path[128];
    uint32_t source_id = 0;
    assert_non_null(rows);
    snprintf(path, sizeof path, "%s/logs/%llu.log", s->dir, (unsigned long long)serial);
    must(s, tb_db_begin(s->db, &s->err));
    must(s, tb_dict_id(s->db, tb_str_of(s->sources[source].name), true, &source_id, &s->err));
    struct tb_file_entry e = {.source = source_id,
                              .path = tb_str_of(path),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR("none"),
                              .kind = TB_STR("plain"),
                              .date = TB_DAY_NONE,
                              .has_raw_digest = true,
                              .raw_digest = tb_hash128(&serial, sizeof serial, 7),
                              .digest = tb_hash128(&serial, sizeof serial, 8),
                              .lines = n,
                              .events = n};
    must(s, tb_files_insert(s->db, &e, &s->err));
    for (uint32_t i = 0; i < n; i++) {
        int64_t quarter =
            (calls[i].day * TB_US_PER_DAY + calls[i].minute * TB_US_PER_MIN) / (15 * TB_US_PER_MIN);
        call_row(s, &calls[i], serial * 1000 + i, &rows[i]);
        must(s, tb_files_quarters(s->db, e.file, &quarter, 1, &s->err));
    }
    must(s, tb_load_begin(s->db, e.file, source_id, &t, &s->err));
    must(s, tb_load_append(t, rows, n, &counts, NULL, NULL, &s->err));
    assert_int_equal(counts.events, n);
    must(s, tb_load_finish(t, &s->err));
    must(s, tb_db_commit(s->db, &s->err));
    free(rows);
}

static inline void scene_run(struct scene *s, const char *sql)
{
    struct tb_query *q = NULL;
    must(s, tb_query_open(s->db, sql, &q, &s->err));
    must(s, tb_query_run(q, &s->err));
    tb_query_close(q);
}

static inline int64_t scene_number(struct scene *s, const char *sql)
{
    struct tb_query *q = NULL;
    must(s, tb_query_open(s->db, sql, &q, &s->err));
    must(s, tb_query_step(q, &s->err));
    int64_t n = tb_query_int(q, 0);
    tb_query_close(q);
    return n;
}

static inline struct tb_pack_result scene_pack(struct scene *s, int32_t day)
{
    struct tb_pack_result r;
    must(s, tb_pack_write(s->db, &s->settings, s->tables, s->version, day, 1000000, &r, &s->err));
    return r;
}

static inline bool scene_stale(struct scene *s, int32_t day)
{
    bool stale = false;
    must(s, tb_pack_stale(s->db, &s->settings, s->version, day, &stale, &s->err));
    return stale;
}

static inline void scene_name(const struct scene *s, const char *name, char out[512])
{
    snprintf(out, 512, "%s/" DAY_TEXT "/%s", s->output, name);
}

/* A file of the day's folder as text; NULL when it is not there. */
static inline char *scene_read(struct scene *s, const char *name)
{
    char path[512];
    struct tb_buf bytes;
    scene_name(s, name, path);
    if (access(path, F_OK) != 0) {
        return NULL;
    }
    tb_buf_init(&bytes, TEXT_MAX);
    must(s, tb_file_read(path, TEXT_MAX, &bytes, &s->err));
    char *text = malloc(bytes.n + 1);
    assert_non_null(text);
    memcpy(text, bytes.p, bytes.n);
    text[bytes.n] = '\0';
    tb_buf_release(&bytes);
    return text;
}

static inline void scene_digest(struct scene *s, const char *name, char out[TB_SHA256_HEX])
{
    char path[512];
    struct tb_buf bytes;
    struct tb_sha256 sha;
    scene_name(s, name, path);
    tb_buf_init(&bytes, TEXT_MAX);
    must(s, tb_file_read(path, TEXT_MAX, &bytes, &s->err));
    tb_sha256_init(&sha);
    tb_sha256_add(&sha, bytes.p, bytes.n);
    tb_sha256_hex(&sha, out);
    tb_buf_release(&bytes);
}

static inline bool scene_has(const struct scene *s, const char *name)
{
    char path[512];
    scene_name(s, name, path);
    return access(path, F_OK) == 0;
}

/* The output of a command; the caller frees it. */
static inline char *output_of(const char *command)
{
    struct tb_buf out;
    struct tb_err err;
    FILE *f = popen(command, "r");
    assert_non_null(f);
    tb_buf_init(&out, TEXT_MAX);
    assert_int_equal(tb_buf_reserve(&out, TEXT_MAX / 16, &err), TB_OK);
    for (size_t k = 1; k > 0;) {
        assert_int_equal(tb_buf_reserve(&out, 65536, &err), TB_OK);
        k = fread(out.p + out.n, 1, 65536 - 1, f);
        out.n += k;
    }
    pclose(f);
    char *text = strdup(tb_buf_view(&out).s);
    tb_buf_release(&out);
    return text;
}

/* A part of the day's workbook as text. */
static inline char *workbook_part(const struct scene *s, const char *part)
{
    char path[512], command[700];
    scene_name(s, "chargeback-" DAY_TEXT ".xlsx", path);
    snprintf(command, sizeof command, "unzip -p '%s' %s 2>/dev/null", path, part);
    return output_of(command);
}

/* A scene with a file of calls of two days. */
static inline void scene_with_calls(struct scene *s)
{
    static const struct call calls[] = {{DAY, 60, "ann", "big", 1000000, 0},
                                        {DAY, 120, "bob", "big", 0, 100000},
                                        {DAY, 200, "eve", "big", 5000, 1000},
                                        {DAY, 300, "bob", "unlisted", 7, 8},
                                        {DAY - 1, 600, "ann", "big", 400000, 0}};
    scene_begin(s);
    scene_file(s, 0, 1, calls, COUNT(calls));
}

/* Digests of the three files. */
struct digests {
    char hex[3][TB_SHA256_HEX];
};

static inline struct digests digests_of(struct scene *s)
{
    struct digests d;
    scene_digest(s, WORKBOOK, d.hex[0]);
    scene_digest(s, JSON, d.hex[1]);
    scene_digest(s, "SHA256SUMS", d.hex[2]);
    return d;
}

static inline void expect_same(struct digests a, struct digests b)
{
    for (int i = 0; i < 3; i++) {
        assert_string_equal(a.hex[i], b.hex[i]);
    }
}

static inline void expect_no_leftovers(struct scene *s)
{
    char command[700];
    snprintf(command, sizeof command, "find '%s' -name '.tollbook*'", s->output);
    char *found = output_of(command);
    assert_string_equal(found, "");
    free(found);
}

#endif
