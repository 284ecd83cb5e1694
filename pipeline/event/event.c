#include "event/event.h"

#include "base/limits.h"

const char *const tb_event_text_names[TB_T_COUNT] = {
    "node",    "consumer", "provider", "model_requested", "model",      "service_tier",
    "feature", "variant",  "trigger",  "client_ip",       "user_agent", "cost_currency"};

const char *const tb_event_number_names[TB_N_COUNT] = {
    "input",         "cache_read",     "cache_write_5m", "cache_write_1h", "output",     "reasoning",
    "total_only",    "saved",          "status",         "success",        "latency_ms", "retries",
    "request_bytes", "response_bytes", "prompt_chars",   "limit",          "remaining"};

const char *const tb_quality_names[4] = {"none", "total_only", "estimated", "exact"};

/* 2200-01-01T00:00:00Z: a clock that far ahead is a broken line, and a day must stay a small number. */
#define TS_END (INT64_C(7258118400) * TB_US_PER_S)

void tb_event_clear(struct tb_event *e)
{
    *e = (struct tb_event){0};
}

int64_t tb_event_tokens(const struct tb_event *e)
{
    if (tb_event_has(e, TB_N_TOTAL_ONLY)) {
        return e->number[TB_N_TOTAL_ONLY];
    }
    return e->number[TB_N_INPUT] + e->number[TB_N_CACHE_READ] + e->number[TB_N_CACHE_WRITE_5M] +
           e->number[TB_N_CACHE_WRITE_1H] + e->number[TB_N_OUTPUT];
}

const char *tb_event_check(const struct tb_event *e)
{
    if (e->ts_us < 0 || e->ts_us >= TS_END) {
        return "ts_range";
    }
    for (uint32_t m = e->present; m != 0; m &= m - 1) {
        int i = __builtin_ctz(m);
        int64_t n = e->number[i];
        if (n < 0) {
            return "negative";
        }
        if (n > TB_TOKENS_MAX && i <= TB_N_SAVED) {
            return "number_range";
        }
    }
    if (e->number[TB_N_STATUS] > 999 || e->number[TB_N_SUCCESS] > 1) {
        return "number_range";
    }
    return e->number[TB_N_REASONING] > e->number[TB_N_OUTPUT] ? "negative_remainder" : NULL;
}
