#include "rate/quota_merge.h"

#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)1 << 32)

const char *const tb_level_names[5] = {"ok", "info", "warning", "critical", "exceeded"};

enum tb_level tb_level_of(tb_int128 used, tb_int128 limit)
{
    if (used <= 0) {
        return TB_LEVEL_OK;
    }
    if (used >= limit) {
        return TB_LEVEL_EXCEEDED;
    }
    tb_int128 left =
        limit - used; /* > 0; used > 90 % of limit is left < limit / 10; by halves there is no overflow */
    tb_int128 tenth = limit / 10, quarter = limit / 4;
    if (left < tenth || (left == tenth && limit % 10 != 0)) {
        return TB_LEVEL_CRITICAL;
    }
    if (left < quarter || (left == quarter && limit % 4 != 0)) {
        return TB_LEVEL_WARNING;
    }
    return used > left ? TB_LEVEL_INFO : TB_LEVEL_OK;
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the quotas");
}

enum tb_status tb_quota_merge_init(struct tb_quota_merge *m, struct tb_db *db, int64_t from_us, int64_t to_us,
                                   struct tb_err *err)
{
    *m = (struct tb_quota_merge){.db = db, .from_us = from_us, .to_us = to_us};
    tb_tuples_init(&m->keys, 6, TB_TUPLES_MAX);
    tb_tuples_init(&m->bad_keys, 3, TB_TUPLES_MAX);
    m->arena = calloc(1, sizeof *m->arena);
    if (m->arena == NULL) {
        return no_memory(err);
    }
    tb_arena_init(m->arena, TEXT_BYTES_MAX);
    return TB_OK;
}

static void free_arena(struct tb_arena *a)
{
    if (a != NULL) {
        tb_arena_release(a);
        free(a);
    }
}

void tb_quota_merge_release(struct tb_quota_merge *m)
{
    tb_tuples_release(&m->keys);
    tb_tuples_release(&m->bad_keys);
    free(m->rows);
    free(m->global);
    free(m->bad);
    free_arena(m->arena);
    *m = (struct tb_quota_merge){.db = NULL};
}

static struct tb_str consumer_text(const struct tb_quota_merge *m, uint32_t id)
{
    return id == 0 ? TB_STR(TB_CONSUMER_ANONYMOUS) : tb_dict_text(m->db, id);
}

static bool is_wanted(const struct tb_quota_merge *m, const struct tb_quota_kept *k)
{
    if (!tb_quota_window_long(k->window)) {
        return !m->behind && !m->before;
    }
    return k->use.start_us < m->to_us && k->use.end_us > m->from_us;
}

/* Room in every array for the new last row. */
static enum tb_status add_row(struct tb_quota_merge *m, const struct tb_quota_kept *k, uint32_t number,
                              struct tb_err *err)
{
    enum tb_status status =
        tb_tuples_grow((void **)&m->rows, &m->row_cap, (size_t)number + 1, sizeof *m->rows, err);
    if (status == TB_OK) {
        status =
            tb_tuples_grow((void **)&m->global, &m->global_cap, (size_t)number + 1, sizeof *m->global, err);
    }
    if (status != TB_OK) {
        return status;
    }
    m->global[number] = k->global;
    m->rows[number] = (struct tb_quota_out){.consumer = consumer_text(m, k->consumer),
                                            .tier = tb_arena_str(m->arena, k->tier),
                                            .node = k->node == 0 ? TB_STR_NULL : tb_dict_text(m->db, k->node),
                                            .measure = k->measure,
                                            .window = k->window,
                                            .per_node = k->per_node};
    return m->rows[number].tier.s == NULL ? no_memory(err) : TB_OK;
}

enum tb_status tb_quota_merge_window(void *ctx, const struct tb_quota_kept *k, struct tb_err *err)
{
    struct tb_quota_merge *m = ctx;
    uint32_t number = 0;
    bool is_new = false;
    if (!is_wanted(m, k)) {
        return TB_OK;
    }
    uint64_t start = (uint64_t)k->use.start_us, tier = tb_hash64(k->tier.s, k->tier.n, 0);
    uint32_t key[6] = {k->consumer,
                       k->node,
                       (uint32_t)k->measure << 8 | (uint32_t)k->window << 4 | (uint32_t)k->per_node << 1 |
                           k->global,
                       (uint32_t)(start >> 32),
                       (uint32_t)start,
                       (uint32_t)(tier ^ tier >> 32)};
    enum tb_status status = tb_tuples_add(&m->keys, key, &number, &is_new, err);
    if (status == TB_OK && is_new) {
        status = add_row(m, k, number, err);
    }
    if (status == TB_OK) {
        m->rows[number].use = k->use;
        m->rows[number].level = k->use.unlimited ? TB_LEVEL_OK : tb_level_of(k->use.used, k->use.limit);
    }
    return status;
}

enum tb_status tb_quota_merge_violation(void *ctx, uint32_t consumer, struct tb_str tier, uint32_t model,
                                        const struct tb_quota_sum *sum, struct tb_err *err)
{
    struct tb_quota_merge *m = ctx;
    uint64_t hash = tb_hash64(tier.s, tier.n, 0);
    uint32_t key[3] = {consumer, model, (uint32_t)(hash ^ hash >> 32)}, number = 0;
    bool is_new = false;
    if (m->behind || m->before) {
        return TB_OK;
    }
    enum tb_status status = tb_tuples_add(&m->bad_keys, key, &number, &is_new, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&m->bad, &m->bad_cap, (size_t)number + 1, sizeof *m->bad, err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_quota_violation *v = &m->bad[number];
    if (is_new) {
        *v = (struct tb_quota_violation){
            consumer_text(m, consumer), tb_arena_str(m->arena, tier), tb_dict_text(m->db, model), 0, 0, 0};
    }
    v->requests += sum->requests;
    if (__builtin_add_overflow(v->tokens, sum->tokens, &v->tokens) ||
        !tb_money_add(v->cost, sum->cost, &v->cost)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the use of a model is out of range");
    }
    return TB_OK;
}

static int by_keys(const void *a, const void *b)
{
    const struct tb_quota_out *x = a, *y = b;
    int c = tb_str_cmp(x->consumer, y->consumer);
    if (c == 0) {
        c = tb_str_cmp(x->tier, y->tier);
    }
    if (c == 0) {
        c = strcmp(tb_quota_measure_names[x->measure], tb_quota_measure_names[y->measure]);
    }
    if (c == 0) {
        c = strcmp(tb_quota_window_names[x->window], tb_quota_window_names[y->window]);
    }
    if (c == 0) {
        c = tb_str_cmp(x->node, y->node);
    }
    if (c == 0) {
        c = (x->use.start_us > y->use.start_us) - (x->use.start_us < y->use.start_us);
    }
    return c != 0 ? c : (int)x->per_node - (int)y->per_node;
}

static int by_model(const void *a, const void *b)
{
    const struct tb_quota_violation *x = a, *y = b;
    int c = tb_str_cmp(x->consumer, y->consumer);
    if (c == 0) {
        c = tb_str_cmp(x->tier, y->tier);
    }
    return c != 0 ? c : tb_str_cmp(x->model, y->model);
}

enum tb_status tb_quota_merge_finish(struct tb_quota_merge *m, struct tb_quota_result *out,
                                     struct tb_err *err)
{
    size_t n = m->keys.n;
    *out = (struct tb_quota_result){.n = 0};
    out->rows = calloc(n + 1, sizeof *out->rows);
    out->global = calloc(n + 1, sizeof *out->global);
    if (out->rows == NULL || out->global == NULL) {
        tb_quota_release(out);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        *(m->global[i] ? &out->global[out->global_n++] : &out->rows[out->n++]) = m->rows[i];
    }
    qsort(out->rows, out->n, sizeof *out->rows, by_keys);
    qsort(out->global, out->global_n, sizeof *out->global, by_keys);
    out->violations = m->bad;
    out->violation_n = m->bad_keys.n;
    if (out->violation_n > 1) {
        qsort(out->violations, out->violation_n, sizeof *out->violations, by_model);
    }
    out->arena = m->arena;
    m->bad = NULL;
    m->arena = NULL;
    return TB_OK;
}

void tb_quota_release(struct tb_quota_result *r)
{
    free(r->rows);
    free(r->global);
    free(r->violations);
    free_arena(r->arena);
    *r = (struct tb_quota_result){.n = 0};
}
