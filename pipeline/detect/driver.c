/* The driver of what a budget says: the consumer that spent most of it. By the digests' hours where a budget is of consumers or of
 * what accounts say of them, by the day's cells where it is of features or models; budgets by other dimensions name none. */
#include <stdlib.h>
#include "base/glob.h"
#include "detect/judge.h"
#include "rate/tuple.h"

struct sums {
    struct tb_tuples consumers;
    int64_t *cost;
    size_t cap;
};

static enum tb_status add(struct sums *s, uint32_t consumer, int64_t cost, struct tb_err *err)
{
    uint32_t i = 0;
    enum tb_status st = tb_tuples_add(&s->consumers, &consumer, &i, NULL, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&s->cost, &s->cap, s->consumers.n, sizeof *s->cost, err);
    }
    if (st == TB_OK) {
        s->cost[i] += cost;
    }
    return st;
}

static bool matches(const struct tb_budget_row *b, struct tb_str text)
{
    return b->match.s == NULL || (text.s != NULL && tb_glob_match(b->match, text));
}

/* Whether a consumer is in a budget, as it was asked last: of all hours of one the answer is mostly the same. */
struct answer {
    uint32_t consumer;
    const struct tb_account_row *row;
    bool is;
};

static bool consumer_passes(const struct tb_judge *j, const struct tb_budget_row *b, enum tb_dim dim,
                            uint32_t consumer, int64_t ts_us, struct answer *last)
{
    struct tb_str name = tb_dict_text(j->db, consumer), of = name;
    const struct tb_account_row *row = NULL;
    if (dim != TB_DIM_CONSUMER) {
        row = tb_account_find(j->accounts, ts_us, consumer, name, 0, TB_STR_NULL);
        of = row == NULL ? TB_STR_NULL : dim == TB_DIM_TEAM ? row->team : row->cost_center;
        of = row == NULL && dim == TB_DIM_TEAM ? TB_STR(TB_TEAM_UNASSIGNED) : of;
    }
    if (last->consumer != consumer || last->row != row) {
        *last = (struct answer){consumer, row, matches(b, of)};
    }
    return last->is;
}

static enum tb_status add_hours(struct tb_judge *j, const struct tb_budget_row *b, bool all, enum tb_dim dim,
                                int64_t from_us, int64_t to_us, struct sums *s)
{
    enum tb_status st = TB_OK;
    struct answer last = {0, NULL, false}; /* no consumer's number is 0 */
    for (int32_t d = j->first; d <= j->day; d++) {
        const struct tb_digest *g = &j->digest[d - j->first];
        for (size_t i = 0; g->from_us < to_us && from_us < g->to_us && i < g->place_n && st == TB_OK; i++) {
            const struct tb_dg_place *p = &g->place[i];
            const struct tb_dg_hour *x = &g->hour[p->first];
            for (uint32_t left = p->hours; left != 0 && st == TB_OK; left &= left - 1, x++) {
                int64_t us = tb_digest_hour(g, left) * TB_US_PER_H;
                if (us + TB_US_PER_H > from_us && us < to_us &&
                    (all || consumer_passes(j, b, dim, p->consumer, us, &last))) {
                    st = add(s, p->consumer, x->cost, j->err);
                }
            }
        }
    }
    return st;
}

static enum tb_status add_cells(struct tb_judge *j, const struct tb_budget_row *b, enum tb_dim dim,
                                int64_t from_us, int64_t to_us, struct sums *s)
{
    enum tb_status st = TB_OK;
    for (int32_t d = j->first; d <= j->day; d++) {
        const struct tb_digest *g = &j->digest[d - j->first];
        for (size_t i = 0; g->from_us < to_us && from_us < g->to_us && i < g->cell_n && st == TB_OK; i++) {
            const struct tb_dg_cell *c = &g->cell[i];
            if (matches(b, tb_dict_text(j->db, dim == TB_DIM_FEATURE ? c->feature : c->model))) {
                st = add(s, c->consumer, c->cost, j->err);
            }
        }
    }
    return st;
}

enum tb_status tb_driver_find(struct tb_judge *j, const struct tb_budget_row *budget, int64_t from_us,
                              int64_t to_us, struct tb_driver *out)
{
    struct sums s = {.cost = NULL};
    enum tb_dim dim = TB_DIM_CONSUMER;
    bool all = budget == NULL || !tb_budget_dim(budget->dimension, &dim);
    enum tb_status st = TB_OK;
    *out = (struct tb_driver){0, 0};
    tb_tuples_init(&s.consumers, 1, TB_TUPLES_MAX);
    if (all || dim == TB_DIM_CONSUMER || dim == TB_DIM_TEAM || dim == TB_DIM_COST_CENTER) {
        st = add_hours(j, budget, all, dim, from_us, to_us, &s);
    } else if (dim == TB_DIM_FEATURE || dim == TB_DIM_MODEL) {
        st = add_cells(j, budget, dim, from_us, to_us, &s);
    }
    for (uint32_t i = 0; i < s.consumers.n && st == TB_OK; i++) {
        uint32_t consumer = *tb_tuples_at(&s.consumers, i);
        int c = out->consumer == 0
                    ? -1
                    : tb_str_cmp(tb_dict_text(j->db, consumer), tb_dict_text(j->db, out->consumer));
        if (s.cost[i] > out->cost || (s.cost[i] == out->cost && s.cost[i] > 0 && c < 0)) {
            *out = (struct tb_driver){consumer, s.cost[i]};
        }
    }
    tb_tuples_release(&s.consumers);
    free(s.cost);
    return st;
}

void tb_words_driver(struct tb_words *w, const struct tb_judge *j, const struct tb_driver *d)
{
    if (d->consumer != 0) {
        tb_words_add(w, "; driver: ");
        tb_words_text(w, tb_dict_text(j->db, d->consumer));
        tb_words_add(w, " with ");
        tb_words_cost(w, j, d->cost);
    }
}
