/* Conditions in a format file. */
#include "format/schema.h"

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a format file");
}

static int field_by_name(struct tb_str name)
{
    for (int i = 0; i < TB_FIELD_COUNT; i++) {
        if (tb_field_name(i) != NULL && tb_str_eq(name, tb_str_of(tb_field_name(i)))) {
            return i;
        }
    }
    return -1;
}

static enum tb_status condition_numbers(struct tb_schema *s, struct tb_condition *c, struct tb_err *err)
{
    struct tb_decimal *numbers = tb_schema_alloc(s, c->n_values * sizeof *numbers);
    if (numbers == NULL) {
        return no_memory(err);
    }
    c->numbers = numbers;
    for (size_t i = 0; i < c->n_values; i++) {
        if (c->values[i].s == NULL || !tb_decimal_parse(c->values[i], true, &numbers[i])) {
            numbers[i].exponent = TB_NO_NUMBER;
        }
    }
    return TB_OK;
}

static enum tb_status condition_test(struct tb_schema *s, const struct tb_json_node *e,
                                     struct tb_condition *c, struct tb_err *err)
{
    struct tb_str key = tb_json_key(e);
    if (tb_str_eq(key, TB_STR("present"))) {
        c->test = tb_json_bool(e) ? TB_TEST_PRESENT : TB_TEST_ABSENT;
        return tb_json_type(e) == TB_JSON_BOOL
                   ? TB_OK
                   : tb_json_complain(s->j, e, err, "\"present\" is true or false");
    }
    bool equals = tb_str_eq(key, TB_STR("equals"));
    if (equals || tb_str_eq(key, TB_STR("not"))) {
        c->test = equals ? TB_TEST_EQUALS : TB_TEST_NOT;
        enum tb_status st = tb_schema_constants(s, e, &c->values, &c->n_values, err);
        return st == TB_OK ? condition_numbers(s, c, err) : st;
    }
    if (tb_str_eq(key, TB_STR("like"))) {
        c->test = TB_TEST_LIKE;
        return tb_schema_globs(s, e, &c->values, &c->n_values, err);
    }
    bool from = tb_str_eq(key, TB_STR("from"));
    if (from || tb_str_eq(key, TB_STR("below"))) {
        c->test = from ? TB_TEST_FROM : TB_TEST_BELOW;
        return tb_json_decimal(e, &c->bound) ? TB_OK : tb_json_complain(s->j, e, err, "a bound is a number");
    }
    return TB_OK; /* path, field */
}

static enum tb_status condition_any(struct tb_schema *s, const struct tb_json_node *n, struct tb_condition *c,
                                    struct tb_err *err)
{
    struct tb_conditions any;
    enum tb_status st = tb_schema_conditions(s, n, &any, err);
    c->test = TB_TEST_ANY;
    c->any = any.c;
    c->n_any = any.n;
    return st;
}

static enum tb_status condition(struct tb_schema *s, const struct tb_json_node *n, struct tb_condition *c,
                                bool *none, struct tb_err *err)
{
    static const char *const keys[] = {"path", "field", "present", "equals", "not",
                                       "like", "from",  "below",   "any",    NULL};
    *none = false;
    c->field = -1;
    c->test = TB_TEST_PRESENT;
    if (tb_json_type(n) != TB_JSON_OBJECT) {
        return tb_schema_place(s, n, &c->place, none, err);
    }
    enum tb_status st = tb_json_check_keys(s->j, n, keys, err);
    const struct tb_json_node *any = tb_json_get(n, "any"), *path = tb_json_get(n, "path"),
                              *field = tb_json_get(n, "field");
    if (st != TB_OK) {
        return st;
    }
    if ((any != NULL) + (path != NULL) + (field != NULL) != 1 || tb_json_count(n) > 2) {
        return tb_json_complain(s->j, n, err,
                                "a condition is one of \"path\", \"field\", \"any\", and one test");
    }
    if (any != NULL) {
        return condition_any(s, any, c, err);
    }
    if (field != NULL && (c->field = field_by_name(tb_json_text(field))) < 0) {
        return tb_json_complain(s->j, field, err, "\"%.*s\" is no field", (int)tb_json_text(field).n,
                                tb_json_text(field).s);
    }
    for (const struct tb_json_node *e = tb_json_first(n); st == TB_OK && e != NULL; e = tb_json_next(e)) {
        st = condition_test(s, e, c, err);
    }
    return st == TB_OK && path != NULL ? tb_schema_place(s, path, &c->place, none, err) : st;
}

enum tb_status tb_schema_conditions(struct tb_schema *s, const struct tb_json_node *n,
                                    struct tb_conditions *out, struct tb_err *err)
{
    if (tb_json_type(n) != TB_JSON_ARRAY) {
        return tb_json_complain(s->j, n, err, "conditions are an array");
    }
    size_t count = (size_t)tb_json_count(n);
    struct tb_condition *list = tb_schema_alloc(s, count * sizeof *list);
    if (list == NULL) {
        return no_memory(err);
    }
    out->c = list;
    out->n = 0;
    for (const struct tb_json_node *e = tb_json_first(n); e != NULL; e = tb_json_next(e)) {
        bool none;
        enum tb_status st = condition(s, e, &list[out->n], &none, err);
        if (st != TB_OK) {
            return st;
        }
        if (none && !s->never_without_each) {
            return tb_json_complain(s->j, e, err, "\"@\" needs a rule with \"each\"");
        }
        if (none) { /* any of nothing: never */
            list[out->n] = (struct tb_condition){.test = TB_TEST_ANY, .field = -1};
        }
        out->n++;
    }
    return TB_OK;
}
