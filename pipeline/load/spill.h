/* Concept: a worker's temporary file for batches that the committer cannot take yet.
 * Shape:   unlinked as soon as it is made, in $TMPDIR (else /tmp), mode 0600: it goes when the process does,
 *          however it ends. What was read back is given back to the file system.
 * Owns:    the file and its encoding scratch, until tb_spill_release.
 * Errors:  TB_FATAL/TB_E_IO naming the folder: what a worker read cannot be kept anywhere else.
 */
#ifndef TB_SPILL_H
#define TB_SPILL_H

#include "base/buf.h"
#include "load/batch.h"

struct tb_spill {
    int fd;       /* -1 until the first write */
    uint64_t end; /* where the next chunk goes */
    struct tb_buf encoded;
};

struct tb_chunk {
    uint64_t offset;
    size_t n;
};

void tb_spill_init(struct tb_spill *s);
void tb_spill_release(struct tb_spill *s);

enum tb_status tb_spill_write(struct tb_spill *s, const struct tb_batch *b, struct tb_chunk *out,
                              struct tb_err *err) TB_MUST_USE;

/* Reads a chunk into b; scratch is the reader's own buffer, so that one thread may write while another
 * reads. */
enum tb_status tb_spill_read(const struct tb_spill *s, struct tb_chunk chunk, struct tb_buf *scratch,
                             struct tb_batch *b, struct tb_err *err) TB_MUST_USE;

/* Everything written was read: the next chunk goes to the file's start again. Only the writing thread may say
 * so. */
void tb_spill_rewind(struct tb_spill *s);

#define TB_SPILL_SCRATCH_MAX                                                                                 \
    ((size_t)64 << 20) /* of an encoded batch: TB_BATCH_ROWS rows of 400 bytes and their texts */

#endif
