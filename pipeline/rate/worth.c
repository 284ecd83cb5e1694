#include "rate/worth.h"
#include <stdlib.h>
#include "rate/account.h"
#include "rate/reading.h"
#include "rate/reduce.h"

struct tb_worth {
    struct tb_reader reader;
    uint32_t source; /* the last one met, and whether it is billed */
    bool billed;
};

static enum tb_status tell(void *ctx, const struct tb_block *b, uint32_t row, struct tb_event_worth *out,
                           struct tb_err *err)
{
    struct tb_worth *w = ctx;
    struct tb_reading e;
    struct tb_charge charge;
    if (w->source != b->source) {
        w->source = b->source;
        w->billed = tb_source_billed(w->reader.settings, tb_dict_text(w->reader.db, b->source));
    }
    *out = (struct tb_event_worth){.billed = w->billed, .team = TB_STR(TB_TEAM_UNASSIGNED)};
    tb_reader_take(&w->reader, b, row, &e);
    if (e.account != 0) {
        const struct tb_account_row *account = &w->reader.tables->accounts[e.account - 1];
        out->team = account->team.s != NULL ? account->team : out->team;
        out->cost_center = account->cost_center;
    }
    if ((b->flags[row] & TB_F_TOOL) != 0) {
        return TB_OK;
    }
    enum tb_status st = tb_charge_event(w->reader.prices, &e.query, &charge, err);
    if (st == TB_OK) {
        out->basis = tb_basis_names[charge.basis];
        out->has_cost = charge.basis != TB_BASIS_UNPRICED;
        out->cost = charge.cost;
    }
    return st;
}

enum tb_status tb_worth_new(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                            struct tb_worth **out, struct tb_err *err)
{
    struct tb_worth *w = calloc(1, sizeof *w);
    *out = NULL;
    if (w == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the costs of events");
    }
    enum tb_status st = tb_reader_init(&w->reader, db, s, tables, false, err);
    if (st != TB_OK) {
        free(w);
        return st;
    }
    tb_db_tell_worth(db, tell, w);
    *out = w;
    return TB_OK;
}

void tb_worth_free(struct tb_worth *w)
{
    if (w != NULL) {
        tb_db_tell_worth(w->reader.db, NULL, NULL);
        tb_reader_release(&w->reader);
        free(w);
    }
}
