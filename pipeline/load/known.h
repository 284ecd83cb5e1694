/* Concept: what the ledger says about files before they are read: unchanged since, or content that is known
 *          already.
 * Shape:   tb_known_pending leaves out what need not be read; tb_known_contents are the raw digests of whole
 *          files as large as one of the pending ones, so that a worker can tell a copy without the database.
 * Owns:    tb_known its texts, until tb_known_free. Read-only after loading: threads share it.
 */
#ifndef TB_KNOWN_H
#define TB_KNOWN_H

#include <stdbool.h>
#include "base/hash.h"
#include "input/source.h"
#include "load/load.h"

/* The files of list to read now, in its order, into pending (room for list->n). Counts the others in
 * summary. */
enum tb_status tb_known_pending(struct tb_db *db, const struct tb_input_list *list,
                                const struct tb_input_file **pending, size_t *n,
                                struct tb_load_summary *summary, struct tb_err *err) TB_MUST_USE;

struct tb_known;

enum tb_status tb_known_load(struct tb_db *db, const struct tb_input_file *const *pending, size_t n,
                             struct tb_known **out, struct tb_err *err) TB_MUST_USE;
void tb_known_free(struct tb_known *k);

/* Is there any content to compare with? Else a file's digest is needed only when it has been read. */
bool tb_known_any(const struct tb_known *k);

/* Is a file of node, read as format, a copy of a known one? By the same rule as the committer's. */
bool tb_known_copy(const struct tb_known *k, struct tb_str source, struct tb_str format, struct tb_str node,
                   struct tb_hash128 raw);

/* A known content is only a copy when its node would stay: the smaller name does, and a name beats none. */
bool tb_known_node_stays(struct tb_str known, struct tb_str node);

/* What comes through a pipe is never what came before, whatever its name. */
bool tb_known_is_pipe(const struct tb_input_file *f);

#endif
