/* Concept: the logs' own call ids as a column group. An id that begins with 32 hex digits or with a UUID
 *          (lower case) has those as 16 bytes; what follows them (a plugin key), and any other id,
 *          stands as it is.
 */
#ifndef TB_ID_TEXT_H
#define TB_ID_TEXT_H

#include "store/segment.h"

enum tb_status tb_id_text_encode(struct tb_buf *out, const struct tb_row *const *rows, uint32_t n,
                                 struct tb_err *err) TB_MUST_USE;

/* Fills id[0..n); their characters are in text. False for bytes that are no such group. */
bool tb_id_text_decode(struct tb_str in, struct tb_buf *text, struct tb_str *id, uint32_t n);

#endif
