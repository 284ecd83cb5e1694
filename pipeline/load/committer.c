#include "load/committer.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "load/known.h"

enum tb_status tb_committer_init(struct tb_committer *c, struct tb_db *db, struct tb_handover *h,
                                 const volatile sig_atomic_t *stop, struct tb_load_summary *summary,
                                 struct tb_err *err)
{
    memset(c, 0, sizeof *c);
    c->db = db;
    c->handover = h;
    c->stop = stop;
    c->summary = summary;
    tb_buf_init(&c->scratch, TB_SPILL_SCRATCH_MAX);
    c->spare = tb_batch_new(h->bounds);
    for (size_t i = 0; i < h->n; i++) {
        c->raw_total += h->jobs[i].file->size > 0 ? (uint64_t)h->jobs[i].file->size : 0;
    }
    enum tb_status st = tb_filing_init(&c->filing, db, h->bounds, err);
    return st == TB_OK && c->spare == NULL
               ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to store events")
               : st;
}

void tb_committer_release(struct tb_committer *c)
{
    tb_filing_release(&c->filing);
    tb_batch_free(c->spare);
    tb_buf_release(&c->scratch);
    free(c->dict);
}

/* --- batches ---- */

static bool dict_room(struct tb_committer *c, uint32_t number)
{
    uint32_t cap = c->dict_cap == 0 ? 1024 : c->dict_cap;
    while (cap <= number) {
        cap *= 2;
    }
    if (cap > c->dict_cap) {
        uint32_t *wider = realloc(c->dict, cap * sizeof *wider);
        if (wider == NULL) {
            return false;
        }
        c->dict = wider;
        c->dict_cap = cap;
    }
    return true;
}

/* The dict ids of the texts that the batch brings. */
static enum tb_status learn_texts(struct tb_committer *c, const struct tb_batch *b, struct tb_err *err)
{
    if (b->fresh) {
        c->dict_n = 0;
    }
    assert(b->define_n == 0 || b->define_first == c->dict_n + 1);
    if (!dict_room(c, c->dict_n + b->define_n)) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to store events");
    }
    c->dict[0] = 0;
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < b->define_n && st == TB_OK; i++) {
        st = tb_dict_id(c->db, b->defines[i], true, &c->dict[++c->dict_n], err);
    }
    return st;
}

static void translate(const struct tb_committer *c, struct tb_batch *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t *text = b->rows[i].text;
        for (int f = 0; f < TB_T_COUNT; f++) {
            assert(text[f] <= c->dict_n);
            text[f] = c->dict[text[f]];
        }
    }
}

static void take_pruned(void *ctx, uint32_t i)
{
    struct tb_committer *c = ctx;
    if (c->pruned_st == TB_OK) {
        c->pruned_st = tb_filing_pruned(&c->filing, &c->batch->rows[i], &c->batch->places[i], &c->pruned_err);
    }
}

static enum tb_status append(struct tb_committer *c, struct tb_batch *b, struct tb_err *err)
{
    struct tb_append_counts now = {0, 0, 0, 0}, *sum = &c->filing.counts;
    assert(c->txn != NULL);
    c->batch = b;
    c->pruned_st = TB_OK;
    enum tb_status st = learn_texts(c, b, err);
    if (st == TB_OK && b->n > 0) {
        translate(c, b);
        st = tb_load_append(c->txn, b->rows, b->n, &now, take_pruned, c, err);
    }
    if (st == TB_OK && c->pruned_st != TB_OK) {
        *err = c->pruned_err;
        st = c->pruned_st;
    }
    assert(st != TB_OK || now.events + now.duplicates + now.conflicts + now.pruned == b->n);
    c->group_rows += b->n + b->reject_n;
    sum->events += now.events;
    sum->duplicates += now.duplicates;
    sum->conflicts += now.conflicts;
    sum->pruned += now.pruned;
    for (uint32_t i = 0; i < b->reject_n && st == TB_OK; i++) {
        st = tb_filing_reject(&c->filing, &b->rejects[i], err);
    }
    return st;
}

static enum tb_status take_batch(struct tb_committer *c, struct tb_batch *b, struct tb_err *err)
{
    enum tb_status st = append(c, b, err);
    if (b != c->spare) {
        tb_handover_return(c->handover, c->job, b);
    }
    return st;
}

/* --- files ---- */

static enum tb_status begin(struct tb_committer *c, struct tb_err *err)
{
    enum tb_status st = c->open ? TB_OK : tb_db_begin(c->db, err);
    c->open = c->open || st == TB_OK;
    c->begun = true;
    return st;
}

static enum tb_status commit(struct tb_committer *c, struct tb_err *err)
{
    enum tb_status st = c->open ? tb_db_commit(c->db, err) : TB_OK;
    c->open = c->open && st != TB_OK;
    c->group_files = c->group_rows = 0;
    return st;
}

/* What came through a pipe cannot be read again, and a retry is promised file by file. */
static bool group_is_full(const struct tb_committer *c)
{
    return c->group_files >= c->handover->bounds->group_files ||
           c->group_rows >= c->handover->bounds->group_rows || c->job->again != NULL ||
           tb_known_is_pipe(c->job->file);
}

static enum tb_status take_member(struct tb_committer *c, const struct tb_member *m, struct tb_err *err)
{
    enum tb_status st = begin(c, err);
    if (st == TB_OK) {
        st = m->again != NULL ? tb_filing_resume(&c->filing, m->again, err)
                              : tb_filing_begin(&c->filing, c->job->file, tb_str_of(m->name), err);
    }
    if (st == TB_OK) {
        st = tb_load_begin(c->db, c->filing.entry.file, c->filing.entry.source, &c->txn, err);
    }
    return st;
}

static enum tb_status take_done(struct tb_committer *c, struct tb_member *m, struct tb_err *err)
{
    enum tb_status st = tb_load_finish(c->txn, err);
    c->txn = NULL;
    if (st == TB_OK) {
        st = tb_filing_finish(&c->filing, m, &c->sums, err);
    }
    tb_member_free(m);
    return st;
}

static void add_sums(struct tb_load_summary *to, const struct tb_load_summary *s)
{
    to->files += s->files;
    to->lines += s->lines;
    to->events += s->events;
    to->duplicates += s->duplicates;
    to->conflicts += s->conflicts;
    to->ignored += s->ignored;
    to->rejected += s->rejected;
    to->incomplete += s->incomplete;
    to->bytes += s->bytes;
    to->growing += s->growing;
    to->unread += s->unread;
    if (s->rejected_from_us < s->rejected_to_us) {
        bool first = to->rejected_from_us == to->rejected_to_us;
        to->rejected_from_us =
            first || s->rejected_from_us < to->rejected_from_us ? s->rejected_from_us : to->rejected_from_us;
        to->rejected_to_us =
            first || s->rejected_to_us > to->rejected_to_us ? s->rejected_to_us : to->rejected_to_us;
    }
}

static bool asked_to_stop(const struct tb_committer *c)
{
    return c->stop != NULL && *c->stop != 0;
}

/* A pipe that is being read ends by itself then, and is committed as far as it came: nobody can read it again. */
static bool stopped(const struct tb_committer *c)
{
    return asked_to_stop(c) && !tb_handover_in_pipe(c->handover, c->job);
}

static enum tb_status interrupted(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_INTERRUPT,
                      "interrupted; what was committed stays, run it again to read the rest");
}

static enum tb_status take_end(struct tb_committer *c, const struct tb_err *fault, struct tb_err *err)
{
    enum tb_status st = c->job->again != NULL
                            ? tb_filing_end_again(&c->filing, c->job->again, fault, &c->sums, err)
                            : tb_filing_end(&c->filing, c->job->file, fault, &c->sums, err);
    if (st == TB_OK && stopped(c)) {
        return interrupted(err);
    }
    c->group_files += c->begun;
    if (st == TB_OK && (group_is_full(c) || asked_to_stop(c))) {
        st = commit(c, err);
    }
    if (st == TB_OK) {
        add_sums(c->summary, &c->sums);
    }
    return st == TB_OK && asked_to_stop(c) ? interrupted(err) : st;
}

static enum tb_status take(struct tb_committer *c, struct tb_item *item, struct tb_err *err)
{
    switch (item->kind) {
    case TB_ITEM_MEMBER:
        return take_member(c, item->member, err);
    case TB_ITEM_BATCH:
        return take_batch(c, item->batch, err);
    case TB_ITEM_DONE:
        return take_done(c, item->member, err);
    case TB_ITEM_COPY: {
        enum tb_status st = begin(c, err);
        return st == TB_OK ? tb_filing_copy(&c->filing, c->job->file, item->format, item->raw, &c->sums, err)
                           : st;
    }
    case TB_ITEM_END:
        break;
    }
    return take_end(c, &item->fault, err);
}

static enum tb_status store_file(struct tb_committer *c, struct tb_job *job, struct tb_err *err)
{
    struct tb_item item = {.kind = TB_ITEM_MEMBER};
    enum tb_status st = TB_OK;
    c->job = job;
    c->sums = (struct tb_load_summary){.files = 0};
    c->begun = false;
    tb_filing_start(&c->filing);
    while (st == TB_OK && item.kind != TB_ITEM_END) {
        if (stopped(c)) { /* the files before it are whole */
            st = c->begun ? TB_OK : commit(c, err);
            return st == TB_OK ? interrupted(err) : st;
        }
        st = tb_handover_get(c->handover, job, &item, c->spare, &c->scratch, err);
        tb_log_progress("reading logs", atomic_load_explicit(&c->handover->raw_bytes, memory_order_relaxed),
                        c->raw_total);
        if (st == TB_OK) {
            st = take(c, &item, err);
        } else if (st == TB_END) { /* nothing yet */
            st = TB_OK;
            item.kind = TB_ITEM_MEMBER;
        }
    }
    return st;
}

enum tb_status tb_committer_run(struct tb_committer *c, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < c->handover->n && st == TB_OK; i++) {
        st = store_file(c, &c->handover->jobs[i], err);
    }
    if (st == TB_OK) {
        st = commit(c, err);
    }
    tb_log_progress_end();
    if (c->txn != NULL) {
        tb_load_abort(c->txn);
        c->txn = NULL;
    }
    if (c->open) {
        tb_db_rollback(c->db);
        c->open = false;
    }
    return st;
}
