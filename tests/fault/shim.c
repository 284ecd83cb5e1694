/* Preloaded by calls.py: the Nth call of one kind fails. FAULT_KIND: alloc read write sync rename open; FAULT_AT: N from 1 (0:
 * none, only count); FAULT_COUNT: a file that gets the number of calls. Calls of the loader and before main are not counted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { NONE, ALLOC, READ, WRITE, SYNC, RENAME, OPEN };
static const char *const kinds[] = {"", "alloc", "read", "write", "sync", "rename", "open"};
static enum kind wanted;
static long at;
static atomic_long count;

__attribute__((constructor)) static void begin(void)
{
    const char *kind = getenv("FAULT_KIND"), *n = getenv("FAULT_AT");
    for (int k = 1; kind != NULL && k <= OPEN; k++) {
        wanted = strcmp(kind, kinds[k]) == 0 ? (enum kind)k : wanted;
    }
    at = n != NULL ? atol(n) : 0;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAULT_COUNT");
    wanted = NONE;
    FILE *f = path != NULL ? fopen(path, "w") : NULL;
    if (f != NULL) {
        fprintf(f, "%ld\n", (long)count);
        fclose(f);
    }
}

static int fails(enum kind k)
{
    return wanted == k && atomic_fetch_add(&count, 1) + 1 == at;
}

/* libxlsxwriter 1.1.4 does not survive a failed allocation of its own (it goes on with NULL): the one after it fails instead. */
static int alloc_fails(const void *caller)
{
    Dl_info from;
    if (!fails(ALLOC)) {
        return 0;
    }
    if (dladdr(caller, &from) != 0 && from.dli_fname != NULL &&
        strstr(from.dli_fname, "libxlsxwriter") != NULL) {
        at++;
        return 0;
    }
    return 1;
}

/* glibc's own names of its allocator: dlsym allocates itself. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    return alloc_fails(__builtin_return_address(0)) ? (errno = ENOMEM, NULL) : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return alloc_fails(__builtin_return_address(0)) ? (errno = ENOMEM, NULL) : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return alloc_fails(__builtin_return_address(0)) ? (errno = ENOMEM, NULL) : __libc_realloc(p, n);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int fd, void *p, size_t n)
{
    return fails(READ) ? (errno = EIO, -1) : REAL(read)(fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t o)
{
    return fails(READ) ? (errno = EIO, -1) : REAL(pread)(fd, p, n, o);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t o)
{
    return fails(READ) ? (errno = EIO, -1) : REAL(pread64)(fd, p, n, o);
}

ssize_t write(int fd, const void *p, size_t n)
{
    return fails(WRITE) ? (errno = ENOSPC, -1) : REAL(write)(fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t o)
{
    return fails(WRITE) ? (errno = ENOSPC, -1) : REAL(pwrite)(fd, p, n, o);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t o)
{
    return fails(WRITE) ? (errno = ENOSPC, -1) : REAL(pwrite64)(fd, p, n, o);
}

int fsync(int fd)
{
    return fails(SYNC) ? (errno = EIO, -1) : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails(SYNC) ? (errno = EIO, -1) : REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to)
{
    return fails(RENAME) ? (errno = EIO, -1) : REAL(rename)(from, to);
}

int renameat(int a, const char *from, int b, const char *to)
{
    return fails(RENAME) ? (errno = EIO, -1) : REAL(renameat)(a, from, b, to);
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return fails(OPEN) ? (errno = EMFILE, -1) : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return fails(OPEN) ? (errno = EMFILE, -1) : REAL(open64)(path, flags, mode);
}
