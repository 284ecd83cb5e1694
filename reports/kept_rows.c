#include "reports/kept_rows.h"

#include <stdio.h>
#include <string.h>

#define WORDS_BYTES_MAX ((size_t)1 << 20)

struct reader {
    const struct tb_json *json;
    struct tb_report *r;
    struct tb_err *err;
};

/* The columns of a part, as its rows show them. */
struct columns {
    struct tb_column column[TB_TABLE_COLUMNS_MAX];
    char key[TB_TABLE_COLUMNS_MAX][TB_COLUMN_KEY_MAX];
    bool seen[TB_TABLE_COLUMNS_MAX]; /* some row has a value */
    size_t n;
};

static bool is_objects(const struct tb_json_node *n)
{
    const struct tb_json_node *first = tb_json_type(n) == TB_JSON_ARRAY ? tb_json_first(n) : NULL;
    return first != NULL && tb_json_type(first) == TB_JSON_OBJECT;
}

static enum tb_cell_type type_of(const struct tb_json_node *n)
{
    int64_t number;
    switch (tb_json_type(n)) {
    case TB_JSON_BOOL:
        return TB_CELL_BOOL;
    case TB_JSON_NUMBER:
        return tb_json_int(n, &number) ? TB_CELL_INT : TB_CELL_RATIO;
    default:
        return TB_CELL_TEXT;
    }
}

static bool make_key(const char *prefix, struct tb_str key, char out[TB_COLUMN_KEY_MAX])
{
    int n =
        snprintf(out, TB_COLUMN_KEY_MAX, "%s%s%.*s", prefix, prefix[0] != '\0' ? "_" : "", (int)key.n, key.s);
    return n > 0 && n < TB_COLUMN_KEY_MAX;
}

/* The column of key, added when it is new; -1: no room, or the key is too long. */
static int find_column(struct columns *c, const char *prefix, struct tb_str key)
{
    char name[TB_COLUMN_KEY_MAX];
    if (!make_key(prefix, key, name)) {
        return -1;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->key[i], name) == 0) {
            return (int)i;
        }
    }
    if (c->n == TB_TABLE_COLUMNS_MAX) {
        return -1;
    }
    memcpy(c->key[c->n], name, sizeof name);
    c->column[c->n] = (struct tb_column){.key = c->key[c->n], .type = TB_CELL_TEXT, .id = true};
    return (int)c->n++;
}

static void note_type(struct columns *c, int column, const struct tb_json_node *n)
{
    enum tb_cell_type type = type_of(n), *have = &c->column[column].type;
    if (tb_json_type(n) == TB_JSON_NULL) {
        return;
    }
    bool numbers =
        (type == TB_CELL_INT || type == TB_CELL_RATIO) && (*have == TB_CELL_INT || *have == TB_CELL_RATIO);
    *have = !c->seen[column] || type == *have ? type : numbers ? TB_CELL_RATIO : TB_CELL_TEXT;
    c->seen[column] = true;
}

static void note_object(struct columns *c, const char *prefix, const struct tb_json_node *object)
{
    for (const struct tb_json_node *n = tb_json_first(object); n != NULL; n = tb_json_next(n)) {
        char key[TB_COLUMN_KEY_MAX];
        int column;
        if (tb_json_type(n) == TB_JSON_OBJECT && prefix[0] == '\0' && make_key("", tb_json_key(n), key)) {
            note_object(c, key, n);
        } else if (!is_objects(n) && (column = find_column(c, prefix, tb_json_key(n))) >= 0) {
            note_type(c, column, n);
        }
    }
}

/* --- cells --------------------------------------------------------------------------------------------------- */

static enum tb_status put_words(const struct reader *in, struct tb_table *t, size_t column,
                                const struct tb_json_node *list)
{
    struct tb_buf words;
    enum tb_status st = TB_OK;
    tb_buf_init(&words, WORDS_BYTES_MAX);
    for (const struct tb_json_node *n = tb_json_first(list); st == TB_OK && n != NULL; n = tb_json_next(n)) {
        st = words.n > 0 ? tb_buf_add(&words, " ", 1, in->err) : TB_OK;
        if (st == TB_OK && tb_json_text(n).s != NULL) {
            st = tb_buf_str(&words, tb_json_text(n), in->err);
        }
    }
    if (st == TB_OK) {
        st = tb_table_text(t, column, words.n > 0 ? tb_buf_view(&words) : TB_STR(""), in->err);
    }
    tb_buf_release(&words);
    return st;
}

static enum tb_status put_number(const struct reader *in, struct tb_table *t, size_t column,
                                 const struct tb_json_node *n)
{
    struct tb_decimal d;
    tb_money value;
    char text[TB_MONEY_TEXT_MAX];
    if (!tb_json_decimal(n, &d) || !tb_money_from_decimal(&d, &value, NULL)) {
        return tb_json_complain(in->json, n, in->err,
                                "the kept pack has no number here: the database is damaged");
    }
    return tb_table_text(t, column, (struct tb_str){text, tb_money_format(value, text)}, in->err);
}

static enum tb_status put_cell(const struct reader *in, struct tb_table *t, size_t column,
                               const struct tb_json_node *n)
{
    int64_t number = 0;
    switch (tb_json_type(n)) {
    case TB_JSON_NULL:
        return TB_OK;
    case TB_JSON_STRING:
        return tb_table_text(t, column, tb_json_text(n), in->err);
    case TB_JSON_ARRAY:
        return put_words(in, t, column, n);
    case TB_JSON_BOOL:
        if (tb_table_column(t, column)->type == TB_CELL_TEXT) {
            return tb_table_text(t, column, tb_json_bool(n) ? TB_STR("true") : TB_STR("false"), in->err);
        }
        tb_table_int(t, column, tb_json_bool(n));
        return TB_OK;
    default:
        if (tb_table_column(t, column)->type == TB_CELL_INT && tb_json_int(n, &number)) {
            tb_table_int(t, column, number);
            return TB_OK;
        }
        return put_number(in, t, column, n);
    }
}

static enum tb_status put_object(const struct reader *in, struct tb_table *t, struct columns *c,
                                 const char *prefix, const struct tb_json_node *object)
{
    enum tb_status st = TB_OK;
    for (const struct tb_json_node *n = tb_json_first(object); st == TB_OK && n != NULL;
         n = tb_json_next(n)) {
        char key[TB_COLUMN_KEY_MAX];
        int column;
        if (tb_json_type(n) == TB_JSON_OBJECT && prefix[0] == '\0' && make_key("", tb_json_key(n), key)) {
            st = put_object(in, t, c, key, n);
        } else if (!is_objects(n) && (column = find_column(c, prefix, tb_json_key(n))) >= 0) {
            st = put_cell(in, t, (size_t)column, n);
        }
    }
    return st;
}

/* --- parts --------------------------------------------------------------------------------------------------- */

/* The rows of list, or the rows of the list named child in each of them, behind the row's first key. */
static enum tb_status add_part(const struct reader *in, const char *key, const struct tb_json_node *list,
                               const char *child)
{
    struct columns c = {.n = 0};
    struct tb_table *t = NULL;
    for (const struct tb_json_node *row = tb_json_first(list); row != NULL; row = tb_json_next(row)) {
        const struct tb_json_node *inner = child != NULL ? tb_json_get(row, child) : NULL,
                                  *first = tb_json_first(row);
        if (child == NULL) {
            note_object(&c, "", row);
        } else if (inner != NULL && first != NULL) {
            int link = find_column(&c, "", tb_json_key(first));
            if (link != 0) {
                return TB_OK; /* no pack of ours */
            }
            note_type(&c, link, first);
            for (const struct tb_json_node *n = tb_json_first(inner); n != NULL; n = tb_json_next(n)) {
                note_object(&c, "", n);
            }
        }
    }
    enum tb_status st = c.n > 0 ? tb_parts_rows(in->r, key, key, c.column, c.n, &t, in->err) : TB_OK;
    for (const struct tb_json_node *row = tb_json_first(list); st == TB_OK && t != NULL && row != NULL;
         row = tb_json_next(row)) {
        const struct tb_json_node *n = child == NULL ? row : tb_json_first(tb_json_get(row, child));
        for (; st == TB_OK && n != NULL; n = child != NULL ? tb_json_next(n) : NULL) {
            st = tb_table_row(t, in->err);
            if (st == TB_OK && child != NULL) {
                st = put_cell(in, t, 0, tb_json_first(row));
            }
            if (st == TB_OK) {
                st = put_object(in, t, &c, "", n);
            }
        }
    }
    if (in->r->main == NULL || (child != NULL && strcmp(child, "allocations") == 0)) { /* what a plan is of */
        in->r->main = t != NULL ? t : in->r->main;
    }
    return st;
}

static enum tb_status add_list(const struct reader *in, const struct tb_json_node *list)
{
    char key[TB_COLUMN_KEY_MAX], child[TB_COLUMN_KEY_MAX] = "";
    if (!make_key("", tb_json_key(list), key)) {
        return TB_OK;
    }
    for (const struct tb_json_node *row = tb_json_first(list); row != NULL; row = tb_json_next(row)) {
        for (const struct tb_json_node *n = tb_json_first(row); n != NULL; n = tb_json_next(n)) {
            if (is_objects(n)) {
                (void)make_key("", tb_json_key(n), child);
            }
        }
    }
    enum tb_status st = add_part(in, key, list, NULL);
    return st == TB_OK && child[0] != '\0' ? add_part(in, child, list, child) : st;
}

enum tb_status tb_kept_rows(const struct tb_json *json, const struct tb_json_node *object,
                            struct tb_report *r, struct tb_err *err)
{
    const struct reader in = {json, r, err};
    enum tb_status st = TB_OK;
    for (const struct tb_json_node *n = tb_json_first(object); st == TB_OK && n != NULL;
         n = tb_json_next(n)) {
        if (is_objects(n) && r->n + 2 < TB_PARTS_MAX) {
            st = add_list(&in, n);
        }
    }
    return st;
}
