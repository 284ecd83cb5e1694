/* Concept: the page of metrics.prom in the making, inside metrics*.c alone.
 */
#ifndef TB_METRICS_PARTS_H
#define TB_METRICS_PARTS_H

#include "base/buf.h"
#include "config/settings.h"
#include "store/db.h"

struct tb_metrics_page {
    struct tb_db *db;
    const struct tb_settings *settings;
    int64_t version;
    struct tb_buf out, clean;
};

enum tb_status tb_metrics_head(struct tb_metrics_page *p, const char *name, const char *type,
                               const char *help, struct tb_err *err) TB_MUST_USE;
/* key="value" with the format's escapes; what had to be cleaned of a text gets a digest behind it. */
enum tb_status tb_metrics_label(struct tb_metrics_page *p, const char *key, struct tb_str v,
                                struct tb_err *err) TB_MUST_USE;

/* --- metrics_limits.c: budgets, and quotas over half used, as the newest packed day left them. --- */
enum tb_status tb_metrics_limits(struct tb_metrics_page *p, struct tb_err *err) TB_MUST_USE;

#endif
