#include "rate/trace.h"
#include "rate/account.h"
#include "rate/reading.h"

struct tracing {
    struct tb_reader reader;
    const struct tb_trace_key *key;
    uint32_t consumer, source, provider, model; /* dict ids of the key's texts */
    enum tb_status (*each)(void *ctx, const struct tb_trace_event *e, struct tb_err *err);
    void *ctx;
    enum tb_status st;
    struct tb_err *err;
};

/* Both absent, or the same text. */
static bool same(struct tb_str a, struct tb_str b)
{
    return (a.s == NULL) == (b.s == NULL) && (a.s == NULL || tb_str_eq(a, b));
}

static bool is_of_team(const struct tracing *t, const struct tb_reading *e)
{
    struct tb_str team = TB_STR(TB_TEAM_UNASSIGNED), cost_center = TB_STR_NULL;
    if (e->account != 0) {
        const struct tb_account_row *row = &t->reader.tables->accounts[e->account - 1];
        team = row->team.s != NULL ? row->team : team;
        cost_center = row->cost_center;
    }
    return same(team, t->key->team) && same(cost_center, t->key->cost_center);
}

static bool take(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct tracing *t = ctx;
    struct tb_reading e;
    struct tb_charge charge;
    if ((b->flags[row] & TB_F_TOOL) != 0 || b->source != t->source || b->text[TB_T_MODEL][row] != t->model ||
        b->text[TB_T_PROVIDER][row] != t->provider) {
        return true;
    }
    tb_reader_take(&t->reader, b, row, &e);
    if (e.text[TB_T_CONSUMER] != t->consumer || !is_of_team(t, &e)) {
        return true;
    }
    t->st = tb_charge_event(t->reader.prices, &e.query, &charge, t->err);
    if (t->st == TB_OK && charge.basis == t->key->basis) {
        const struct tb_trace_event found = {.block = b, .row = row, .error = e.error, .charge = &charge};
        t->st = t->each(t->ctx, &found, t->err);
    }
    return t->st == TB_OK;
}

/* *there is false when a text of the key is in no event. */
static enum tb_status find_texts(struct tracing *t, bool *there, struct tb_err *err)
{
    const struct {
        struct tb_str text;
        uint32_t *id;
    } texts[] = {{t->key->consumer, &t->consumer},
                 {t->key->source, &t->source},
                 {t->key->provider, &t->provider},
                 {t->key->model, &t->model}};
    enum tb_status st = TB_OK;
    *there = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == TB_OK; i++) {
        st = tb_dict_id(t->reader.db, texts[i].text, false, texts[i].id, err);
        *there = *there && (texts[i].text.s == NULL || *texts[i].id != 0);
    }
    return st;
}

enum tb_status tb_trace_line(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t from_us, int64_t to_us, const struct tb_trace_key *key,
                             enum tb_status (*each)(void *ctx, const struct tb_trace_event *e,
                                                    struct tb_err *err),
                             void *ctx, struct tb_err *err)
{
    struct tracing t = {.key = key, .each = each, .ctx = ctx, .st = TB_OK, .err = err};
    bool there = false;
    enum tb_status st = tb_reader_init(&t.reader, db, s, tables, false, err);
    if (st != TB_OK) {
        return st;
    }
    st = find_texts(&t, &there, err);
    if (st == TB_OK && there) {
        st = tb_events_ordered(db, from_us, to_us, TB_TRACE_COLUMNS, take, &t, err);
    }
    tb_reader_release(&t.reader);
    return st == TB_OK ? t.st : st;
}
