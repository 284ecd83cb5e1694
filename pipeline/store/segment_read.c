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

/* Room for a column of a whole segment, once. */
static bool room(void *column, size_t size)
{
    void **p = column;
    if (*p == NULL) {
        *p = calloc(TB_SEGMENT_ROWS, size);
    }
    return *p != NULL;
}

/* --- columns of numbers -------------------------------------------------------------------------------------------------- */

/* A group being decoded: its columns in their order, each taken or passed over. */
struct taking {
    struct tb_segment *s;
    uint64_t wanted;
    struct tb_str in; /* absent: the group is not stored, all zero */
};

/* Values of one number, mostly: the buffer may hold it from a segment before. */
static void fill(struct taking *t, int bit, void *v, size_t size, uint64_t value)
{
    uint32_t n = t->s->n;
    if (bit >= 0 && t->s->same[bit].n >= n && t->s->same[bit].value == value) {
        return;
    }
    if (value == 0 || size == 1) {
        memset(v, (int)value, n * size);
    } else {
        tb_column_fill(v, size, value, n);
    }
    if (bit >= 0) {
        t->s->same[bit].value = value;
        t->s->same[bit].n = n;
    }
}

/* The next column into v, values of size bytes; bit: the column's number, -1: what lies in v is not remembered. */
static bool take(struct taking *t, int bit, void *v, size_t size)
{
    uint64_t value = 0;
    if (t->in.s == NULL || tb_column_constant(&t->in, &value)) {
        if (size < sizeof value && value >> size * 8 != 0) {
            return false;
        }
        fill(t, bit, v, size, value);
        return true;
    }
    if (bit >= 0) {
        t->s->same[bit].n = 0;
    }
    return tb_column_decode(&t->in, v, size, t->s->n);
}

/* The next column, if it is wanted. */
static bool take_wanted(struct taking *t, uint64_t column, void *v, size_t size)
{
    if ((t->wanted & column) == 0) {
        return t->in.s == NULL || tb_column_skip(&t->in, t->s->n);
    }
    return take(t, __builtin_ctzll(column), v, size);
}

static bool take_place(struct taking *t)
{
    struct tb_segment *s = t->s;
    uint64_t wanted = t->wanted;
    bool good = t->in.s != NULL && take_wanted(t, TB_C_TS, s->ts_us, sizeof *s->ts_us);
    good = good && take_wanted(t, TB_C_TEXT(TB_T_NODE), s->text[TB_T_NODE], sizeof *s->text[0]);
    return good && ((wanted & TB_C_TS) == 0 || take(t, -1, s->present, sizeof *s->present));
}

static bool take_texts(struct taking *t)
{
    bool good = true;
    for (int k = TB_T_NODE + 1; k < TB_T_COUNT && good; k++) {
        good = take_wanted(t, TB_C_TEXT(k), t->s->text[k], sizeof *t->s->text[k]);
    }
    return good;
}

static bool take_numbers(struct taking *t, int from, int to)
{
    bool good = true;
    for (int k = from; k <= to && good; k++) {
        good = take_wanted(t, TB_C_NUMBER(k), t->s->number[k], sizeof *t->s->number[k]);
    }
    return good;
}

static bool take_tokens(struct taking *t)
{
    return take_wanted(t, TB_C_QUALITY, t->s->quality, 1) && take_wanted(t, TB_C_FLAGS, t->s->flags, 1) &&
           take_numbers(t, 0, TB_N_SUCCESS);
}

static bool take_cost(struct taking *t)
{
    struct tb_segment *s = t->s;
    uint64_t exponent[TB_SEGMENT_ROWS], lo[TB_SEGMENT_ROWS], hi[TB_SEGMENT_ROWS];
    const int bit = __builtin_ctzll(TB_C_COST);
    if (t->in.s == NULL) { /* one word for both: without a cost has_cost is 0 */
        if (s->same[bit].n < s->n) {
            memset(s->cost, 0, s->n * sizeof *s->cost);
        }
        fill(t, bit, s->has_cost, 1, 0);
        return true;
    }
    s->same[bit].n = 0;
    if (!take(t, -1, s->has_cost, 1) || !take(t, -1, exponent, sizeof *exponent) ||
        !take(t, -1, lo, sizeof *lo) || !take(t, -1, hi, sizeof *hi)) {
        return false;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        s->cost[i].mantissa = (tb_int128)((unsigned __int128)hi[i] << 64 | lo[i]);
        s->cost[i].exponent = (int32_t)exponent[i];
    }
    return true;
}

/* --- columns of bytes ---------------------------------------------------------------------------------------------------- */

static bool take_raw(const struct taking *t, void *v, size_t size, bool may_lack)
{
    size_t bytes = t->s->n * size;
    if (t->in.s == NULL && may_lack) {
        memset(v, 0, bytes);
        return true;
    }
    if (t->in.n != bytes) {
        return false;
    }
    memcpy(v, t->in.s, bytes);
    return true;
}

static bool take_ids(const struct taking *t)
{
    struct tb_segment *s = t->s;
    if (t->in.s == NULL) {
        memset(s->id, 0, s->n * sizeof *s->id);
        return true;
    }
    return tb_id_text_decode(t->in, &s->id_text, s->id, s->n);
}

/* --- groups --------------------------------------------------------------------------------------------------------------- */

static const uint64_t group_columns[TB_G_COUNT] = {
    [TB_G_PLACE] = TB_C_TS | TB_C_TEXT(TB_T_NODE),
    [TB_G_IDENTITY] = TB_C_ID_LO,
    [TB_G_PAYLOAD] = TB_C_PAYLOAD,
    [TB_G_ID] = TB_C_ID,
    [TB_G_TEXTS] = TB_C_TEXTS & ~TB_C_TEXT(TB_T_NODE),
    [TB_G_TOKENS] = TB_C_TOKENS,
    [TB_G_SIZES] = TB_C_SIZES,
    [TB_G_COST] = TB_C_COST,
    [TB_G_PROMPT] = TB_C_PROMPT,
    [TB_G_LINE] = TB_C_LINE,
    [TB_G_SIGNATURE] = TB_C_SIGNATURE,
};

static bool rooms(struct tb_segment *s, uint64_t columns)
{
    bool good = true;
    const struct {
        uint64_t column;
        void *of; /* the pointer's address */
        size_t size;
    } others[] = {
        {TB_C_TS, &s->ts_us, sizeof *s->ts_us},
        {TB_C_TS, &s->present, sizeof *s->present},
        {TB_C_ID_LO, &s->id_lo, sizeof *s->id_lo},
        {TB_C_PAYLOAD, &s->payload, sizeof *s->payload},
        {TB_C_ID, &s->id, sizeof *s->id},
        {TB_C_QUALITY, &s->quality, sizeof *s->quality},
        {TB_C_FLAGS, &s->flags, sizeof *s->flags},
        {TB_C_COST, &s->has_cost, sizeof *s->has_cost},
        {TB_C_COST, &s->cost, sizeof *s->cost},
        {TB_C_PROMPT, &s->prompt_fingerprint, sizeof *s->prompt_fingerprint},
        {TB_C_LINE, &s->line, sizeof *s->line},
        {TB_C_SIGNATURE, &s->signature, sizeof *s->signature},
    };
    for (int k = 0; k < TB_T_COUNT; k++) {
        good = good && ((columns & TB_C_TEXT(k)) == 0 || room(&s->text[k], sizeof *s->text[k]));
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        good = good && ((columns & TB_C_NUMBER(k)) == 0 || room(&s->number[k], sizeof *s->number[k]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        good = good && ((columns & others[i].column) == 0 || room(others[i].of, others[i].size));
    }
    return good;
}

static bool decode(struct taking *t, enum tb_group g)
{
    struct tb_segment *s = t->s;
    switch (g) {
    case TB_G_PLACE:
        return take_place(t);
    case TB_G_IDENTITY:
        return take_raw(t, s->id_lo, sizeof *s->id_lo, false);
    case TB_G_PAYLOAD:
        return take_raw(t, s->payload, sizeof *s->payload, false);
    case TB_G_ID:
        return take_ids(t);
    case TB_G_TEXTS:
        return take_texts(t);
    case TB_G_TOKENS:
        return take_tokens(t);
    case TB_G_SIZES:
        return take_numbers(t, TB_N_SUCCESS + 1, TB_N_COUNT - 1);
    case TB_G_COST:
        return take_cost(t);
    case TB_G_PROMPT:
        return take_wanted(t, TB_C_PROMPT, s->prompt_fingerprint, sizeof *s->prompt_fingerprint);
    case TB_G_LINE:
        return take_wanted(t, TB_C_LINE, s->line, sizeof *s->line);
    case TB_G_SIGNATURE:
        return take_raw(t, s->signature, sizeof *s->signature, true);
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

enum tb_status tb_segment_read(struct tb_db *db, struct tb_segment *s, uint64_t columns, struct tb_err *err)
{
    columns &= ~s->decoded;
    if (!rooms(s, columns)) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read a segment");
    }
    for (int g = 0; g < TB_G_COUNT; g++) {
        struct taking t = {.s = s, .wanted = columns & group_columns[g]};
        if (t.wanted == 0) {
            continue;
        }
        enum tb_status st = join_parts(db, s, (enum tb_group)g, &t.in, err);
        if (st != TB_OK) {
            return st;
        }
        if (!decode(&t, (enum tb_group)g)) {
            return damaged(db, s, err);
        }
        s->decoded |= t.wanted;
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
