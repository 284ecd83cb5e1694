/* Concept: a batch as compact bytes and back, exactly: about 110 bytes an event instead of 300.
 * Shape:   for this process alone (reasons are written as pointers); no version, no byte order.
 */
#ifndef TB_CODEC_H
#define TB_CODEC_H

#include "base/buf.h"
#include "load/batch.h"

/* Replaces what out holds. */
enum tb_status tb_batch_encode(const struct tb_batch *b, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

/* Replaces what b holds; b must be made with the same bounds. bytes must come from tb_batch_encode
 * (asserted). */
void tb_batch_decode(struct tb_str bytes, struct tb_batch *b);

#endif
