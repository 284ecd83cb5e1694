/* Reading a kept pack back: the kind's object becomes a report again, with its bytes as they were written, so
 * that JSON says to the letter what the pack said, and the other writers have tables. */
#include <ctype.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/json.h"
#include "reports/kept_rows.h"
#include "reports/report.h"
#include "reports/shape.h"
#include "reports/usage.h"

/* --- the object's bytes --- */

static size_t skip_blanks(struct tb_str s, size_t i)
{
    while (i < s.n && memchr(" \t\r\n", s.s[i], 4) != NULL) {
        i++;
    }
    return i;
}

/* Behind the string that begins at i. */
static size_t skip_string(struct tb_str s, size_t i)
{
    for (i++; i < s.n && s.s[i] != '"'; i++) {
        i += s.s[i] == '\\';
    }
    return i < s.n ? i + 1 : s.n;
}

/* Behind the value that begins at i; the text is JSON that tb_json_parse took. */
static size_t skip_value(struct tb_str s, size_t i)
{
    int depth = 0;
    do {
        char c = i < s.n ? s.s[i] : '\0';
        if (c == '"') {
            i = skip_string(s, i);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        i++;
    } while (i < s.n && (depth > 0 || memchr(",}] \t\r\n", s.s[i], 7) == NULL));
    return i < s.n ? i : s.n;
}

/* The value of key (a word without escapes) in the object json. */
static struct tb_str find_bytes(struct tb_str json, const char *key)
{
    size_t i = skip_blanks(json, 0) + 1; /* behind the brace */
    while ((i = skip_blanks(json, i)) < json.n && json.s[i] == '"') {
        size_t key_end = skip_string(json, i);
        struct tb_str name = {json.s + i + 1, key_end - i - 2};
        i = skip_blanks(json, skip_blanks(json, key_end) + 1); /* behind the colon */
        size_t end = skip_value(json, i);
        if (tb_str_eq(name, tb_str_of(key))) {
            return (struct tb_str){json.s + i, end - i};
        }
        i = skip_blanks(json, end) + 1; /* behind the comma */
    }
    return TB_STR_NULL;
}

/* --- cells --- */

struct reader {
    const struct tb_json *json;
    struct tb_err *err;
};

static enum tb_status bad(const struct reader *in, const struct tb_json_node *n, const char *what)
{
    return tb_json_complain(in->json, n, in->err, "the kept pack has no %s here: the database is damaged",
                            what);
}

static enum tb_status read_money(const struct reader *in, const struct tb_json_node *n, struct tb_table *t,
                                 size_t column)
{
    tb_money money;
    if (!tb_money_parse(tb_json_text(n), &money)) {
        return bad(in, n, "money");
    }
    tb_table_money(t, column, money);
    return TB_OK;
}

static enum tb_status read_ratio(const struct reader *in, const struct tb_json_node *n, struct tb_table *t,
                                 size_t column)
{
    struct tb_decimal d;
    tb_money value;
    char text[TB_MONEY_TEXT_MAX];
    if (!tb_json_decimal(n, &d) || !tb_money_from_decimal(&d, &value, NULL)) {
        return bad(in, n, "number");
    }
    return tb_table_text(t, column, (struct tb_str){text, tb_money_format(value, text)}, in->err);
}

/* A number, or the text of one: a day, an instant, cents. */
static bool number_of(const struct tb_json_node *n, enum tb_cell_type type, int64_t *out)
{
    tb_money money;
    int32_t day;
    bool zone;
    switch (type) {
    case TB_CELL_BOOL:
        *out = tb_json_type(n) == TB_JSON_BOOL && tb_json_bool(n);
        return tb_json_type(n) == TB_JSON_BOOL;
    case TB_CELL_DAY:
        if (!tb_day_parse(tb_json_text(n), &day)) {
            return false;
        }
        *out = day;
        return true;
    case TB_CELL_INSTANT:
        return tb_ts_parse(tb_json_text(n), out, &zone);
    case TB_CELL_CENTS:
        return tb_money_parse(tb_json_text(n), &money) && tb_money_cents_round(money, out);
    default:
        return tb_json_int(n, out);
    }
}

static enum tb_status read_cell(const struct reader *in, const struct tb_json_node *n, struct tb_table *t,
                                size_t column)
{
    enum tb_cell_type type = tb_table_column(t, column)->type;
    int64_t number;
    if (n == NULL || tb_json_type(n) == TB_JSON_NULL) {
        return TB_OK; /* a key that this version added stays null */
    }
    if (type == TB_CELL_MIXED) {
        type = tb_json_type(n) == TB_JSON_STRING ? TB_CELL_MONEY : TB_CELL_INT;
    }
    switch (type) {
    case TB_CELL_TEXT:
        return tb_json_type(n) == TB_JSON_STRING ? tb_table_text(t, column, tb_json_text(n), in->err)
                                                 : bad(in, n, "text");
    case TB_CELL_MONEY:
        return read_money(in, n, t, column);
    case TB_CELL_RATIO:
        return read_ratio(in, n, t, column);
    default:
        if (!number_of(n, type, &number)) {
            return bad(in, n, "number");
        }
        tb_table_int(t, column, number);
        return TB_OK;
    }
}

static enum tb_status read_row(const struct reader *in, const struct tb_json_node *object, struct tb_table *t)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < tb_table_columns(t); i++) {
        st = read_cell(in, tb_json_get(object, tb_table_column(t, i)->key), t, i);
    }
    return st;
}

static enum tb_status read_rows(const struct reader *in, const struct tb_json_node *list, struct tb_table *t)
{
    enum tb_status st = TB_OK;
    for (const struct tb_json_node *n = tb_json_first(list); st == TB_OK && n != NULL; n = tb_json_next(n)) {
        st = tb_table_row(t, in->err);
        if (st == TB_OK) {
            st = read_row(in, n, t);
        }
    }
    return st;
}

/* --- the report --- */

static enum tb_status add_head(const struct reader *in, const struct tb_json_node *object,
                               struct tb_report *r)
{
    bool instants = tb_json_text(tb_json_get(object, "from")).n > sizeof "2026-11-21" - 1;
    enum tb_cell_type bound = instants ? TB_CELL_INSTANT : TB_CELL_DAY;
    const struct tb_column head[] = {{"schema", "Schema", TB_CELL_TEXT, true, false},
                                     {"from", "From", bound, true, false},
                                     {"to", "To", bound, true, false},
                                     {"time_zone", "Time zone", TB_CELL_TEXT, true, false},
                                     {"currency", "Currency", TB_CELL_TEXT, true, false},
                                     {"tables", "table version", TB_CELL_INT, false, false}};
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < sizeof head / sizeof *head; i++) {
        struct tb_table *t;
        st = tb_parts_value(r, &head[i], &t, in->err);
    }
    return st;
}

/* The dimensions stand before "requests" in each row. */
static enum tb_status add_usage(const struct reader *in, const struct tb_json_node *object,
                                struct tb_report *r)
{
    enum tb_dim by[TB_DIM_COUNT];
    size_t n = 0;
    const struct tb_json_node *row = tb_json_first(tb_json_get(object, "rows"));
    const struct tb_json_node *key = row != NULL ? tb_json_first(row) : NULL;
    while (key != NULL && n < TB_DIM_COUNT && tb_dim_find(tb_json_key(key), &by[n])) {
        key = tb_json_next(key);
        n++;
    }
    return tb_usage_rows(r, by, n, in->err);
}

static enum tb_status read_parts(const struct reader *in, const struct tb_json_node *object,
                                 struct tb_report *r)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < r->n; i++) {
        struct tb_table *t = r->parts[i].table;
        const struct tb_json_node *n = tb_json_get(object, tb_table_name(t));
        if (n == NULL) {
            continue;
        }
        switch (r->parts[i].kind) {
        case TB_PART_VALUE:
            st = read_cell(in, n, t, 0);
            break;
        case TB_PART_OBJECT:
            st = read_row(in, n, t);
            break;
        default:
            st = read_rows(in, n, t);
        }
    }
    return st;
}

/* Whether column of the part's only row is above zero. */
static bool above_zero(const struct tb_report *r, const char *part, const char *column)
{
    const struct tb_part *p = tb_parts_find(r, part);
    int i = p != NULL ? tb_table_find(p->table, column) : -1;
    return i >= 0 && tb_table_rows(p->table) > 0 && tb_table_cell(p->table, 0, (size_t)i)->number > 0;
}

static bool has_rows(const struct tb_report *r, const char *part)
{
    const struct tb_part *p = tb_parts_find(r, part);
    return p != NULL && tb_table_rows(p->table) > 0;
}

static bool note_above_zero(const struct tb_report *r, const char *control)
{
    for (size_t i = 0; strcmp(r->kind, "checks") == 0 && i < tb_table_rows(r->main); i++) {
        if (tb_str_eq(tb_table_cell(r->main, i, TB_CHECK_CONTROL)->text, tb_str_of(control))) {
            return tb_table_cell(r->main, i, TB_CHECK_FOUND)->number > 0;
        }
    }
    return false;
}

static bool has_control(const struct tb_report *r, const char *control)
{
    for (size_t i = 0; strcmp(r->kind, "checks") == 0 && i < tb_table_rows(r->main); i++) {
        if (tb_str_eq(tb_table_cell(r->main, i, TB_CHECK_CONTROL)->text, tb_str_of(control))) {
            return true;
        }
    }
    return false;
}

/* What the builders would have set. */
static void read_state(struct tb_report *r)
{
    r->unpriced = has_rows(r, "unpriced") || note_above_zero(r, "unpriced_requests");
    r->rejected =
        above_zero(r, "intake", "rejected") || has_rows(r, "reasons") || note_above_zero(r, "rejected_lines");
    r->incomplete = has_rows(r, "incomplete") || note_above_zero(r, "incomplete_files") ||
                    has_control(r, "silent_source") || has_control(r, "missing_node");
    r->control_failed = strcmp(r->kind, "checks") == 0 && !above_zero(r, "ok", "ok");
    int unpriced = strcmp(r->kind, "usage") == 0 ? tb_table_find(r->main, "unpriced") : -1;
    for (size_t i = 0; unpriced >= 0 && i < tb_table_rows(r->main); i++) {
        r->unpriced = r->unpriced || tb_table_cell(r->main, i, (size_t)unpriced)->number > 0;
    }
}

/* A part for CSV and workbooks to be of, where there is nothing to tell. */
static enum tb_status add_nothing(struct tb_report *r, struct tb_err *err)
{
    static const struct tb_column none[] = {{"nothing", "Nothing", TB_CELL_TEXT, false, false}};
    return tb_parts_rows(r, "rows", "Nothing", none, 1, &r->main, err);
}

/* Kinds without a fixed shape. */
static enum tb_status add_lists(const struct reader *in, const struct tb_json_node *object,
                                struct tb_report *r)
{
    enum tb_status st = tb_kept_rows(in->json, object, r, in->err);
    return st == TB_OK && r->main == NULL ? add_nothing(r, in->err) : st;
}

static enum tb_status rebuild(const struct reader *in, const struct tb_json_node *object, struct tb_report *r)
{
    const struct tb_shape *shape = tb_shape_find(r->kind);
    bool usage = strcmp(r->kind, "usage") == 0;
    enum tb_status st = add_head(in, object, r);
    if (st == TB_OK && (shape != NULL || usage)) {
        st = usage ? add_usage(in, object, r) : tb_shape_add(r, shape, in->err);
    }
    if (st == TB_OK) {
        st = read_parts(in, object, r);
    }
    if (st == TB_OK && shape == NULL && !usage) {
        st = add_lists(in, object, r);
    }
    if (st == TB_OK) {
        read_state(r);
    }
    return st;
}

static enum tb_status make(const struct reader *in, const struct tb_json_node *object, struct tb_str bytes,
                           const char *kind, int64_t revision, struct tb_report **out)
{
    const struct tb_shape *shape = tb_shape_find(kind);
    char title[24];
    snprintf(title, sizeof title, "%c%s", toupper((unsigned char)kind[0]), kind + 1);
    struct tb_report *r = tb_parts_new(kind, shape != NULL ? shape->title : title);
    if (r == NULL) {
        return tb_err_set(in->err, TB_FATAL, TB_E_MEMORY, "no memory for a kept report");
    }
    enum tb_status st = rebuild(in, object, r);
    if (st == TB_OK) {
        st = tb_buf_str(&r->raw, bytes, in->err);
    }
    if (st != TB_OK) {
        tb_parts_free(r);
        return st;
    }
    if (revision > 0) {
        tb_report_set_revision(r, revision);
    }
    *out = r;
    return TB_OK;
}

/* A kept pack, and what stands in it under key (NULL: nothing). */
static enum tb_status open_pack(struct tb_str pack_json, const char *key, struct tb_json **json,
                                const struct tb_json_node **found, struct tb_err *err)
{
    enum tb_status st = tb_json_parse(pack_json, "kept pack", TB_E_DB, json, err);
    if (st == TB_OK) {
        const struct tb_json_node *root = tb_json_root(*json);
        *found = tb_json_type(root) == TB_JSON_OBJECT ? tb_json_get(root, key) : NULL;
    }
    return st;
}

enum tb_status tb_report_of_pack(struct tb_str pack_json, const char *kind, int64_t revision,
                                 struct tb_report **out, struct tb_err *err)
{
    struct tb_json *json;
    const struct tb_json_node *object;
    enum tb_status st = open_pack(pack_json, kind, &json, &object, err);
    if (st != TB_OK) {
        return st;
    }
    struct reader in = {json, err};
    if (object == NULL || tb_report_kind_find(kind) == NULL) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "the packs of this day keep no \"%s\"", kind);
    } else if (tb_json_type(object) != TB_JSON_OBJECT) {
        st = bad(&in, object, "object");
    } else {
        st = make(&in, object, find_bytes(pack_json, kind), kind, revision, out);
    }
    tb_json_free(json);
    return st;
}

enum tb_status tb_rows_of_pack(struct tb_str pack_json, const char *key, struct tb_table *t,
                               struct tb_err *err)
{
    struct tb_json *json;
    const struct tb_json_node *list;
    enum tb_status st = open_pack(pack_json, key, &json, &list, err);
    if (st != TB_OK) {
        return st;
    }
    struct reader in = {json, err};
    if (list != NULL) { /* a pack of an earlier version may not have it */
        st = tb_json_type(list) == TB_JSON_ARRAY ? read_rows(&in, list, t) : bad(&in, list, "list");
    }
    tb_json_free(json);
    return st;
}
