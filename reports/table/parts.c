#include "reports/table/parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define RAW_BYTES_MAX (UINT32_C(1) << 30) /* of a kept report: SQLite's own limit for a blob */

struct tb_report *tb_parts_new(const char *kind, const char *title)
{
    struct tb_report *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    assert(strlen(kind) < sizeof r->kind && strlen(title) < sizeof r->title);
    snprintf(r->kind, sizeof r->kind, "%s", kind);
    snprintf(r->title, sizeof r->title, "%s", title);
    tb_buf_init(&r->raw, RAW_BYTES_MAX);
    return r;
}

void tb_parts_free(struct tb_report *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        tb_table_free(r->parts[i].table);
    }
    tb_buf_release(&r->raw);
    free(r);
}

const struct tb_part *tb_parts_find(const struct tb_report *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(tb_table_name(r->parts[i].table), key) == 0) {
            return &r->parts[i];
        }
    }
    return NULL;
}

static enum tb_status add_part(struct tb_report *r, enum tb_part_kind kind, const char *key,
                               const char *title, const struct tb_column *columns, size_t n,
                               struct tb_table **out, struct tb_err *err)
{
    assert(r->n < TB_PARTS_MAX && tb_parts_find(r, key) == NULL);
    struct tb_table *t = tb_table_new(key, title, columns, n);
    if (t == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for \"%s\" of the report", key);
    }
    r->parts[r->n++] = (struct tb_part){kind, t};
    *out = t;
    return kind == TB_PART_ROWS ? TB_OK : tb_table_row(t, err);
}

enum tb_status tb_parts_value(struct tb_report *r, const struct tb_column *column, struct tb_table **out,
                              struct tb_err *err)
{
    return add_part(r, TB_PART_VALUE, column->key, column->label, column, 1, out, err);
}

enum tb_status tb_parts_object(struct tb_report *r, const char *key, const char *title,
                               const struct tb_column *columns, size_t n, struct tb_table **out,
                               struct tb_err *err)
{
    return add_part(r, TB_PART_OBJECT, key, title, columns, n, out, err);
}

enum tb_status tb_parts_rows(struct tb_report *r, const char *key, const char *title,
                             const struct tb_column *columns, size_t n, struct tb_table **out,
                             struct tb_err *err)
{
    return add_part(r, TB_PART_ROWS, key, title, columns, n, out, err);
}

enum tb_status tb_parts_text(struct tb_report *r, const char *key, const char *label, struct tb_str v,
                             struct tb_err *err)
{
    struct tb_table *t;
    struct tb_column column = {key, label, TB_CELL_TEXT, true, false};
    enum tb_status st = tb_parts_value(r, &column, &t, err);
    return st == TB_OK ? tb_table_text(t, 0, v, err) : st;
}

enum tb_status tb_parts_number(struct tb_report *r, const char *key, const char *label,
                               enum tb_cell_type type, bool has, int64_t v, struct tb_err *err)
{
    struct tb_table *t;
    struct tb_column column = {key, label, type, false, false};
    enum tb_status st = tb_parts_value(r, &column, &t, err);
    if (st == TB_OK && has) {
        tb_table_int(t, 0, v);
    }
    return st;
}
