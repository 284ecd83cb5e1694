#include "plan/advice_rules.h"

#include "base/embed.h"

extern const struct tb_embed tb_embed_plan[];

static bool money_at(const struct tb_json_node *root, const char *key, tb_money *out)
{
    struct tb_decimal d;
    const struct tb_json_node *n = tb_json_get(root, key);
    return n != NULL && tb_json_decimal(n, &d) && tb_money_from_decimal(&d, out, NULL);
}

static bool int_at(const struct tb_json_node *root, const char *key, int64_t *out)
{
    const struct tb_json_node *n = tb_json_get(root, key);
    return n != NULL && tb_json_int(n, out);
}

static bool take_lists(struct tb_advice_rules *r, const struct tb_json_node *root)
{
    const struct tb_json_node *n = tb_json_first(tb_json_get(root, "rollout_percent"));
    for (; n != NULL && r->percent_n < TB_ROLLOUT_MAX; n = tb_json_next(n)) {
        if (!tb_json_int(n, &r->percent[r->percent_n++])) {
            return false;
        }
    }
    n = tb_json_first(tb_json_get(root, "cheaper"));
    for (; n != NULL && r->cheaper_n < TB_CHEAPER_MAX; n = tb_json_next(n), r->cheaper_n++) {
        r->cheaper[r->cheaper_n].model = tb_json_text(tb_json_get(n, "model"));
        r->cheaper[r->cheaper_n].to = tb_json_text(tb_json_get(n, "to"));
        if (r->cheaper[r->cheaper_n].model.s == NULL || r->cheaper[r->cheaper_n].to.s == NULL) {
            return false;
        }
    }
    return n == NULL;
}

enum tb_status tb_advice_rules_load(struct tb_advice_rules *out, struct tb_err *err)
{
    const char *text = tb_embed_text(tb_embed_plan, "advice.json");
    *out = (struct tb_advice_rules){.json = NULL};
    enum tb_status st = tb_json_parse(tb_str_of(text), "advice.json", TB_E_CONFIG, &out->json, err);
    if (st != TB_OK) {
        return st;
    }
    const struct tb_json_node *root = tb_json_root(out->json);
    out->baseline = tb_json_text(tb_json_get(root, "baseline"));
    out->rollout = tb_json_text(tb_json_get(root, "rollout"));
    bool good = int_at(root, "input_avg", &out->input_avg) && int_at(root, "dearest", &out->dearest) &&
                money_at(root, "cache_hit", &out->cache_hit) &&
                money_at(root, "cost_per_request", &out->cost_per_request) &&
                money_at(root, "cost_per_request_high", &out->cost_per_request_high) &&
                money_at(root, "min_cost", &out->min_cost) &&
                money_at(root, "min_saving", &out->min_saving) && take_lists(out, root);
    if (!good) {
        tb_advice_rules_release(out);
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "advice.json lacks a threshold");
    }
    return TB_OK;
}

void tb_advice_rules_release(struct tb_advice_rules *r)
{
    tb_json_free(r->json);
    *r = (struct tb_advice_rules){.json = NULL};
}
