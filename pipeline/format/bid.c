/* Which format lines are: each format reads them all; understanding a line counts more than having seen its keys. */
#include "format/extract.h"
#include "format/plain.h"

/* Ignored because nothing else is known of it, not because it is known. */
static bool is_rest(const struct tb_format *f, const char *reason)
{
    const struct tb_rule *last = &f->rule[f->n_rules - 1];
    return last->reason == reason && last->when.n == 0;
}

static uint64_t points(struct tb_extractor *x, struct tb_str record)
{
    struct tb_outcome out;
    bool json = record.n > 0 && record.s[0] == '{';
    tb_extract(x, record, &out);
    switch (out.kind) {
    case TB_OUTCOME_EVENTS:
        return 6;
    case TB_OUTCOME_IGNORED: /* other plain lines are the same to all */
        if (json && is_rest(x->f, out.reason)) {
            return 3;
        }
        return json || strcmp(out.reason, "header") == 0 ? 4 : 0;
    default:
        return json && strcmp(out.reason, "not_recognised") != 0 && strcmp(out.reason, "bad_json") != 0 ? 2
                                                                                                        : 0;
    }
}

const char *tb_format_known(struct tb_str record)
{
    return tb_plain_reason(record);
}

const struct tb_format *tb_format_bid(const struct tb_format_set *set, const struct tb_str *records, size_t n)
{
    const struct tb_format *best = NULL;
    uint64_t most = 0;
    for (size_t i = 0; i < tb_format_count(set); i++) {
        struct tb_extractor *x = tb_extractor_new(tb_format_at(set, i));
        uint64_t sum = 0;
        for (size_t k = 0; x != NULL && k < n; k++) {
            sum += points(x, records[k]);
        }
        tb_extractor_free(x);
        if (sum > most) {
            most = sum;
            best = tb_format_at(set, i);
        }
    }
    return best;
}
