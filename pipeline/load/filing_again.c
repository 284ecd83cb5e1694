/* The ledger row of a member whose rejected lines are read again: what they counted for is taken out of it, and what became of
 * them is put in. */
#include <assert.h>
#include <inttypes.h>
#include "base/embed.h"
#include "base/log.h"
#include "load/filing.h"

extern const struct tb_embed tb_embed_load[];

static void digest_bytes(struct tb_hash128 h, unsigned char out[16])
{
    for (int i = 0; i < 8; i++) { /* as the ledger keeps it: big-endian */
        out[i] = (unsigned char)(h.hi >> (56 - 8 * i));
        out[8 + i] = (unsigned char)(h.lo >> (56 - 8 * i));
    }
}

static enum tb_status run_for(struct tb_filing *f, const char *sql, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(f->db, tb_embed_text(tb_embed_load, sql), &q, err);
    if (st == TB_OK) {
        tb_query_bind_int(q, "file", f->entry.file);
        st = tb_query_run(q, err);
    }
    tb_query_close(q);
    return st;
}

/* Nothing is left of the rejected lines but those of pruned days; of a member that is read as if it were new, nothing at all. */
static enum tb_status forget(struct tb_filing *f, const struct tb_retry_member *again, struct tb_err *err)
{
    if (again->all) {
        enum tb_status st = run_for(f, "retry_forget.sql", err);
        return st == TB_OK ? run_for(f, "retry_forget_reasons.sql", err) : st;
    }
    enum tb_status st = run_for(f, "retry_reasons.sql", err);
    if (st == TB_OK) {
        st = run_for(f, "retry_forget_none.sql", err);
    }
    return st == TB_OK ? run_for(f, "retry_forget.sql", err) : st;
}

enum tb_status tb_filing_resume(struct tb_filing *f, const struct tb_retry_member *again, struct tb_err *err)
{
    enum tb_status st = tb_files_get(f->db, again->entry.file, &f->entry, err);
    if (st != TB_OK) {
        return st;
    }
    struct tb_file_entry *e = &f->entry;
    f->before = *e;
    f->again = again;
    e->path = again->entry.path; /* texts of tb_files_get do not last */
    e->member = again->entry.member;
    e->node = again->entry.node;
    e->format = again->entry.format;
    e->wrapper = again->entry.wrapper;
    e->kind = again->entry.kind;
    e->incomplete = TB_STR("being read"); /* nobody sees it, and it is no known content meanwhile */
    f->base = *e;
    f->base.rejected = again->all ? 0 : e->rejected - again->rejected;
    f->base.ignored = again->all ? 0 : e->ignored;
    f->base.lines = again->all ? 0 : e->lines - again->rejected;
    assert(!again->all || e->events + e->duplicates + e->conflicts == 0);
    f->first = f->first == 0 ? e->file : f->first;
    tb_filing_clear(f);
    f->reject_rows =
        (uint32_t)(f->base.rejected < f->reject_rows_max ? f->base.rejected : f->reject_rows_max);
    st = tb_files_update(f->db, e, err);
    return st == TB_OK ? forget(f, again, err) : st;
}

static bool same_counts(const struct tb_file_entry *a, const struct tb_file_entry *b)
{
    return a->lines == b->lines && a->events == b->events && a->duplicates == b->duplicates &&
           a->conflicts == b->conflicts && a->ignored == b->ignored && a->rejected == b->rejected;
}

/* Copies that were told from this content are told from what it is now. */
static enum tb_status settle_copies(struct tb_filing *f, struct tb_err *err)
{
    const struct tb_file_entry *e = &f->entry, *was = &f->again->entry;
    unsigned char old_digest[16], digest[16];
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(f->db, tb_embed_text(tb_embed_load, "retry_copies.sql"), &q, err);
    if (st == TB_OK) {
        digest_bytes(was->digest, old_digest);
        digest_bytes(e->digest, digest);
        tb_query_bind_int(q, "file", e->file);
        tb_query_bind_int(q, "source", e->source);
        tb_query_bind_int(q, "lines", (int64_t)e->lines);
        tb_query_bind_text(q, "old_format", was->format);
        tb_query_bind_text(q, "format", e->format);
        tb_query_bind_blob(q, "old_digest", old_digest, sizeof old_digest);
        tb_query_bind_blob(q, "digest", digest, sizeof digest);
        st = tb_query_run(q, err);
    }
    tb_query_close(q);
    return st == TB_OK ? run_for(f, "retry_copy_quarters.sql", err) : st;
}

enum tb_status tb_filing_settle(struct tb_filing *f, struct tb_err *err)
{
    if (same_counts(&f->before, &f->entry)) {
        return TB_OK;
    }
    enum tb_status st = f->entry.incomplete.s == NULL ? settle_copies(f, err) : TB_OK;
    return st == TB_OK ? run_for(f, "retry_days.sql", err) : st;
}

enum tb_status tb_filing_end_again(struct tb_filing *f, const struct tb_retry *again,
                                   const struct tb_err *fault, struct tb_load_summary *sums,
                                   struct tb_err *err)
{
    (void)err;
    if (fault->code == TB_E_NONE) {
        return TB_OK;
    }
    if (f->first == 0) {
        tb_log(TB_LOG_WARN, "%s", fault->text);
        sums->unread += again->rejected;
    } else { /* as it was when it was read first: the ledger has it */
        tb_log(TB_LOG_WARN, "\"%s\" cannot be read further: %s", again->file.path, fault->text);
    }
    sums->incomplete++;
    return TB_OK;
}
