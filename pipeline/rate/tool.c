#include "rate/tool.h"

#include <stdlib.h>
#include "rate/tuple.h"
#include "rate/value.h"
#include "store/events.h"

#define HTTP_ERROR 400

struct run {
    struct tb_tuples names;
    struct tb_tools *out;
    struct tb_values latency;
};

static bool has(const struct tb_block *b, uint32_t i, enum tb_event_number n)
{
    return (b->present[i] >> n & 1u) != 0;
}

static enum tb_status add(struct run *r, struct tb_db *db, const struct tb_block *b, uint32_t i,
                          struct tb_err *err)
{
    uint32_t name = b->text[TB_T_FEATURE][i], number = 0;
    bool is_new = false;
    enum tb_status status = tb_tuples_add(&r->names, &name, &number, &is_new, err);
    if (status == TB_OK) {
        status =
            tb_tuples_grow((void **)&r->out->tools, &r->out->cap, r->names.n, sizeof *r->out->tools, err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_tool *t = &r->out->tools[number];
    t->name = tb_dict_text(db, name);
    t->calls++;
    t->failures += (has(b, i, TB_N_SUCCESS) && b->number[TB_N_SUCCESS][i] == 0) ||
                   (has(b, i, TB_N_STATUS) && b->number[TB_N_STATUS][i] >= HTTP_ERROR);
    if (has(b, i, TB_N_RETRIES)) {
        int64_t retries = b->number[TB_N_RETRIES][i];
        t->retries += retries;
        t->retries_n++;
        t->retries_max = retries > t->retries_max ? retries : t->retries_max;
    }
    if (!has(b, i, TB_N_LATENCY_MS)) {
        return TB_OK;
    }
    t->latency_ms += b->number[TB_N_LATENCY_MS][i];
    t->latency_n++;
    return tb_values_add(&r->latency, number, b->number[TB_N_LATENCY_MS][i], err);
}

static enum tb_status scan(struct run *r, struct tb_db *db, int64_t from_us, int64_t to_us,
                           struct tb_err *err)
{
    struct tb_scan *s = NULL;
    struct tb_block block;
    enum tb_status status = tb_scan_open(db, from_us, to_us, TB_C_TEXTS | TB_C_TOKENS | TB_C_SIZES, &s, err);
    while (status == TB_OK && (status = tb_scan_next(s, &block, err)) == TB_OK) {
        for (uint32_t i = 0; status == TB_OK && i < block.n; i++) {
            if ((block.flags[i] & TB_F_TOOL) != 0) {
                status = add(r, db, &block, i, err);
            }
        }
    }
    tb_scan_close(s);
    return status == TB_END ? TB_OK : status;
}

static int by_name(const void *a, const void *b)
{
    return tb_str_cmp(((const struct tb_tool *)a)->name, ((const struct tb_tool *)b)->name);
}

static enum tb_status finish(struct run *r, struct tb_err *err)
{
    uint32_t n = r->names.n;
    int64_t *p95 = calloc((size_t)n + 1, sizeof *p95);
    if (p95 == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the tools");
    }
    enum tb_status status = tb_values_p95(&r->latency, n, p95, err);
    for (uint32_t i = 0; status == TB_OK && i < n; i++) {
        r->out->tools[i].latency_p95 = p95[i];
    }
    free(p95);
    r->out->n = n;
    if (n > 1) {
        qsort(r->out->tools, n, sizeof *r->out->tools, by_name);
    }
    return status;
}

enum tb_status tb_tools_query(struct tb_db *db, int64_t from_us, int64_t to_us, struct tb_tools *out,
                              struct tb_err *err)
{
    struct run r = {.out = out};
    *out = (struct tb_tools){.n = 0};
    tb_tuples_init(&r.names, 1, TB_TUPLES_MAX);
    enum tb_status status = scan(&r, db, from_us, to_us, err);
    if (status == TB_OK) {
        status = finish(&r, err);
    }
    tb_tuples_release(&r.names);
    tb_values_release(&r.latency);
    if (status != TB_OK) {
        tb_tools_release(out);
    }
    return status;
}

void tb_tools_release(struct tb_tools *t)
{
    free(t->tools);
    *t = (struct tb_tools){.n = 0};
}
