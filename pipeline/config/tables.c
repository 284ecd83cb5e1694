#include "config/tables.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "config/tablefile.h"

/* Texts, rows' texts and the working memory of the overlap checks, for all tables at their largest. */
#define TABLES_BYTES_MAX ((size_t)TB_TABLE_COUNT * 4 * TB_TABLE_BYTES_MAX)

const char *const tb_table_names[TB_TABLE_COUNT] = {"prices",  "quotas", "accounts",
                                                    "budgets", "shared", "adjustments"};
const char *const tb_dimension_names[] = {"day",     "hour",        "source",   "node",  "consumer",
                                          "team",    "cost_center", "provider", "model", "feature",
                                          "variant", "trigger",     NULL};

static const struct tb_tablefile_spec *const specs[TB_TABLE_COUNT] = {
    &tb_prices_spec,  &tb_quotas_spec, &tb_accounts_spec,
    &tb_budgets_spec, &tb_shared_spec, &tb_adjustments_spec};

/* tables is what callers see; it must be the first member, tb_tables_free goes back from it. */
struct owner {
    struct tb_tables tables;
    struct tb_arena arena;
};

static void set_rows(struct tb_tables *t, enum tb_table_kind kind, void *rows, size_t count)
{
    switch (kind) {
    case TB_TABLE_PRICES:
        t->prices = rows;
        t->price_count = count;
        break;
    case TB_TABLE_QUOTAS:
        t->quotas = rows;
        t->quota_count = count;
        break;
    case TB_TABLE_ACCOUNTS:
        t->accounts = rows;
        t->account_count = count;
        break;
    case TB_TABLE_BUDGETS:
        t->budgets = rows;
        t->budget_count = count;
        break;
    case TB_TABLE_SHARED:
        t->shared = rows;
        t->shared_count = count;
        break;
    case TB_TABLE_ADJUSTMENTS:
        t->adjustments = rows;
        t->adjustment_count = count;
        break;
    case TB_TABLE_COUNT:
    default:
        assert(!"a table kind");
    }
}

static enum tb_status parse_one(struct owner *o, const struct tb_settings *s, enum tb_table_kind kind,
                                struct tb_str text, const char *name, struct tb_err *err)
{
    struct tb_tables *t = &o->tables;
    t->name[kind] = tb_arena_cstr(&o->arena, tb_str_of(name));
    t->text[kind] = tb_arena_str(&o->arena, text);
    if (t->name[kind] == NULL || t->text[kind].s == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for \"%s\"", name);
    }
    t->digest[kind] = tb_hash128(text.s, text.n, 0);
    t->present[kind] = true;
    struct tb_tablefile file;
    tb_tablefile_init(&file, specs[kind], s, t->name[kind], &o->arena);
    enum tb_status status = tb_tablefile_read(&file, t->text[kind], err);
    if (status == TB_OK) {
        set_rows(t, kind, file.rows, file.count);
        file.rows = NULL;
    }
    tb_tablefile_release(&file);
    return status;
}

enum tb_status tb_tables_parse(const struct tb_settings *s, const struct tb_str text[TB_TABLE_COUNT],
                               const char *const name[TB_TABLE_COUNT], struct tb_tables **out,
                               struct tb_err *err)
{
    *out = NULL;
    struct owner *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the tables");
    }
    tb_arena_init(&o->arena, TABLES_BYTES_MAX);
    enum tb_status status = TB_OK;
    for (int kind = 0; kind < TB_TABLE_COUNT && status == TB_OK; kind++) {
        if (text[kind].s != NULL) {
            status = parse_one(o, s, (enum tb_table_kind)kind, text[kind],
                               name[kind] != NULL ? name[kind] : tb_table_names[kind], err);
        }
    }
    if (status != TB_OK) {
        tb_tables_free(&o->tables);
        return status;
    }
    *out = &o->tables;
    return TB_OK;
}

static const char *path_of(const struct tb_settings *s, enum tb_table_kind kind)
{
    const char *const paths[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = s->prices,     [TB_TABLE_QUOTAS] = s->quotas,
        [TB_TABLE_ACCOUNTS] = s->accounts, [TB_TABLE_BUDGETS] = s->budgets,
        [TB_TABLE_SHARED] = s->shared,     [TB_TABLE_ADJUSTMENTS] = s->adjustments};
    return paths[kind];
}

/* A table that cannot be read is an error of the configuration, which names it, whatever the system says of
 * it. */
static enum tb_status read_one(const char *path, enum tb_table_kind kind, struct tb_buf *text,
                               struct tb_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        enum tb_status status = tb_err_set(err, TB_FAIL, TB_E_TABLE,
                                           "the configured table \"%s\" is not there: make the file, or take "
                                           "\"%s\" out of the configuration",
                                           tb_table_names[kind], tb_table_names[kind]);
        tb_err_place(err, path, 0, 0);
        return status;
    }
    enum tb_status status = tb_file_read(path, TB_TABLE_BYTES_MAX, text, err);
    if (status == TB_FAIL && err != NULL) {
        err->code = TB_E_TABLE;
    }
    return status;
}

enum tb_status tb_tables_load(const struct tb_settings *s, struct tb_tables **out, struct tb_err *err)
{
    struct tb_buf buffers[TB_TABLE_COUNT];
    struct tb_str text[TB_TABLE_COUNT];
    const char *name[TB_TABLE_COUNT];
    enum tb_status status = TB_OK;
    *out = NULL;
    for (int kind = 0; kind < TB_TABLE_COUNT; kind++) {
        tb_buf_init(&buffers[kind], TB_TABLE_BYTES_MAX);
        text[kind] = TB_STR_NULL;
        name[kind] = path_of(s, (enum tb_table_kind)kind);
        if (status == TB_OK && name[kind] != NULL) {
            status = read_one(name[kind], (enum tb_table_kind)kind, &buffers[kind], err);
            struct tb_str view = tb_buf_view(&buffers[kind]);
            text[kind] = view.s != NULL ? view : TB_STR("");
        }
    }
    if (status == TB_OK) {
        status = tb_tables_parse(s, text, name, out, err);
    }
    for (int kind = 0; kind < TB_TABLE_COUNT; kind++) {
        tb_buf_release(&buffers[kind]);
    }
    return status;
}

void tb_tables_free(struct tb_tables *t)
{
    if (t == NULL) {
        return;
    }
    struct owner *o = (struct owner *)(void *)t;
    free(t->prices);
    free(t->quotas);
    free(t->accounts);
    free(t->budgets);
    free(t->shared);
    free(t->adjustments);
    tb_arena_release(&o->arena);
    free(o);
}
