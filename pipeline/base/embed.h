/* Concept: files of the source tree that the program carries in itself: .sql files beside their users,
 *          formats, rules, starter tables.
 * Shape:   a folder's files are `extern const struct tb_embed tb_embed_FOLDER[]` (FOLDER = last part of its
 *          path), sorted by path, ended by a NULL path. A NUL stands behind the data, not counted.
 */
#ifndef TB_EMBED_H
#define TB_EMBED_H

#include <stddef.h>

struct tb_embed {
    const char *path; /* in the source tree: "pipeline/store/file_insert.sql" */
    const unsigned char *data;
    size_t n;
};

/* The text of the file in list whose last path part is name; asserts that it is there. */
const char *tb_embed_text(const struct tb_embed *list, const char *name);

#endif
