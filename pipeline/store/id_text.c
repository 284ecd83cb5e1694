#include "store/id_text.h"

#include <string.h>

#include "store/column.h"

enum form { ABSENT, PLAIN, HEX, UUID };

#define HEX_CHARS  32
#define UUID_CHARS 36

static const size_t prefix_chars[] = {0, 0, HEX_CHARS, UUID_CHARS};

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))
#define EVERY_16(v) (UINT64_C(0x0001000100010001) * (v))

/* Eight hex digits as four bytes, eight characters at a time in one word: a letter has bit 6 and is 9 more
 * than its low four bits. False when writing the digits again would not give the same characters. */
static bool hex_word(const char *s, unsigned char out[4])
{
    uint64_t c;
    memcpy(&c, s, 8);
    uint64_t d = (c & EVERY(15)) + (c >> 6 & EVERY(1)) * 9;
    uint64_t letters = (d + EVERY(6)) >> 4 & EVERY(1);
    if (d + EVERY('0') + letters * ('a' - '0' - 10) != c || (d & EVERY(0xf0)) != 0) {
        return false;
    }
    uint64_t pairs = (d & EVERY_16(15)) << 4 | (d >> 8 & EVERY_16(15));
    pairs = (pairs | pairs >> 8) & UINT64_C(0x0000ffff0000ffff);
    uint32_t bytes = (uint32_t)(pairs | pairs >> 16);
    memcpy(out, &bytes, 4);
    return true;
}

static void word_hex(const unsigned char *p, char out[8])
{
    uint32_t bytes;
    memcpy(&bytes, p, 4);
    uint64_t d = (bytes | (uint64_t)bytes << 16) & UINT64_C(0x0000ffff0000ffff);
    d = (d | d << 8) & EVERY_16(0xff);
    d = (d >> 4 & EVERY_16(15)) | (d & EVERY_16(15)) << 8;
    d += EVERY('0') + ((d + EVERY(6)) >> 4 & EVERY(1)) * ('a' - '0' - 10);
    memcpy(out, &d, 8);
}

static bool hex_bytes(const char *s, unsigned char out[16])
{
    return hex_word(s, out) && hex_word(s + 8, out + 4) && hex_word(s + 16, out + 8) &&
           hex_word(s + 24, out + 12);
}

/* The digits of a UUID without its dashes. */
static bool uuid_bytes(const char *s, unsigned char out[16])
{
    char d[HEX_CHARS];
    if (s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-') {
        return false;
    }
    memcpy(d, s, 8);
    memcpy(d + 8, s + 9, 4);
    memcpy(d + 12, s + 14, 4);
    memcpy(d + 16, s + 19, 4);
    memcpy(d + 20, s + 24, 12);
    return hex_bytes(d, out);
}

static enum form form_of(struct tb_str id, unsigned char out[16])
{
    if (id.s == NULL) {
        return ABSENT;
    }
    if (id.n >= HEX_CHARS && hex_bytes(id.s, out)) {
        return HEX;
    }
    return id.n >= UUID_CHARS && uuid_bytes(id.s, out) ? UUID : PLAIN;
}

/* forms, lengths of what stands as it is, the 16-byte parts, the rest. */
enum tb_status tb_id_text_encode(struct tb_buf *out, const struct tb_row *const *rows, uint32_t n,
                                 struct tb_err *err)
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

static char *put_hex(char *at, const unsigned char *p)
{
    for (int i = 0; i < 4; i++) {
        word_hex(p + 4 * i, at + 8 * i);
    }
    return at + HEX_CHARS;
}

static char *put_uuid(char *at, const unsigned char *p)
{
    char d[HEX_CHARS];
    put_hex(d, p);
    memcpy(at, d, 8);
    memcpy(at + 9, d + 8, 4);
    memcpy(at + 14, d + 12, 4);
    memcpy(at + 19, d + 16, 4);
    memcpy(at + 24, d + 20, 12);
    at[8] = at[13] = at[18] = at[23] = '-';
    return at + UUID_CHARS;
}

bool tb_id_text_decode(struct tb_str in, struct tb_buf *text, struct tb_str *id, uint32_t n)
{
    uint64_t form[TB_SEGMENT_ROWS], rest[TB_SEGMENT_ROWS];
    if (!tb_column_decode(&in, form, sizeof *form, n) || !tb_column_decode(&in, rest, sizeof *rest, n)) {
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
            at = form[i] == HEX ? put_hex(at, p) : put_uuid(at, p);
            p += 16;
        }
        memcpy(at, r, rest[i]);
        at += rest[i];
        r += rest[i];
        id[i] = form[i] == ABSENT ? TB_STR_NULL : (struct tb_str){start, (size_t)(at - start)};
    }
    return true;
}
