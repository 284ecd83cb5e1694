/* Concept: small JSON documents (configuration, format files, rules) with places for every complaint; the
 *          only user of cJSON. Log lines never pass here: format/scan reads those.
 * Shape:   JSON with // and block comments (trailing commas are errors). Duplicate keys are errors with line,
 *          column.
 * Owns:    the document owns all nodes and texts until tb_json_free.
 */
#ifndef TB_JSON_H
#define TB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/decimal.h"
#include "base/status.h"
#include "base/str.h"

struct tb_json;      /* a document */
struct tb_json_node; /* a value in it */

enum tb_json_type {
    TB_JSON_NULL,
    TB_JSON_BOOL,
    TB_JSON_NUMBER,
    TB_JSON_STRING,
    TB_JSON_ARRAY,
    TB_JSON_OBJECT
};

/* Parses text; name is used in errors (code as given by the caller, e.g. TB_E_CONFIG). text need not outlive
 * the call. */
enum tb_status tb_json_parse(struct tb_str text, const char *name, enum tb_code code, struct tb_json **out,
                             struct tb_err *err) TB_MUST_USE;
enum tb_status tb_json_read(const char *path, enum tb_code code, struct tb_json **out,
                            struct tb_err *err) TB_MUST_USE;
void tb_json_free(struct tb_json *j);

const struct tb_json_node *tb_json_root(const struct tb_json *j);
enum tb_json_type tb_json_type(const struct tb_json_node *n);

/* Without such a key: NULL. n, object, child may be NULL here and below: then there is nothing, or false. */
const struct tb_json_node *tb_json_get(const struct tb_json_node *object, const char *key);
const struct tb_json_node *tb_json_first(const struct tb_json_node *n); /* first child or NULL */
const struct tb_json_node *tb_json_next(const struct tb_json_node *child);
struct tb_str tb_json_key(const struct tb_json_node *child); /* of an object's child */
struct tb_str tb_json_text(const struct tb_json_node *n);    /* a string's bytes; absent for other types */
bool tb_json_bool(const struct tb_json_node *n);
bool tb_json_int(const struct tb_json_node *n, int64_t *out); /* false when not a whole number in range */
bool tb_json_decimal(const struct tb_json_node *n, struct tb_decimal *out); /* from the number's own digits */
int tb_json_count(const struct tb_json_node *n);

/* Line and column (1-based) of node n (for an object's child: of its key). */
void tb_json_place(const struct tb_json *j, const struct tb_json_node *n, uint64_t *line, uint64_t *column);

/* Sets err at n's place in the document and returns TB_FAIL with the document's code. */
enum tb_status tb_json_complain(const struct tb_json *j, const struct tb_json_node *n, struct tb_err *err,
                                const char *fmt, ...) TB_PRINTF(4, 5);

/* Complains of the first key of object that is not in keys (NULL-ended), with a "did you mean" when one is
 * near. */
enum tb_status tb_json_check_keys(const struct tb_json *j, const struct tb_json_node *object,
                                  const char *const *keys, struct tb_err *err) TB_MUST_USE;

/* The nearest of words (NULL-ended) to word by edit distance, or NULL when none is near. */
const char *tb_did_you_mean(struct tb_str word, const char *const *words);

/* Writing: appends s as a JSON string with quotes; invalid UTF-8 becomes U+FFFD; control and bidi characters
 * and U+2028/9 are escaped; "null" when absent. */
enum tb_status tb_json_quote(struct tb_buf *out, struct tb_str s, struct tb_err *err) TB_MUST_USE;

#endif
