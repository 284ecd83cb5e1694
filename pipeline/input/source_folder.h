/* Concept: the names in a folder, read once for all the patterns that look into it, so that thousands of sources over one
 *          folder cost one reading of it, and each its own names.
 * Shape:   names are in byte order, without "." and "..".
 * Owns:    tb_folders keeps the last TB_FOLDERS_KEPT folders; one that is held stays.
 */
#ifndef TB_SOURCE_FOLDER_H
#define TB_SOURCE_FOLDER_H

#include <stddef.h>
#include "base/str.h"

#define TB_FOLDERS_KEPT 16 /* of a pattern with many folders each is read once per pattern */

struct tb_folder {
    char *path;
    char **names;
    size_t n;
    int held;
    unsigned long used; /* when: the one not used for longest goes */
};

struct tb_folders {
    struct tb_folder *kept[TB_FOLDERS_KEPT];
    unsigned long clock;
};

/* The folder at path, held until tb_folder_release. NULL: errno says why (ENOMEM among others). */
struct tb_folder *tb_folders_hold(struct tb_folders *f, const char *path);
void tb_folder_release(struct tb_folders *f, struct tb_folder *folder);
void tb_folders_free(struct tb_folders *f);

/* The names that begin with prefix: [*from, *to). */
void tb_folder_range(const struct tb_folder *folder, struct tb_str prefix, size_t *from, size_t *to);

#endif
