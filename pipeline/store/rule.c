#include "store/rule.h"

#include "store/handle.h"

static int node_order(struct tb_db *db, uint32_t a, uint32_t b)
{
    if (a == b) {
        return 0;
    }
    if (a == 0 || b == 0) {
        return a != 0 ? 1 : -1;
    }
    return tb_str_cmp(tb_dict_text(db, b), tb_dict_text(db, a));
}

static struct tb_payload payload_of_row(struct tb_db *db, const struct tb_row *r)
{
    struct tb_payload p = {
        .ts_us = r->ts_us,
        .present = r->present,
        .quality = r->quality,
        .flags = r->flags,
        .has_cost = r->has_cost,
        .cost = r->cost,
        .prompt_fingerprint = r->prompt_fingerprint,
    };
    for (int k = TB_T_NODE + 1; k < TB_T_COUNT; k++) {
        p.text_hash[k] = tb_identity_text(tb_dict_text(db, r->text[k]));
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        p.number[k] = r->number[k];
    }
    return p;
}

static struct tb_payload payload_of_stored(struct tb_db *db, const struct tb_segment *s, uint32_t row)
{
    struct tb_payload p = {
        .ts_us = s->ts_us[row],
        .present = s->present[row],
        .quality = s->quality[row],
        .flags = s->flags[row],
        .has_cost = s->has_cost[row] != 0,
        .cost = s->cost[row],
        .prompt_fingerprint = s->prompt_fingerprint[row],
    };
    for (int k = TB_T_NODE + 1; k < TB_T_COUNT; k++) {
        p.text_hash[k] = tb_identity_text(tb_dict_text(db, s->text[k][row]));
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        p.number[k] = s->number[k][row];
    }
    return p;
}

int tb_rule_rows(struct tb_db *db, const struct tb_row *a, const struct tb_row *b)
{
    if (a->payload == b->payload) {
        return node_order(db, a->text[TB_T_NODE], b->text[TB_T_NODE]);
    }
    struct tb_payload x = payload_of_row(db, a), y = payload_of_row(db, b);
    return tb_payload_compare(&x, a->payload, &y, b->payload);
}

enum tb_status tb_rule_stored(struct tb_db *db, const struct tb_row *a, struct tb_segment *s, uint32_t row,
                              int *order, bool *conflict, struct tb_err *err)
{
    *conflict = a->payload != s->payload[row];
    if (!*conflict) {
        *order = node_order(db, a->text[TB_T_NODE], s->text[TB_T_NODE][row]);
        return TB_OK;
    }
    const uint64_t columns = TB_C_TEXTS | TB_C_TOKENS | TB_C_SIZES | TB_C_COST | TB_C_PROMPT;
    enum tb_status st = tb_segment_read(db, s, columns, err);
    if (st == TB_OK) {
        struct tb_payload x = payload_of_row(db, a), y = payload_of_stored(db, s, row);
        *order = tb_payload_compare(&x, a->payload, &y, s->payload[row]);
    }
    return st;
}
