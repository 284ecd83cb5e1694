#include "detect/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

const char *const tb_kind_names[TB_KIND_COUNT] = {
#define NAME(id, name) name,
    TB_KINDS(NAME)
#undef NAME
};

const char *const tb_severity_names[4] = {"info", "warning", "critical", "emergency"};

static void add_text(struct tb_sha256 *h, struct tb_str s)
{
    if (s.n > 0) {
        tb_sha256_add(h, s.s, s.n);
    }
    tb_sha256_add(h, "", 1);
}

void tb_finding_name(struct tb_finding *f, struct tb_str who, struct tb_str what, int64_t us)
{
    struct tb_sha256 h;
    char hex[TB_SHA256_HEX];
    tb_sha256_init(&h);
    add_text(&h, tb_str_of(tb_kind_names[f->kind]));
    add_text(&h, who);
    add_text(&h, what);
    tb_sha256_add(&h, &us, sizeof us);
    tb_sha256_hex(&h, hex);
    memcpy(f->id, hex, sizeof f->id - 1);
    f->id[sizeof f->id - 1] = '\0';
}

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
