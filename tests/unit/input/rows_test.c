/* CSV rows with newlines in quoted cells: by a table, then by a property: rows written at random, as a CSV writer writes
 * them, come back as they were, in every wrapper; and no stray quote takes a good row with it. */
#include "support.h"
#include "input/unwrap.h"
#include "input/unwrap_rows.h"

struct record {
    char *text;
    size_t n;
    uint64_t line, byte;
    const char *reject;
};

struct records {
    struct record r[4096];
    size_t n;
};

static void take(struct tb_unwrap *u, struct records *out)
{
    struct tb_record r;
    while (tb_unwrap_next(u, &r)) {
        assert_true(out->n < COUNT(out->r));
        volatile char behind = 0; /* 16 bytes behind are readable */
        for (size_t k = 0; k < 16; k++) {
            behind = (char)(behind ^ r.text.s[r.text.n + k]);
        }
        out->r[out->n++] = (struct record){strndup(r.text.n > 0 ? r.text.s : "", r.text.n), r.text.n, r.line,
                                           r.byte, r.reject};
    }
}

static void release(struct records *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->r[i].text);
    }
    r->n = 0;
}

/* Through tb_lines and tb_unwrap, like a file. torn: the file ends before its time. */
static void read_text(struct tb_unwrap *u, struct tb_str text, bool torn, struct records *out)
{
    struct tb_lines *l = tb_lines_new();
    struct tb_stream *s = NULL;
    struct tb_err err = {0};
    struct tb_line line;
    struct tb_str name;
    assert_int_equal(tb_stream_open_memory(text, &s, &err), TB_OK);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    tb_lines_start(l, s);
    tb_unwrap_start(u);
    for (enum tb_status st; (st = tb_lines_next(l, &line, &err)) != TB_END;) {
        assert_true(st == TB_OK || st == TB_REJECT);
        tb_unwrap_push(u, &line, st == TB_REJECT);
        take(u, out);
    }
    tb_unwrap_end(u, torn);
    take(u, out);
    tb_stream_close(s);
    tb_lines_free(l);
}

#define H "id,ts,text,n\n"

/* want: one "LINE text" a record ("!reason" instead of the text), separated by \1. */
static const struct row {
    const char *name, *input, *want;
    bool torn;
} table[] = {
    {"no newlines", H "1,2,\"a, \"\"b\"\"\",4\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a, \"\"b\"\"\",4",
     false},
    {"one newline", H "1,2,\"a\nb\",4\n5,6,c,7\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a\nb\",4\1"
     "4 5,6,c,7",
     false},
    {"empty lines and a line end of two bytes", "id,n\r\n1,\"\r\n\r\nx\"\r\n2,y\r\n",
     "1 id,n\1"
     "2 1,\"\n\nx\"\1"
     "5 2,y",
     false},
    {"the last row, without a line end", H "1,2,3,\"a\nb\"",
     "1 id,ts,text,n\1"
     "2 1,2,3,\"a\nb\"",
     false},
    {"lines that look like rows, JSON and wrappers",
     "id,text\n1,\"\n2,x\n{}\n[1]\n2025-11-02T23:59:50Z stdout F y\n\"\n3,z\n",
     "1 id,text\1"
     "2 1,\"\n2,x\n{}\n[1]\n2025-11-02T23:59:50Z stdout F y\n\"\1"
     "8 3,z",
     false},
    {"JSON over lines, its quotes doubled", "id,args\n1,\"{\n \"\"a\"\": 1\n}\"\n",
     "1 id,args\1"
     "2 1,\"{\n \"\"a\"\": 1\n}\"",
     false},
    {"semicolons", "id;text\n1;\"a\n,b\"\n",
     "1 id;text\1"
     "2 1;\"a\n,b\"",
     false},
    {"TABs, and empty cells at both ends", "id\ttext\tn\n\t\"a\nb\"\t\n\tx\t\n",
     "1 id\ttext\tn\1"
     "2 \t\"a\nb\"\t\1"
     "4 \tx\t",
     false},
    {"a quoted header", "\"id\",\"the text\"\n1,\"a\nb\"\n",
     "1 \"id\",\"the text\"\1"
     "2 1,\"a\nb\"",
     false},
    {"a preamble narrower than the header", "Export,2025\nid,text,n\n1,\"a\nb\",2\n",
     "1 Export,2025\1"
     "2 id,text,n\1"
     "3 1,\"a\nb\",2",
     false},
    {"no header, no rows", "1,\"a\n2,\"b\n",
     "1 1,\"a\1"
     "2 2,\"b",
     false},
    {"text and JSON are not joined", "warn, late\nsaid,\"x\n{\"a\":1}\n{\"a\":2}\n",
     "1 warn, late\1"
     "2 said,\"x\1"
     "3 {\"a\":1}\1"
     "4 {\"a\":2}",
     false},

    {"a stray quote, good rows behind", H "1,2,\"a,4\n5,6,b,7\n5,6,c,7\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a,4\1"
     "3 5,6,b,7\1"
     "4 5,6,c,7",
     false},
    {"a stray quote, and one closed by a row with quotes", H "1,2,\"a,4\n5,6,b,7\n5,6,\"c\",7\n5,6,d,7\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a,4\1"
     "3 5,6,b,7\1"
     "4 5,6,\"c\",7\1"
     "5 5,6,d,7",
     false},
    {"a stray quote, and a row over lines behind", H "1,2,\"a,4\n5,6,\"c\nd\",7\n5,6,d,7\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a,4\1"
     "3 5,6,\"c\nd\",7\1"
     "5 5,6,d,7",
     false},
    {"a stray quote that another closes, but not to a row", H "1,2,\"a,4\n5,6,b,7\n5,6,7,\"\n5,6,c,7\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a,4\1"
     "3 5,6,b,7\1"
     "4 5,6,7,\"\1"
     "5 5,6,c,7",
     false},
    {"quotes where none can be", H "1,2,a \"b\",4\n1,2,a\"b,\"c\n1,2,\"a\"b,\"c\n1,2,c,4\n",
     "1 id,ts,text,n\1"
     "2 1,2,a \"b\",4\1"
     "3 1,2,a\"b,\"c\1"
     "4 1,2,\"a\"b,\"c\1"
     "5 1,2,c,4",
     false},
    {"a cell that is still being written", H "1,2,\"a\n5,6,b,7\nhello",
     "1 id,ts,text,n\1"
     "2 !partial_line",
     false},
    {"a torn cell with a row in it", H "1,2,\"a\n5,6,b,7\n",
     "1 id,ts,text,n\1"
     "2 !partial_line",
     true},
    {"one line left", H "1,2,\"a\n",
     "1 id,ts,text,n\1"
     "2 1,2,\"a",
     false},
};

static void test_table(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    struct records *got = calloc(1, sizeof *got);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct bytes text = {NULL, 0};
        read_text(u, tb_str_of(table[i].input), table[i].torn, got);
        for (size_t k = 0; k < got->n; k++) {
            char place[64];
            int n = snprintf(place, sizeof place, "%s%llu %s", k > 0 ? "\1" : "",
                             (unsigned long long)got->r[k].line, got->r[k].reject != NULL ? "!" : "");
            add(&text, place, (size_t)n);
            add(&text, got->r[k].reject != NULL ? got->r[k].reject : got->r[k].text,
                strlen(got->r[k].reject != NULL ? got->r[k].reject : got->r[k].text));
        }
        add(&text, "", 1);
        if (strcmp(text.p, table[i].want) != 0) {
            fail_msg("%s:\n got %s\nwant %s", table[i].name, text.p, table[i].want);
        }
        free(text.p);
        release(got);
    }
    free(got);
    tb_unwrap_free(u);
}

/* --- rows written at random --- */

static void add_text(struct bytes *b, const char *s)
{
    add(b, s, strlen(s));
}

static void add_cell(struct bytes *row, char separator)
{
    static const char *const pieces[] = {"a",
                                         "\n",
                                         "\"\"",
                                         ",",
                                         ";",
                                         "\t",
                                         " ",
                                         "{\"\"a\"\": [1]}",
                                         "1,2,3,4\n",
                                         "\n\n",
                                         "\\",
                                         "'",
                                         "2025-11-02T23:59:50Z stdout F x\n",
                                         "{}\n"};
    if (below(3) == 0) {
        char plain[32];
        snprintf(plain, sizeof plain, "%u", (unsigned)below(100000));
        add_text(row, plain);
        return;
    }
    (void)separator;
    add_text(row, "\"");
    for (size_t k = below(7); k > 0; k--) {
        add_text(row, pieces[below(COUNT(pieces))]);
    }
    add_text(row, "\"");
}

enum { PLAIN, DOCKER, CRI, KUBECTL, WRAPPERS };

/* Adds a physical line of wrapper's kind. */
static void add_line(struct bytes *file, int wrapper, const char *p, size_t n)
{
    if (wrapper == DOCKER) {
        add_text(file, "{\"log\":\"");
        for (size_t i = 0; i < n; i++) {
            char c[3] = {'\\', p[i] == '\t' ? 't' : p[i], '\0'};
            bool escaped = p[i] == '"' || p[i] == '\\' || p[i] == '\t';
            add_text(file, escaped ? c : c + 1);
        }
        add_text(file, "\\n\",\"stream\":\"stdout\",\"time\":\"2025-11-02T23:59:50.1Z\"}\n");
        return;
    }
    add_text(file, wrapper == CRI       ? "2025-11-02T23:59:50.669794202Z stdout F "
                   : wrapper == KUBECTL ? "[pod/gw-1/main] "
                                        : "");
    add(file, p, n);
    add_text(file, "\n");
}

static uint64_t add_lines(struct bytes *file, int wrapper, struct bytes row)
{
    uint64_t lines = 0;
    for (size_t at = 0; at <= row.n; lines++) {
        const char *nl = memchr(row.p + at, '\n', row.n - at);
        size_t end = nl != NULL ? (size_t)(nl - row.p) : row.n;
        add_line(file, wrapper, row.p + at, end - at);
        at = end + 1;
    }
    return lines;
}

static void test_written_rows(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    struct records *got = calloc(1, sizeof *got);
    for (int round = 0; round < 600; round++) {
        char separator = ",;\t"[below(3)];
        int wrapper = (int)below(WRAPPERS);
        size_t columns = 2 + below(5), n = below(40), at = 1;
        struct bytes file = {NULL, 0}, row = {NULL, 0};
        struct records *want = calloc(1, sizeof *want);
        uint64_t line = 1;
        for (size_t c = 0; c < columns; c++) {
            add_text(&row, (char[]){'c', (char)('a' + c), c + 1 < columns ? separator : '\0', '\0'});
        }
        line += add_lines(&file, wrapper, row);
        for (size_t i = 0; i < n; i++) {
            row.n = 0;
            for (size_t c = 0; c < columns; c++) {
                add(&row, &separator, c > 0);
                add_cell(&row, separator);
            }
            want->r[want->n++] = (struct record){strndup(row.p, row.n), row.n, line, file.n, NULL};
            line += add_lines(&file, wrapper, row);
        }
        read_text(u, view(file), false, got);
        assert_int_equal(got->n, n + 1);
        for (size_t i = 0; i < n; i++, at++) {
            if (got->r[at].reject != NULL || strcmp(got->r[at].text, want->r[i].text) != 0 ||
                got->r[at].line != want->r[i].line || got->r[at].byte != want->r[i].byte) {
                fail_msg("round %d, row %zu: got %s, want %s", round, i, got->r[at].text, want->r[i].text);
            }
        }
        release(got);
        release(want);
        free(want);
        free(row.p);
        free(file.p);
    }
    free(got);
    tb_unwrap_free(u);
}

/* Two pods' rows, their lines mingled. */
static void test_mingled_streams(void **state)
{
    (void)state;
    static const char text[] =
        "[pod/a/m] id,text\n[pod/a/m] 1,\"x\n[pod/b/m] 2,\"y\n[pod/a/m] z\"\n[pod/b/m] w\"\n"
        "[pod/a/m] 1,\"\n[pod/b/m] 1,\"\n[pod/c/m] 1,\"\n[pod/d/m] 1,\"\n[pod/d/m] 4\"\n[pod/c/m] 3\"\n";
    static const char *const want[] = {"id,text",   "1,\"x\nz\"", "2,\"y\nw\"", "1,\"",
                                       "1,\"\n4\"", "1,\"\n3\"",  "1,\""};
    struct tb_unwrap *u = tb_unwrap_new();
    struct records *got = calloc(1, sizeof *got);
    read_text(u, tb_str_of(text), false, got);
    assert_int_equal(got->n, COUNT(want));
    for (size_t i = 0; i < got->n; i++) {
        assert_string_equal(got->r[i].text, want[i]);
        assert_null(got->r[i].reject);
    }
    release(got);
    free(got);
    tb_unwrap_free(u);
}

/* A quote that nobody closes, before a million rows: all of these come, in time that grows with their number only. */
static void test_no_end(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    static const char *const lines[] = {"5,6,b,7", "x\",\"z", "\"\"\",\"\"\"", "5,6,\"b,7", "\"\"",
                                        "",        "\","};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct tb_line l = {.text = {"id,ts,text,n\0______________________", 12}, .line = 1};
        char padded[64] = {0};
        size_t n = 0, pushed = 1000000;
        struct tb_record r;
        snprintf(padded, sizeof padded, "%s", lines[i]);
        tb_unwrap_start(u);
        tb_unwrap_push(u, &l, false);
        for (size_t k = 0; k < pushed; k++) {
            char first[40] = "1,2,\"a,4";
            l = (struct tb_line){
                .text = tb_str_of(k == 0 ? first : padded), .line = k + 2, .byte = 13 + 9 * k};
            tb_unwrap_push(u, &l, false);
            while (tb_unwrap_next(u, &r)) {
                n++;
            }
        }
        tb_unwrap_end(u, false);
        while (tb_unwrap_next(u, &r)) {
            n++;
        }
        assert_true(i > 0 ? n >= 1 : n == pushed); /* rows with quotes pair up */
    }
    tb_unwrap_free(u);
}

/* The longest row, and one byte and one line more. */
static void test_limits(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    struct records *got = calloc(1, sizeof *got);
    for (int more = 0; more < 2; more++) {
        struct bytes b = {NULL, 0};
        add_text(&b, "id,text\n1,\"");
        char *fill = malloc(TB_LINE_MAX);
        memset(fill, 'x', TB_LINE_MAX);
        add(&b, fill, TB_LINE_MAX / 2);
        add_text(&b, "\n");
        add(&b, fill, TB_LINE_MAX / 2 - 5 + (size_t)more);
        add_text(&b, "\"\n2,y\n");
        read_text(u, view(b), false, got);
        assert_int_equal(got->n, more == 0 ? 3 : 4);
        assert_string_equal(got->r[got->n - 1].text, "2,y");
        release(got);
        free(fill);
        free(b.p);
    }
    for (size_t more = 0; more < 2; more++) {
        struct bytes b = {NULL, 0};
        struct tb_record r;
        size_t n = 0;
        tb_unwrap_start(u);
        for (size_t k = 0; k < TB_ROW_LINES_MAX + 1 + more; k++) {
            char text[32] = "";
            snprintf(text, sizeof text, "%s",
                     k == 0                         ? "id,text"
                     : k == 1                       ? "1,\""
                     : k == TB_ROW_LINES_MAX + more ? "\""
                                                    : "-");
            tb_unwrap_push(u, &(struct tb_line){.text = tb_str_of(text), .line = k + 1, .byte = k}, false);
            while (tb_unwrap_next(u, &r)) {
                n++;
            }
        }
        assert_int_equal(n, more == 0 ? 2 : TB_ROW_LINES_MAX + 1);
        free(b.p);
    }
    free(got);
    tb_unwrap_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_written_rows),
        cmocka_unit_test(test_mingled_streams), cmocka_unit_test(test_no_end),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
