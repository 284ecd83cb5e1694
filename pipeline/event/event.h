/* Concept: the usage event, one billable call, as CONTRACT.md section 3 defines it, and its invariants.
 * Shape:   token classes are disjoint (input is uncached); reasoning is a subset of output. An absent number is not
 *          zero: its bit in `present` is clear and its value 0.
 * Units:   ts_us microseconds UTC; latency_ms; bytes; tokens.
 * Owns:    nothing: the texts are views, valid as long as the function that filled the event says.
 */
#ifndef TB_EVENT_H
#define TB_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/decimal.h"
#include "base/str.h"

/* Dimensions. The names (tb_event_text_names) are format-file keys, SQL columns and JSON keys alike. */
enum tb_event_text {
    TB_T_NODE,
    TB_T_CONSUMER,
    TB_T_PROVIDER,
    TB_T_MODEL_REQUESTED,
    TB_T_MODEL,
    TB_T_SERVICE_TIER,
    TB_T_FEATURE,
    TB_T_VARIANT,
    TB_T_TRIGGER,
    TB_T_CLIENT_IP,
    TB_T_USER_AGENT,
    TB_T_COST_CURRENCY,
    TB_T_COUNT
};
extern const char *const tb_event_text_names[TB_T_COUNT];

/* Numbers. total_only is set when only a total is known (quality total_only; the classes are then absent); saved holds
 * the tokens of a semantic-cache hit (the classes are then absent). success is 0 or 1. */
enum tb_event_number {
    TB_N_INPUT,
    TB_N_CACHE_READ,
    TB_N_CACHE_WRITE_5M,
    TB_N_CACHE_WRITE_1H,
    TB_N_OUTPUT,
    TB_N_REASONING,
    TB_N_TOTAL_ONLY,
    TB_N_SAVED,
    TB_N_STATUS,
    TB_N_SUCCESS,
    TB_N_LATENCY_MS,
    TB_N_RETRIES,
    TB_N_REQUEST_BYTES,
    TB_N_RESPONSE_BYTES,
    TB_N_PROMPT_CHARS,
    TB_N_LIMIT,
    TB_N_REMAINING,
    TB_N_COUNT
};
extern const char *const tb_event_number_names[TB_N_COUNT];

enum tb_quality { TB_QUALITY_NONE, TB_QUALITY_TOTAL_ONLY, TB_QUALITY_ESTIMATED, TB_QUALITY_EXACT };
extern const char *const tb_quality_names[4]; /* "none", "total_only", "estimated", "exact" */

enum tb_event_flag {
    TB_F_TOOL = 1,           /* a tool call: never a request, never in chargeback */
    TB_F_TOTAL_MISMATCH = 2, /* a logged total differs from the sum of the classes */
    TB_F_CACHE_HIT = 4,      /* semantic-cache hit: counted, never charged */
    TB_F_REFUSED = 8         /* 429, or the scraper's rate-limit event */
};

struct tb_event {
    int64_t ts_us;
    struct tb_str id; /* the log's own call id (+ plugin key), absent when it has none */
    struct tb_str text[TB_T_COUNT];
    int64_t number[TB_N_COUNT];
    uint32_t present; /* bit 1 << TB_N_x */
    uint8_t quality;  /* enum tb_quality */
    uint8_t flags;    /* enum tb_event_flag */
    bool has_cost;
    struct tb_decimal cost; /* logged cost; its currency in text[TB_T_COST_CURRENCY], absent = unit unknown */
    struct tb_str prompt;   /* view of the prompt's text as extracted; NEVER stored or printed */
    uint64_t prompt_fingerprint; /* 0 = none */
};

static inline bool tb_event_has(const struct tb_event *e, enum tb_event_number n)
{
    return (e->present >> n & 1u) != 0;
}

static inline void tb_event_set(struct tb_event *e, enum tb_event_number n, int64_t value)
{
    e->number[n] = value;
    e->present |= 1u << n;
}

void tb_event_clear(struct tb_event *e);

/* Quota tokens: input + cache_read + cache_write_* + output; for total_only the total. */
int64_t tb_event_tokens(const struct tb_event *e);

/* Checks ranges and subset rules (0 <= tokens <= TB_TOKENS_MAX, reasoning <= output, ts in range, status 0..999).
 * NULL when good, else the reject reason. */
const char *tb_event_check(const struct tb_event *e);

#endif
