/* Concept: what source.c and source_bind.c share.
 */
#ifndef TB_SOURCE_PARTS_H
#define TB_SOURCE_PARTS_H

#include <errno.h>
#include <stdbool.h>
#include "input/source.h"

/* Appends f; its texts are copied. */
enum tb_status tb_source_append(struct tb_input_list *l, struct tb_input_file f,
                                struct tb_err *err) TB_MUST_USE;
enum tb_status tb_source_no_memory(struct tb_err *err);

/* "/a//b/./c" as "/a/b/c", into out (room for strlen + 2): the walk builds its paths so. */
void tb_source_tidy(const char *pattern, char *out);

/* Does this errno say that there is no such file (a dangling link included)? */
static inline bool tb_source_gone(int cause)
{
    return cause == ENOENT || cause == ENOTDIR || cause == ELOOP;
}

#endif
