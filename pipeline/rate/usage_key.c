#include "rate/usage_key.h"

#include <stdlib.h>
#include "base/glob.h"
#include "rate/reduce.h"
#include "rate/tuple.h"

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a usage report");
}

/* --- teams
 * ---------------------------------------------------------------------------------------------------------
 */

struct named {
    struct tb_str text;
    int64_t *code; /* where its number goes */
};

static int by_text(const void *a, const void *b)
{
    const struct named *x = a;
    const struct named *y = b;
    return tb_str_cmp(x->text, y->text);
}

/* Equal texts of teams and cost centres get one number. */
static enum tb_status number_names(struct tb_usage_keys *k, struct tb_err *err)
{
    const struct tb_tables *tables = k->reader->tables;
    size_t n = tables->account_count + 1;
    struct named *named = calloc(2 * n, sizeof *named);
    enum tb_status status = named == NULL ? no_memory(err) : TB_OK;
    for (size_t i = 0; status == TB_OK && i < n; i++) {
        const struct tb_account_row *row = i == 0 ? NULL : &tables->accounts[i - 1];
        bool has_team = row != NULL && row->team.s != NULL;
        named[2 * i] = (struct named){has_team ? row->team : TB_STR(TB_TEAM_UNASSIGNED), &k->team[i]};
        named[2 * i + 1] = (struct named){row != NULL ? row->cost_center : TB_STR_NULL, &k->cost_center[i]};
    }
    if (status == TB_OK) {
        qsort(named, 2 * n, sizeof *named, by_text);
    }
    for (size_t i = 0; status == TB_OK && i < 2 * n; i++) {
        if (named[i].text.s == NULL) {
            *named[i].code = TB_CODE_ABSENT;
            continue;
        }
        if (k->name_n == 0 || !tb_str_eq(k->names[k->name_n - 1], named[i].text)) {
            status = tb_tuples_grow((void **)&k->names, &k->name_cap, k->name_n + 1, sizeof *k->names, err);
            if (status == TB_OK) {
                k->names[k->name_n++] = named[i].text;
            }
        }
        *named[i].code = (int64_t)k->name_n - 1;
    }
    free(named);
    return status;
}

enum tb_status tb_usage_keys_init(struct tb_usage_keys *k, struct tb_reader *r, const struct tb_where *where,
                                  size_t where_n, struct tb_err *err)
{
    *k = (struct tb_usage_keys){.reader = r, .filter_n = where_n};
    k->team = calloc(r->tables->account_count + 1, sizeof *k->team);
    k->cost_center = calloc(r->tables->account_count + 1, sizeof *k->cost_center);
    k->filters = calloc(where_n + 1, sizeof *k->filters);
    enum tb_status status = k->team == NULL || k->cost_center == NULL || k->filters == NULL
                                ? no_memory(err)
                                : number_names(k, err);
    for (size_t i = 0; status == TB_OK && i < where_n; i++) {
        k->filters[i].where = where[i];
        k->names_source = k->names_source || where[i].dim == TB_DIM_SOURCE;
    }
    if (status != TB_OK) {
        tb_usage_keys_release(k);
    }
    return status;
}

void tb_usage_keys_release(struct tb_usage_keys *k)
{
    for (size_t i = 0; k->filters != NULL && i < k->filter_n; i++) {
        free(k->filters[i].said);
    }
    free(k->filters);
    free(k->names);
    free(k->team);
    free(k->cost_center);
    *k = (struct tb_usage_keys){0};
}

enum tb_status tb_usage_name(struct tb_usage_keys *k, struct tb_str text, int64_t *code, struct tb_err *err)
{
    if (text.s == NULL) {
        *code = TB_CODE_ABSENT;
        return TB_OK;
    }
    for (size_t i = 0; i < k->name_n; i++) {
        if (tb_str_eq(k->names[i], text)) {
            *code = (int64_t)i;
            return TB_OK;
        }
    }
    enum tb_status status =
        tb_tuples_grow((void **)&k->names, &k->name_cap, k->name_n + 1, sizeof *k->names, err);
    if (status == TB_OK) { /* of tables of another version */
        *code = (int64_t)k->name_n;
        k->names[k->name_n++] = text;
    }
    return status;
}

/* --- codes and texts
 * ----------------------------------------------------------------------------------------------- */

/* Which text of the event a dimension is; TB_T_COUNT for those that are none. */
static enum tb_event_text text_of_dim(enum tb_dim dim)
{
    switch (dim) {
    case TB_DIM_NODE:
        return TB_T_NODE;
    case TB_DIM_CONSUMER:
        return TB_T_CONSUMER;
    case TB_DIM_PROVIDER:
        return TB_T_PROVIDER;
    case TB_DIM_MODEL:
        return TB_T_MODEL;
    case TB_DIM_FEATURE:
        return TB_T_FEATURE;
    case TB_DIM_VARIANT:
        return TB_T_VARIANT;
    case TB_DIM_TRIGGER:
        return TB_T_TRIGGER;
    default:
        return TB_T_COUNT;
    }
}

int64_t tb_usage_code(const struct tb_usage_keys *k, const struct tb_reading *e, enum tb_dim dim)
{
    switch (dim) {
    case TB_DIM_DAY:
        return k->reader->hour.day;
    case TB_DIM_HOUR:
        return k->reader->hour.start_us;
    case TB_DIM_SOURCE:
        return e->source;
    case TB_DIM_TEAM:
        return e->account == TB_ACCOUNT_OF_CELL ? k->cell_team : k->team[e->account];
    case TB_DIM_COST_CENTER:
        return e->account == TB_ACCOUNT_OF_CELL ? k->cell_cost_center : k->cost_center[e->account];
    case TB_DIM_CONSUMER: /* 0: anonymous, and no database has the word yet */
        return e->text[TB_T_CONSUMER];
    default: {
        uint32_t id = e->text[text_of_dim(dim)];
        return id == 0 ? TB_CODE_ABSENT : id;
    }
    }
}

struct tb_str tb_usage_text(const struct tb_usage_keys *k, enum tb_dim dim, int64_t code,
                            char buf[TB_TS_TEXT_MAX])
{
    if (code == TB_CODE_ABSENT) {
        return TB_STR_NULL;
    }
    switch (dim) {
    case TB_DIM_DAY:
        return (struct tb_str){buf, tb_day_format((int32_t)code, buf)};
    case TB_DIM_HOUR:
        return (struct tb_str){buf, tb_ts_format(code, buf)};
    case TB_DIM_TEAM:
    case TB_DIM_COST_CENTER:
        return k->names[code];
    default:
        return code == 0 ? TB_STR(TB_CONSUMER_ANONYMOUS) : tb_dict_text(k->reader->db, (uint32_t)code);
    }
}

/* --- filters
 * ------------------------------------------------------------------------------------------------------- */

static bool filter_says(const struct tb_usage_keys *k, const struct tb_usage_filter *f, int64_t code)
{
    char buf[TB_TS_TEXT_MAX];
    struct tb_str text = tb_usage_text(k, f->where.dim, code, buf);
    return text.s == NULL ? f->where.glob.n == 0 : tb_glob_match(f->where.glob, text);
}

static enum tb_status filter_passes(struct tb_usage_keys *k, struct tb_usage_filter *f, int64_t code,
                                    bool *passes, struct tb_err *err)
{
    if (f->asked && f->last_code == code) {
        *passes = f->last_passes;
        return TB_OK;
    }
    bool small = code >= 0 && f->where.dim != TB_DIM_HOUR;
    if (small) {
        enum tb_status status = tb_tuples_grow((void **)&f->said, &f->said_cap, (size_t)code + 1, 1, err);
        if (status != TB_OK) {
            return status;
        }
    }
    if (small && f->said[code] != 0) {
        f->last_passes = f->said[code] == 2;
    } else {
        f->last_passes = filter_says(k, f, code);
    }
    if (small) {
        f->said[code] = f->last_passes ? 2 : 1;
    }
    f->asked = true;
    f->last_code = code;
    *passes = f->last_passes;
    return TB_OK;
}

enum tb_status tb_usage_passes(struct tb_usage_keys *k, const struct tb_reading *e, bool *passes,
                               struct tb_err *err)
{
    if (k->source == 0 || k->source != e->source) {
        k->source = e->source;
        k->source_billed = tb_source_billed(k->reader->settings, tb_dict_text(k->reader->db, e->source));
    }
    enum tb_status status = TB_OK;
    *passes = k->names_source || k->source_billed;
    for (size_t i = 0; status == TB_OK && *passes && i < k->filter_n; i++) {
        struct tb_usage_filter *f = &k->filters[i];
        status = filter_passes(k, f, tb_usage_code(k, e, f->where.dim), passes, err);
    }
    return status;
}

uint64_t tb_usage_columns(const struct tb_usage_keys *k)
{
    uint64_t columns = TB_C_TS;
    for (size_t i = 0; i < k->filter_n; i++) {
        enum tb_dim dim = k->filters[i].where.dim;
        bool owned = dim == TB_DIM_TEAM || dim == TB_DIM_COST_CENTER;
        enum tb_event_text text = owned ? TB_T_CONSUMER : text_of_dim(dim);
        columns |= text != TB_T_COUNT ? TB_C_TEXT(text) : 0;
    }
    return columns;
}

enum tb_status tb_usage_passes_row(struct tb_usage_keys *k, const struct tb_block *b, uint32_t i,
                                   bool *passes, struct tb_err *err)
{
    struct tb_reading e; /* what tb_usage_code looks at */
    e.source = b->source;
    for (size_t f = 0; f < k->filter_n; f++) {
        enum tb_dim dim = k->filters[f].where.dim;
        enum tb_event_text text = text_of_dim(dim);
        if (dim == TB_DIM_DAY || dim == TB_DIM_HOUR) {
            tb_hour_at(&k->reader->hour, b->ts_us[i]);
        } else if (dim == TB_DIM_TEAM || dim == TB_DIM_COST_CENTER) {
            const struct tb_account_row *row = tb_reader_account(k->reader, b, i);
            e.account = row == NULL ? 0 : (uint32_t)(row - k->reader->tables->accounts) + 1;
        } else if (dim == TB_DIM_CONSUMER) {
            e.text[text] = tb_reader_consumer(k->reader, b, i);
        } else if (text != TB_T_COUNT) {
            e.text[text] = b->text[text][i];
        }
    }
    return tb_usage_passes(k, &e, passes, err);
}
