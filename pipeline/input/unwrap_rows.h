/* Concept: rows of CSV (RFC 4180; also ; or TAB) whose quoted cells hold newlines: the lines of such a row wait until its
 *          last quote is closed, and are one record then.
 * Shape:   only in a member where a line has been met that can be a header: at least two cells, all of them names (a wider
 *          one rules over the one before: a preamble). A row opens when it ends inside a quoted cell; it is whole when
 *          the quote is closed behind a cell's end and the row has as many cells as the header. Quotes stand where RFC
 *          4180 has them and nowhere else; anything else is no row, and is not joined.
 *          One row may wait in each stream (node and stream of the wrapper). The lines of a row are joined by \n.
 * Owns:    the waiting texts, until the next line is pushed after they were given.
 * Errors:  a quote that is never closed takes nothing with it. When what follows cannot be inside the cell (a quote at a
 *          place where there can be none, or a row of another width; one of these comes with the next quoted cell), or at
 *          a limit, each of the lines stands for itself: the first is refused by the format as a bad row, the others are
 *          what they are. At the end of a file too, if its last line is a row of the header's width; else, and where the
 *          file is torn, all that waits is one rejected record, partial_line: it may be the beginning of a long cell,
 *          whose lines must not be read as rows. No line is looked at more than three times.
 * Limits:  TB_LINE_MAX bytes and TB_ROW_LINES_MAX lines of one row.
 */
#ifndef TB_UNWRAP_ROWS_H
#define TB_UNWRAP_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"
#include "input/unwrap_slots.h"

#define TB_ROW_STREAMS 4 /* rows that may wait at once, and one; more: the oldest is given up */

enum tb_row_end { TB_ROW_WHOLE, TB_ROW_OPEN, TB_ROW_BAD };

struct tb_row_scan {
    uint32_t cells;
    bool open; /* inside a quoted cell */
};

struct tb_row_line {
    size_t at; /* in the text */
    uint64_t line, byte;
};

enum tb_row_state { TB_ROW_FREE, TB_ROW_WAITING, TB_ROW_GIVEN };

struct tb_row {
    enum tb_row_state state;
    char key[TB_STREAM_KEY];
    size_t key_n, node_n; /* the node is the key's beginning */
    struct tb_row_scan scan;
    struct tb_buf text;  /* with 16 bytes behind */
    struct tb_buf lines; /* struct tb_row_line */
    size_t n;            /* lines */
};

struct tb_rows {
    char separator;
    uint32_t width; /* 0: no header yet */
    int waiting;    /* rows that wait */
    int used;       /* rows that are not free */
    struct tb_row row[TB_ROW_STREAMS];
};

void tb_rows_init(struct tb_rows *r);
void tb_rows_release(struct tb_rows *r);
void tb_rows_start(struct tb_rows *r);      /* a new member: nothing waits, no header */
void tb_rows_free_given(struct tb_rows *r); /* a new line comes: what was given has been read */

/* Scans on with the text of one more line. */
enum tb_row_end tb_row_scan(struct tb_row_scan *s, char separator, struct tb_str text);

/* text as a row: without its line end. */
struct tb_str tb_row_text(struct tb_str text);

/* Takes note of text if it can be a header, and tells whether it opens a row that goes on in the next line. */
bool tb_rows_opens(struct tb_rows *r, struct tb_str text);

/* The row that waits for a line of this stream; NULL when none does. key: as tb_rows_wait got it. */
struct tb_row *tb_rows_find(struct tb_rows *r, struct tb_str key);

/* The oldest row that waits; NULL when none does. */
struct tb_row *tb_rows_oldest(struct tb_rows *r);

/* Lets text, its first line, wait under key. Fewer than TB_ROW_STREAMS - 1 may wait before. False: no memory. */
bool tb_rows_wait(struct tb_rows *r, struct tb_str key, size_t node_n, struct tb_str text, uint64_t line,
                  uint64_t byte);

/* One more line of w. WHOLE: w's text is the record. BAD: the line is not w's, nor was w a row. */
enum tb_row_end tb_rows_add(struct tb_rows *r, struct tb_row *w, struct tb_str text, uint64_t line,
                            uint64_t byte);

void tb_rows_give(struct tb_rows *r,
                  struct tb_row *w); /* it waits no more; its text stays until tb_rows_free_given */

/* Do w's lines stand for themselves at the end of the file? */
bool tb_rows_apart(const struct tb_rows *r, const struct tb_row *w);

struct tb_str tb_row_whole(struct tb_row *w);
/* Line i of w, and where it lies. */
struct tb_str tb_row_line(const struct tb_row *w, size_t i, uint64_t *line, uint64_t *byte);

#endif
