#include "reports/fill.h"

enum tb_status tb_fill_cell(struct tb_table *t, size_t column, const struct tb_query *row, int i,
                            struct tb_err *err)
{
    tb_money money;
    switch (tb_table_column(t, column)->type) {
    case TB_CELL_TEXT:
    case TB_CELL_RATIO:
        return tb_table_text(t, column, tb_query_text(row, i), err);
    case TB_CELL_MONEY:
        if (tb_query_money(row, i, &money)) {
            tb_table_money(t, column, money);
        }
        return TB_OK;
    default:
        if (!tb_query_is_null(row, i)) {
            tb_table_int(t, column, tb_query_int(row, i));
        }
        return TB_OK;
    }
}

enum tb_status tb_fill_row(struct tb_table *t, size_t first, const struct tb_query *row, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int i = 0; st == TB_OK && i < tb_query_columns(row); i++) {
        st = tb_fill_cell(t, first + (size_t)i, row, i, err);
    }
    return st;
}

enum tb_status tb_fill_rows(struct tb_table *t, struct tb_query *query, struct tb_err *err)
{
    enum tb_status st;
    while ((st = tb_query_step(query, err)) == TB_OK) {
        st = tb_table_row(t, err);
        if (st == TB_OK) {
            st = tb_fill_row(t, 0, query, err);
        }
        if (st != TB_OK) {
            return st;
        }
    }
    return st == TB_END ? TB_OK : st;
}
