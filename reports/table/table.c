#include "reports/table/table.h"

#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/json.h"

struct named_column {
    struct tb_column column;
    char key[TB_COLUMN_KEY_MAX];
    char label[TB_COLUMN_KEY_MAX];
};

struct tb_table {
    struct tb_arena texts;
    char *name;
    char *title;
    struct named_column *columns;
    size_t column_count;
    struct tb_cell **rows; /* so that sorting moves pointers */
    size_t row_count;
    size_t row_cap;
    size_t dropped;
};

static void copy_word(char out[TB_COLUMN_KEY_MAX], const char *word)
{
    size_t n = strlen(word);
    assert(n < TB_COLUMN_KEY_MAX);
    memcpy(out, word, n + 1);
}

static void copy_columns(struct tb_table *t, const struct tb_column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct named_column *c = &t->columns[i];
        copy_word(c->key, columns[i].key);
        copy_word(c->label, columns[i].label != NULL ? columns[i].label : columns[i].key);
        c->column = columns[i];
        c->column.key = c->key;
        c->column.label = c->label;
    }
    t->column_count = n;
}

struct tb_table *tb_table_new(const char *name, const char *title, const struct tb_column *columns, size_t n)
{
    assert(name != NULL && columns != NULL && n > 0 && n <= TB_TABLE_COLUMNS_MAX);
    struct tb_table *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    tb_arena_init(&t->texts, SIZE_MAX);
    t->name = tb_arena_cstr(&t->texts, tb_str_of(name));
    t->title = tb_arena_cstr(&t->texts, tb_str_of(title != NULL ? title : name));
    t->columns = calloc(n, sizeof *t->columns);
    if (t->name == NULL || t->title == NULL || t->columns == NULL) {
        tb_table_free(t);
        return NULL;
    }
    copy_columns(t, columns, n);
    return t;
}

void tb_table_free(struct tb_table *t)
{
    if (t == NULL) {
        return;
    }
    tb_arena_release(&t->texts);
    free(t->columns);
    free(t->rows);
    free(t);
}

const char *tb_table_name(const struct tb_table *t)
{
    return t->name;
}

const char *tb_table_title(const struct tb_table *t)
{
    return t->title;
}

size_t tb_table_columns(const struct tb_table *t)
{
    return t->column_count;
}

const struct tb_column *tb_table_column(const struct tb_table *t, size_t i)
{
    assert(i < t->column_count);
    return &t->columns[i].column;
}

size_t tb_table_rows(const struct tb_table *t)
{
    return t->row_count;
}

const struct tb_cell *tb_table_cell(const struct tb_table *t, size_t row, size_t column)
{
    assert(row < t->row_count && column < t->column_count);
    return &t->rows[row][column];
}

int tb_table_find(const struct tb_table *t, const char *key)
{
    for (size_t i = 0; i < t->column_count; i++) {
        if (strcmp(t->columns[i].key, key) == 0) {
            return (int)i;
        }
    }
    return -1;
}

enum tb_status tb_table_row(struct tb_table *t, struct tb_err *err)
{
    if (t->row_count == t->row_cap) {
        size_t cap = t->row_cap == 0 ? 16 : t->row_cap * 2;
        struct tb_cell **rows = realloc(t->rows, cap * sizeof *rows);
        if (rows == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
        }
        t->rows = rows;
        t->row_cap = cap;
    }
    struct tb_cell *cells = tb_arena_alloc(&t->texts, t->column_count * sizeof *cells);
    if (cells == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    for (size_t i = 0; i < t->column_count; i++) {
        enum tb_cell_type type = t->columns[i].column.type;
        cells[i].null = true;
        cells[i].type = type == TB_CELL_MIXED || type == TB_CELL_LIST ? TB_CELL_TEXT : type;
    }
    t->rows[t->row_count++] = cells;
    return TB_OK;
}

/* The cell of the last row that a setter of the given type may fill. */
static struct tb_cell *open_cell(struct tb_table *t, size_t column, enum tb_cell_type type)
{
    assert(t->row_count > 0 && column < t->column_count);
    struct tb_cell *c = &t->rows[t->row_count - 1][column];
    if (t->columns[column].column.type == TB_CELL_MIXED) {
        c->type = type;
    }
    return c;
}

enum tb_status tb_table_text(struct tb_table *t, size_t column, struct tb_str v, struct tb_err *err)
{
    struct tb_cell *c = open_cell(t, column, TB_CELL_TEXT);
    assert(c->type == TB_CELL_TEXT || c->type == TB_CELL_RATIO);
    c->null = v.s == NULL;
    c->text = TB_STR_NULL;
    if (v.s == NULL) {
        return TB_OK;
    }
    c->text = tb_arena_str(&t->texts, v);
    if (c->text.s == NULL) {
        c->null = true;
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the texts of \"%s\"", t->name);
    }
    return TB_OK;
}

void tb_table_int(struct tb_table *t, size_t column, int64_t v)
{
    struct tb_cell *c = open_cell(t, column, TB_CELL_INT);
    assert(c->type != TB_CELL_TEXT && c->type != TB_CELL_RATIO && c->type != TB_CELL_MONEY);
    c->null = false;
    c->number = v;
}

void tb_table_money(struct tb_table *t, size_t column, tb_money v)
{
    struct tb_cell *c = open_cell(t, column, TB_CELL_MONEY);
    assert(c->type == TB_CELL_MONEY);
    c->null = false;
    c->money = v;
}

void tb_table_clear(struct tb_table *t, size_t column)
{
    assert(t->row_count > 0 && column < t->column_count);
    t->rows[t->row_count - 1][column].null = true;
}

void tb_table_drop(struct tb_table *t, size_t n)
{
    t->dropped += n;
}

size_t tb_table_dropped(const struct tb_table *t)
{
    return t->dropped;
}

bool tb_table_sum(const struct tb_table *t, size_t column, struct tb_cell *out)
{
    enum tb_cell_type type = tb_table_column(t, column)->type;
    assert(type == TB_CELL_INT || type == TB_CELL_MONEY || type == TB_CELL_CENTS);
    *out = (struct tb_cell){.type = type};
    for (size_t i = 0; i < t->row_count; i++) {
        const struct tb_cell *c = &t->rows[i][column];
        if (c->null) {
            continue;
        }
        if (type == TB_CELL_MONEY ? !tb_money_add(out->money, c->money, &out->money)
                                  : __builtin_add_overflow(out->number, c->number, &out->number)) {
            return false;
        }
    }
    return true;
}

/* --- sorting --- */

/* <0: a stands before b. */
static int compare_values(const struct tb_cell *a, const struct tb_cell *b)
{
    tb_money x = 0, y = 0;
    switch (a->type) {
    case TB_CELL_TEXT:
        return tb_str_cmp(a->text, b->text);
    case TB_CELL_MONEY:
        return (a->money < b->money) - (a->money > b->money);
    case TB_CELL_RATIO: {
        bool ok = tb_money_parse(a->text, &x) && tb_money_parse(b->text, &y);
        assert(ok);
        return (x < y) - (x > y);
    }
    default:
        return (a->number < b->number) - (a->number > b->number);
    }
}

static int compare_cells(const struct tb_cell *a, const struct tb_cell *b)
{
    if (a->null || b->null) {
        bool texts = a->type == TB_CELL_TEXT && b->type == TB_CELL_TEXT;
        int null_last = (int)a->null - (int)b->null;
        return texts ? -null_last : null_last;
    }
    if (a->type != b->type) { /* MIXED: kinds together */
        return (a->type > b->type) - (a->type < b->type);
    }
    return compare_values(a, b);
}

/* Bottom-up merge sort: stable, and no recursion or global for the column. */
static void merge(struct tb_cell **from, struct tb_cell **to, size_t n, size_t width, size_t column)
{
    for (size_t start = 0; start < n; start += 2 * width) {
        size_t middle = start + width < n ? start + width : n;
        size_t end = start + 2 * width < n ? start + 2 * width : n;
        size_t a = start, b = middle;
        for (size_t i = start; i < end; i++) {
            bool take_a = a < middle && (b >= end || compare_cells(&from[a][column], &from[b][column]) <= 0);
            to[i] = take_a ? from[a++] : from[b++];
        }
    }
}

static enum tb_status sort_rows(struct tb_table *t, size_t column, struct tb_err *err)
{
    size_t n = t->row_count;
    if (n < 2) {
        return TB_OK;
    }
    struct tb_cell **other = malloc(n * sizeof *other);
    if (other == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to sort \"%s\"", t->name);
    }
    struct tb_cell **from = t->rows, **to = other;
    for (size_t width = 1; width < n; width *= 2) {
        merge(from, to, n, width, column);
        struct tb_cell **swap = from;
        from = to;
        to = swap;
    }
    if (from != t->rows) {
        memcpy(t->rows, from, n * sizeof *from);
    }
    free(other);
    return TB_OK;
}

static enum tb_status no_such_column(const struct tb_table *t, const char *key, struct tb_err *err)
{
    const char *words[TB_TABLE_COLUMNS_MAX + 1] = {NULL};
    for (size_t i = 0; i < t->column_count; i++) {
        words[i] = t->columns[i].key;
    }
    const char *near = tb_did_you_mean(tb_str_of(key), words);
    if (near != NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "no column \"%.60s\" to sort by, did you mean \"%s\"",
                          key, near);
    }
    return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                      "no column \"%.60s\" to sort by, see the header of --format csv", key);
}

enum tb_status tb_table_sort(struct tb_table *t, const char *key, size_t top, struct tb_err *err)
{
    if (key != NULL) {
        int column = tb_table_find(t, key);
        if (column < 0) {
            return no_such_column(t, key, err);
        }
        enum tb_status st = sort_rows(t, (size_t)column, err);
        if (st != TB_OK) {
            return st;
        }
    }
    if (top > 0 && top < t->row_count) {
        t->dropped += t->row_count - top;
        t->row_count = top;
    }
    return TB_OK;
}
