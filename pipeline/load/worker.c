#include "load/worker.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tb_status tb_worker_init(struct tb_worker *w, struct tb_handover *h, const struct tb_format_set *formats,
                              const struct tb_known *known, struct tb_err *err)
{
    memset(w, 0, sizeof *w);
    w->handover = h;
    w->formats = formats;
    w->known = known;
    /* All of them, so that all can be released. */
    enum tb_status lane = tb_lane_init(&w->lane, h->bounds, err);
    enum tb_status recorder = tb_recorder_init(&w->recorder, h, &w->lane, err);
    enum tb_status sample = tb_sample_init(&w->sample, h->bounds, err);
    enum tb_status st = lane != TB_OK ? lane : recorder != TB_OK ? recorder : sample;
    w->lines = tb_lines_new();
    w->unwrap = tb_unwrap_new();
    w->extractors = calloc(tb_format_count(formats) + 1, sizeof *w->extractors);
    if (st == TB_OK && (w->lines == NULL || w->unwrap == NULL || w->extractors == NULL)) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    return st;
}

void tb_worker_release(struct tb_worker *w)
{
    for (size_t i = 0; w->extractors != NULL && i < tb_format_count(w->formats); i++) {
        tb_extractor_free(w->extractors[i]);
    }
    free(w->extractors);
    tb_unwrap_free(w->unwrap);
    tb_lines_free(w->lines);
    tb_sample_release(&w->sample);
    tb_recorder_release(&w->recorder);
    tb_lane_release(&w->lane);
}

static enum tb_status use_format(struct tb_worker *w, const struct tb_format *f, struct tb_err *err)
{
    size_t i = 0;
    while (tb_format_at(w->formats, i) != f) {
        i++;
    }
    if (w->extractors[i] == NULL) {
        w->extractors[i] = tb_extractor_new(f);
    }
    w->extractor = w->extractors[i];
    if (w->extractor == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the format \"%s\"", tb_format_id(f));
    }
    tb_extractor_start(w->extractor);
    w->member->format = tb_format_id(f);
    return TB_OK;
}

static enum tb_status put_copy(struct tb_worker *w, const char *format, struct tb_err *err)
{
    struct tb_item item = {.kind = TB_ITEM_COPY, .raw = w->raw, .format = format};
    return tb_handover_put(w->handover, w->job, &item, err);
}

static void tell_progress(struct tb_worker *w, uint64_t bytes)
{
    if (bytes > w->told_bytes) {
        atomic_fetch_add_explicit(&w->handover->raw_bytes, bytes - w->told_bytes, memory_order_relaxed);
        w->told_bytes = bytes;
    }
}

/* --- records ---- */

static enum tb_status extract(struct tb_worker *w, const struct tb_where *where, struct tb_str text,
                              struct tb_err *err)
{
    struct tb_recorder *r = &w->recorder;
    if (w->extractor == NULL) {
        return tb_recorder_rejected(r, where, text, "no_format", 0, TB_STR_NULL, err);
    }
    struct tb_outcome o;
    tb_extract(w->extractor, text, &o);
    switch (o.kind) {
    case TB_OUTCOME_EVENTS:
        return tb_recorder_events(r, where, text, o.events, o.n, err);
    case TB_OUTCOME_IGNORED:
        return tb_recorder_ignored(r, where, text, o.reason, err);
    case TB_OUTCOME_REJECTED:
        break;
    }
    /* The ledger names the line's own offset, at which anyone can find it; where in it the fault is, `formats test` shows. */
    return tb_recorder_rejected(r, where, text, o.reason, 0, o.excerpt, err);
}

static enum tb_status put_member(struct tb_worker *w, struct tb_err *err)
{
    struct tb_item item = {.kind = TB_ITEM_MEMBER, .member = w->member};
    w->announced = true;
    return tb_handover_put(w->handover, w->job, &item, err);
}

/* The format is told: the records kept so far are extracted. TB_END: the file turns out to be a copy. */
static enum tb_status settle(struct tb_worker *w, struct tb_err *err)
{
    const struct tb_format *f = tb_sample_format(&w->sample, w->formats, w->job->file->wish);
    w->settled = true;
    if (!w->announced && w->member->name == NULL &&
        tb_worker_file_is_copy(w, f != NULL ? tb_format_id(f) : "")) {
        enum tb_status copied = put_copy(w, f != NULL ? tb_format_id(f) : "", err);
        return copied == TB_OK ? TB_END : copied;
    }
    enum tb_status st = f != NULL ? use_format(w, f, err) : TB_OK;
    if (st == TB_OK && !w->announced) {
        st = put_member(w, err);
    }
    for (uint32_t i = 0; i < w->sample.n && st == TB_OK; i++) {
        struct tb_where where;
        struct tb_str text;
        tb_sample_get(&w->sample, i, &where, &text);
        st = extract(w, &where, text, err);
    }
    return st;
}

static enum tb_status take_record(struct tb_worker *w, const struct tb_record *rec, bool whole_line,
                                  struct tb_err *err)
{
    w->ordinal = rec->line == w->line ? w->ordinal + 1 : 0;
    w->line = rec->line;
    struct tb_where where = {.line = rec->line,
                             .byte = rec->byte,
                             .part = (uint64_t)w->ordinal * TB_EVENTS_PER_RECORD_MAX,
                             .node = rec->node,
                             .whole_line = whole_line,
                             .at_end = w->at_end};
    where.counted = w->again != NULL && !tb_retry_has(w->again, where.line, where.byte, where.part);
    enum tb_status st = TB_OK;
    const char *known = w->settled || rec->reject != NULL ? NULL : tb_format_known(rec->text);
    if (!w->settled && rec->reject == NULL && rec->text.n > 0 && known == NULL) {
        if (!tb_sample_full(&w->sample)) {
            return tb_sample_add(&w->sample, &where, rec->text, err);
        }
        st = settle(w, err);
    } else if (!w->announced &&
               !tb_batch_room(w->recorder.batch)) { /* thousands of others before the sample is full */
        st = put_member(w, err);
    }
    if (st != TB_OK) {
        return st;
    }
    if (rec->reject != NULL) {
        return tb_recorder_rejected(&w->recorder, &where, rec->text, rec->reject, 0, TB_STR_NULL, err);
    }
    if (rec->text.n == 0 || known != NULL) {
        return tb_recorder_ignored(&w->recorder, &where, rec->text, known != NULL ? known : "blank", err);
    }
    return extract(w, &where, rec->text, err);
}

/* Every record that is ready; line is the physical line they came with, NULL at the end. */
static enum tb_status drain(struct tb_worker *w, const struct tb_line *line, struct tb_err *err)
{
    struct tb_record rec;
    enum tb_status st = TB_OK;
    bool covered = false;
    while (st == TB_OK && tb_unwrap_next(w->unwrap, &rec)) {
        bool whole = line != NULL && !covered && rec.line == line->line && rec.text.s == line->text.s &&
                     rec.text.n == line->text.n;
        covered = covered || whole;
        st = take_record(w, &rec, whole, err);
    }
    if (line != NULL && !covered) {
        tb_recorder_line(&w->recorder, line->line, line->text);
    }
    return st;
}

/* --- members ---- */

#define TELL_LINES 256

static enum tb_status interrupted(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_INTERRUPT, "interrupted");
}

/* Of a file that has grown: the lines it had then. The last one was as long as the file, or, where the file ended early, no
 * line yet. False: behind them. */
static bool within_head(struct tb_worker *w, struct tb_line *line)
{
    const struct tb_file_entry *then = &w->again->entry;
    uint64_t end = (uint64_t)then->bytes;
    bool cut = line->byte + line->text.n > end;
    if (line->byte >= end || (cut && then->incomplete.s != NULL)) {
        return false;
    }
    line->text.n = cut ? (size_t)(end - line->byte) : line->text.n;
    line->unended = line->byte + line->text.n >= end;
    return true;
}

/* Lines to the member's end. TB_OK also when the stream fails: member->fault says how. TB_END: it is a copy. */
static enum tb_status read_lines(struct tb_worker *w, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    while (st == TB_OK) {
        struct tb_line line;
        enum tb_status got = tb_lines_next(w->lines, &line, &w->member->fault);
        if (got == TB_END || got == TB_FAIL || got == TB_FATAL) {
            w->member->fault.code = got == TB_END ? TB_E_NONE : w->member->fault.code;
            if (got != TB_END && w->member->fault.code == TB_E_MEMORY) { /* no word about the file */
                *err = w->member->fault;
                return TB_FATAL;
            }
            w->at_end = got == TB_END;
            tb_unwrap_end(w->unwrap, !w->at_end);
            return drain(w, NULL, err);
        }
        if (w->head && !within_head(w, &line)) {
            w->at_end = w->again->entry.incomplete.s == NULL;
            tb_unwrap_end(w->unwrap, !w->at_end);
            return drain(w, NULL, err);
        }
        if (tb_handover_cancelled(w->handover)) { /* the line may have come long after: formats may be gone */
            return interrupted(err);
        }
        w->at_end = line.unended;
        tb_unwrap_push(w->unwrap, &line, got == TB_REJECT);
        st = drain(w, &line, err);
        if (line.line % TELL_LINES == 0) {
            tell_progress(w, tb_stream_raw_bytes(w->stream));
            tb_worker_file_hasten(w);
        }
    }
    return st;
}

static enum tb_status finish_member(struct tb_worker *w, struct tb_err *err)
{
    struct tb_member *m = w->member;
    enum tb_status st = tb_recorder_finish(&w->recorder, err);
    if (st != TB_OK) {
        return st;
    }
    tb_quarters_sort(&m->tally.quarters);
    m->bytes = w->head ? (uint64_t)w->again->entry.bytes : tb_lines_bytes(w->lines);
    m->head = w->head;
    m->digest = tb_tally_content(&m->tally, m->bytes);
    tb_worker_file_settle(w);
    snprintf(m->wrapper, sizeof m->wrapper, "%s", tb_unwrap_kind(w->unwrap));
    struct tb_item item = {.kind = TB_ITEM_DONE, .member = m};
    w->job->member = NULL; /* the committer's from here on */
    st = tb_handover_put(w->handover, w->job, &item, err);
    if (st != TB_OK) {
        w->job->member = m;
    }
    return st;
}

static enum tb_status start_member(struct tb_worker *w, struct tb_str name, struct tb_err *err)
{
    w->member = tb_member_new(name);
    if (w->member == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    w->job->member = w->member;
    w->member->again = w->again;
    w->extractor = NULL;
    snprintf(w->member->kind, sizeof w->member->kind, "%s", tb_stream_kind(w->stream));
    w->announced = false;
    const char *format = w->again != NULL ? w->again->format : w->job->file->format;
    w->settled = format != NULL;
    w->line = 0;
    w->ordinal = 0;
    tb_sample_reset(&w->sample);
    tb_unwrap_start(w->unwrap);
    tb_lines_start(w->lines, w->stream);
    tb_recorder_start(&w->recorder, w->job, w->member);
    if (!w->settled) {
        return TB_OK;
    }
    enum tb_status st = use_format(w, tb_format_find(w->formats, format), err);
    return st == TB_OK ? put_member(w, err) : st;
}

/* The member's row in the ledger: the same bytes have the same members in the same order. */
static enum tb_status take_again(struct tb_worker *w, struct tb_str name, struct tb_err *err)
{
    const struct tb_retry *r = w->job->again;
    w->again = w->members < r->n ? &r->members[w->members++] : NULL;
    if (w->again == NULL || !tb_str_eq(w->again->entry.member, name.s != NULL ? name : TB_STR(""))) {
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "\"%s\" has other members than the ledger knows; restore a backup", r->file.path);
    }
    return TB_OK;
}

/* TB_OK: also when the member ends early (*broken); TB_END: it is a copy. */
static enum tb_status read_member(struct tb_worker *w, struct tb_str name, bool *broken, struct tb_err *err)
{
    enum tb_status st = w->job->again != NULL ? take_again(w, name, err) : TB_OK;
    if (st == TB_OK && w->job->again != NULL && w->again->rejected == 0) {
        return TB_OK; /* passed over */
    }
    if (st == TB_OK) {
        st = start_member(w, name, err);
    }
    if (st == TB_OK) {
        st = read_lines(w, err);
    }
    if (st == TB_OK && !w->settled) {
        st = settle(w, err);
    }
    if (st == TB_END) { /* a copy: nothing of this member was put */
        tb_member_free(w->job->member);
        w->job->member = NULL;
    }
    if (st == TB_OK) {
        *broken = w->member->fault.code != TB_E_NONE;
        st = finish_member(w, err);
    }
    return st;
}

/* A file that is damaged before its first member, or an archive without one, has a row of its own without
 * lines. */
static enum tb_status put_empty_member(struct tb_worker *w, const struct tb_err *fault, struct tb_err *err)
{
    w->member = tb_member_new(TB_STR_NULL);
    if (w->member == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    struct tb_member *m = w->member;
    w->job->member = m;
    m->fault = *fault;
    m->format =
        w->job->file->format != NULL ? tb_format_id(tb_format_find(w->formats, w->job->file->format)) : "";
    m->digest = tb_tally_content(&m->tally, 0);
    tb_worker_file_settle(w);
    snprintf(m->wrapper, sizeof m->wrapper, "plain");
    snprintf(m->kind, sizeof m->kind, "%s", w->stream != NULL ? tb_stream_kind(w->stream) : "unknown");
    struct tb_item item = {.kind = TB_ITEM_MEMBER, .member = m};
    enum tb_status st = tb_handover_put(w->handover, w->job, &item, err);
    item.kind = TB_ITEM_DONE;
    if (st == TB_OK) {
        w->job->member = NULL;
        st = tb_handover_put(w->handover, w->job, &item, err);
        w->job->member = st == TB_OK ? NULL : m;
    }
    return st;
}

/* What stopped the reading of an archive between its members goes with END; before the first member damage is
 * a member of its own, and a file that cannot be read at all leaves no trace in the ledger. */
static enum tb_status read_members(struct tb_worker *w, struct tb_err *fault, struct tb_err *err)
{
    uint64_t members = 0;
    bool broken = false;
    for (;;) {
        struct tb_str name = TB_STR_NULL;
        enum tb_status st = tb_stream_member(w->stream, &name, fault);
        if (st == TB_END) {
            fault->code = TB_E_NONE;
            return members == 0 ? put_empty_member(w, fault, err) : TB_OK;
        }
        if (st != TB_OK) {
            if (members == 0 && fault->code != TB_E_IO && fault->code != TB_E_MISSING) {
                struct tb_err why = *fault;
                fault->code = TB_E_NONE;
                return put_empty_member(w, &why, err);
            }
            fault->code = broken ? TB_E_NONE : fault->code; /* the member's own fault was told */
            return TB_OK;
        }
        members++;
        broken = false;
        st = read_member(w, name, &broken, err);
        if (st != TB_OK) {
            return st == TB_END ? TB_OK : st;
        }
    }
}

/* An interrupted pipe through which nothing had come leaves no trace. */
static bool nothing_came(struct tb_worker *w)
{
    const volatile sig_atomic_t *stop = w->handover->stop;
    bool nothing = w->pipe && stop != NULL && *stop != 0 && tb_stream_raw_bytes(w->stream) == 0;
    if (nothing) {
        tb_handover_pass(w->handover, w->job);
    }
    return nothing;
}

static enum tb_status read_file(struct tb_worker *w, struct tb_job *job, struct tb_err *err)
{
    struct tb_item end = {.kind = TB_ITEM_END, .fault = {.code = TB_E_NONE}};
    w->job = job;
    w->stream = NULL;
    w->again = NULL;
    w->members = 0;
    w->told_bytes = 0;
    tb_worker_file_take(w);
    if (tb_handover_cancelled(w->handover)) { /* a digest can take long; see read_lines */
        return interrupted(err);
    }
    if (w->pipe && !tb_handover_turn(w->handover, job)) {
        return interrupted(err);
    }
    enum tb_status st = TB_OK;
    const char *format = job->file->format;
    if (job->again != NULL && !tb_worker_file_again(w, job->again)) {
        tb_worker_file_say_gone(w, job->again, &end.fault);
    } else if (format != NULL && tb_worker_file_is_copy(w, format)) {
        st = put_copy(w, tb_format_id(tb_format_find(w->formats, format)), err);
    } else if ((w->has_raw ? tb_stream_open(job->file->path, w->handover->stop, &w->stream, &end.fault)
                           : tb_stream_open_summed(job->file->path, w->handover->stop, &w->stream,
                                                   &end.fault)) == TB_OK) {
        end.fault.code = TB_E_NONE;
        st = nothing_came(w) ? interrupted(err) : read_members(w, &end.fault, err);
    } else if (end.fault.code != TB_E_IO && end.fault.code != TB_E_MISSING && end.fault.code != TB_E_MEMORY) {
        struct tb_err why = end.fault;
        end.fault.code = TB_E_NONE;
        st = put_empty_member(w, &why, err);
    }
    tb_worker_file_close(w);
    if (st != TB_OK) {
        return st;
    }
    tell_progress(w, job->file->size > 0 ? (uint64_t)job->file->size : 0);
    return tb_handover_put(w->handover, job, &end, err);
}

void *tb_worker_run(void *worker)
{
    struct tb_worker *w = worker;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_job *job;
    while ((job = tb_handover_take(w->handover, &w->lane)) != NULL) {
        if (read_file(w, job, &err) != TB_OK) {
            if (err.code != TB_E_INTERRUPT) {
                tb_handover_fail(w->handover, TB_FATAL, &err);
            }
            break;
        }
    }
    tb_handover_give_back(w->handover);
    return NULL;
}
