#include "config/tablefile.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/json.h"

void tb_tablefile_init(struct tb_tablefile *t, const struct tb_tablefile_spec *spec,
                       const struct tb_settings *s, const char *name, struct tb_arena *arena)
{
    memset(t, 0, sizeof *t);
    t->spec = spec;
    t->settings = s;
    t->name = name;
    t->arena = arena;
}

void tb_tablefile_release(struct tb_tablefile *t)
{
    free(t->rows);
    free(t->places);
    t->rows = NULL;
    t->places = NULL;
    t->count = 0;
    t->cap = 0;
}

/* --- complaints ----------------------------------------------------------------------------------------- */

static TB_PRINTF(4, 0) enum tb_status complain_at(const struct tb_tablefile *t, struct tb_tablefile_place at,
                                                  struct tb_err *err, const char *fmt, va_list list)
{
    char text[sizeof err->text];
    vsnprintf(text, sizeof text, fmt, list);
    enum tb_status status = tb_err_set(err, TB_FAIL, TB_E_TABLE, "%s", text);
    tb_err_place(err, t->name, at.line, at.column);
    return status;
}

static struct tb_tablefile_place place_of(const struct tb_tablefile *t, int column)
{
    assert(t->row != NULL);
    int cell = t->cell_of[column] >= 0 ? t->cell_of[column] : 0;
    return (struct tb_tablefile_place){t->row->cells[cell].line, t->row->cells[cell].column};
}

enum tb_status tb_tablefile_complain(const struct tb_tablefile *t, int column, struct tb_err *err,
                                     const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    enum tb_status status = complain_at(t, place_of(t, column), err, fmt, list);
    va_end(list);
    return status;
}

enum tb_status tb_tablefile_complain_row(const struct tb_tablefile *t, size_t row, struct tb_err *err,
                                         const char *fmt, ...)
{
    assert(row < t->count);
    va_list list;
    va_start(list, fmt);
    enum tb_status status = complain_at(t, t->places[row], err, fmt, list);
    va_end(list);
    return status;
}

static TB_PRINTF(4, 5) enum tb_status
    complain_cell(const struct tb_tablefile *t, const struct tb_csv_cell *cell, struct tb_err *err,
                  const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    enum tb_status status =
        complain_at(t, (struct tb_tablefile_place){cell->line, cell->column}, err, fmt, list);
    va_end(list);
    return status;
}

/* --- the header ----------------------------------------------------------------------------------------- */

static int column_named(const struct tb_tablefile *t, struct tb_str name)
{
    for (int c = 0; t->spec->columns[c] != NULL; c++) {
        if (tb_str_eq(name, tb_str_of(t->spec->columns[c]))) {
            return c;
        }
    }
    return -1;
}

static enum tb_status unknown_column(const struct tb_tablefile *t, const struct tb_csv_cell *cell,
                                     size_t number, struct tb_err *err)
{
    if (cell->text.n == 0) {
        return complain_cell(t, cell, err, "column %zu has no name in the header: name it or take it out",
                             number);
    }
    const char *near = tb_did_you_mean(cell->text, t->spec->columns);
    if (near != NULL) {
        return complain_cell(t, cell, err, "unknown column \"%.*s\", did you mean \"%s\"",
                             TB_SHOWN(cell->text), near);
    }
    char all[256] = "";
    size_t n = 0;
    for (int c = 0; t->spec->columns[c] != NULL && n < sizeof all; c++) {
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", c > 0 ? "," : "", t->spec->columns[c]);
    }
    return complain_cell(t, cell, err, "unknown column \"%.*s\": the columns are %s", TB_SHOWN(cell->text),
                         all);
}

static enum tb_status read_header(struct tb_tablefile *t, const struct tb_csv_row *row, struct tb_err *err)
{
    for (int c = 0; c < TB_TABLEFILE_COLUMNS_MAX; c++) {
        t->cell_of[c] = -1;
    }
    for (size_t i = 0; i < row->count; i++) {
        int c = column_named(t, row->cells[i].text);
        if (c < 0) {
            return unknown_column(t, &row->cells[i], i + 1, err);
        }
        if (t->cell_of[c] >= 0) {
            return complain_cell(t, &row->cells[i], err,
                                 "column \"%s\" stands twice in the header: take one out",
                                 t->spec->columns[c]);
        }
        t->cell_of[c] = (int)i;
    }
    for (int c = 0; t->spec->columns[c] != NULL; c++) {
        if (t->cell_of[c] < 0 && (t->spec->required >> c & 1) != 0) {
            return complain_cell(t, &row->cells[0], err, "column \"%s\" is missing: add it to the header",
                                 t->spec->columns[c]);
        }
    }
    t->cell_count = row->count;
    return TB_OK;
}

/* --- the rows ------------------------------------------------------------------------------------------- */

static enum tb_status grow(struct tb_tablefile *t, struct tb_err *err)
{
    if (t->count < t->cap) {
        return TB_OK;
    }
    size_t cap = t->cap == 0 ? 64 : t->cap * 2;
    char *rows = reallocarray(t->rows, cap, t->spec->row_bytes);
    if (rows != NULL) {
        t->rows = rows;
    }
    struct tb_tablefile_place *places = reallocarray(t->places, cap, sizeof *places);
    if (places != NULL) {
        t->places = places;
    }
    if (rows == NULL || places == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    t->cap = cap;
    return TB_OK;
}

static enum tb_status read_row(struct tb_tablefile *t, const struct tb_csv_row *row, struct tb_err *err)
{
    if (row->count != t->cell_count) {
        return complain_cell(t, &row->cells[row->count - 1], err,
                             "%zu cell%s where the header has %zu columns: is a separator %s", row->count,
                             row->count == 1 ? "" : "s", t->cell_count,
                             row->count < t->cell_count ? "missing" : "not in quotes");
    }
    enum tb_status status = grow(t, err);
    if (status != TB_OK) {
        return status;
    }
    t->row = row;
    char *to = t->rows + t->count * t->spec->row_bytes;
    memset(to, 0, t->spec->row_bytes);
    status = t->spec->fill(t, to, err);
    t->places[t->count] = place_of(t, t->spec->key);
    t->row = NULL;
    t->count += status == TB_OK;
    return status;
}

static enum tb_status take_row(void *context, const struct tb_csv_row *row, struct tb_err *err)
{
    struct tb_tablefile *t = context;
    return t->cell_count == 0 ? read_header(t, row, err) : read_row(t, row, err);
}

enum tb_status tb_tablefile_read(struct tb_tablefile *t, struct tb_str text, struct tb_err *err)
{
    enum tb_status status = tb_csv_parse(text, t->name, take_row, t, err);
    if (status == TB_OK && t->spec->check != NULL && t->count > 1) {
        status = t->spec->check(t, err);
    }
    return status;
}

uint64_t tb_tablefile_line(const struct tb_tablefile *t)
{
    return t->row->cells[0].line;
}

struct tb_str tb_tablefile_cell(const struct tb_tablefile *t, int column)
{
    if (t->cell_of[column] < 0) {
        return TB_STR_NULL;
    }
    struct tb_str text = t->row->cells[t->cell_of[column]].text;
    return text.n == 0 ? TB_STR_NULL : text;
}
