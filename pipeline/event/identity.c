#include "event/identity.h"

#include <assert.h>

/* Seeds keep the kinds of digests apart. */
enum { SEED_ID = 1, SEED_RECORD, SEED_PART, SEED_TEXT, SEED_PAYLOAD };

struct tb_hash128 tb_identity_of_id(struct tb_str source, struct tb_str id)
{
    return tb_hash128(id.s, id.n, tb_hash64(source.s, source.n, SEED_ID));
}

struct tb_hash128 tb_identity_record(struct tb_str source, struct tb_str bytes)
{
    return tb_hash128(bytes.s, bytes.n, tb_hash64(source.s, source.n, SEED_RECORD));
}

struct tb_hash128 tb_identity_of_bytes(struct tb_hash128 record, uint32_t part, uint32_t occurrence)
{
    uint64_t in[3] = {record.hi, record.lo, (uint64_t)part << 32 | occurrence};
    return tb_hash128(in, sizeof in, SEED_PART);
}

uint64_t tb_identity_text(struct tb_str text)
{
    if (text.s == NULL) {
        return 0;
    }
    uint64_t h = tb_hash64(text.s, text.n, SEED_TEXT);
    return h == 0 ? 1 : h; /* 0 says absent */
}

uint64_t tb_payload_digest(const struct tb_payload *p)
{
    uint64_t in[TB_T_COUNT + TB_N_COUNT + 8];
    size_t n = 0;
    in[n++] = (uint64_t)p->ts_us;
    for (int i = 0; i < TB_T_COUNT; i++) {
        if (i != TB_T_NODE) {
            in[n++] = p->text_hash[i];
        }
    }
    for (int i = 0; i < TB_N_COUNT; i++) {
        in[n++] = (p->present >> i & 1) != 0 ? (uint64_t)p->number[i] : 0;
    }
    in[n++] =
        p->present | (uint64_t)p->quality << 32 | (uint64_t)p->flags << 40 | (uint64_t)p->has_cost << 48;
    in[n++] = p->has_cost ? (uint64_t)p->cost.mantissa : 0;
    in[n++] = p->has_cost ? (uint64_t)((unsigned __int128)p->cost.mantissa >> 64) : 0;
    in[n++] = p->has_cost ? (uint64_t)(int64_t)p->cost.exponent : 0;
    in[n++] = p->prompt_fingerprint;
    assert(n <= sizeof in / sizeof *in);
    return tb_hash64(in, n * sizeof *in, SEED_PAYLOAD);
}

static int fields(const struct tb_payload *p)
{
    int n = __builtin_popcount(p->present) + (p->has_cost ? 1 : 0) + (p->prompt_fingerprint != 0 ? 1 : 0);
    for (int i = 0; i < TB_T_COUNT; i++) {
        n += i != TB_T_NODE && p->text_hash[i] != 0 ? 1 : 0;
    }
    return n;
}

static int64_t total(const struct tb_payload *p)
{
    static const enum tb_event_number classes[] = {TB_N_INPUT,          TB_N_CACHE_READ, TB_N_CACHE_WRITE_5M,
                                                   TB_N_CACHE_WRITE_1H, TB_N_OUTPUT,     TB_N_TOTAL_ONLY,
                                                   TB_N_SAVED};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        sum += (p->present >> classes[i] & 1) != 0 ? p->number[classes[i]] : 0;
    }
    return sum;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int tb_payload_compare(const struct tb_payload *a, uint64_t a_digest, const struct tb_payload *b,
                       uint64_t b_digest)
{
    int c =
        order(a->quality, b->quality); /* has usage beats none, exact > estimated > total_only: one scale */
    c = c != 0 ? c : order(fields(a), fields(b));
    c = c != 0 ? c : order(total(a), total(b));
    c = c != 0 ? c : order(a->ts_us, b->ts_us);
    return c != 0 ? c : (a_digest > b_digest) - (a_digest < b_digest);
}
