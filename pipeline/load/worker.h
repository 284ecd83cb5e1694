/* Concept: one thread that reads files: members, lines, records, events, into batches for the committer.
 * Shape:   the format is the configured one, else told from the member's first records. A file whose raw
 *          bytes are known is not read at all (COPY).
 * Owns:    its line buffer, unwrapper, extractors, recorder and lane, reused from file to file.
 * Errors:  trouble with a file goes with its items; trouble of the worker itself cancels all
 *          (tb_handover_fail).
 */
#ifndef TB_WORKER_H
#define TB_WORKER_H

#include "input/lines.h"
#include "input/unwrap.h"
#include "load/known.h"
#include "load/recorder.h"
#include "load/sample.h"

struct tb_worker {
    struct tb_handover *handover;
    const struct tb_format_set *formats;
    const struct tb_known *known;
    struct tb_lane lane;
    struct tb_recorder recorder;
    struct tb_sample sample;
    struct tb_lines *lines;
    struct tb_unwrap *unwrap;
    struct tb_extractor **extractors; /* by number in the set; NULL until used */
    pthread_t thread;
    bool running;

    /* of the file being read */
    struct tb_job *job;
    struct tb_stream *stream;
    struct tb_member *member;
    const struct tb_retry_member *again; /* of the member, when its rejected lines are read again */
    size_t members;                      /* of the file, begun */
    bool head;                           /* read as far as it was read before: it has grown since */
    struct tb_extractor *extractor;      /* NULL: not told yet, or no format */
    bool settled, announced;             /* the format is told; MEMBER was put */
    bool pipe;
    bool borrowed; /* a core, to decompress ahead */
    bool has_raw;
    struct tb_hash128 raw;
    int64_t size, mtime_s, mtime_ns; /* as the digest was taken */
    uint64_t line;                   /* of the last record, ... */
    uint32_t ordinal;                /* ... and its number among that line's */
    bool at_end;                     /* what is read now may go on when the log does */
    uint64_t told_bytes;             /* of progress */
};

enum tb_status tb_worker_init(struct tb_worker *w, struct tb_handover *h, const struct tb_format_set *formats,
                              const struct tb_known *known, struct tb_err *err) TB_MUST_USE;
void tb_worker_release(struct tb_worker *w); /* after its thread ended and tb_handover_release */

/* ---- worker_file.c: the file of the job ---- */

/* The digest of a regular file's raw bytes; other files (pipes) have none. Without a known content to compare with it is made
 * while the file is read, and told by tb_worker_file_settle when a member was read: it goes with the member, unless the file
 * is no longer what it was when tb_worker_file_take looked. */
void tb_worker_file_take(struct tb_worker *w);
void tb_worker_file_settle(struct tb_worker *w);
bool tb_worker_file_is_copy(const struct tb_worker *w, const char *format);
/* Are the bytes that were read then still there? If not, what fault says. */
bool tb_worker_file_again(const struct tb_worker *w, const struct tb_retry *again);
void tb_worker_file_say_gone(const struct tb_worker *w, const struct tb_retry *again, struct tb_err *fault);

/* Another thread decompresses ahead, where there is a core for it. For _close: the stream, and what was borrowed. */
void tb_worker_file_hasten(struct tb_worker *w);
void tb_worker_file_close(struct tb_worker *w);

/* Takes jobs until there are no more; the body of the thread. */
void *tb_worker_run(void *worker);

#endif
