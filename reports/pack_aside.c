/* What stands in a pack's folder when another pack comes to stand there. */
#include <inttypes.h>
#include <stdio.h>
#include "base/embed.h"
#include "reports/pack_parts.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

/* Which revision the folder's JSON is; 0: none of them. TB_END: there is no JSON. */
static enum tb_status revision_on_disk(struct tb_db *db, int32_t day, const struct tb_pack_folder *f,
                                       int64_t *revision, struct tb_err *err)
{
    char digest[TB_SHA256_HEX];
    struct tb_query *q = NULL;
    *revision = 0;
    enum tb_status st = tb_pack_digest_file(f->json, digest, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_open(db, tb_embed_text(tb_embed_reports, "pack_of_digest.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_text(q, "digest", tb_str_of(digest));
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        *revision = tb_query_int(q, 0);
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

/* Whether the standing workbook is another than the new one. */
static enum tb_status workbook_differs(const struct tb_pack_folder *f, bool *differs, struct tb_err *err)
{
    char standing[TB_SHA256_HEX], next[TB_SHA256_HEX];
    *differs = false;
    enum tb_status st = tb_pack_digest_file(f->workbook, standing, err);
    if (st == TB_OK) {
        st = tb_pack_digest_file(f->temp, next, err);
        *differs = st == TB_OK && strcmp(standing, next) != 0;
    }
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_pack_aside(struct tb_db *db, int32_t day, const struct tb_pack_folder *f, int64_t revision,
                             bool final, struct tb_err *err)
{
    char name[48];
    int64_t found = 0;
    bool differs = false;
    enum tb_status st = revision_on_disk(db, day, f, &found, err);
    bool has_json = st == TB_OK;
    if (st != TB_OK && st != TB_END) {
        return st;
    }
    if (found > 0 && (found < revision || final)) { /* a closed day's workbook differs by its status alone */
        snprintf(name, sizeof name, "r%" PRId64 "%s", found, found < revision ? "" : "-preliminary");
        return tb_pack_folder_keep(f, name, err);
    }
    st = workbook_differs(f, &differs, err);
    return st == TB_OK && (differs || (has_json && found == 0))
               ? tb_pack_folder_keep_changed(f, revision, err)
               : st;
}
