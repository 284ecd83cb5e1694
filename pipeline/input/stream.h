/* Concept: the bytes of a log file, decompressed, member by member; the only user of libarchive and ISA-L (zlib
 *          with ISAL=0). Plain and .gz go by pread + inflate; .xz .bz2 .zst .lz4, tar, zip, 7z (and .gz inside)
 *          by libarchive. Told apart by magic bytes, not by name.
 * Shape:   a file that is no archive has one member without a name. gz members are concatenated into one.
 * Owns:    tb_stream_open's result, until tb_stream_close. One thread at a time (tb_stream_ahead has its own).
 * Errors:  TB_FAIL with TB_E_TRUNCATED (the stream ends early), TB_E_CORRUPT (bad header, CRC, length; text says
 *          which, err->byte = offset in the compressed file), TB_E_LIMIT (expansion, entries, depth, name),
 *          TB_E_IO. What was read before the error stays good. Trailing garbage behind a gz member is
 *          TB_E_CORRUPT ("trailing garbage"), trailing NUL padding is not. After a member of an archive failed,
 *          tb_stream_member may go on with the next.
 * Limits:  limits.h: TB_EXPANSION_MAX, TB_ARCHIVE_ENTRIES_MAX, TB_ARCHIVE_DEPTH_MAX, TB_NAME_MAX.
 */
#ifndef TB_STREAM_H
#define TB_STREAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/status.h"
#include "base/str.h"

struct tb_stream;

/* path "-" is standard input. FIFOs are read like standard input. stop, when given: once it is not 0, a pipe's bytes end
 * within a tenth of a second with TB_FAIL/TB_E_INTERRUPT, what had come staying good; files take no notice. It must outlive
 * the stream. */
enum tb_status tb_stream_open(const char *path, const volatile sig_atomic_t *stop, struct tb_stream **out,
                              struct tb_err *err) TB_MUST_USE;
/* The same; a regular file's raw bytes are digested while they are read, for tb_stream_sum. */
enum tb_status tb_stream_open_summed(const char *path, const volatile sig_atomic_t *stop,
                                     struct tb_stream **out, struct tb_err *err) TB_MUST_USE;
void tb_stream_close(struct tb_stream *s);

/* The same over bytes in memory, which must outlive the stream: for tests and fuzzing. */
enum tb_status tb_stream_open_memory(struct tb_str bytes, struct tb_stream **out,
                                     struct tb_err *err) TB_MUST_USE;

/* Moves to the next member (also to the first). *name is absent when the file is no archive; else valid until
 * the next call. Folders, links and devices inside archives are passed over. TB_END when there is none. */
enum tb_status tb_stream_member(struct tb_stream *s, struct tb_str *name, struct tb_err *err) TB_MUST_USE;

/* Reads up to cap decompressed bytes of this member into dst. TB_OK with *n > 0, TB_END at its end. */
enum tb_status tb_stream_read(struct tb_stream *s, char *dst, size_t cap, size_t *n,
                              struct tb_err *err) TB_MUST_USE;

/* From here on another thread decompresses up to 2 MiB ahead of what is read; the bytes and the errors stay the same. False:
 * nothing to gain (the file is not compressed, or no regular file), no thread to be had, or one is there already. */
bool tb_stream_ahead(struct tb_stream *s);

/* Bytes of the file consumed so far. */
uint64_t tb_stream_raw_bytes(const struct tb_stream *s);

/* What tb_stream_digest would say, of a stream that is summed: reads only what was not read yet, and does not disturb the
 * stream. TB_END: not summed. TB_FAIL/TB_E_IO. */
enum tb_status tb_stream_sum(struct tb_stream *s, struct tb_hash128 *out, int64_t *size,
                             struct tb_err *err) TB_MUST_USE;

/* What the stream is: "plain", "gzip", "xz", "tar+gzip", "zip", ... */
const char *tb_stream_kind(const struct tb_stream *s);

/* Whole-file content digest (XXH3-128 of the raw bytes): reads the file at path from its start with pread,
 * without disturbing any stream. TB_FAIL/TB_E_IO. Not for "-" and FIFOs. */
enum tb_status tb_stream_digest(const char *path, struct tb_hash128 *out, int64_t *size,
                                struct tb_err *err) TB_MUST_USE;
/* The same of its first max bytes: of a file that may have grown since. */
enum tb_status tb_stream_digest_head(const char *path, int64_t max, struct tb_hash128 *out, int64_t *size,
                                     struct tb_err *err) TB_MUST_USE;

#endif
