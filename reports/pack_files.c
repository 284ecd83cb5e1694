/* The folder of a day's pack: what stands in it, what is put aside, what replaces it. A reader finds, at every moment, each
 * file whole; SHA256SUMS, the last to be renamed, says whether all are of one revision. */
#include "reports/pack_parts.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

#define FILE_MODE   0640
#define FOLDER_MODE 0750
#define SUMS_NAME   "SHA256SUMS"
#define CHANGED_MAX 1000
#define TEMP_PREFIX ".tollbook-" /* base/file's temporary files begin so too */
#define TEMP_SUFFIX ".tmp"

void tb_pack_digest(struct tb_str bytes, char out[TB_SHA256_HEX])
{
    struct tb_sha256 sha;
    tb_sha256_init(&sha);
    tb_sha256_add(&sha, bytes.s, bytes.n);
    tb_sha256_hex(&sha, out);
}

static enum tb_status io(struct tb_err *err, const char *verb, const char *path)
{
    return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot %s \"%s\": %s", verb, path, strerror(errno));
}

/* Reads a file that may not be there: TB_END. */
static enum tb_status read_file(const char *path, struct tb_buf *out, struct tb_err *err)
{
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return TB_END;
    }
    return tb_file_read(path, TB_PACK_BYTES_MAX, out, err);
}

enum tb_status tb_pack_digest_file(const char *path, char out[TB_SHA256_HEX], struct tb_err *err)
{
    struct tb_buf bytes;
    tb_buf_init(&bytes, TB_PACK_BYTES_MAX);
    enum tb_status st = read_file(path, &bytes, err);
    if (st == TB_OK) {
        tb_pack_digest(tb_buf_view(&bytes), out);
    }
    tb_buf_release(&bytes);
    return st;
}

enum tb_status tb_pack_folder(const struct tb_settings *s, int32_t day, struct tb_pack_folder *out,
                              struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX], name[64];
    out->extra_n = 0;
    tb_day_format(day, text);
    snprintf(out->workbook_name, sizeof out->workbook_name, "chargeback-%s.xlsx", text);
    snprintf(out->json_name, sizeof out->json_name, "pack-%s.json", text);
    snprintf(name, sizeof name, TEMP_PREFIX "%ld-pack" TEMP_SUFFIX, (long)getpid());
    bool fits = tb_path_join(s->output, text, out->dir, sizeof out->dir) &&
                tb_path_join(out->dir, out->workbook_name, out->workbook, sizeof out->workbook) &&
                tb_path_join(out->dir, out->json_name, out->json, sizeof out->json) &&
                tb_path_join(out->dir, SUMS_NAME, out->sums, sizeof out->sums) &&
                tb_path_join(out->dir, name, out->temp, sizeof out->temp);
    return fits ? TB_OK
                : tb_err_set(err, TB_FAIL, TB_E_IO,
                             "the path of \"output\" is longer than %d bytes; choose a shorter one",
                             TB_PACK_PATH_MAX);
}

enum tb_status tb_pack_folder_extra(struct tb_pack_folder *f, const char *prefix, int32_t day,
                                    const char *suffix, struct tb_buf **out, struct tb_err *err)
{
    char text[TB_TS_TEXT_MAX];
    struct tb_pack_extra *x = &f->extra[f->extra_n];
    (void)err;
    assert(f->extra_n < TB_PACK_EXTRA_MAX);
    tb_day_format(day, text);
    snprintf(x->name, sizeof x->name, "%s-%s.%s", prefix, text, suffix);
    tb_buf_init(&x->bytes, TB_PACK_BYTES_MAX);
    *out = &x->bytes;
    f->extra_n++;
    return TB_OK;
}

void tb_pack_folder_release(struct tb_pack_folder *f)
{
    for (size_t i = 0; i < f->extra_n; i++) {
        tb_buf_release(&f->extra[i].bytes);
    }
    f->extra_n = 0;
}

/* A line of SHA256SUMS. */
struct sum {
    const char *name;
    char digest[TB_SHA256_HEX];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sum *)a)->name, ((const struct sum *)b)->name);
}

/* "DIGEST  NAME" for each file, sorted by name. */
static enum tb_status make_sums(const struct tb_pack_folder *f, const char *workbook, const char *json,
                                struct tb_buf *out, struct tb_err *err)
{
    struct sum sums[2 + TB_PACK_EXTRA_MAX] = {{.name = f->workbook_name}, {.name = f->json_name}};
    size_t n = 2;
    memcpy(sums[0].digest, workbook, sizeof sums[0].digest);
    memcpy(sums[1].digest, json, sizeof sums[1].digest);
    for (size_t i = 0; i < f->extra_n; i++, n++) {
        sums[n].name = f->extra[i].name;
        tb_pack_digest(tb_buf_view(&f->extra[i].bytes), sums[n].digest);
    }
    qsort(sums, n, sizeof *sums, by_name);
    tb_buf_clear(out);
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < n; i++) {
        st = tb_buf_printf(out, err, "%s  %s\n", sums[i].digest, sums[i].name);
    }
    return st;
}

/* The next line of SHA256SUMS; false at its end, or where it is none. name is not copied whole into a path when it has a slash. */
static bool next_sum(struct tb_str *rest, char digest[TB_SHA256_HEX], char name[64])
{
    const size_t at = TB_SHA256_HEX - 1 + 2;
    const char *end = rest->n > at ? memchr(rest->s, '\n', rest->n) : NULL;
    size_t n = end != NULL ? (size_t)(end - rest->s) : 0;
    if (n <= at || n - at >= 64 || memchr(rest->s + at, '/', n - at) != NULL) {
        return false;
    }
    memcpy(digest, rest->s, TB_SHA256_HEX - 1);
    digest[TB_SHA256_HEX - 1] = '\0';
    memcpy(name, rest->s + at, n - at);
    name[n - at] = '\0';
    *rest = (struct tb_str){end + 1, rest->n - n - 1};
    return true;
}

/* Does every line of sums name a file that is as it says? *seen: 1 the workbook, 2 the JSON with json_digest. */
static enum tb_status check_sums(const struct tb_pack_folder *f, struct tb_str sums, const char *json_digest,
                                 bool *good, struct tb_err *err)
{
    char digest[TB_SHA256_HEX], found[TB_SHA256_HEX], name[64], path[TB_PACK_PATH_MAX];
    unsigned seen = 0;
    enum tb_status st = TB_OK;
    *good = true;
    while (st == TB_OK && *good && next_sum(&sums, digest, name)) {
        *good = tb_path_join(f->dir, name, path, sizeof path);
        st = *good ? tb_pack_digest_file(path, found, err) : TB_OK;
        *good = *good && st == TB_OK && strcmp(found, digest) == 0;
        seen |= strcmp(name, f->workbook_name) == 0 ? 1u : 0u;
        seen |= strcmp(name, f->json_name) == 0 && strcmp(digest, json_digest) == 0 ? 2u : 0u;
    }
    *good = *good && seen == 3 && sums.n == 0;
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_pack_folder_good(const struct tb_pack_folder *f, const char *json_digest, bool *good,
                                   struct tb_err *err)
{
    char workbook[TB_SHA256_HEX];
    struct tb_buf wanted, found;
    tb_buf_init(&wanted, TB_PACK_BYTES_MAX);
    tb_buf_init(&found, TB_PACK_BYTES_MAX);
    *good = false;
    enum tb_status st = read_file(f->sums, &found, err);
    if (st == TB_OK) {
        st = check_sums(f, tb_buf_view(&found), json_digest, good, err);
    }
    if (st == TB_OK && *good && f->extra_n > 0) { /* the further files are known: are they those? */
        st = tb_pack_digest_file(f->workbook, workbook, err);
        if (st == TB_OK) {
            st = make_sums(f, workbook, json_digest, &wanted, err);
        }
        *good = st == TB_OK && tb_str_eq(tb_buf_view(&wanted), tb_buf_view(&found));
    }
    tb_buf_release(&wanted);
    tb_buf_release(&found);
    return st == TB_END ? TB_OK : st; /* something is not there: not good */
}

/* What SHA256SUMS says of the file named so; false: it does not name it. */
static bool find_sum(struct tb_str sums, const char *wanted, char digest[TB_SHA256_HEX])
{
    char name[64];
    while (next_sum(&sums, digest, name)) {
        if (strcmp(name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

enum tb_status tb_pack_folder_reuse(struct tb_pack_folder *f, struct tb_err *err)
{
    char path[TB_PACK_PATH_MAX], digest[TB_SHA256_HEX], found[TB_SHA256_HEX];
    struct tb_buf sums;
    tb_buf_init(&sums, TB_PACK_BYTES_MAX);
    enum tb_status st = read_file(f->sums, &sums, err);
    for (size_t i = 0; st == TB_OK && i < f->extra_n; i++) {
        struct tb_pack_extra *x = &f->extra[i];
        if (!find_sum(tb_buf_view(&sums), x->name, digest) ||
            !tb_path_join(f->dir, x->name, path, sizeof path)) {
            continue;
        }
        st = tb_pack_digest_file(path, found, err);
        if (st == TB_OK && strcmp(found, digest) == 0) {
            tb_buf_clear(&x->bytes);
            st = tb_file_read(path, TB_PACK_BYTES_MAX, &x->bytes, err);
        }
        st = st == TB_END ? TB_OK : st;
    }
    tb_buf_release(&sums);
    return st == TB_END ? TB_OK : st;
}

static bool is_temp(const char *name)
{
    size_t n = strlen(name);
    return n > sizeof TEMP_PREFIX + sizeof TEMP_SUFFIX - 2 &&
           memcmp(name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0 &&
           strcmp(name + n - (sizeof TEMP_SUFFIX - 1), TEMP_SUFFIX) == 0;
}

enum tb_status tb_pack_sweep(const char *dir, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    DIR *d = opendir(dir);
    if (d == NULL) {
        return io(err, "read the folder", dir);
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (is_temp(e->d_name) && unlinkat(dirfd(d), e->d_name, 0) != 0 && errno != ENOENT) {
            st = io(err, "remove a left-over in", dir);
            break;
        }
    }
    (void)closedir(d);
    return st;
}

enum tb_status tb_pack_folder_open(const struct tb_pack_folder *f, struct tb_err *err)
{
    enum tb_status st = tb_file_mkdirs(f->dir, FOLDER_MODE, err);
    return st == TB_OK ? tb_pack_sweep(f->dir, err) : st;
}

static enum tb_status sync_folder(const char *dir, struct tb_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 ||
        (fsync(fd) != 0 && errno != EINVAL)) { /* some file systems cannot sync a folder, and need not */
        enum tb_status st = io(err, "sync the folder", dir);
        if (fd >= 0) {
            (void)close(fd);
        }
        return st;
    }
    (void)close(fd);
    return TB_OK;
}

/* A second name for the same bytes; a copy where the file system has no such thing. */
static enum tb_status keep_file(const char *from, const char *to, struct tb_err *err)
{
    struct tb_buf bytes;
    if (link(from, to) == 0 || errno == EEXIST ||
        errno == ENOENT) { /* kept before; or there is nothing to keep */
        return TB_OK;
    }
    tb_buf_init(&bytes, TB_PACK_BYTES_MAX);
    enum tb_status st = tb_file_read(from, TB_PACK_BYTES_MAX, &bytes, err);
    if (st == TB_OK) {
        st = tb_file_write(to, tb_buf_view(&bytes), FILE_MODE, err);
    }
    tb_buf_release(&bytes);
    return st;
}

static enum tb_status keep_as(const struct tb_pack_folder *f, const char *dir, const char *name,
                              struct tb_err *err)
{
    char from[TB_PACK_PATH_MAX], to[TB_PACK_PATH_MAX];
    struct stat info;
    if (!tb_path_join(f->dir, name, from, sizeof from) || !tb_path_join(dir, name, to, sizeof to)) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "the path of \"output\" is too long; choose a shorter one");
    }
    return lstat(from, &info) == 0 && S_ISREG(info.st_mode) ? keep_file(from, to, err) : TB_OK;
}

/* Every file that stands in the folder. */
static enum tb_status keep_all(const struct tb_pack_folder *f, const char *dir, struct tb_err *err)
{
    DIR *d = opendir(f->dir);
    enum tb_status st = TB_OK;
    if (d == NULL) {
        return io(err, "read the folder", f->dir);
    }
    for (const struct dirent *e = readdir(d); st == TB_OK && e != NULL; e = readdir(d)) {
        if (!is_temp(e->d_name)) {
            st = keep_as(f, dir, e->d_name, err);
        }
    }
    (void)closedir(d);
    return st;
}

enum tb_status tb_pack_folder_keep(const struct tb_pack_folder *f, const char *name, struct tb_err *err)
{
    char above[TB_PACK_PATH_MAX], dir[TB_PACK_PATH_MAX];
    bool fits =
        tb_path_join(f->dir, "superseded", above, sizeof above) && tb_path_join(above, name, dir, sizeof dir);
    enum tb_status st =
        fits ? tb_file_mkdirs(dir, FOLDER_MODE, err)
             : tb_err_set(err, TB_FAIL, TB_E_IO, "the path of \"output\" is too long; choose a shorter one");
    if (st == TB_OK) {
        st = keep_all(f, dir, err);
    }
    if (st == TB_OK) {
        st = sync_folder(dir, err);
    }
    return st == TB_OK ? sync_folder(above, err) : st;
}

enum tb_status tb_pack_folder_keep_changed(const struct tb_pack_folder *f, int64_t revision,
                                           struct tb_err *err)
{
    char name[64], dir[TB_PACK_PATH_MAX];
    for (int i = 1; i < CHANGED_MAX; i++) {
        char number[16] = "";
        if (i > 1) {
            snprintf(number, sizeof number, "-%d", i);
        }
        snprintf(name, sizeof name, "superseded/r%" PRId64 "-changed%s", revision, number);
        if (tb_path_join(f->dir, name, dir, sizeof dir) && access(dir, F_OK) != 0) {
            return tb_pack_folder_keep(f, name + sizeof "superseded", err);
        }
    }
    return tb_err_set(err, TB_FAIL, TB_E_IO, "\"%s/superseded\" holds too many changed packs; move them away",
                      f->dir);
}

static enum tb_status write_extra(const struct tb_pack_folder *f, struct tb_err *err)
{
    char path[TB_PACK_PATH_MAX];
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < f->extra_n; i++) {
        st = tb_path_join(f->dir, f->extra[i].name, path, sizeof path)
                 ? tb_file_write(path, tb_buf_view(&f->extra[i].bytes), FILE_MODE, err)
                 : tb_err_set(err, TB_FAIL, TB_E_IO,
                              "the path of \"output\" is too long; choose a shorter one");
    }
    return st;
}

enum tb_status tb_pack_folder_replace(const struct tb_pack_folder *f, struct tb_str json, struct tb_err *err)
{
    char workbook_digest[TB_SHA256_HEX], json_digest[TB_SHA256_HEX];
    struct tb_buf sums;
    tb_buf_init(&sums, TB_PACK_BYTES_MAX);
    enum tb_status st = tb_pack_digest_file(f->temp, workbook_digest, err);
    if (st == TB_END) {
        st = tb_err_set(err, TB_FAIL, TB_E_IO, "\"%s\" is gone: another program works in this folder",
                        f->temp);
    }
    if (st == TB_OK) {
        tb_pack_digest(json, json_digest);
        st = make_sums(f, workbook_digest, json_digest, &sums, err);
    }
    if (st == TB_OK) {
        st = tb_file_commit(f->temp, f->workbook, err);
    }
    if (st == TB_OK) {
        st = tb_file_write(f->json, json, FILE_MODE, err);
    }
    if (st == TB_OK) {
        st = write_extra(f, err);
    }
    if (st == TB_OK) {
        st = tb_file_write(f->sums, tb_buf_view(&sums), FILE_MODE, err);
    }
    tb_buf_release(&sums);
    return st;
}
