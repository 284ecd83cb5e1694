#include "reports/head.h"

#include <stdio.h>

static enum tb_status add_bound(struct tb_report *r, const struct tb_report_query *q, const char *key,
                                const char *label, int32_t day, int64_t us, struct tb_err *err)
{
    return tb_parts_number(r, key, label, q->instants ? TB_CELL_INSTANT : TB_CELL_DAY, true,
                           q->instants ? us : day, err);
}

enum tb_status tb_head_add(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    char schema[64];
    snprintf(schema, sizeof schema, "tollbook.%s/1", r->kind);
    enum tb_status st = tb_parts_text(r, "schema", "Schema", tb_str_of(schema), err);
    if (st == TB_OK) {
        st = add_bound(r, q, "from", "From", q->from_day, q->from_us, err);
    }
    if (st == TB_OK) {
        st = add_bound(r, q, "to", "To", q->to_day, q->to_us, err);
    }
    if (st == TB_OK) {
        st = tb_parts_text(r, "time_zone", "Time zone", tb_str_of(tb_zone_name(q->settings->zone)), err);
    }
    if (st == TB_OK) {
        st = tb_parts_text(r, "currency", "Currency", tb_str_of(q->settings->currency), err);
    }
    return st == TB_OK ? tb_parts_number(r, "tables", "table version", TB_CELL_INT, true, q->version, err)
                       : st;
}

enum tb_status tb_head_refuse_by(const struct tb_report_query *q, const char *kind, struct tb_err *err)
{
    return q->by_n == 0
               ? TB_OK
               : tb_err_set(err, TB_FAIL, TB_E_USAGE,
                            "\"%s\" has no --by, use \"report usage\" to group by other dimensions", kind);
}

enum tb_status tb_head_refuse_where(const struct tb_report_query *q, const char *kind, struct tb_err *err)
{
    return q->where_n == 0 ? TB_OK
                           : tb_err_set(err, TB_FAIL, TB_E_USAGE,
                                        "\"%s\" is always of everything, leave out --where", kind);
}
