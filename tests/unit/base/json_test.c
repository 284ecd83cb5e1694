/* base/json: what is valid is decided a second time by rewriting; values and places are checked on documents
 * composed together with what reading them must give. */
#include "support.h"
#include "base/json.h"
#include "base/utf8.h"
#include <regex.h>
#include <unistd.h>

static struct tb_json *parse(const char *text)
{
    struct tb_json *j = NULL;
    struct tb_err err;
    if (tb_json_parse(tb_str_of(text), "doc.json", TB_E_CONFIG, &j, &err) != TB_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return j;
}

static void assert_complaint(const char *text, size_t n, uint64_t line, uint64_t column, const char *part)
{
    struct tb_json *j = NULL;
    struct tb_err err;
    assert_int_equal(tb_json_parse((struct tb_str){text, n}, "doc.json", TB_E_FORMAT, &j, &err), TB_FAIL);
    assert_null(j);
    assert_int_equal(err.code, TB_E_FORMAT);
    assert_string_equal(err.file, "doc.json");
    if (strstr(err.text, part) == NULL || err.line != line || err.column != column) {
        fail_msg("%s: %llu:%llu %s", text, (unsigned long long)err.line, (unsigned long long)err.column,
                 err.text);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct tb_json *j =
        parse("\xEF\xBB\xBF// head\n{\"a\": 1.50, \"b\": [true, false, null], /* c */ "
              "\"c\":\"h\\u00e9\\ud83d\\ude00\\n\","
              "\"d\":{}, \"e\":12345678901234567890123, \"f\":-7e2, \"g\":\"\", \"u//\":\"/*no*/\"} // tail");
    const struct tb_json_node *root = tb_json_root(j);
    const struct tb_json_node *b = tb_json_get(root, "b");
    struct tb_decimal d;
    int64_t v = 0;
    assert_int_equal(tb_json_type(root), TB_JSON_OBJECT);
    assert_int_equal(tb_json_count(root), 8);
    assert_true(tb_json_decimal(tb_json_get(root, "a"), &d) && d.mantissa == 15 && d.exponent == -1);
    assert_false(tb_json_int(tb_json_get(root, "a"), &v));
    assert_int_equal(tb_json_count(b), 3);
    assert_true(tb_json_bool(tb_json_first(b)));
    assert_int_equal(tb_json_type(tb_json_first(b)), TB_JSON_BOOL);
    assert_false(tb_json_bool(tb_json_next(tb_json_first(b))));
    assert_int_equal(tb_json_type(tb_json_next(tb_json_next(tb_json_first(b)))), TB_JSON_NULL);
    assert_null(tb_json_next(tb_json_next(tb_json_next(tb_json_first(b)))));
    assert_true(tb_str_eq(tb_json_text(tb_json_get(root, "c")), TB_STR("hé😀\n")));
    assert_null(tb_json_first(tb_json_get(root, "d")));
    assert_true(tb_json_decimal(tb_json_get(root, "e"), &d));
    assert_true(d.mantissa == (tb_int128)12345678901234 * 1000000000 + 567890123);
    assert_false(tb_json_int(tb_json_get(root, "e"), &v));
    assert_true(tb_json_int(tb_json_get(root, "f"), &v) && v == -700);
    assert_true(tb_json_text(tb_json_get(root, "g")).s != NULL);
    assert_true(tb_json_text(b).s == NULL);
    assert_true(tb_str_eq(tb_json_text(tb_json_get(root, "u//")), TB_STR("/*no*/")));
    assert_true(tb_str_eq(tb_json_key(b), TB_STR("b")));
    assert_null(tb_json_get(root, "A"));
    assert_null(tb_json_get(b, "a"));
    tb_json_free(j);
    tb_json_free(NULL);
}

static void test_complaints(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t line;
        uint64_t column;
        const char *part;
    } rows[] = {
        {"", 1, 1, "value is missing"},
        {"  // only a comment", 1, 20, "value is missing"},
        {"{\n  \"a\": 1,\n}", 2, 9, "comma with nothing behind"},
        {"[1,2,]", 1, 5, "comma with nothing behind"},
        {"[1 2]", 1, 4, "comma is missing"},
        {"{\"a\":1 \"b\":2}", 1, 8, "comma is missing"},
        {"{\"é\":1,\"a\" 2}", 1, 12, "colon is missing"}, /* columns are characters */
        {"{a:1}", 1, 2, "key in double quotes"},
        {"{'a':1}", 1, 2, "key in double quotes"},
        {"[\n\n", 1, 1, "has no ]"},
        {"\n {\"a\":[1]", 2, 2, "has no }"},
        {"\"abc", 1, 1, "no closing quote"},
        {"{\"a\": \"b\n\"}", 1, 7, "no closing quote"},
        {"\"a\tb\"", 1, 3, "control character"},
        {"\"a\\qb\"", 1, 3, "escape does not exist"},
        {"\"\\u12g4\"", 1, 2, "four hexadecimal"},
        {"\"\\u0000\"", 1, 2, "not allowed"},
        {"\"x\\ud800\"", 1, 3, "surrogate"},
        {"\"\\ud800\\u0041\"", 1, 2, "surrogate"},
        {"\"\\udc00\\udc00\"", 1, 2, "surrogate"},
        {"\"\\udc00\\ud800\"", 1, 2, "surrogate"},
        {"\"\xC3\x28\"", 1, 1, "UTF-8"},
        {"/* a\n b", 1, 1, "no end"},
        {"/*/ 1", 1, 1, "no end"},
        {"1 2", 1, 3, "has ended"},
        {"{} x", 1, 4, "has ended"},
        {"01", 1, 1, "begin with a zero"},
        {"-", 1, 1, "minus sign"},
        {"1.", 1, 1, "decimal point"},
        {"1.e3", 1, 1, "decimal point"},
        {"1e+", 1, 1, "exponent"},
        {"+1", 1, 1, "no value"},
        {".5", 1, 1, "no value"},
        {"NaN", 1, 1, "no value"},
        {"[Infinity]", 1, 2, "no value"},
        {"True", 1, 1, "no value"},
        {"nul", 1, 1, "no value"},
        {"[,1]", 1, 2, "no value"},
        {"{\"a\":1,\n\"b\":2,\n  \"a\":3}", 3, 3, "duplicate key \"a\": it is already on line 1"},
        {"{\"a\":{\"x\":1,\"\\u0078\":1}}", 1, 13, "duplicate key \"x\""},
        {"12345678901234567890123456789012345678901234567890123456789012345", 1, 1, "62 characters"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_complaint(rows[i].text, strlen(rows[i].text), rows[i].line, rows[i].column, rows[i].part);
    }
    assert_complaint("1\0", 2, 1, 2, "has ended");
    assert_complaint("\"\0\"", 3, 1, 2, "control character");
}

static void test_depth(void **state)
{
    (void)state;
    char text[1100];
    struct tb_json *j = NULL;
    struct tb_err err;
    memset(text, '[', 512);
    memset(text + 512, ']', 512);
    assert_int_equal(tb_json_parse((struct tb_str){text, 1024}, "deep", TB_E_CONFIG, &j, &err), TB_OK);
    tb_json_free(j);
    memset(text, '[', 513);
    memset(text + 513, ']', 513);
    assert_complaint(text, 1026, 1, 513, "deeper than 512");
}

/* --- valid or not, a second time: tokens by regular expressions, then [V,S] and {S:V} become V until nothing
 * changes --- */

static regex_t token_re[5];
static regex_t array_re;
static regex_t object_re;

static int setup(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "^[ \t\r\n]+", "^[][{}:,]", "^\"([^\"\\\x01-\x1f]|\\\\([\"\\/bfnrt]|u[0-9a-fA-F]{4}))*\"",
        "^(true|false|null)", "^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?"};
    int bad = 0;
    for (size_t i = 0; i < COUNT(tokens); i++) {
        bad |= regcomp(&token_re[i], tokens[i], REG_EXTENDED);
    }
    bad |= regcomp(&array_re, "\\[([SV](,[SV])*)?\\]", REG_EXTENDED);
    bad |= regcomp(&object_re, "\\{(S:[SV](,S:[SV])*)?\\}", REG_EXTENDED);
    return bad;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(token_re); i++) {
        regfree(&token_re[i]);
    }
    regfree(&array_re);
    regfree(&object_re);
    return 0;
}

static bool reduce(char *t, const regex_t *re)
{
    regmatch_t m;
    if (regexec(re, t, 1, &m, 0) != 0) {
        return false;
    }
    t[m.rm_so] = 'V';
    memmove(t + m.rm_so + 1, t + m.rm_eo, strlen(t + m.rm_eo) + 1);
    return true;
}

static bool valid_by_rewriting(const char *p)
{
    static const char *const emitted = " pSVV";
    char t[1024];
    size_t n = 0;
    while (*p != '\0') {
        regmatch_t m;
        size_t kind = 0;
        while (kind < COUNT(token_re) && regexec(&token_re[kind], p, 1, &m, 0) != 0) {
            kind++;
        }
        if (kind == COUNT(token_re)) {
            return false;
        }
        if (kind > 0) {
            t[n++] = kind == 1 ? *p : emitted[kind];
        }
        p += m.rm_eo;
    }
    t[n] = '\0';
    while (reduce(t, &array_re) || reduce(t, &object_re)) {
    }
    return strcmp(t, "V") == 0 || strcmp(t, "S") == 0;
}

/* --- documents composed together with what reading them must give
 * --------------------------------------------------- */

#define TEXT_MAX 60000

struct expected {
    enum tb_json_type type;
    uint64_t line;
    uint64_t column;
    int64_t number;
    char text[16]; /* of a string */
    char key[16];
};

struct composer {
    uint64_t seed;
    bool comments;
    char text[TEXT_MAX];
    size_t n;
    uint64_t line;
    uint64_t column;
    struct expected nodes[2000];
    size_t count;
};

static void put(struct composer *c, const char *piece)
{
    for (; *piece != '\0'; piece++) {
        assert_true(c->n + 1 < TEXT_MAX);
        c->text[c->n++] = *piece;
        if (*piece == '\n') {
            c->line++;
            c->column = 1;
        } else if (((unsigned char)*piece & 0xC0) != 0x80) {
            c->column++;
        }
    }
    c->text[c->n] = '\0';
}

static void put_space(struct composer *c)
{
    static const char *const pieces[] = {
        "", "", "", " ", "\n", "\t", "\r\n", "// \"é{\n", "/* , */", "/**/", "/*\n\xE2\x82\xAC \"*/", "//\n"};
    size_t n = c->comments ? COUNT(pieces) : 7;
    for (size_t k = random_below(&c->seed, 3); k > 0; k--) {
        put(c, pieces[random_below(&c->seed, n)]);
    }
}

static void put_string(struct composer *c, char *value, size_t size)
{
    static const struct {
        const char *source;
        const char *bytes;
    } pieces[] = {{"a", "a"},    {"\\\"", "\""}, {"\\\\", "\\"}, {"\\u20AC", "€"}, {"é", "é"},
                  {"\\n", "\n"}, {"{", "{"},     {"\\/", "/"},   {" ", " "}};
    value[0] = '\0';
    put(c, "\"");
    for (size_t k = random_below(&c->seed, 5); k > 0; k--) {
        size_t i = random_below(&c->seed, COUNT(pieces));
        put(c, pieces[i].source);
        (void)snprintf(value + strlen(value), size - strlen(value), "%s", pieces[i].bytes);
    }
    put(c, "\"");
}

static void put_value(struct composer *c, struct expected *e, int depth);

static void put_members(struct composer *c, bool object, int depth)
{
    put(c, object ? "{" : "[");
    put_space(c);
    size_t n = random_below(&c->seed, 5);
    for (size_t i = 0; i < n; i++) {
        struct expected *e = &c->nodes[c->count++];
        char key[32];
        if (i > 0) {
            put(c, ",");
            put_space(c);
        }
        *e = (struct expected){.line = c->line, .column = c->column};
        if (object) {
            (void)snprintf(e->key, sizeof(e->key), "k%zu", i);
            (void)snprintf(key, sizeof(key), "\"%s\"", e->key);
            put(c, key);
            put_space(c);
            put(c, ":");
            put_space(c);
        }
        put_value(c, e, depth + 1);
        put_space(c);
    }
    put(c, object ? "}" : "]");
}

static void put_value(struct composer *c, struct expected *e, int depth)
{
    static const char *const words[] = {"null", "true", "false"};
    char number[32];
    size_t pick = random_below(&c->seed, depth < 5 ? 8 : 4);
    switch (pick) {
    case 0:
        e->type = TB_JSON_NUMBER;
        e->number = (int64_t)random_u64(&c->seed);
        (void)snprintf(number, sizeof(number), "%lld", (long long)e->number);
        put(c, number);
        break;
    case 1:
        e->type = TB_JSON_STRING;
        put_string(c, e->text, sizeof(e->text));
        break;
    case 2:
    case 3:
        e->number = (int64_t)random_below(&c->seed, 3);
        e->type = e->number == 0 ? TB_JSON_NULL : TB_JSON_BOOL;
        put(c, words[e->number]);
        break;
    default:
        e->type = pick % 2 == 0 ? TB_JSON_OBJECT : TB_JSON_ARRAY;
        put_members(c, pick % 2 == 0, depth);
        break;
    }
}

static void compose(struct composer *c)
{
    c->n = 0;
    c->count = 1;
    c->line = 1;
    c->column = 1;
    put_space(c);
    c->nodes[0] = (struct expected){.line = c->line, .column = c->column};
    put_value(c, &c->nodes[0], 0);
    put_space(c);
}

static const struct expected *compare(const struct tb_json *j, const struct tb_json_node *n,
                                      const struct expected *e)
{
    uint64_t line = 0;
    uint64_t column = 0;
    int64_t v = 0;
    tb_json_place(j, n, &line, &column);
    assert_int_equal(line, e->line);
    assert_int_equal(column, e->column);
    assert_int_equal(tb_json_type(n), e->type);
    if (e->type == TB_JSON_NUMBER) {
        assert_true(tb_json_int(n, &v) && v == e->number);
    } else if (e->type == TB_JSON_STRING) {
        assert_true(tb_str_eq(tb_json_text(n), tb_str_of(e->text)));
    } else if (e->type == TB_JSON_BOOL) {
        assert_true(tb_json_bool(n) == (e->number == 1));
    }
    e++;
    int children = 0;
    for (const struct tb_json_node *c = tb_json_first(n); c != NULL; c = tb_json_next(c)) {
        if (tb_json_type(n) == TB_JSON_OBJECT) {
            assert_true(tb_str_eq(tb_json_key(c), tb_str_of(e->key)));
            assert_ptr_equal(tb_json_get(n, e->key), c);
        }
        children++;
        e = compare(j, c, e);
    }
    assert_int_equal(children, tb_json_count(n));
    return e;
}

static void test_composed_documents(void **state)
{
    (void)state;
    static struct composer c = {.seed = 51, .comments = true};
    size_t nodes = 0;
    for (int i = 0; i < 2000; i++) {
        compose(&c);
        struct tb_json *j = parse(c.text);
        assert_ptr_equal(compare(j, tb_json_root(j), c.nodes), c.nodes + c.count);
        nodes += c.count;
        tb_json_free(j);
    }
    assert_true(nodes > 10000);
}

static void mutate(char *text, uint64_t *seed)
{
    static const char letters[] = "\"\\{}[]:,0123.-+eEtrufalsn \n\t\x01x";
    size_t n = strlen(text);
    for (size_t k = random_below(seed, 4); k > 0 && n > 0; k--) {
        size_t at = random_below(seed, n);
        if (random_below(seed, 3) == 0) { /* leave it out */
            memmove(text + at, text + at + 1, n - at);
            n--;
        } else {
            text[at] = letters[random_below(seed, sizeof(letters) - 1)];
        }
    }
}

static void test_strict_as_by_rewriting(void **state)
{
    (void)state;
    static struct composer c = {.seed = 52, .comments = false};
    int taken = 0;
    int refused = 0;
    for (int i = 0; i < 30000; i++) {
        struct tb_json *j = NULL;
        struct tb_err err = {.text = ""};
        compose(&c);
        if (c.n > 500) {
            continue;
        }
        mutate(c.text, &c.seed);
        enum tb_status status = tb_json_parse(tb_str_of(c.text), "doc.json", TB_E_CONFIG, &j, &err);
        tb_json_free(j);
        /* What is ours alone: duplicate keys, halves of pairs, NUL, UTF-8, comments. */
        if (strstr(err.text, "duplicate key") != NULL || strstr(err.text, "surrogate") != NULL ||
            strstr(err.text, "not allowed") != NULL || strstr(err.text, "UTF-8") != NULL ||
            strstr(c.text, "/") != NULL) {
            continue;
        }
        bool expected = valid_by_rewriting(c.text);
        taken += expected;
        refused += !expected;
        if ((status == TB_OK) != expected) {
            fail_msg("expected %d: %s: %s", expected, c.text, err.text);
        }
    }
    assert_true(taken > 2000 && refused > 2000);
}

/* --- complaining, keys, files, writing
 * ---------------------------------------------------------------------------- */

static void test_complain_and_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"database", "time_zone", "currency", NULL};
    struct tb_json *j = parse("{\n  \"database\": 1,\n  \"timezone\": \"UTC\"\n}");
    struct tb_err err;
    assert_int_equal(tb_json_check_keys(j, tb_json_root(j), keys, &err), TB_FAIL);
    assert_string_equal(err.text, "unknown key \"timezone\", did you mean \"time_zone\"");
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
    assert_int_equal(err.code, TB_E_CONFIG);
    assert_int_equal(tb_json_complain(j, tb_json_get(tb_json_root(j), "database"), &err, "%d is no path", 1),
                     TB_FAIL);
    char text[256];
    tb_err_format(&err, text, sizeof(text));
    assert_string_equal(text, "doc.json:2:3: 1 is no path");
    tb_json_free(j);
    j = parse("{\"zzz\":1}");
    assert_int_equal(tb_json_check_keys(j, tb_json_root(j), keys, &err), TB_FAIL);
    assert_non_null(strstr(err.text, "unknown key \"zzz\"; "));
    tb_json_free(j);
    j = parse("{\"currency\":1,\"database\":2}");
    assert_int_equal(tb_json_check_keys(j, tb_json_root(j), keys, &err), TB_OK);
    tb_json_free(j);
}

static void test_did_you_mean(void **state)
{
    (void)state;
    static const char *const words[] = {"database", "time_zone", "paths", "path", "bill", NULL};
    static const struct {
        const char *word;
        const char *near;
    } rows[] = {{"databse", "database"},
                {"Database", "database"},
                {"time-zone", "time_zone"},
                {"tiem_zone", "time_zone"},
                {"pahts", "paths"},
                {"pat", "path"},
                {"bll", "bill"},
                {"blil", "bill"},
                {"x", NULL},
                {"", NULL},
                {"completely", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *near = tb_did_you_mean(tb_str_of(rows[i].word), words);
        if (rows[i].near == NULL) {
            assert_null(near);
        } else {
            assert_non_null(near);
            assert_string_equal(near, rows[i].near);
        }
    }
}

static void test_read(void **state)
{
    (void)state;
    struct tb_json *j = NULL;
    struct tb_err err;
    assert_int_equal(tb_json_read("/nonexistent/tollbook.jsonc", TB_E_CONFIG, &j, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_CONFIG);
    assert_int_equal(tb_err_exit(&err), 2);
    assert_non_null(strstr(err.text, "\"/nonexistent/tollbook.jsonc\""));
    char path[] = "/tmp/tollbook-json-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{\"a\":7}", 7), 7);
    assert_int_equal(close(fd), 0);
    assert_int_equal(tb_json_read(path, TB_E_CONFIG, &j, &err), TB_OK);
    int64_t v = 0;
    assert_true(tb_json_int(tb_json_get(tb_json_root(j), "a"), &v) && v == 7);
    tb_json_free(j);
    assert_int_equal(unlink(path), 0);
}

static void test_quote(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *quoted;
    } rows[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
        {"é😀", "\"é😀\""},
        {"\xC2\x85", "\"\\u0085\""},
        {"a\u202Eb\u2066c\u200F\u2028", "\"a\\u202eb\\u2066c\\u200f\\u2028\""},
        {"\xFFx\xE2\x82", "\"\uFFFDx\uFFFD\""},
    };
    struct tb_buf out;
    struct tb_err err;
    tb_buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        tb_buf_clear(&out);
        assert_int_equal(tb_json_quote(&out, tb_str_of(rows[i].bytes), &err), TB_OK);
        assert_string_equal(tb_buf_view(&out).s, rows[i].quoted);
    }
    tb_buf_clear(&out);
    assert_int_equal(tb_json_quote(&out, TB_STR_NULL, &err), TB_OK);
    assert_string_equal(tb_buf_view(&out).s, "null");
    tb_buf_release(&out);
    tb_buf_init(&out, 3);
    assert_int_equal(tb_json_quote(&out, TB_STR("ab"), &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_LIMIT);
    tb_buf_release(&out);
}

/* What quote writes is what parse reads. */
static void test_quote_and_read_back(void **state)
{
    (void)state;
    uint64_t seed = 53;
    struct tb_buf out;
    struct tb_err err;
    tb_buf_init(&out, 100000);
    for (int i = 0; i < 3000; i++) {
        char text[200];
        size_t n = 0;
        struct tb_json *j = NULL;
        for (size_t k = random_below(&seed, 30); k > 0; k--) {
            uint32_t cp = (uint32_t)random_u64(&seed) >> random_below(&seed, 32);
            cp %= 0x110000;
            cp = cp == 0 || (cp >= 0xD800 && cp < 0xE000) ? 'x' : cp;
            n += tb_utf8_encode(cp, text + n);
        }
        tb_buf_clear(&out);
        assert_int_equal(tb_json_quote(&out, (struct tb_str){text, n}, &err), TB_OK);
        assert_int_equal(tb_json_parse(tb_buf_view(&out), "doc", TB_E_CONFIG, &j, &err), TB_OK);
        assert_true(tb_str_eq(tb_json_text(tb_json_root(j)), (struct tb_str){text, n}));
        tb_json_free(j);
    }
    tb_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_composed_documents),
        cmocka_unit_test(test_strict_as_by_rewriting),
        cmocka_unit_test(test_complain_and_keys),
        cmocka_unit_test(test_did_you_mean),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_and_read_back),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
