#include "cmd/ready.h"

#include "detect/detect.h"
#include "rate/quota.h"
#include "rate/spend.h"
#include "rate/standing.h"

static enum tb_status is_ready(struct tb_session *s, const struct tb_ready *w, bool *ready,
                               struct tb_err *err)
{
    *ready = true;
    enum tb_status st =
        tb_standing_current(s->db, s->settings, s->version, w->from_day, w->to_day, ready, err);
    if (st == TB_OK && *ready && w->replay_to != TB_DAY_NONE) {
        st = tb_quota_current(s->db, s->settings, s->tables, w->replay_to, ready, err);
    }
    if (st == TB_OK && *ready && w->spends) {
        st = tb_spends_current(s->db, s->settings, s->tables, s->version, w->from_day, w->to_day, ready, err);
    }
    return st;
}

static enum tb_status make(struct tb_session *s, const struct tb_ready *w, struct tb_err *err)
{
    struct tb_spends spends;
    enum tb_status st =
        tb_standing_reduce(s->db, s->settings, s->tables, s->version, w->from_day, w->to_day, err);
    if (st == TB_OK && w->replay_to != TB_DAY_NONE) {
        st = tb_quota_advance(s->db, s->settings, s->tables, w->replay_to, err);
    }
    if (st == TB_OK && w->spends) {
        st = tb_spends_read(s->db, s->settings, s->tables, s->version, w->from_day, w->to_day, false, true,
                            &spends, err);
        if (st == TB_OK) {
            tb_spends_release(&spends);
        }
    }
    return st;
}

/* Days before the first usage are neither reduced nor read. */
static enum tb_status clip(struct tb_session *s, struct tb_ready *w, struct tb_err *err)
{
    int32_t first = TB_DAY_NONE;
    enum tb_status st = tb_spend_first_day(s->db, s->settings, &first, err);
    if (st == TB_OK && first != TB_DAY_NONE && w->from_day < first) {
        w->from_day = first <= w->to_day ? first : w->to_day;
    }
    if (st == TB_OK && first == TB_DAY_NONE) {
        w->from_day = w->to_day;
    }
    return st;
}

enum tb_status tb_ready(struct tb_session *s, const struct tb_ready *want, struct tb_err *err)
{
    struct tb_ready w = *want;
    bool ready = false;
    enum tb_status st = clip(s, &w, err);
    if (st == TB_OK) {
        st = is_ready(s, &w, &ready, err);
    }
    if (st != TB_OK || ready) {
        return st;
    }
    tb_db_close(s->db);
    s->db = NULL;
    st = tb_session_db(s, TB_DB_WRITE, err);
    if (st == TB_OK) {
        st = tb_db_begin(s->db, err);
    }
    if (st != TB_OK) {
        return st;
    }
    st = make(s, &w, err);
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
    }
    return st;
}

/* What detectors remember of a day is kept for the next report, when no other run holds the lock. */
static enum tb_status open_to_keep(struct tb_session *s, struct tb_err *err)
{
    if (tb_db_writable(s->db)) {
        return TB_OK;
    }
    tb_db_close(s->db);
    s->db = NULL;
    enum tb_status st = tb_session_db(s, TB_DB_WRITE, err);
    return st != TB_OK && (err->code == TB_E_LOCK || err->code == TB_E_IO) ? tb_session_db(s, TB_DB_READ, err)
                                                                           : st;
}

enum tb_status tb_ready_findings(struct tb_session *s, int32_t from_day, int32_t to_day, struct tb_err *err)
{
    bool budgets = s->tables->budget_count > 0, quotas = s->tables->quota_count > 0;
    const struct tb_ready want = {tb_detect_first_day(s->tables, from_day), to_day,
                                  quotas ? INT32_MAX : TB_DAY_NONE, budgets};
    enum tb_status st = budgets || quotas ? tb_ready(s, &want, err) : TB_OK;
    return st == TB_OK ? open_to_keep(s, err) : st;
}
