#include "base/json.h"
#include "base/utf8.h"

/* Bytes at the beginning of s that stand for themselves in a JSON string. */
static size_t plain_prefix(struct tb_str s)
{
    size_t i = 0;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.s[i];
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') {
            break;
        }
        i++;
    }
    return i;
}

/* The letter of the short escapes of RFC 8259, or 0. */
static char short_escape(uint32_t cp)
{
    switch (cp) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static enum tb_status quote_char(struct tb_buf *out, uint32_t cp, struct tb_err *err)
{
    char text[4];
    char letter = short_escape(cp);
    if (letter != 0) {
        text[0] = '\\';
        text[1] = letter;
        return tb_buf_add(out, text, 2, err);
    }
    if (tb_utf8_steers(cp)) { /* all of them are below U+10000 */
        return tb_buf_printf(out, err, "\\u%04x", (unsigned)cp);
    }
    return tb_buf_add(out, text, tb_utf8_encode(cp, text), err);
}

enum tb_status tb_json_quote(struct tb_buf *out, struct tb_str s, struct tb_err *err)
{
    if (s.s == NULL) {
        return tb_buf_str(out, TB_STR("null"), err);
    }
    enum tb_status status = tb_buf_add(out, "\"", 1, err);
    while (s.n > 0 && status == TB_OK) {
        size_t n = plain_prefix(s);
        if (n > 0) {
            status = tb_buf_add(out, s.s, n, err);
        } else {
            status = quote_char(out, tb_utf8_take(s, &n), err);
        }
        s.s += n;
        s.n -= n;
    }
    return status == TB_OK ? tb_buf_add(out, "\"", 1, err) : status;
}
