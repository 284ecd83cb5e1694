/* Concept: the caps of loading, each with its reason; a struct, so that tests can make them tiny and reach
 *          every spill.
 */
#ifndef TB_BOUNDS_H
#define TB_BOUNDS_H

#include <stddef.h>
#include <stdint.h>
#include "base/limits.h"
#include "format/format.h"

struct tb_bounds {
    uint32_t batch_rows;    /* rows of a batch; at most TB_BATCH_ROWS */
    uint32_t batch_rejects; /* reject rows of a batch */
    uint32_t
        batch_text_bytes;  /* ids, new dimension texts and excerpts of a batch; one event's texts must fit */
    uint32_t batches;      /* of one worker: one is being filled, the others wait for the committer */
    uint32_t intern_texts; /* distinct dimension texts a worker numbers before it begins anew */
    size_t intern_bytes;   /* ... and their bytes */
    uint32_t occurrence_slots; /* table of id-less records; three quarters of it are used (a power of two) */
    uint64_t spill_bytes;      /* encoded rows waiting in a worker's temporary file; then the worker waits */
    uint32_t reject_rows;      /* reject rows kept per file; all are counted */
    uint32_t sample_records;   /* records of JSON looked at to find a file's format */
    uint32_t sample_others;    /* ... or records of any kind */
    size_t sample_bytes;       /* ... and their bytes */
    uint32_t group_files;      /* files that share a transaction, at most */
    uint32_t group_rows;       /* ... which ends with the file that makes so many rows */
};

/* A row is about 300 bytes: 8,192 are 2.5 MB, so that the five batches under way on two cores stay near 16
 * MB. A transaction writes some twenty pages of 16 KiB whatever is in it, so that thousands of files of a few lines, each in its own,
 * would write gigabytes; what a kill undoes stays a fraction of a second's work. Ended by number, never by time: the same files give
 * the same database. */
#define TB_BOUNDS_DEFAULT                                                                                    \
    ((struct tb_bounds){.batch_rows = TB_SEGMENT_ROWS,                                                       \
                        .batch_rejects = 4096,                                                               \
                        .batch_text_bytes = 2u << 20,                                                        \
                        .batches = 3,                                                                        \
                        .intern_texts = 1u << 17,                                                            \
                        .intern_bytes = 8u << 20,                                                            \
                        .occurrence_slots = 1u << 20,                                                        \
                        .spill_bytes = UINT64_C(1) << 30,                                                    \
                        .reject_rows = TB_REJECT_ROWS_MAX,                                                   \
                        .sample_records = TB_BID_RECORDS,                                                    \
                        .sample_others = TB_BID_OTHERS,                                                      \
                        .sample_bytes = 1u << 20,                                                            \
                        .group_files = 64,                                                                   \
                        .group_rows = TB_SEGMENT_ROWS})

/* What one event can need of a batch's texts: an id, every dimension, an excerpt, a signature. */
#define TB_BOUNDS_EVENT_TEXT_MAX (TB_ID_BYTES_MAX + 16u * TB_FIELD_BYTES_MAX + 64u)

#endif
