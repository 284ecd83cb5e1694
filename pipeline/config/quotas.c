/* quotas.csv: what a tier may use in a window. */
#include "base/glob.h"
#include "base/hash.h"
#include "config/overlap.h"
#include "config/tablecell.h"
#include "config/tables.h"

enum { TIER, MEASURE, LIMIT, WINDOW, COUNTING, FROM, TO };
static const char *const columns[] = {"tier",     "measure",        "limit",        "window",
                                      "counting", "effective_from", "effective_to", NULL};
static const char *const measures[] = {"tokens", "requests", "cost", "models", NULL};
static const char *const windows[] = {"second", "minute",        "hour",        "day",
                                      "month",  "first_use_24h", "rolling_24h", NULL};
static const char *const countings[] = {"global", "node", NULL};

bool tb_quota_models_next(struct tb_str *rest, struct tb_str *glob)
{
    if (rest->s == NULL) {
        return false;
    }
    size_t n = 0;
    while (n < rest->n && rest->s[n] != '|') {
        n += rest->s[n] == '\\' && n + 1 < rest->n ? 2 : 1;
    }
    *glob = (struct tb_str){rest->s, n};
    *rest = n < rest->n ? (struct tb_str){rest->s + n + 1, rest->n - n - 1} : TB_STR_NULL;
    return true;
}

bool tb_quota_models_match(const struct tb_quota_row *row, struct tb_str model)
{
    struct tb_str rest = row->models;
    struct tb_str glob;
    bool allowed = row->unlimited;
    while (!allowed && tb_quota_models_next(&rest, &glob)) {
        allowed = tb_glob_match(glob, model);
    }
    return allowed;
}

static enum tb_status fill_models(const struct tb_tablefile *t, struct tb_quota_row *row, struct tb_err *err)
{
    enum tb_status status = tb_tablecell_note(t, LIMIT, &row->models, err);
    struct tb_str rest = row->models;
    struct tb_str glob;
    while (status == TB_OK && tb_quota_models_next(&rest, &glob)) {
        if (glob.n == 0 || !tb_glob_valid(glob)) {
            status = tb_tablefile_complain(
                t, LIMIT, err,
                "limit \"%.*s\" is not a list of model globs: write them separated by |, "
                "like *sonnet*|*haiku*",
                TB_SHOWN(row->models));
        }
    }
    return status;
}

static enum tb_status fill_limit(const struct tb_tablefile *t, struct tb_quota_row *row, struct tb_err *err)
{
    row->unlimited = tb_tablefile_cell(t, LIMIT).s == NULL;
    if (row->unlimited) {
        return TB_OK;
    }
    switch (row->measure) {
    case TB_MEASURE_MODELS:
        return fill_models(t, row, err);
    case TB_MEASURE_COST:
        return tb_tablecell_money(t, LIMIT, NULL, &row->limit_cost, err);
    case TB_MEASURE_TOKENS:
    case TB_MEASURE_REQUESTS:
    default:
        return tb_tablecell_int(t, LIMIT, INT64_MAX, NULL, &row->limit, err);
    }
}

static enum tb_status fill(const struct tb_tablefile *t, void *to, struct tb_err *err)
{
    struct tb_quota_row *row = to;
    int measure = 0;
    int window = 0;
    int counting = 0;
    row->line = tb_tablefile_line(t);
    enum tb_status status = tb_tablecell_text(t, TIER, true, &row->tier, err);
    if (status == TB_OK) {
        status = tb_tablecell_word(t, MEASURE, measures, -1, &measure, err);
    }
    row->measure = (enum tb_measure)measure;
    if (status == TB_OK) {
        status = fill_limit(t, row, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_word(t, WINDOW, windows, TB_WINDOW_DAY, &window, err);
    }
    row->window = (enum tb_window)window;
    if (status == TB_OK) {
        status = tb_tablecell_word(t, COUNTING, countings, 0, &counting, err);
    }
    row->per_node = counting == 1;
    if (status == TB_OK) {
        status = tb_tablecell_interval(t, FROM, TO, &row->from_us, &row->to_us, err);
    }
    return status;
}

/* A list of models has no window: two lists of one tier meet whatever their windows say. */
static uint64_t group_of(const struct tb_quota_row *row)
{
    uint64_t window = row->measure == TB_MEASURE_MODELS ? 0 : (uint64_t)row->window * 2 + row->per_node;
    return (uint64_t)row->measure << 32 | window;
}

static bool same(const void *context, size_t a, size_t b)
{
    const struct tb_quota_row *x = (const struct tb_quota_row *)context + a;
    const struct tb_quota_row *y = (const struct tb_quota_row *)context + b;
    return tb_overlap_times(x->from_us, x->to_us, y->from_us, y->to_us) && group_of(x) == group_of(y) &&
           tb_str_eq(x->tier, y->tier);
}

static enum tb_status check(const struct tb_tablefile *t, struct tb_err *err)
{
    const struct tb_quota_row *rows = (const void *)t->rows;
    struct tb_overlap_item *items = tb_arena_alloc(t->arena, t->count * sizeof *items);
    size_t a = 0;
    size_t b = 0;
    if (items == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    for (size_t i = 0; i < t->count; i++) {
        items[i] = tb_overlap_text(group_of(&rows[i]), i, rows[i].tier);
    }
    if (!tb_overlap_find(items, t->count, same, rows, &a, &b)) {
        return TB_OK;
    }
    char since[TB_TABLECELL_SINCE_MAX];
    tb_tablecell_since(t, rows[a].from_us > rows[b].from_us ? rows[a].from_us : rows[b].from_us, since);
    return tb_tablefile_complain_row(
        t, b, err,
        "line %llu and line %llu both limit %s of tier \"%.*s\" in the same window%s: end "
        "one with effective_to, or take one out",
        (unsigned long long)rows[a].line, (unsigned long long)rows[b].line, measures[rows[a].measure],
        TB_SHOWN(rows[a].tier), since);
}

const struct tb_tablefile_spec tb_quotas_spec = {
    .columns = columns,
    .required = 1u << TIER | 1u << MEASURE | 1u << LIMIT,
    .key = TIER,
    .row_bytes = sizeof(struct tb_quota_row),
    .fill = fill,
    .check = check,
};
