#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/json_scan.h"
#include "base/limits.h"
#include "base/nearest.h"

struct tb_json_node {
    const cJSON *item;
    const struct tb_json_node *first;
    const struct tb_json_node *next;
    struct tb_json_spot spot;
    struct tb_str source; /* its text: a number's own digits */
};

struct tb_json {
    struct tb_json_scan scan;
    cJSON *tree;
    struct tb_json_node *nodes; /* as many as scan.count, in document order */
    enum tb_code code;
    char *name;
};

/* Walks the scan's spots and cJSON's tree together: both are in document order. Returns the node behind. */
static struct tb_json_node *attach(struct tb_json *j, struct tb_json_node *n, const cJSON *item)
{
    size_t index = (size_t)(n - j->nodes);
    assert(index < j->scan.count);
    n->item = item;
    n->spot = j->scan.spots[index];
    n->source = (struct tb_str){j->scan.text + n->spot.start, n->spot.end - n->spot.start};
    struct tb_json_node *free_node = n + 1;
    struct tb_json_node *last = NULL;
    for (const cJSON *c = item->child; c != NULL; c = c->next) {
        struct tb_json_node *child = free_node;
        free_node = attach(j, child, c);
        if (last == NULL) {
            n->first = child;
        } else {
            last->next = child;
        }
        last = child;
    }
    return free_node;
}

/* By key, then by place. */
static int compare_keys(const void *va, const void *vb)
{
    const struct tb_json_node *a = *(const struct tb_json_node *const *)va;
    const struct tb_json_node *b = *(const struct tb_json_node *const *)vb;
    int c = strcmp(a->item->string, b->item->string);
    return c != 0 ? c : (a->spot.at > b->spot.at) - (a->spot.at < b->spot.at);
}

static enum tb_status complain_duplicate(const struct tb_json *j, const struct tb_json_node *first,
                                         const struct tb_json_node *again, struct tb_err *err)
{
    uint64_t line = 0;
    uint64_t column = 0;
    tb_json_place(j, first, &line, &column);
    return tb_json_complain(j, again, err, "duplicate key \"%s\": it is already on line %llu; remove one",
                            again->item->string, (unsigned long long)line);
}

static enum tb_status check_object(const struct tb_json *j, const struct tb_json_node *object,
                                   struct tb_err *err)
{
    size_t n = 0;
    for (const struct tb_json_node *c = object->first; c != NULL; c = c->next) {
        n++;
    }
    if (n < 2) {
        return TB_OK;
    }
    const struct tb_json_node **sorted = calloc(n, sizeof(const struct tb_json_node *));
    if (sorted == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a document");
    }
    size_t k = 0;
    for (const struct tb_json_node *c = object->first; c != NULL; c = c->next) {
        sorted[k++] = c;
    }
    qsort(sorted, n, sizeof(*sorted), compare_keys);
    enum tb_status status = TB_OK;
    for (k = 1; k < n && status == TB_OK; k++) {
        if (strcmp(sorted[k - 1]->item->string, sorted[k]->item->string) == 0) {
            status = complain_duplicate(j, sorted[k - 1], sorted[k], err);
        }
    }
    free(sorted);
    return status;
}

static enum tb_status build(struct tb_json *j, struct tb_err *err)
{
    j->tree = cJSON_ParseWithLength(j->scan.text, j->scan.n);
    j->nodes = calloc(j->scan.count, sizeof(*j->nodes));
    if (j->tree == NULL || j->nodes == NULL) { /* the scan took the text: cJSON has only memory to fail for */
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a document");
    }
    const struct tb_json_node *end = attach(j, j->nodes, j->tree);
    assert(end == j->nodes + j->scan.count);
    enum tb_status status = TB_OK;
    for (const struct tb_json_node *n = j->nodes; n != end && status == TB_OK; n++) {
        if (cJSON_IsObject(n->item)) {
            status = check_object(j, n, err);
        }
    }
    return status;
}

enum tb_status tb_json_parse(struct tb_str text, const char *name, enum tb_code code, struct tb_json **out,
                             struct tb_err *err)
{
    assert(name != NULL && out != NULL);
    *out = NULL;
    struct tb_err cause = {.code = TB_E_NONE};
    enum tb_status status = TB_FATAL;
    struct tb_json *j = calloc(1, sizeof(*j));
    char *copy = strdup(name);
    if (j == NULL || copy == NULL) {
        free(j);
        free(copy);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a document");
    }
    j->name = copy;
    j->code = code;
    status = tb_json_scan_read(&j->scan, text, &cause);
    if (status == TB_OK) {
        status = build(j, &cause);
    } else if (status == TB_FAIL) {
        cause.code = code;
        tb_err_place(&cause, name, cause.line, cause.column);
    }
    if (status != TB_OK) {
        if (err != NULL) {
            *err = cause;
        }
        tb_json_free(j);
        return status;
    }
    *out = j;
    return TB_OK;
}

enum tb_status tb_json_read(const char *path, enum tb_code code, struct tb_json **out, struct tb_err *err)
{
    struct tb_buf text;
    *out = NULL;
    tb_buf_init(&text, TB_CONFIG_BYTES_MAX);
    enum tb_status status = tb_file_read(path, TB_CONFIG_BYTES_MAX, &text, err);
    if (status == TB_OK) {
        status = tb_json_parse(tb_buf_view(&text), path, code, out, err);
    } else if (status == TB_FAIL && err != NULL) {
        err->code = code; /* a configuration that cannot be read is a configuration error */
    }
    tb_buf_release(&text);
    return status;
}

void tb_json_free(struct tb_json *j)
{
    if (j == NULL) {
        return;
    }
    cJSON_Delete(j->tree);
    tb_json_scan_release(&j->scan);
    free(j->nodes);
    free(j->name);
    free(j);
}

const struct tb_json_node *tb_json_root(const struct tb_json *j)
{
    return j->nodes;
}

enum tb_json_type tb_json_type(const struct tb_json_node *n)
{
    assert(n != NULL);
    if (cJSON_IsBool(n->item)) {
        return TB_JSON_BOOL;
    }
    if (cJSON_IsNumber(n->item)) {
        return TB_JSON_NUMBER;
    }
    if (cJSON_IsString(n->item)) {
        return TB_JSON_STRING;
    }
    if (cJSON_IsArray(n->item)) {
        return TB_JSON_ARRAY;
    }
    return cJSON_IsObject(n->item) ? TB_JSON_OBJECT : TB_JSON_NULL;
}

const struct tb_json_node *tb_json_get(const struct tb_json_node *object, const char *key)
{
    if (object == NULL || !cJSON_IsObject(object->item)) {
        return NULL;
    }
    const struct tb_json_node *c = object->first;
    while (c != NULL && strcmp(c->item->string, key) != 0) {
        c = c->next;
    }
    return c;
}

const struct tb_json_node *tb_json_first(const struct tb_json_node *n)
{
    return n != NULL ? n->first : NULL;
}

const struct tb_json_node *tb_json_next(const struct tb_json_node *child)
{
    return child != NULL ? child->next : NULL;
}

struct tb_str tb_json_key(const struct tb_json_node *child)
{
    return tb_str_of(child->item->string);
}

struct tb_str tb_json_text(const struct tb_json_node *n)
{
    return n != NULL && cJSON_IsString(n->item) ? tb_str_of(n->item->valuestring) : TB_STR_NULL;
}

bool tb_json_bool(const struct tb_json_node *n)
{
    return n != NULL && cJSON_IsTrue(n->item);
}

bool tb_json_decimal(const struct tb_json_node *n, struct tb_decimal *out)
{
    return n != NULL && cJSON_IsNumber(n->item) && tb_decimal_parse(n->source, true, out);
}

bool tb_json_int(const struct tb_json_node *n, int64_t *out)
{
    struct tb_decimal d;
    return tb_json_decimal(n, &d) && tb_decimal_int64(&d, out);
}

int tb_json_count(const struct tb_json_node *n)
{
    return n != NULL ? cJSON_GetArraySize(n->item) : 0;
}

void tb_json_place(const struct tb_json *j, const struct tb_json_node *n, uint64_t *line, uint64_t *column)
{
    assert(j != NULL && n >= j->nodes && n < j->nodes + j->scan.count);
    tb_json_scan_place(&j->scan, n->spot.at, line, column);
}

enum tb_status tb_json_complain(const struct tb_json *j, const struct tb_json_node *n, struct tb_err *err,
                                const char *fmt, ...)
{
    char text[sizeof(err->text)];
    uint64_t line = 0;
    uint64_t column = 0;
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof(text), fmt, args) < 0) {
        text[0] = '\0';
    }
    va_end(args);
    tb_json_place(j, n, &line, &column);
    (void)tb_err_set(err, TB_FAIL, j->code, "%s", text);
    tb_err_place(err, j->name, line, column);
    return TB_FAIL;
}

static bool is_among(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0) {
        words++;
    }
    return *words != NULL;
}

enum tb_status tb_json_check_keys(const struct tb_json *j, const struct tb_json_node *object,
                                  const char *const *keys, struct tb_err *err)
{
    assert(tb_json_type(object) == TB_JSON_OBJECT);
    for (const struct tb_json_node *c = object->first; c != NULL; c = c->next) {
        const char *key = c->item->string;
        if (is_among(key, keys)) {
            continue;
        }
        const char *near = tb_did_you_mean(tb_str_of(key), keys);
        if (near != NULL) {
            return tb_json_complain(j, c, err, "unknown key \"%s\", did you mean \"%s\"", key, near);
        }
        return tb_json_complain(j, c, err, "unknown key \"%s\"; remove it, or look up its name", key);
    }
    return TB_OK;
}

const char *tb_did_you_mean(struct tb_str word, const char *const *words)
{
    const char *best = NULL;
    struct tb_nearest nearest;
    tb_nearest_init(&nearest, word);
    for (; *words != NULL; words++) {
        if (tb_nearest_offer(&nearest, *words)) {
            best = *words;
        }
    }
    return best;
}
