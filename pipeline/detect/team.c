#include "detect/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "detect/clock.h"

#define FEW 8 /* consumers dealt out at a time */

struct team {
    const uint32_t *consumer;
    size_t n, deals;
    int32_t from_day;
    enum tb_status (*one)(struct tb_judge *, uint32_t, int32_t, const struct tb_findings *,
                          struct tb_findings *);
    struct tb_findings *found; /* by deal */
    atomic_size_t next;
    atomic_bool stop;
};

struct mate {
    struct team *team;
    struct tb_judge j;
    enum tb_status status;
    struct tb_err err;
    pthread_t thread;
};

static enum tb_status work(struct team *t, struct tb_judge *j)
{
    enum tb_status st = TB_OK;
    while (st == TB_OK && !atomic_load(&t->stop)) {
        size_t deal = atomic_fetch_add(&t->next, 1);
        if (deal >= t->deals) {
            break;
        }
        for (size_t i = deal * FEW; i < (deal + 1) * FEW && i < t->n && st == TB_OK; i++) {
            st = t->one(j, t->consumer[i], t->from_day, NULL, &t->found[deal]);
        }
    }
    if (st != TB_OK) {
        atomic_store(&t->stop, true);
    }
    return st;
}

static void *run(void *arg)
{
    struct mate *m = arg;
    m->status = work(m->team, &m->j);
    return NULL;
}

/* --- what a second judge needs ----------------------------------------------------------------------------------------- */

/* Reads the texts that judges may name, so that no thread asks the database; false: one of them could not be read. */
static bool read_texts(const struct tb_judge *j)
{
    bool all = true;
#define TEXT(id) (all = ((id) == 0 || tb_dict_text(j->db, (id)).s != NULL) && all)
#define EACH(name, ...)                                                                                      \
    for (size_t i = 0; i < g->name##_n; i++) {                                                               \
        const struct tb_dg_##name *x = &g->name[i];                                                          \
        __VA_ARGS__;                                                                                         \
    }
    for (int32_t d = 0; d <= j->last - j->first; d++) {
        const struct tb_digest *g = &j->digest[d];
        for (size_t i = 0; i < g->who_n; i++) {
            TEXT(g->who[i]);
        }
        EACH(cell, TEXT(x->feature), TEXT(x->model))
        EACH(size, TEXT(x->feature))
        EACH(large, TEXT(x->feature), TEXT(x->model))
        EACH(run, TEXT(x->ip), TEXT(x->feature), TEXT(x->model))
        EACH(agent, TEXT(x->agent))
        EACH(steady, TEXT(x->ip))
        EACH(place, TEXT(x->ip))
        EACH(outage, TEXT(x->model), TEXT(x->provider))
        EACH(tool, TEXT(x->tool))
        EACH(unpriced, TEXT(x->provider), TEXT(x->model))
    }
#undef EACH
#undef TEXT
    return all;
}

static bool open_mate(struct mate *m, struct team *t, const struct tb_judge *j)
{
    m->team = t;
    m->j = *j;
    m->j.clock = NULL;
    m->j.clock_n = m->j.clock_cap = 0;
    m->j.err = &m->err;
    m->j.accounts = NULL;
    return tb_accountbook_new(j->tables, &m->j.accounts, &m->err) == TB_OK;
}

static void close_mate(struct mate *m)
{
    for (size_t i = 0; i < m->j.clock_n; i++) {
        tb_local_clock_release(&m->j.clock[i]);
    }
    free(m->j.clock);
    tb_accountbook_free(m->j.accounts);
}

static bool start(struct mate *m)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are the calling thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool runs = pthread_create(&m->thread, NULL, run, m) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return runs;
}

/* --- together -------------------------------------------------------------------------------------------------------------- */

static bool append(struct tb_findings *out, const struct tb_findings *found)
{
    for (size_t i = 0; i < found->n; i++) {
        struct tb_finding *f = tb_findings_add(out, found->f[i].kind);
        if (f == NULL) {
            return false;
        }
        *f = found->f[i];
    }
    return true;
}

static enum tb_status judge_all(struct team *t, struct tb_judge *j)
{
    struct mate mate = {.status = TB_OK};
    /* for a few consumers a thread is not worth its start; without a text or memory for it there is none either */
    bool two = t->deals > 2 && read_texts(j) && open_mate(&mate, t, j) && start(&mate);
    enum tb_status st = work(t, j);
    if (two) {
        pthread_join(mate.thread, NULL);
        if (st == TB_OK && mate.status != TB_OK) {
            *j->err = mate.err;
            st = mate.status;
        }
    }
    close_mate(&mate);
    return st;
}

enum tb_status tb_team_judge(struct tb_judge *j, const uint32_t *consumer, size_t n, int32_t from_day,
                             enum tb_status (*one)(struct tb_judge *j, uint32_t consumer, int32_t from_day,
                                                   const struct tb_findings *told, struct tb_findings *out),
                             struct tb_findings *out)
{
    struct team t = {
        .consumer = consumer, .n = n, .deals = (n + FEW - 1) / FEW, .from_day = from_day, .one = one};
    t.found = calloc(t.deals + 1, sizeof *t.found);
    if (t.found == NULL) {
        return tb_judge_no_memory(j);
    }
    enum tb_status st = judge_all(&t, j);
    for (size_t i = 0; i < t.deals; i++) {
        if (st == TB_OK && !append(out, &t.found[i])) {
            st = tb_judge_no_memory(j);
        }
        tb_findings_release(&t.found[i]);
    }
    free(t.found);
    return st;
}
