/* Concept: what the parts of actions-DAY.yaml share, inside actions*.c alone: the consumer that is being written, and the reading
 *          of a report's rows.
 */
#ifndef TB_ACTIONS_PARTS_H
#define TB_ACTIONS_PARTS_H

#include "reports/report.h"
#include "reports/table/parts.h"

struct tb_actions {
    struct tb_buf *out;
    const struct tb_report_query *q;
    const struct tb_report *advice;
    bool any; /* a consumer is written */
    struct tb_str
        name; /* of the consumer; one plugin of a name per consumer: a second rate-limiting would not load */
    bool open, limited, cheaper;
    bool plugins; /* a plugin is written */
};

/* What is read of a row, by the column's key; absent, NULL where it is null or not there. */
struct tb_str tb_actions_text(const struct tb_table *t, size_t row, const char *key);
const struct tb_cell *tb_actions_cell(const struct tb_table *t, size_t row, const char *key);
bool tb_actions_is(const struct tb_table *t, size_t row, const char *key, const char *word);
/* Money, an instant or a number as text; "unlimited" for NULL. */
const char *tb_actions_amount(const struct tb_cell *c, char out[TB_MONEY_TEXT_MAX]);

/* Appends s as a JSON string, which is a YAML string: quoted, escaped, in one line. */
enum tb_status tb_actions_quoted(struct tb_actions *a, struct tb_str s, struct tb_err *err) TB_MUST_USE;

/* Begins the consumer, where it is not the one being written; what was begun before is ended. */
enum tb_status tb_actions_open(struct tb_actions *a, struct tb_str name, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_actions_close(struct tb_actions *a, struct tb_err *err) TB_MUST_USE;

/* request-transformer to the model that the advice says saves the consumer most, once. */
enum tb_status tb_actions_cheaper(struct tb_actions *a, struct tb_err *err) TB_MUST_USE;

/* --- actions_quota.c --- */
bool tb_actions_quota_flagged(const struct tb_table *t, size_t row);
enum tb_status tb_actions_quota(struct tb_actions *a, const struct tb_table *t, size_t row,
                                struct tb_err *err) TB_MUST_USE;

/* --- actions_anomaly.c --- */
bool tb_actions_anomaly_flagged(const struct tb_table *t, size_t row);
enum tb_status tb_actions_anomaly(struct tb_actions *a, const struct tb_table *t, size_t row,
                                  struct tb_err *err) TB_MUST_USE;

#endif
