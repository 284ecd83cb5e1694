/* Which format lines are: each format reads them all; understanding a line counts more than having seen its keys. */
#include "format/extract.h"
#include "format/plain.h"

/* Ignored because nothing else is known of it, not because it is known. */
static bool is_rest(const struct tb_format *f, const char *reason)
{
    const struct tb_rule *last = &f->rule[f->n_rules - 1];
    return last->reason == reason && last->when.n == 0;
}

enum { UNREAD = 0, RECOGNISED = 2, REST = 3, KNOWN = 4, READ = 6 };

static uint64_t points(struct tb_extractor *x, struct tb_str record)
{
    struct tb_outcome out;
    bool json = record.n > 0 && record.s[0] == '{';
    tb_extract(x, record, &out);
    switch (out.kind) {
    case TB_OUTCOME_EVENTS:
        return READ;
    case TB_OUTCOME_IGNORED: /* other plain lines are the same to all */
        if (json && is_rest(x->f, out.reason)) {
            return REST;
        }
        return json || strcmp(out.reason, "header") == 0 ? KNOWN : UNREAD;
    default:
        return json && strcmp(out.reason, "not_recognised") != 0 && strcmp(out.reason, "bad_json") != 0
                   ? RECOGNISED
                   : UNREAD;
    }
}

const char *tb_format_known(struct tb_str record)
{
    return tb_plain_reason(record);
}

/* The sum over all records, and the most that one is worth. */
static uint64_t points_of_all(const struct tb_format *f, const struct tb_str *records, size_t n,
                              uint64_t *most)
{
    struct tb_extractor *x = tb_extractor_new(f);
    uint64_t sum = 0;
    *most = UNREAD;
    for (size_t i = 0; x != NULL && i < n; i++) {
        uint64_t p = points(x, records[i]);
        *most = p > *most ? p : *most;
        sum += p;
    }
    tb_extractor_free(x);
    return sum;
}

const struct tb_format *tb_format_choose(const struct tb_format_set *set, const struct tb_format *wish,
                                         const struct tb_str *records, size_t n)
{
    const struct tb_format *best = wish;
    uint64_t one = UNREAD, most = wish != NULL ? points_of_all(wish, records, n, &one) : 0;
    for (size_t i = 0; one < KNOWN && i < tb_format_count(set); i++) {
        uint64_t any, sum = points_of_all(tb_format_at(set, i), records, n, &any);
        if (sum > most) {
            most = sum;
            best = tb_format_at(set, i);
        }
    }
    return best;
}

const struct tb_format *tb_format_bid(const struct tb_format_set *set, const struct tb_str *records, size_t n)
{
    return tb_format_choose(set, NULL, records, n);
}
