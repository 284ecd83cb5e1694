#include "store/files.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "store/handle.h"

static void put_u64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        p[i] = (unsigned char)(v >> (56 - 8 * i));
    }
}

/* Digests are stored as 16 bytes, most significant first, as people print them. */
static void digest_bytes(struct tb_hash128 h, unsigned char out[16])
{
    put_u64(out, h.hi);
    put_u64(out + 8, h.lo);
}

static struct tb_hash128 digest_of(struct tb_str blob)
{
    struct tb_hash128 h = {0, 0};
    for (size_t i = 0; i < 8 && blob.n == 16; i++) {
        h.hi = h.hi << 8 | (unsigned char)blob.s[i];
        h.lo = h.lo << 8 | (unsigned char)blob.s[8 + i];
    }
    return h;
}

enum tb_status tb_files_known(struct tb_db *db, uint32_t source, struct tb_str path, int64_t raw_bytes,
                              int64_t mtime_ns, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_known.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "source", source);
    tb_query_bind_text(q, "path", path);
    tb_query_bind_int(q, "raw_bytes", raw_bytes);
    tb_query_bind_int(q, "mtime_ns", mtime_ns);
    st = tb_query_step(q, err);
    bool known = st == TB_OK && tb_query_int(q, 0) != 0;
    tb_query_reset(q);
    return st == TB_OK && !known ? TB_END : st;
}

/* A copy of column i in db->texts; room for all was reserved, so that earlier copies do not move. */
static struct tb_str copy_text(struct tb_db *db, const struct tb_query *q, int i, struct tb_err *err,
                               enum tb_status *st)
{
    struct tb_str s = tb_query_text(q, i);
    if (s.s == NULL || *st != TB_OK) {
        return TB_STR_NULL;
    }
    size_t at = db->texts.n;
    *st = tb_buf_add(&db->texts, s.s, s.n, err);
    return *st == TB_OK ? (struct tb_str){db->texts.p + at, s.n} : TB_STR_NULL;
}

static enum tb_status read_entry(struct tb_db *db, const struct tb_query *q, struct tb_file_entry *out,
                                 struct tb_err *err)
{
    static const int texts[] = {2, 3, 4, 6, 7, 8, 20};
    size_t room = 1;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        room += tb_query_text(q, texts[i]).n;
    }
    tb_buf_clear(&db->texts);
    enum tb_status st = tb_buf_reserve(&db->texts, room, err);
    *out = (struct tb_file_entry){
        .file = (uint32_t)tb_query_int(q, 0),
        .source = (uint32_t)tb_query_int(q, 1),
        .date = tb_query_is_null(q, 5) ? TB_DAY_NONE : (int32_t)tb_query_int(q, 5),
        .raw_bytes = tb_query_int(q, 9),
        .has_raw_digest = !tb_query_is_null(q, 10),
        .raw_digest = digest_of(tb_query_blob(q, 10)),
        .mtime_ns = tb_query_int(q, 11),
        .bytes = tb_query_int(q, 12),
        .digest = digest_of(tb_query_blob(q, 13)),
        .lines = (uint64_t)tb_query_int(q, 14),
        .events = (uint64_t)tb_query_int(q, 15),
        .duplicates = (uint64_t)tb_query_int(q, 16),
        .conflicts = (uint64_t)tb_query_int(q, 17),
        .ignored = (uint64_t)tb_query_int(q, 18),
        .rejected = (uint64_t)tb_query_int(q, 19),
        .incomplete_byte = (uint64_t)tb_query_int(q, 21),
        .same_as = (uint32_t)tb_query_int(q, 22),
    };
    out->path = copy_text(db, q, 2, err, &st);
    out->member = copy_text(db, q, 3, err, &st);
    out->node = copy_text(db, q, 4, err, &st);
    out->format = copy_text(db, q, 6, err, &st);
    out->wrapper = copy_text(db, q, 7, err, &st);
    out->kind = copy_text(db, q, 8, err, &st);
    out->incomplete = copy_text(db, q, 20, err, &st);
    return st;
}

enum tb_status tb_files_same(struct tb_db *db, uint32_t source, struct tb_str format,
                             struct tb_hash128 digest, bool raw, struct tb_file_entry *out,
                             struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, raw ? "file_same_raw.sql" : "file_same.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    unsigned char bytes[16];
    digest_bytes(digest, bytes);
    tb_query_bind_int(q, "source", source);
    tb_query_bind_text(q, "format", format);
    tb_query_bind_blob(q, "digest", bytes, sizeof bytes);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        st = read_entry(db, q, out, err);
    }
    tb_query_reset(q);
    tb_query_bind_null(q, "digest");
    return st;
}

enum tb_status tb_files_get(struct tb_db *db, uint32_t file, struct tb_file_entry *out, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "file", file);
    st = tb_query_step(q, err);
    assert(st != TB_END); /* the caller has it from the ledger */
    if (st == TB_OK) {
        st = read_entry(db, q, out, err);
    }
    tb_query_reset(q);
    return st;
}

static void bind_counts(struct tb_query *q, const struct tb_file_entry *e)
{
    tb_query_bind_int(q, "lines", (int64_t)e->lines);
    tb_query_bind_int(q, "events", (int64_t)e->events);
    tb_query_bind_int(q, "duplicates", (int64_t)e->duplicates);
    tb_query_bind_int(q, "conflicts", (int64_t)e->conflicts);
    tb_query_bind_int(q, "ignored", (int64_t)e->ignored);
    tb_query_bind_int(q, "rejected", (int64_t)e->rejected);
}

static void bind_optional(struct tb_query *q, const char *name, bool there, int64_t v)
{
    if (there) {
        tb_query_bind_int(q, name, v);
    } else {
        tb_query_bind_null(q, name);
    }
}

static enum tb_status write_entry(struct tb_query *q, const struct tb_file_entry *e, struct tb_err *err)
{
    unsigned char raw[16], digest[16];
    digest_bytes(e->raw_digest, raw);
    digest_bytes(e->digest, digest);
    bind_optional(q, "file", e->file != 0, e->file);
    tb_query_bind_int(q, "source", e->source);
    tb_query_bind_text(q, "path", e->path);
    tb_query_bind_text(q, "member", e->member.s != NULL ? e->member : TB_STR(""));
    tb_query_bind_text(q, "node", e->node);
    bind_optional(q, "date", e->date != TB_DAY_NONE, e->date);
    tb_query_bind_text(q, "format", e->format);
    tb_query_bind_text(q, "wrapper", e->wrapper);
    tb_query_bind_text(q, "kind", e->kind);
    tb_query_bind_int(q, "raw_bytes", e->raw_bytes);
    if (e->has_raw_digest) {
        tb_query_bind_blob(q, "raw_digest", raw, sizeof raw);
    } else {
        tb_query_bind_null(q, "raw_digest");
    }
    tb_query_bind_int(q, "mtime_ns", e->mtime_ns);
    tb_query_bind_int(q, "bytes", e->bytes);
    tb_query_bind_blob(q, "digest", digest, sizeof digest);
    bind_counts(q, e);
    tb_query_bind_text(q, "incomplete", e->incomplete);
    bind_optional(q, "incomplete_byte", e->incomplete.s != NULL, (int64_t)e->incomplete_byte);
    bind_optional(q, "same_as", e->same_as != 0, e->same_as);
    enum tb_status st = tb_query_run(q, err);
    tb_query_bind_null(q, "raw_digest"); /* the bound digests end with this function */
    tb_query_bind_null(q, "digest");
    return st;
}

static enum tb_status mark_completed(struct tb_db *db, const struct tb_file_entry *e, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_complete.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "file", e->file);
    tb_query_bind_int(q, "source", e->source);
    tb_query_bind_text(q, "path", e->path);
    tb_query_bind_text(q, "member", e->member.s != NULL ? e->member : TB_STR(""));
    return tb_query_run(q, err);
}

enum tb_status tb_files_insert(struct tb_db *db, struct tb_file_entry *e, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_insert.sql", &q, err);
    if (st == TB_OK) {
        st = write_entry(q, e, err);
    }
    if (st != TB_OK) {
        return st;
    }
    if (e->file == 0) {
        int64_t id = tb_query_last_id(q);
        assert(id > 0 && id <= UINT32_MAX);
        e->file = (uint32_t)id;
    }
    return e->incomplete.s == NULL ? mark_completed(db, e, err) : TB_OK;
}

enum tb_status tb_files_update(struct tb_db *db, const struct tb_file_entry *e, struct tb_err *err)
{
    assert(e->file != 0);
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_insert.sql", &q, err);
    if (st == TB_OK) {
        st = write_entry(q, e, err);
    }
    return st == TB_OK && e->incomplete.s == NULL ? mark_completed(db, e, err) : st;
}

enum tb_status tb_files_reason(struct tb_db *db, uint32_t file, const char *kind, const char *reason,
                               uint64_t lines, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_reason.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "file", file);
    tb_query_bind_text(q, "kind", tb_str_of(kind));
    tb_query_bind_text(q, "reason", tb_str_of(reason));
    tb_query_bind_int(q, "lines", (int64_t)lines);
    return tb_query_run(q, err);
}

enum tb_status tb_files_reject(struct tb_db *db, uint32_t file, uint64_t line, uint64_t part, uint64_t byte,
                               const char *reason, struct tb_str excerpt, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_reject.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "file", file);
    tb_query_bind_int(q, "line", (int64_t)line);
    tb_query_bind_int(q, "part", (int64_t)part);
    tb_query_bind_int(q, "byte", (int64_t)byte);
    tb_query_bind_text(q, "reason", tb_str_of(reason));
    tb_query_bind_text(q, "excerpt", excerpt);
    return tb_query_run(q, err);
}

enum tb_status tb_files_quarters(struct tb_db *db, uint32_t file, const int64_t *quarters, size_t n,
                                 struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_quarter.sql", &q, err);
    for (size_t i = 0; i < n && st == TB_OK; i++) {
        tb_query_bind_int(q, "quarter", quarters[i]);
        tb_query_bind_int(q, "file", file);
        st = tb_query_run(q, err);
    }
    return st;
}

enum tb_status tb_files_quarters_copy(struct tb_db *db, uint32_t from_file, uint32_t to_file,
                                      struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "file_quarter_copy.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "from_file", from_file);
    tb_query_bind_int(q, "to_file", to_file);
    return tb_query_run(q, err);
}
