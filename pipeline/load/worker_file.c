/* The file that a worker reads, as it lies there: its digest, whether it is a copy, whether it can be read again. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "load/worker.h"

/* Is it still what it was when tb_worker_file_take looked? */
static bool unchanged(const struct tb_worker *w)
{
    struct stat now;
    return stat(w->job->file->path, &now) == 0 && now.st_size == w->size &&
           now.st_mtim.tv_sec == w->mtime_s && now.st_mtim.tv_nsec == w->mtime_ns;
}

/* The digest of a regular file's raw bytes; other files (pipes) have none. Without a known content to compare with it is
 * made while the file is read (tb_worker_file_settle). A failure is told when the file is opened. */
void tb_worker_file_take(struct tb_worker *w)
{
    struct stat now;
    w->has_raw = false;
    w->size = -1;
    w->head = false;
    const char *path = w->job->file->path;
    bool named = strcmp(path, "-") != 0;
    bool there = (named ? stat(path, &now) : fstat(STDIN_FILENO, &now)) == 0;
    w->pipe = there && !S_ISREG(now.st_mode);
    if (!named || !there || w->pipe) {
        return;
    }
    w->size = now.st_size;
    w->mtime_s = now.st_mtim.tv_sec;
    w->mtime_ns = now.st_mtim.tv_nsec;
    const struct tb_retry *again = w->job->again;
    if (again == NULL && !tb_known_any(w->known)) {
        return;
    }
    struct tb_err err = {.code = TB_E_NONE};
    int64_t size = 0, wanted = again != NULL && again->file.size < w->size ? again->file.size : w->size;
    w->head = wanted < w->size;
    w->has_raw = tb_stream_digest_head(path, wanted, &w->raw, &size, &err) == TB_OK && size == wanted;
}

/* The digest of the whole file, if it is not known yet, and what of it goes with the member. */
void tb_worker_file_settle(struct tb_worker *w)
{
    struct tb_err err = {.code = TB_E_NONE};
    int64_t size = 0;
    if (!w->has_raw && w->size >= 0 && w->stream != NULL) {
        w->has_raw = tb_stream_sum(w->stream, &w->raw, &size, &err) == TB_OK && size == w->size;
    }
    w->member->raw = w->raw;
    w->member->has_raw = w->has_raw && unchanged(w);
}

void tb_worker_file_hasten(struct tb_worker *w)
{
    if (w->borrowed || !tb_handover_borrow(w->handover)) {
        return;
    }
    w->borrowed = tb_stream_ahead(w->stream);
    if (!w->borrowed) {
        tb_handover_give_back(w->handover);
    }
}

void tb_worker_file_close(struct tb_worker *w)
{
    tb_stream_close(w->stream);
    w->stream = NULL;
    if (w->borrowed) {
        tb_handover_give_back(w->handover);
        w->borrowed = false;
    }
}

/* Are the bytes that were read then still there? What an archive held cannot be told from its first bytes. */
bool tb_worker_file_again(const struct tb_worker *w, const struct tb_retry *again)
{
    return w->has_raw && again->has_raw && w->raw.hi == again->raw.hi && w->raw.lo == again->raw.lo &&
           !(w->head && again->members[0].entry.member.n > 0);
}

void tb_worker_file_say_gone(const struct tb_worker *w, const struct tb_retry *again, struct tb_err *fault)
{
    const char *path = again->file.path;
    bool pipe = !again->has_raw;
    (void)tb_err_set(
        fault, TB_FAIL, TB_E_MISSING, "\"%s\": %" PRIu64 " rejected lines stay: %s", path, again->rejected,
        pipe                                     ? "a pipe cannot be read again"
        : access(path, F_OK) != 0                ? "the file is gone; bring it back and run this again"
        : access(path, R_OK) != 0 || !w->has_raw ? "the file cannot be read"
                                                 : "the file holds other bytes now; `tollbook ingest` "
                                                   "reads it as it is");
}

bool tb_worker_file_is_copy(const struct tb_worker *w, const char *format)
{
    const struct tb_input_file *f = w->job->file;
    return w->has_raw &&
           tb_known_copy(w->known, tb_str_of(f->source), tb_str_of(format), tb_str_of(f->node), w->raw);
}
