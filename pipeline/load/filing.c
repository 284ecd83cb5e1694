#include "load/filing.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/embed.h"
#include "base/log.h"
#include "load/known.h"

extern const struct tb_embed tb_embed_load[];

#define REASONS_SAID 3
#define FILES_SAID   10u /* cron mails what is said; the ledger has all */

enum tb_status tb_filing_init(struct tb_filing *f, struct tb_db *db, const struct tb_bounds *bounds,
                              struct tb_err *err)
{
    memset(f, 0, sizeof *f);
    f->db = db;
    f->reject_rows_max = bounds->reject_rows;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_load, "reject_forget.sql"), &f->forget, err);
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "path_completed.sql"), &f->completed, err);
    }
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "file_touched.sql"), &f->touched, err);
    }
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "file_broken.sql"), &f->broken, err);
    }
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "file_span.sql"), &f->span, err);
    }
    return st;
}

void tb_filing_release(struct tb_filing *f)
{
    tb_query_close(f->forget);
    tb_query_close(f->completed);
    tb_query_close(f->touched);
    tb_query_close(f->broken);
    tb_query_close(f->span);
    free(f->pruned.slots);
}

void tb_filing_start(struct tb_filing *f)
{
    f->first = 0;
    f->faulty = false;
}

static enum tb_status insert(struct tb_filing *f, struct tb_err *err)
{
    enum tb_status st = tb_files_insert(f->db, &f->entry, err);
    f->first = f->first == 0 ? f->entry.file : f->first;
    return st;
}

static enum tb_status describe(struct tb_filing *f, const struct tb_input_file *file, struct tb_str name,
                               struct tb_err *err)
{
    f->entry = (struct tb_file_entry){.path = tb_str_of(file->path),
                                      .member = name,
                                      .node = tb_str_of(file->node),
                                      .date = file->date,
                                      .raw_bytes = file->size,
                                      .mtime_ns = file->mtime_ns,
                                      .format = TB_STR(""),
                                      .wrapper = TB_STR(""),
                                      .kind = TB_STR("")};
    return tb_dict_id(f->db, tb_str_of(file->source), true, &f->entry.source, err);
}

void tb_filing_clear(struct tb_filing *f)
{
    f->counts = (struct tb_append_counts){0, 0, 0, 0};
    f->reject_rows = 0;
    free(f->pruned.slots);
    f->pruned = (struct tb_quarters){.last = INT64_MIN};
}

enum tb_status tb_filing_begin(struct tb_filing *f, const struct tb_input_file *file, struct tb_str name,
                               struct tb_err *err)
{
    enum tb_status st = describe(f, file, name, err);
    f->entry.incomplete = TB_STR("being read"); /* nobody sees it: rewritten in this transaction */
    f->base = (struct tb_file_entry){.file = 0};
    f->again = NULL;
    tb_filing_clear(f);
    return st == TB_OK ? insert(f, err) : st;
}

enum tb_status tb_filing_reject(struct tb_filing *f, const struct tb_reject *r, struct tb_err *err)
{
    if (f->reject_rows >= f->reject_rows_max) {
        return TB_OK;
    }
    f->reject_rows++;
    return tb_files_reject(f->db, f->entry.file, r->line, r->part, r->byte, r->reason, r->excerpt, err);
}

enum tb_status tb_filing_pruned(struct tb_filing *f, const struct tb_row *row, const struct tb_place *place,
                                struct tb_err *err)
{
    const struct tb_reject r = {
        .line = row->line, .byte = place->byte, .part = place->part, .reason = "pruned_day"};
    enum tb_status st = tb_filing_reject(f, &r, err);
    return st == TB_OK ? tb_quarters_add(&f->pruned, tb_quarter_of(row->ts_us), err) : st;
}

static enum tb_status add_reasons(struct tb_filing *f, struct tb_member *m, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (f->counts.pruned > 0) {
        st = tb_tally_reason(&m->tally, "rejected", "pruned_day", f->counts.pruned, err);
    }
    for (size_t i = 0; i < m->tally.reason_n && st == TB_OK; i++) {
        const struct tb_reason *r = &m->tally.reasons[i];
        st = tb_files_reason(f->db, f->entry.file, r->kind, r->reason, r->lines, err);
    }
    return st;
}

/* Content that is known: all lines are duplicates, but those that made a smaller node name stay. */
static enum tb_status fold(struct tb_filing *f, uint32_t same, bool stays, struct tb_err *err)
{
    struct tb_file_entry *e = &f->entry;
    assert(e->events <= e->lines);
    e->duplicates = e->lines - e->events;
    e->conflicts = e->ignored = e->rejected = 0;
    e->same_as = stays && e->events == 0 ? same : 0;
    tb_query_bind_int(f->forget, "file", e->file);
    enum tb_status st = tb_query_run(f->forget, err);
    return st == TB_OK ? tb_files_quarters_copy(f->db, same, e->file, err) : st;
}

static enum tb_status add_quarters(struct tb_filing *f, struct tb_member *m, struct tb_err *err)
{
    struct tb_quarters *q = &m->tally.quarters;
    tb_quarters_sort(&f->pruned);
    for (size_t i = 0; i < f->pruned.n; i++) {
        tb_quarters_remove(q, f->pruned.slots[i]);
    }
    return q->n == 0 ? TB_OK : tb_files_quarters(f->db, f->entry.file, q->slots, q->n, err);
}

static enum tb_status count(struct tb_filing *f, struct tb_member *m, struct tb_err *err)
{
    struct tb_file_entry *e = &f->entry;
    struct tb_file_entry same;
    const struct tb_file_entry *b = &f->base;
    e->lines = b->lines + m->tally.lines;
    e->ignored = b->ignored + m->tally.ignored;
    e->rejected = b->rejected + m->tally.rejected + f->counts.pruned;
    e->events = b->events + f->counts.events;
    e->duplicates = b->duplicates + f->counts.duplicates;
    e->conflicts = b->conflicts + f->counts.conflicts;
    enum tb_status st = TB_END;
    if (e->incomplete.s == NULL && (f->again == NULL || f->again->all)) {
        st = tb_files_same(f->db, e->source, e->format, e->digest, false, &same, err);
    }
    if (st == TB_OK) {
        return fold(f, same.file, tb_known_node_stays(same.node, e->node), err);
    }
    st = st == TB_END ? add_reasons(f, m, err) : st;
    return st == TB_OK ? add_quarters(f, m, err) : st;
}

static void add_sums(const struct tb_filing *f, struct tb_load_summary *sums)
{
    const struct tb_file_entry *e = &f->entry, *b = &f->base;
    assert(e->lines == e->events + e->duplicates + e->conflicts + e->ignored + e->rejected);
    sums->files++;
    sums->lines += e->lines - b->lines;
    sums->events += e->events - b->events;
    sums->duplicates += e->duplicates - b->duplicates;
    sums->conflicts += e->conflicts - b->conflicts;
    sums->ignored += e->ignored - b->ignored;
    sums->rejected += e->rejected - b->rejected;
    sums->bytes += (uint64_t)e->bytes;
}

/* "path", or "path", member name. */
static void place(const struct tb_file_entry *e, char *out, size_t size)
{
    bool member = e->member.s != NULL && e->member.n > 0;
    snprintf(out, size, "\"%.*s\"%s%.*s", (int)e->path.n, e->path.s, member ? ", member " : "",
             member ? (int)e->member.n : 0, member ? e->member.s : "");
}

/* Why its lines were rejected, the most frequent reasons first: "torn 3, no_ts 1". */
static void say_reasons(const struct tb_tally *t, char *out, size_t size)
{
    uint64_t below = UINT64_MAX;
    size_t n = 0;
    out[0] = '\0';
    for (int said = 0; said < REASONS_SAID && n < size;) {
        uint64_t most = 0;
        for (size_t i = 0; i < t->reason_n; i++) {
            const struct tb_reason *r = &t->reasons[i];
            most = strcmp(r->kind, "rejected") == 0 && r->lines < below && r->lines > most ? r->lines : most;
        }
        for (size_t i = 0; i < t->reason_n && n < size && said < REASONS_SAID && most > 0; i++) {
            const struct tb_reason *r = &t->reasons[i];
            if (strcmp(r->kind, "rejected") == 0 && r->lines == most) {
                n += (size_t)snprintf(out + n, size - n, "%s%s %" PRIu64, said++ > 0 ? ", " : "", r->reason,
                                      r->lines);
            }
        }
        if (most == 0) {
            return;
        }
        below = most;
    }
}

static void say_rejected(struct tb_filing *f, const struct tb_member *m, uint64_t growing, const char *where)
{
    const struct tb_file_entry *e = &f->entry;
    uint64_t rejected = e->rejected - f->base.rejected;
    char reasons[128];
    if (growing > 0) {
        tb_log(TB_LOG_INFO, "%s is still being written: its torn last line is read again when it has grown",
               where);
    }
    if (rejected == growing || f->said++ >= FILES_SAID) {
        return; /* the sum is said at the end */
    }
    if (m->format[0] == '\0') {
        tb_log(TB_LOG_WARN,
               "no format recognises %s: %" PRIu64 " lines rejected; see `tollbook formats test FILE`", where,
               e->rejected);
        return;
    }
    say_reasons(&m->tally, reasons, sizeof reasons);
    tb_log(TB_LOG_WARN, "%s: %" PRIu64 " of %" PRIu64 " lines %s rejected (%s)", where, rejected, e->lines,
           f->again != NULL ? "are still" : "were", reasons);
}

static void say_trouble(struct tb_filing *f, const struct tb_member *m, uint64_t growing)
{
    char where[2 * TB_NAME_MAX + 64];
    place(&f->entry, where, sizeof where);
    if (m->fault.code != TB_E_NONE) {
        tb_log(TB_LOG_WARN, "%s is incomplete, %" PRIu64 " lines were read: %s", where, f->entry.lines,
               m->fault.text);
    }
    say_rejected(f, m, growing, where);
}

/* The stretch of time that a file with rejected lines belongs to: the days under which they are reported. *growing: those
 * that are no trouble yet. */
static enum tb_status span_rejected(struct tb_filing *f, const struct tb_tally *t,
                                    struct tb_load_summary *sums, uint64_t *growing, struct tb_err *err)
{
    const struct tb_file_entry *e = &f->entry;
    *growing = 0;
    if (e->rejected == f->base.rejected) {
        return TB_OK;
    }
    tb_query_bind_int(f->span, "file", e->file);
    enum tb_status st = tb_query_step(f->span, err);
    int64_t from = 0, to = 0;
    if (st == TB_OK && !tb_query_is_null(f->span, 0)) {
        from = tb_query_int(f->span, 0) * TB_QUARTER_US;
        to = (tb_query_int(f->span, 1) + 1) * TB_QUARTER_US;
        *growing = f->today_us != 0 && to > f->today_us ? tb_tally_torn(t) : 0;
        sums->growing += *growing;
    } else if (e->date != TB_DAY_NONE) {
        from = e->date * TB_US_PER_DAY;
        to = from + TB_US_PER_DAY;
    }
    tb_query_reset(f->span);
    if (st == TB_OK && from < to) {
        bool first = sums->rejected_from_us == sums->rejected_to_us;
        sums->rejected_from_us = first || from < sums->rejected_from_us ? from : sums->rejected_from_us;
        sums->rejected_to_us = first || to > sums->rejected_to_us ? to : sums->rejected_to_us;
    }
    return st;
}

enum tb_status tb_filing_finish(struct tb_filing *f, struct tb_member *m, struct tb_load_summary *sums,
                                struct tb_err *err)
{
    struct tb_file_entry *e = &f->entry;
    if (f->again != NULL && !m->has_raw) {
        return tb_err_set(err, TB_FAIL, TB_E_IO,
                          "\"%.*s\" changed while it was read again; nothing of it is "
                          "counted, run this again",
                          (int)e->path.n, e->path.s);
    }
    assert(m->tally.lines == m->tally.rows + m->tally.ignored + m->tally.rejected);
    assert(m->tally.rows == f->counts.events + f->counts.duplicates + f->counts.conflicts + f->counts.pruned);
    e->format = tb_str_of(m->format);
    e->wrapper = tb_str_of(m->wrapper);
    e->kind = tb_str_of(m->kind);
    e->bytes = (int64_t)m->bytes;
    e->has_raw_digest = m->has_raw;
    e->raw_digest = m->raw;
    e->digest = m->digest;
    bool whole = m->fault.code == TB_E_NONE;
    uint64_t growing = 0;
    if (m->fault.code ==
        TB_E_IO) { /* a disk that fails now may read tomorrow: the same file is not the same answer */
        e->mtime_ns = TB_MTIME_UNKNOWN;
    }
    e->incomplete = m->head ? f->again->entry.incomplete : whole ? TB_STR_NULL : tb_str_of(m->fault.text);
    e->incomplete_byte = m->head ? f->again->entry.incomplete_byte : whole ? 0 : m->fault.byte;
    enum tb_status st = count(f, m, err);
    if (st != TB_OK) {
        return st;
    }
    add_sums(f, sums);
    if (!whole) {
        f->faulty = true;
        sums->incomplete++;
    }
    st = tb_files_update(f->db, e, err);
    if (st == TB_OK && f->again != NULL) {
        st = tb_filing_settle(f, err);
    }
    if (st == TB_OK) {
        st = span_rejected(f, &m->tally, sums, &growing, err);
    }
    if (st == TB_OK) {
        say_trouble(f, m, growing);
    }
    /* What may still be said of this row (tb_filing_end) must not lean on the member's texts. */
    e->wrapper = e->kind = e->member = TB_STR_NULL;
    return st;
}

/* Is it the file that the ledger has at this path, merely touched or copied over itself? Then nothing arrived. TB_END: no. */
static enum tb_status touched(struct tb_filing *f, struct tb_hash128 raw, struct tb_err *err)
{
    unsigned char digest[16];
    for (int i = 0; i < 8; i++) { /* as the ledger keeps it: big-endian */
        digest[i] = (unsigned char)(raw.hi >> (56 - 8 * i));
        digest[8 + i] = (unsigned char)(raw.lo >> (56 - 8 * i));
    }
    tb_query_bind_int(f->touched, "source", f->entry.source);
    tb_query_bind_text(f->touched, "path", f->entry.path);
    tb_query_bind_int(f->touched, "mtime_ns", f->entry.mtime_ns);
    tb_query_bind_blob(f->touched, "raw_digest", digest, sizeof digest);
    enum tb_status first = tb_query_step(f->touched, err), st = first;
    while (st == TB_OK) {
        st = tb_query_step(f->touched, err);
    }
    return st == TB_END ? first : st;
}

enum tb_status tb_filing_copy(struct tb_filing *f, const struct tb_input_file *file, const char *format,
                              struct tb_hash128 raw, struct tb_load_summary *sums, struct tb_err *err)
{
    char wrapper[64], kind[32];
    struct tb_file_entry *e = &f->entry, same;
    enum tb_status st = describe(f, file, TB_STR_NULL, err);
    if (st == TB_OK && (st = touched(f, raw, err)) == TB_OK) {
        sums->files_known++;
        return TB_OK;
    }
    if (st == TB_END) {
        st = tb_files_same(f->db, e->source, tb_str_of(format), raw, true, &same, err);
        assert(st != TB_END); /* nothing takes rows out of the ledger while the lock is held */
    }
    if (st != TB_OK) {
        return st;
    }
    assert(same.wrapper.n < sizeof wrapper && same.kind.n < sizeof kind); /* written by tb_filing_finish */
    memcpy(wrapper, same.wrapper.s, same.wrapper.n);
    memcpy(kind, same.kind.s, same.kind.n);
    e->format = tb_str_of(format);
    e->wrapper = (struct tb_str){wrapper, same.wrapper.n};
    e->kind = (struct tb_str){kind, same.kind.n};
    e->bytes = same.bytes;
    e->has_raw_digest = true;
    e->raw_digest = raw;
    e->digest = same.digest;
    e->lines = e->duplicates = same.lines;
    e->same_as = same.file;
    st = insert(f, err);
    if (st == TB_OK) {
        st = tb_files_quarters_copy(f->db, same.file, e->file, err);
    }
    e->wrapper = e->kind = TB_STR_NULL;
    if (st == TB_OK) {
        f->base = (struct tb_file_entry){.file = 0};
        add_sums(f, sums);
    }
    return st;
}

enum tb_status tb_filing_end(struct tb_filing *f, const struct tb_input_file *file,
                             const struct tb_err *fault, struct tb_load_summary *sums, struct tb_err *err)
{
    if (fault->code == TB_E_NONE) {
        if (f->faulty || f->first == 0) {
            return TB_OK;
        }
        tb_query_bind_int(f->completed, "file", f->entry.file);
        tb_query_bind_int(f->completed, "first", f->first);
        tb_query_bind_int(f->completed, "source", f->entry.source);
        tb_query_bind_text(f->completed, "path", f->entry.path);
        return tb_query_run(f->completed, err);
    }
    sums->incomplete++;
    if (f->first == 0) {
        tb_log_err(TB_LOG_ERROR, fault); /* the ledger stays untouched: it is tried again next time */
        return TB_OK;
    }
    tb_log(TB_LOG_WARN, "\"%s\" cannot be read further: %s", file->path, fault->text);
    tb_query_bind_int(f->broken, "file", f->entry.file);
    tb_query_bind_text(f->broken, "incomplete", tb_str_of(fault->text));
    tb_query_bind_int(f->broken, "incomplete_byte", (int64_t)fault->byte);
    tb_query_bind_int(f->broken, "again", fault->code == TB_E_IO);
    return tb_query_run(f->broken, err);
}
