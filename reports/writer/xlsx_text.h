/* Concept: the gate that every text passes on its way into a cell: what libxlsxwriter 1.1.4 writes as it comes, and what a
 *          spreadsheet would read as something else.
 * Shape:   invalid UTF-8 becomes U+FFFD (else the part is not XML, and nobody says so); controls, DEL, bidi controls and
 *          U+FFFE/FFFF go, TAB and newlines become a blank; _xHHHH_ becomes _x005F_xHHHH_ (Excel decodes it); longer than
 *          TB_XLSX_CHARS_MAX is cut between characters and ends in an ellipsis.
 *          An = + - @ at the beginning stays: a string cell is never run. With guard (excel_guard "all") it gets a '.
 * Source:  libxlsxwriter 1.1.4 and LibreOffice 7.4, measured; ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
 */
#ifndef TB_XLSX_TEXT_H
#define TB_XLSX_TEXT_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

#define TB_XLSX_CHARS_MAX 32767 /* UTF-16 units of a cell, as Excel counts them */

/* Replaces out by the cell's text; a NUL stands behind it. */
enum tb_status tb_xlsx_gate(struct tb_str s, bool guard, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

/* The places a text takes in a column: wide characters (CJK, emoji) count two. */
size_t tb_xlsx_places(struct tb_str s);

/* How many lines a text takes that wraps at its blanks (what is longer than a line is cut). width: places of a line. */
size_t tb_xlsx_lines(struct tb_str s, size_t width);

/* The places a column's label asks for when it wraps into two lines, a long one into three (*lines; NULL: not asked). */
size_t tb_xlsx_header_places(struct tb_str s, size_t *lines);

#endif
