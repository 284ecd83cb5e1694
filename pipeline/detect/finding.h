/* Concept: one finding: what was seen of whom, when, against what was expected, and what it cost.
 * Shape:   id is 16 hexadecimal digits, the same on every day that the incident is open and in every rerun. evidence and action are
 *          one sentence each. expected is NAN where there is none. also: bits of kinds that told of the same.
 * Units:   cost in pico (10^-12 of the currency); [start_us, end_us).
 */
#ifndef TB_FINDING_H
#define TB_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

/* The contract's words. Among reports of one incident the kind that stands first here is told. */
/* clang-format off */
#define TB_KINDS(X)                                                                                          \
    X(LOOP_GROWING, "loop_growing") X(REPEAT_EXACT, "repeat_exact") X(REPEAT_TEMPLATE, "repeat_template")    \
    X(REPEAT_NEAR, "repeat_near") X(BOT_UA, "bot_ua") X(BOT_REGULAR, "bot_regular") X(BOT_24H, "bot_24h")    \
    X(RETRY_STORM, "retry_storm") X(OUTAGE, "outage") X(LARGE_PROMPT, "large_prompt")                        \
    X(HIDDEN_RECOMPUTE, "hidden_recompute")                                                                  \
    X(MODEL_MIX, "model_mix") X(CONTEXT_BLOAT, "context_bloat") X(OUTPUT_BLOAT, "output_bloat")              \
    X(OFF_HOURS, "off_hours")                                                                                \
    X(SPIKE, "spike") X(SUSTAINED, "sustained") X(TOOL_FAIL, "tool_fail")                                    \
    X(FEATURE_DOMINATES, "feature_dominates")                                                                \
    X(COST_RATE, "cost_rate") X(BUDGET, "budget") X(PREDICT, "predict")                                      \
    X(QUOTA_EXHAUSTED, "quota_exhausted")                                                                    \
    X(UNPRICED, "unpriced") X(CACHE_CANDIDATE, "cache_candidate") X(NEW_CONSUMER, "new_consumer")
/* clang-format on */

enum tb_kind {
#define TB_KIND_ID(id, name) TB_KIND_##id,
    TB_KINDS(TB_KIND_ID)
#undef TB_KIND_ID
        TB_KIND_COUNT
};
extern const char *const tb_kind_names[TB_KIND_COUNT];

enum tb_severity { TB_SEVERITY_INFO, TB_SEVERITY_WARNING, TB_SEVERITY_CRITICAL, TB_SEVERITY_EMERGENCY };
extern const char *const tb_severity_names[4];

#define TB_EVIDENCE_MAX 640
#define TB_SEEN_MAX     32

/* One report that went into a finding's `observed` of its last day, as its judge made it: where it can be looked up again. */
struct tb_seen {
    int64_t start_us, end_us;
    uint64_t subject;
    double least;     /* large_prompt: tokens from which on prompts of the feature are counted */
    uint32_t feature; /* large_prompt: each has its own limit */
};

struct tb_finding {
    char id[17];
    enum tb_kind kind;
    uint32_t also;
    enum tb_severity severity;
    uint32_t consumer;     /* dict id; 0 = all */
    const char *dimension; /* "feature", "model", ...; NULL */
    uint32_t value;        /* dict id of the dimension's value */
    struct tb_str text;    /* the value where no log has it (a budget's glob): borrowed from the tables */
    struct tb_seen seen[TB_SEEN_MAX];
    uint32_t seen_n;  /* more reports than fit: the rest is not looked up */
    uint64_t subject; /* what tells two incidents of a kind apart (a prompt, an address); never printed */
    int64_t start_us, end_us;
    double score, observed, expected;
    double extra; /* requests that the finding is about, beyond what is usual */
    int64_t cost;
    int32_t first_day, last_day; /* civil days on which it was seen */
    bool appendix;               /* less than min_excess */
    bool new_normal;
    char evidence[TB_EVIDENCE_MAX];
    char action[200];
};

struct tb_findings {
    struct tb_finding *f;
    size_t n, cap;
};

/* Names an incident by what it is about: the same words and instant, the same id. */
void tb_finding_name(struct tb_finding *f, struct tb_str who, struct tb_str what, int64_t us);

/* Adds a zeroed finding (expected NAN); NULL: no memory. */
struct tb_finding *tb_findings_add(struct tb_findings *list, enum tb_kind kind);
void tb_findings_release(struct tb_findings *list);

#endif
