#include "reports/pack_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include "base/buf.h"

#define ROW_BYTES_MAX ((size_t)1 << 20)

/* "5:gpt-4" or "-": no two rows give the same bytes. */
static enum tb_status add_text(struct tb_buf *out, struct tb_str s, struct tb_err *err)
{
    if (s.s == NULL) {
        return tb_buf_str(out, TB_STR("-"), err);
    }
    enum tb_status st = tb_buf_printf(out, err, "%zu:", s.n);
    return st == TB_OK ? tb_buf_str(out, s, err) : st;
}

static enum tb_status add_texts(struct tb_buf *out, const struct tb_str *s, size_t n, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < n; i++) {
        st = add_text(out, s[i], err);
    }
    return st;
}

struct span {
    int64_t from_us, to_us;
};

/* The interval's part within the day. False: none. */
static bool cut(struct span day, int64_t from_us, int64_t to_us, struct span *out)
{
    out->from_us = from_us > day.from_us ? from_us : day.from_us;
    out->to_us = to_us < day.to_us ? to_us : day.to_us;
    return out->from_us < out->to_us;
}

/* The bytes of row i as it is in force during the day; TB_END: it is not. */
typedef enum tb_status row_bytes(const struct tb_tables *t, size_t i, struct span day, struct tb_buf *out,
                                 struct tb_err *err);

static enum tb_status price_bytes(const struct tb_tables *t, size_t i, struct span day, struct tb_buf *out,
                                  struct tb_err *err)
{
    const struct tb_price_row *r = &t->prices[i];
    struct span in;
    char price[TB_MONEY_TEXT_MAX];
    const struct tb_str texts[] = {
        r->provider, r->model, r->service_tier, {price, tb_money_format(r->price, price)}};
    if (!cut(day, r->from_us, r->to_us, &in)) {
        return TB_END;
    }
    enum tb_status st = add_texts(out, texts, sizeof texts / sizeof *texts, err);
    return st == TB_OK ? tb_buf_printf(out, err, ",%d,%" PRId64 ",%d,%d,%" PRId64 ",%" PRId64, (int)r->meter,
                                       r->context, r->context_from, r->marginal, in.from_us, in.to_us)
                       : st;
}

static enum tb_status account_bytes(const struct tb_tables *t, size_t i, struct span day, struct tb_buf *out,
                                    struct tb_err *err)
{
    const struct tb_account_row *r = &t->accounts[i];
    struct span in;
    const struct tb_str texts[] = {r->consumer, r->source, r->team, r->cost_center, r->gl_account,
                                   r->owner,    r->tier,   r->kind, r->time_zone};
    if (!cut(day, r->from_us, r->to_us, &in)) {
        return TB_END;
    }
    enum tb_status st = add_texts(out, texts, sizeof texts / sizeof *texts, err);
    return st == TB_OK ? tb_buf_printf(out, err, ",%" PRId64 ",%" PRId64 "\n", in.from_us, in.to_us) : st;
}

static enum tb_status quota_bytes(const struct tb_tables *t, size_t i, struct span day, struct tb_buf *out,
                                  struct tb_err *err)
{
    const struct tb_quota_row *r = &t->quotas[i];
    struct span in;
    char cost[TB_MONEY_TEXT_MAX];
    const struct tb_str texts[] = {r->tier, r->models, {cost, tb_money_format(r->limit_cost, cost)}};
    if (!cut(day, r->from_us, r->to_us, &in)) {
        return TB_END;
    }
    enum tb_status st = add_texts(out, texts, sizeof texts / sizeof *texts, err);
    return st == TB_OK
               ? tb_buf_printf(out, err, ",%d,%d,%d,%d,%" PRId64 ",%" PRId64 ",%" PRId64, (int)r->measure,
                               (int)r->window, r->per_node, r->unlimited, r->limit, in.from_us, in.to_us)
               : st;
}

/* Budgets have no dates: each is in force on every day. */
static enum tb_status budget_bytes(const struct tb_tables *t, size_t i, struct span day, struct tb_buf *out,
                                   struct tb_err *err)
{
    (void)day;
    const struct tb_budget_row *r = &t->budgets[i];
    const tb_money money[] = {r->amount,       r->reserve,       r->floor,         r->cap,
                              r->hour_warning, r->hour_critical, r->hour_emergency};
    const struct tb_str texts[] = {r->name, r->dimension, r->match, r->allocate_by};
    enum tb_status st = add_texts(out, texts, sizeof texts / sizeof *texts, err);
    for (size_t k = 0; st == TB_OK && k < sizeof money / sizeof *money; k++) {
        char text[TB_MONEY_TEXT_MAX];
        st = add_text(out, (struct tb_str){text, tb_money_format(money[k], text)}, err);
    }
    return st == TB_OK
               ? tb_buf_printf(out, err, ",%d,%d,%d,%d,%d,%d,%d", (int)r->period, r->history_days,
                               r->has_floor, r->has_cap, r->has_warning, r->has_critical, r->has_emergency)
               : st;
}

static int by_digest(const void *a, const void *b)
{
    const struct tb_hash128 *x = a, *y = b;
    if (x->hi != y->hi) {
        return x->hi < y->hi ? -1 : 1;
    }
    return (x->lo > y->lo) - (x->lo < y->lo);
}

struct digester {
    const struct tb_tables *tables;
    struct span day;
    struct tb_sha256 sha;
    struct tb_buf bytes;
};

static enum tb_status add_in_order(struct digester *d, size_t n, row_bytes *bytes_of, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < n; i++) {
        tb_buf_clear(&d->bytes);
        st = bytes_of(d->tables, i, d->day, &d->bytes, err);
        if (st == TB_OK) {
            tb_sha256_add(&d->sha, d->bytes.p, d->bytes.n);
        }
        st = st == TB_END ? TB_OK : st;
    }
    return st;
}

/* Rows sorted by digest, so that their order does not count. */
static enum tb_status add_sorted(struct digester *d, size_t n, row_bytes *bytes_of, struct tb_err *err)
{
    struct tb_hash128 *digest = calloc(n + 1, sizeof *digest);
    size_t kept = 0;
    enum tb_status st = digest != NULL
                            ? TB_OK
                            : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the table rows of a day");
    for (size_t i = 0; st == TB_OK && i < n; i++) {
        tb_buf_clear(&d->bytes);
        st = bytes_of(d->tables, i, d->day, &d->bytes, err);
        if (st == TB_OK) {
            digest[kept++] = tb_hash128(d->bytes.p, d->bytes.n, 0);
        }
        st = st == TB_END ? TB_OK : st;
    }
    if (st == TB_OK) {
        qsort(digest, kept, sizeof *digest, by_digest);
        tb_sha256_add(&d->sha, digest, kept * sizeof *digest);
    }
    free(digest);
    return st;
}

enum tb_status tb_pack_rows(const struct tb_tables *t, const struct tb_zone *zone, int32_t day,
                            char out[TB_SHA256_HEX], struct tb_err *err)
{
    struct digester d = {.tables = t,
                         .day = {tb_zone_day_start(zone, day), tb_zone_day_start(zone, day + 1)}};
    tb_sha256_init(&d.sha);
    tb_buf_init(&d.bytes, ROW_BYTES_MAX);
    enum tb_status st = add_sorted(&d, t->price_count, price_bytes, err);
    tb_sha256_add(&d.sha, "accounts", 8);
    if (st == TB_OK) {
        st = add_in_order(&d, t->account_count, account_bytes, err);
    }
    tb_sha256_add(&d.sha, "quotas", 6);
    if (st == TB_OK) {
        st = add_sorted(&d, t->quota_count, quota_bytes, err);
    }
    tb_sha256_add(&d.sha, "budgets", 7);
    if (st == TB_OK) {
        st = add_sorted(&d, t->budget_count, budget_bytes, err);
    }
    tb_sha256_hex(&d.sha, out);
    tb_buf_release(&d.bytes);
    return st;
}
