/* What a load changes besides the rows it adds: rows superseded in older segments, the counts of those
 * rows' files, generations of days, and the spans of ids that came with several payloads. Gathered in
 * memory, written at the end of the file. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/handle.h"
#include "store/load_txn.h"

#define SLOTS     (2 * TB_EFFECTS_MAX)
#define DAY_WORDS (TB_UTC_DAYS / 64 + 1)

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to load a file");
}

static bool read_pruned(struct tb_load_txn *t, struct tb_err *err, enum tb_status *st)
{
    struct tb_query *q = NULL;
    size_t cap = 0;
    *st = tb_db_statement(t->db, "pruned_days.sql", &q, err);
    while (*st == TB_OK && (*st = tb_query_step(q, err)) == TB_OK) {
        if (t->pruned_count == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            int32_t *pruned = realloc(t->pruned, cap * sizeof *pruned);
            if (pruned == NULL) {
                tb_query_reset(q);
                return false;
            }
            t->pruned = pruned;
        }
        t->pruned[t->pruned_count++] = (int32_t)tb_query_int(q, 0);
    }
    *st = *st == TB_END ? TB_OK : *st;
    return true;
}

enum tb_status tb_effects_init(struct tb_load_txn *t, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (t->days == NULL) {
        t->days = calloc(DAY_WORDS, sizeof *t->days);
        t->moved = calloc(SLOTS, sizeof *t->moved);
        t->dead = calloc(SLOTS, sizeof *t->dead);
        t->first_word = DAY_WORDS;
        t->last_word = -1;
    }
    if (t->days == NULL || t->moved == NULL || t->dead == NULL || !read_pruned(t, err, &st)) {
        return no_memory(err);
    }
    if (st == TB_OK) {
        st = tb_db_number(t->db, "pruned_until.sql", 0, &t->pruned_until_us, err);
    }
    return st;
}

static void forget_dead(struct tb_load_txn *t)
{
    for (uint32_t i = 0; i < SLOTS && t->dead_count > 0; i++) {
        free(t->dead[i].bitmap);
        t->dead[i] = (struct tb_dead){0, 0, 0, NULL};
    }
    t->dead_count = 0;
}

static void forget_moved(struct tb_load_txn *t)
{
    if (t->moved_count > 0) {
        memset(t->moved, 0, SLOTS * sizeof *t->moved);
    }
    t->moved_count = 0;
}

/* Only what was written to: a file of one line must not pay for all days there are. */
void tb_effects_clear(struct tb_load_txn *t)
{
    if (t->dead != NULL) {
        forget_dead(t);
    }
    forget_moved(t);
    for (int32_t i = t->first_word; i <= t->last_word; i++) {
        t->days[i] = 0;
    }
    t->first_word = DAY_WORDS;
    t->last_word = -1;
    free(t->pruned);
    t->pruned = NULL;
    t->pruned_count = 0;
}

void tb_effects_release(struct tb_load_txn *t)
{
    tb_effects_clear(t);
    free(t->days);
    free(t->moved);
    free(t->dead);
    t->days = NULL;
    t->moved = NULL;
    t->dead = NULL;
}

static bool is_pruned(const struct tb_load_txn *t, int32_t utc_day)
{
    size_t lo = 0, hi = t->pruned_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->pruned[mid] < utc_day) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < t->pruned_count && t->pruned[lo] == utc_day;
}

bool tb_effects_is_pruned(const struct tb_load_txn *t, int64_t ts_us)
{
    int32_t day = tb_utc_day(ts_us);
    if (is_pruned(t, day)) {
        return true;
    }
    /* the rest of a civil day that began on the UTC day before */
    return ts_us < t->pruned_until_us && day == tb_utc_day(t->pruned_until_us) && is_pruned(t, day - 1);
}

void tb_effects_touch(struct tb_load_txn *t, int32_t utc_day)
{
    assert(utc_day >= 0 && utc_day < TB_UTC_DAYS);
    int32_t word = utc_day / 64;
    t->days[word] |= UINT64_C(1) << (utc_day % 64);
    t->first_word = word < t->first_word ? word : t->first_word;
    t->last_word = word > t->last_word ? word : t->last_word;
}

/* ---- counts of other files ---- */

static enum tb_status write_moved(struct tb_load_txn *t, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(t->db, "file_move.sql", &q, err);
    for (uint32_t i = 0; i < SLOTS && st == TB_OK && t->moved_count > 0; i++) {
        const struct tb_moved *m = &t->moved[i];
        if (m->file == 0) {
            continue;
        }
        tb_query_bind_int(q, "file", m->file);
        tb_query_bind_int(q, "duplicates", m->duplicates);
        tb_query_bind_int(q, "conflicts", m->conflicts);
        st = tb_query_run(q, err);
    }
    forget_moved(t);
    return st;
}

enum tb_status tb_effects_move(struct tb_load_txn *t, uint32_t file, bool conflict, struct tb_err *err)
{
    if (t->moved_count == TB_EFFECTS_MAX) {
        enum tb_status st = write_moved(t, err);
        if (st != TB_OK) {
            return st;
        }
    }
    uint32_t i = file * 2654435761u % SLOTS;
    while (t->moved[i].file != 0 && t->moved[i].file != file) {
        i = (i + 1) % SLOTS;
    }
    struct tb_moved *m = &t->moved[i];
    t->moved_count += m->file == 0;
    m->file = file;
    if (conflict) {
        m->conflicts++;
    } else {
        m->duplicates++;
    }
    return TB_OK;
}

/* ---- superseded rows ---- */

static enum tb_status write_dead(struct tb_load_txn *t, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(t->db, "segment_dead_put.sql", &q, err);
    for (uint32_t i = 0; i < SLOTS && st == TB_OK && t->dead_count > 0; i++) {
        const struct tb_dead *d = &t->dead[i];
        if (d->segment == 0) {
            continue;
        }
        tb_query_bind_int(q, "segment", d->segment);
        tb_query_bind_int(q, "dead", d->count);
        tb_query_bind_blob(q, "bitmap", d->bitmap, tb_dead_bytes(d->rows));
        st = tb_query_run(q, err);
        tb_query_bind_null(q, "bitmap");
    }
    forget_dead(t);
    return st;
}

/* The slot of a segment: its bitmap, or free. */
static struct tb_dead *dead_slot(struct tb_load_txn *t, int64_t segment)
{
    uint32_t i = (uint32_t)((uint64_t)segment * 2654435761u % SLOTS);
    while (t->dead[i].segment != 0 && t->dead[i].segment != segment) {
        i = (i + 1) % SLOTS;
    }
    return &t->dead[i];
}

bool tb_effects_is_dead(struct tb_load_txn *t, const struct tb_segment *s, uint32_t row)
{
    const struct tb_dead *d = t->dead_count > 0 ? dead_slot(t, s->segment) : NULL;
    if (d != NULL && d->segment != 0) {
        return (d->bitmap[row / 32] >> (row % 32) & 1u) != 0;
    }
    return tb_segment_is_dead(s, row);
}

enum tb_status tb_effects_kill(struct tb_load_txn *t, const struct tb_segment *s, uint32_t row,
                               struct tb_err *err)
{
    struct tb_dead *d = dead_slot(t, s->segment);
    if (d->segment == 0) {
        uint32_t *bitmap = calloc(1, tb_dead_bytes(s->n));
        if (bitmap == NULL) {
            return no_memory(err);
        }
        if (s->dead_count > 0) {
            memcpy(bitmap, s->dead, tb_dead_bytes(s->n));
        }
        *d = (struct tb_dead){s->segment, s->n, s->dead_count, bitmap};
        t->dead_count++;
    }
    assert((d->bitmap[row / 32] >> (row % 32) & 1u) == 0);
    d->bitmap[row / 32] |= 1u << (row % 32);
    d->count++;
    return TB_OK;
}

enum tb_status tb_effects_trim(struct tb_load_txn *t, struct tb_err *err)
{
    return t->dead_count >= TB_EFFECTS_MAX ? write_dead(t, err) : TB_OK;
}

/* ---- ids with several payloads ---- */

static void id_bytes(struct tb_hash128 h, unsigned char out[16])
{
    for (int i = 0; i < 8; i++) {
        out[i] = (unsigned char)(h.hi >> (56 - 8 * i));
        out[8 + i] = (unsigned char)(h.lo >> (56 - 8 * i));
    }
}

/* The span kept of an id; TB_END when there is none. */
static enum tb_status span_of(struct tb_load_txn *t, const unsigned char id[16], int64_t *min, int64_t *max,
                              struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(t->db, "id_span_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_blob(q, "id", id, 16);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        *min = tb_query_int(q, 0);
        *max = tb_query_int(q, 1);
    }
    tb_query_reset(q);
    tb_query_bind_null(q, "id");
    return st;
}

/* The day that lists an id, if one does, is told anew. */
static void touch_span(struct tb_load_txn *t, int64_t min, int64_t max)
{
    if (max - min > TB_US_PER_DAY) {
        tb_effects_touch(t, tb_utc_day(max));
    }
}

enum tb_status tb_effects_span(struct tb_load_txn *t, const struct tb_row *row, int64_t a_us, int64_t b_us,
                               struct tb_err *err)
{
    if (row->id.s == NULL || a_us == b_us) {
        return TB_OK;
    }
    unsigned char id[16];
    id_bytes(row->identity, id);
    int64_t min = a_us < b_us ? a_us : b_us, max = a_us < b_us ? b_us : a_us, old_min = min, old_max = min;
    enum tb_status st = span_of(t, id, &old_min, &old_max, err);
    if (st == TB_FATAL || (st == TB_OK && old_min <= min && old_max >= max)) {
        return st;
    }
    touch_span(t, old_min, old_max);
    min = old_min < min ? old_min : min;
    max = old_max > max ? old_max : max;
    touch_span(t, min, max);
    struct tb_query *q = NULL;
    st = tb_db_statement(t->db, "id_span_put.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_blob(q, "id", id, sizeof id);
    tb_query_bind_int(q, "ts_min", min);
    tb_query_bind_int(q, "ts_max", max);
    st = tb_query_run(q, err);
    tb_query_bind_null(q, "id");
    return st;
}

/* ---- the end ---- */

static enum tb_status write_days(struct tb_load_txn *t, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(t->db, "utc_day_touch.sql", &q, err);
    for (int32_t i = t->first_word; i <= t->last_word; i++) {
        for (uint64_t bits = t->days[i]; bits != 0 && st == TB_OK; bits &= bits - 1) {
            tb_query_bind_int(q, "utc_day", i * 64 + __builtin_ctzll(bits));
            st = tb_query_run(q, err);
        }
    }
    return st;
}

enum tb_status tb_effects_write(struct tb_load_txn *t, struct tb_err *err)
{
    enum tb_status st = write_dead(t, err);
    if (st == TB_OK) {
        st = write_moved(t, err);
    }
    return st == TB_OK ? write_days(t, err) : st;
}
