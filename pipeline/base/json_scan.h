/* Concept: the strict reading that cJSON does not give: RFC 8259 to the letter apart from comments, which are
 *          blanked out in place, and a table of where each value stands. Used by json.c alone.
 * Shape:   spots are in document order, a container before what it holds.
 * Owns:    both texts and the spots, until tb_json_scan_release.
 * Limits:  TB_JSON_DEPTH_MAX; a number of at most TB_JSON_NUMBER_MAX bytes (cJSON's own cap); no \u0000 in a
 *          string.
 */
#ifndef TB_JSON_SCAN_H
#define TB_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

#define TB_JSON_NUMBER_MAX 62

struct tb_json_spot {
    size_t at;    /* of the value; of its key where it has one */
    size_t start; /* of the value */
    size_t end;
};

struct tb_json_scan {
    char *source; /* as given: lines and columns are counted here */
    char *text;   /* without comments and byte order mark, the same length, a NUL behind */
    size_t n;
    bool bom; /* the source begins with a byte order mark, as some editors write */
    struct tb_json_spot *spots;
    size_t count;
    size_t cap;
    size_t place_at; /* of the last tb_json_scan_place, from which the next one counts on; 0 = none */
    uint64_t place_line, place_column;
    int depth;
    size_t i; /* where the reading stands */
    struct tb_err *err;
};

/* On an error, err says what is wrong and where (line and column); its code is the caller's to set. */
enum tb_status tb_json_scan_read(struct tb_json_scan *s, struct tb_str source,
                                 struct tb_err *err) TB_MUST_USE;
void tb_json_scan_release(struct tb_json_scan *s);

/* Line and column, 1-based, of an offset; a column is a character. */
void tb_json_scan_place(const struct tb_json_scan *s, size_t offset, uint64_t *line, uint64_t *column);

#endif
