/* One day's pack, from reduced rows to files.
 *
 * The order in which things come to stand: the workbook under a temporary name; the revision in the database; the superseded
 * files under their second name; the new files, SHA256SUMS last. Killed before the revision stands, the old pack is whole;
 * killed after it, the folder is not what the revision says, which tb_pack_stale sees and the next run repairs: it finds the
 * revision equal and puts its files in place.
 *
 * A pack says the same whenever it is made from the same facts: its day's events, the table rows in force during the day, and
 * what the days before it were charged. A later change of an earlier day does not make this one out of date (its own numbers
 * stand); asked for by date it is made anew, and opens a revision when the month to date has changed. */
#include "reports/pack.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "base/embed.h"
#include "rate/adjust.h"
#include "rate/standing.h"
#include "reports/checks_row.h"
#include "reports/pack_parts.h"
#include "reports/workbook.h"
#include "store/query.h"
#include "store/revision.h"

extern const struct tb_embed tb_embed_reports[];

/* What the last revision of the day said. */
struct last {
    int64_t revision; /* 0: none yet */
    struct tb_buf json;
    char run_id[TB_RUN_ID_MAX];
};

struct job {
    struct tb_db *db;
    const struct tb_settings *settings;
    int32_t day;
    int64_t now_us;
    struct tb_pack_versions versions;
    struct tb_report_query q;
    struct tb_pack_built built; /* what it is built from now */
    struct tb_pack_content content;
    struct last last;
    struct tb_buf json;
    struct tb_pack_folder folder;
    struct tb_closing closing; /* what is known of the day; with `final` what is to be */
    bool final;                /* the pack is that of a closed day */
    bool kept;                 /* its events are pruned: what the last revision said stands */
};

/* --- what the pack is of ------------------------------------------------------------------------------------- */

static enum tb_status reduce_and_read(struct job *j, struct tb_err *err)
{
    int64_t version = 0;
    const struct tb_tables *tables = NULL;
    enum tb_status st = tb_pack_versions_of_day(&j->versions, j->day, &version, err);
    if (st == TB_OK) {
        st = tb_pack_versions_tables(&j->versions, version, &tables, err);
    }
    if (st != TB_OK) {
        return st;
    }
    j->q = tb_pack_day(j->db, j->settings, tables, version, j->day);
    j->q.now_us = j->now_us;
    st = tb_standing_reduce(j->db, j->settings, tables, version, j->day, j->day, err);
    if (st == TB_OK && !j->closing.closed) {
        st = tb_adjust_reopened(j->db, j->day, version, err);
    }
    if (st == TB_OK) {
        st = tb_pack_more_prepare(&j->q, err);
    }
    return st == TB_OK ? tb_history_read(&j->q, &j->versions, &j->content.history, err) : st;
}

/* Makes the day, and the days it is compared with, stand reduced. */
static enum tb_status prepare(struct job *j, struct tb_err *err)
{
    enum tb_status st = tb_db_begin(j->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = reduce_and_read(j, err);
    if (st == TB_OK) {
        st = tb_db_commit(j->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(j->db);
    }
    return st;
}

static enum tb_status build_report(struct job *j, const char *kind, struct tb_report **out,
                                   struct tb_err *err)
{
    struct tb_report_query q = j->q;
    q.top = strcmp(kind, "rejects") == 0 ? TB_PACK_REJECTS_MAX : 0;
    enum tb_status st = tb_report_kind_find(kind)->build(&q, out, err);
    return st == TB_OK ? tb_pack_paths(out, j->settings->dir, err) : st;
}

static enum tb_status build_content(struct job *j, struct tb_err *err)
{
    struct tb_pack_content *c = &j->content;
    c->q = &j->q;
    enum tb_status st = build_report(j, "chargeback", &c->chargeback, err);
    if (st == TB_OK) {
        st = build_report(j, "usage", &c->usage, err);
    }
    if (st == TB_OK) {
        st = build_report(j, "checks", &c->checks, err);
    }
    if (st == TB_OK) {
        st = build_report(j, "rejects", &c->rejects, err);
    }
    if (st == TB_OK) {
        st = tb_pack_more_build(c, &j->folder, err);
    }
    if (st == TB_OK) {
        st = tb_pack_built_now(&j->q, &j->built, err);
    }
    return st == TB_OK ? tb_pack_inputs(&j->q, j->built.rows, &c->inputs, c->run_id, err) : st;
}

/* --- revisions ----------------------------------------------------------------------------------------------- */

static enum tb_status read_last(struct job *j, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_revision_get(j->db, j->day, 0, &j->last.json, &j->last.revision, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    st = tb_query_open(j->db, tb_embed_text(tb_embed_reports, "pack_run_id.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", j->day);
    tb_query_bind_int(q, "revision", j->last.revision);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        struct tb_str id = tb_query_text(q, 0);
        snprintf(j->last.run_id, sizeof j->last.run_id, "%.*s", (int)id.n, id.s);
    }
    tb_query_close(q);
    return st;
}

/* Whether the pack says what its last revision said. Its number and run id (other copies of the inputs, another program) are
 * not what it says. Leaves the JSON of the revision that stands, or is to stand, in j->json. */
static enum tb_status compare(struct job *j, bool *is_new, struct tb_err *err)
{
    *is_new = true;
    if (j->last.revision > 0) {
        enum tb_status st = tb_pack_json(&j->content, j->last.revision, j->last.run_id, &j->json, err);
        if (st != TB_OK) {
            return st;
        }
        *is_new = !tb_str_eq(tb_buf_view(&j->json), tb_buf_view(&j->last.json));
    }
    if (!*is_new) {
        memcpy(j->content.run_id, j->last.run_id, sizeof j->content.run_id);
        return TB_OK;
    }
    return tb_pack_json(&j->content, j->last.revision + 1, j->content.run_id, &j->json, err);
}

static enum tb_status put_rows(struct job *j, bool is_new, int64_t *revision, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (is_new) {
        bool inserted = false;
        st = tb_revision_put(j->db, j->day, tb_buf_view(&j->json), j->content.run_id, j->q.version, j->now_us,
                             revision, &inserted, err);
    }
    if (st == TB_OK) {
        st = tb_pack_built_put(j->db, j->day, &j->built, err);
    }
    if (st == TB_OK && j->final && !j->closing.closed) {
        j->closing.revision = *revision;
        st = tb_closing_close(j->db, j->day, j->q.version, &j->closing, err);
    }
    return st;
}

/* The revision, what it was built from, and the day's closing, in one transaction. */
static enum tb_status keep(struct job *j, bool is_new, int64_t *revision, struct tb_err *err)
{
    enum tb_status st = tb_db_begin(j->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = put_rows(j, is_new, revision, err);
    if (st == TB_OK) {
        st = tb_db_commit(j->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(j->db);
    }
    return st;
}

/* A pruned day with a revision says what that said. */
static enum tb_status read_kept(struct job *j, struct tb_err *err)
{
    int64_t version = 0;
    bool pruned = false;
    enum tb_status st = read_last(j, err);
    if (st == TB_OK) {
        st = tb_standing_find(j->db, j->settings, j->day, &pruned, &version, err);
    }
    return st == TB_OK && pruned && j->last.revision > 0 ? tb_pack_is_kept(&j->q, &j->kept, err) : st;
}

static enum tb_status build_kept(struct job *j, struct tb_err *err)
{
    j->content.q = &j->q;
    memcpy(j->content.run_id, j->last.run_id, sizeof j->content.run_id);
    enum tb_status st =
        tb_pack_kept_build(&j->content, tb_buf_view(&j->last.json), j->last.revision, &j->folder, err);
    if (st == TB_OK) {
        st = tb_pack_built_get(j->db, j->day, &j->built, err);
    }
    return st == TB_OK ? tb_buf_str(&j->json, tb_buf_view(&j->last.json), err) : st;
}

/* --- files --------------------------------------------------------------------------------------------------- */

/* What the workbook says beside its status: "closed by anna on 2026-11-22: audited"; "". */
static void say_status(const struct job *j, char out[TB_PACK_STATUS_MAX])
{
    const struct tb_closing *c = &j->closing;
    char day[TB_TS_TEXT_MAX];
    out[0] = '\0';
    if (j->final || c->reopened) {
        tb_day_format(tb_zone_day(j->settings->zone, c->at_us), day);
        snprintf(out, TB_PACK_STATUS_MAX, "%s by %s on %s%s%s", j->final ? "closed" : "reopened", c->name,
                 day, c->note[0] != '\0' ? ": " : "", c->note);
    }
}

static enum tb_status write_workbook(struct job *j, int64_t revision, struct tb_err *err)
{
    char status[TB_PACK_STATUS_MAX];
    say_status(j, status);
    struct tb_workbook w = {.q = &j->q,
                            .status = j->final              ? "FINAL"
                                      : j->closing.reopened ? "RESTATED"
                                                            : "PRELIMINARY",
                            .status_words = status,
                            .chargeback = j->content.chargeback,
                            .checks = j->content.checks,
                            .rejects = j->content.rejects,
                            .history = &j->content.history,
                            .inputs = j->content.inputs,
                            .quota = tb_pack_more_find(&j->content, "quota"),
                            .budget = tb_pack_more_find(&j->content, "budget"),
                            .plan = tb_pack_more_find(&j->content, "plan"),
                            .anomalies = tb_pack_more_find(&j->content, "anomalies"),
                            .change = tb_pack_more_find(&j->content, "change"),
                            .name = j->folder.workbook_name,
                            .run_id = j->content.run_id,
                            .revision = revision};
    return tb_workbook_write(&w, j->folder.temp, err);
}

static enum tb_status files_good(const struct job *j, bool *good, struct tb_err *err)
{
    char digest[TB_SHA256_HEX];
    tb_pack_digest(tb_buf_view(&j->json), digest);
    return tb_pack_folder_good(&j->folder, digest, good, err);
}

static enum tb_status stamp(struct job *j, struct tb_err *err)
{
    enum tb_status st = tb_db_begin(j->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_closing_stamp(j->db, j->day, err);
    if (st == TB_OK) {
        st = tb_db_commit(j->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(j->db);
    }
    return st;
}

static enum tb_status write_files(struct job *j, bool is_new, struct tb_pack_result *out, struct tb_err *err)
{
    bool standing = false;
    out->revision = j->last.revision + (is_new ? 1 : 0);
    enum tb_status st = tb_pack_folder_open(&j->folder, err);
    if (st == TB_OK && !is_new && !j->final) {
        st = files_good(j, &standing, err);
    }
    if (st == TB_OK && !standing) {
        st = write_workbook(j, out->revision, err);
    }
    if (st == TB_OK) {
        st = keep(j, is_new, &out->revision, err);
    }
    if (st != TB_OK || standing) {
        return st;
    }
    out->is_new = is_new;
    out->repaired = !is_new;
    st = tb_pack_aside(j->db, j->day, &j->folder, out->revision, j->final, err);
    if (st == TB_OK) {
        st = tb_pack_folder_replace(&j->folder, tb_buf_view(&j->json), err);
    }
    return st == TB_OK && j->final ? stamp(j, err) : st;
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static enum tb_status write_pack(struct job *j, struct tb_pack_result *out, struct tb_err *err)
{
    *out = (struct tb_pack_result){.revision = 0};
    enum tb_status st = tb_pack_folder(j->settings, j->day, &j->folder, err);
    if (st == TB_OK) {
        st = prepare(j, err);
    }
    if (st == TB_OK) {
        st = read_kept(j, err);
    }
    if (st == TB_OK) {
        st = j->kept ? build_kept(j, err) : build_content(j, err);
    }
    if (st != TB_OK) {
        return st;
    }
    out->state = tb_report_state(j->content.chargeback);
    for (size_t i = 0; i < j->content.more_n; i++) {
        enum tb_breach b = tb_report_breach(j->content.more[i]);
        out->breach = b > out->breach ? b : out->breach;
    }
    snprintf(out->workbook, sizeof out->workbook, "%s", j->folder.workbook);
    if (tb_report_state(j->content.checks).control_failed) {
        return tb_check_refuse(j->content.checks, j->day, err);
    }
    bool is_new = !j->kept;
    st = is_new ? compare(j, &is_new, err) : TB_OK;
    if (st == TB_OK && is_new && j->closing.closed) {
        return stamp(j, err); /* it changed before its workbook could say FINAL: what was closed stays */
    }
    return st == TB_OK ? write_files(j, is_new, out, err) : st;
}

static void release(struct job *j)
{
    tb_report_free(j->content.chargeback);
    tb_report_free(j->content.usage);
    tb_report_free(j->content.checks);
    tb_report_free(j->content.rejects);
    for (size_t i = 0; i < j->content.more_n; i++) {
        tb_report_free(j->content.more[i]);
    }
    tb_pack_folder_release(&j->folder);
    tb_table_free(j->content.inputs);
    tb_history_release(&j->content.history);
    tb_pack_versions_release(&j->versions);
    tb_buf_release(&j->last.json);
    tb_buf_release(&j->json);
}

static enum tb_status do_job(struct job *j, struct tb_pack_result *out, struct tb_err *err)
{
    tb_buf_init(&j->last.json, TB_PACK_BYTES_MAX);
    tb_buf_init(&j->json, TB_PACK_BYTES_MAX);
    enum tb_status st = write_pack(j, out, err);
    if (st != TB_OK && j->folder.temp[0] != '\0') {
        (void)unlink(j->folder.temp);
    }
    release(j);
    return st;
}

enum tb_status tb_pack_write(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t day, int64_t now_us, struct tb_pack_result *out,
                             struct tb_err *err)
{
    struct job j = {.db = db,
                    .settings = s,
                    .day = day,
                    .now_us = now_us,
                    .versions = {.db = db, .settings = s, .current = tables, .current_version = version}};
    char text[TB_TS_TEXT_MAX];
    enum tb_status st = tb_closing_find(db, day, &j.closing, err);
    if (st == TB_OK && j.closing.closed) {
        tb_day_format(day, text);
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "%s is closed: its pack stays as revision %" PRId64, text,
                        j.closing.revision);
    }
    return st == TB_OK ? do_job(&j, out, err) : st;
}

/* Only what finance can have seen is closed: a pack that stands and is up to date. */
static enum tb_status check_closable(const struct job *j, struct tb_err *err)
{
    struct tb_pack_built built;
    bool changed = false;
    char text[TB_TS_TEXT_MAX];
    tb_day_format(j->day, text);
    enum tb_status st = tb_pack_built_get(j->db, j->day, &built, err);
    if (st == TB_OK && !built.there) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "%s has no pack to close; `tollbook run --date %s` first",
                          text, text);
    }
    if (st == TB_OK) {
        st = tb_pack_changed(j->db, j->settings, j->versions.current_version, j->day, &changed, err);
    }
    if (st == TB_OK && changed) {
        return tb_err_set(
            err, TB_FAIL, TB_E_RANGE,
            "%s has changed since its last pack; `tollbook run --date %s`, look at it, then close", text,
            text);
    }
    return st;
}

enum tb_status tb_pack_close(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t day, const struct tb_closing *act,
                             struct tb_pack_result *out, struct tb_err *err)
{
    struct job j = {.db = db,
                    .settings = s,
                    .day = day,
                    .now_us = act->at_us,
                    .final = true,
                    .versions = {.db = db, .settings = s, .current = tables, .current_version = version}};
    char text[TB_TS_TEXT_MAX];
    enum tb_status st = tb_closing_find(db, day, &j.closing, err);
    if (st == TB_OK && j.closing.stamped) {
        tb_day_format(day, text);
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "%s is closed already, by \"%s\" as revision %" PRId64,
                          text, j.closing.name, j.closing.revision);
    }
    if (st == TB_OK && !j.closing.closed) { /* else: killed before its workbook said so */
        bool reopened = j.closing.reopened;
        j.closing = *act;
        j.closing.closed = false;
        j.closing.reopened = reopened;
        st = check_closable(&j, err);
    }
    return st == TB_OK ? do_job(&j, out, err) : st;
}
