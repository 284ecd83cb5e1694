#include "detect/members.h"
#include <stdlib.h>
#include "detect/pass.h"

struct follow {
    bool begun, open; /* open: the last span goes on */
    uint32_t ip;
    size_t last;
};

struct looking {
    const struct tb_finding *f;
    struct follow of[TB_SEEN_MAX];
    struct tb_member_span *span;
    size_t n, cap;
    bool failed;
};

static void add(struct looking *l, struct follow *w, const struct tb_pass_event *e)
{
    if (w->open) {
        l->span[w->last].to_us = e->ts_us + 1;
        return;
    }
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
        struct tb_member_span *wider = realloc(l->span, cap * sizeof *wider);
        if (wider == NULL) {
            l->failed = true;
            return;
        }
        l->span = wider;
        l->cap = cap;
    }
    w->last = l->n++;
    w->open = true;
    l->span[w->last] = (struct tb_member_span){e->ts_us, e->ts_us + 1, e->ip};
}

/* A call of the same address that is in another run ends the stretch. */
static void joined(void *ctx, const struct tb_dg_run *run, const struct tb_pass_event *e)
{
    struct looking *l = ctx;
    if (e->consumer != l->f->consumer) {
        return;
    }
    for (uint32_t i = 0; i < l->f->seen_n; i++) {
        const struct tb_seen *seen = &l->f->seen[i];
        struct follow *w = &l->of[i];
        if (run->start_us == seen->start_us && run->fingerprint == seen->subject &&
            (!w->begun || w->ip == e->ip) && e->ts_us < seen->end_us) {
            w->begun = true;
            w->ip = e->ip;
            add(l, w, e);
        } else if (w->begun && w->ip == e->ip) {
            w->open = false;
        }
    }
}

enum tb_status tb_members_find(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               const struct tb_finding *f, struct tb_member_span **out, size_t *n,
                               struct tb_err *err)
{
    struct looking l = {.f = f};
    struct tb_rules rules;
    struct tb_digest digest;
    *out = NULL;
    *n = 0;
    enum tb_status st = tb_rules_load(s, &rules, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_digest_watch(db, s, tables, &rules, f->last_day, joined, &l, &digest, err);
    if (st == TB_OK) {
        tb_digest_release(&digest);
    }
    if (st == TB_OK && l.failed) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to find the calls of a run");
    }
    if (st != TB_OK) {
        free(l.span);
        return st;
    }
    *out = l.span;
    *n = l.n;
    return TB_OK;
}
