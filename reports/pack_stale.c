/* Whether a day's pack is out of date: a few lookups and the digests of its files; no event is read, and tables only when their
 * texts have changed since. */
#include "base/embed.h"
#include "reports/pack.h"
#include "reports/pack_adjust.h"
#include "reports/pack_parts.h"
#include "reports/pack_rows.h"
#include "reports/intake.h"
#include "store/events.h"
#include "store/query.h"
#include "store/versions.h"

extern const struct tb_embed tb_embed_reports[];

static enum tb_status same_texts(struct tb_db *db, int64_t a, int64_t b, bool *same, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_reports, "pack_same_tables.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "a", a);
    tb_query_bind_int(q, "b", b);
    st = tb_query_step(q, err);
    *same = st == TB_OK && tb_query_int(q, 0) != 0;
    tb_query_close(q);
    return st;
}

/* Do the rows in force during the day differ from those the pack was built with? */
static enum tb_status tables_changed(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                     int32_t day, const struct tb_pack_built *built, bool *changed,
                                     struct tb_err *err)
{
    struct tb_tables *tables = NULL;
    char rows[TB_SHA256_HEX];
    bool same = built->tables == version;
    *changed = false;
    enum tb_status st = same ? TB_OK : same_texts(db, built->tables, version, &same, err);
    if (st != TB_OK || same) {
        return st;
    }
    st = tb_versions_load(db, s, version, &tables, err);
    if (st == TB_OK) {
        st = tb_pack_rows(tables, s->zone, day, rows, err);
        *changed = st == TB_OK && strcmp(rows, built->rows) != 0;
    }
    tb_tables_free(tables);
    return st;
}

/* Events that came or went, files that turned out incomplete or were completed, adjustments that were posted. */
static enum tb_status inputs_changed(const struct tb_report_query *q, const struct tb_pack_built *built,
                                     bool *pruned, bool *changed, struct tb_err *err)
{
    int64_t generation = 0;
    struct tb_intake intake;
    char adjustments[TB_SHA256_HEX];
    *changed = false;
    enum tb_status st = tb_events_generation(q->db, q->from_us, q->to_us, &generation, pruned, err);
    if (st != TB_OK || *pruned) { /* what is pruned takes no more events */
        return st;
    }
    st = tb_intake_read(q, &intake, err);
    *changed = st == TB_OK && (generation != built->generation || intake.incomplete != built->incomplete);
    if (st == TB_OK && !*changed) {
        st = tb_pack_adjustments(q->db, q->from_day, adjustments, err);
        *changed = st == TB_OK && strcmp(adjustments, built->adjustments) != 0;
    }
    return st;
}

static enum tb_status files_changed(struct tb_db *db, const struct tb_settings *s, int32_t day, bool *changed,
                                    struct tb_err *err)
{
    struct tb_query *q = NULL;
    struct tb_pack_folder folder;
    char digest[TB_SHA256_HEX] = "";
    bool good = false;
    enum tb_status st = tb_pack_folder(s, day, &folder, err);
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_reports, "pack_last.sql"), &q, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    st = tb_query_step(q, err);
    if (st == TB_OK && tb_query_text(q, 1).n == sizeof digest - 1) {
        memcpy(digest, tb_query_text(q, 1).s, sizeof digest - 1);
    }
    tb_query_close(q);
    if (st == TB_OK) {
        st = tb_pack_folder_good(&folder, digest, &good, err);
    }
    *changed = !good;
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_pack_changed(struct tb_db *db, const struct tb_settings *s, int64_t version, int32_t day,
                               bool *stale, struct tb_err *err)
{
    struct tb_pack_built built;
    char unbilled[TB_UNBILLED_MAX];
    bool pruned = false;
    struct tb_report_query q = tb_pack_day(db, s, NULL, version, day);
    enum tb_status st = tb_pack_built_get(db, day, &built, err);
    *stale = st == TB_OK && (!built.there || strcmp(built.zone, tb_zone_name(s->zone)) != 0 ||
                             strcmp(built.currency, s->currency) != 0);
    if (st == TB_OK && !*stale) {
        st = inputs_changed(&q, &built, &pruned, stale, err);
    }
    if (st == TB_OK && !*stale && !pruned) {
        tb_source_unbilled(s, unbilled);
        *stale = strcmp(built.unbilled, unbilled) != 0;
    }
    if (st == TB_OK && !*stale && !pruned) { /* nor can it be priced anew */
        st = tables_changed(db, s, version, day, &built, stale, err);
    }
    return st;
}

enum tb_status tb_pack_stale(struct tb_db *db, const struct tb_settings *s, int64_t version, int32_t day,
                             bool *stale, struct tb_err *err)
{
    enum tb_status st = tb_pack_changed(db, s, version, day, stale, err);
    return st == TB_OK && !*stale ? files_changed(db, s, day, stale, err) : st;
}
