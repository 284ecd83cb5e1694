/* Reading a segment: blobs to columns. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/handle.h"
#include "store/id_text.h"
#include "store/segment.h"
#include "store/segment_layout.h"

struct tb_segment *tb_segment_new(void)
{
    struct tb_segment *s = calloc(1, sizeof *s);
    if (s != NULL) {
        tb_buf_init(&s->raw, TB_GROUP_BYTES_MAX + TB_COLUMN_SLACK);
        tb_buf_init(&s->id_text, (size_t)TB_SEGMENT_ROWS * (TB_ID_BYTES_MAX + 64) + TB_GROUP_BYTES_MAX);
    }
    return s;
}

void tb_segment_free(struct tb_segment *s)
{
    if (s == NULL) {
        return;
    }
    for (int k = 0; k < TB_T_COUNT; k++) {
        free(s->text[k]);
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        free(s->number[k]);
    }
    free(s->ts_us);
    free(s->id_lo);
    free(s->payload);
    free(s->id);
    free(s->present);
    free(s->quality);
    free(s->flags);
    free(s->has_cost);
    free(s->cost);
    free(s->prompt_fingerprint);
    free(s->line);
    free(s->signature);
    free(s->dead);
    tb_buf_release(&s->raw);
    tb_buf_release(&s->id_text);
    free(s);
}

unsigned tb_segment_groups(unsigned columns)
{
    static const struct {
        unsigned column, groups;
    } map[] = {
        {TB_C_IDENTITY, 1u << TB_G_IDENTITY | 1u << TB_G_PAYLOAD},
        {TB_C_ID, 1u << TB_G_ID},
        {TB_C_TEXTS, 1u << TB_G_TEXTS},
        {TB_C_TOKENS, 1u << TB_G_TOKENS},
        {TB_C_SIZES, 1u << TB_G_SIZES},
        {TB_C_COST, 1u << TB_G_COST},
        {TB_C_PROMPT, 1u << TB_G_PROMPT},
        {TB_C_LINE, 1u << TB_G_LINE},
        {TB_C_SIGNATURE, 1u << TB_G_SIGNATURE},
    };
    unsigned groups = 1u << TB_G_PLACE;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        groups |= columns & map[i].column ? map[i].groups : 0;
    }
    return groups;
}

/* Room for a column of a whole segment, once. */
static bool room(void *column, size_t size)
{
    void **p = column;
    if (*p == NULL) {
        *p = calloc(TB_SEGMENT_ROWS, size);
    }
    return *p != NULL;
}

static bool take_numbers(struct tb_segment *s, struct tb_str *in, int from, int to)
{
    for (int k = from; k <= to; k++) {
        if (in->s == NULL) {
            memset(s->number[k], 0, s->n * sizeof *s->number[k]);
        } else if (!tb_column_decode(in, (uint64_t *)s->number[k], s->n)) {
            return false;
        }
    }
    return true;
}

static bool take_u32(struct tb_segment *s, struct tb_str *in, uint32_t *v)
{
    if (in->s == NULL) {
        memset(v, 0, s->n * sizeof *v);
        return true;
    }
    return tb_column_decode_u32(in, v, s->n);
}

static bool take_u8(struct tb_segment *s, struct tb_str *in, uint8_t *v)
{
    uint64_t wide[TB_SEGMENT_ROWS];
    if (in->s == NULL) {
        memset(v, 0, s->n);
        return true;
    }
    if (!tb_column_decode(in, wide, s->n)) {
        return false;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        v[i] = (uint8_t)wide[i];
    }
    return true;
}

static bool take_u64(struct tb_segment *s, struct tb_str *in, uint64_t *v)
{
    if (in->s == NULL) {
        memset(v, 0, s->n * sizeof *v);
        return true;
    }
    return tb_column_decode(in, v, s->n);
}

static bool take_raw(struct tb_segment *s, struct tb_str in, uint64_t *v)
{
    if (in.n != s->n * sizeof *v) {
        return false;
    }
    memcpy(v, in.s, in.n);
    return true;
}

static bool take_cost(struct tb_segment *s, struct tb_str *in)
{
    uint64_t exponent[TB_SEGMENT_ROWS], lo[TB_SEGMENT_ROWS], hi[TB_SEGMENT_ROWS];
    if (!take_u8(s, in, s->has_cost) || !take_u64(s, in, exponent) || !take_u64(s, in, lo) ||
        !take_u64(s, in, hi)) {
        return false;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        s->cost[i].mantissa = (tb_int128)((unsigned __int128)hi[i] << 64 | lo[i]);
        s->cost[i].exponent = (int32_t)exponent[i];
    }
    return true;
}

static bool take_texts(struct tb_segment *s, struct tb_str *in)
{
    bool good = true;
    for (int k = TB_T_NODE + 1; k < TB_T_COUNT && good; k++) {
        good = take_u32(s, in, s->text[k]);
    }
    return good;
}

static bool take_ids(struct tb_segment *s, struct tb_str in)
{
    if (in.s == NULL) {
        memset(s->id, 0, s->n * sizeof *s->id);
        return true;
    }
    return tb_id_text_decode(in, &s->id_text, s->id, s->n);
}

static bool take_signatures(struct tb_segment *s, struct tb_str in)
{
    if (in.s == NULL) {
        memset(s->signature, 0, s->n * sizeof *s->signature);
        return true;
    }
    if (in.n != s->n * sizeof *s->signature) {
        return false;
    }
    memcpy(s->signature, in.s, in.n);
    return true;
}

static bool rooms(struct tb_segment *s, enum tb_group g)
{
    bool good = true;
    switch (g) {
    case TB_G_PLACE:
        return room(&s->ts_us, sizeof *s->ts_us) && room(&s->present, sizeof *s->present) &&
               room(&s->text[TB_T_NODE], sizeof *s->text[0]);
    case TB_G_IDENTITY:
        return room(&s->id_lo, sizeof *s->id_lo);
    case TB_G_PAYLOAD:
        return room(&s->payload, sizeof *s->payload);
    case TB_G_ID:
        return room(&s->id, sizeof *s->id);
    case TB_G_TEXTS:
        for (int k = 0; k < TB_T_COUNT; k++) {
            good = good && room(&s->text[k], sizeof *s->text[k]);
        }
        return good;
    case TB_G_TOKENS:
    case TB_G_SIZES:
        for (int k = 0; k < TB_N_COUNT; k++) {
            bool wanted = (k <= TB_N_SUCCESS) == (g == TB_G_TOKENS);
            good = good && (!wanted || room(&s->number[k], sizeof *s->number[k]));
        }
        return good && (g == TB_G_SIZES || (room(&s->quality, 1) && room(&s->flags, 1)));
    case TB_G_COST:
        return room(&s->has_cost, 1) && room(&s->cost, sizeof *s->cost);
    case TB_G_PROMPT:
        return room(&s->prompt_fingerprint, sizeof *s->prompt_fingerprint);
    case TB_G_LINE:
        return room(&s->line, sizeof *s->line);
    case TB_G_SIGNATURE:
        return room(&s->signature, sizeof *s->signature);
    case TB_G_COUNT:
        break;
    }
    return false;
}

/* in is absent for a group that is not stored: all zero. */
static bool decode(struct tb_segment *s, enum tb_group g, struct tb_str in)
{
    switch (g) {
    case TB_G_PLACE:
        return in.s != NULL && tb_column_decode(&in, (uint64_t *)s->ts_us, s->n) &&
               take_u32(s, &in, s->text[TB_T_NODE]) && take_u32(s, &in, s->present);
    case TB_G_IDENTITY:
        return take_raw(s, in, s->id_lo);
    case TB_G_PAYLOAD:
        return take_raw(s, in, s->payload);
    case TB_G_ID:
        return take_ids(s, in);
    case TB_G_TEXTS:
        return take_texts(s, &in);
    case TB_G_TOKENS:
        return take_u8(s, &in, s->quality) && take_u8(s, &in, s->flags) &&
               take_numbers(s, &in, 0, TB_N_SUCCESS);
    case TB_G_SIZES:
        return take_numbers(s, &in, TB_N_SUCCESS + 1, TB_N_COUNT - 1);
    case TB_G_COST:
        return take_cost(s, &in);
    case TB_G_PROMPT:
        return take_u64(s, &in, s->prompt_fingerprint);
    case TB_G_LINE:
        return take_u64(s, &in, s->line);
    case TB_G_SIGNATURE:
        return take_signatures(s, in);
    case TB_G_COUNT:
        break;
    }
    return false;
}

static enum tb_status damaged(struct tb_db *db, const struct tb_segment *s, struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_DB,
                      "database \"%s\": segment %" PRId64 " is damaged; restore a backup", db->path,
                      s->segment);
}

/* Joins the parts of a group in s->raw; nothing there: *bytes absent. */
static enum tb_status join_parts(struct tb_db *db, struct tb_segment *s, enum tb_group g,
                                 struct tb_str *bytes, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *bytes = TB_STR_NULL;
    enum tb_status st = tb_db_statement(db, "segment_group_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "first", tb_piece(s->segment, g, 0));
    tb_query_bind_int(q, "last", tb_piece(s->segment, g, TB_PARTS_MAX - 1));
    tb_buf_clear(&s->raw);
    bool any = false, known = true;
    while ((st = tb_query_step(q, err)) == TB_OK) {
        struct tb_str part = tb_query_blob(q, 1);
        known = known && tb_query_int(q, 0) == TB_GROUP_VERSION;
        any = true;
        st = tb_buf_add(&s->raw, part.s, part.n, err);
        if (st != TB_OK) {
            tb_query_reset(q);
            return st;
        }
    }
    if (st != TB_END) {
        return st;
    }
    st = tb_buf_reserve(&s->raw, TB_COLUMN_SLACK, err);
    if (st == TB_OK && any) {
        *bytes = (struct tb_str){s->raw.p, s->raw.n};
    }
    return st == TB_OK && !known ? damaged(db, s, err) : st;
}

enum tb_status tb_segment_read(struct tb_db *db, struct tb_segment *s, unsigned groups, struct tb_err *err)
{
    for (int g = 0; g < TB_G_COUNT; g++) {
        if (((groups & ~s->decoded) >> g & 1u) == 0) {
            continue;
        }
        if (!rooms(s, (enum tb_group)g)) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read a segment");
        }
        struct tb_str bytes;
        enum tb_status st = join_parts(db, s, (enum tb_group)g, &bytes, err);
        if (st != TB_OK) {
            return st;
        }
        if (!decode(s, (enum tb_group)g, bytes)) {
            return damaged(db, s, err);
        }
        s->decoded |= 1u << g;
    }
    return TB_OK;
}

enum tb_status tb_segment_open(struct tb_db *db, int64_t segment, struct tb_segment *s, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "segment_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "segment", segment);
    st = tb_query_step(q, err);
    if (st != TB_OK) {
        return st;
    }
    int64_t n = tb_query_int(q, 2);
    s->segment = segment;
    s->decoded = 0;
    s->utc_day = (int32_t)tb_query_int(q, 0);
    s->file = (uint32_t)tb_query_int(q, 1);
    s->n = (uint32_t)n;
    s->ts_min = tb_query_int(q, 3);
    s->ts_max = tb_query_int(q, 4);
    s->source = (uint32_t)tb_query_int(q, 5);
    struct tb_str bitmap = tb_query_blob(q, 7);
    s->dead_count = (uint32_t)tb_query_int(q, 6);
    if (!room(&s->dead, sizeof *s->dead)) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read a segment");
    } else if (n <= 0 || n > TB_SEGMENT_ROWS || (s->dead_count > 0 && bitmap.n != tb_dead_bytes(s->n))) {
        st = damaged(db, s, err);
    } else if (s->dead_count > 0) {
        memcpy(s->dead, bitmap.s, bitmap.n);
    }
    tb_query_reset(q);
    return st;
}
