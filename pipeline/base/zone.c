#include "base/zone.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/nearest.h"
#include "base/zone_file.h"

#define DAY_SECONDS      INT64_C(86400)
#define DAY_MAX          100000000 /* its microseconds fit */
#define NAME_MAX_BYTES   128
#define FILE_BYTES_MAX   (1u << 20) /* the largest file of tzdata has 4 KiB */
#define FOLDER_DEPTH_MAX 3          /* America/Argentina/Ushuaia */

struct tb_zone {
    char name[NAME_MAX_BYTES];
    struct tb_zone_table table;
};

/* A stretch of time with one offset: [from, to). */
struct stretch {
    int64_t from;
    int64_t to;
    int32_t offset;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static struct stretch stretch_at(const struct tb_zone *z, int64_t second)
{
    const struct tb_zone_table *t = &z->table;
    int64_t shift = 0;
    if (t->cycles && second >= t->cycle_end) {
        shift = ((second - t->cycle_end) / TB_ZONE_CYCLE_S + 1) * TB_ZONE_CYCLE_S;
        second -= shift;
    }
    size_t low = 0; /* from[low] <= second, from[high] > second */
    size_t high = t->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t->from[middle] <= second) {
            low = middle;
        } else {
            high = middle;
        }
    }
    struct stretch s = {t->from[low], high < t->n ? t->from[high] : INT64_MAX, t->offset[low]};
    if (t->cycles && s.to > t->cycle_end) {
        s.to = t->cycle_end;
    }
    if (shift > 0) {
        int64_t cycle_start = t->cycle_end - TB_ZONE_CYCLE_S;
        s.from = (s.from > cycle_start ? s.from : cycle_start) + shift;
        s.to += shift;
    }
    return s;
}

int32_t tb_zone_offset(const struct tb_zone *z, int64_t ts_us)
{
    return stretch_at(z, floor_div(ts_us, TB_US_PER_S)).offset;
}

/* The first instant whose local time is local or later. */
static int64_t first_second(const struct tb_zone *z, int64_t local)
{
    struct stretch s = stretch_at(z, local - TB_ZONE_OFFSET_MAX_S); /* certainly before */
    for (;;) {
        int64_t at = local - s.offset;
        if (at < s.from) {
            at = s.from;
        }
        if (at < s.to) {
            return at;
        }
        s = stretch_at(z, s.to);
    }
}

int64_t tb_zone_instant(const struct tb_zone *z, int32_t day, int32_t second_of_day)
{
    assert(day > -DAY_MAX && day < DAY_MAX);
    return first_second(z, day * DAY_SECONDS + second_of_day) * TB_US_PER_S;
}

int64_t tb_zone_day_start(const struct tb_zone *z, int32_t day)
{
    return tb_zone_instant(z, day, 0);
}

/* Days are [start(day), start(day + 1)): where clocks go back over midnight (St John's did, at 00:01), the
 * second time before midnight belongs to the day that has begun. */
int32_t tb_zone_day(const struct tb_zone *z, int64_t ts_us)
{
    int64_t second = floor_div(ts_us, TB_US_PER_S);
    struct stretch s = stretch_at(z, second);
    int32_t day = (int32_t)floor_div(second + s.offset, DAY_SECONDS);
    if (s.from != INT64_MIN && second - s.from < 2 * TB_ZONE_OFFSET_MAX_S) {
        while (first_second(z, (day + 1) * DAY_SECONDS) <= second) {
            day++;
        }
    }
    return day;
}

int64_t tb_zone_hour_start(const struct tb_zone *z, int64_t ts_us)
{
    int64_t second = floor_div(ts_us, TB_US_PER_S);
    struct stretch s = stretch_at(z, second);
    int64_t hour = floor_div(second + s.offset, 3600) * 3600;
    /* A jump forward within the hour leaves it one hour; one back begins it anew. */
    while (hour - s.offset < s.from) {
        struct stretch before = stretch_at(z, s.from - 1);
        if (before.offset > s.offset || floor_div(s.from - 1 + before.offset, 3600) * 3600 != hour) {
            return s.from * TB_US_PER_S;
        }
        s = before;
    }
    return (hour - s.offset) * TB_US_PER_S;
}

const char *tb_zone_name(const struct tb_zone *z)
{
    return z->name;
}

void tb_zone_free(struct tb_zone *z)
{
    if (z == NULL) {
        return;
    }
    tb_zone_table_release(&z->table);
    free(z);
}

static const char *data_folder(void)
{
    const char *dir = getenv("TZDIR");
    return dir != NULL && dir[0] != '\0' ? dir : "/usr/share/zoneinfo";
}

/* Offers every zone below dir/prefix. Names of zones begin with a capital; posix/, right/ and the tables do
 * not. */
static void offer_zones(struct tb_nearest *nearest, const char *dir, const char *prefix, int depth)
{
    char path[PATH_MAX];
    DIR *d = tb_path_join(dir, prefix, path, sizeof(path)) ? opendir(path) : NULL;
    if (d == NULL) {
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char name[NAME_MAX_BYTES];
        struct stat st;
        int n = snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", e->d_name);
        if (e->d_name[0] < 'A' || e->d_name[0] > 'Z' || n < 0 || (size_t)n >= sizeof(name) ||
            !tb_path_join(dir, name, path, sizeof(path)) || stat(path, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH_MAX) {
            offer_zones(nearest, dir, name, depth + 1);
        } else if (S_ISREG(st.st_mode)) {
            (void)tb_nearest_offer(nearest, name);
            (void)tb_nearest_offer_part(nearest, name,
                                        strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name);
        }
    }
    (void)closedir(d);
}

static enum tb_status unknown(const char *name, struct tb_err *err)
{
    struct stat st;
    if (stat(data_folder(), &st) != 0) {
        return tb_err_set(
            err, TB_FAIL, TB_E_IO,
            "no time zone data in \"%s\"; install the package tzdata, or use the time zone \"UTC\"",
            data_folder());
    }
    struct tb_nearest nearest;
    tb_nearest_init(&nearest, tb_str_of(name));
    offer_zones(&nearest, data_folder(), "", 1);
    if (nearest.best[0] != '\0') {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "unknown time zone \"%s\", did you mean \"%s\"", name,
                          nearest.best);
    }
    return tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                      "unknown time zone \"%s\"; use an IANA name such as \"Europe/Berlin\"", name);
}

static bool is_safe_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < NAME_MAX_BYTES && name[0] != '/' && strstr(name, "..") == NULL &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

/* TB_OK also for a name that is no zone: then *found is false. */
static enum tb_status read_zone(const char *name, struct tb_zone_table *t, bool *found, struct tb_err *err)
{
    char path[PATH_MAX];
    struct stat st;
    struct tb_buf bytes;
    *found =
        tb_path_join(data_folder(), name, path, sizeof(path)) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    if (!*found) {
        return TB_OK;
    }
    tb_buf_init(&bytes, FILE_BYTES_MAX);
    enum tb_status status = tb_file_read(path, FILE_BYTES_MAX, &bytes, err);
    if (status == TB_OK) {
        status = tb_zone_table_read(tb_buf_view(&bytes), t, err);
    }
    tb_buf_release(&bytes);
    return status;
}

static enum tb_status load_table(const char *name, struct tb_zone_table *t, struct tb_err *err)
{
    bool found = false;
    struct tb_err cause;
    if (strcmp(name, "UTC") == 0) {
        return tb_zone_table_fixed(0, t, err);
    }
    if (!is_safe_name(name)) {
        return unknown(name, err);
    }
    enum tb_status status = read_zone(name, t, &found, &cause);
    if (status != TB_OK) {
        return tb_err_set(err, status, cause.code, "time zone \"%s\" cannot be used: %s", name, cause.text);
    }
    return found ? TB_OK : unknown(name, err);
}

enum tb_status tb_zone_load(const char *name, struct tb_zone **out, struct tb_err *err)
{
    assert(name != NULL && out != NULL);
    *out = NULL;
    struct tb_zone *z = calloc(1, sizeof(*z));
    if (z == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a time zone");
    }
    enum tb_status status = load_table(name, &z->table, err);
    if (status != TB_OK) {
        free(z);
        return status;
    }
    (void)snprintf(z->name, sizeof(z->name), "%s", name);
    *out = z;
    return TB_OK;
}
