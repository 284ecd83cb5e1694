/* What stored events are to the detectors: priced, failed or not, whose. In any order of blocks: nothing here depends on what came before,
 * but the numbers of actors, which mean nothing to others. */
#include <stdlib.h>
#include "base/money.h"
#include "detect/pass.h"
#include "rate/reading.h"
#include "rate/reduce.h"

#define STRIDE 32 /* rows on their way: their memory fits in the first cache */

struct tb_pass_reader {
    struct tb_reader reader;
    int64_t from_us;
    struct tb_tuples actors; /* consumer, address */
    struct tb_agents *crawlers;
    signed char *agent; /* by dict id: 0 unknown, 1 a crawler, -1 not */
    size_t agent_cap;
};

enum tb_status tb_pass_reader_new(const struct tb_pass *p, struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_tables *tables, struct tb_pass_reader **out,
                                  struct tb_err *err)
{
    struct tb_pass_reader *r = *out = calloc(1, sizeof *r);
    if (r == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to look for anomalies");
    }
    r->from_us = p->d->from_us;
    tb_tuples_init(&r->actors, 2, TB_TUPLES_MAX);
    enum tb_status st = tb_agents_new(&r->crawlers, err);
    return st == TB_OK ? tb_reader_init(&r->reader, db, s, tables, tb_db_writable(db), err) : st;
}

void tb_pass_reader_free(struct tb_pass_reader *r)
{
    if (r != NULL) {
        tb_reader_release(&r->reader);
        tb_tuples_release(&r->actors);
        tb_agents_free(r->crawlers);
        free(r->agent);
        free(r);
    }
}

static inline int64_t pico(tb_money m)
{
    tb_money p = m / TB_PICO_OF_MONEY;
    return p > INT64_MAX ? INT64_MAX : (int64_t)p;
}

static inline int64_t number(const struct tb_block *b, uint32_t i, enum tb_event_number n)
{
    return (b->present[i] >> n & 1u) != 0 ? b->number[n][i] : 0;
}

static bool is_failed(const struct tb_block *b, uint32_t i)
{
    int64_t status = number(b, i, TB_N_STATUS);
    bool no_success = (b->present[i] >> TB_N_SUCCESS & 1u) != 0 && b->number[TB_N_SUCCESS][i] == 0;
    return status == 429 || status >= 500 || (b->flags[i] & TB_F_REFUSED) != 0 || (status == 0 && no_success);
}

static bool is_hidden(const struct tb_reader *r, uint32_t trigger)
{
    bool hidden = false;
    for (int k = 0; k < TB_HIDDEN_TRIGGERS; k++) {
        hidden = hidden || (trigger != 0 && trigger == r->hidden[k]);
    }
    return hidden;
}

static enum tb_status note_crawler(struct tb_pass_reader *r, struct tb_pass_event *e, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    e->crawler = false;
    if (e->agent == 0) {
        return TB_OK;
    }
    if (e->agent >= r->agent_cap) {
        st = tb_tuples_grow((void **)&r->agent, &r->agent_cap, (size_t)e->agent + 1, sizeof *r->agent, err);
    }
    if (st == TB_OK && r->agent[e->agent] == 0) {
        struct tb_str text = tb_dict_text(r->reader.db, e->agent);
        r->agent[e->agent] = tb_agents_match(r->crawlers, text) ? 1 : -1;
    }
    e->crawler = st == TB_OK && r->agent[e->agent] > 0;
    return st;
}

static enum tb_status price(struct tb_pass_reader *r, const struct tb_block *b, uint32_t i,
                            struct tb_pass_event *e, struct tb_err *err)
{
    tb_money cost = 0;
    enum tb_basis basis = TB_BASIS_COMPUTED;
    enum tb_status st = tb_reader_cost(&r->reader, b, i, &cost, err);
    if (st == TB_OK && cost == 0) {
        st = tb_reader_basis(&r->reader, b, i, &basis, err);
    }
    e->cost = pico(cost);
    e->unpriced = basis == TB_BASIS_UNPRICED;
    return st;
}

/* All but the actor. */
static enum tb_status read_call(struct tb_pass_reader *r, const struct tb_block *b, uint32_t i,
                                struct tb_pass_event *e, struct tb_err *err)
{
    e->ts_us = b->ts_us[i];
    e->in_day = e->ts_us >= r->from_us;
    e->consumer = tb_reader_consumer(&r->reader, b, i);
    e->ip = b->text[TB_T_CLIENT_IP][i];
    e->agent = b->text[TB_T_USER_AGENT][i];
    e->feature = b->text[TB_T_FEATURE][i];
    e->model = b->text[TB_T_MODEL][i];
    e->provider = b->text[TB_T_PROVIDER][i];
    e->failed = is_failed(b, i);
    e->hidden = is_hidden(&r->reader, b->text[TB_T_TRIGGER][i]);
    e->fingerprint = b->prompt_fingerprint[i];
    e->signature = tb_signature_is(&b->signature[i]) ? &b->signature[i] : NULL;
    e->input = number(b, i, TB_N_INPUT) + number(b, i, TB_N_CACHE_READ) + number(b, i, TB_N_CACHE_WRITE_5M) +
               number(b, i, TB_N_CACHE_WRITE_1H) + number(b, i, TB_N_TOTAL_ONLY);
    e->output = number(b, i, TB_N_OUTPUT);
    enum tb_status st = price(r, b, i, e, err);
    return st == TB_OK ? note_crawler(r, e, err) : st;
}

static enum tb_status read_stride(struct tb_pass_reader *r, const struct tb_block *b, uint32_t from,
                                  uint32_t to, struct tb_pass_row *out, struct tb_err *err)
{
    uint64_t hash[STRIDE];
    uint32_t key[STRIDE][2], guess;
    enum tb_status st = TB_OK;
    for (uint32_t i = from; i < to && st == TB_OK; i++) {
        struct tb_pass_row *row = &out[i];
        row->is = (b->flags[i] & TB_F_TOOL) != 0 ? TB_ROW_TOOL : TB_ROW_CALL;
        if (row->is == TB_ROW_CALL) {
            st = read_call(r, b, i, &row->e, err);
            key[i - from][0] = row->e.consumer;
            key[i - from][1] = row->e.ip;
            hash[i - from] = tb_tuples_hash(&r->actors, key[i - from]);
            tb_tuples_call_slot(&r->actors, hash[i - from]);
        }
    }
    for (uint32_t i = from; i < to && st == TB_OK; i++) {
        if (out[i].is == TB_ROW_CALL) {
            (void)tb_tuples_call_key(&r->actors, hash[i - from], &guess);
        }
    }
    for (uint32_t i = from; i < to && st == TB_OK; i++) {
        if (out[i].is == TB_ROW_CALL) {
            st = tb_tuples_add_hashed(&r->actors, key[i - from], hash[i - from], &out[i].e.actor, NULL, err);
        }
    }
    return st;
}

enum tb_status tb_pass_reader_read(struct tb_pass_reader *r, const struct tb_block *b,
                                   struct tb_pass_row *out, struct tb_err *err)
{
    bool billed = tb_source_billed(r->reader.settings, tb_dict_text(r->reader.db, b->source));
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < b->n && !billed; i++) {
        out[i].is = TB_ROW_UNBILLED;
    }
    for (uint32_t i = 0; i < b->n && billed && st == TB_OK; i += STRIDE) {
        st = read_stride(r, b, i, b->n - i < STRIDE ? b->n : i + STRIDE, out, err);
    }
    return st;
}
