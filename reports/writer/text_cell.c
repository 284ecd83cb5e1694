#include "reports/writer/text_cell.h"

#include "base/utf8.h"
#include "reports/writer/writer.h"

#define DECIMALS_MIN 2 /* of money */

/* The digits of a number's text: [0, n) the whole part with its sign, the rest behind the point. */
static size_t whole_length(const char *plain, size_t n)
{
    const char *point = memchr(plain, '.', n);
    return point != NULL ? (size_t)(point - plain) : n;
}

/* "1234567" -> "1,234,567" */
static enum tb_status add_grouped(const char *whole, size_t n, struct tb_buf *out, struct tb_err *err)
{
    size_t sign = n > 0 && whole[0] == '-' ? 1 : 0;
    enum tb_status st = tb_buf_add(out, whole, sign, err);
    for (size_t i = sign; st == TB_OK && i < n; i++) {
        if (i > sign && (n - i) % 3 == 0) {
            st = tb_buf_add(out, ",", 1, err);
        }
        if (st == TB_OK) {
            st = tb_buf_add(out, whole + i, 1, err);
        }
    }
    return st;
}

static enum tb_status add_many(char c, int n, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int i = 0; st == TB_OK && i < n; i++) {
        st = tb_buf_add(out, &c, 1, err);
    }
    return st;
}

static enum tb_status add_money(const char *plain, size_t n, int decimals, struct tb_buf *out,
                                struct tb_err *err)
{
    size_t whole = whole_length(plain, n);
    int shown = n > whole ? (int)(n - whole - 1) : 0;
    enum tb_status st = add_grouped(plain, whole, out, err);
    if (st == TB_OK) {
        st = tb_buf_add(out, ".", 1, err);
    }
    if (st == TB_OK && shown > 0) {
        st = tb_buf_add(out, plain + whole + 1, (size_t)shown, err);
    }
    if (st == TB_OK) {
        st = add_many('0', DECIMALS_MIN - shown, out, err);
    }
    shown = shown < DECIMALS_MIN ? DECIMALS_MIN : shown;
    return st == TB_OK ? add_many(' ', decimals - shown, out, err) : st;
}

static enum tb_status add_text(struct tb_str s, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = tb_buf_reserve(out, 3 * s.n + 1, err);
    if (st == TB_OK) {
        out->n += tb_utf8_printable(s, out->p + out->n);
    }
    return st;
}

int tb_textcell_decimals(const struct tb_cell *c)
{
    char plain[TB_CELL_PLAIN_MAX];
    if (c->null || (c->type != TB_CELL_MONEY && c->type != TB_CELL_CENTS)) {
        return 0;
    }
    size_t n = tb_writer_plain(c, plain);
    size_t whole = whole_length(plain, n);
    int shown = n > whole ? (int)(n - whole - 1) : 0;
    return shown < DECIMALS_MIN ? DECIMALS_MIN : shown;
}

enum tb_status tb_textcell_format(const struct tb_cell *c, int decimals, struct tb_buf *out,
                                  struct tb_err *err)
{
    char plain[TB_CELL_PLAIN_MAX];
    tb_buf_clear(out);
    if (c->null) {
        return tb_buf_add(out, "-", 1, err);
    }
    if (c->type == TB_CELL_TEXT) {
        return add_text(c->text, out, err);
    }
    size_t n = tb_writer_plain(c, plain);
    switch (c->type) {
    case TB_CELL_INT:
        return add_grouped(plain, n, out, err);
    case TB_CELL_MONEY:
    case TB_CELL_CENTS:
        return add_money(plain, n, decimals, out, err);
    case TB_CELL_BOOL:
        return c->number != 0 ? tb_buf_add(out, "yes", 3, err) : tb_buf_add(out, "no", 2, err);
    default:
        return tb_buf_add(out, plain, n, err);
    }
}
