#include "reports/checks_row.h"

#include "base/clock.h"
#include "reports/shape.h"

static enum tb_status begin_row(struct tb_report *r, const struct tb_check *c, bool ok, struct tb_err *err)
{
    struct tb_table *t = r->main;
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, TB_CHECK_CONTROL, tb_str_of(c->control), err);
    }
    if (st == TB_OK) {
        st = tb_table_text(t, TB_CHECK_ABOUT, tb_str_of(c->about), err);
    }
    if (st == TB_OK) {
        tb_table_int(t, TB_CHECK_OK, ok);
        tb_table_int(t, TB_CHECK_INFORMATIVE, c->informative);
        r->control_failed = r->control_failed || (!ok && !c->informative);
    }
    return st;
}

static enum tb_status out_of_range(const struct tb_check *c, struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the difference of \"%s\" is out of range", c->control);
}

enum tb_status tb_check_count(struct tb_report *r, const struct tb_check *c, int64_t expected, int64_t found,
                              struct tb_err *err)
{
    int64_t difference;
    if (__builtin_sub_overflow(found, expected, &difference)) {
        return out_of_range(c, err);
    }
    enum tb_status st = begin_row(r, c, expected == found, err);
    if (st == TB_OK) {
        tb_table_int(r->main, TB_CHECK_EXPECTED, expected);
        tb_table_int(r->main, TB_CHECK_FOUND, found);
        tb_table_int(r->main, TB_CHECK_DIFFERENCE, difference);
    }
    return st;
}

enum tb_status tb_check_money(struct tb_report *r, const struct tb_check *c, tb_money expected,
                              tb_money found, struct tb_err *err)
{
    tb_money difference;
    if (!tb_money_sub(found, expected, &difference)) {
        return out_of_range(c, err);
    }
    enum tb_status st = begin_row(r, c, expected == found, err);
    if (st == TB_OK) {
        tb_table_money(r->main, TB_CHECK_EXPECTED, expected);
        tb_table_money(r->main, TB_CHECK_FOUND, found);
        tb_table_money(r->main, TB_CHECK_DIFFERENCE, difference);
    }
    return st;
}

enum tb_status tb_check_refuse(const struct tb_report *checks, int32_t day, struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    const struct tb_table *t = checks->main;
    tb_day_format(day, text);
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        if (tb_table_cell(t, i, TB_CHECK_OK)->number == 0 &&
            tb_table_cell(t, i, TB_CHECK_INFORMATIVE)->number == 0) {
            return tb_err_set(err, TB_FAIL, TB_E_CONTROL,
                              "%s: control \"%s\" disagrees and the pack is withheld; see `tollbook report "
                              "checks --date %s`",
                              text, tb_table_cell(t, i, TB_CHECK_CONTROL)->text.s, text);
        }
    }
    return tb_err_set(err, TB_FAIL, TB_E_CONTROL, "%s: a control total disagrees and the pack is withheld",
                      text);
}
