#include "base/embed.h"

#include <assert.h>
#include <string.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

const char *tb_embed_text(const struct tb_embed *list, const char *name)
{
    assert(list != NULL && name != NULL);
    for (; list->path != NULL; list++) {
        if (strcmp(last_part(list->path), name) == 0) {
            return (const char *)list->data;
        }
    }
    assert(!"the embedded file is there");
    return NULL;
}
