#include "rate/standing.h"

#include "base/embed.h"
#include "rate/reduce.h"
#include "store/events.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

static enum tb_status is_pruned(struct tb_db *db, const struct tb_settings *s, int32_t day, bool *pruned,
                                struct tb_err *err)
{
    int64_t generation = 0;
    return tb_events_generation(db, tb_zone_day_start(s->zone, day), tb_zone_day_start(s->zone, day + 1),
                                &generation, pruned, err);
}

/* Of a pruned day: *kept whether the version is written down, *version the one written down or, of a day that an older program
 * pruned, the newest that it was reduced with; unchanged when there is none. */
static enum tb_status find_version(struct tb_db *db, int32_t day, bool *kept, int64_t *version,
                                   struct tb_err *err)
{
    struct tb_query *q = NULL;
    *kept = false;
    enum tb_status status = tb_query_open(db, tb_embed_text(tb_embed_rate, "standing_find.sql"), &q, err);
    if (status == TB_OK) {
        tb_query_bind_int(q, "day", day);
        status = tb_query_step(q, err);
    }
    if (status == TB_OK && !tb_query_is_null(q, 1)) {
        *kept = !tb_query_is_null(q, 0);
        *version = tb_query_int(q, *kept ? 0 : 1);
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}

enum tb_status tb_standing_find(struct tb_db *db, const struct tb_settings *s, int32_t day, bool *pruned,
                                int64_t *version, struct tb_err *err)
{
    bool kept = false;
    enum tb_status status = is_pruned(db, s, day, pruned, err);
    return status == TB_OK && *pruned ? find_version(db, day, &kept, version, err) : status;
}

enum tb_status tb_standing_pruned(struct tb_db *db, const struct tb_settings *s, int32_t from_day,
                                  int32_t to_day, int32_t *day, struct tb_err *err)
{
    for (*day = from_day; *day <= to_day; ++*day) {
        bool pruned = false;
        enum tb_status status = is_pruned(db, s, *day, &pruned, err);
        if (status != TB_OK || pruned) {
            return status;
        }
    }
    return TB_END;
}

enum tb_status tb_standing_keep(struct tb_db *db, const struct tb_settings *s, int32_t from_day,
                                int32_t to_day, int64_t version, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status status = tb_query_open(db, tb_embed_text(tb_embed_rate, "standing_put.sql"), &q, err);
    for (int32_t day = from_day; status == TB_OK && day <= to_day; day++) {
        bool pruned = false;
        status = is_pruned(db, s, day, &pruned, err);
        if (status == TB_OK && pruned) {
            tb_query_bind_int(q, "day", day);
            tb_query_bind_int(q, "tables", version);
            status = tb_query_run(q, err);
        }
    }
    tb_query_close(q);
    return status;
}

/* A pruned day's version is written down, if an older program did not. */
static enum tb_status keep_pruned(struct tb_db *db, const struct tb_settings *s, int32_t day,
                                  struct tb_err *err)
{
    bool kept = true;
    int64_t stands = 0;
    enum tb_status status = find_version(db, day, &kept, &stands, err);
    return status == TB_OK && !kept && stands != 0 ? tb_standing_keep(db, s, day, day, stands, err) : status;
}

/* Living days are reduced in stretches: prices and accounts are compiled once for each. */
enum tb_status tb_standing_reduce(struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_tables *tables, int64_t version, int32_t from_day,
                                  int32_t to_day, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    int32_t living = from_day; /* the first of the stretch that ends before day */
    for (int32_t day = from_day; status == TB_OK && day <= to_day + 1; day++) {
        bool pruned = day > to_day;
        status = pruned ? TB_OK : is_pruned(db, s, day, &pruned, err);
        if (status != TB_OK || !pruned) {
            continue;
        }
        if (living < day) {
            status = tb_reduce_days(db, s, tables, version, living, day - 1, NULL, err);
        }
        if (status == TB_OK && day <= to_day) {
            status = keep_pruned(db, s, day, err);
        }
        living = day + 1;
    }
    return status;
}

enum tb_status tb_standing_current(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                   int32_t from_day, int32_t to_day, bool *current, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    *current = true;
    for (int32_t day = from_day; status == TB_OK && *current && day <= to_day; day++) {
        bool pruned = false, kept = true;
        int64_t stands = 0;
        status = is_pruned(db, s, day, &pruned, err);
        if (status == TB_OK && !pruned) {
            status = tb_reduce_current(db, s, version, day, day, current, err);
        } else if (status == TB_OK) {
            status = find_version(db, day, &kept, &stands, err);
            *current = kept || stands == 0; /* a pruned day that was never reduced never will be */
        }
    }
    return status;
}
