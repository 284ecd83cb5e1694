/* Two sources that bill and read the same file: each of its calls is an event of both, and charged twice. */
#include <string.h>

#include "input/source.h"

/* The files of one source lie together, by path. */
static size_t files_of(const struct tb_input_list *list, const char *source, size_t *end)
{
    size_t from = 0;
    while (from < list->n && strcmp(list->files[from].source, source) != 0) {
        from++;
    }
    *end = from;
    while (*end < list->n && strcmp(list->files[*end].source, source) == 0) {
        (*end)++;
    }
    return from;
}

static const char *common_path(const struct tb_input_list *list, const char *first, const char *second)
{
    size_t a_end, b_end;
    size_t a = files_of(list, first, &a_end), b = files_of(list, second, &b_end);
    while (a < a_end && b < b_end) {
        int c = strcmp(list->files[a].path, list->files[b].path);
        if (c == 0) {
            return list->files[a].path;
        }
        a += c < 0;
        b += c > 0;
    }
    return NULL;
}

/* What one format reads of a file that holds several, another one does not. */
static bool may_share(const struct tb_source_setting *a, const struct tb_source_setting *b)
{
    return a->bill && b->bill &&
           (a->format == NULL || b->format == NULL || strcmp(a->format, b->format) == 0);
}

void tb_source_twice(const struct tb_settings *s, const struct tb_input_list *list,
                     void (*twice)(void *ctx, const char *path, const char *first, const char *second),
                     void *ctx)
{
    for (int i = 0; i < s->source_count; i++) {
        for (int k = i + 1; k < s->source_count; k++) {
            const struct tb_source_setting *a = &s->sources[i], *b = &s->sources[k];
            const char *path = may_share(a, b) ? common_path(list, a->name, b->name) : NULL;
            if (path != NULL) {
                twice(ctx, path, s->sources[i].name, s->sources[k].name);
            }
        }
    }
}
