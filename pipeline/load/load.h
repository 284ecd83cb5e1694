/* Concept: files in, each whole in one transaction: workers read, unwrap, extract and intern; one committer stores
 *          in the order of the list, so that nothing depends on thread timing.
 * Shape:   a worker per file, as many as cores; a worker that is ahead of the committer spills encoded
 *          batches to an unlinked temporary file (TMPDIR), never to memory.
 * Errors:  a file that cannot be opened, is truncated or damaged is told in the summary and in the ledger
 *          (what came before is kept), and the others go on. TB_FATAL (database, memory) stops all.
 * Limits:  memory is independent of the input's size.
 */
#ifndef TB_LOAD_H
#define TB_LOAD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "config/settings.h"
#include "format/format.h"
#include "input/source.h"
#include "store/db.h"

struct tb_load_options {
    int workers; /* 0 = cores */
    const volatile sig_atomic_t
        *stop; /* may be NULL; non-zero: stop before the next commit, TB_FAIL/TB_E_INTERRUPT */
    int64_t
        today_us; /* when the present day began: a log with calls since then is still being written; 0: none is */
};

/* Which rejected lines to read again; everything NULL: all. */
struct tb_load_again {
    const char *source;
    const char *format;                /* for those of which none was read */
    const struct tb_input_list *paths; /* only of these */
};

struct tb_load_summary {
    uint64_t files;       /* read now (members count each) */
    uint64_t files_known; /* passed over: same path, size and time as in the ledger */
    uint64_t lines, events, duplicates, conflicts, ignored, rejected;
    uint64_t incomplete; /* files that end early, are damaged, or could not be read */
    uint64_t bytes;      /* decompressed */
    uint64_t growing;    /* rejected lines that are but the torn ends of logs still being written */
    uint64_t unread;     /* rejected lines that stay because their file is gone or another */
    /* The instants between which the files with rejected lines have lines; from_us = to_us: of no day of their own. */
    int64_t rejected_from_us, rejected_to_us;
};

/* Each trouble with a file is also said by tb_log as it is met. */
enum tb_status tb_load_files(struct tb_db *db, const struct tb_settings *s,
                             const struct tb_format_set *formats, const struct tb_input_list *list,
                             const struct tb_load_options *options, struct tb_load_summary *summary,
                             struct tb_err *err) TB_MUST_USE;

/* Reads the rejected lines of the ledger again, and only them, from files that still hold the bytes they were read from: what
 * a mended format makes of them is counted in their file's row, by one transaction for each file. A file of which no line was
 * ever a call (no format knew it) is read whole. A file that has only grown is read as far as it was. Lines of other files stay
 * rejected, with a message, and count in summary->unread. lines ... rejected of the summary are those of the lines read again. */
enum tb_status tb_load_retry(struct tb_db *db, const struct tb_settings *s,
                             const struct tb_format_set *formats, const struct tb_load_again *again,
                             const struct tb_load_options *options, struct tb_load_summary *summary,
                             struct tb_err *err) TB_MUST_USE;

#endif
