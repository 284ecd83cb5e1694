/* Concept: the first records of a member whose format is not configured, kept until enough are there to tell
 *          it.
 * Owns:    copies of the records (16 readable bytes behind each), until the next tb_sample_reset or _release.
 * Limits:  tb_bounds.sample_records, sample_others and sample_bytes (one record of any length always fits).
 */
#ifndef TB_SAMPLE_H
#define TB_SAMPLE_H

#include "format/format.h"
#include "load/recorder.h"

struct tb_sample {
    struct tb_buf bytes;
    struct sampled {
        size_t text, text_n, node, node_n;
        bool has_node;
        struct tb_where where;
    } * records;
    struct tb_str *texts; /* scratch for the bid */
    uint32_t n, max;
    uint32_t json, json_max; /* records that begin as JSON does */
    size_t bytes_max;
};

enum tb_status tb_sample_init(struct tb_sample *s, const struct tb_bounds *bounds,
                              struct tb_err *err) TB_MUST_USE;
void tb_sample_release(struct tb_sample *s);
void tb_sample_reset(struct tb_sample *s);
bool tb_sample_full(const struct tb_sample *s);
enum tb_status tb_sample_add(struct tb_sample *s, const struct tb_where *where, struct tb_str text,
                             struct tb_err *err) TB_MUST_USE;

/* The format of what was kept, with a wish (an id or NULL): see tb_format_choose. */
const struct tb_format *tb_sample_format(const struct tb_sample *s, const struct tb_format_set *formats,
                                         const char *wish);

/* Record i (below n) as it was added; valid until the next tb_sample_add or _reset. */
void tb_sample_get(const struct tb_sample *s, uint32_t i, struct tb_where *where, struct tb_str *text);

#endif
