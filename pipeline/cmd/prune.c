/* tollbook prune: event detail older than detail_days goes; rollups, replayed quotas, what budgets spent, what detectors
 * remember, and packs stay. */
#include <inttypes.h>
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/forget.h"
#include "cmd/options.h"
#include "cmd/packing.h"
#include "cmd/session.h"
#include "detect/digest.h"
#include "rate/quota.h"
#include "rate/spend.h"
#include "rate/standing.h"
#include "store/events.h"

/* Whatever is made of these days' events is made now: later it cannot be. */
static enum tb_status keep_days(struct tb_session *s, int32_t from_day, int32_t to_day, struct tb_err *err)
{
    struct tb_spends spends;
    struct tb_rules rules;
    enum tb_status st = tb_standing_reduce(s->db, s->settings, s->tables, s->version, from_day, to_day, err);
    if (st == TB_OK) {
        st = tb_quota_advance(s->db, s->settings, s->tables, INT32_MAX, err);
    }
    if (st == TB_OK) {
        st = tb_spends_read(s->db, s->settings, s->tables, s->version, from_day, to_day, false, true, &spends,
                            err);
        if (st == TB_OK) {
            tb_spends_release(&spends);
        }
    }
    if (st == TB_OK) {
        st = tb_rules_load(s->settings, &rules, err);
    }
    for (int32_t day = from_day; st == TB_OK && day <= to_day; day++) {
        struct tb_digest digest;
        st = tb_digest_get(s->db, s->settings, s->tables, &rules, day, &digest, err);
        if (st == TB_OK) {
            tb_digest_release(&digest);
        }
    }
    return st;
}

/* A rolling window of the oldest day that may change looks back a day. */
static bool has_rolling(const struct tb_tables *t)
{
    for (size_t i = 0; i < t->quota_count; i++) {
        if (t->quotas[i].window == TB_WINDOW_ROLLING_24H) {
            return true;
        }
    }
    return false;
}

/* UTC days before before_day: civil days from..to go. */
static enum tb_status prune_before(struct tb_session *s, int32_t from, int32_t to, int32_t before_day,
                                   struct tb_err *err)
{
    const struct tb_zone *zone = s->settings->zone;
    enum tb_status st = tb_db_begin(s->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = keep_days(s, from, to, err);
    if (st == TB_OK) {
        st = tb_events_prune(s->db, before_day, has_rolling(s->tables) ? before_day - 1 : before_day, err);
    }
    if (st == TB_OK) {
        st = tb_standing_keep(s->db, s->settings, from, to, s->version, err);
    }
    if (st == TB_OK) { /* the last of the civil days that go ends within a UTC day that stays */
        st = tb_events_prune_rest(s->db, tb_zone_day_start(zone, to + 1), err);
    }
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
    }
    return st;
}

/* What goes so that civil day oldest and later keep all their events. */
struct cut {
    int32_t before_day; /* the first UTC day that stays */
    int32_t to;         /* the last civil day that has then lost any */
};

static struct cut cut_before(const struct tb_session *s, int32_t oldest)
{
    const struct tb_zone *zone = s->settings->zone;
    int32_t before_day = tb_utc_day(tb_zone_day_start(zone, oldest));
    return (struct cut){before_day, tb_zone_day(zone, before_day * TB_US_PER_DAY - 1)};
}

static enum tb_status prune(struct tb_session *s, int *code, struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    const struct tb_zone *zone = s->settings->zone;
    int32_t first = 0, last = 0, keep = s->settings->detail_days;
    bool is_new = false;
    if (keep == 0) {
        tb_log(TB_LOG_WARN, "nothing to prune: \"detail_days\" is 0 in the config, which keeps all events");
        return TB_OK;
    }
    enum tb_status st = tb_session_import(s, &is_new, err);
    if (st == TB_OK) {
        st = tb_events_days(s->db, &first, &last, err);
    }
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    struct cut cut = cut_before(s, tb_zone_day(zone, s->now_us) - keep);
    if (first >= cut.before_day - has_rolling(s->tables)) {
        tb_log(TB_LOG_INFO, "nothing to prune: no events are older than %d days", keep);
        return TB_OK;
    }
    int32_t from = tb_zone_day(zone, first * TB_US_PER_DAY), to = cut.to;
    st = tb_packing_before_prune(s, from, &to, code, err);
    if (st == TB_OK && to < cut.to) {
        cut = cut_before(s, to + 1);
    }
    if (st != TB_OK || first >= cut.before_day - has_rolling(s->tables)) {
        return st;
    }
    st = prune_before(s, from, cut.to, cut.before_day, err);
    if (st == TB_OK) {
        tb_day_format(cut.to + 1, text);
        tb_log(TB_LOG_INFO, "events before %s are pruned; rollups and packs stay", text);
    }
    return st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_prune, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n > 0) {
        return tb_cmd_usage("prune", "unexpected operand \"%s\"; the config's \"detail_days\" says what goes",
                            operand[0]);
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    code = TB_EXIT_DONE;
    enum tb_status st = tb_session_settings(&s, config, &err);
    if (st == TB_OK) {
        st = tb_tables_load(s.settings, &s.tables, &err);
    }
    if (st == TB_OK) {
        st = tb_session_db(&s, TB_DB_WRITE, &err);
    }
    if (st == TB_OK) {
        st = prune(&s, &code, &err);
    }
    if (st == TB_OK) {
        st = tb_forget_signatures(&s, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_prune = {
    .name = "prune",
    .synopsis = "prune",
    .about = "drop event detail older than the config's detail_days; rollups and packs stay",
    .help =
        "Days that go are packed first where their pack is missing or out of date (late data, a new "
        "price); their quotas,\n"
        "budgets and findings are kept. Where a pack is withheld, its day and later ones keep their events "
        "(exit 4). A pruned day\n"
        "takes no more events: lines for it are rejected, reason pruned_day. Its percentiles and distinct "
        "consumers are null, and\n"
        "its figures stand, whatever price comes later.\n"
        "Signatures of prompts go after signature_days, here and at the end of every run.",
    .run = run,
};
