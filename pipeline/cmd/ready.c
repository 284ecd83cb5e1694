#include "cmd/ready.h"

#include "rate/quota.h"
#include "rate/reduce.h"

static enum tb_status is_ready(struct tb_session *s, int32_t from_day, int32_t to_day, int32_t replay_to,
                               bool *ready, struct tb_err *err)
{
    *ready = true;
    enum tb_status st = tb_reduce_current(s->db, s->settings, s->version, from_day, to_day, ready, err);
    if (st == TB_OK && *ready && replay_to != TB_DAY_NONE) {
        st = tb_quota_current(s->db, s->settings, s->tables, replay_to, ready, err);
    }
    return st;
}

static enum tb_status make(struct tb_session *s, int32_t from_day, int32_t to_day, int32_t replay_to,
                           struct tb_err *err)
{
    enum tb_status st =
        tb_reduce_days(s->db, s->settings, s->tables, s->version, from_day, to_day, NULL, err);
    if (st == TB_OK && replay_to != TB_DAY_NONE) {
        st = tb_quota_advance(s->db, s->settings, s->tables, replay_to, err);
    }
    return st;
}

enum tb_status tb_ready(struct tb_session *s, int32_t from_day, int32_t to_day, int32_t replay_to,
                        struct tb_err *err)
{
    bool ready = false;
    enum tb_status st = is_ready(s, from_day, to_day, replay_to, &ready, err);
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
    st = make(s, from_day, to_day, replay_to, err);
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
    }
    return st;
}
