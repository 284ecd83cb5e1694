#include "reports/pack_parts.h"

struct tb_str tb_pack_path(struct tb_str path, const char *dir)
{
    size_t n = dir != NULL ? strlen(dir) : 0;
    while (n > 0 && dir[n - 1] == '/') {
        n--;
    }
    if (n > 0 && path.n > n + 1 && memcmp(path.s, dir, n) == 0 && path.s[n] == '/') {
        return (struct tb_str){path.s + n + 1, path.n - n - 1};
    }
    return path;
}

static enum tb_status copy_cell(struct tb_table *to, size_t column, const struct tb_cell *c, const char *dir,
                                struct tb_err *err)
{
    if (c->null) {
        return TB_OK;
    }
    switch (c->type) {
    case TB_CELL_TEXT:
    case TB_CELL_RATIO: {
        bool is_file = strcmp(tb_table_column(to, column)->key, "file") == 0;
        return tb_table_text(to, column, is_file ? tb_pack_path(c->text, dir) : c->text, err);
    }
    case TB_CELL_MONEY:
        tb_table_money(to, column, c->money);
        return TB_OK;
    default:
        tb_table_int(to, column, c->number);
        return TB_OK;
    }
}

static enum tb_status copy_rows(struct tb_table *to, const struct tb_table *from, bool rows, const char *dir,
                                struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(from); i++) {
        st = rows ? tb_table_row(to, err) : TB_OK; /* a value and an object have their row already */
        for (size_t c = 0; st == TB_OK && c < tb_table_columns(from); c++) {
            st = copy_cell(to, c, tb_table_cell(from, i, c), dir, err);
        }
    }
    return st;
}

static enum tb_status copy_part(struct tb_report *to, const struct tb_part *p, struct tb_table **out,
                                struct tb_err *err)
{
    struct tb_column columns[TB_TABLE_COLUMNS_MAX];
    size_t n = tb_table_columns(p->table);
    for (size_t i = 0; i < n; i++) {
        columns[i] = *tb_table_column(p->table, i);
    }
    switch (p->kind) {
    case TB_PART_VALUE:
        return tb_parts_value(to, columns, out, err);
    case TB_PART_OBJECT:
        return tb_parts_object(to, tb_table_name(p->table), tb_table_title(p->table), columns, n, out, err);
    default:
        return tb_parts_rows(to, tb_table_name(p->table), tb_table_title(p->table), columns, n, out, err);
    }
}

static enum tb_status copy_parts(struct tb_report *to, const struct tb_report *from, const char *dir,
                                 struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < from->n; i++) {
        const struct tb_part *p = &from->parts[i];
        struct tb_table *t = NULL;
        st = copy_part(to, p, &t, err);
        if (st == TB_OK) {
            st = copy_rows(t, p->table, p->kind == TB_PART_ROWS, dir, err);
        }
        if (p->table == from->main) {
            to->main = t;
        }
    }
    to->unpriced = from->unpriced;
    to->rejected = from->rejected;
    to->incomplete = from->incomplete;
    to->control_failed = from->control_failed;
    return st;
}

enum tb_status tb_pack_paths(struct tb_report **r, const char *dir, struct tb_err *err)
{
    struct tb_report *copy = tb_parts_new((*r)->kind, (*r)->title);
    if (copy == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a report of the pack");
    }
    enum tb_status st = copy_parts(copy, *r, dir, err);
    if (st != TB_OK) {
        tb_report_free(copy);
        return st;
    }
    tb_report_free(*r);
    *r = copy;
    return TB_OK;
}
