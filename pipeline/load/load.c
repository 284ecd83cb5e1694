#include "load/load.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "load/committer.h"
#include "load/known.h"
#include "load/pool.h"
#include "load/retry.h"
#include "load/worker.h"

#define WORKERS_MAX 64

/* One loading: everything that the threads share. */
struct pool {
    struct tb_bounds bounds;
    struct tb_handover handover;
    struct tb_known *known;
    struct tb_worker *workers;
    int n;
    bool stuck; /* a worker did not end; nothing may be freed */
};

static int cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static int threads_for(const struct tb_load_options *options)
{
    int n = options != NULL && options->workers > 0 ? options->workers : cores();
    return n < WORKERS_MAX ? n : WORKERS_MAX;
}

static enum tb_status check_formats(const struct tb_format_set *formats, const struct tb_input_list *list,
                                    struct tb_err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct tb_input_file *f = &list->files[i];
        if (f->format != NULL && tb_format_find(formats, f->format) == NULL) {
            return tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                              "source \"%s\": there is no format \"%s\"; see `tollbook formats list`",
                              f->source, f->format);
        }
    }
    return TB_OK;
}

static enum tb_status start(struct pool *p, const struct tb_format_set *formats, int wanted,
                            struct tb_err *err)
{
    p->workers = calloc((size_t)wanted, sizeof *p->workers);
    if (p->workers == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    /* Signals are the calling thread's business. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum tb_status st = TB_OK;
    while (st == TB_OK && p->n < wanted) {
        struct tb_worker *w = &p->workers[p->n++];
        st = tb_worker_init(w, &p->handover, formats, p->known, err);
        if (st == TB_OK) {
            w->running = pthread_create(&w->thread, NULL, tb_worker_run, w) == 0;
            if (!w->running) {
                st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "cannot start a thread to read log files");
            }
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return st;
}

/* A worker that waits for a pipe nobody writes to cannot be woken; after an interrupt it is left behind with
 * all it uses, as the process is about to end. */
static bool ended(struct tb_worker *w, bool interrupted)
{
    if (!interrupted) {
        return pthread_join(w->thread, NULL) == 0;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    return pthread_timedjoin_np(w->thread, NULL, &until) == 0;
}

static void finish(struct pool *p, bool interrupted)
{
    for (int i = 0; i < p->n; i++) {
        if (p->workers[i].running && !ended(&p->workers[i], interrupted)) {
            p->stuck = true;
        }
    }
    if (p->stuck) {
        return;
    }
    tb_handover_release(&p->handover);
    for (int i = 0; i < p->n; i++) {
        tb_worker_release(&p->workers[i]);
    }
    free(p->workers);
    tb_known_free(p->known);
}

static enum tb_status commit_all(struct tb_db *db, struct pool *p, const struct tb_load_options *options,
                                 struct tb_load_summary *summary, struct tb_err *err)
{
    struct tb_committer c;
    enum tb_status st =
        tb_committer_init(&c, db, &p->handover, options != NULL ? options->stop : NULL, summary, err);
    if (st == TB_OK) {
        c.filing.today_us = options != NULL ? options->today_us : 0;
        st = tb_committer_run(&c, err);
    }
    tb_committer_release(&c);
    return st;
}

static enum tb_status load(struct tb_db *db, const struct tb_format_set *formats,
                           const struct tb_input_file *const *pending, const struct tb_retry *again, size_t n,
                           const struct tb_load_options *options, const struct tb_bounds *bounds,
                           struct tb_load_summary *summary, struct tb_err *err)
{
    struct pool *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->bounds = *bounds;
    }
    if (p == NULL || tb_handover_init(&p->handover, &p->bounds, n, err) != TB_OK) {
        free(p);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    p->handover.stop = options != NULL ? options->stop : NULL;
    for (size_t i = 0; i < n; i++) {
        p->handover.jobs[i].file = pending[i];
        p->handover.jobs[i].again = again != NULL ? &again[i] : NULL;
    }
    enum tb_status st = tb_known_load(db, pending, again != NULL ? 0 : n, &p->known, err);
    if (st == TB_OK) {
        int threads = threads_for(options), workers = (size_t)threads < n ? threads : (int)n;
        p->handover.spare = threads - workers;
        st = start(p, formats, workers, err);
    }
    if (st == TB_OK) {
        st = commit_all(db, p, options, summary, err);
    }
    if (st != TB_OK) {
        tb_handover_cancel(&p->handover);
    }
    finish(p, st != TB_OK && err->code == TB_E_INTERRUPT);
    if (!p->stuck) {
        free(p);
    }
    return st;
}

enum tb_status tb_load_files_within(struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_format_set *formats, const struct tb_input_list *list,
                                    const struct tb_load_options *options, const struct tb_bounds *bounds,
                                    struct tb_load_summary *summary, struct tb_err *err)
{
    (void)s;
    struct tb_err own;
    err = err != NULL ? err : &own;
    memset(summary, 0, sizeof *summary);
    enum tb_status st = check_formats(formats, list, err);
    const struct tb_input_file **pending = st == TB_OK ? calloc(list->n + 1, sizeof(*pending)) : NULL;
    if (st == TB_OK && pending == NULL) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the list of files");
    }
    size_t n = 0;
    if (st == TB_OK) {
        st = tb_known_pending(db, list, pending, &n, summary, err);
    }
    if (st == TB_OK && n > 0) {
        st = load(db, formats, pending, NULL, n, options, bounds, summary, err);
    }
    free(pending);
    return st;
}

enum tb_status tb_load_files(struct tb_db *db, const struct tb_settings *s,
                             const struct tb_format_set *formats, const struct tb_input_list *list,
                             const struct tb_load_options *options, struct tb_load_summary *summary,
                             struct tb_err *err)
{
    const struct tb_bounds bounds = TB_BOUNDS_DEFAULT;
    return tb_load_files_within(db, s, formats, list, options, &bounds, summary, err);
}

enum tb_status tb_load_retry_within(struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_format_set *formats, const struct tb_load_again *again,
                                    const struct tb_load_options *options, const struct tb_bounds *bounds,
                                    struct tb_load_summary *summary, struct tb_err *err)
{
    struct tb_err own;
    struct tb_retry_list *list = NULL;
    err = err != NULL ? err : &own;
    memset(summary, 0, sizeof *summary);
    enum tb_status st = tb_retry_list_load(db, s, formats, again, &list, err);
    const struct tb_input_file **files = st == TB_OK ? calloc(list->n + 1, sizeof(*files)) : NULL;
    if (st == TB_OK && files == NULL) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the list of files");
    }
    for (size_t i = 0; st == TB_OK && i < list->n; i++) {
        files[i] = &list->files[i].file;
    }
    if (st == TB_OK && list->n > 0) {
        st = load(db, formats, files, list->files, list->n, options, bounds, summary, err);
    }
    if (st != TB_FAIL || err->code != TB_E_INTERRUPT) { /* a worker left behind may still read them */
        free(files);
        tb_retry_list_free(list);
    }
    return st;
}

enum tb_status tb_load_retry(struct tb_db *db, const struct tb_settings *s,
                             const struct tb_format_set *formats, const struct tb_load_again *again,
                             const struct tb_load_options *options, struct tb_load_summary *summary,
                             struct tb_err *err)
{
    const struct tb_bounds bounds = TB_BOUNDS_DEFAULT;
    return tb_load_retry_within(db, s, formats, again, options, &bounds, summary, err);
}
