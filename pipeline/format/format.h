/* Concept: log formats as data. A format file (schemas/formats/ID.json, its vocabulary in pipeline/format/README.md) is
 *          compiled to a key trie; one pass over a line validates it whole and fills events.
 * Owns:    a tb_format_set owns its formats; read-only after loading, shared by threads. A tb_extractor is one thread's
 *          scratch; nothing is allocated per line in the steady state.
 * Errors:  a bad format file is TB_FAIL/TB_E_FORMAT with file, line, column. A bad line is an outcome, not an error.
 * Limits:  TB_JSON_DEPTH_MAX, TB_EVENTS_PER_RECORD_MAX, TB_FIELD_BYTES_MAX, TB_ID_BYTES_MAX, TB_TOKENS_MAX.
 */
#ifndef TB_FORMAT_H
#define TB_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"
#include "event/event.h"
#include "event/prompt.h"

struct tb_format;
struct tb_format_set;
struct tb_extractor;

/* The shipped formats and, when dir is not NULL, every *.json in dir (same id: the user's rules). */
enum tb_status tb_format_set_new(const char *dir, struct tb_format_set **out, struct tb_err *err) TB_MUST_USE;
void tb_format_set_free(struct tb_format_set *set);
size_t tb_format_count(const struct tb_format_set *set);
const struct tb_format *tb_format_at(const struct tb_format_set *set, size_t i); /* sorted by id */
const struct tb_format *tb_format_find(const struct tb_format_set *set,
                                       const char *id); /* NULL when not there */
const char *tb_format_id(const struct tb_format *f);
const char *tb_format_about(const struct tb_format *f);
const char *
tb_format_digest(const struct tb_format *f); /* 16 hex digits of the file's content: part of run ids */

enum tb_outcome_kind { TB_OUTCOME_EVENTS, TB_OUTCOME_IGNORED, TB_OUTCOME_REJECTED };

/* Shape: IGNORED and REJECTED carry a reason (a word like not_ai, nginx_access, blank; bad_json, no_ts, number_range,
 * negative_remainder, ...; it lives as long as the format set) and, for REJECTED, the byte in the record where it went wrong.
 * REJECTED may carry an excerpt: structure only, keys without values, sanitised, at most 200 bytes. */
struct tb_outcome {
    enum tb_outcome_kind kind;
    const char *reason;
    uint64_t byte;
    struct tb_event *events; /* owned by the extractor, valid with their texts until the next tb_extract */
    uint32_t n;
    struct tb_str excerpt;
};

struct tb_extractor *tb_extractor_new(const struct tb_format *f); /* NULL: no memory */
void tb_extractor_free(struct tb_extractor *x);

/* A new file or member begins (CSV headers are read anew). */
void tb_extractor_start(struct tb_extractor *x);

/* record: one unwrapped record, trimmed; 16 bytes behind it must be readable. */
void tb_extract(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out);

/* Detection looks at the first records of a file: TB_BID_RECORDS that can be some format's JSON, or TB_BID_OTHERS of
 * whatever kind (rows of CSV, a program's own words, torn ends). */
enum { TB_BID_RECORDS = 50, TB_BID_OTHERS = 1000 };

/* Why every format ignores record ("nginx_access", "nginx_error"), so that it tells none; NULL when it does. */
const char *tb_format_known(struct tb_str record);

/* Which format lines are: points per format; the winner, or NULL when none recognises a line. */
const struct tb_format *tb_format_bid(const struct tb_format_set *set, const struct tb_str *records,
                                      size_t n);

/* The same where a format was wished for (or NULL): that, if any of the records is an event or a known other line in it, else
 * the winner, who must have more points than it, else that. */
const struct tb_format *tb_format_choose(const struct tb_format_set *set, const struct tb_format *wish,
                                         const struct tb_str *records, size_t n);

/* For `formats test`: calls field(name, value, from) for each event field of the last tb_extract: where it came from
 * ("/ai/proxy/usage/prompt_tokens"), or why not. Prompt values are given as "(N characters)". */
void tb_extract_explain(struct tb_extractor *x, struct tb_str record,
                        void (*field)(void *ctx, uint32_t event, const char *name, struct tb_str value,
                                      const char *from),
                        void *ctx);

/* Runs the samples in each format file (accepted, ignored, rejected); calls bad for each that does not hold (counted from 1
 * in its file; 0: there are too few). Returns the
 * number of samples run. */
size_t tb_format_check_samples(const struct tb_format_set *set,
                               void (*bad)(void *ctx, const char *id, size_t sample, const char *why),
                               void *ctx);

#endif
