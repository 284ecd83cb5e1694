#include "config/settings.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "config/setting.h"
#include "config/settings_source.h"
#include "config/tablefile.h" /* TB_SHOWN */

#define SYSTEM_PATH    "/etc/tollbook/tollbook.jsonc"
#define SIGNATURE_DAYS 3
#define DAYS_MAX       36600 /* of detail, or before a day closes: a century */

static const char *const keys[] = {
    "database",        "time_zone",  "currency",        "prices",         "quotas",
    "accounts",        "budgets",    "shared",          "adjustments",    "output",
    "sources",         "journal",    "holidays",        "detail_days",    "close_after_days",
    "billing_account", "min_excess", "rules",           "formats",        "excel_guard",
    "notify",          "expect",     "fingerprint_key", "signature_days", NULL};
static const char *const journal_keys[] = {"debit", "credit", NULL};
static const char *const guards[] = {"csv", "all", NULL};

/* settings is what callers see; it must be the first member, tb_settings_free goes back from it. */
struct owner {
    struct tb_settings settings;
    struct tb_arena arena;
};

/* --- the file ------------------------------------------------------------------------------------------- */

/* Which file path stands for. */
static const char *choose(const char *path)
{
    const char *named = path != NULL ? path : getenv("TOLLBOOK_CONFIG");
    if (named != NULL && named[0] != 0) {
        return named;
    }
    return access("tollbook.jsonc", F_OK) == 0 || access(SYSTEM_PATH, F_OK) != 0 ? "tollbook.jsonc"
                                                                                 : SYSTEM_PATH;
}

bool tb_settings_found(const char *path)
{
    const char *env = getenv("TOLLBOOK_CONFIG");
    return path != NULL || (env != NULL && env[0] != 0) || access(choose(NULL), F_OK) == 0;
}

static enum tb_status check_file(const char *asked, const char *path, struct tb_err *err)
{
    struct stat st;
    const char *env = getenv("TOLLBOOK_CONFIG");
    bool by_env = asked == NULL && env != NULL && env[0] != 0;
    if (stat(path, &st) == 0) {
        if (!S_ISDIR(st.st_mode)) {
            return TB_OK;
        }
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "\"%s\" is a folder: name the configuration file in it",
                          path);
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "the configuration \"%s\" cannot be read: %s", path,
                          strerror(errno));
    }
    if (asked == NULL && !by_env) {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                          "there is no tollbook.jsonc here and no " SYSTEM_PATH
                          ": write one with `tollbook init`, or name one with --config FILE");
    }
    return tb_err_set(
        err, TB_FAIL, TB_E_CONFIG,
        "the configuration \"%s\"%s is not there: write one with `tollbook init`, or mend the path", path,
        by_env ? " (of TOLLBOOK_CONFIG)" : "");
}

/* The folder of path, absolute, as it was named (symbolic links are kept: they are how people move folders).
 */
static const char *folder_of(struct tb_arena *arena, const char *path)
{
    char here[PATH_MAX] = "";
    char joined[2 * PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct tb_str dir = {path, slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path)};
    while (dir.n >= 2 && dir.s[0] == '.' && dir.s[1] == '/') {
        dir.s += 2;
        dir.n -= 2;
    }
    if (dir.n == 1 && dir.s[0] == '.') {
        dir.n = 0;
    }
    if (dir.n > 0 && dir.s[0] == '/') {
        return tb_arena_cstr(arena, dir);
    }
    if (getcwd(here, sizeof here) == NULL) {
        return NULL;
    }
    snprintf(joined, sizeof joined, "%s%s%.*s", here, dir.n > 0 ? "/" : "", (int)dir.n,
             dir.n > 0 ? dir.s : "");
    return tb_arena_cstr(arena, tb_str_of(joined));
}

/* --- the values ----------------------------------------------------------------------------------------- */

static enum tb_status read_zone(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                struct tb_settings *s, struct tb_err *err)
{
    const char *name = NULL;
    enum tb_status status = tb_setting_text(r, root, "time_zone", false, "UTC", &name, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_zone_load(name, &s->zone, err);
    const struct tb_json_node *n = tb_setting_get(root, "time_zone");
    if (status != TB_OK && n != NULL && err != NULL) {
        uint64_t line = 0;
        uint64_t column = 0;
        tb_json_place(r->json, n, &line, &column);
        tb_err_place(err, s->path, line, column);
    }
    return status;
}

static enum tb_status read_currency(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                    struct tb_settings *s, struct tb_err *err)
{
    enum tb_status status = tb_setting_text(r, root, "currency", false, "USD", &s->currency, err);
    if (status != TB_OK) {
        return status;
    }
    if (strlen(s->currency) != 3 || strspn(s->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
        return tb_json_complain(
            r->json, tb_json_get(root, "currency"), err,
            "currency \"%.*s\" is not a currency code: write three capital letters, like \"USD\"",
            TB_SHOWN(tb_str_of(s->currency)));
    }
    return TB_OK;
}

static enum tb_status read_paths(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                 struct tb_settings *s, struct tb_err *err)
{
    const struct {
        const char *key;
        const char *otherwise;
        const char **to;
    } paths[] = {{"database", "tollbook.db", &s->database},
                 {"output", "out", &s->output},
                 {"prices", NULL, &s->prices},
                 {"quotas", NULL, &s->quotas},
                 {"accounts", NULL, &s->accounts},
                 {"budgets", NULL, &s->budgets},
                 {"shared", NULL, &s->shared},
                 {"adjustments", NULL, &s->adjustments},
                 {"rules", NULL, &s->rules},
                 {"formats", NULL, &s->formats}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        enum tb_status status = tb_setting_path(r, root, paths[i].key, paths[i].otherwise, paths[i].to, err);
        if (status != TB_OK) {
            return status;
        }
    }
    char beside[PATH_MAX + 8];
    snprintf(beside, sizeof beside, "%s.key", s->database);
    return tb_setting_path(r, root, "fingerprint_key", beside, &s->fingerprint_key, err);
}

static enum tb_status read_journal(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                   struct tb_settings *s, struct tb_err *err)
{
    const struct tb_json_node *n = NULL;
    s->journal_debit = "";
    s->journal_credit = "";
    enum tb_status status = tb_setting_object(r, root, "journal", &n, err);
    if (status != TB_OK || n == NULL) {
        return status;
    }
    status = tb_json_check_keys(r->json, n, journal_keys, err);
    if (status == TB_OK) {
        status = tb_setting_text(r, n, "debit", true, "", &s->journal_debit, err);
    }
    if (status == TB_OK) {
        status = tb_setting_text(r, n, "credit", true, "", &s->journal_credit, err);
    }
    return status;
}

static int by_day(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static enum tb_status read_holidays(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                    struct tb_settings *s, struct tb_err *err)
{
    const struct tb_json_node *list = NULL;
    enum tb_status status = tb_setting_list(r, root, "holidays", &list, err);
    if (status != TB_OK || list == NULL) {
        return status;
    }
    s->holidays = tb_arena_alloc(r->arena, ((size_t)tb_json_count(list) + 1) * sizeof *s->holidays);
    if (s->holidays == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the configuration");
    }
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL; n = tb_json_next(n)) {
        const char *text = NULL;
        status = tb_setting_string(r, n, "holidays", false, &text, err);
        if (status != TB_OK) {
            return status;
        }
        if (!tb_day_parse(tb_str_of(text), &s->holidays[s->holiday_count])) {
            return tb_json_complain(r->json, n, err, "holiday \"%.*s\" is not a date: write YYYY-MM-DD",
                                    TB_SHOWN(tb_str_of(text)));
        }
        s->holiday_count++;
    }
    qsort(s->holidays, (size_t)s->holiday_count, sizeof *s->holidays, by_day);
    return TB_OK;
}

static enum tb_status read_rest(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                struct tb_settings *s, struct tb_err *err)
{
    enum tb_status status =
        tb_setting_text(r, root, "billing_account", false, "tollbook", &s->billing_account, err);
    if (status == TB_OK) {
        status = tb_setting_int(r, root, "close_after_days", DAYS_MAX, 0, &s->close_after_days, err);
    }
    if (status == TB_OK) {
        status = tb_setting_int(r, root, "detail_days", DAYS_MAX, 0, &s->detail_days, err);
    }
    if (status == TB_OK) {
        status = tb_setting_int(r, root, "signature_days", DAYS_MAX, SIGNATURE_DAYS, &s->signature_days, err);
    }
    if (status == TB_OK) {
        status = tb_setting_money(r, root, "min_excess", tb_money_of_cents(100), &s->min_excess, err);
    }
    if (status == TB_OK) {
        status = tb_setting_word(r, root, "excel_guard", guards, "csv", &s->excel_guard, err);
    }
    if (status == TB_OK) {
        status = tb_setting_text(r, root, "notify", false, NULL, &s->notify, err);
    }
    return status;
}

typedef enum tb_status (*read_part)(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                    struct tb_settings *s, struct tb_err *err);

static enum tb_status read_all(const struct tb_setting_reader *r, struct tb_settings *s, struct tb_err *err)
{
    static const read_part parts[] = {read_zone,    read_currency, read_paths, tb_settings_read_sources,
                                      read_journal, read_holidays, read_rest,  tb_settings_read_expects};
    const struct tb_json_node *root = tb_json_root(r->json);
    if (tb_json_type(root) != TB_JSON_OBJECT) {
        return tb_json_complain(r->json, root, err, "the configuration is %s: it must be an object in { }",
                                tb_setting_kind(root));
    }
    enum tb_status status = tb_json_check_keys(r->json, root, keys, err);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == TB_OK; i++) {
        status = parts[i](r, root, s, err);
    }
    return status;
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static enum tb_status load(struct owner *o, const char *path, struct tb_err *err)
{
    struct tb_settings *s = &o->settings;
    struct tb_json *json = NULL;
    s->path = tb_arena_cstr(&o->arena, tb_str_of(path));
    s->dir = folder_of(&o->arena, path);
    if (s->path == NULL || s->dir == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY,
                          "no memory for the configuration, or no folder to stand in");
    }
    enum tb_status status = tb_json_read(path, TB_E_CONFIG, &json, err);
    if (status == TB_FAIL && err != NULL) {
        err->code = TB_E_CONFIG; /* also when the system refused to read it */
    }
    if (status == TB_OK) {
        struct tb_setting_reader r = {json, &o->arena, s->dir};
        status = read_all(&r, s, err);
    }
    tb_json_free(json);
    return status;
}

enum tb_status tb_settings_load(const char *path, struct tb_settings **out, struct tb_err *err)
{
    const char *file = choose(path);
    *out = NULL;
    enum tb_status status = check_file(path, file, err);
    if (status != TB_OK) {
        return status;
    }
    struct owner *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the configuration");
    }
    tb_arena_init(&o->arena, 16 * (size_t)TB_CONFIG_BYTES_MAX); /* texts, and each path made absolute */
    status = load(o, file, err);
    if (status != TB_OK) {
        tb_settings_free(&o->settings);
        return status;
    }
    *out = &o->settings;
    return TB_OK;
}

void tb_settings_free(struct tb_settings *s)
{
    if (s == NULL) {
        return;
    }
    struct owner *o = (struct owner *)(void *)s;
    tb_zone_free(s->zone);
    tb_arena_release(&o->arena);
    free(o);
}

bool tb_settings_day_is_free(const struct tb_settings *s, int32_t day)
{
    return tb_day_weekday(day) >= 5 ||
           (s->holiday_count > 0 &&
            bsearch(&day, s->holidays, (size_t)s->holiday_count, sizeof *s->holidays, by_day) != NULL);
}

int tb_settings_source(const struct tb_settings *s, const char *name)
{
    assert(name != NULL);
    for (int i = 0; i < s->source_count; i++) {
        if (strcmp(s->sources[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}
