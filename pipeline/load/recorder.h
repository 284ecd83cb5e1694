/* Concept: the outcomes of records become rows, rejects and counts of one member, in batches for the
 *          committer.
 * Shape:   an event's row = its numbers, its identity and payload digest, and numbers for its texts
 *          (intern.h).
 * Owns:    its numbering, tables and the batch being filled, from tb_recorder_init until tb_recorder_release;
 *          one thread's.
 * Errors:  TB_FATAL only (memory, temporary file, TB_E_INTERRUPT when all was cancelled).
 */
#ifndef TB_RECORDER_H
#define TB_RECORDER_H

#include "format/format.h"
#include "load/handover.h"
#include "load/intern.h"
#include "load/late.h"
#include "load/occurrence.h"

/* Where a record is. part numbers the records of one physical line by TB_EVENTS_PER_RECORD_MAX. */
struct tb_where {
    uint64_t line, byte;
    uint64_t part;
    struct tb_str node; /* that its wrapper names, or absent */
    bool whole_line;    /* the record is the physical line, unchanged */
    bool counted;       /* earlier: now it is only part of the member's content */
    bool at_end;        /* nothing ends it: if it is broken, it is torn */
};

struct tb_recorder {
    struct tb_handover *handover;
    const struct tb_bounds *bounds;
    struct tb_job *job;
    struct tb_member *member;
    struct tb_intern *intern;
    struct tb_occurrence *occurrence;
    struct tb_late late;
    struct tb_batch *batch;
    uint32_t defined; /* numbers whose texts were handed over */
    uint32_t rejects;
    struct tb_str source, file_node;
    struct tb_buf node_raw, node_clean; /* the last wrapper node as it came, and repaired */
};

enum tb_status tb_recorder_init(struct tb_recorder *r, struct tb_handover *h, struct tb_lane *lane,
                                struct tb_err *err) TB_MUST_USE;
void tb_recorder_release(struct tb_recorder *r);

/* A member of job begins. */
void tb_recorder_start(struct tb_recorder *r, struct tb_job *job, struct tb_member *member);

/* A physical line that is not itself one record (blank, wrapped, part of something). */
void tb_recorder_line(struct tb_recorder *r, uint64_t line, struct tb_str bytes);

enum tb_status tb_recorder_ignored(struct tb_recorder *r, const struct tb_where *w, struct tb_str record,
                                   const char *reason, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_recorder_rejected(struct tb_recorder *r, const struct tb_where *w, struct tb_str record,
                                    const char *reason, uint64_t byte, struct tb_str excerpt,
                                    struct tb_err *err) TB_MUST_USE;
enum tb_status tb_recorder_events(struct tb_recorder *r, const struct tb_where *w, struct tb_str record,
                                  struct tb_event *events, uint32_t n, struct tb_err *err) TB_MUST_USE;

/* The member's end: hands over what is left. */
enum tb_status tb_recorder_finish(struct tb_recorder *r, struct tb_err *err) TB_MUST_USE;

#endif
