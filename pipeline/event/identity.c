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
    in[n++] =
        p->present | (uint64_t)p->quality << 32 | (uint64_t)p->flags << 40 | (uint64_t)p->has_cost << 48;
    in[n++] = (uint64_t)p->ts_us;
    for (int i = 0; i < TB_T_COUNT; i++) {
        if (i != TB_T_NODE) {
            in[n++] = p->text_hash[i];
        }
    }
    /* Only what is there, as the first word tells: up to 240 bytes XXH3 is several times as quick. */
    for (uint32_t left = p->present; left != 0; left &= left - 1) {
        in[n++] = (uint64_t)p->number[__builtin_ctz(left)];
    }
    if (p->has_cost) {
        in[n++] = (uint64_t)p->cost.mantissa;
        in[n++] = (uint64_t)((unsigned __int128)p->cost.mantissa >> 64);
        in[n++] = (uint64_t)(int64_t)p->cost.exponent;
    }
    in[n++] = p->prompt_fingerprint;
    assert(n <= sizeof in / sizeof *in);
    return tb_hash64(in, n * sizeof *in, SEED_PAYLOAD);
}

/* What the log itself said: a default such as "(anonymous)" is no field, a prompt is one however much of it is known, the unit
 * of a cost belongs to the cost, and the rate-limit headers are beside the call. */
static int fields(const struct tb_payload *p)
{
    const uint64_t anonymous = tb_identity_text(TB_STR("(anonymous)")),
                   none = tb_identity_text(TB_STR("(none)"));
    const uint32_t beside = 1u << TB_N_LIMIT | 1u << TB_N_REMAINING | 1u << TB_N_PROMPT_CHARS;
    bool prompt = p->prompt_fingerprint != 0 || (p->present >> TB_N_PROMPT_CHARS & 1) != 0;
    int n = __builtin_popcount(p->present & ~beside) + (p->has_cost ? 1 : 0) + (prompt ? 1 : 0);
    for (int i = 0; i < TB_T_COUNT; i++) {
        uint64_t h = p->text_hash[i];
        n += i != TB_T_NODE && i != TB_T_COST_CURRENCY && h != 0 && h != anonymous && h != none ? 1 : 0;
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

/* Fingerprints are keyed by a secret of each installation: what rules must not hang on them, or two books of the same logs differ. */
static uint64_t digest_without_prompt(const struct tb_payload *p)
{
    struct tb_payload bare = *p;
    bare.prompt_fingerprint = 0;
    return tb_payload_digest(&bare);
}

static int order_digests(uint64_t a, uint64_t b)
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
    c = c != 0 ? c : order_digests(digest_without_prompt(a), digest_without_prompt(b));
    return c != 0 ? c : order_digests(a_digest, b_digest);
}
