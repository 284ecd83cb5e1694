/* accounts.csv: whose a consumer is, from when to when. */
#include "base/glob.h"
#include "base/zone.h"
#include "config/overlap.h"
#include "config/tablecell.h"
#include "config/tables.h"

enum { CONSUMER, SOURCE, TEAM, COST_CENTER, GL_ACCOUNT, OWNER, TIER, KIND, TIME_ZONE, FROM, TO };
static const char *const columns[] = {"consumer",   "source",         "team",         "cost_center",
                                      "gl_account", "owner",          "tier",         "kind",
                                      "time_zone",  "effective_from", "effective_to", NULL};
static const char *const kinds[] = {"human", "application", "service", NULL};

/* Rows this far back are looked at for the same zone before tzdata is read again: tables have few zones, in
 * runs. */
#define ZONE_LOOKBACK 64

static bool zone_seen(const struct tb_tablefile *t, struct tb_str name)
{
    const struct tb_account_row *rows = (const void *)t->rows;
    for (size_t i = t->count; i > 0 && t->count - i < ZONE_LOOKBACK; i--) {
        if (tb_str_eq(rows[i - 1].time_zone, name)) {
            return true;
        }
    }
    return false;
}

static enum tb_status fill_zone(const struct tb_tablefile *t, struct tb_account_row *row, struct tb_err *err)
{
    enum tb_status status = tb_tablecell_text(t, TIME_ZONE, false, &row->time_zone, err);
    if (status != TB_OK || row->time_zone.s == NULL || zone_seen(t, row->time_zone)) {
        return status;
    }
    struct tb_zone *zone = NULL;
    struct tb_err cause = {0};
    status = tb_zone_load(row->time_zone.s, &zone, &cause); /* the arena's copies end with a NUL */
    tb_zone_free(zone);
    return status == TB_OK ? TB_OK : tb_tablefile_complain(t, TIME_ZONE, err, "%s", cause.text);
}

static enum tb_status fill_texts(const struct tb_tablefile *t, struct tb_account_row *row, struct tb_err *err)
{
    const struct {
        int column;
        struct tb_str *to;
    } texts[] = {{SOURCE, &row->source},         {TEAM, &row->team},   {COST_CENTER, &row->cost_center},
                 {GL_ACCOUNT, &row->gl_account}, {OWNER, &row->owner}, {TIER, &row->tier}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        enum tb_status status = tb_tablecell_text(t, texts[i].column, false, texts[i].to, err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

static enum tb_status fill(const struct tb_tablefile *t, void *to, struct tb_err *err)
{
    struct tb_account_row *row = to;
    int kind = 0;
    row->line = tb_tablefile_line(t);
    enum tb_status status = tb_tablecell_glob(t, CONSUMER, true, &row->consumer, err);
    if (status == TB_OK) {
        status = fill_texts(t, row, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_word(t, KIND, kinds, 0, &kind, err);
    }
    row->kind = tb_str_of(kinds[kind < 0 ? 0 : kind]);
    if (status == TB_OK) {
        status = fill_zone(t, row, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_interval(t, FROM, TO, &row->from_us, &row->to_us, err);
    }
    return status;
}

/* Rows are ranked by literal characters, then by having a source; what that leaves equal must not meet. */
static bool tie(const void *context, size_t a, size_t b)
{
    const struct tb_account_row *x = (const struct tb_account_row *)context + a;
    const struct tb_account_row *y = (const struct tb_account_row *)context + b;
    return tb_overlap_times(x->from_us, x->to_us, y->from_us, y->to_us) && tb_str_eq(x->source, y->source) &&
           tb_glob_literals(x->consumer) == tb_glob_literals(y->consumer) &&
           tb_overlap_globs(x->consumer, y->consumer);
}

static enum tb_status complain_tie(const struct tb_tablefile *t, size_t a, size_t b, struct tb_err *err)
{
    const struct tb_account_row *rows = (const void *)t->rows;
    const struct tb_account_row *x = &rows[a];
    const struct tb_account_row *y = &rows[b];
    char since[TB_TABLECELL_SINCE_MAX];
    tb_tablecell_since(t, x->from_us > y->from_us ? x->from_us : y->from_us, since);
    if (tb_str_eq(x->consumer, y->consumer)) {
        return tb_tablefile_complain_row(
            t, b, err,
            "line %llu and line %llu are both for consumer \"%.*s\"%s: end one with "
            "effective_to, or take one out",
            (unsigned long long)x->line, (unsigned long long)y->line, TB_SHOWN(x->consumer), since);
    }
    return tb_tablefile_complain_row(
        t, b, err,
        "line %llu \"%.*s\" and line %llu \"%.*s\" match a common consumer%s, and have "
        "equally many literal characters: make one more exact",
        (unsigned long long)x->line, TB_SHOWN(x->consumer), (unsigned long long)y->line,
        TB_SHOWN(y->consumer), since);
}

static enum tb_status check(const struct tb_tablefile *t, struct tb_err *err)
{
    const struct tb_account_row *rows = (const void *)t->rows;
    struct tb_overlap_item *items = tb_arena_alloc(t->arena, t->count * sizeof *items);
    for (size_t i = 0; items != NULL && i < t->count; i++) {
        uint64_t literals = (uint64_t)tb_glob_literals(rows[i].consumer);
        if (!tb_overlap_glob(&items[i], t->arena, literals * 2 + (rows[i].source.s != NULL), i,
                             rows[i].consumer)) {
            items = NULL;
        }
    }
    if (items == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    size_t a = 0;
    size_t b = 0;
    return tb_overlap_find(items, t->count, tie, rows, &a, &b) ? complain_tie(t, a, b, err) : TB_OK;
}

const struct tb_tablefile_spec tb_accounts_spec = {
    .columns = columns,
    .required = 1u << CONSUMER,
    .key = CONSUMER,
    .row_bytes = sizeof(struct tb_account_row),
    .fill = fill,
    .check = check,
};
