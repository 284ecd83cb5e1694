/* Concept: files in, one transaction each out: workers read, unwrap, extract and intern; one committer stores
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
};

struct tb_load_summary {
    uint64_t files;       /* read now (members count each) */
    uint64_t files_known; /* passed over: same path, size and time as in the ledger */
    uint64_t lines, events, duplicates, conflicts, ignored, rejected;
    uint64_t incomplete; /* files that end early, are damaged, or could not be read */
    uint64_t bytes;      /* decompressed */
};

/* Each trouble with a file is also said by tb_log as it is met. */
enum tb_status tb_load_files(struct tb_db *db, const struct tb_settings *s,
                             const struct tb_format_set *formats, const struct tb_input_list *list,
                             const struct tb_load_options *options, struct tb_load_summary *summary,
                             struct tb_err *err) TB_MUST_USE;

#endif
