#include "load/spill.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "load/codec.h"

void tb_spill_init(struct tb_spill *s)
{
    s->fd = -1;
    s->end = 0;
    tb_buf_init(&s->encoded, TB_SPILL_SCRATCH_MAX);
}

void tb_spill_release(struct tb_spill *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    tb_buf_release(&s->encoded);
    s->fd = -1;
}

static const char *folder(void)
{
    const char *dir = getenv("TMPDIR");
    return dir != NULL && dir[0] != '\0' ? dir : "/tmp";
}

static enum tb_status complain(struct tb_err *err, const char *what)
{
    return tb_err_set(err, TB_FATAL, TB_E_IO,
                      "cannot %s a temporary file in \"%s\": %s; set TMPDIR to a folder with room", what,
                      folder(), strerror(errno));
}

static enum tb_status make(struct tb_spill *s, struct tb_err *err)
{
    char path[4096];
    s->fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (s->fd >= 0) {
        return TB_OK;
    }
    /* Not every file system knows O_TMPFILE. */
    if (snprintf(path, sizeof path, "%s/tollbook-XXXXXX", folder()) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return complain(err, "make");
    }
    s->fd = mkostemp(path, O_CLOEXEC);
    if (s->fd < 0) {
        return complain(err, "make");
    }
    unlink(path);
    return TB_OK;
}

enum tb_status tb_spill_write(struct tb_spill *s, const struct tb_batch *b, struct tb_chunk *out,
                              struct tb_err *err)
{
    enum tb_status st = s->fd >= 0 ? TB_OK : make(s, err);
    if (st == TB_OK) {
        st = tb_batch_encode(b, &s->encoded, err);
    }
    if (st != TB_OK) {
        return TB_FATAL;
    }
    *out = (struct tb_chunk){.offset = s->end, .n = s->encoded.n};
    for (size_t done = 0; done < s->encoded.n;) {
        ssize_t n = pwrite(s->fd, s->encoded.p + done, s->encoded.n - done, (off_t)(s->end + done));
        if (n < 0 && errno != EINTR) {
            return complain(err, "write");
        }
        done += n > 0 ? (size_t)n : 0;
    }
    s->end += out->n;
    return TB_OK;
}

enum tb_status tb_spill_read(const struct tb_spill *s, struct tb_chunk chunk, struct tb_buf *scratch,
                             struct tb_batch *b, struct tb_err *err)
{
    tb_buf_clear(scratch);
    if (tb_buf_reserve(scratch, chunk.n, err) != TB_OK) {
        return TB_FATAL;
    }
    while (scratch->n < chunk.n) {
        ssize_t n =
            pread(s->fd, scratch->p + scratch->n, chunk.n - scratch->n, (off_t)(chunk.offset + scratch->n));
        if (n == 0) {
            errno = EIO;
        }
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return complain(err, "read");
        }
        scratch->n += n > 0 ? (size_t)n : 0;
    }
    tb_batch_decode(tb_buf_view(scratch), b);
    /* Only tidiness: where holes cannot be punched the file just stays longer. */
    (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)chunk.offset, (off_t)chunk.n);
    return TB_OK;
}

void tb_spill_rewind(struct tb_spill *s)
{
    s->end = 0;
}
