/* Any query's result: csv and json row by row, the table when all widths are known. Numbers to the right. */
#include "reports/result.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include "base/json.h"
#include "base/utf8.h"
#include "reports/writer/writer.h"

#define CELL_BYTES_MAX  ((size_t)1 << 30)
#define TABLE_BYTES_MAX ((size_t)1 << 30) /* a table is held whole; csv and json are not */
#define GAP             "  "

/* A column's name, cleaned; a second one of the same name is NAME_2, so that no key of a JSON object is twice. */
struct names {
    struct tb_buf *name;
    int n;
};

static void release_names(struct names *names)
{
    for (int i = 0; i < names->n; i++) {
        tb_buf_release(&names->name[i]);
    }
    free(names->name);
}

static enum tb_status add_clean(struct tb_buf *out, struct tb_str s, struct tb_err *err)
{
    enum tb_status st = tb_buf_reserve(out, 3 * s.n + 1, err);
    if (st == TB_OK) {
        out->n += tb_utf8_printable(s, out->p + out->n);
    }
    return st;
}

static bool is_taken(const struct names *names, int i)
{
    for (int k = 0; k < i; k++) {
        if (tb_str_eq(tb_buf_view(&names->name[k]), tb_buf_view(&names->name[i]))) {
            return true;
        }
    }
    return false;
}

static enum tb_status read_name(const struct tb_query *q, struct names *names, int i, struct tb_err *err)
{
    struct tb_buf *name = &names->name[i];
    struct tb_str given = tb_str_of(tb_query_column_name(q, i));
    enum tb_status st = add_clean(name, given, err);
    for (int k = 2; st == TB_OK && is_taken(names, i); k++) {
        tb_buf_clear(name);
        st = add_clean(name, given, err);
        if (st == TB_OK) {
            st = tb_buf_printf(name, err, "_%d", k);
        }
    }
    return st;
}

static enum tb_status read_names(const struct tb_query *q, struct names *names, struct tb_err *err)
{
    int n = tb_query_columns(q);
    *names = (struct names){calloc((size_t)n + 1, sizeof *names->name), n};
    if (names->name == NULL) {
        names->n = 0;
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the names of %d columns", n);
    }
    enum tb_status st = TB_OK;
    for (int i = 0; i < n; i++) {
        tb_buf_init(&names->name[i], CELL_BYTES_MAX);
    }
    for (int i = 0; st == TB_OK && i < n; i++) {
        st = read_name(q, names, i, err);
    }
    return st;
}

/* --- json ---------------------------------------------------------------------------------------------------- */

static enum tb_status json_value(const struct tb_query *q, int i, struct tb_buf *out, struct tb_err *err)
{
    if (tb_query_is_int(q, i)) {
        return tb_buf_printf(out, err, "%" PRId64, tb_query_int(q, i));
    }
    return tb_json_quote(out, tb_query_text(q, i), err); /* null when absent */
}

static enum tb_status json_row(const struct tb_query *q, const struct names *names, struct tb_buf *out,
                               struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int i = 0; st == TB_OK && i < names->n; i++) {
        st = tb_buf_add(out, i > 0 ? "," : "{", 1, err);
        if (st == TB_OK) {
            st = tb_json_quote(out, tb_buf_view(&names->name[i]), err);
        }
        if (st == TB_OK) {
            st = tb_buf_add(out, ":", 1, err);
        }
        if (st == TB_OK) {
            st = json_value(q, i, out, err);
        }
    }
    return st == TB_OK ? tb_buf_add(out, "}", 1, err) : st;
}

static enum tb_status write_json(struct tb_query *q, const struct names *names, struct tb_buf *out,
                                 struct tb_err *err)
{
    enum tb_status st = tb_buf_str(out, TB_STR("{\"rows\":["), err);
    bool first = true;
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        st = tb_buf_str(out, first ? TB_STR("\n") : TB_STR(",\n"), err);
        if (st == TB_OK) {
            st = json_row(q, names, out, err);
        }
        first = false;
    }
    if (st != TB_END) {
        return st;
    }
    return tb_buf_str(out, first ? TB_STR("]}\n") : TB_STR("\n]}\n"), err);
}

/* --- csv ----------------------------------------------------------------------------------------------------- */

static enum tb_status csv_field(struct tb_str s, struct tb_buf *clean, struct tb_buf *out, struct tb_err *err)
{
    tb_buf_clear(clean);
    enum tb_status st = tb_buf_add(clean, "'", 1, err);
    if (st == TB_OK) {
        st = add_clean(clean, s, err);
    }
    if (st != TB_OK) {
        return st;
    }
    struct tb_str text = {clean->p + 1, clean->n - 1};
    if (tb_writer_is_formula(s) ||
        tb_writer_is_formula(text)) { /* also "=" behind a control that was stripped */
        text = tb_buf_view(clean);
    }
    bool quotes = text.n > 0 && (text.s[0] == ' ' || text.s[text.n - 1] == ' ');
    for (size_t i = 0; i < text.n && !quotes; i++) {
        quotes = memchr(",;\"", text.s[i], 3) != NULL;
    }
    if (!quotes) {
        return tb_buf_str(out, text, err);
    }
    st = tb_buf_add(out, "\"", 1, err);
    for (size_t i = 0; st == TB_OK && i < text.n; i++) {
        st = tb_buf_add(out, "\"\"", 1 + (text.s[i] == '"'), err);
        out->p[out->n - 1] = text.s[i];
    }
    return st == TB_OK ? tb_buf_add(out, "\"", 1, err) : st;
}

static enum tb_status write_csv(struct tb_query *q, const struct names *names, struct tb_buf *out,
                                struct tb_err *err)
{
    struct tb_buf clean;
    enum tb_status st = TB_OK;
    tb_buf_init(&clean, CELL_BYTES_MAX);
    for (int i = 0; st == TB_OK && i < names->n; i++) {
        st = i > 0 ? tb_buf_add(out, ",", 1, err) : TB_OK;
        if (st == TB_OK) {
            st = csv_field(tb_buf_view(&names->name[i]), &clean, out, err);
        }
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        for (int i = 0; st == TB_OK && i < names->n; i++) {
            struct tb_str text = tb_query_text(q, i);
            st = tb_buf_add(out, i > 0 ? "," : "\n", 1, err);
            if (st == TB_OK && text.s != NULL) {
                st = csv_field(text, &clean, out, err);
            }
        }
    }
    tb_buf_release(&clean);
    return st == TB_END ? tb_buf_add(out, "\n", 1, err) : st;
}

/* --- table --------------------------------------------------------------------------------------------------- */

/* Where a column's text begins in `cells`, one after the other, each ended by a NUL. */
struct grid {
    struct tb_buf cells;
    size_t *width;
    bool *is_text; /* some value is neither an integer nor NULL: to the left */
    int n;
};

static enum tb_status keep(struct grid *g, int i, struct tb_str s, struct tb_err *err)
{
    size_t start = g->cells.n;
    enum tb_status st = add_clean(&g->cells, s, err);
    if (st == TB_OK) {
        size_t chars = tb_utf8_chars((struct tb_str){g->cells.p + start, g->cells.n - start});
        g->width[i] = chars > g->width[i] ? chars : g->width[i];
        st = tb_buf_add(&g->cells, "", 1, err);
    }
    return st;
}

static enum tb_status read_grid(struct tb_query *q, const struct names *names, struct grid *g,
                                struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int i = 0; st == TB_OK && i < g->n; i++) {
        st = keep(g, i, tb_buf_view(&names->name[i]), err);
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        for (int i = 0; st == TB_OK && i < g->n; i++) {
            bool null = tb_query_is_null(q, i);
            g->is_text[i] = g->is_text[i] || !(null || tb_query_is_int(q, i));
            st = keep(g, i, null ? TB_STR("-") : tb_query_text(q, i), err);
        }
    }
    return st == TB_END ? TB_OK : st;
}

static enum tb_status pad(struct tb_buf *out, size_t n, struct tb_err *err)
{
    enum tb_status st = tb_buf_reserve(out, n + 1, err);
    if (st == TB_OK) {
        memset(out->p + out->n, ' ', n);
        out->n += n;
    }
    return st;
}

static enum tb_status print_cell(const struct grid *g, int i, struct tb_str s, struct tb_buf *out,
                                 struct tb_err *err)
{
    size_t blanks = g->width[i] - tb_utf8_chars(s);
    bool last = i == g->n - 1;
    enum tb_status st = i > 0 ? tb_buf_str(out, TB_STR(GAP), err) : TB_OK;
    if (st == TB_OK && !g->is_text[i]) {
        st = pad(out, blanks, err);
    }
    if (st == TB_OK) {
        st = tb_buf_str(out, s, err);
    }
    return st == TB_OK && g->is_text[i] && !last ? pad(out, blanks, err) : st;
}

static enum tb_status print_grid(const struct grid *g, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    int i = 0;
    for (size_t at = 0; st == TB_OK && at < g->cells.n;) {
        struct tb_str s = tb_str_of(g->cells.p + at);
        st = print_cell(g, i, s, out, err);
        at += s.n + 1;
        i = (i + 1) % g->n;
        if (st == TB_OK && i == 0) {
            st = tb_buf_add(out, "\n", 1, err);
        }
    }
    return st;
}

static enum tb_status write_table(struct tb_query *q, const struct names *names, struct tb_buf *out,
                                  struct tb_err *err)
{
    struct grid g = {.width = calloc((size_t)names->n + 1, sizeof *g.width),
                     .is_text = calloc((size_t)names->n + 1, sizeof *g.is_text),
                     .n = names->n};
    tb_buf_init(&g.cells, TABLE_BYTES_MAX);
    enum tb_status st = g.width == NULL || g.is_text == NULL
                            ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %d columns", names->n)
                            : read_grid(q, names, &g, err);
    if (st == TB_OK) {
        st = print_grid(&g, out, err);
    }
    tb_buf_release(&g.cells);
    free(g.width);
    free(g.is_text);
    return st;
}

enum tb_status tb_result_write(struct tb_query *q, const char *format, struct tb_buf *out, struct tb_err *err)
{
    struct names names;
    enum tb_status st = read_names(q, &names, err);
    if (st == TB_OK && strcmp(format, "json") == 0) {
        st = write_json(q, &names, out, err);
    } else if (st == TB_OK && strcmp(format, "csv") == 0) {
        st = write_csv(q, &names, out, err);
    } else if (st == TB_OK) {
        assert(strcmp(format, "table") == 0);
        st = write_table(q, &names, out, err);
    }
    release_names(&names);
    return st;
}
