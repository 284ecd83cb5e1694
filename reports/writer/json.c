/* JSON: values, objects and rows of the report in order, one line each. */
#include "reports/writer/writer.h"

#include "base/json.h"

static bool is_quoted(enum tb_cell_type type)
{
    return type == TB_CELL_MONEY || type == TB_CELL_CENTS || type == TB_CELL_INSTANT || type == TB_CELL_DAY;
}

static enum tb_status write_cell(const struct tb_cell *c, struct tb_buf *out, struct tb_err *err)
{
    char plain[TB_CELL_PLAIN_MAX + 2];
    if (c->null) {
        return tb_buf_add(out, "null", 4, err);
    }
    if (c->type == TB_CELL_TEXT) {
        return tb_json_quote(out, c->text, err);
    }
    size_t n = tb_writer_plain(c, plain + 1);
    if (is_quoted(c->type)) {
        plain[0] = plain[n + 1] = '"';
        return tb_buf_add(out, plain, n + 2, err);
    }
    return tb_buf_add(out, plain + 1, n, err);
}

/* "key": (keys are the program's own words; no escapes in them). */
static enum tb_status write_key(const char *key, struct tb_buf *out, struct tb_err *err)
{
    return tb_buf_printf(out, err, "\"%s\":", key);
}

/* The words of a text, as an array; null: none. */
static enum tb_status write_list(const struct tb_cell *c, struct tb_buf *out, struct tb_err *err)
{
    struct tb_str left = c->null ? TB_STR_NULL : c->text;
    enum tb_status st = tb_buf_add(out, "[", 1, err);
    for (bool first = true; st == TB_OK && left.n > 0; first = false) {
        const char *blank = memchr(left.s, ' ', left.n);
        struct tb_str word = {left.s, blank != NULL ? (size_t)(blank - left.s) : left.n};
        st = first ? TB_OK : tb_buf_add(out, ",", 1, err);
        if (st == TB_OK) {
            st = tb_json_quote(out, word, err);
        }
        left = (struct tb_str){left.s + word.n + (blank != NULL), left.n - word.n - (blank != NULL)};
    }
    return st == TB_OK ? tb_buf_add(out, "]", 1, err) : st;
}

static enum tb_status write_object(const struct tb_table *t, size_t row, struct tb_buf *out,
                                   struct tb_err *err)
{
    enum tb_status st = tb_buf_add(out, "{", 1, err);
    for (size_t i = 0; st == TB_OK && i < tb_table_columns(t); i++) {
        if (i > 0) {
            st = tb_buf_add(out, ",", 1, err);
        }
        if (st == TB_OK) {
            st = write_key(tb_table_column(t, i)->key, out, err);
        }
        if (st == TB_OK) {
            const struct tb_cell *c = tb_table_cell(t, row, i);
            st = tb_table_column(t, i)->type == TB_CELL_LIST ? write_list(c, out, err)
                                                             : write_cell(c, out, err);
        }
    }
    return st == TB_OK ? tb_buf_add(out, "}", 1, err) : st;
}

enum tb_status tb_writer_json_rows(const struct tb_table *t, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = tb_buf_add(out, "[", 1, err);
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(t); i++) {
        st = i > 0 ? tb_buf_add(out, ",\n", 2, err) : tb_buf_add(out, "\n", 1, err);
        if (st == TB_OK) {
            st = write_object(t, i, out, err);
        }
    }
    return st == TB_OK ? tb_buf_add(out, "]", 1, err) : st;
}

static enum tb_status write_part(const struct tb_part *p, bool first, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (!first) {
        st = tb_buf_add(out, ",\n", p->kind == TB_PART_VALUE ? 1 : 2, err);
    }
    if (st == TB_OK) {
        st = write_key(tb_table_name(p->table), out, err);
    }
    if (st != TB_OK) {
        return st;
    }
    switch (p->kind) {
    case TB_PART_VALUE:
        return write_cell(tb_table_cell(p->table, 0, 0), out, err);
    case TB_PART_OBJECT:
        return write_object(p->table, 0, out, err);
    default:
        return tb_writer_json_rows(p->table, out, err);
    }
}

enum tb_status tb_writer_json(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st;
    if (r->raw.n > 0) {
        st = tb_buf_str(out, tb_buf_view(&r->raw), err);
        return st == TB_OK ? tb_buf_add(out, "\n", 1, err) : st;
    }
    st = tb_buf_add(out, "{", 1, err);
    for (size_t i = 0; st == TB_OK && i < r->n; i++) {
        st = write_part(&r->parts[i], i == 0, out, err);
    }
    return st == TB_OK ? tb_buf_add(out, "}\n", 2, err) : st;
}
