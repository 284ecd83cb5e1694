/* Concept: one wrapper recognised on one text, without memory of other lines: unwrap.c asks these, and joins.
 * Shape:   each tells whether text is such a wrapper, and then fills w. 16 bytes behind text are readable, here
 *          and in every text handed out.
 * Owns:    views point into text or into scratch.
 */
#ifndef TB_UNWRAP_PARTS_H
#define TB_UNWRAP_PARTS_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/str.h"

#define TB_TEXT_SLACK 16

enum tb_wrapper {
    TB_WRAP_CRI,
    TB_WRAP_DOCKER,
    TB_WRAP_JOURNALD,
    TB_WRAP_KUBECTL,
    TB_WRAP_ARRAY,
    TB_WRAPPERS
};

struct tb_wrap {
    enum tb_wrapper kind;
    struct tb_str inner;
    struct tb_str stream; /* what its parts are joined by; absent where it never splits */
    struct tb_str node;   /* absent where it names none */
    bool partial;         /* the record goes on in the stream's next part */
    const char *reject;   /* a wrapper around nothing that can be read */
};

static inline bool tb_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline struct tb_str tb_str_trim_left(struct tb_str s)
{
    while (s.n > 0 && tb_is_blank(*s.s)) {
        s.s++;
        s.n--;
    }
    return s;
}

static inline struct tb_str tb_str_trim(struct tb_str s)
{
    s = tb_str_trim_left(s);
    while (s.n > 0 && tb_is_blank(s.s[s.n - 1])) {
        s.n--;
    }
    return s;
}

/* "2025-11-02T23:59:50.669794202Z stdout F text" (P: partial; more tags behind a colon are passed over). */
bool tb_wrap_cri(struct tb_str text, struct tb_wrap *w);
/* "[pod/NAME/CONTAINER] text", "[pod/NAME/CONTAINER] TIMESTAMP text", "TIMESTAMP text". */
bool tb_wrap_kubectl(struct tb_str text, struct tb_wrap *w);
/* {"log":"text\n","stream":"stdout","time":"…","attrs":{…}}: these keys, no others. scratch takes the
 * unescaped text. */
bool tb_wrap_docker(struct tb_str text, struct tb_buf *scratch, struct tb_wrap *w);
/* journalctl -o json: uppercase keys with __CURSOR or __REALTIME_TIMESTAMP. */
bool tb_wrap_journald(struct tb_str text, struct tb_buf *scratch, struct tb_wrap *w);

/* text begins with `{`: the wrapper that its first key may be of, or TB_WRAPPERS when of none. A few ns. */
enum tb_wrapper tb_wrap_by_key(struct tb_str text);

/* unwrap_skip.c, unwrap_unescape.c: just enough JSON for envelopes. p..end is what is left; NULL = it is not
 * that, or has no end. */

const char *tb_json_blanks(const char *p, const char *end);
/* The first quote, backslash or control byte at or behind p; may be a little behind end. */
const char *tb_json_string_stop(const char *p, const char *end);
const char *tb_json_skip_string(const char *p,
                                const char *end); /* p behind the opening quote; to behind the closing */
const char *tb_json_skip_nested(const char *p,
                                const char *end); /* p at { or [; to behind its partner, by counting */
const char *tb_json_skip_value(const char *p, const char *end);
/* The string at p (behind its quote), unescaped into scratch, with slack behind; also NULL without memory. */
const char *tb_json_text_of(const char *p, const char *end, struct tb_buf *scratch, struct tb_str *text);
/* An array of byte values; p behind the [. */
const char *tb_json_bytes_of(const char *p, const char *end, struct tb_buf *scratch, struct tb_str *text);

/* Is text one whole JSON object, by its quotes and brackets? */
bool tb_json_is_object(struct tb_str text);
/* Is text one whole array of objects? *first: behind its `[`. */
bool tb_json_is_records(struct tb_str text, const char **first);
/* The next element of such an array: at is behind `[` or the element before. False at the `]`. */
bool tb_json_element(const char **at, const char *end, struct tb_str *element);

#endif
