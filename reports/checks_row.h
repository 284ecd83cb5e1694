/* Concept: one control: what is expected, what was found, whether they agree; written as a row of the checks.
 */
#ifndef TB_CHECKS_ROW_H
#define TB_CHECKS_ROW_H

#include "reports/table/parts.h"

struct tb_check {
    const char *control; /* "lines_sum" */
    const char *about;   /* for people: "total cost = sum of the chargeback lines" */
    bool informative;    /* never fails ok */
};

/* Adds the row; a control that is not informative and disagrees sets r's control_failed. */
enum tb_status tb_check_count(struct tb_report *r, const struct tb_check *c, int64_t expected, int64_t found,
                              struct tb_err *err) TB_MUST_USE;
enum tb_status tb_check_money(struct tb_report *r, const struct tb_check *c, tb_money expected,
                              tb_money found, struct tb_err *err) TB_MUST_USE;

/* Refuses the day's pack (TB_FAIL/TB_E_CONTROL), naming the first control of the checks that disagrees. */
enum tb_status tb_check_refuse(const struct tb_report *checks, int32_t day, struct tb_err *err) TB_MUST_USE;

#endif
