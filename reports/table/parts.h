/* Concept: what is inside a tb_report: its parts in the order of the contract's JSON object. A part is a
 * value, an object or a list of rows; each is a tb_table, so that every writer needs to know only tables: a
 * value is one cell (one row, one column named like the part), an object is one row. Shape:   tb_parts_new,
 * then a tb_parts_value/_object/_rows per part, in order. reports/report.h is what the rest of the program
 * sees; writers and the workbook look inside. Owns:    the report owns its tables and raw until
 * tb_parts_free. Errors:  TB_FATAL/TB_E_MEMORY.
 */
#ifndef TB_PARTS_H
#define TB_PARTS_H

#include "base/buf.h"
#include "reports/table/table.h"

enum tb_part_kind { TB_PART_VALUE, TB_PART_OBJECT, TB_PART_ROWS };

struct tb_part {
    enum tb_part_kind kind;
    struct tb_table *table; /* its name is the part's key */
};

#define TB_PARTS_MAX 24

struct tb_report {
    char kind[24];  /* "chargeback" */
    char title[64]; /* "Chargeback" */
    struct tb_part parts[TB_PARTS_MAX];
    size_t n;
    struct tb_table *main; /* one of the parts: what CSV holds, what --sort and --top act on */
    bool unpriced, rejected, incomplete, control_failed; /* tb_report_state */
    struct tb_buf
        raw; /* of a kept pack: the JSON object's bytes as they were written, without newline; empty else */
};

/* NULL: no memory. */
struct tb_report *tb_parts_new(const char *kind, const char *title);
void tb_parts_free(struct tb_report *r);

/* The part named key, or NULL. */
const struct tb_part *tb_parts_find(const struct tb_report *r, const char *key);

/* Adds a part. *out is its table: a value's and an object's has its one row already (all null). */
enum tb_status tb_parts_value(struct tb_report *r, const struct tb_column *column, struct tb_table **out,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_parts_object(struct tb_report *r, const char *key, const char *title,
                               const struct tb_column *columns, size_t n, struct tb_table **out,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_parts_rows(struct tb_report *r, const char *key, const char *title,
                             const struct tb_column *columns, size_t n, struct tb_table **out,
                             struct tb_err *err) TB_MUST_USE;

/* Values in one call: key is also the column; label as in tb_column. */
enum tb_status tb_parts_text(struct tb_report *r, const char *key, const char *label, struct tb_str v,
                             struct tb_err *err) TB_MUST_USE;
/* type: any but TEXT, RATIO, MONEY, MIXED. has false: null. */
enum tb_status tb_parts_number(struct tb_report *r, const char *key, const char *label,
                               enum tb_cell_type type, bool has, int64_t v, struct tb_err *err) TB_MUST_USE;

#endif
