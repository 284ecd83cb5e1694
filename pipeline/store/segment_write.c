/* Writing a segment: rows to column groups to blobs. */
#include <assert.h>
#include <string.h>

#include "store/column.h"
#include "store/handle.h"
#include "store/id_text.h"
#include "store/segment.h"
#include "store/segment_layout.h"

struct writer {
    struct tb_db *db;
    int64_t segment;
    const struct tb_row *const *rows;
    uint32_t n;
    struct tb_buf out; /* the group being encoded */
    bool something;    /* a value of the group is not 0 */
    uint32_t text_differs[TB_T_COUNT];
    uint64_t number_differs[TB_N_COUNT];
    struct tb_err *err;
    enum tb_status st;
    uint64_t v[TB_SEGMENT_ROWS];
};

/* Which texts and numbers are not the same in all rows: the others need no gathering. In arrays of its
 * own, and the numbers an even count at a time, so that the compiler compares several at once. */
static void find_constants(struct writer *w)
{
    enum { EVEN = TB_N_COUNT / 4 * 4 };
    uint32_t text[TB_T_COUNT] = {0};
    uint64_t number[TB_N_COUNT] = {0};
    const struct tb_row first = *w->rows[0];
    for (uint32_t i = 1; i < w->n; i++) {
        const struct tb_row *r = w->rows[i];
        for (int k = 0; k < TB_T_COUNT; k++) {
            text[k] |= r->text[k] ^ first.text[k];
        }
        for (int k = 0; k < EVEN; k++) {
            number[k] |= (uint64_t)(r->number[k] ^ first.number[k]);
        }
        for (int k = EVEN; k < TB_N_COUNT; k++) {
            number[k] |= (uint64_t)(r->number[k] ^ first.number[k]);
        }
    }
    memcpy(w->text_differs, text, sizeof text);
    memcpy(w->number_differs, number, sizeof number);
}

static void add_column(struct writer *w, enum tb_column_hint hint)
{
    if (w->st == TB_OK) {
        w->something = true;
        w->st = tb_column_encode(&w->out, w->v, w->n, hint, w->err);
    }
}

static void add_constant(struct writer *w, uint64_t v)
{
    if (w->st == TB_OK) {
        w->something = w->something || v != 0;
        w->st = tb_column_encode_constant(&w->out, v, w->err);
    }
}

/* Gathers an expression of row r into the column, and adds it; all equal: as a constant. */
#define ADD_COLUMN(w, expression, hint)                                                                      \
    do {                                                                                                     \
        const struct tb_row *r = (w)->rows[0];                                                               \
        const uint64_t first_ = (uint64_t)(expression);                                                      \
        uint64_t differs_ = 0;                                                                               \
        for (uint32_t i_ = 0; i_ < (w)->n; i_++) {                                                           \
            r = (w)->rows[i_];                                                                               \
            (w)->v[i_] = (uint64_t)(expression);                                                             \
            differs_ |= (w)->v[i_] ^ first_;                                                                 \
        }                                                                                                    \
        if (differs_ != 0) {                                                                                 \
            add_column((w), (hint));                                                                         \
        } else {                                                                                             \
            add_constant((w), first_);                                                                       \
        }                                                                                                    \
    } while (0)

static void add_text(struct writer *w, int k)
{
    if (w->text_differs[k] == 0) {
        add_constant(w, w->rows[0]->text[k]);
        return;
    }
    ADD_COLUMN(w, r->text[k], TB_HINT_FEW);
}

static void add_number(struct writer *w, int k)
{
    if (w->number_differs[k] == 0) {
        add_constant(w, (uint64_t)w->rows[0]->number[k]);
        return;
    }
    ADD_COLUMN(w, r->number[k], k == TB_N_STATUS ? TB_HINT_FEW : TB_HINT_NONE);
}

static void add_raw(struct writer *w, enum tb_group group)
{
    for (uint32_t i = 0; i < w->n; i++) {
        w->v[i] = group == TB_G_IDENTITY ? w->rows[i]->identity.lo : w->rows[i]->payload;
    }
    w->something = true;
    w->st = tb_buf_add(&w->out, w->v, w->n * sizeof *w->v, w->err);
}

static void add_ids(struct writer *w)
{
    for (uint32_t i = 0; i < w->n && !w->something; i++) {
        w->something = w->rows[i]->id.s != NULL;
    }
    if (w->something) {
        w->st = tb_id_text_encode(&w->out, w->rows, w->n, w->err);
    }
}

static void add_signatures(struct writer *w)
{
    for (uint32_t i = 0; i < w->n && !w->something; i++) {
        w->something = w->rows[i]->signature.s != NULL;
    }
    for (uint32_t i = 0; w->something && i < w->n && w->st == TB_OK; i++) {
        static const struct tb_signature none;
        struct tb_str s = w->rows[i]->signature;
        assert(s.s == NULL || s.n == sizeof none);
        w->st = tb_buf_add(&w->out, s.s != NULL ? (const void *)s.s : &none, sizeof none, w->err);
    }
}

static void add_cost(struct writer *w)
{
    ADD_COLUMN(w, r->has_cost ? 1 : 0, TB_HINT_NONE);
    if (!w->something) {
        return;
    }
    ADD_COLUMN(w, r->has_cost ? (int64_t)r->cost.exponent : 0, TB_HINT_NONE);
    ADD_COLUMN(w, r->has_cost ? (uint64_t)r->cost.mantissa : 0, TB_HINT_NONE);
    ADD_COLUMN(w, r->has_cost ? (uint64_t)((unsigned __int128)r->cost.mantissa >> 64) : 0, TB_HINT_NONE);
}

static void add_group(struct writer *w, enum tb_group group)
{
    switch (group) {
    case TB_G_PLACE:
        ADD_COLUMN(w, r->ts_us, TB_HINT_GROWS);
        add_text(w, TB_T_NODE);
        ADD_COLUMN(w, r->present, TB_HINT_FEW);
        w->something = true;
        break;
    case TB_G_IDENTITY:
    case TB_G_PAYLOAD:
        add_raw(w, group);
        break;
    case TB_G_ID:
        add_ids(w);
        break;
    case TB_G_TEXTS:
        for (int k = TB_T_NODE + 1; k < TB_T_COUNT; k++) {
            add_text(w, k);
        }
        break;
    case TB_G_TOKENS:
        ADD_COLUMN(w, r->quality, TB_HINT_NONE);
        ADD_COLUMN(w, r->flags, TB_HINT_NONE);
        for (int k = 0; k <= TB_N_SUCCESS; k++) {
            add_number(w, k);
        }
        break;
    case TB_G_SIZES:
        for (int k = TB_N_SUCCESS + 1; k < TB_N_COUNT; k++) {
            add_number(w, k);
        }
        break;
    case TB_G_COST:
        add_cost(w);
        break;
    case TB_G_PROMPT:
        ADD_COLUMN(w, r->prompt_fingerprint, TB_HINT_NONE);
        break;
    case TB_G_LINE:
        ADD_COLUMN(w, r->line, TB_HINT_GROWS);
        break;
    case TB_G_SIGNATURE:
        add_signatures(w);
        break;
    case TB_G_COUNT:
        break;
    }
}

static enum tb_status write_parts(struct writer *w, enum tb_group group)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(w->db, "segment_group_insert.sql", &q, w->err);
    size_t at = 0;
    for (int64_t part = 0; st == TB_OK && at < w->out.n; part++) {
        size_t n = w->out.n - at < TB_SEGMENT_BLOB_MAX ? w->out.n - at : TB_SEGMENT_BLOB_MAX;
        assert(part < TB_PARTS_MAX);
        tb_query_bind_int(q, "piece", tb_piece(w->segment, group, part));
        tb_query_bind_int(q, "version", TB_GROUP_VERSION);
        tb_query_bind_blob(q, "data", w->out.p + at, n);
        st = tb_query_run(q, w->err);
        at += n;
    }
    if (q != NULL) {
        tb_query_bind_null(q, "data");
    }
    return st;
}

static enum tb_status write_head(struct writer *w, int32_t utc_day, uint32_t file)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(w->db, "segment_insert.sql", &q, w->err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "segment", w->segment);
    tb_query_bind_int(q, "utc_day", utc_day);
    tb_query_bind_int(q, "file", file);
    tb_query_bind_int(q, "rows", w->n);
    tb_query_bind_int(q, "ts_min", w->rows[0]->ts_us);
    tb_query_bind_int(q, "ts_max", w->rows[w->n - 1]->ts_us);
    return tb_query_run(q, w->err);
}

enum tb_status tb_segment_write(struct tb_db *db, int64_t segment, int32_t utc_day, uint32_t file,
                                const struct tb_row *const *rows, uint32_t n, struct tb_err *err)
{
    assert(n > 0 && n <= TB_SEGMENT_ROWS);
    struct writer w = {.db = db, .segment = segment, .rows = rows, .n = n, .err = err, .st = TB_OK};
    tb_buf_init(&w.out, TB_GROUP_BYTES_MAX);
    find_constants(&w);
    w.st = write_head(&w, utc_day, file);
    for (int g = 0; g < TB_G_COUNT && w.st == TB_OK; g++) {
        tb_buf_clear(&w.out);
        w.something = false;
        add_group(&w, (enum tb_group)g);
        if (w.st == TB_OK && w.something) {
            w.st = write_parts(&w, (enum tb_group)g);
        }
    }
    tb_buf_release(&w.out);
    return w.st;
}
