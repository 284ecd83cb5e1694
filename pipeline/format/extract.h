/* Concept: the inside of an extractor, shared by extract.c (rules), fill.c (one event) and explain.c.
 */
#ifndef TB_EXTRACT_H
#define TB_EXTRACT_H

#include "base/limits.h"
#include "format/delimited.h"
#include "format/eval.h"
#include "format/format.h"
#include "format/inner.h"

#define TB_EXCERPT_MAX  200
#define TB_PROMPTS_SEEN 4

struct tb_prompt_seen { /* what one alternative of the prompt gave last */
    uint64_t record;    /* in which record, as x->record counts them */
    uint32_t at;
    struct tb_str text;
};

struct tb_extractor {
    const struct tb_format *f;
    struct tb_walk walk;
    struct tb_pad pad;
    struct tb_delimited rows;
    struct tb_inner inner; /* only for formats that look into strings */
    struct tb_event *event;
    struct tb_eval *eval; /* what each event was made from, for explanations */
    uint32_t capacity;    /* of both */
    char *prompt;         /* decoded prompts of the line */
    size_t prompt_cap, prompt_used;
    uint64_t record;
    struct tb_prompt_seen prompt_seen[TB_PROMPTS_SEEN]; /* events of one record may share a prompt */
    char excerpt[TB_EXCERPT_MAX];
};

/* Fills e from ev. NULL, or the reason for which the line is rejected. many: the record makes several events. */
const char *tb_fill_event(struct tb_extractor *x, const struct tb_eval *ev, bool many, struct tb_event *e);

#endif
