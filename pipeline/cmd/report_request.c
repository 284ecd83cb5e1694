/* The words of `tollbook report`, read and checked. */
#include "cmd/report_request.h"

#include <string.h>
#include "base/glob.h"
#include "base/json.h"
#include "cmd/cmd.h"

bool tb_request_is(const struct tb_request *r, const char *name)
{
    return strcmp(r->kind->name, name) == 0;
}

/* Promised kinds without code in this version. */
static const char *const unbuilt[] = {"reconcile", NULL};

int tb_request_kind(const char *name, struct tb_request *r)
{
    const char *words[32] = {NULL};
    r->kind = tb_report_kind_find(name);
    if (r->kind != NULL) {
        return -1;
    }
    for (size_t i = 0; unbuilt[i] != NULL; i++) {
        if (strcmp(unbuilt[i], name) == 0) {
            return tb_cmd_usage("report", "\"%s\" is not built yet in tollbook %s", name, TB_PROGRAM_VERSION);
        }
    }
    for (size_t i = 0; i < 31 && tb_report_kinds[i].name != NULL; i++) {
        words[i] = tb_report_kinds[i].name;
    }
    const char *near = tb_did_you_mean(tb_str_of(name), words);
    return tb_cmd_usage("report", "unknown report \"%s\"%s%s%s", name,
                        near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                        near != NULL ? "\"?" : "");
}

static int unknown_dim(struct tb_str name)
{
    const char *words[TB_DIM_COUNT + 1] = {NULL};
    for (size_t i = 0; i < TB_DIM_COUNT; i++) {
        words[i] = tb_dim_names[i];
    }
    const char *near = tb_did_you_mean(name, words);
    return tb_cmd_usage("report", "unknown dimension \"%.*s\"%s%s%s", (int)name.n, name.s,
                        near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                        near != NULL ? "\"?" : "");
}

static struct tb_str next_part(const char **at, char separator)
{
    size_t n = 0;
    while ((*at)[n] != '\0' && (*at)[n] != separator) {
        n++;
    }
    struct tb_str part = {*at, n};
    *at += n + ((*at)[n] == separator);
    return part;
}

int tb_request_by(const char *text, struct tb_request *r)
{
    while (*text != '\0') {
        struct tb_str name = next_part(&text, ',');
        enum tb_dim dim;
        if (!tb_dim_find(name, &dim)) {
            return unknown_dim(name);
        }
        for (size_t i = 0; i < r->by_n; i++) {
            if (r->by[i] == dim) {
                return tb_cmd_usage("report", "\"%.*s\" stands twice in --by", (int)name.n, name.s);
            }
        }
        r->by[r->by_n++] = dim;
    }
    return r->by_n > 0 ? -1 : tb_cmd_usage("report", "--by names no dimension");
}

int tb_request_where(const char *text, struct tb_request *r)
{
    while (*text != '\0') {
        struct tb_str part = next_part(&text, ',');
        const char *eq = memchr(part.s, '=', part.n);
        enum tb_dim dim;
        if (eq == NULL) {
            return tb_cmd_usage("report", "\"%.*s\" in --where is not DIM=GLOB", (int)part.n, part.s);
        }
        struct tb_str name = {part.s, (size_t)(eq - part.s)};
        if (!tb_dim_find(name, &dim)) {
            return unknown_dim(name);
        }
        if (r->where_n == TB_DIM_COUNT) {
            return tb_cmd_usage("report", "more than %d conditions in --where", TB_DIM_COUNT);
        }
        struct tb_str glob = {eq + 1, part.n - name.n - 1};
        if (glob.n > 0 && !tb_glob_valid(glob)) {
            return tb_cmd_usage("report", "\"%.*s\" in --where is not a glob, close every [", (int)glob.n,
                                glob.s);
        }
        r->where[r->where_n++] = (struct tb_where){dim, glob};
    }
    return -1;
}

int tb_request_count(const char *option, const char *text, int64_t *out)
{
    struct tb_decimal d;
    if (text == NULL) {
        return -1;
    }
    if (!tb_decimal_parse(tb_str_of(text), true, &d) || !tb_decimal_int64(&d, out) || *out < 1) {
        return tb_cmd_usage("report", "--%s wants a whole number from 1, not \"%s\"", option, text);
    }
    return -1;
}

static const char *const formats[] = {"table", "csv", "json", "xlsx", NULL};

/* The format that the output's name ends in; the table when it ends otherwise. */
static const char *format_of_name(const char *output)
{
    const char *dot = output != NULL ? strrchr(output, '.') : NULL;
    for (size_t i = 1; dot != NULL && formats[i] != NULL; i++) {
        if (strcmp(dot + 1, formats[i]) == 0) {
            return formats[i];
        }
    }
    return formats[0];
}

int tb_request_format(const char *text, struct tb_request *r)
{
    r->format = text != NULL ? text : format_of_name(r->output);
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (strcmp(formats[i], r->format) == 0) {
            if (i == 3 && r->output == NULL) {
                return tb_cmd_usage("report", "--format xlsx wants -o FILE");
            }
            return -1;
        }
    }
    return tb_cmd_usage("report", "unknown format \"%s\"; use table, csv, json or xlsx", text);
}

/* TEXT=TEXT,...: each(r, left, right) returns -1 to go on. */
static int parse_pairs(const char *option, const char *text, struct tb_request *r,
                       int (*each)(struct tb_request *r, struct tb_str left, struct tb_str right))
{
    int code = -1;
    while (code < 0 && *text != '\0') {
        struct tb_str part = next_part(&text, ',');
        const char *eq = memchr(part.s, '=', part.n);
        if (eq == NULL || eq == part.s || eq + 1 == part.s + part.n) {
            return tb_cmd_usage("report", "\"%.*s\" in --%s is not NAME=VALUE", (int)part.n, part.s, option);
        }
        size_t n = (size_t)(eq - part.s);
        code = each(r, (struct tb_str){part.s, n}, (struct tb_str){eq + 1, part.n - n - 1});
    }
    return code;
}

static int add_tier(struct tb_request *r, struct tb_str consumer, struct tb_str tier)
{
    size_t most = sizeof r->whatif.tier / sizeof *r->whatif.tier;
    if (r->whatif.tier_n == most) {
        return tb_cmd_usage("report", "more than %zu consumers in --tier", most);
    }
    if (!tb_glob_valid(consumer)) {
        return tb_cmd_usage("report", "\"%.*s\" in --tier is not a glob, close every [", (int)consumer.n,
                            consumer.s);
    }
    r->whatif.tier[r->whatif.tier_n].consumer = consumer;
    r->whatif.tier[r->whatif.tier_n++].tier = tier;
    return -1;
}

static int add_limit(struct tb_request *r, struct tb_str tier, struct tb_str limit)
{
    size_t most = sizeof r->whatif.limit / sizeof *r->whatif.limit;
    tb_money amount;
    if (r->whatif.limit_n == most) {
        return tb_cmd_usage("report", "more than %zu tiers in --limit", most);
    }
    if (!tb_money_parse(limit, &amount) || amount < 0) {
        return tb_cmd_usage("report", "--limit wants a number from 0, not \"%.*s\"", (int)limit.n, limit.s);
    }
    r->whatif.limit[r->whatif.limit_n].tier = tier;
    r->whatif.limit[r->whatif.limit_n++].limit = amount;
    return -1;
}

int tb_request_whatif(const char *tier, const char *limit, struct tb_request *r)
{
    if ((tier != NULL || limit != NULL) && !tb_request_is(r, "quota")) {
        return tb_cmd_usage("report", "--%s is of quota alone", tier != NULL ? "tier" : "limit");
    }
    int code = tier != NULL ? parse_pairs("tier", tier, r, add_tier) : -1;
    return code < 0 && limit != NULL ? parse_pairs("limit", limit, r, add_limit) : code;
}
