/* Concept: whether two walks hold the same values, for comparing ways of reading a line.
 */
#ifndef TB_TEST_SAME_WALK_H
#define TB_TEST_SAME_WALK_H

#include <string.h>
#include "format/walk.h"

static bool same_instance(const struct tb_instance *a, const struct tb_instance *b, bool keyed)
{
    if (a->dead != b->dead || a->dead) {
        return a->dead == b->dead;
    }
    bool same = a->present == b->present && (!keyed || (a->parent == b->parent && a->key_at == b->key_at &&
                                                        (a->key_at == 0 || a->key_n == b->key_n)));
    for (uint64_t m = a->present; same && m != 0; m &= m - 1) {
        const struct tb_value *x = &a->value[__builtin_ctzll(m)], *y = &b->value[__builtin_ctzll(m)];
        bool counted = x->type == TB_V_STRING || x->type == TB_V_ARRAY;
        same = x->type == y->type && (!counted || x->n == y->n) && (x->type >= TB_V_OBJECT || x->at == y->at);
    }
    return same;
}

static bool same_walk(const struct tb_walk *a, const struct tb_walk *b)
{
    bool same = same_instance(&a->record, &b->record, false);
    for (unsigned s = 1; same && s < a->trie->scopes; s++) {
        same = a->instances[s] == b->instances[s];
        for (uint16_t i = 0; same && i < a->instances[s]; i++) {
            same = same_instance(&a->instance[s][i], &b->instance[s][i], true);
        }
    }
    return same;
}

#endif
