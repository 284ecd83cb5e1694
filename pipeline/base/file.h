/* Concept: files written so that a reader sees the old or the new one, never half: temporary name in the same
 *          folder, write, fsync, rename, fsync of the folder. And whole small files read.
 */
#ifndef TB_FILE_H
#define TB_FILE_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

enum tb_status tb_file_read(const char *path, size_t max, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_file_write(const char *path, struct tb_str content, mode_t mode,
                             struct tb_err *err) TB_MUST_USE;

/* fsync, rename from temp to path, fsync the folder. temp must be in the same folder. */
enum tb_status tb_file_commit(const char *temp, const char *path, struct tb_err *err) TB_MUST_USE;

/* mkdir -p. */
enum tb_status tb_file_mkdirs(const char *path, mode_t mode, struct tb_err *err) TB_MUST_USE;
/* The same for the folder that the file path is to lie in. */
enum tb_status tb_file_mkparent(const char *path, mode_t mode, struct tb_err *err) TB_MUST_USE;

/* Writes dir/name into out, or name when it is absolute or "-". False when it does not fit. */
bool tb_path_join(const char *dir, const char *name, char *out, size_t out_size);

#endif
