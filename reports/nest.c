#include "reports/nest.h"

#include <assert.h>
#include "base/json.h"
#include "reports/writer/writer.h"

static bool is_quoted(enum tb_cell_type type)
{
    return type == TB_CELL_MONEY || type == TB_CELL_CENTS || type == TB_CELL_INSTANT || type == TB_CELL_DAY;
}

static enum tb_status add_cell(struct tb_buf *out, const char *key, const struct tb_cell *c, bool first,
                               struct tb_err *err)
{
    char plain[TB_CELL_PLAIN_MAX];
    enum tb_status st = tb_buf_printf(out, err, "%s\"%s\":", first ? "" : ",", key);
    if (st != TB_OK) {
        return st;
    }
    if (c->null) {
        return tb_buf_add(out, "null", 4, err);
    }
    if (c->type == TB_CELL_TEXT) {
        return tb_json_quote(out, c->text, err);
    }
    size_t n = tb_writer_plain(c, plain);
    const char *quote = is_quoted(c->type) ? "\"" : "";
    return tb_buf_printf(out, err, "%s%.*s%s", quote, (int)n, plain, quote);
}

static bool same_cell(const struct tb_cell *a, const struct tb_cell *b)
{
    if (a->null || b->null) {
        return a->null == b->null;
    }
    return a->type == TB_CELL_TEXT ? tb_str_eq(a->text, b->text)
                                   : a->number == b->number && a->money == b->money;
}

struct nesting {
    const struct tb_nest *nest;
    const struct tb_table *main, *child;
    int link[8]; /* main's column of the child's column i */
};

static bool is_child(const struct nesting *n, size_t row, size_t child)
{
    for (size_t i = 0; i < n->nest->links; i++) {
        if (!same_cell(tb_table_cell(n->main, row, (size_t)n->link[i]), tb_table_cell(n->child, child, i))) {
            return false;
        }
    }
    return true;
}

static enum tb_status add_child(struct tb_buf *out, const struct nesting *n, size_t row, struct tb_err *err)
{
    enum tb_status st = tb_buf_add(out, "{", 1, err);
    for (size_t i = n->nest->links; st == TB_OK && i < tb_table_columns(n->child); i++) {
        st = add_cell(out, tb_table_column(n->child, i)->key, tb_table_cell(n->child, row, i),
                      i == n->nest->links, err);
    }
    return st == TB_OK ? tb_buf_add(out, "}", 1, err) : st;
}

static enum tb_status add_children(struct tb_buf *out, const struct nesting *n, size_t row,
                                   struct tb_err *err)
{
    bool any = false;
    enum tb_status st = tb_buf_printf(out, err, ",\"%s\":[", n->nest->child);
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(n->child); i++) {
        if (!is_child(n, row, i)) {
            continue;
        }
        st = tb_buf_str(out, any ? TB_STR(",") : TB_STR(""), err);
        if (st == TB_OK) {
            st = add_child(out, n, i, err);
        }
        any = true;
    }
    return st == TB_OK ? tb_buf_add(out, "]", 1, err) : st;
}

/* The key behind "PREFIX_", or NULL. */
static const char *in_object(const struct tb_nest *nest, const char *key)
{
    size_t n = nest->object != NULL ? strlen(nest->object) : 0;
    return n > 0 && strncmp(key, nest->object, n) == 0 && key[n] == '_' ? key + n + 1 : NULL;
}

static enum tb_status add_row(struct tb_buf *out, const struct nesting *n, size_t row, struct tb_err *err)
{
    bool inside = false;
    enum tb_status st = tb_buf_add(out, "{", 1, err);
    for (size_t i = 0; st == TB_OK && i < tb_table_columns(n->main); i++) {
        const char *key = tb_table_column(n->main, i)->key, *part = in_object(n->nest, key);
        bool first = i == 0;
        if (part != NULL && !inside) {
            st = tb_buf_printf(out, err, ",\"%s\":{", n->nest->object);
            first = true;
        } else if (part == NULL && inside) {
            st = tb_buf_add(out, "}", 1, err);
        }
        inside = part != NULL;
        if (st == TB_OK) {
            st = add_cell(out, part != NULL ? part : key, tb_table_cell(n->main, row, i), first, err);
        }
    }
    if (st == TB_OK && inside) {
        st = tb_buf_add(out, "}", 1, err);
    }
    if (st == TB_OK && n->child != NULL) {
        st = add_children(out, n, row, err);
    }
    return st == TB_OK ? tb_buf_add(out, "}", 1, err) : st;
}

static enum tb_status add_main(struct tb_buf *out, const struct nesting *n, struct tb_err *err)
{
    const char *key = n->nest->list != NULL ? n->nest->list : tb_table_name(n->main);
    enum tb_status st = tb_buf_printf(out, err, ",\n\"%s\":[", key);
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(n->main); i++) {
        st = tb_buf_str(out, i > 0 ? TB_STR(",\n") : TB_STR("\n"), err);
        if (st == TB_OK) {
            st = add_row(out, n, i, err);
        }
    }
    return st == TB_OK ? tb_buf_add(out, "]", 1, err) : st;
}

enum tb_status tb_nest(struct tb_report *r, const struct tb_nest *nest, struct tb_err *err)
{
    const struct tb_part *child = nest->child != NULL ? tb_parts_find(r, nest->child) : NULL;
    struct nesting n = {.nest = nest, .main = r->main, .child = child != NULL ? child->table : NULL};
    assert(nest->links <= sizeof n.link / sizeof *n.link);
    for (size_t i = 0; n.child != NULL && i < nest->links; i++) {
        n.link[i] = tb_table_find(n.main, tb_table_column(n.child, i)->key);
        assert(n.link[i] >= 0);
    }
    struct tb_buf *out = &r->raw;
    enum tb_status st = tb_buf_add(out, "{", 1, err);
    for (size_t i = 0; st == TB_OK && i < r->n; i++) {
        const struct tb_part *p = &r->parts[i];
        if (p->table == n.main) {
            st = add_main(out, &n, err);
        } else if (p->table == n.child) {
            continue;
        } else if (p->kind == TB_PART_VALUE) {
            st = add_cell(out, tb_table_name(p->table), tb_table_cell(p->table, 0, 0), i == 0, err);
        } else if (p->kind == TB_PART_ROWS) {
            st = tb_buf_printf(out, err, ",\n\"%s\":", tb_table_name(p->table));
            if (st == TB_OK) {
                st = tb_writer_json_rows(p->table, out, err);
            }
        }
    }
    return st == TB_OK ? tb_buf_add(out, "}", 1, err) : st;
}
