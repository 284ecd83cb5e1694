/* Concept: the intake ledger: which contents were read, what became of their lines, and why lines were
 *          rejected.
 * Shape:   rows of tables file, file_reason, file_quarter, reject (schemas/store). An archive has a row
 *          per member.
 * Owns:    texts given are copied; texts handed out live until the next call on the same db.
 */
#ifndef TB_FILES_H
#define TB_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/status.h"
#include "base/str.h"
#include "store/db.h"

#define TB_MTIME_UNKNOWN INT64_C(-1)

struct tb_file_entry {
    uint32_t file;   /* 0 before it is inserted */
    uint32_t source; /* dict id */
    struct tb_str path, member, node, format, wrapper, kind;
    int32_t date; /* TB_DAY_NONE = none */
    int64_t raw_bytes, mtime_ns,
        bytes; /* mtime_ns TB_MTIME_UNKNOWN: the file could not be read, so try again */
    bool has_raw_digest;
    struct tb_hash128 raw_digest, digest;
    uint64_t lines, events, duplicates, conflicts, ignored, rejected;
    struct tb_str incomplete; /* absent = whole */
    uint64_t incomplete_byte;
    uint32_t same_as; /* 0 = none */
};

/* Was path read before, unchanged (size, mtime) and whole? TB_OK yes, TB_END no. */
enum tb_status tb_files_known(struct tb_db *db, uint32_t source, struct tb_str path, int64_t raw_bytes,
                              int64_t mtime_ns, struct tb_err *err) TB_MUST_USE;

/* The earliest whole file of this source and format with this content (not itself a copy). raw: compare
 * raw_digest, else digest. With raw, an archive gives its first member. TB_OK found (all of *out filled),
 * TB_END not. */
enum tb_status tb_files_same(struct tb_db *db, uint32_t source, struct tb_str format,
                             struct tb_hash128 digest, bool raw, struct tb_file_entry *out,
                             struct tb_err *err) TB_MUST_USE;

/* The row file, which is there. */
enum tb_status tb_files_get(struct tb_db *db, uint32_t file, struct tb_file_entry *out,
                            struct tb_err *err) TB_MUST_USE;

/* Inserts (e->file becomes its number) or rewrites the row; marks earlier incomplete rows of the same path
 * and member completed_by it when it is whole. */
enum tb_status tb_files_insert(struct tb_db *db, struct tb_file_entry *e, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_files_update(struct tb_db *db, const struct tb_file_entry *e,
                               struct tb_err *err) TB_MUST_USE;

enum tb_status tb_files_reason(struct tb_db *db, uint32_t file, const char *kind, const char *reason,
                               uint64_t lines, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_files_reject(struct tb_db *db, uint32_t file, uint64_t line, uint64_t part, uint64_t byte,
                               const char *reason, struct tb_str excerpt, struct tb_err *err) TB_MUST_USE;

/* The quarter-hours (ts_us / 900000000) that file holds a line of; and a copy of another file's. */
enum tb_status tb_files_quarters(struct tb_db *db, uint32_t file, const int64_t *quarters, size_t n,
                                 struct tb_err *err) TB_MUST_USE;
enum tb_status tb_files_quarters_copy(struct tb_db *db, uint32_t from_file, uint32_t to_file,
                                      struct tb_err *err) TB_MUST_USE;

#endif
