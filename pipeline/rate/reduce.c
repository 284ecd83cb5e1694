/* Which days stand reduced, and one day after the other: scan, cells, rows. */
#include "rate/reduce.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/embed.h"
#include "base/hash.h"
#include "rate/cell.h"
#include "rate/reduce_write.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

/* Grows when the same events, prices and accounts would give other rows: every day is then rebuilt once. */
#define RULES    "1"
#define PROGRAM  "tollbook " TB_PROGRAM_VERSION " rules " RULES
#define MADE_MAX (sizeof PROGRAM + sizeof " unbilled " + TB_UNBILLED_MAX)

bool tb_source_billed(const struct tb_settings *s, struct tb_str source)
{
    for (int i = 0; i < s->source_count; i++) {
        if (tb_str_eq(tb_str_of(s->sources[i].name), source)) {
            return s->sources[i].bill;
        }
    }
    return true;
}

void tb_source_unbilled(const struct tb_settings *s, char out[TB_UNBILLED_MAX])
{
    uint64_t names = 0;
    out[0] = '\0';
    for (int i = 0; i < s->source_count; i++) {
        if (!s->sources[i].bill) {
            names += tb_hash64(s->sources[i].name, strlen(s->sources[i].name), 0); /* whatever their order */
            snprintf(out, TB_UNBILLED_MAX, "%016" PRIx64, names);
        }
    }
}

/* By which program, and of which sources: the cells hold them all, but the cents those of billed ones alone. */
static void made_by(const struct tb_settings *s, char out[MADE_MAX])
{
    char unbilled[TB_UNBILLED_MAX];
    tb_source_unbilled(s, unbilled);
    snprintf(out, MADE_MAX, "%s%s%s", PROGRAM, unbilled[0] != '\0' ? " unbilled " : "", unbilled);
}

/* What stands, and what should. A pruned day that was reduced in this zone stays as it is, whatever program did it: its events are
 * gone, or, where the day lies in two UTC days, some of them. */
static enum tb_status day_current(struct tb_query *find, struct tb_db *db, const struct tb_settings *s,
                                  int64_t version, int32_t day, int64_t *generation, bool *pruned,
                                  bool *current, struct tb_err *err)
{
    char made[MADE_MAX];
    *current = false;
    made_by(s, made);
    enum tb_status status = tb_events_generation(
        db, tb_zone_day_start(s->zone, day), tb_zone_day_start(s->zone, day + 1), generation, pruned, err);
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(find, "day", day);
    tb_query_bind_int(find, "tables", version);
    status = tb_query_step(find, err);
    if (status == TB_OK) {
        *current = tb_str_eq(tb_query_text(find, 0), tb_str_of(tb_zone_name(s->zone))) &&
                   (*pruned || (tb_query_int(find, 1) == *generation &&
                                tb_str_eq(tb_query_text(find, 2), tb_str_of(made))));
        tb_query_reset(find);
    }
    return status == TB_END ? TB_OK : status;
}

static enum tb_status open_find(struct tb_db *db, struct tb_query **find, struct tb_err *err)
{
    return tb_query_open(db, tb_embed_text(tb_embed_rate, "reduced_day_find.sql"), find, err);
}

enum tb_status tb_reduce_current(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                 int32_t from_day, int32_t to_day, bool *current, struct tb_err *err)
{
    struct tb_query *find = NULL;
    enum tb_status status = open_find(db, &find, err);
    *current = true;
    for (int32_t day = from_day; status == TB_OK && *current && day <= to_day; day++) {
        int64_t generation = 0;
        bool pruned = false;
        status = day_current(find, db, s, version, day, &generation, &pruned, current, err);
    }
    tb_query_close(find);
    return status;
}

enum tb_status tb_reduce_forget(struct tb_db *db, int32_t day, struct tb_err *err)
{
    static const char *const names[] = {"reduced_day_forget.sql", "spend_day_forget.sql"};
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof names / sizeof *names; i++) {
        struct tb_query *q = NULL;
        status = tb_query_open(db, tb_embed_text(tb_embed_rate, names[i]), &q, err);
        if (status == TB_OK) {
            tb_query_bind_int(q, "day", day);
            status = tb_query_run(q, err);
        }
        tb_query_close(q);
    }
    return status;
}

static enum tb_status scan_day(struct tb_db *db, struct tb_cells *c, int64_t from_us, int64_t to_us,
                               struct tb_err *err)
{
    struct tb_scan *scan = NULL;
    struct tb_block block;
    tb_cells_begin(c, from_us);
    enum tb_status status = tb_scan_open(db, from_us, to_us, TB_READING_COLUMNS, &scan, err);
    while (status == TB_OK) {
        status = tb_scan_next(scan, &block, err);
        if (status == TB_OK) {
            status = tb_cells_add(c, &block, err);
        }
    }
    tb_scan_close(scan);
    return status == TB_END ? tb_cells_finish(c, err) : status;
}

/* What has to be there for rebuilding, made when the first day needs it. */
struct builder {
    struct tb_cells cells;
    struct tb_reduce_writer writer;
    bool ready;
};

static enum tb_status make_ready(struct builder *b, struct tb_db *db, const struct tb_settings *s,
                                 const struct tb_tables *tables, struct tb_err *err)
{
    if (b->ready) {
        return TB_OK;
    }
    enum tb_status status = tb_cells_init(&b->cells, db, s, tables, err);
    if (status == TB_OK) {
        status = tb_reduce_writer_init(&b->writer, db, s, tables, err);
        if (status != TB_OK) {
            tb_cells_release(&b->cells);
        }
    }
    b->ready = status == TB_OK;
    return status;
}

static enum tb_status complain_pruned(int32_t day, int64_t version, struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    return tb_err_set(
        err, TB_FAIL, TB_E_USAGE,
        "the events of %s are pruned, and it was not reduced with table version %lld: ask for a revision",
        text, (long long)version);
}

static enum tb_status check_built(const struct tb_tables *tables, struct tb_err *err)
{
    const char *unbuilt = tables->shared_count > 0       ? "shared"
                          : tables->adjustment_count > 0 ? "adjustments"
                                                         : NULL;
    return unbuilt == NULL ? TB_OK
                           : tb_err_set(err, TB_FAIL, TB_E_UNBUILT,
                                        "\"%s\" is not built yet; remove it from the config", unbuilt);
}

enum tb_status tb_reduce_days(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int32_t from_day, int32_t to_day, int *rebuilt,
                              struct tb_err *err)
{
    struct builder b = {.ready = false};
    struct tb_query *find = NULL;
    char made[MADE_MAX];
    int count = 0;
    made_by(s, made);
    enum tb_status status = check_built(tables, err);
    if (status == TB_OK) {
        status = open_find(db, &find, err);
    }
    for (int32_t day = from_day; status == TB_OK && day <= to_day; day++) {
        struct tb_reduced r = {day, version, 0, made};
        bool pruned = false;
        bool current = false;
        status = day_current(find, db, s, version, day, &r.generation, &pruned, &current, err);
        if (status != TB_OK || current) {
            continue;
        }
        status = pruned ? complain_pruned(day, version, err) : make_ready(&b, db, s, tables, err);
        if (status == TB_OK) {
            status = scan_day(db, &b.cells, tb_zone_day_start(s->zone, day),
                              tb_zone_day_start(s->zone, day + 1), err);
        }
        if (status == TB_OK) {
            status = tb_reduce_writer_put(&b.writer, &b.cells, &r, err);
        }
        count += status == TB_OK;
    }
    if (b.ready) {
        tb_reduce_writer_release(&b.writer);
        tb_cells_release(&b.cells);
    }
    tb_query_close(find);
    if (rebuilt != NULL) {
        *rebuilt = count;
    }
    return status;
}
