#include "load/sample.h"
#include <assert.h>
#include <stdlib.h>

#define SLACK      16
#define KEEP_BYTES (4u << 20) /* a sample that held a giant gives its memory back */

enum tb_status tb_sample_init(struct tb_sample *s, const struct tb_bounds *bounds, struct tb_err *err)
{
    s->n = 0;
    s->max = bounds->sample_others;
    s->json = 0;
    s->json_max = bounds->sample_records;
    s->bytes_max = bounds->sample_bytes;
    tb_buf_init(&s->bytes, bounds->sample_bytes + 2 * (size_t)TB_LINE_MAX + SLACK);
    s->records = calloc(s->max, sizeof *s->records);
    s->texts = calloc(s->max, sizeof *s->texts);
    if (s->records == NULL || s->texts == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    return TB_OK;
}

void tb_sample_release(struct tb_sample *s)
{
    tb_buf_release(&s->bytes);
    free(s->records);
    free(s->texts);
}

void tb_sample_reset(struct tb_sample *s)
{
    s->n = 0;
    s->json = 0;
    if (s->bytes.cap > KEEP_BYTES) {
        tb_buf_release(&s->bytes);
    }
    tb_buf_clear(&s->bytes);
}

bool tb_sample_full(const struct tb_sample *s)
{
    return s->n == s->max || s->json == s->json_max || s->bytes.n >= s->bytes_max;
}

enum tb_status tb_sample_add(struct tb_sample *s, const struct tb_where *where, struct tb_str text,
                             struct tb_err *err)
{
    static const char zeros[SLACK];
    assert(!tb_sample_full(s));
    struct sampled *r = &s->records[s->n];
    r->where = *where;
    r->text = s->bytes.n;
    r->text_n = text.n;
    r->has_node = where->node.s != NULL;
    r->node_n = where->node.n;
    if (tb_buf_add(&s->bytes, text.s, text.n, err) != TB_OK ||
        tb_buf_add(&s->bytes, zeros, SLACK, err) != TB_OK) {
        return TB_FATAL;
    }
    r->node = s->bytes.n;
    if (r->node_n > 0 && tb_buf_add(&s->bytes, where->node.s, where->node.n, err) != TB_OK) {
        return TB_FATAL;
    }
    s->n++;
    s->json += text.n > 0 && text.s[0] == '{';
    return TB_OK;
}

const struct tb_format *tb_sample_format(const struct tb_sample *s, const struct tb_format_set *formats,
                                         const char *wish)
{
    for (uint32_t i = 0; i < s->n; i++) {
        s->texts[i] = (struct tb_str){s->bytes.p + s->records[i].text, s->records[i].text_n};
    }
    const struct tb_format *wished = wish != NULL ? tb_format_find(formats, wish) : NULL;
    return tb_format_choose(formats, wished, s->texts, s->n);
}

void tb_sample_get(const struct tb_sample *s, uint32_t i, struct tb_where *where, struct tb_str *text)
{
    assert(i < s->n);
    const struct sampled *r = &s->records[i];
    *where = r->where;
    where->node = r->has_node ? (struct tb_str){s->bytes.p + r->node, r->node_n} : TB_STR_NULL;
    *text = (struct tb_str){s->bytes.p + r->text, r->text_n};
}
