#include "base/file.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP (64u << 10)

/* "cannot open "x": no such file or directory": the system's sentence begins in lower case, as ours do. */
static enum tb_status io_error(struct tb_err *err, const char *verb, const char *path, int error)
{
    char scratch[128];
    char reason[128];
    (void)snprintf(reason, sizeof(reason), "%s", strerror_r(error, scratch, sizeof(scratch)));
    if (isupper((unsigned char)reason[0]) && islower((unsigned char)reason[1])) {
        reason[0] = (char)tolower((unsigned char)reason[0]);
    }
    return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot %s \"%s\": %s", verb, path, reason);
}

static int open_retry(const char *path, int flags, mode_t mode)
{
    int fd = -1;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int fsync_retry(int fd)
{
    int rc = 0;
    do {
        rc = fsync(fd);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

/* On Linux the descriptor is gone even when close says EINTR: never again, and no error. */
static int close_once(int fd)
{
    int rc = close(fd);
    return rc < 0 && errno == EINTR ? 0 : rc;
}

static enum tb_status read_all(int fd, const char *path, size_t max, struct tb_buf *out, struct tb_err *err)
{
    for (;;) {
        size_t room = out->max - out->n;
        enum tb_status status = tb_buf_reserve(out, room < READ_STEP ? room : READ_STEP, err);
        if (status != TB_OK) {
            return status;
        }
        char extra = 0; /* into a full buffer: one byte more tells the end from a file that is too long */
        bool full = out->n == out->cap;
        ssize_t k = read(fd, full ? &extra : out->p + out->n, full ? 1 : out->cap - out->n);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k < 0) {
            return io_error(err, "read", path, errno);
        }
        if (k == 0) {
            return TB_OK;
        }
        if (full || out->n + (size_t)k > max) {
            return tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                              "\"%s\" is larger than the %zu bytes allowed; make it smaller", path,
                              max < out->max ? max : out->max);
        }
        out->n += (size_t)k;
    }
}

enum tb_status tb_file_read(const char *path, size_t max, struct tb_buf *out, struct tb_err *err)
{
    assert(path != NULL && out != NULL);
    tb_buf_clear(out);
    int fd = open_retry(path, O_RDONLY, 0);
    if (fd < 0) {
        return io_error(err, "open", path, errno);
    }
    enum tb_status status = read_all(fd, path, max, out, err);
    (void)close_once(fd); /* nothing was written: nothing can be lost */
    return status;
}

/* Writes the folder of path into dir: "." when it names none. */
static bool folder_of(const char *path, char dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == path) {
        n = 1; /* the root */
    }
    if (n >= PATH_MAX) {
        return false;
    }
    memcpy(dir, path, n);
    if (n == 0) {
        dir[n++] = '.';
    }
    dir[n] = '\0';
    return true;
}

static enum tb_status sync_path(const char *path, int flags, struct tb_err *err)
{
    int fd = open_retry(path, flags, 0);
    if (fd < 0) {
        return io_error(err, "open", path, errno);
    }
    int rc = fsync_retry(fd);
    int error = errno;
    int rc_close = close_once(fd);
    if (rc < 0 && error == EINVAL && (flags & O_DIRECTORY) != 0) {
        rc = 0; /* some file systems cannot sync a folder, and need not */
    }
    if (rc < 0) {
        return io_error(err, "write", path, error);
    }
    return rc_close < 0 ? io_error(err, "close", path, errno) : TB_OK;
}

enum tb_status tb_file_commit(const char *temp, const char *path, struct tb_err *err)
{
    assert(temp != NULL && path != NULL);
    char dir[PATH_MAX];
    enum tb_status status = TB_OK;
    if (!folder_of(path, dir)) {
        status = io_error(err, "write", path, ENAMETOOLONG);
        goto out;
    }
    status = sync_path(temp, O_RDONLY, err);
    if (status != TB_OK) {
        goto out;
    }
    if (rename(temp, path) != 0) {
        status = io_error(err, "rename to", path, errno);
        goto out;
    }
    return sync_path(dir, O_RDONLY | O_DIRECTORY, err);
out:
    (void)unlink(temp); /* the first error is the one to tell */
    return status;
}

static enum tb_status write_all(int fd, const char *path, struct tb_str content, struct tb_err *err)
{
    while (content.n > 0) {
        ssize_t k = write(fd, content.s, content.n);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k < 0) {
            return io_error(err, "write", path, errno);
        }
        content.s += k;
        content.n -= (size_t)k;
    }
    return TB_OK;
}

/* Creates a file of its own name beside path; a left-over of a killed run is stepped over. */
static int create_temp(const char *path, mode_t mode, char temp[PATH_MAX])
{
    static atomic_uint counter;
    char dir[PATH_MAX];
    if (!folder_of(path, dir)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (int tries = 0; tries < 1000; tries++) {
        int n = snprintf(temp, PATH_MAX, "%s/.tollbook-%ld-%u.tmp", dir, (long)getpid(),
                         atomic_fetch_add(&counter, 1));
        if (n >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open_retry(temp, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

enum tb_status tb_file_write(const char *path, struct tb_str content, mode_t mode, struct tb_err *err)
{
    assert(path != NULL);
    char temp[PATH_MAX];
    int fd = create_temp(path, mode, temp);
    if (fd < 0) {
        return io_error(err, "create", path, errno);
    }
    enum tb_status status = write_all(fd, path, content, err);
    if (close_once(fd) != 0 && status == TB_OK) {
        status = io_error(err, "close", path, errno);
    }
    if (status != TB_OK) {
        (void)unlink(temp);
        return status;
    }
    return tb_file_commit(temp, path, err);
}

static enum tb_status make_one(const char *path, mode_t mode, struct tb_err *err)
{
    struct stat st;
    if (mkdir(path, mode) == 0) {
        return TB_OK;
    }
    int error = errno;
    /* What exists may also be refused with another error (a read-only parent): only the result counts. */
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) {
            return TB_OK;
        }
        error = ENOTDIR;
    }
    return io_error(err, "make the folder", path, error);
}

enum tb_status tb_file_mkdirs(const char *path, mode_t mode, struct tb_err *err)
{
    assert(path != NULL);
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof(part)) {
        return io_error(err, "make the folder", path, ENAMETOOLONG);
    }
    memcpy(part, path, n + 1);
    while (n > 1 && part[n - 1] == '/') {
        part[--n] = '\0';
    }
    for (size_t i = 1; i < n; i++) {
        if (part[i] != '/' || part[i - 1] == '/') {
            continue;
        }
        part[i] = '\0';
        /* With less, the next could not be made in it. */
        enum tb_status status = make_one(part, mode | S_IWUSR | S_IXUSR, err);
        if (status != TB_OK) {
            return status;
        }
        part[i] = '/';
    }
    return n == 0 ? TB_OK : make_one(part, mode, err);
}

enum tb_status tb_file_mkparent(const char *path, mode_t mode, struct tb_err *err)
{
    char dir[PATH_MAX];
    return folder_of(path, dir) ? tb_file_mkdirs(dir, mode, err)
                                : io_error(err, "make the folder of", path, ENAMETOOLONG);
}

bool tb_path_join(const char *dir, const char *name, char *out, size_t out_size)
{
    assert(name != NULL && out != NULL && out_size > 0);
    bool alone = dir == NULL || dir[0] == '\0' || name[0] == '/' || strcmp(name, "-") == 0;
    const char *slash = alone || dir[strlen(dir) - 1] == '/' ? "" : "/";
    int n = snprintf(out, out_size, "%s%s%s", alone ? "" : dir, slash, name);
    return n >= 0 && (size_t)n < out_size;
}
