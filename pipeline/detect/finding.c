#include "detect/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tb_kind_names[TB_KIND_COUNT] = {
#define NAME(id, name) name,
    TB_KINDS(NAME)
#undef NAME
};

const char *const tb_severity_names[4] = {"info", "warning", "critical", "emergency"};

struct tb_finding *tb_findings_add(struct tb_findings *list, enum tb_kind kind)
{
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        struct tb_finding *p = realloc(list->f, cap * sizeof *p);
        if (p == NULL) {
            return NULL;
        }
        list->f = p;
        list->cap = cap;
    }
    struct tb_finding *f = &list->f[list->n++];
    memset(f, 0, sizeof *f);
    f->kind = kind;
    f->severity = TB_SEVERITY_WARNING;
    f->expected = NAN;
    return f;
}

void tb_findings_release(struct tb_findings *list)
{
    free(list->f);
    *list = (struct tb_findings){NULL, 0, 0};
}
