#include "load/retry.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/embed.h"
#include "base/limits.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_load[];

#define ARENA_MAX ((size_t)1 << 30) /* 24 bytes a rejected record, at most TB_REJECT_ROWS_MAX of each file */

struct loading {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_format_set *formats;
    const struct tb_load_again *wish;
    struct tb_query *members, *records, *node;
    struct tb_retry_list *list;
    size_t file_cap;
    struct tb_retry_member *last; /* members of the reading being gathered */
    size_t last_n, last_cap;
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the list of rejected lines");
}

void tb_retry_list_free(struct tb_retry_list *l)
{
    if (l != NULL) {
        free(l->files);
        tb_arena_release(&l->arena);
        free(l);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct tb_retry_record *x = a, *y = b;
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    if (x->byte != y->byte) {
        return x->byte < y->byte ? -1 : 1;
    }
    return (x->part > y->part) - (x->part < y->part);
}

bool tb_retry_has(const struct tb_retry_member *m, uint64_t line, uint64_t byte, uint64_t part)
{
    const struct tb_retry_record wanted = {line, byte, part};
    return m->all || (m->n > 0 && bsearch(&wanted, m->records, m->n, sizeof *m->records, by_place) != NULL);
}

/* --- one member ---- */

static bool keep_texts(struct tb_arena *a, struct tb_file_entry *e)
{
    struct tb_str *const texts[] = {&e->path,    &e->member, &e->node,      &e->format,
                                    &e->wrapper, &e->kind,   &e->incomplete};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool there = texts[i]->s != NULL;
        *texts[i] = tb_arena_str(a, *texts[i]);
        if (there && texts[i]->s == NULL) {
            return false;
        }
    }
    return true;
}

static enum tb_status read_records(struct loading *l, struct tb_retry_member *m, struct tb_err *err)
{
    size_t cap = m->rejected < TB_REJECT_ROWS_MAX ? (size_t)m->rejected : TB_REJECT_ROWS_MAX;
    m->records = tb_arena_alloc(&l->list->arena, (cap + 1) * sizeof *m->records);
    if (m->records == NULL) {
        return no_memory(err);
    }
    tb_query_bind_int(l->records, "file", m->entry.file);
    enum tb_status st;
    while ((st = tb_query_step(l->records, err)) == TB_OK && m->n < cap) {
        m->records[m->n++] = (struct tb_retry_record){.line = (uint64_t)tb_query_int(l->records, 0),
                                                      .byte = (uint64_t)tb_query_int(l->records, 1),
                                                      .part = (uint64_t)tb_query_int(l->records, 2)};
    }
    tb_query_reset(l->records);
    return st == TB_END ? TB_OK : st;
}

/* The smallest node of this content stays, as if its copies had come after the mended format. */
static enum tb_status read_node(struct loading *l, struct tb_retry_member *m, struct tb_err *err)
{
    unsigned char digest[16];
    for (int i = 0; i < 8; i++) { /* as the ledger keeps it: big-endian */
        digest[i] = (unsigned char)(m->entry.digest.hi >> (56 - 8 * i));
        digest[8 + i] = (unsigned char)(m->entry.digest.lo >> (56 - 8 * i));
    }
    tb_query_bind_int(l->node, "source", m->entry.source);
    tb_query_bind_text(l->node, "format", m->entry.format);
    tb_query_bind_blob(l->node, "digest", digest, sizeof digest);
    enum tb_status st = tb_query_step(l->node, err);
    if (st == TB_OK && !tb_query_is_null(l->node, 0)) {
        m->node = tb_arena_cstr(&l->list->arena, tb_query_text(l->node, 0));
        st = m->node != NULL ? TB_OK : no_memory(err);
    }
    tb_query_reset(l->node);
    tb_query_bind_null(l->node, "digest");
    return st;
}

/* What was read keeps its format; what no format knew is told anew, as the configuration has it now. */
static const char *format_of(const struct loading *l, const struct tb_retry_member *m, const char *source)
{
    if (l->wish != NULL && l->wish->format != NULL) {
        return l->wish->format;
    }
    for (int i = 0; i < l->settings->source_count; i++) {
        const struct tb_source_setting *s = &l->settings->sources[i];
        if (s->format != NULL && strcmp(s->name, source) == 0) {
            return s->format;
        }
    }
    return !m->all && tb_format_find(l->formats, m->entry.format.s) != NULL ? m->entry.format.s : NULL;
}

static enum tb_status read_member(struct loading *l, struct tb_retry_member *m, struct tb_str source,
                                  uint32_t file, uint64_t rejected, struct tb_err *err)
{
    memset(m, 0, sizeof *m);
    enum tb_status st = tb_files_get(l->db, file, &m->entry, err);
    if (st != TB_OK) {
        return st;
    }
    if (!keep_texts(&l->list->arena, &m->entry)) {
        return no_memory(err);
    }
    const struct tb_file_entry *e = &m->entry;
    char name[TB_NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)source.n, source.s);
    m->rejected = rejected;
    m->all = rejected > 0 && rejected == e->rejected && e->lines == e->ignored + e->rejected;
    m->format = format_of(l, m, name);
    if (rejected > 0 && !m->all) {
        st = read_records(l, m, err);
        m->rejected = m->n;
    }
    return st == TB_OK && rejected > 0 ? read_node(l, m, err) : st;
}

/* --- readings ---- */

static bool wished(const struct loading *l, const struct tb_file_entry *e, const char *source)
{
    const struct tb_load_again *w = l->wish;
    if (w == NULL || (w->source != NULL && strcmp(w->source, source) != 0)) {
        return w == NULL;
    }
    bool found = w->paths == NULL;
    for (size_t i = 0; !found && i < w->paths->n; i++) {
        found = tb_str_eq(e->path, tb_str_of(w->paths->files[i].path));
    }
    return found;
}

/* The members gathered become a file to read, when one of them has something to read again. */
static enum tb_status close_reading(struct loading *l, const char *source, struct tb_err *err)
{
    struct tb_retry_list *list = l->list;
    struct tb_retry r = {.n = l->last_n, .file = {.source = source}};
    for (size_t i = 0; i < l->last_n; i++) {
        r.rejected += l->last[i].rejected;
    }
    l->last_n = 0;
    if (r.rejected == 0 || !wished(l, &l->last[0].entry, source)) {
        return TB_OK;
    }
    const struct tb_file_entry *e = &l->last[0].entry;
    r.file.path = e->path.s;
    r.file.node = e->node.s;
    r.file.date = e->date;
    r.file.size = e->raw_bytes;
    r.file.mtime_ns = e->mtime_ns;
    r.has_raw = e->has_raw_digest;
    r.raw = e->raw_digest;
    r.members = tb_arena_alloc(&list->arena, r.n * sizeof *r.members);
    if (list->n == l->file_cap) {
        size_t cap = l->file_cap == 0 ? 16 : 2 * l->file_cap;
        struct tb_retry *wider = realloc(list->files, cap * sizeof *wider);
        if (wider != NULL) {
            list->files = wider;
            l->file_cap = cap;
        }
    }
    if (r.members == NULL || list->n == l->file_cap) {
        return no_memory(err);
    }
    memcpy(r.members, l->last, r.n * sizeof *r.members);
    list->files[list->n++] = r;
    return TB_OK;
}

/* Members of one transaction follow each other: the same bytes at the same path at the same time. */
static bool same_reading(const struct tb_file_entry *a, const struct tb_file_entry *b)
{
    return a->source == b->source && tb_str_eq(a->path, b->path) && a->mtime_ns == b->mtime_ns &&
           a->has_raw_digest == b->has_raw_digest && a->raw_digest.hi == b->raw_digest.hi &&
           a->raw_digest.lo == b->raw_digest.lo && b->member.n > 0 && a->member.n > 0;
}

static enum tb_status take_row(struct loading *l, const char **source, struct tb_err *err)
{
    if (l->last_n == l->last_cap) {
        size_t cap = l->last_cap == 0 ? 16 : 2 * l->last_cap;
        struct tb_retry_member *wider = realloc(l->last, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        l->last = wider;
        l->last_cap = cap;
    }
    struct tb_retry_member m;
    struct tb_str name = tb_query_text(l->members, 1);
    int64_t rejected = tb_query_int(l->members, 3);
    assert(rejected >= 0);
    enum tb_status st =
        read_member(l, &m, name, (uint32_t)tb_query_int(l->members, 0), (uint64_t)rejected, err);
    if (st == TB_OK && l->last_n > 0 && !same_reading(&l->last[l->last_n - 1].entry, &m.entry)) {
        st = close_reading(l, *source, err);
    }
    if (st == TB_OK) {
        l->last[l->last_n++] = m;
        *source = tb_arena_cstr(&l->list->arena, tb_query_text(l->members, 1));
        st = *source != NULL ? TB_OK : no_memory(err);
    }
    return st;
}

enum tb_status tb_retry_list_load(struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_format_set *formats, const struct tb_load_again *wish,
                                  struct tb_retry_list **out, struct tb_err *err)
{
    struct loading l = {.db = db, .settings = s, .formats = formats, .wish = wish};
    const char *source = NULL;
    l.list = calloc(1, sizeof *l.list);
    enum tb_status st = l.list != NULL ? TB_OK : no_memory(err);
    if (st == TB_OK) {
        tb_arena_init(&l.list->arena, ARENA_MAX);
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "retry_members.sql"), &l.members, err);
    }
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "retry_records.sql"), &l.records, err);
    }
    if (st == TB_OK) {
        st = tb_query_open(db, tb_embed_text(tb_embed_load, "retry_node.sql"), &l.node, err);
    }
    while (st == TB_OK && (st = tb_query_step(l.members, err)) == TB_OK) {
        st = take_row(&l, &source, err);
    }
    st = st == TB_END ? TB_OK : st;
    if (st == TB_OK && l.last_n > 0) {
        st = close_reading(&l, source, err);
    }
    tb_query_close(l.members);
    tb_query_close(l.records);
    tb_query_close(l.node);
    free(l.last);
    if (st != TB_OK) {
        tb_retry_list_free(l.list);
        l.list = NULL;
    }
    *out = l.list;
    return st;
}
