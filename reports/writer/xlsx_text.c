#include "reports/writer/xlsx_text.h"

#include "base/utf8.h"
#include "reports/writer/writer.h"

#define GATE_BYTES_MAX ((size_t)1 << 30)
#define ELLIPSIS       0x2026u

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Does s hold _xHHHH_ at i? */
static bool is_escape(struct tb_str s, size_t i)
{
    return s.n - i >= 7 && s.s[i] == '_' && s.s[i + 1] == 'x' && is_hex(s.s[i + 2]) && is_hex(s.s[i + 3]) &&
           is_hex(s.s[i + 4]) && is_hex(s.s[i + 5]) && s.s[i + 6] == '_';
}

/* One piece of the text as it goes into the file, and its UTF-16 units. */
struct piece {
    char bytes[8];
    size_t n, units;
};

static struct piece next_piece(struct tb_str s, size_t *i)
{
    struct piece p;
    if (is_escape(s, *i)) { /* only the underscore: what follows may be the beginning of the next one */
        memcpy(p.bytes, "_x005F_", 7);
        p.n = 7;
        p.units = 7;
        *i += 1;
        return p;
    }
    uint32_t cp = tb_utf8_take(s, i);
    p.n = tb_utf8_encode(cp, p.bytes);
    p.units = cp > 0xFFFF ? 2 : 1;
    return p;
}

/* Adds s as far as it fits; false: not all did. */
static bool add_pieces(struct tb_str s, size_t units_max, struct tb_buf *out, size_t *units)
{
    for (size_t i = 0; i < s.n;) {
        struct piece p = next_piece(s, &i);
        if (*units + p.units > units_max) {
            return false;
        }
        memcpy(out->p + out->n, p.bytes, p.n);
        out->n += p.n;
        *units += p.units;
    }
    return true;
}

static enum tb_status add_text(struct tb_str clean, bool guard, struct tb_buf *out, struct tb_err *err)
{
    /* an underscore can become seven bytes, and at most one byte in six begins an escape; an ellipsis; the NUL */
    enum tb_status st = tb_buf_reserve(out, 2 * clean.n + 16, err);
    if (st != TB_OK) {
        return st;
    }
    size_t units = 0;
    if (guard) {
        out->p[out->n++] = '\'';
        units = 1;
    }
    size_t begin = out->n, begin_units = units;
    if (!add_pieces(clean, TB_XLSX_CHARS_MAX, out, &units)) {
        out->n = begin;
        units = begin_units;
        add_pieces(clean, TB_XLSX_CHARS_MAX - 1, out, &units);
        out->n += tb_utf8_encode(ELLIPSIS, out->p + out->n);
    }
    out->p[out->n] = '\0';
    return TB_OK;
}

enum tb_status tb_xlsx_gate(struct tb_str s, bool guard, struct tb_buf *out, struct tb_err *err)
{
    struct tb_buf clean;
    tb_buf_init(&clean, GATE_BYTES_MAX);
    tb_buf_clear(out);
    enum tb_status st = tb_buf_reserve(&clean, 3 * s.n + 1, err);
    if (st == TB_OK) {
        clean.n = s.n > 0 ? tb_utf8_printable(s, clean.p) : 0;
        struct tb_str text = {clean.p, clean.n};
        st = add_text(text, guard && (tb_writer_is_formula(s) || tb_writer_is_formula(text)), out, err);
    }
    tb_buf_release(&clean);
    return st;
}

static size_t places_of(uint32_t cp)
{
    bool wide = (cp >= 0x1100 && cp <= 0x115F) || (cp >= 0x2E80 && cp <= 0xA4CF) ||
                (cp >= 0xAC00 && cp <= 0xD7A3) || (cp >= 0xF900 && cp <= 0xFAFF) ||
                (cp >= 0xFE30 && cp <= 0xFE6F) || (cp >= 0xFF00 && cp <= 0xFF60) || cp >= 0x1F300;
    return wide ? 2 : 1;
}

size_t tb_xlsx_places(struct tb_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        n += places_of(tb_utf8_take(s, &i));
    }
    return n;
}

size_t tb_xlsx_lines(struct tb_str s, size_t width)
{
    size_t lines = 1, at = 0;
    for (size_t i = 0; i < s.n;) {
        size_t begin = i;
        while (i < s.n && s.s[i] != ' ') {
            i++;
        }
        size_t word = tb_xlsx_places((struct tb_str){s.s + begin, i - begin});
        if (at > 0 && at + word > width) {
            lines++;
            at = 0;
        }
        if (word > width) {
            lines += (word - 1) / width;
            word = (word - 1) % width + 1;
        }
        at += word;
        while (i < s.n && s.s[i] == ' ') { /* blanks hang over a line's end */
            i++;
            at++;
        }
    }
    return lines;
}

#define HEADER_MIN  7  /* below this nothing is gained */
#define HEADER_WIDE 11 /* of two lines: wider labels take three */

static size_t narrowest(struct tb_str s, size_t from, size_t lines)
{
    while (tb_xlsx_lines(s, from) > lines) {
        from++;
    }
    return from;
}

static size_t longest_word(struct tb_str s)
{
    size_t longest = 0;
    for (size_t i = 0, begin = 0; i <= s.n; i++) {
        if (i == s.n || s.s[i] == ' ') {
            size_t n = tb_xlsx_places((struct tb_str){s.s + begin, i - begin});
            longest = n > longest ? n : longest;
            begin = i + 1;
        }
    }
    return longest;
}

size_t tb_xlsx_header_places(struct tb_str s, size_t *lines)
{
    size_t word = longest_word(s), from = word > HEADER_MIN ? word : HEADER_MIN;
    size_t width = narrowest(s, from, 2);
    if (width > HEADER_WIDE) {
        width = narrowest(s, from > HEADER_WIDE ? from : HEADER_WIDE, 3);
    }
    if (lines != NULL) {
        *lines = tb_xlsx_lines(s, width);
    }
    return width;
}
