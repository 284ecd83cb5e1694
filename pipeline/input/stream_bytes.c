#include "input/stream_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what all layers share --- */

void tb_bytes_init(struct tb_bytes *b, const struct tb_bytes_ops *ops, struct tb_bytes *root)
{
    b->ops = ops;
    b->root = root;
    b->block = NULL;
    b->block_cap = TB_BLOCK_BYTES;
    b->given = 0;
    tb_bytes_restart(b);
}

void tb_bytes_restart(struct tb_bytes *b)
{
    b->ended = TB_OK;
    b->block_at = b->block_n = 0;
    b->peek_at = b->peek_n = 0;
}

void tb_bytes_release(struct tb_bytes *b)
{
    free(b->block);
    b->block = NULL;
}

/* Past the floor no log compresses like this: a bomb. Judged against the file's own bytes, through all
 * layers. */
static enum tb_status check_expansion(const struct tb_bytes *b, struct tb_err *err)
{
    if (b == b->root || b->given <= TB_EXPANSION_FLOOR_BYTES) {
        return TB_OK;
    }
    uint64_t in = b->root->given > 0 ? b->root->given : 1;
    if (b->given / TB_EXPANSION_MAX < in) {
        return TB_OK;
    }
    return tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                      "it expands more than %u times, more than a log can; check where it comes from",
                      TB_EXPANSION_MAX);
}

/* ops->read with its end and its failure remembered. */
static enum tb_status pull(struct tb_bytes *b, char *dst, size_t cap, size_t *n)
{
    *n = 0;
    if (b->ended != TB_OK) {
        return b->ended;
    }
    enum tb_status st = b->ops->read(b, dst, cap, n, &b->why);
    if (st == TB_OK) {
        assert(*n > 0 && *n <= cap);
        b->given += b == b->root ? 0 : *n;
        st = check_expansion(b, &b->why);
    }
    if (st != TB_OK) {
        b->ended = st; /* else whatever ops->read left there: a failure behind good bytes */
    }
    return st;
}

static enum tb_status tell(const struct tb_bytes *b, struct tb_err *err)
{
    if (b->ended == TB_FAIL && err != NULL) {
        *err = b->why;
    }
    return b->ended;
}

struct tb_str tb_bytes_peek(struct tb_bytes *b)
{
    assert(b->peek_at == 0 && b->block_at == b->block_n); /* before anything was taken */
    size_t n = 0;
    while (b->peek_n < TB_PEEK_BYTES &&
           pull(b, b->peek + b->peek_n, TB_PEEK_BYTES - b->peek_n, &n) == TB_OK) {
        b->peek_n += n;
    }
    return (struct tb_str){b->peek, b->peek_n};
}

enum tb_status tb_bytes_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    assert(cap > 0);
    size_t left = b->peek_n - b->peek_at;
    if (left > 0) {
        *n = left < cap ? left : cap;
        memcpy(dst, b->peek + b->peek_at, *n);
        b->peek_at += *n;
        return TB_OK;
    }
    left = b->block_n - b->block_at;
    if (left > 0) {
        *n = left < cap ? left : cap;
        memcpy(dst, b->block + b->block_at, *n);
        b->block_at += *n;
        return TB_OK;
    }
    return pull(b, dst, cap, n) == TB_OK ? TB_OK : tell(b, err);
}

enum tb_status tb_bytes_block(struct tb_bytes *b, const char **p, size_t *n, struct tb_err *err)
{
    if (b->peek_at < b->peek_n) {
        *p = b->peek + b->peek_at;
        *n = b->peek_n - b->peek_at;
        b->peek_at = b->peek_n;
        return TB_OK;
    }
    if (b->block == NULL) {
        b->block = malloc(b->block_cap);
        if (b->block == NULL) {
            b->ended = tb_err_set(&b->why, TB_FAIL, TB_E_MEMORY, "out of memory for a block of input");
            return tell(b, err);
        }
    }
    if (b->block_at == b->block_n) {
        b->block_at = b->block_n = 0;
        if (pull(b, b->block, b->block_cap, &b->block_n) != TB_OK) {
            b->block_n = 0;
            return tell(b, err);
        }
    }
    *p = b->block + b->block_at;
    *n = b->block_n - b->block_at;
    b->block_at = b->block_n;
    return TB_OK;
}

int64_t tb_bytes_seek(struct tb_bytes *b, int64_t offset, int whence)
{
    assert(b->ops->seek != NULL);
    int64_t at = b->ops->seek(b, offset, whence);
    if (at >= 0) {
        tb_bytes_restart(b);
    }
    return at;
}

/* --- a file --- */

struct file {
    struct tb_bytes b;
    int fd;
    bool regular;               /* pread and seek; else read: pipes, FIFOs, devices */
    int64_t base;               /* where standard input stood */
    int64_t at;                 /* from base */
    struct tb_hash_stream *sum; /* of the bytes before summed; NULL: nobody asked */
    int64_t summed;
    const volatile sig_atomic_t *stop; /* of a pipe; may be NULL */
};

/* Bytes are summed once, in their order: seeking back changes nothing. */
static void sum_bytes(struct file *f, const char *p, int64_t from, int64_t n)
{
    if (f->sum != NULL && from <= f->summed && from + n > f->summed) {
        int64_t known = f->summed - from;
        tb_hash_stream_add(f->sum, p + known, (size_t)(n - known));
        f->summed = from + n;
    }
}

/* Reading a part again does not count again. */
static void come_to(struct tb_bytes *root, uint64_t at)
{
    root->given = at > root->given ? at : root->given;
}

#define POLL_MS   100
#define LINGER_MS 50

static enum tb_status check_stop(const struct file *f, struct tb_err *err)
{
    if (f->stop == NULL || *f->stop == 0) {
        return TB_OK;
    }
    enum tb_status st = tb_err_set(err, TB_FAIL, TB_E_INTERRUPT,
                                   "interrupted at byte %llu; what had come through the pipe was kept",
                                   (unsigned long long)f->at);
    err->byte = (uint64_t)f->at;
    return st;
}

/* Until a pipe has bytes or its end. A read would wait where no interrupt could reach it: signals are another thread's. */
static enum tb_status await(const struct file *f, struct tb_err *err)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};
    enum tb_status st;
    int ready = 0;
    while ((st = check_stop(f, err)) == TB_OK && (ready == 0 || (ready < 0 && errno == EINTR))) {
        ready = poll(&p, 1, POLL_MS);
    }
    return st;
}

/* The end of a pipe, or its writer has died of an interrupt that is on its way to us too? */
static enum tb_status pipe_end(const struct file *f, struct tb_err *err)
{
    if (f->stop != NULL) {
        (void)poll(NULL, 0, LINGER_MS);
    }
    enum tb_status st = check_stop(f, err);
    return st == TB_OK ? TB_END : st;
}

static enum tb_status file_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct file *f = (struct file *)b;
    ssize_t got;
    do {
        if (!f->regular && await(f, err) != TB_OK) {
            return TB_FAIL;
        }
        got = f->regular ? pread(f->fd, dst, cap, f->base + f->at) : read(f->fd, dst, cap);
    } while (got < 0 && (errno == EINTR || (errno == EAGAIN && !f->regular)));
    if (got < 0) {
        enum tb_status st = tb_err_set(err, TB_FAIL, TB_E_IO, "cannot read it: %s", strerror(errno));
        err->byte = (uint64_t)f->at;
        return st;
    }
    sum_bytes(f, dst, f->at, got);
    f->at += got;
    come_to(b, (uint64_t)f->at);
    *n = (size_t)got;
    return got > 0 ? TB_OK : f->regular ? TB_END : pipe_end(f, err);
}

static int64_t file_size(const struct file *f)
{
    struct stat st;
    return fstat(f->fd, &st) == 0 ? (int64_t)st.st_size - f->base : -1;
}

static int64_t seek_target(int64_t at, int64_t size, int64_t offset, int whence)
{
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? at : size;
    return offset < -base ? -1 : base + offset;
}

/* The position a caller sees lies before what was read ahead. */
static int64_t ahead(const struct tb_bytes *b)
{
    return (int64_t)((b->block_n - b->block_at) + (b->peek_n - b->peek_at));
}

static int64_t file_seek(struct tb_bytes *b, int64_t offset, int whence)
{
    struct file *f = (struct file *)b;
    int64_t to = seek_target(f->at - ahead(b), file_size(f), offset, whence);
    if (to >= 0) {
        f->at = to;
    }
    return to;
}

static void file_close(struct tb_bytes *b)
{
    struct file *f = (struct file *)b;
    if (f->fd > STDIN_FILENO) {
        close(f->fd);
    }
    tb_bytes_release(b);
    tb_hash_stream_free(f->sum);
    free(f);
}

static const struct tb_bytes_ops file_ops = {file_read, file_seek, file_close};
static const struct tb_bytes_ops pipe_ops = {file_read, NULL, file_close};

static enum tb_status open_fd(const char *path, int *fd, struct stat *st, struct tb_err *err)
{
    if (strcmp(path, "-") == 0) {
        *fd = STDIN_FILENO;
    } else {
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO without writer: see await */
    }
    if (*fd < 0) {
        enum tb_code code = errno == ENOENT ? TB_E_MISSING : TB_E_IO;
        return tb_err_set(err, TB_FAIL, code, "cannot open it: %s", strerror(errno));
    }
    if (fstat(*fd, st) != 0) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot open it: %s", strerror(errno));
    }
    if (S_ISDIR(st->st_mode)) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "it is a folder; name the files in it");
    }
    return TB_OK;
}

enum tb_status tb_bytes_open_file(const char *path, const volatile sig_atomic_t *stop, struct tb_bytes **out,
                                  struct tb_err *err)
{
    struct stat st;
    int fd = -1;
    *out = NULL;
    enum tb_status status = open_fd(path, &fd, &st, err);
    struct file *f = status == TB_OK ? malloc(sizeof *f) : NULL;
    if (f == NULL) {
        if (status == TB_OK) {
            status = tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
        }
        if (fd > STDIN_FILENO) {
            close(fd);
        }
        return status;
    }
    f->fd = fd;
    f->at = 0;
    f->sum = NULL;
    f->summed = 0;
    f->stop = stop;
    f->regular = S_ISREG(st.st_mode);
    f->base = f->regular && fd == STDIN_FILENO ? (int64_t)lseek(fd, 0, SEEK_CUR) : 0;
    if (f->regular) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    tb_bytes_init(&f->b, f->regular ? &file_ops : &pipe_ops, &f->b);
    *out = &f->b;
    return TB_OK;
}

bool tb_bytes_sum(struct tb_bytes *b)
{
    struct file *f = (struct file *)b;
    assert(f->at == 0 && f->sum == NULL);
    f->sum = b->ops == &file_ops ? tb_hash_stream_new() : NULL;
    return f->sum != NULL;
}

enum tb_status tb_bytes_sum_rest(struct tb_bytes *b, struct tb_hash128 *out, int64_t *size,
                                 struct tb_err *err)
{
    struct file *f = (struct file *)b;
    assert(f->sum != NULL);
    char *block = malloc(TB_BLOCK_BYTES);
    if (block == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    ssize_t n;
    do {
        n = pread(f->fd, block, TB_BLOCK_BYTES, f->base + f->summed);
        if (n > 0) {
            sum_bytes(f, block, f->summed, n);
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    free(block);
    *out = tb_hash_stream_digest(f->sum);
    *size = f->summed;
    return n == 0 ? TB_OK : tb_err_set(err, TB_FAIL, TB_E_IO, "cannot read it: %s", strerror(errno));
}

/* --- bytes in memory --- */

struct memory {
    struct tb_bytes b;
    struct tb_str bytes;
    size_t chunk;
    size_t at;
};

static enum tb_status memory_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct memory *m = (struct memory *)b;
    (void)err;
    size_t left = m->at < m->bytes.n ? m->bytes.n - m->at : 0;
    size_t most = m->chunk > 0 && m->chunk < cap ? m->chunk : cap;
    *n = left < most ? left : most;
    if (*n == 0) {
        return TB_END;
    }
    memcpy(dst, m->bytes.s + m->at, *n);
    m->at += *n;
    come_to(b, m->at);
    return TB_OK;
}

static int64_t memory_seek(struct tb_bytes *b, int64_t offset, int whence)
{
    struct memory *m = (struct memory *)b;
    int64_t to = seek_target((int64_t)m->at - ahead(b), (int64_t)m->bytes.n, offset, whence);
    if (to >= 0) {
        m->at = (size_t)to;
    }
    return to;
}

static void memory_close(struct tb_bytes *b)
{
    tb_bytes_release(b);
    free(b);
}

static const struct tb_bytes_ops memory_ops = {memory_read, memory_seek, memory_close};

enum tb_status tb_bytes_open_memory(struct tb_str bytes, size_t chunk, struct tb_bytes **out,
                                    struct tb_err *err)
{
    *out = NULL;
    struct memory *m = malloc(sizeof *m);
    if (m == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    m->bytes = bytes;
    m->chunk = chunk;
    m->at = 0;
    tb_bytes_init(&m->b, &memory_ops, &m->b);
    *out = &m->b;
    return TB_OK;
}
