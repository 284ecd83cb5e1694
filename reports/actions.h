/* Concept: actions-DAY.yaml: what the runbooks would write into the gateway's configuration for consumers that were over a quota
 *          or a budget, or whose calls were unusual, for a person to review; never applied by this program.
 * Shape:   Kong's declarative configuration (format 3.0): consumers with their plugins, each commented with the finding and the
 *          money. Without findings an empty list: it stays a valid file.
 */
#ifndef TB_ACTIONS_H
#define TB_ACTIONS_H

#include "reports/report.h"

/* Reports, or NULL. */
struct tb_actions_from {
    const struct tb_report *quota, *budget, *anomalies;
    const struct tb_report *advice; /* names the cheaper model: the one that saves the consumer most */
};

/* Appends to out. */
enum tb_status tb_actions_yaml(const struct tb_report_query *q, const struct tb_actions_from *from,
                               struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

#endif
