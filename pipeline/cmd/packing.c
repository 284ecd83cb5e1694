#include "cmd/packing.h"

#include <inttypes.h>
#include "base/embed.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "rate/reduce.h"
#include "rate/standing.h"
#include "reports/pack_adjust.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_cmd[];

enum tb_status tb_packing_has_lines(struct tb_session *s, int32_t day, bool *has, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "day_lines.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "from_us", tb_zone_day_start(s->settings->zone, day));
    tb_query_bind_int(q, "to_us", tb_zone_day_start(s->settings->zone, day + 1));
    st = tb_query_step(q, err);
    *has = st == TB_OK && tb_query_int(q, 0) != 0;
    tb_query_close(q);
    return st;
}

enum tb_status tb_packing_is_open(struct tb_session *s, int32_t day, bool *open, struct tb_err *err)
{
    struct tb_closing closing;
    bool pruned = false;
    int64_t version = 0;
    enum tb_status st = tb_closing_find(s->db, day, &closing, err);
    if (st == TB_OK) {
        st = tb_standing_find(s->db, s->settings, day, &pruned, &version, err);
    }
    *open = st == TB_OK && !closing.closed && !pruned;
    return st;
}

enum tb_status tb_packing_adjust(struct tb_session *s, int32_t day, struct tb_err *err)
{
    int posted = 0;
    char text[TB_TS_TEXT_MAX];
    enum tb_status st = tb_pack_adjust(s->db, s->settings, s->tables, s->version, day, &posted, err);
    if (st == TB_OK && posted > 0) {
        tb_day_format(day, text);
        tb_log(TB_LOG_INFO, "%s: charged with %d adjustment%s of closed days", text, posted,
               posted == 1 ? "" : "s");
    }
    return st;
}

static enum tb_status write_pack(struct tb_session *s, int32_t day, struct tb_pack_result *result,
                                 bool *withheld, struct tb_err *err)
{
    enum tb_status st = tb_session_reduce(s, day, day, err);
    if (st == TB_OK) {
        st = tb_pack_write(s->db, s->settings, s->tables, s->version, day, s->now_us, result, err);
    }
    *withheld = st == TB_FAIL && err->code == TB_E_CONTROL;
    return st;
}

/* The day's sums are to be made anew. Of a pruned day they cannot be. */
static enum tb_status forget_sums(struct tb_session *s, int32_t day, struct tb_err *err)
{
    bool pruned = false;
    int64_t version = 0;
    enum tb_status st = tb_standing_find(s->db, s->settings, day, &pruned, &version, err);
    if (st != TB_OK || pruned) {
        return st;
    }
    st = tb_db_begin(s->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_reduce_forget(s->db, day, err);
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
    }
    return st;
}

static void say_withheld(const char *day, bool again, const struct tb_err *err)
{
    tb_log_err(TB_LOG_ERROR, err);
    if (again) {
        tb_log(
            TB_LOG_ERROR,
            "%s: its sums were made anew from the events and still disagree: `tollbook doctor` looks at the "
            "database, an older `tollbook backup` brings back what it said",
            day);
    } else {
        tb_log(TB_LOG_ERROR, "%s: `tollbook run --date %s` makes its sums anew from the events", day, day);
    }
}

enum tb_status tb_packing_write(struct tb_session *s, int32_t day, bool again, struct tb_pack_result *result,
                                bool *written, int *code, struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    bool withheld = false;
    tb_day_format(day, text);
    enum tb_status st = write_pack(s, day, result, &withheld, err);
    if (withheld && again) {
        withheld = false;
        st = forget_sums(s, day, err);
        if (st == TB_OK) {
            st = write_pack(s, day, result, &withheld, err);
        }
        if (st == TB_OK) {
            tb_log(TB_LOG_WARN, "%s: a control total disagreed; its sums were made anew from the events",
                   text);
        }
    }
    *written = st == TB_OK;
    if (st != TB_OK && withheld) { /* the other days are not its hostages */
        say_withheld(text, again, err);
        *code = tb_exit_worse(*code, TB_EXIT_CONTROL);
        return TB_OK;
    }
    if (st == TB_OK) {
        tb_log(TB_LOG_INFO, "%s: %s (revision %" PRId64 "%s)", text, result->workbook, result->revision,
               result->is_new     ? ", new"
               : result->repaired ? ", files restored"
                                  : ", unchanged");
    }
    return st;
}

/* --- before events go ---------------------------------------------------------------------------------------- */

/* The last open day that is over and whose events stay. */
static enum tb_status adjust_later(struct tb_session *s, int32_t to_day, struct tb_err *err)
{
    int32_t day = tb_zone_day(s->settings->zone, s->now_us) - 1;
    bool open = false;
    enum tb_status st = TB_OK;
    for (; st == TB_OK && day > to_day; day--) {
        st = tb_packing_is_open(s, day, &open, err);
        if (st != TB_OK || open) {
            return st == TB_OK ? tb_packing_adjust(s, day, err) : st;
        }
    }
    return st == TB_OK
               ? tb_err_set(
                     err, TB_FAIL, TB_E_RANGE,
                     "closed days have changed, and every day after them is closed, so that nothing can be "
                     "charged with it yet; prune again tomorrow")
               : st;
}

/* Packs the day when its pack is missing or out of date. *current: it is not, any more. */
static enum tb_status make_current(struct tb_session *s, int32_t day, bool *current, int *code,
                                   struct tb_err *err)
{
    struct tb_pack_result result;
    bool open = false, has = false, changed = false;
    *current = true;
    enum tb_status st = tb_packing_is_open(s, day, &open, err);
    if (st == TB_OK && open) {
        st = tb_packing_has_lines(s, day, &has, err);
    }
    if (st == TB_OK && has) {
        st = tb_pack_changed(s->db, s->settings, s->version, day, &changed, err);
    }
    return st == TB_OK && changed ? tb_packing_write(s, day, false, &result, current, code, err) : st;
}

enum tb_status tb_packing_before_prune(struct tb_session *s, int32_t from_day, int32_t *to_day, int *code,
                                       struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    int pending = 0;
    enum tb_status st =
        tb_pack_adjust_pending(s->db, s->settings, s->tables, s->version, *to_day + 1, &pending, err);
    if (st == TB_OK && pending > 0) {
        st = adjust_later(s, *to_day, err);
    }
    for (int32_t day = from_day; st == TB_OK && day <= *to_day; day++) {
        bool current = true;
        st = make_current(s, day, &current, code, err);
        if (st == TB_OK && !current) {
            tb_day_format(day, text);
            tb_log(TB_LOG_ERROR, "the events of %s and later stay until its pack can be written", text);
            *to_day = day - 1;
        }
    }
    return st;
}
