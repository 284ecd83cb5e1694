/* Concept: CSV and its kin (RFC 4180, also with ; or TAB), a row at a time: a row becomes a JSON object of strings by its
 *          header, and goes the way of all lines.
 * Shape:   the header is the first row of a file that names at least two of the format's columns. A row of another width
 *          is refused.
 * Owns:    a tb_delimited owns the header and the row's text; one thread's.
 * Limits:  TB_CSV_COLUMNS_MAX columns. A quoted newline is inside the record as it is handed in (input/unwrap_rows.h joins).
 */
#ifndef TB_DELIMITED_H
#define TB_DELIMITED_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/limits.h"
#include "format/trie.h"

struct tb_delimited {
    struct tb_buf names;  /* the header's names as JSON keys, one after the other */
    struct tb_buf object; /* the row as JSON, with 16 bytes behind it */
    uint32_t name_end[TB_CSV_COLUMNS_MAX];
    uint32_t columns; /* 0: no header yet */
    char separator;
};

enum tb_delimited_end { TB_DELIMITED_ROW, TB_DELIMITED_HEADER, TB_DELIMITED_NO_HEADER, TB_DELIMITED_BAD };

void tb_delimited_init(struct tb_delimited *d);
void tb_delimited_release(struct tb_delimited *d);
void tb_delimited_start(struct tb_delimited *d); /* a new file: its header comes first */

/* Reads record. ROW: *json is the object, valid until the next call. BAD: not a row of this header. */
enum tb_delimited_end tb_delimited_read(struct tb_delimited *d, const struct tb_trie *trie,
                                        struct tb_str record, struct tb_str *json);

#endif
