#include "format/shape.h"

#include <stdlib.h>
#include <string.h>
#include "format/shape_inside.h"

#define LEARN_BYTES_MAX (32u << 10)
#define CREDIT_MAX      256
#define CREDIT_START    64
#define MISS_COSTS      4    /* hits that pay for one miss */
#define PAUSE_FIRST     2000 /* lines without matching, when credit is used up; twice as many each time */
#define PAUSE_MAX       64000

/* --- the program of a shape ------------------------------------------------------------------------------------------------ */

static struct tb_shape_place place_of(const struct tb_shape *s, uint32_t at)
{
    uint32_t i = 0;
    while (i + 1 < s->segments && s->segment[i + 1].begin <= at) {
        i++;
    }
    return (struct tb_shape_place){i, at - s->segment[i].begin};
}

void tb_shape_compile(struct tb_shape *s)
{
    uint32_t begin = 0;
    s->segments = 0;
    s->back_to = 0;
    for (uint32_t i = 0; i < s->tokens; i++) {
        const struct tb_shape_token *t = &s->token[i];
        if (t->varies) {
            s->segment[s->segments++] = (struct tb_shape_segment){
                begin, t->begin - begin, t->string ? TB_THEN_STRING : TB_THEN_SCALAR, t->end - t->begin};
            begin = t->end;
        }
    }
    s->segment[s->segments++] = (struct tb_shape_segment){begin, s->n - begin, TB_THEN_END, TB_SHAPE_MOVES};
    for (uint32_t i = 0; i < s->scalars; i++) {
        uint32_t at = s->capture[i].value.at;
        /* a varying empty string begins where the next segment does: it belongs to the one before it */
        s->capture[i].place = place_of(s, at);
        s->capture[i].varies = s->token[s->capture[i].token].varies;
        if (s->capture[i].varies && s->capture[i].place.offset == 0 && s->capture[i].place.segment > 0) {
            uint32_t before = s->capture[i].place.segment - 1;
            s->capture[i].place = (struct tb_shape_place){before, s->segment[before].n};
        }
    }
    const struct tb_shape_kept *end = s->kept;
    for (unsigned scope = 0; scope < TB_TRIE_SCOPES_MAX; scope++) {
        end += s->kepts[scope];
    }
    for (struct tb_shape_kept *k = s->kept; k < end; k++) {
        k->key = place_of(s, k->key_at);
    }
}

/* The token at (or just behind which) the text differs becomes a varying one. False: something else differs. */
static bool give_way(struct tb_shape *s, size_t miss)
{
    for (uint32_t i = 0; i < s->tokens; i++) {
        struct tb_shape_token *t = &s->token[i];
        if (t->begin <= miss && miss <= t->end && !t->varies) {
            t->varies = true;
            tb_shape_compile(s);
            return true;
        }
    }
    return false;
}

/* --- a matched line's values ------------------------------------------------------------------------------------------------ */

static enum tb_value_type scalar_type(char c)
{
    return c == 't' ? TB_V_TRUE : c == 'f' ? TB_V_FALSE : c == 'n' ? TB_V_NULL : TB_V_NUMBER;
}

static inline uint32_t found(const struct tb_shapes *all, struct tb_shape_place p)
{
    return all->position[p.segment] + p.offset;
}

static void load_instances(struct tb_shapes *all, struct tb_shape *s, struct tb_walk *w)
{
    const struct tb_shape_kept *k = s->kept;
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        w->instances[scope] = s->kepts[scope];
        for (uint16_t i = 0; i < s->kepts[scope]; i++, k++) {
            struct tb_instance *in = &w->instance[scope][i];
            in->present = k->present;
            in->parent = k->parent;
            in->dead = k->dead;
            in->key_n = k->key_n;
        }
    }
    for (uint32_t i = 0; i < s->captures; i++) {
        struct tb_shape_capture *c = &s->capture[i];
        c->to = &w->instance[c->scope][c->instance].value[c->slot];
        *c->to = c->value; /* of scalars their places differ from line to line */
    }
    all->loaded = s;
}

static void fill(struct tb_shapes *all, struct tb_shape *s, struct tb_walk *w, struct tb_str line)
{
    if (all->loaded != s) {
        load_instances(all, s, w);
    }
    w->too_many = false;
    w->scan.line = line.s;
    w->scan.n = line.n;
    for (uint32_t i = 0; i < s->scalars; i++) {
        const struct tb_shape_capture *c = &s->capture[i];
        struct tb_value v = {found(all, c->place), c->value.n, c->value.type};
        if (c->varies) {
            v.n = all->position[c->place.segment + 1] - v.at;
            v.type = v.type == TB_V_STRING ? TB_V_STRING : (uint8_t)scalar_type(line.s[v.at]);
        }
        *c->to = v;
    }
    const struct tb_shape_kept *k = s->kept;
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        for (uint16_t i = 0; i < s->kepts[scope]; i++, k++) {
            w->instance[scope][i].key_at = k->key_at == 0 ? 0 : found(all, k->key);
        }
    }
}

static bool match_one(struct tb_shapes *all, struct tb_shape *s, struct tb_str line, tb_shape_match *match,
                      size_t *miss)
{
    while (!match(s, line, all->position, miss)) {
        if (!give_way(s, *miss)) {
            return false;
        }
    }
    return true;
}

static void hit(struct tb_shapes *all, uint32_t i)
{
    struct tb_shape *s = all->shape[i];
    memmove(&all->shape[1], &all->shape[0], i * sizeof s);
    all->shape[0] = s;
    all->credit += all->credit < CREDIT_MAX ? 1 : 0;
    all->next_pause = all->credit == CREDIT_MAX ? PAUSE_FIRST : all->next_pause;
}

static void no_hit(struct tb_shapes *all)
{
    all->credit -= all->n < TB_SHAPES_MAX ? 1 : MISS_COSTS; /* while there is room, a miss may be a gain */
    if (all->credit <= 0) {
        all->credit = CREDIT_START;
        all->pause = all->next_pause;
        all->next_pause = 2 * all->pause > PAUSE_MAX ? PAUSE_MAX : 2 * all->pause;
    }
}

/* The shapes that part from a exactly at miss. A line that is like a up to there and no further can have none of the
 * others: one that parts earlier is refuted before miss, one that parts later at it. */
static uint64_t parting(const struct tb_shapes *all, const struct tb_shape *a, size_t miss)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        uint32_t b = all->shape[i]->number;
        mask |= (uint64_t)(all->apart[a->number][b] == miss) << b;
    }
    return mask;
}

bool tb_shapes_match(struct tb_shapes *all, struct tb_walk *w, struct tb_str line)
{
    if (all->pause > 0) {
        all->pause--;
        return false;
    }
    tb_shape_match *match = tb_shape_matcher(tb_scan_isa());
    uint64_t possible = ~UINT64_C(0);
    size_t miss;
    for (uint32_t i = 0; i < all->n && possible != 0; i++) {
        struct tb_shape *s = all->shape[i];
        if ((possible >> s->number & 1) == 0) {
            continue;
        }
        if (match_one(all, s, line, match, &miss)) {
            hit(all, i);
            fill(all, s, w, line);
            return true;
        }
        possible &= parting(all, s, miss);
    }
    no_hit(all);
    return false;
}

void tb_shapes_unload(struct tb_shapes *all)
{
    all->loaded = NULL;
}

void tb_shapes_learn(struct tb_shapes *all, struct tb_walk *w)
{
    if (all->pause > 0 || w->scan.n > LEARN_BYTES_MAX) {
        return;
    }
    struct tb_shape *s = tb_shape_of(w);
    if (s == NULL) { /* no shape is no harm */
        return;
    }
    s->number = all->n;
    if (all->n == TB_SHAPES_MAX) {
        s->number = all->shape[--all->n]->number;
        tb_shape_free(all->shape[all->n]);
    }
    for (uint32_t i = 0; i < all->n; i++) {
        uint32_t other = all->shape[i]->number;
        all->apart[s->number][other] = tb_shape_apart(s, all->shape[i]);
        all->apart[other][s->number] = tb_shape_apart(all->shape[i], s);
    }
    all->apart[s->number][s->number] = UINT32_MAX;
    memmove(&all->shape[1], &all->shape[0], all->n * sizeof s);
    all->shape[0] = s;
    all->n++;
}

struct tb_shapes *tb_shapes_new(void)
{
    struct tb_shapes *all = calloc(1, sizeof *all);
    if (all != NULL) {
        all->credit = CREDIT_START;
        all->next_pause = PAUSE_FIRST;
    }
    return all;
}

void tb_shapes_free(struct tb_shapes *all)
{
    for (uint32_t i = 0; all != NULL && i < all->n; i++) {
        tb_shape_free(all->shape[i]);
    }
    free(all);
}
