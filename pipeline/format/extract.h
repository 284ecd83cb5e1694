/* Concept: the inside of an extractor, shared by extract.c (rules), fill.c (one event) and explain.c.
 */
#ifndef TB_EXTRACT_H
#define TB_EXTRACT_H

#include "base/limits.h"
#include "format/delimited.h"
#include "format/eval.h"
#include "format/format.h"

#define TB_EXCERPT_MAX 200

struct tb_extractor {
    const struct tb_format *f;
    struct tb_walk walk;
    struct tb_pad pad;
    struct tb_delimited rows;
    struct tb_event event[TB_EVENTS_PER_RECORD_MAX];
    struct tb_eval eval[TB_EVENTS_PER_RECORD_MAX]; /* what each event was made from, for explanations */
    char *prompt;                                  /* decoded prompts of the line */
    size_t prompt_cap, prompt_used;
    uint32_t prompt_at; /* the value that prompt_text was decoded from; 0 = none yet */
    struct tb_str prompt_text;
    char excerpt[TB_EXCERPT_MAX];
};

/* Fills e from ev. NULL, or the reason for which the line is rejected. many: the record makes several events. */
const char *tb_fill_event(struct tb_extractor *x, const struct tb_eval *ev, bool many, struct tb_event *e);

#endif
