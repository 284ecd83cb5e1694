#include "plan/advice_rules.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/embed.h"
#include "base/glob.h"

extern const struct tb_embed tb_embed_plan[];

enum kind { WHOLE, AMOUNT, WORD };

static const struct {
    const char *name;
    enum kind kind;
    size_t at;
} fields[] = {
#define FIELD(name, kind)                                                                                    \
    {                                                                                                        \
#name, kind, offsetof(struct tb_advice_rules, name)                                                  \
    }
    FIELD(input_avg, WHOLE),
    FIELD(dearest, WHOLE),
    FIELD(batch_size, WHOLE),
    FIELD(batch_window_s, WHOLE),
    FIELD(batch_requests, WHOLE),
    FIELD(cache_hit, AMOUNT),
    FIELD(batch_efficiency, AMOUNT),
    FIELD(cost_per_request, AMOUNT),
    FIELD(cost_per_request_high, AMOUNT),
    FIELD(request_cost, AMOUNT),
    FIELD(min_cost, AMOUNT),
    FIELD(min_saving, AMOUNT),
    FIELD(baseline, WORD),
    FIELD(rollout, WORD),
#undef FIELD
};
#define FIELDS       (sizeof fields / sizeof *fields)
#define DEAREST_MAX  1000
#define WINDOW_S_MAX 3600
#define BATCH_MAX    60000
#define LISTS        2
#define ROLLOUT_KEY  "rollout_percent"
#define CHEAPER_KEY  "cheaper"

static enum tb_status check_keys(const struct tb_json *j, const struct tb_json_node *object,
                                 struct tb_err *err)
{
    const char *keys[FIELDS + LISTS + 1] = {NULL};
    for (size_t i = 0; i < FIELDS; i++) {
        keys[i] = fields[i].name;
    }
    keys[FIELDS] = ROLLOUT_KEY;
    keys[FIELDS + 1] = CHEAPER_KEY;
    return tb_json_check_keys(j, object, keys, err);
}

static enum tb_status take_field(struct tb_advice_rules *r, const struct tb_json *j,
                                 const struct tb_json_node *n, size_t i, struct tb_err *err)
{
    void *at = (char *)r + fields[i].at;
    struct tb_decimal d;
    if (fields[i].kind == WHOLE) {
        int64_t *value = at;
        return tb_json_int(n, value) && *value >= 0
                   ? TB_OK
                   : tb_json_complain(j, n, err, "\"%s\" is a whole number from 0", fields[i].name);
    }
    if (fields[i].kind == AMOUNT) {
        tb_money *value = at;
        return tb_json_decimal(n, &d) && d.mantissa >= 0 && tb_money_from_decimal(&d, value, NULL)
                   ? TB_OK
                   : tb_json_complain(j, n, err, "\"%s\" is a number from 0", fields[i].name);
    }
    struct tb_str *text = at;
    *text = tb_json_text(n);
    return text->s != NULL ? TB_OK : tb_json_complain(j, n, err, "\"%s\" is a text", fields[i].name);
}

static enum tb_status take_percents(struct tb_advice_rules *r, const struct tb_json *j,
                                    const struct tb_json_node *list, struct tb_err *err)
{
    r->percent_n = 0;
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL; n = tb_json_next(n)) {
        int64_t *percent = &r->percent[r->percent_n];
        if (r->percent_n == TB_ROLLOUT_MAX) {
            return tb_json_complain(j, n, err, "more than %d shares of a rollout", TB_ROLLOUT_MAX);
        }
        if (!tb_json_int(n, percent) || *percent < 0 || *percent > 100) {
            return tb_json_complain(j, n, err, "a share of a rollout is a whole number from 0 to 100");
        }
        r->percent_n++;
    }
    return TB_OK;
}

static enum tb_status take_cheaper(struct tb_advice_cheaper *c, const struct tb_json *j,
                                   const struct tb_json_node *rule, struct tb_err *err)
{
    static const char *const keys[] = {"model", "to", NULL};
    if (tb_json_type(rule) != TB_JSON_OBJECT) {
        return tb_json_complain(j, rule, err, "a rule is {\"model\": GLOB, \"to\": [GLOB, ...]}");
    }
    enum tb_status st = tb_json_check_keys(j, rule, keys, err);
    if (st != TB_OK) {
        return st;
    }
    *c = (struct tb_advice_cheaper){.model = tb_json_text(tb_json_get(rule, "model"))};
    const struct tb_json_node *n = tb_json_first(tb_json_get(rule, "to"));
    bool good = c->model.s != NULL && n != NULL;
    for (; good && n != NULL && c->to_n < TB_CHEAPER_TO_MAX; n = tb_json_next(n)) {
        c->to[c->to_n++] = tb_json_text(n);
        good = c->to[c->to_n - 1].s != NULL;
    }
    return good && n == NULL
               ? TB_OK
               : tb_json_complain(j, rule, err, "a rule is {\"model\": GLOB, \"to\": [up to %d GLOBs]}",
                                  TB_CHEAPER_TO_MAX);
}

static enum tb_status take_rules(struct tb_advice_rules *r, const struct tb_json *j,
                                 const struct tb_json_node *list, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    r->cheaper_n = 0;
    for (const struct tb_json_node *n = tb_json_first(list); st == TB_OK && n != NULL; n = tb_json_next(n)) {
        st = r->cheaper_n == TB_CHEAPER_MAX
                 ? tb_json_complain(j, n, err, "more than %d rules of cheaper models", TB_CHEAPER_MAX)
                 : take_cheaper(&r->cheaper[r->cheaper_n++], j, n, err);
    }
    return st;
}

/* Pass-throughs that later code divides or allocates by. */
static enum tb_status check_ranges(const struct tb_advice_rules *r, const struct tb_json *j,
                                   const struct tb_json_node *object, struct tb_err *err)
{
    if (r->dearest > DEAREST_MAX) {
        return tb_json_complain(j, tb_json_get(object, "dearest"), err, "\"dearest\" is at most %d",
                                DEAREST_MAX);
    }
    if (r->batch_size < 1 || r->batch_size > BATCH_MAX) {
        return tb_json_complain(j, tb_json_get(object, "batch_size"), err, "\"batch_size\" is from 1 to %d",
                                BATCH_MAX);
    }
    if (r->batch_window_s < 1 || r->batch_window_s > WINDOW_S_MAX) {
        return tb_json_complain(j, tb_json_get(object, "batch_window_s"), err,
                                "\"batch_window_s\" is from 1 to %d", WINDOW_S_MAX);
    }
    return TB_OK;
}

static enum tb_status take(struct tb_advice_rules *r, const struct tb_json *j,
                           const struct tb_json_node *object, struct tb_err *err)
{
    if (tb_json_type(object) != TB_JSON_OBJECT) {
        return tb_json_complain(j, object, err, "the rules of advice are an object");
    }
    enum tb_status st = check_keys(j, object, err);
    for (size_t i = 0; st == TB_OK && i < FIELDS; i++) {
        const struct tb_json_node *n = tb_json_get(object, fields[i].name);
        st = n != NULL ? take_field(r, j, n, i, err) : TB_OK;
    }
    const struct tb_json_node *percents = tb_json_get(object, ROLLOUT_KEY),
                              *cheaper = tb_json_get(object, CHEAPER_KEY);
    if (st == TB_OK && percents != NULL) {
        st = take_percents(r, j, percents, err);
    }
    if (st == TB_OK && cheaper != NULL) {
        st = take_rules(r, j, cheaper, err);
    }
    return st == TB_OK ? check_ranges(r, j, object, err) : st;
}

/* A folder's advice.json, if it has one; else the object "advice" of the file, if it has one. */
static enum tb_status take_over(struct tb_advice_rules *r, const char *path, struct tb_err *err)
{
    char file[4096];
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    int length = snprintf(file, sizeof file, "%s%s", path, folder ? "/advice.json" : "");
    if (length < 0 || (size_t)length >= sizeof file) {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "the path of \"rules\" is too long");
    }
    if (folder && stat(file, &info) != 0) {
        return TB_OK;
    }
    enum tb_status st = tb_json_read(file, TB_E_CONFIG, &r->over, err);
    if (st != TB_OK) {
        return st;
    }
    const struct tb_json_node *object =
        folder ? tb_json_root(r->over) : tb_json_get(tb_json_root(r->over), "advice");
    return object != NULL ? take(r, r->over, object, err) : TB_OK;
}

int tb_advice_rules_cheaper(const struct tb_advice_rules *r, struct tb_str model)
{
    for (size_t i = 0; model.s != NULL && i < r->cheaper_n; i++) {
        if (tb_glob_match(r->cheaper[i].model, model)) {
            return (int)i;
        }
    }
    return -1;
}

enum tb_status tb_advice_rules_load(const struct tb_settings *s, struct tb_advice_rules *out,
                                    struct tb_err *err)
{
    const char *text = tb_embed_text(tb_embed_plan, "advice.json");
    *out = (struct tb_advice_rules){.json = NULL};
    enum tb_status st = tb_json_parse(tb_str_of(text), "advice.json", TB_E_CONFIG, &out->json, err);
    for (size_t i = 0; st == TB_OK && i < FIELDS; i++) {
        if (tb_json_get(tb_json_root(out->json), fields[i].name) == NULL) {
            st = tb_err_set(err, TB_FAIL, TB_E_CONFIG, "advice.json lacks \"%s\"", fields[i].name);
        }
    }
    if (st == TB_OK) {
        st = take(out, out->json, tb_json_root(out->json), err);
    }
    if (st == TB_OK && s->rules != NULL) {
        st = take_over(out, s->rules, err);
    }
    if (st != TB_OK) {
        tb_advice_rules_release(out);
    }
    return st;
}

void tb_advice_rules_release(struct tb_advice_rules *r)
{
    tb_json_free(r->json);
    tb_json_free(r->over);
    *r = (struct tb_advice_rules){.json = NULL};
}
