/* Shared by the tests of reports/: a database of its own in a temporary folder, filled by SQL. */
#ifndef TESTS_REPORTS_HELPER_H
#define TESTS_REPORTS_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "reports/report.h"
#include "reports/table/parts.h"
#include "store/events.h"
#include "store/query.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define DAY0     20778 /* 2026-11-21 */
#define VERSION  3
#define TEXT_MAX (64u << 20)

struct world {
    char dir[64], path[96];
    struct tb_db *db;
    struct tb_source_setting sources[2];
    struct tb_settings settings;
    struct tb_tables tables;
    struct tb_err err;
};

/* Fails the test with the error's words. */
static inline void must(struct world *w, enum tb_status st)
{
    if (st != TB_OK) {
        fail_msg("%s", w->err.text);
    }
}

static inline void world_begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/tollbook-reports-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/t.db", w->dir);
    must(w, tb_db_open(w->path, TB_DB_WRITE, &w->db, &w->err));
    must(w, tb_zone_load("UTC", &w->settings.zone, &w->err));
    w->sources[0] = (struct tb_source_setting){.name = "gateway", .bill = true};
    w->sources[1] = (struct tb_source_setting){.name = "shadow", .bill = false};
    w->settings.sources = w->sources;
    w->settings.source_count = 2;
    w->settings.currency = "USD";
    tb_db_set_zone(w->db, w->settings.zone);
}

static inline void world_end(struct world *w)
{
    char command[128];
    tb_db_close(w->db);
    tb_zone_free(w->settings.zone);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
}

static inline struct tb_report_query ask(struct world *w, int32_t from_day, int32_t to_day)
{
    return (struct tb_report_query){.db = w->db,
                                    .settings = &w->settings,
                                    .tables = &w->tables,
                                    .version = VERSION,
                                    .from_day = from_day,
                                    .to_day = to_day,
                                    .from_us = from_day * TB_US_PER_DAY,
                                    .to_us = (to_day + 1) * TB_US_PER_DAY};
}

static inline struct tb_report *build(struct world *w, const char *kind, const struct tb_report_query *q)
{
    struct tb_report *r = NULL;
    const struct tb_report_kind *k = tb_report_kind_find(kind);
    assert_non_null(k);
    must(w, k->build(q, &r, &w->err));
    return r;
}

/* Builds and expects a refusal with these words. */
static inline void refused(struct world *w, const char *kind, const struct tb_report_query *q,
                           const char *words)
{
    struct tb_report *r = NULL;
    assert_int_equal(tb_report_kind_find(kind)->build(q, &r, &w->err), TB_FAIL);
    assert_int_equal(w->err.code, TB_E_USAGE);
    if (strstr(w->err.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", w->err.text, words);
    }
}

/* Runs one statement of the test's. */
static inline void run(struct world *w, const char *sql)
{
    struct tb_query *q = NULL;
    must(w, tb_query_open(w->db, sql, &q, &w->err));
    must(w, tb_query_run(q, &w->err));
    tb_query_close(q);
}

static inline uint32_t text_id(struct world *w, const char *text)
{
    uint32_t id = 0;
    must(w, tb_dict_id(w->db, tb_str_of(text), true, &id, &w->err));
    return id;
}

static inline struct tb_table *part(const struct tb_report *r, const char *key)
{
    const struct tb_part *p = tb_parts_find(r, key);
    assert_non_null(p);
    return p->table;
}

static inline const struct tb_cell *cell(const struct tb_table *t, size_t row, const char *column)
{
    int i = tb_table_find(t, column);
    assert_true(i >= 0);
    return tb_table_cell(t, row, (size_t)i);
}

static inline int64_t number(const struct tb_table *t, size_t row, const char *column)
{
    assert_false(cell(t, row, column)->null);
    return cell(t, row, column)->number;
}

static inline struct tb_str word(const struct tb_table *t, size_t row, const char *column)
{
    return cell(t, row, column)->null ? TB_STR_NULL : cell(t, row, column)->text;
}

/* The cell's money as text; "null". */
static inline const char *cost(const struct tb_table *t, size_t row, const char *column)
{
    static char out[4][TB_MONEY_TEXT_MAX];
    static int next;
    char *text = out[next++ % 4];
    snprintf(text, TB_MONEY_TEXT_MAX, "null");
    if (!cell(t, row, column)->null) {
        tb_money_format(cell(t, row, column)->money, text);
    }
    return text;
}

static inline char *json_of(struct world *w, const struct tb_report *r)
{
    struct tb_buf out;
    tb_buf_init(&out, TEXT_MAX);
    must(w, tb_report_json(r, &out, &w->err));
    char *text = strdup(tb_buf_view(&out).s);
    tb_buf_release(&out);
    return text;
}

#endif
