/* A report for a terminal: what it is of, its main table, the others that have rows, objects in one line
 * each. */
#include "reports/writer/writer.h"

#include "reports/writer/text_cell.h"

#define CELL_BYTES_MAX ((size_t)1 << 30)

/* "label 1,234", or the text by itself; nothing for null. */
static enum tb_status write_value(const struct tb_table *t, size_t column, const char *before, bool label,
                                  struct tb_buf *out, struct tb_err *err)
{
    const struct tb_cell *c = tb_table_cell(t, 0, column);
    struct tb_buf text;
    tb_buf_init(&text, CELL_BYTES_MAX);
    enum tb_status st = tb_textcell_format(c, 0, &text, err);
    if (st == TB_OK) {
        const char *name = label ? tb_table_column(t, column)->label : "";
        st = tb_buf_printf(out, err, "%s%s%s", before, name, label ? " " : "");
    }
    if (st == TB_OK) {
        st = tb_buf_str(out, tb_buf_view(&text), err);
    }
    tb_buf_release(&text);
    return st;
}

/* The range once: "2026-11-21", "2026-11-01 to 2026-11-30". */
static enum tb_status write_range(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    const struct tb_part *from = tb_parts_find(r, "from"), *to = tb_parts_find(r, "to");
    if (from == NULL || to == NULL) {
        return TB_OK;
    }
    enum tb_status st = write_value(from->table, 0, "  ", false, out, err);
    const struct tb_cell *a = tb_table_cell(from->table, 0, 0), *b = tb_table_cell(to->table, 0, 0);
    if (st == TB_OK && (a->number != b->number || !tb_str_eq(a->text, b->text))) {
        st = write_value(to->table, 0, " to ", false, out, err);
    }
    return st;
}

static bool is_in_head(const struct tb_part *p)
{
    static const char *const apart[] = {"schema", "from", "to", NULL};
    for (size_t i = 0; apart[i] != NULL; i++) {
        if (strcmp(tb_table_name(p->table), apart[i]) == 0) {
            return false;
        }
    }
    return p->kind == TB_PART_VALUE && !tb_table_cell(p->table, 0, 0)->null;
}

static enum tb_status write_head(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(out, err, "%s", r->title);
    if (st == TB_OK) {
        st = write_range(r, out, err);
    }
    for (size_t i = 0; st == TB_OK && i < r->n; i++) {
        const struct tb_part *p = &r->parts[i];
        if (is_in_head(p)) {
            st = write_value(p->table, 0, ", ", tb_table_column(p->table, 0)->type != TB_CELL_TEXT, out, err);
        }
    }
    return st == TB_OK ? tb_buf_add(out, "\n", 1, err) : st;
}

static enum tb_status write_object(const struct tb_table *t, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(out, err, "\n%s: ", tb_table_title(t));
    for (size_t i = 0; st == TB_OK && i < tb_table_columns(t); i++) {
        st = write_value(t, i, i > 0 ? ", " : "", true, out, err);
    }
    return st == TB_OK ? tb_buf_add(out, "\n", 1, err) : st;
}

static enum tb_status write_rows(const struct tb_table *t, bool main, struct tb_buf *out, struct tb_err *err)
{
    if (tb_table_rows(t) == 0) {
        return main ? tb_buf_printf(out, err, "\nno rows\n") : TB_OK;
    }
    enum tb_status st =
        main ? tb_buf_add(out, "\n", 1, err) : tb_buf_printf(out, err, "\n%s\n", tb_table_title(t));
    if (st == TB_OK) {
        st = tb_writer_text_table(t, out, err);
    }
    if (st == TB_OK && tb_table_dropped(t) > 0) {
        st = tb_buf_printf(out, err, "%zu more rows are not shown (--top)\n", tb_table_dropped(t));
    }
    return st;
}

enum tb_status tb_writer_text(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    enum tb_status st = write_head(r, out, err);
    for (size_t i = 0; st == TB_OK && i < r->n; i++) {
        const struct tb_table *t = r->parts[i].table;
        if (r->parts[i].kind == TB_PART_OBJECT) {
            st = write_object(t, out, err);
        } else if (r->parts[i].kind == TB_PART_ROWS) {
            st = write_rows(t, t == r->main, out, err);
        }
    }
    return st;
}
