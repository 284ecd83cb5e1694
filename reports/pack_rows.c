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

static enum tb_status price_bytes(const struct tb_price_row *r, struct span in, struct tb_buf *out,
                                  struct tb_err *err)
{
    char price[TB_MONEY_TEXT_MAX];
    const struct tb_str texts[] = {
        r->provider, r->model, r->service_tier, {price, tb_money_format(r->price, price)}};
    tb_buf_clear(out);
    enum tb_status st = add_texts(out, texts, sizeof texts / sizeof *texts, err);
    return st == TB_OK ? tb_buf_printf(out, err, ",%d,%" PRId64 ",%d,%d,%" PRId64 ",%" PRId64, (int)r->meter,
                                       r->context, r->context_from, r->marginal, in.from_us, in.to_us)
                       : st;
}

static enum tb_status account_bytes(const struct tb_account_row *r, struct span in, struct tb_buf *out,
                                    struct tb_err *err)
{
    const struct tb_str texts[] = {r->consumer, r->source, r->team, r->cost_center, r->gl_account,
                                   r->owner,    r->tier,   r->kind, r->time_zone};
    tb_buf_clear(out);
    enum tb_status st = add_texts(out, texts, sizeof texts / sizeof *texts, err);
    return st == TB_OK ? tb_buf_printf(out, err, ",%" PRId64 ",%" PRId64, in.from_us, in.to_us) : st;
}

static int by_digest(const void *a, const void *b)
{
    const struct tb_hash128 *x = a, *y = b;
    if (x->hi != y->hi) {
        return x->hi < y->hi ? -1 : 1;
    }
    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Rows sorted by digest, so that their order does not count. */
static enum tb_status add_prices(struct tb_sha256 *sha, const struct tb_tables *t, struct span day,
                                 struct tb_buf *bytes, struct tb_err *err)
{
    struct tb_hash128 *digest = calloc(t->price_count + 1, sizeof *digest);
    size_t n = 0;
    enum tb_status st =
        digest != NULL ? TB_OK : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the prices of a day");
    for (size_t i = 0; st == TB_OK && i < t->price_count; i++) {
        struct span in;
        if (cut(day, t->prices[i].from_us, t->prices[i].to_us, &in)) {
            st = price_bytes(&t->prices[i], in, bytes, err);
            digest[n++] = tb_hash128(bytes->p, bytes->n, 0);
        }
    }
    if (st == TB_OK) {
        qsort(digest, n, sizeof *digest, by_digest);
        tb_sha256_add(sha, digest, n * sizeof *digest);
    }
    free(digest);
    return st;
}

static enum tb_status add_accounts(struct tb_sha256 *sha, const struct tb_tables *t, struct span day,
                                   struct tb_buf *bytes, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < t->account_count; i++) {
        struct span in;
        if (cut(day, t->accounts[i].from_us, t->accounts[i].to_us, &in)) {
            st = account_bytes(&t->accounts[i], in, bytes, err);
            tb_sha256_add(sha, bytes->p, bytes->n);
            tb_sha256_add(sha, "\n", 1);
        }
    }
    return st;
}

static enum tb_status add_quotas(struct tb_sha256 *sha, const struct tb_tables *t, struct span day,
                                 struct tb_buf *bytes, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < t->quota_count; i++) {
        const struct tb_quota_row *r = &t->quotas[i];
        char cost[TB_MONEY_TEXT_MAX];
        struct span in;
        const struct tb_str texts[] = {r->tier, r->models, {cost, tb_money_format(r->limit_cost, cost)}};
        if (!cut(day, r->from_us, r->to_us, &in)) {
            continue;
        }
        tb_buf_clear(bytes);
        st = add_texts(bytes, texts, sizeof texts / sizeof *texts, err);
        if (st == TB_OK) {
            st = tb_buf_printf(bytes, err, ",%d,%d,%d,%d,%" PRId64 ",%" PRId64 ",%" PRId64 "\n",
                               (int)r->measure, (int)r->window, r->per_node, r->unlimited, r->limit,
                               in.from_us, in.to_us);
        }
        tb_sha256_add(sha, bytes->p, bytes->n);
    }
    return st;
}

static enum tb_status add_budgets(struct tb_sha256 *sha, const struct tb_tables *t, struct tb_buf *bytes,
                                  struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < t->budget_count; i++) {
        const struct tb_budget_row *r = &t->budgets[i];
        const tb_money money[] = {r->amount,       r->reserve,       r->floor,         r->cap,
                                  r->hour_warning, r->hour_critical, r->hour_emergency};
        const struct tb_str texts[] = {r->name, r->dimension, r->match, r->allocate_by};
        tb_buf_clear(bytes);
        st = add_texts(bytes, texts, sizeof texts / sizeof *texts, err);
        for (size_t k = 0; st == TB_OK && k < sizeof money / sizeof *money; k++) {
            char text[TB_MONEY_TEXT_MAX];
            st = add_text(bytes, (struct tb_str){text, tb_money_format(money[k], text)}, err);
        }
        if (st == TB_OK) {
            st = tb_buf_printf(bytes, err, ",%d,%d,%d,%d,%d,%d,%d\n", (int)r->period, r->history_days,
                               r->has_floor, r->has_cap, r->has_warning, r->has_critical, r->has_emergency);
        }
        tb_sha256_add(sha, bytes->p, bytes->n);
    }
    return st;
}

enum tb_status tb_pack_rows(const struct tb_tables *t, const struct tb_zone *zone, int32_t day,
                            char out[TB_SHA256_HEX], struct tb_err *err)
{
    struct tb_sha256 sha;
    struct tb_buf bytes;
    struct span span = {tb_zone_day_start(zone, day), tb_zone_day_start(zone, day + 1)};
    tb_sha256_init(&sha);
    tb_buf_init(&bytes, ROW_BYTES_MAX);
    enum tb_status st = add_prices(&sha, t, span, &bytes, err);
    tb_sha256_add(&sha, "accounts", 8);
    if (st == TB_OK) {
        st = add_accounts(&sha, t, span, &bytes, err);
    }
    tb_sha256_add(&sha, "quotas", 6);
    if (st == TB_OK) {
        st = add_quotas(&sha, t, span, &bytes, err);
    }
    tb_sha256_add(&sha, "budgets", 7);
    if (st == TB_OK) {
        st = add_budgets(&sha, t, &bytes, err);
    }
    tb_sha256_hex(&sha, out);
    tb_buf_release(&bytes);
    return st;
}
