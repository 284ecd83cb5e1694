/* Concept: a segment: up to TB_SEGMENT_ROWS events of one file and one UTC day, sorted by (ts, id), in
 *          groups of columns. Immutable: written once whole; superseded rows are bits in segment_dead.
 * Shape:   a group is a row per 64 KiB of segment_group; a group whose values are all 0 or absent is not
 *          there.
 * Owns:    a struct tb_segment is a reader's buffer, kept from segment to segment; its columns are valid
 *          until the next read.
 * Errors:  TB_FATAL/TB_E_DB for bytes that are no segment.
 */
#ifndef TB_SEGMENT_H
#define TB_SEGMENT_H

#include "base/buf.h"
#include "store/events.h"

enum tb_group {
    TB_G_PLACE,    /* ts, node, present: what every reader needs */
    TB_G_IDENTITY, /* id_lo */
    TB_G_PAYLOAD,
    TB_G_ID,
    TB_G_TEXTS, /* all but node */
    TB_G_TOKENS,
    TB_G_SIZES,
    TB_G_COST,
    TB_G_PROMPT,
    TB_G_LINE,
    TB_G_SIGNATURE,
    TB_G_COUNT
};

#define TB_C_BITS 64 /* a column's number is its bit in a set */

struct tb_segment {
    int64_t segment;
    int32_t utc_day;
    uint32_t file, source, n;
    int64_t ts_min, ts_max;
    uint64_t decoded; /* columns */
    int64_t *ts_us;
    uint64_t *id_lo, *payload;
    struct tb_str *id;
    uint32_t *text[TB_T_COUNT];
    int64_t *number[TB_N_COUNT];
    uint32_t *present;
    uint8_t *quality, *flags, *has_cost;
    struct tb_decimal *cost;
    uint64_t *prompt_fingerprint, *line;
    struct tb_signature *signature;
    struct {
        uint64_t value;
        uint32_t n;
    } same[TB_C_BITS];     /* the first n rows of the column all hold value, whatever segment they were of */
    struct tb_buf raw;     /* a group's bytes, parts joined */
    struct tb_buf id_text; /* the ids' characters */
    uint32_t *dead;        /* bitmap, n bits; see dead_count */
    uint32_t dead_count;
};

/* Bytes of the bitmap of n rows: whole 32-bit words. */
static inline size_t tb_dead_bytes(uint32_t n)
{
    return (size_t)(n + 31) / 32 * 4;
}

static inline bool tb_segment_is_dead(const struct tb_segment *s, uint32_t row)
{
    return s->dead_count > 0 && (s->dead[row / 32] >> (row % 32) & 1u) != 0;
}

struct tb_segment *tb_segment_new(void);
void tb_segment_free(struct tb_segment *s);

/* Writes rows[0..n), sorted by (ts, id), all of utc_day, as segment. */
enum tb_status tb_segment_write(struct tb_db *db, int64_t segment, int32_t utc_day, uint32_t file,
                                const struct tb_row *const *rows, uint32_t n, struct tb_err *err) TB_MUST_USE;

/* Reads what stands in table segment (s->n, file, ...). TB_END when there is no such segment (pruned). */
enum tb_status tb_segment_open(struct tb_db *db, int64_t segment, struct tb_segment *s,
                               struct tb_err *err) TB_MUST_USE;

/* Decodes columns (TB_C_*) of the opened segment, those that are not decoded yet; what lies between them in a group is passed
 * over. */
enum tb_status tb_segment_read(struct tb_db *db, struct tb_segment *s, uint64_t columns,
                               struct tb_err *err) TB_MUST_USE;

#endif
