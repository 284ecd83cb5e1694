/* CSV: RFC 4180 with LF; keys as headers; nothing in it that a spreadsheet would run. */
#include "reports/writer/writer.h"

#include <assert.h>
#include "base/utf8.h"

#define CELL_BYTES_MAX                                                                                       \
    ((size_t)1 << 30) /* far beyond any dimension; texts were cut at TB_FIELD_BYTES_MAX   \
                                          */

/* The bytes of a field, in quotes when it holds what needs them. */
static enum tb_status write_field(struct tb_str s, struct tb_buf *out, struct tb_err *err)
{
    bool quotes = s.n > 0 && (s.s[0] == ' ' || s.s[s.n - 1] == ' ');
    for (size_t i = 0; i < s.n && !quotes; i++) {
        quotes = memchr(",;\"\n\r\t", s.s[i], 6) != NULL;
    }
    if (!quotes) {
        return tb_buf_str(out, s, err);
    }
    enum tb_status st = tb_buf_add(out, "\"", 1, err);
    for (size_t from = 0; st == TB_OK && from < s.n;) {
        const char *quote = memchr(s.s + from, '"', s.n - from);
        size_t end = quote != NULL ? (size_t)(quote - s.s) + 1 : s.n;
        st = tb_buf_add(out, s.s + from, end - from, err);
        if (st == TB_OK && quote != NULL) {
            st = tb_buf_add(out, "\"", 1, err);
        }
        from = end;
    }
    return st == TB_OK ? tb_buf_add(out, "\"", 1, err) : st;
}

/* The guard looks at the text as it came, since a leading TAB is a blank once it is printable. */
static enum tb_status write_text(struct tb_str s, struct tb_buf *out, struct tb_err *err)
{
    struct tb_buf clean;
    tb_buf_init(&clean, CELL_BYTES_MAX);
    enum tb_status st = tb_buf_reserve(&clean, 3 * s.n + 2, err);
    if (st == TB_OK) {
        bool guard = tb_writer_is_formula(s);
        clean.p[0] = '\'';
        clean.n = 1 + tb_utf8_printable(s, clean.p + 1);
        struct tb_str printable = {clean.p + 1, clean.n - 1};
        guard = guard || tb_writer_is_formula(printable); /* an "=" behind a control that was stripped */
        st = write_field(guard ? (struct tb_str){clean.p, clean.n} : printable, out, err);
    }
    tb_buf_release(&clean);
    return st;
}

static enum tb_status write_cell(const struct tb_cell *c, struct tb_buf *out, struct tb_err *err)
{
    char plain[TB_CELL_PLAIN_MAX];
    if (c->null) {
        return TB_OK;
    }
    if (c->type == TB_CELL_TEXT) {
        return write_text(c->text, out, err);
    }
    return tb_buf_add(out, plain, tb_writer_plain(c, plain), err);
}

enum tb_status tb_writer_csv_table(const struct tb_table *t, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    size_t columns = tb_table_columns(t);
    for (size_t i = 0; st == TB_OK && i < columns; i++) {
        st = tb_buf_printf(out, err, "%s%s", i > 0 ? "," : "", tb_table_column(t, i)->key);
    }
    for (size_t row = 0; st == TB_OK && row < tb_table_rows(t); row++) {
        for (size_t i = 0; st == TB_OK && i < columns; i++) {
            st = tb_buf_add(out, i > 0 ? "," : "\n", 1, err);
            if (st == TB_OK) {
                st = write_cell(tb_table_cell(t, row, i), out, err);
            }
        }
    }
    return st == TB_OK ? tb_buf_add(out, "\n", 1, err) : st;
}

enum tb_status tb_writer_csv(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    assert(r->main != NULL);
    return tb_writer_csv_table(r->main, out, err);
}
