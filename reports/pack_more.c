/* What the pack says of quotas, budgets, plans, changes and anomalies, as of the end of its day: whatever comes later does not change it. */
#include "base/log.h"
#include "detect/detect.h"
#include "plan/plan.h"
#include "rate/budget.h"
#include "rate/quota.h"
#include "rate/standing.h"
#include "reports/actions.h"
#include "reports/change.h"
#include "reports/pack_parts.h"

static enum tb_status keep_spends(const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_spends spends;
    int32_t first = TB_DAY_NONE, day = q->to_day;
    int32_t from = tb_detect_first_day(q->tables, day), plan = tb_plan_first_day(q->tables, day);
    from = plan < from ? plan : from;
    enum tb_status st = tb_spend_first_day(q->db, q->settings, &first, err);
    if (st != TB_OK || first == TB_DAY_NONE || first > day || q->tables->budget_count == 0) {
        return st;
    }
    st = tb_standing_reduce(q->db, q->settings, q->tables, q->version, from > first ? from : first, day, err);
    if (st == TB_OK) {
        st = tb_spends_read(q->db, q->settings, q->tables, q->version, from, day, false, true, &spends, err);
    }
    if (st == TB_OK) {
        tb_spends_release(&spends);
    }
    return st;
}

enum tb_status tb_pack_more_prepare(const struct tb_report_query *q, struct tb_err *err)
{
    enum tb_status st = tb_quota_advance(q->db, q->settings, q->tables, q->to_day, err);
    return st == TB_OK ? keep_spends(q, err) : st;
}

const struct tb_report *tb_pack_more_find(const struct tb_pack_content *c, const char *kind)
{
    for (size_t i = 0; i < c->more_n; i++) {
        if (strcmp(c->more[i]->kind, kind) == 0) {
            return c->more[i];
        }
    }
    return NULL;
}

static enum tb_status build(struct tb_pack_content *c, const char *kind, struct tb_err *err)
{
    struct tb_report_query q = *c->q;
    q.as_of_us = q.to_us;
    const struct tb_report_kind *k = tb_report_kind_find(kind);
    enum tb_status st = k != NULL ? k->build(&q, &c->more[c->more_n], err) : TB_END;
    c->more_n += st == TB_OK;
    return st == TB_END ? TB_OK : st;
}

/* A plan that cannot be made (floors above what there is) is said aloud and left out: the charges are not its hostages. */
static enum tb_status build_plan(struct tb_pack_content *c, struct tb_err *err)
{
    enum tb_status st = build(c, "plan", err);
    if (st == TB_FAIL && err->code == TB_E_TABLE) {
        tb_log_err(TB_LOG_WARN, err);
        return TB_OK;
    }
    return st;
}

/* A report that needs the calls of days from this one on: left out when some are pruned. */
static enum tb_status build_of_calls(struct tb_pack_content *c, const char *kind, int32_t from_day,
                                     struct tb_err *err)
{
    int32_t day = from_day;
    enum tb_status st = tb_standing_pruned(c->q->db, c->q->settings, from_day, c->q->to_day, &day, err);
    return st == TB_END ? build(c, kind, err) : st;
}

/* A report as KIND-DAY.csv; empty when there is none. */
static enum tb_status write_csv(const struct tb_pack_content *c, const char *kind, struct tb_pack_folder *f,
                                struct tb_err *err)
{
    struct tb_buf *out = NULL;
    const struct tb_report *report = tb_pack_more_find(c, kind);
    enum tb_status st = tb_pack_folder_extra(f, kind, c->q->to_day, "csv", &out, err);
    return st == TB_OK && report != NULL ? tb_report_csv(report, out, err) : st;
}

enum tb_status tb_pack_more_build(struct tb_pack_content *c, struct tb_pack_folder *f, struct tb_err *err)
{
    struct tb_buf *actions = NULL;
    enum tb_status st = build(c, "quota", err);
    if (st == TB_OK) {
        st = build(c, "budget", err);
    }
    if (st == TB_OK) {
        st = build_plan(c, err);
    }
    if (st == TB_OK) {
        st = build_of_calls(c, "change", tb_change_base(c->q), err);
    }
    if (st == TB_OK) {
        st = build_of_calls(c, "tools", c->q->from_day, err);
    }
    if (st == TB_OK) {
        st = build_of_calls(c, "advice", c->q->from_day, err);
    }
    if (st == TB_OK) {
        st = build(c, "anomalies", err);
    }
    if (st == TB_OK) {
        st = write_csv(c, "anomalies", f, err);
    }
    if (st == TB_OK) {
        st = write_csv(c, "plan", f, err);
    }
    if (st == TB_OK) {
        st = tb_pack_folder_extra(f, "actions", c->q->to_day, "yaml", &actions, err);
    }
    struct tb_actions_from from = {tb_pack_more_find(c, "quota"), tb_pack_more_find(c, "budget"),
                                   tb_pack_more_find(c, "anomalies"), tb_pack_more_find(c, "advice")};
    return st == TB_OK ? tb_actions_yaml(c->q, &from, actions, err) : st;
}
