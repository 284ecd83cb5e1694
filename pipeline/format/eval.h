/* Concept: a format's fields and conditions, evaluated on the values of one line.
 */
#ifndef TB_EVAL_H
#define TB_EVAL_H

#include "format/schema.h"
#include "format/value.h"

struct tb_eval {
    const struct tb_walk *w;
    struct tb_pad *pad;
    const struct tb_rule *rule;
    uint16_t instance[TB_TRIE_SCOPES_MAX]; /* which one of each scope is meant; [0] = 0 */
};

/* The value at p, NULL when there is none. */
static inline const struct tb_value *tb_eval_place(const struct tb_eval *ev, const struct tb_place *p)
{
    const struct tb_instance *in = &ev->w->instance[p->scope][ev->instance[p->scope]];
    return (in->present >> p->slot & 1) != 0 ? &in->value[p->slot] : NULL;
}

/* The usual case of tb_eval_number, in line (a dozen fields a record): OK, ABSENT, or BAD for "ask tb_eval_number". */
static inline __attribute__((always_inline)) enum tb_number_end
tb_eval_digits(const struct tb_eval *ev, const struct tb_alternatives *a, int64_t *out)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct tb_value *v = a->alt[i].is_const ? NULL : tb_eval_place(ev, &a->alt[i].place);
        if (v == NULL && !a->alt[i].is_const) {
            continue;
        }
        bool plain = a->alt[i].is_plain && v->type == TB_V_NUMBER;
        return plain && tb_value_digits(&ev->w->scan, v, out) ? TB_NUMBER_OK : TB_NUMBER_BAD;
    }
    return TB_NUMBER_ABSENT;
}

/* The first alternative that gives a text that is not empty; absent when none does. *used (may be NULL) is set to it. */
struct tb_str tb_eval_text(const struct tb_eval *ev, const struct tb_alternatives *a, size_t max,
                           const struct tb_alternative **used);

/* The first alternative that holds anything but null: a number in the field's unit. ABSENT when there is none. */
enum tb_number_end tb_eval_number(const struct tb_eval *ev, int field, int64_t *out,
                                  const struct tb_alternative **used);

/* The same for ts. *reason is NULL, or the reject reason: no_ts, bad_ts, ts_no_zone, ts_range. */
int64_t tb_eval_ts(const struct tb_eval *ev, bool zone_utc, const char **reason,
                   const struct tb_alternative **used);

enum tb_number_end tb_eval_cost(const struct tb_eval *ev, struct tb_decimal *out,
                                const struct tb_alternative **used);

/* The value, a string (or, with take "json", an object or array), of the first alternative that has one; NULL when none
 * has. */
const struct tb_value *tb_eval_string(const struct tb_eval *ev, const struct tb_alternatives *a,
                                      const struct tb_alternative **used);

/* One of the globs matches s. */
bool tb_eval_like(struct tb_str s, const struct tb_str *globs, size_t n);

/* All of c hold (eval_condition.c). */
bool tb_eval_conditions(const struct tb_eval *ev, const struct tb_conditions *c);

#endif
