#include "rate/reduce_write.h"

#include <assert.h>
#include <stdlib.h>
#include "base/embed.h"
#include "rate/reduce.h"

extern const struct tb_embed tb_embed_rate[];

static const char *const query_files[TB_RQ_COUNT] = {
    "usage_cell_drop.sql", "charge_cell_drop.sql", "settlement_drop.sql", "usage_cell_put.sql",
    "charge_cell_put.sql", "settlement_put.sql",   "reduced_day_put.sql"};

enum {
    UL_HOUR,
    UL_SOURCE,
    UL_NODE,
    UL_CONSUMER,
    UL_TEAM,
    UL_COST_CENTER,
    UL_PROVIDER,
    UL_MODEL,
    UL_TIER,
    UL_FEATURE,
    UL_VARIANT,
    UL_TRIGGER,
    UL_BASIS,
    UL_COUNT
};
enum {
    HL_SOURCE,
    HL_CONSUMER,
    HL_TEAM,
    HL_COST_CENTER,
    HL_PROVIDER,
    HL_MODEL,
    HL_TIER,
    HL_METER,
    HL_ROW,
    HL_COUNT
};

/* A row to be: its key, in the order of sorting, and the number of the cell or charge that goes into it. */
struct usage_line {
    uint32_t key[UL_COUNT];
    uint32_t cell;
};
struct charge_line {
    uint32_t key[HL_COUNT];
    uint32_t charge;
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a day's rows");
}

enum tb_status tb_reduce_writer_init(struct tb_reduce_writer *w, struct tb_db *db,
                                     const struct tb_settings *s, const struct tb_tables *tables,
                                     struct tb_err *err)
{
    *w = (struct tb_reduce_writer){.db = db, .settings = s, .tables = tables};
    tb_tuples_init(&w->teams, 2, TB_TUPLES_MAX);
    w->team = calloc(tables->account_count + 1, sizeof *w->team);
    w->cost_center = calloc(tables->account_count + 1, sizeof *w->cost_center);
    enum tb_status status = w->team == NULL || w->cost_center == NULL ? no_memory(err) : TB_OK;
    for (int i = 0; status == TB_OK && i < TB_RQ_COUNT; i++) {
        status = tb_query_open(db, tb_embed_text(tb_embed_rate, query_files[i]), &w->query[i], err);
    }
    if (status != TB_OK) {
        tb_reduce_writer_release(w);
    }
    return status;
}

void tb_reduce_writer_release(struct tb_reduce_writer *w)
{
    for (int i = 0; i < TB_RQ_COUNT; i++) {
        tb_query_close(w->query[i]);
    }
    free(w->team);
    free(w->cost_center);
    free(w->team_cost);
    tb_tuples_release(&w->teams);
    *w = (struct tb_reduce_writer){0};
}

/* --- what the lines share
 * ------------------------------------------------------------------------------------------ */

/* One row on its way into a statement. */
struct filling {
    struct tb_query *query;
    struct tb_bound *bound; /* the next parameter's */
};

static struct filling fill_begin(struct tb_reduce_writer *w, int query)
{
    return (struct filling){w->query[query], w->bound[query]};
}

static void fill_int(struct filling *f, const char *name, int64_t value)
{
    struct tb_bound *b = f->bound++;
    if (b->name == NULL || b->null || b->value != value) {
        assert(b->name == NULL || strcmp(b->name, name) == 0);
        tb_query_bind_int(f->query, name, value);
        *b = (struct tb_bound){name, value, false};
    }
}

/* A number of which 0 is NULL: a dict id, a line. */
static void fill_id(struct filling *f, const char *name, int64_t id)
{
    if (id != 0) {
        fill_int(f, name, id);
        return;
    }
    struct tb_bound *b = f->bound++;
    if (b->name == NULL || !b->null) {
        tb_query_bind_null(f->query, name);
        *b = (struct tb_bound){name, 0, true};
    }
}

static void fill_money(struct filling *f, const char *name, bool has, tb_money m)
{
    struct tb_bound *b = f->bound++;
    if (has) {
        tb_query_bind_money(f->query, name, m);
    } else if (b->name == NULL || !b->null) {
        tb_query_bind_null(f->query, name);
    }
    *b = (struct tb_bound){name, 0, !has};
}

/* The number-th of a list of words. */
static void fill_word(struct filling *f, const char *name, const char *const *words, uint32_t number)
{
    struct tb_bound *b = f->bound++;
    if (b->name == NULL || b->value != (int64_t)number) {
        tb_query_bind_text(f->query, name, tb_str_of(words[number]));
        *b = (struct tb_bound){name, number, false};
    }
}

static void fill_day(struct filling *f, const struct tb_reduced *r)
{
    fill_int(f, "day", r->day);
    fill_int(f, "tables", r->version);
}

static enum tb_status ask_team(struct tb_reduce_writer *w, uint32_t account, struct tb_err *err)
{
    struct tb_str team = TB_STR(TB_TEAM_UNASSIGNED);
    struct tb_str cost_center = TB_STR_NULL;
    if (account != 0) {
        const struct tb_account_row *row = &w->tables->accounts[account - 1];
        team = row->team.s != NULL ? row->team : team;
        cost_center = row->cost_center;
    }
    enum tb_status status = tb_dict_id(w->db, team, true, &w->team[account], err);
    return status == TB_OK ? tb_dict_id(w->db, cost_center, true, &w->cost_center[account], err) : status;
}

/* Dict ids for the teams of every account row in use, asked in the order of the rows so that new ones get the
 * same ids whatever the order of the cells. */
static enum tb_status ask_teams(struct tb_reduce_writer *w, const struct tb_cells *c, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    bool *used = calloc(w->tables->account_count + 1, sizeof *used);
    if (used == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < c->keys.n; i++) {
        used[tb_tuples_at(&c->keys, i)[TB_CK_ACCOUNT]] = true;
    }
    for (uint32_t account = 0; status == TB_OK && account <= w->tables->account_count; account++) {
        if (used[account] && w->team[account] == 0) {
            status = ask_team(w, account, err);
        }
    }
    free(used);
    return status;
}

static int compare_words(const uint32_t *a, const uint32_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

static int by_usage_key(const void *a, const void *b)
{
    const struct usage_line *x = a;
    const struct usage_line *y = b;
    return compare_words(x->key, y->key, UL_COUNT);
}

static int by_charge_key(const void *a, const void *b)
{
    const struct charge_line *x = a;
    const struct charge_line *y = b;
    return compare_words(x->key, y->key, HL_COUNT);
}

/* --- usage_cell
 * ---------------------------------------------------------------------------------------------------- */

static struct usage_line usage_line_of(const struct tb_reduce_writer *w, const struct tb_cells *c,
                                       uint32_t cell)
{
    const uint32_t *k = tb_tuples_at(&c->keys, cell);
    uint32_t account = k[TB_CK_ACCOUNT];
    return (struct usage_line){{k[TB_CK_HOUR], k[TB_CK_SOURCE], k[TB_CK_NODE], k[TB_CK_CONSUMER],
                                w->team[account], w->cost_center[account], k[TB_CK_PROVIDER], k[TB_CK_MODEL],
                                k[TB_CK_TIER], k[TB_CK_FEATURE], k[TB_CK_VARIANT], k[TB_CK_TRIGGER],
                                k[TB_CK_BASIS]},
                               cell};
}

static void fill_usage_key(struct filling *f, const uint32_t *key, int64_t day_start_us)
{
    static const char *const names[] = {[UL_SOURCE] = "source",
                                        [UL_NODE] = "node",
                                        [UL_CONSUMER] = "consumer",
                                        [UL_TEAM] = "team",
                                        [UL_COST_CENTER] = "cost_center",
                                        [UL_PROVIDER] = "provider",
                                        [UL_MODEL] = "model",
                                        [UL_TIER] = "service_tier",
                                        [UL_FEATURE] = "feature",
                                        [UL_VARIANT] = "variant",
                                        [UL_TRIGGER] = "trigger"};
    fill_int(f, "hour_us", day_start_us + (int64_t)key[UL_HOUR] * TB_US_PER_S);
    for (int i = UL_SOURCE; i <= UL_TRIGGER; i++) {
        fill_id(f, names[i], key[i]);
    }
    fill_word(f, "basis", tb_basis_names, key[UL_BASIS]);
}

static void fill_usage_sums(struct filling *f, const struct tb_cell *sum, bool priced)
{
    fill_int(f, "requests", sum->requests);
    fill_int(f, "errors", sum->errors);
    fill_int(f, "refused", sum->refused);
    fill_int(f, "hidden", sum->hidden);
    for (int i = 0; i < TB_METER_REQUEST; i++) {
        fill_int(f, tb_meter_names[i], sum->tokens[i]);
    }
    fill_int(f, "total_only", sum->total_only);
    fill_int(f, "saved", sum->saved);
    fill_int(f, "input_n", sum->input_n);
    fill_int(f, "output_n", sum->output_n);
    fill_int(f, "latency_n", sum->latency_n);
    fill_int(f, "latency_ms", sum->latency_ms);
    fill_money(f, "cost", priced, sum->cost);
    fill_money(f, "logged_cost", sum->has_logged, sum->logged_cost);
}

static enum tb_status add_team_cost(struct tb_reduce_writer *w, const uint32_t *key, tb_money cost,
                                    struct tb_err *err)
{
    const uint32_t team[2] = {key[UL_TEAM], key[UL_COST_CENTER]};
    uint32_t number = 0;
    enum tb_status status = tb_tuples_add(&w->teams, team, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&w->team_cost, &w->team_cap, w->teams.n, sizeof *w->team_cost, err);
    }
    if (status == TB_OK && !tb_money_add(w->team_cost[number], cost, &w->team_cost[number])) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "a team's cost of a day is out of range");
    }
    return status;
}

static enum tb_status put_usage(struct tb_reduce_writer *w, const struct tb_cells *c,
                                const struct tb_reduced *r, const uint32_t *key, const struct tb_cell *sum,
                                struct tb_err *err)
{
    struct filling f = fill_begin(w, TB_RQ_USAGE_PUT);
    fill_day(&f, r);
    fill_usage_key(&f, key, c->day_start_us);
    fill_usage_sums(&f, sum, key[UL_BASIS] != TB_BASIS_UNPRICED);
    enum tb_status status = tb_query_run(f.query, err);
    if (w->source != key[UL_SOURCE]) {
        w->source = key[UL_SOURCE];
        w->source_billed = tb_source_billed(w->settings, tb_dict_text(w->db, w->source));
    }
    if (status == TB_OK && w->source_billed) {
        status = add_team_cost(w, key, sum->cost, err);
    }
    return status;
}

/* Cells that differ only in account row or rates are one row. */
static enum tb_status put_usages(struct tb_reduce_writer *w, const struct tb_cells *c,
                                 const struct tb_reduced *r, struct tb_err *err)
{
    uint32_t n = c->keys.n;
    struct usage_line *lines = calloc((size_t)n + 1, sizeof *lines);
    enum tb_status status = lines == NULL ? no_memory(err) : TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < n; i++) {
        lines[i] = usage_line_of(w, c, i);
    }
    if (status == TB_OK) {
        qsort(lines, n, sizeof *lines, by_usage_key);
    }
    for (uint32_t i = 0; status == TB_OK && i < n;) {
        struct tb_cell sum = c->cell[lines[i].cell];
        uint32_t first = i++;
        for (; status == TB_OK && i < n && by_usage_key(&lines[first], &lines[i]) == 0; i++) {
            status = tb_cell_merge(&sum, &c->cell[lines[i].cell], err);
        }
        if (status == TB_OK) {
            status = put_usage(w, c, r, lines[first].key, &sum, err);
        }
    }
    free(lines);
    return status;
}

/* --- charge_cell
 * --------------------------------------------------------------------------------------------------- */

static struct charge_line charge_line_of(const struct tb_reduce_writer *w, const struct tb_cells *c,
                                         uint32_t charge)
{
    const uint32_t *k = tb_tuples_at(&c->charge_keys, charge);
    uint32_t account = k[TB_HK_ACCOUNT];
    return (struct charge_line){{k[TB_HK_SOURCE], k[TB_HK_CONSUMER], w->team[account],
                                 w->cost_center[account], k[TB_HK_PROVIDER], k[TB_HK_MODEL], k[TB_HK_TIER],
                                 k[TB_HK_METER], k[TB_HK_ROW]},
                                charge};
}

static enum tb_status put_charge(struct tb_reduce_writer *w, const struct tb_reduced *r, const uint32_t *key,
                                 const struct tb_charge_sum *sum, struct tb_err *err)
{
    static const char *const names[] = {"source",   "consumer", "team",        "cost_center",
                                        "provider", "model",    "service_tier"};
    struct filling f = fill_begin(w, TB_RQ_CHARGE_PUT);
    fill_day(&f, r);
    for (int i = HL_SOURCE; i <= HL_TIER; i++) {
        fill_id(&f, names[i], key[i]);
    }
    fill_word(&f, "meter", tb_meter_names, key[HL_METER]);
    fill_id(&f, "price_line", key[HL_ROW] == 0 ? 0 : (int64_t)w->tables->prices[key[HL_ROW] - 1].line);
    fill_int(&f, "quantity", sum->quantity);
    fill_money(&f, "cost", true, sum->cost);
    return tb_query_run(f.query, err);
}

static enum tb_status put_charges(struct tb_reduce_writer *w, const struct tb_cells *c,
                                  const struct tb_reduced *r, struct tb_err *err)
{
    uint32_t n = c->charge_keys.n;
    struct charge_line *lines = calloc((size_t)n + 1, sizeof *lines);
    enum tb_status status = lines == NULL ? no_memory(err) : TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < n; i++) {
        lines[i] = charge_line_of(w, c, i);
    }
    if (status == TB_OK) {
        qsort(lines, n, sizeof *lines, by_charge_key);
    }
    for (uint32_t i = 0; status == TB_OK && i < n;) {
        struct tb_charge_sum sum = {0};
        uint32_t first = i;
        for (; i < n && by_charge_key(&lines[first], &lines[i]) == 0; i++) {
            const struct tb_charge_sum *more = &c->charge[lines[i].charge];
            if (__builtin_add_overflow(sum.quantity, more->quantity, &sum.quantity) ||
                !tb_money_add(sum.cost, more->cost, &sum.cost)) {
                status = tb_err_set(err, TB_FAIL, TB_E_RANGE, "a meter's sum of a day is out of range");
                goto out;
            }
        }
        status = put_charge(w, r, lines[first].key, &sum, err);
    }
out:
    free(lines);
    return status;
}

/* --- the day
 * ------------------------------------------------------------------------------------------------------- */

static enum tb_status drop_day(struct tb_reduce_writer *w, const struct tb_reduced *r, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (int i = TB_RQ_USAGE_DROP; status == TB_OK && i <= TB_RQ_SETTLEMENT_DROP; i++) {
        struct filling f = fill_begin(w, i);
        fill_day(&f, r);
        status = tb_query_run(f.query, err);
    }
    return status;
}

static enum tb_status put_day(struct tb_reduce_writer *w, const struct tb_cells *c,
                              const struct tb_reduced *r, struct tb_err *err)
{
    struct tb_query *q = w->query[TB_RQ_DAY_PUT];
    tb_query_bind_int(q, "day", r->day);
    tb_query_bind_int(q, "tables", r->version);
    tb_query_bind_text(q, "zone", tb_str_of(tb_zone_name(w->settings->zone)));
    tb_query_bind_int(q, "generation", r->generation);
    tb_query_bind_text(q, "program", tb_str_of(r->program));
    tb_query_bind_int(q, "total_mismatch", c->total_mismatch);
    tb_query_bind_int(q, "id_reused", 0); /* the store does not tell yet */
    tb_query_bind_money(q, "cost", w->cost);
    tb_query_bind_money(q, "billed", tb_money_of_cents(w->billed_cents));
    return tb_query_run(q, err);
}

enum tb_status tb_reduce_writer_put(struct tb_reduce_writer *w, const struct tb_cells *c,
                                    const struct tb_reduced *r, struct tb_err *err)
{
    tb_tuples_release(&w->teams);
    free(w->team_cost);
    w->team_cost = NULL;
    w->team_cap = 0;
    enum tb_status status = drop_day(w, r, err);
    if (status == TB_OK) {
        status = ask_teams(w, c, err);
    }
    if (status == TB_OK) {
        status = put_usages(w, c, r, err);
    }
    if (status == TB_OK) {
        status = put_charges(w, c, r, err);
    }
    if (status == TB_OK) {
        status = tb_reduce_settle(w, r, err);
    }
    return status == TB_OK ? put_day(w, c, r, err) : status;
}
