/* One table as aligned lines (libsmartcols), with a line of totals. Columns that say nothing are left out. */
#include "reports/writer/writer.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include "reports/writer/text_cell.h"

#define CELL_BYTES_MAX ((size_t)1 << 30)

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to lay out a table");
}

/* A column of nothing but nulls or zero counts is left out: a class of tokens that did not occur. */
static bool says_something(const struct tb_table *t, size_t column)
{
    bool counts = tb_table_column(t, column)->type == TB_CELL_INT;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        const struct tb_cell *c = tb_table_cell(t, i, column);
        if (!c->null && !(counts && c->number == 0)) {
            return true;
        }
    }
    return tb_table_rows(t) == 0;
}

static bool is_text(enum tb_cell_type type)
{
    return type == TB_CELL_TEXT || type == TB_CELL_BOOL || type == TB_CELL_DAY || type == TB_CELL_INSTANT;
}

/* The columns shown, and the decimals that each one's money is filled up to. */
struct shown {
    size_t n;
    size_t column[TB_TABLE_COLUMNS_MAX];
    int decimals[TB_TABLE_COLUMNS_MAX];
};

static void choose(const struct tb_table *t, struct shown *out)
{
    out->n = 0;
    for (size_t i = 0; i < tb_table_columns(t); i++) {
        if (!says_something(t, i)) {
            continue;
        }
        int most = 0;
        for (size_t row = 0; row < tb_table_rows(t); row++) {
            int decimals = tb_textcell_decimals(tb_table_cell(t, row, i));
            most = decimals > most ? decimals : most;
        }
        out->column[out->n] = i;
        out->decimals[out->n++] = most;
    }
}

static bool add_columns(const struct tb_table *t, const struct shown *shown, struct libscols_table *table)
{
    for (size_t i = 0; i < shown->n; i++) {
        const struct tb_column *c = tb_table_column(t, shown->column[i]);
        if (scols_table_new_column(table, c->label, 0, is_text(c->type) ? 0 : SCOLS_FL_RIGHT) == NULL) {
            return false;
        }
    }
    return true;
}

static enum tb_status set_cell(struct libscols_line *line, size_t i, const struct tb_cell *c, int decimals,
                               struct tb_buf *text, struct tb_err *err)
{
    enum tb_status st = tb_textcell_format(c, decimals, text, err);
    if (st != TB_OK) {
        return st;
    }
    return scols_line_set_data(line, i, tb_buf_view(text).s) == 0 ? TB_OK : no_memory(err);
}

static enum tb_status add_rows(const struct tb_table *t, const struct shown *shown,
                               struct libscols_table *table, struct tb_buf *text, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t row = 0; st == TB_OK && row < tb_table_rows(t); row++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL) {
            return no_memory(err);
        }
        for (size_t i = 0; st == TB_OK && i < shown->n; i++) {
            st = set_cell(line, i, tb_table_cell(t, row, shown->column[i]), shown->decimals[i], text, err);
        }
    }
    return st;
}

static enum tb_status add_totals(const struct tb_table *t, const struct shown *shown,
                                 struct libscols_table *table, struct tb_buf *text, struct tb_err *err)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    enum tb_status st = TB_OK;
    if (line == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; st == TB_OK && i < shown->n; i++) {
        struct tb_cell sum;
        const struct tb_column *c = tb_table_column(t, shown->column[i]);
        if (i == 0 && !c->total) {
            const char *word = tb_table_dropped(t) > 0 ? "total of these" : "total";
            st = scols_line_set_data(line, i, word) == 0 ? TB_OK : no_memory(err);
        } else if (c->total && tb_table_sum(t, shown->column[i], &sum)) {
            st = set_cell(line, i, &sum, shown->decimals[i], text, err);
        }
    }
    return st;
}

static bool has_totals(const struct tb_table *t)
{
    for (size_t i = 0; i < tb_table_columns(t); i++) {
        if (tb_table_column(t, i)->total) {
            return tb_table_rows(t) > 1;
        }
    }
    return false;
}

/* smartcols fills lines up with blanks; they are cut. */
static enum tb_status add_lines(const char *s, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    while (st == TB_OK && *s != '\0') {
        const char *end = strchrnul(s, '\n');
        size_t n = (size_t)(end - s);
        while (n > 0 && s[n - 1] == ' ') {
            n--;
        }
        st = tb_buf_add(out, s, n, err);
        if (st == TB_OK) {
            st = tb_buf_add(out, "\n", 1, err);
        }
        s = *end == '\n' ? end + 1 : end;
    }
    return st;
}

/* Widths of characters need a UTF-8 locale; only this thread's, only here: tollbook never calls setlocale. */
static enum tb_status print(struct libscols_table *table, struct tb_buf *out, struct tb_err *err)
{
    char *lines = NULL;
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
    int rc = scols_print_table_to_string(table, &lines);
    if (utf8 != (locale_t)0) {
        uselocale(before);
        freelocale(utf8);
    }
    enum tb_status st = rc == 0 && lines != NULL ? add_lines(lines, out, err) : no_memory(err);
    free(lines);
    return st;
}

enum tb_status tb_writer_text_table(const struct tb_table *t, struct tb_buf *out, struct tb_err *err)
{
    struct shown shown;
    struct tb_buf text;
    enum tb_status st = TB_OK;
    tb_buf_init(&text, CELL_BYTES_MAX);
    choose(t, &shown);
    struct libscols_table *table = scols_new_table();
    if (table == NULL) {
        return no_memory(err);
    }
    scols_table_enable_noencoding(table, 1); /* the cells are printable already */
    scols_table_enable_colors(table, 0);
    scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
    if (scols_table_set_column_separator(table, "  ") != 0 || !add_columns(t, &shown, table)) {
        st = no_memory(err);
    }
    if (st == TB_OK) {
        st = add_rows(t, &shown, table, &text, err);
    }
    if (st == TB_OK && has_totals(t)) {
        st = add_totals(t, &shown, table, &text, err);
    }
    if (st == TB_OK && tb_table_rows(t) > 0) {
        st = print(table, out, err);
    }
    scols_unref_table(table);
    tb_buf_release(&text);
    return st;
}
