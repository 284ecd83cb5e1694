#include "load/recorder.h"
#include <assert.h>
#include <string.h>
#include "base/utf8.h"
#include "event/identity.h"

#define EXCERPT_MAX 256u /* formats give at most 200 bytes */

enum tb_status tb_recorder_init(struct tb_recorder *r, struct tb_handover *h, struct tb_lane *lane,
                                struct tb_err *err)
{
    memset(r, 0, sizeof *r);
    r->handover = h;
    r->bounds = h->bounds;
    r->intern = tb_intern_new(h->bounds);
    r->occurrence = tb_occurrence_new(h->bounds);
    tb_late_init(&r->late, h->bounds);
    tb_buf_init(&r->node_raw, TB_FIELD_BYTES_MAX + 1);
    tb_buf_init(&r->node_clean, 4 * TB_FIELD_BYTES_MAX);
    if (lane->free != NULL) {
        r->batch = lane->free;
        lane->free = r->batch->next;
        tb_batch_clear(r->batch);
    }
    if (r->intern == NULL || r->occurrence == NULL || r->batch == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read log files");
    }
    return TB_OK;
}

void tb_recorder_release(struct tb_recorder *r)
{
    tb_intern_free(r->intern);
    tb_occurrence_free(r->occurrence);
    tb_late_release(&r->late);
    tb_batch_free(r->batch);
    tb_buf_release(&r->node_raw);
    tb_buf_release(&r->node_clean);
}

static void begin_numbering(struct tb_recorder *r)
{
    assert(tb_batch_empty(r->batch));
    tb_batch_clear(r->batch);
    tb_intern_reset(r->intern);
    r->defined = 0;
    r->batch->fresh = true;
    r->batch->define_first = 1;
}

void tb_recorder_start(struct tb_recorder *r, struct tb_job *job, struct tb_member *member)
{
    r->job = job;
    r->member = member;
    r->rejects = 0;
    r->source = tb_str_of(job->file->source);
    r->file_node = tb_str_of(member->again != NULL ? member->again->node : job->file->node);
    tb_batch_clear(r->batch); /* of a file that was given up */
    begin_numbering(r);
    tb_occurrence_reset(r->occurrence);
    tb_late_reset(&r->late);
}

static enum tb_status hand_over(struct tb_recorder *r, struct tb_err *err)
{
    enum tb_status st = tb_handover_batch(r->handover, r->job, &r->batch, err);
    if (st == TB_OK) {
        r->batch->define_first = r->defined + 1;
    }
    return st;
}

/* Room for one event or reject; a numbering that has grown full begins anew here, between two events. */
static enum tb_status make_room(struct tb_recorder *r, struct tb_err *err)
{
    bool full = tb_intern_full(r->intern);
    if (tb_batch_room(r->batch) && !full) {
        return TB_OK;
    }
    enum tb_status st = tb_batch_empty(r->batch) ? TB_OK : hand_over(r, err);
    if (st == TB_OK && full) {
        begin_numbering(r);
    }
    return st;
}

void tb_recorder_line(struct tb_recorder *r, uint64_t line, struct tb_str bytes)
{
    tb_tally_content_line(&r->member->tally, line, bytes);
}

enum tb_status tb_recorder_ignored(struct tb_recorder *r, const struct tb_where *w, struct tb_str record,
                                   const char *reason, struct tb_err *err)
{
    if (w->whole_line) {
        tb_tally_content_line(&r->member->tally, w->line, record);
    }
    return w->counted ? TB_OK : tb_tally_ignored(&r->member->tally, reason, err);
}

/* A log that is still being written, or that was cut, ends in half a record. */
static bool is_torn(const struct tb_where *w, const char *reason)
{
    return w->at_end && (strcmp(reason, "bad_json") == 0 || strcmp(reason, "not_json") == 0 ||
                         strcmp(reason, "bad_row") == 0 || strcmp(reason, "partial_line") == 0);
}

enum tb_status tb_recorder_rejected(struct tb_recorder *r, const struct tb_where *w, struct tb_str record,
                                    const char *reason, uint64_t byte, struct tb_str excerpt,
                                    struct tb_err *err)
{
    if (w->whole_line) {
        tb_tally_content_line(&r->member->tally, w->line, record);
    }
    reason = is_torn(w, reason) ? TB_REASON_TORN : reason;
    enum tb_status st = w->counted ? TB_OK : tb_tally_rejected(&r->member->tally, reason, err);
    if (st != TB_OK || w->counted || r->rejects >= r->bounds->reject_rows) {
        return st;
    }
    st = make_room(r, err);
    if (st == TB_OK) {
        struct tb_batch *b = r->batch;
        excerpt.n = excerpt.n < EXCERPT_MAX ? excerpt.n : EXCERPT_MAX;
        b->rejects[b->reject_n++] = (struct tb_reject){.line = w->line,
                                                       .byte = w->byte + byte,
                                                       .part = w->part,
                                                       .reason = reason,
                                                       .excerpt = tb_batch_text(b, excerpt)};
        r->rejects++;
    }
    return st;
}

/* A wrapper's node, repaired and cut; the same one comes line after line. */
static enum tb_status clean_node(struct tb_recorder *r, struct tb_str node, struct tb_str *out,
                                 struct tb_err *err)
{
    node.n = node.n < TB_FIELD_BYTES_MAX ? node.n : TB_FIELD_BYTES_MAX;
    if (r->node_raw.n != node.n || (node.n > 0 && memcmp(r->node_raw.p, node.s, node.n) != 0) ||
        r->node_clean.p == NULL) {
        tb_buf_clear(&r->node_raw);
        tb_buf_clear(&r->node_clean);
        if (tb_buf_str(&r->node_raw, node, err) != TB_OK ||
            tb_buf_reserve(&r->node_clean, 3 * node.n + 1, err) != TB_OK) {
            return TB_FATAL;
        }
        r->node_clean.n = tb_utf8_repair(node, r->node_clean.p);
        while (r->node_clean.n > TB_FIELD_BYTES_MAX ||
               (r->node_clean.n > 0 && node.n == TB_FIELD_BYTES_MAX &&
                ((unsigned char)r->node_clean.p[r->node_clean.n - 1] & 0x80) != 0)) {
            r->node_clean.n--; /* never half a character */
        }
    }
    *out = tb_buf_view(&r->node_clean);
    return TB_OK;
}

/* The record's own node is the wrapper's, else the path's; one that the format read from the record comes
 * first. */
static enum tb_status settle_node(struct tb_recorder *r, const struct tb_where *w, struct tb_event *e,
                                  bool *own, struct tb_err *err)
{
    *own = true;
    if (e->text[TB_T_NODE].s != NULL) {
        return TB_OK;
    }
    if (w->node.s != NULL && w->node.n > 0) {
        return clean_node(r, w->node, &e->text[TB_T_NODE], err);
    }
    *own = false;
    e->text[TB_T_NODE] = r->file_node;
    return TB_OK;
}

static uint64_t payload_of(const struct tb_event *e, const uint64_t *hash)
{
    struct tb_payload p = {.ts_us = e->ts_us,
                           .present = e->present,
                           .quality = e->quality,
                           .flags = e->flags,
                           .has_cost = e->has_cost,
                           .cost = e->cost,
                           .prompt_fingerprint = e->prompt_fingerprint};
    memcpy(p.text_hash, hash, TB_T_COUNT * sizeof *hash);
    memcpy(p.number, e->number, sizeof p.number);
    return tb_payload_digest(&p);
}

static void fill_row(struct tb_row *row, const struct tb_event *e, uint64_t line)
{
    row->ts_us = e->ts_us;
    memcpy(row->number, e->number, sizeof row->number);
    row->cost = e->has_cost ? e->cost : (struct tb_decimal){0, 0};
    row->prompt_fingerprint = e->prompt_fingerprint;
    row->line = line;
    row->present = e->present;
    row->quality = e->quality;
    row->flags = e->flags;
    row->has_cost = e->has_cost;
    row->id = TB_STR_NULL;
}

/* Few rows have one, so it lies with the texts. */
static struct tb_str signature_of(struct tb_batch *b, const struct tb_event *e)
{
    struct tb_signature s;
    if (e->prompt.s == NULL || !tb_signature_make(e->prompt, &s)) {
        return TB_STR_NULL;
    }
    return tb_batch_text(b, (struct tb_str){(const char *)&s, sizeof s});
}

static void define_new(struct tb_recorder *r)
{
    struct tb_batch *b = r->batch;
    while (r->defined < tb_intern_count(r->intern)) {
        r->defined++;
        b->defines[b->define_n++] = tb_batch_text(b, tb_intern_text(r->intern, r->defined));
    }
}

/* An event that was counted earlier: only what the content digest takes of it. */
static enum tb_status take_content(struct tb_recorder *r, const struct tb_where *w, struct tb_event *e,
                                   struct tb_hash128 record, struct tb_err *err)
{
    uint64_t hash[TB_T_COUNT];
    bool own_node = false;
    enum tb_status st = settle_node(r, w, e, &own_node, err);
    for (int f = 0; f < TB_T_COUNT; f++) {
        hash[f] = e->text[f].s != NULL ? tb_identity_text(e->text[f]) : 0;
    }
    record = e->id.s != NULL ? tb_identity_of_id(r->source, e->id) : record;
    tb_tally_content_event(&r->member->tally, w->line, record, payload_of(e, hash),
                           own_node ? hash[TB_T_NODE] : 0);
    return st;
}

/* Events of one record are counted apart, so that a late one can be counted alone. */
static enum tb_status occurred(struct tb_recorder *r, struct tb_hash128 record, uint32_t part,
                               uint32_t *number, bool *late, struct tb_err *err)
{
    record.lo += part * UINT64_C(0x9E3779B97F4A7C15);
    enum tb_occurred o = tb_occurrence_next(r->occurrence, record, number);
    *late = o == TB_OCCURRED_FULL;
    if (o == TB_OCCURRED_NO_MEMORY) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for records without an id");
    }
    return TB_OK;
}

static enum tb_status take_event(struct tb_recorder *r, const struct tb_where *w, struct tb_event *e,
                                 uint32_t part, struct tb_hash128 record, struct tb_err *err)
{
    bool own_node = false, late = false;
    enum tb_status st = make_room(r, err);
    if (st == TB_OK) {
        st = settle_node(r, w, e, &own_node, err);
    }
    if (st != TB_OK) {
        return st;
    }
    struct tb_batch *b = r->batch;
    struct tb_row *row = &b->rows[b->n];
    uint64_t hash[TB_T_COUNT];
    st = tb_intern_texts(r->intern, e->text, row->text, hash, err);
    if (st != TB_OK) {
        return st;
    }
    define_new(r);
    fill_row(row, e, w->line);
    row->signature = signature_of(b, e);
    row->payload = payload_of(e, hash);
    struct tb_place place = {.byte = w->byte, .part = w->part + part};
    if (e->id.s != NULL) {
        row->identity = tb_identity_of_id(r->source, e->id);
        row->id = tb_batch_text(b, e->id);
        record = row->identity;
    } else {
        uint32_t number = 0;
        st = occurred(r, record, part, &number, &late, err);
        row->identity = late ? record : tb_identity_of_bytes(record, part, number);
    }
    if (w->whole_line) {
        tb_tally_content_event(&r->member->tally, w->line, record, row->payload,
                               own_node ? hash[TB_T_NODE] : 0);
    }
    if (st == TB_OK) {
        st = tb_tally_row(&r->member->tally, e->ts_us, err);
    }
    if (st != TB_OK || late) {
        return st == TB_OK ? tb_late_add(&r->late, row, &place, e->text, err) : st;
    }
    b->places[b->n++] = place;
    return TB_OK;
}

enum tb_status tb_recorder_events(struct tb_recorder *r, const struct tb_where *w, struct tb_str record,
                                  struct tb_event *events, uint32_t n, struct tb_err *err)
{
    assert(n >= 1 && n <= TB_EVENTS_PER_RECORD_MAX);
    struct tb_hash128 digest = {0, 0};
    bool digested = false;
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < n && st == TB_OK; i++) {
        if (events[i].id.s == NULL && !digested) {
            digest = tb_identity_record(r->source, record);
            digested = true;
        }
        if (!w->counted) {
            st = take_event(r, w, &events[i], i, digest, err);
        } else if (w->whole_line) {
            st = take_content(r, w, &events[i], digest, err);
        }
    }
    return st;
}

/* A row that was set aside: counted now, or set aside again. */
static enum tb_status take_late(void *ctx, const struct tb_row *late_row, const struct tb_place *place,
                                const struct tb_str *text, struct tb_err *err)
{
    struct tb_recorder *r = ctx;
    uint32_t part = (uint32_t)(place->part % TB_EVENTS_PER_RECORD_MAX), number = 0;
    bool late = false;
    enum tb_status st = occurred(r, late_row->identity, part, &number, &late, err);
    if (st != TB_OK || late) {
        return st == TB_OK ? tb_late_add(&r->late, late_row, place, text, err) : st;
    }
    st = make_room(r, err);
    if (st != TB_OK) {
        return st;
    }
    uint64_t unused[TB_T_COUNT];
    struct tb_batch *b = r->batch;
    struct tb_row *row = &b->rows[b->n];
    *row = *late_row;
    row->signature = tb_batch_text(b, late_row->signature);
    row->identity = tb_identity_of_bytes(late_row->identity, part, number);
    st = tb_intern_texts(r->intern, text, row->text, unused, err);
    if (st == TB_OK) {
        define_new(r);
        b->places[b->n++] = *place;
    }
    return st;
}

enum tb_status tb_recorder_finish(struct tb_recorder *r, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    while (st == TB_OK && !tb_late_empty(&r->late)) {
        tb_occurrence_reset(r->occurrence);
        st = tb_late_round(&r->late, take_late, r, err);
    }
    return st == TB_OK && !tb_batch_empty(r->batch) ? hand_over(r, err) : st;
}
