/* Concept: a report as text in three shapes. Writers lay out what is in the report's tables; they know no
 * report by name. Shape:   json: the contract's object in one line per value group, object and row, keys in
 * the order of the parts; a kept report's own bytes. csv: the main table, RFC 4180 with LF. text: for people,
 * aligned, the same on and off a terminal (no colours, no cutting). Errors:  those of tb_buf (TB_E_MEMORY,
 * TB_E_LIMIT). On an error out holds a part of the text.
 */
#ifndef TB_WRITER_H
#define TB_WRITER_H

#include "base/buf.h"
#include "reports/table/parts.h"

enum tb_status tb_writer_json(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_writer_csv(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_writer_text(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

/* A table by itself: its rows as a JSON list ("[\n{...},\n{...}]"), as CSV with a header, as lines of text.
 */
enum tb_status tb_writer_json_rows(const struct tb_table *t, struct tb_buf *out,
                                   struct tb_err *err) TB_MUST_USE;
enum tb_status tb_writer_csv_table(const struct tb_table *t, struct tb_buf *out,
                                   struct tb_err *err) TB_MUST_USE;
enum tb_status tb_writer_text_table(const struct tb_table *t, struct tb_buf *out,
                                    struct tb_err *err) TB_MUST_USE;

/* The text of a cell that is not null and not TEXT, without quotes: what JSON and CSV share. */
#define TB_CELL_PLAIN_MAX 64
size_t tb_writer_plain(const struct tb_cell *c, char out[TB_CELL_PLAIN_MAX]);

/* Would a spreadsheet take this text for a formula (CONTRACT.md section 6)? A plain number is none. */
bool tb_writer_is_formula(struct tb_str s);

#endif
