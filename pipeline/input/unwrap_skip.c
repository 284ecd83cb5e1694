#include "input/unwrap_block.h"
#include "input/unwrap_parts.h"

#include "base/escaped.h"

/* Where JSON values end: by their quotes and brackets only. What is between them the format's scanner judges. */

const char *tb_json_blanks(const char *p, const char *end)
{
    while (p < end && tb_is_blank(*p)) {
        p++;
    }
    return p;
}

/* The first quote, backslash or control byte at or behind p; may be a little behind end. */
const char *tb_json_string_stop(const char *p, const char *end)
{
    for (; p < end; p += 16) {
        unsigned m = tb_string_mask(p);
        if (m != 0) {
            return p + __builtin_ctz(m);
        }
    }
    return p;
}

/* p is behind the opening quote; returns behind the closing one, NULL when there is none. */
const char *tb_json_skip_string(const char *p, const char *end)
{
    for (;;) {
        p = tb_json_string_stop(p, end);
        if (p >= end) {
            return NULL;
        }
        if (*p == '"') {
            return p + 1;
        }
        if (*p != '\\') {
            return NULL; /* a bare control byte */
        }
        p += 2;
    }
}

/* The brackets of one block, in order: behind the one that closes the last, or NULL. */
static const char *close_last(const char *p, const struct tb_block *b, size_t *depth)
{
    for (uint64_t m = b->open | b->close; m != 0; m &= m - 1) {
        int i = __builtin_ctzll(m);
        if ((b->open >> i & 1) != 0) {
            ++*depth;
        } else if (--*depth == 0) {
            return p + i + 1;
        }
    }
    return NULL;
}

/* p is at { or [; returns behind its partner, by counting; NULL when there is none. */
const char *tb_json_skip_nested(const char *p, const char *end)
{
    size_t depth = 0;
    uint64_t carry = 0, within = 0;
    for (; p < end; p += 64) {
        char last[64];
        const char *bytes = p;
        if (end - p < 64) {
            memset(last, 0, sizeof last);
            bytes = memcpy(last, p, (size_t)(end - p));
        }
        struct tb_block b = tb_block_of(bytes);
        uint64_t quoted = tb_block_within(b.quote & ~tb_escaped(b.backslash, &carry)) ^ within;
        within = (uint64_t)0 - (quoted >> 63);
        b.open &= ~quoted;
        b.close &= ~quoted;
        size_t closes = tb_block_count(b.close);
        if (depth > closes) { /* not in this block */
            depth += tb_block_count(b.open) - closes;
            continue;
        }
        const char *behind = close_last(p, &b, &depth);
        if (behind != NULL) {
            return behind;
        }
    }
    return NULL;
}

/* Behind the value at p: string, object, array or a bare word; NULL when it does not end. */
const char *tb_json_skip_value(const char *p, const char *end)
{
    if (p >= end) {
        return NULL;
    }
    if (*p == '"') {
        return tb_json_skip_string(p + 1, end);
    }
    if (*p == '{' || *p == '[') {
        return tb_json_skip_nested(p, end);
    }
    const char *from = p;
    while (p < end && *p != ',' && *p != '}' && *p != ']' && !tb_is_blank(*p)) {
        p++;
    }
    return p > from ? p : NULL;
}

bool tb_json_is_object(struct tb_str text)
{
    const char *end = text.s + text.n;
    return text.n >= 2 && text.s[0] == '{' && end[-1] == '}' && tb_json_skip_nested(text.s, end) == end;
}

bool tb_json_element(const char **at, const char *end, struct tb_str *element)
{
    const char *p = tb_json_blanks(*at, end);
    if (p < end && *p == ',') {
        p = tb_json_blanks(p + 1, end);
    }
    if (p >= end || *p == ']') {
        return false;
    }
    const char *q = tb_json_skip_nested(p, end);
    *element = (struct tb_str){p, (size_t)(q - p)};
    *at = q;
    return true;
}

bool tb_json_is_records(struct tb_str text, const char **first)
{
    const char *end = text.s + text.n;
    const char *p = text.s;
    if (text.n < 2 || *p != '[' || end[-1] != ']') {
        return false;
    }
    p = tb_json_blanks(p + 1, end);
    *first = p;
    if (p + 1 == end) {
        return true; /* a batch of none */
    }
    for (;;) {
        p = p < end && *p == '{' ? tb_json_skip_nested(p, end) : NULL;
        if (p == NULL) {
            return false;
        }
        p = tb_json_blanks(p, end);
        if (p + 1 == end) {
            return true; /* the ] */
        }
        if (p >= end || *p != ',') {
            return false;
        }
        p = tb_json_blanks(p + 1, end);
    }
}
