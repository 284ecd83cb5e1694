/* Concept: what makes two records the same call, and which of two different ones rules (CONTRACT.md, "Exactly once").
 * Shape:   identity = 128 bits of (source, id); without an id of (source, record bytes, occurrence number in its file).
 *          payload = 64 bits of the event's fields without node, from their texts, never from dictionary numbers, so that
 *          it is the same in every database.
 */
#ifndef TB_IDENTITY_H
#define TB_IDENTITY_H

#include "base/hash.h"
#include "event/event.h"

struct tb_hash128 tb_identity_of_id(struct tb_str source, struct tb_str id);
/* part: number of the event within its record (0 for the first). occurrence counts equal records of one file from 0. */
struct tb_hash128 tb_identity_of_bytes(struct tb_hash128 record, uint32_t part, uint32_t occurrence);
/* Digest of a record's bytes (trimmed, unwrapped) under its source. */
struct tb_hash128 tb_identity_record(struct tb_str source, struct tb_str bytes);

/* XXH3-64 of a dimension's text, as payloads use it (0 for absent); lets a caller hash each distinct text once. */
uint64_t tb_identity_text(struct tb_str text);

/* What a payload digest and a conflict decision read of an event; text hashes instead of texts. */
struct tb_payload {
    int64_t ts_us;
    uint64_t text_hash[TB_T_COUNT]; /* [TB_T_NODE] is ignored */
    int64_t number[TB_N_COUNT];
    uint32_t present;
    uint8_t quality;
    uint8_t flags;
    bool has_cost;
    struct tb_decimal cost;
    uint64_t prompt_fingerprint;
};
uint64_t tb_payload_digest(const struct tb_payload *p);

/* > 0 when a rules over b: has usage beats none, then exact > estimated > total_only, more fields, larger total, later
 * ts, larger digest (first of all but the prompt, whose fingerprint is keyed, so that every installation chooses alike). A total
 * order: 0 only for equal digests. Fields are those that the log has: defaults do not count. */
int tb_payload_compare(const struct tb_payload *a, uint64_t a_digest, const struct tb_payload *b,
                       uint64_t b_digest);

#endif
