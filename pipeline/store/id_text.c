#include "store/id_text.h"

#include <string.h>

#include "store/column.h"

enum form { ABSENT, PLAIN, HEX, UUID };

#define HEX_CHARS 32
#define UUID_CHARS 36

static const size_t prefix_chars[] = {0, 0, HEX_CHARS, UUID_CHARS};

static const char digits[] = "0123456789abcdef";

/* The value of a lower-case hex digit; 16 or more for another byte. */
static unsigned digit_of(unsigned char c)
{
    unsigned d = c - (unsigned)'0';
    unsigned a = c - (unsigned)'a';
    return d < 10 ? d : a < 6 ? a + 10 : 255;
}

static bool hex_bytes(const char *s, size_t bytes, unsigned char *out)
{
    unsigned bad = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned hi = digit_of((unsigned char)s[2 * i]), lo = digit_of((unsigned char)s[2 * i + 1]);
        bad |= hi | lo;
        out[i] = (unsigned char)(hi << 4 | (lo & 15));
    }
    return bad < 16;
}

static bool uuid_bytes(const char *s, unsigned char *out)
{
    return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' && hex_bytes(s, 4, out) && hex_bytes(s + 9, 2, out + 4) &&
           hex_bytes(s + 14, 2, out + 6) && hex_bytes(s + 19, 2, out + 8) && hex_bytes(s + 24, 6, out + 10);
}

static enum form form_of(struct tb_str id, unsigned char out[16])
{
    if (id.s == NULL) {
        return ABSENT;
    }
    if (id.n >= HEX_CHARS && hex_bytes(id.s, 16, out)) {
        return HEX;
    }
    return id.n >= UUID_CHARS && uuid_bytes(id.s, out) ? UUID : PLAIN;
}

/* forms, lengths of what stands as it is, the 16-byte parts, the rest. */
enum tb_status tb_id_text_encode(struct tb_buf *out, const struct tb_row *const *rows, uint32_t n, struct tb_err *err)
{
    uint64_t form[TB_SEGMENT_ROWS], rest[TB_SEGMENT_ROWS];
    unsigned char packed[TB_SEGMENT_ROWS][16];
    uint32_t k = 0;
    size_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        form[i] = (uint64_t)form_of(rows[i]->id, packed[k]);
        k += form[i] >= HEX;
        rest[i] = rows[i]->id.n - (form[i] == ABSENT ? rows[i]->id.n : prefix_chars[form[i]]);
        bytes += rest[i];
    }
    enum tb_status st = tb_column_encode(out, form, n, TB_HINT_NONE, err);
    if (st == TB_OK) {
        st = tb_column_encode(out, rest, n, TB_HINT_NONE, err);
    }
    if (st == TB_OK) {
        st = tb_buf_add(out, packed, (size_t)k * 16, err);
    }
    if (st == TB_OK) {
        st = tb_buf_reserve(out, bytes, err);
    }
    for (uint32_t i = 0; st == TB_OK && i < n; i++) {
        if (rest[i] > 0) {
            st = tb_buf_add(out, rows[i]->id.s + prefix_chars[form[i]], rest[i], err);
        }
    }
    return st;
}

static char *put_hex(char *at, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *at++ = digits[p[i] >> 4];
        *at++ = digits[p[i] & 15];
    }
    return at;
}

static char *put_uuid(char *at, const unsigned char *p)
{
    static const unsigned char parts[] = {4, 2, 2, 2, 6};
    for (size_t i = 0; i < sizeof parts; i++) {
        if (i > 0) {
            *at++ = '-';
        }
        at = put_hex(at, p, parts[i]);
        p += parts[i];
    }
    return at;
}

bool tb_id_text_decode(struct tb_str in, struct tb_buf *text, struct tb_str *id, uint32_t n)
{
    uint64_t form[TB_SEGMENT_ROWS], rest[TB_SEGMENT_ROWS];
    if (!tb_column_decode(&in, form, n) || !tb_column_decode(&in, rest, n)) {
        return false;
    }
    size_t packed = 0, plain = 0, chars = 1;
    for (uint32_t i = 0; i < n; i++) {
        if (form[i] > UUID || rest[i] > in.n) {
            return false;
        }
        packed += form[i] >= HEX ? 16 : 0;
        plain += rest[i];
        chars += prefix_chars[form[i]] + rest[i];
    }
    tb_buf_clear(text);
    if (packed + plain != in.n || tb_buf_reserve(text, chars, NULL) != TB_OK) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)in.s;
    const char *r = in.s + packed;
    char *at = text->p;
    for (uint32_t i = 0; i < n; i++) {
        char *start = at;
        if (form[i] >= HEX) {
            at = form[i] == HEX ? put_hex(at, p, 16) : put_uuid(at, p);
            p += 16;
        }
        memcpy(at, r, rest[i]);
        at += rest[i];
        r += rest[i];
        id[i] = form[i] == ABSENT ? TB_STR_NULL : (struct tb_str){start, (size_t)(at - start)};
    }
    return true;
}
