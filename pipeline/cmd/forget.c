#include "cmd/forget.h"

#include "base/clock.h"
#include "detect/digest.h"
#include "store/events.h"

/* The civil days whose digests read this UTC day's events; a digest begins a little before its day. */
static enum tb_status remember(struct tb_session *s, const struct tb_rules *rules, int32_t utc_day,
                               struct tb_err *err)
{
    const struct tb_zone *zone = s->settings->zone;
    int32_t last = tb_zone_day(zone, (utc_day + 1) * TB_US_PER_DAY - 1);
    enum tb_status st = TB_OK;
    for (int32_t day = tb_zone_day(zone, utc_day * TB_US_PER_DAY); st == TB_OK && day <= last; day++) {
        struct tb_digest digest;
        st = tb_digest_get(s->db, s->settings, s->tables, rules, day, &digest, err);
        if (st == TB_OK) {
            tb_digest_release(&digest);
        }
    }
    return st;
}

static enum tb_status forget(struct tb_session *s, int32_t before_day, struct tb_err *err)
{
    struct tb_rules rules;
    int32_t day = 0;
    enum tb_status st = tb_rules_load(s->settings, &rules, err);
    for (int32_t from = 0; st == TB_OK; from = day + 1) {
        st = tb_events_signed_day(s->db, from, before_day, &day, err);
        if (st == TB_OK) {
            st = remember(s, &rules, day, err);
        }
    }
    return st == TB_END ? tb_events_drop_signatures(s->db, before_day, err) : st;
}

enum tb_status tb_forget_signatures(struct tb_session *s, struct tb_err *err)
{
    int32_t first = 0, last = 0, today = tb_utc_day(s->now_us), day = 0;
    if (s->settings->signature_days == 0) {
        return TB_OK;
    }
    enum tb_status st = tb_events_days(s->db, &first, &last, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    int32_t before_day = (last < today ? last : today) + 1 - s->settings->signature_days;
    st = tb_events_signed_day(s->db, 0, before_day, &day, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    st = tb_db_begin(s->db, err);
    if (st == TB_OK) {
        st = forget(s, before_day, err);
        if (st == TB_OK) {
            st = tb_db_commit(s->db, err);
        }
        if (st != TB_OK) {
            tb_db_rollback(s->db);
        }
    }
    return st;
}
