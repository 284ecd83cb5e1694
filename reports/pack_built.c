#include "reports/pack_built.h"

#include <stdio.h>
#include "base/embed.h"
#include "rate/standing.h"
#include "reports/intake.h"
#include "reports/pack_adjust.h"
#include "reports/pack_rows.h"
#include "store/events.h"
#include "store/query.h"
#include "store/versions.h"

extern const struct tb_embed tb_embed_reports[];

static void copy_text(char *out, size_t size, struct tb_str s)
{
    snprintf(out, size, "%.*s", (int)s.n, s.s != NULL ? s.s : "");
}

enum tb_status tb_pack_built_get(struct tb_db *db, int32_t day, struct tb_pack_built *out, struct tb_err *err)
{
    struct tb_query *q;
    *out = (struct tb_pack_built){.there = false};
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_reports, "pack_built_get.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        out->there = true;
        out->tables = tb_query_int(q, 0);
        copy_text(out->zone, sizeof out->zone, tb_query_text(q, 1));
        copy_text(out->currency, sizeof out->currency, tb_query_text(q, 2));
        out->generation = tb_query_int(q, 3);
        out->incomplete = tb_query_int(q, 4);
        copy_text(out->rows, sizeof out->rows, tb_query_text(q, 5));
        copy_text(out->adjustments, sizeof out->adjustments, tb_query_text(q, 6));
        copy_text(out->unbilled, sizeof out->unbilled, tb_query_text(q, 7));
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_pack_built_put(struct tb_db *db, int32_t day, const struct tb_pack_built *b,
                                 struct tb_err *err)
{
    struct tb_query *q;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_reports, "pack_built_put.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "tables", b->tables);
    tb_query_bind_text(q, "zone", tb_str_of(b->zone));
    tb_query_bind_text(q, "currency", tb_str_of(b->currency));
    tb_query_bind_int(q, "generation", b->generation);
    tb_query_bind_int(q, "incomplete", b->incomplete);
    tb_query_bind_text(q, "rows", tb_str_of(b->rows));
    tb_query_bind_text(q, "adjustments", tb_str_of(b->adjustments));
    tb_query_bind_text(q, "unbilled", tb_str_of(b->unbilled));
    st = tb_query_run(q, err);
    tb_query_close(q);
    return st;
}

enum tb_status tb_pack_built_now(const struct tb_report_query *q, struct tb_pack_built *out,
                                 struct tb_err *err)
{
    struct tb_intake intake;
    bool pruned = false;
    *out = (struct tb_pack_built){.there = true, .tables = q->version};
    snprintf(out->zone, sizeof out->zone, "%s", tb_zone_name(q->settings->zone));
    snprintf(out->currency, sizeof out->currency, "%s", q->settings->currency);
    tb_source_unbilled(q->settings, out->unbilled);
    enum tb_status st = tb_events_generation(q->db, q->from_us, q->to_us, &out->generation, &pruned, err);
    if (st == TB_OK) {
        st = tb_intake_read(q, &intake, err);
    }
    if (st == TB_OK) {
        out->incomplete = intake.incomplete;
        st = tb_pack_rows(q->tables, q->settings->zone, q->from_day, out->rows, err);
    }
    return st == TB_OK ? tb_pack_adjustments(q->db, q->from_day, out->adjustments, err) : st;
}

struct tb_report_query tb_pack_day(struct tb_db *db, const struct tb_settings *s,
                                   const struct tb_tables *tables, int64_t version, int32_t day)
{
    return (struct tb_report_query){.db = db,
                                    .settings = s,
                                    .tables = tables,
                                    .version = version,
                                    .from_day = day,
                                    .to_day = day,
                                    .from_us = tb_zone_day_start(s->zone, day),
                                    .to_us = tb_zone_day_start(s->zone, day + 1)};
}

enum tb_status tb_pack_versions_tables(struct tb_pack_versions *v, int64_t version,
                                       const struct tb_tables **out, struct tb_err *err)
{
    if (version == v->current_version) {
        *out = v->current;
        return TB_OK;
    }
    for (int i = 0; i < v->n; i++) {
        if (v->version[i] == version) {
            *out = v->tables[i];
            return TB_OK;
        }
    }
    if (v->n == TB_PACK_VERSIONS_MAX) { /* more days than that are never looked at */
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "more than %d table versions in one pack",
                          TB_PACK_VERSIONS_MAX);
    }
    enum tb_status st = tb_versions_load(v->db, v->settings, version, &v->tables[v->n], err);
    if (st == TB_OK) {
        v->version[v->n] = version;
        *out = v->tables[v->n++];
    }
    return st;
}

void tb_pack_versions_release(struct tb_pack_versions *v)
{
    for (int i = 0; i < v->n; i++) {
        tb_tables_free(v->tables[i]);
    }
    v->n = 0;
}

enum tb_status tb_pack_versions_of_day(struct tb_pack_versions *v, int32_t day, int64_t *version,
                                       struct tb_err *err)
{
    struct tb_pack_built built;
    char rows[TB_SHA256_HEX];
    *version = v->current_version;
    bool pruned = false;
    enum tb_status st = tb_standing_find(v->db, v->settings, day, &pruned, version, err);
    if (st == TB_OK) {
        st = tb_pack_built_get(v->db, day, &built, err);
    }
    if (st == TB_OK && pruned && built.there) {
        *version = built.tables;
    }
    if (st != TB_OK || pruned || !built.there || built.tables == v->current_version) {
        return st;
    }
    st = tb_pack_rows(v->current, v->settings->zone, day, rows, err);
    if (st == TB_OK && strcmp(rows, built.rows) == 0) {
        *version = built.tables;
    }
    return st;
}
