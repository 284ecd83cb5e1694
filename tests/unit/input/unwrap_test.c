/* Wrappers by tables, then by a property: records wrapped at random (nesting, part sizes, streams, nodes) come back. */
#include "support.h"
#include "base/utf8.h"
#include "input/unwrap.h"
#include "input/unwrap_parts.h"

struct record {
    char *text;
    size_t n;
    char node[300];
    uint64_t line, byte;
    const char *reject;
};

struct records {
    struct record *r;
    size_t n;
};

static void take(struct tb_unwrap *u, struct records *out)
{
    struct tb_record r;
    while (tb_unwrap_next(u, &r)) {
        out->r = realloc(out->r, (out->n + 1) * sizeof *out->r);
        struct record *to = &out->r[out->n++];
        volatile char behind = 0; /* 16 bytes behind are readable */
        for (size_t k = 0; k < 16; k++) {
            behind = (char)(behind ^ r.text.s[r.text.n + k]);
        }
        to->text = malloc(r.text.n + 1);
        memcpy(to->text, r.text.s, r.text.n);
        to->text[r.text.n] = '\0';
        to->n = r.text.n;
        snprintf(to->node, sizeof to->node, "%.*s", (int)r.node.n, r.node.s != NULL ? r.node.s : "");
        to->line = r.line;
        to->byte = r.byte;
        to->reject = r.reject;
    }
}

static void release(struct records *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->r[i].text);
    }
    free(r->r);
    r->r = NULL;
    r->n = 0;
}

/* Pushes the text's lines, each from a buffer of exactly its size and 16 bytes more, and takes all records. */
static void unwrap_text(struct tb_unwrap *u, const char *p, size_t n, struct records *out)
{
    uint64_t line = 1;
    tb_unwrap_start(u);
    for (size_t at = 0; at < n; line++) {
        const char *nl = memchr(p + at, '\n', n - at);
        size_t end = nl != NULL ? (size_t)(nl - p) : n;
        char *own = calloc(1, end - at + 16);
        memcpy(own, p + at, end - at);
        struct tb_line l = {.text = {own, end - at}, .line = line, .byte = at};
        tb_unwrap_push(u, &l, false);
        take(u, out);
        free(own);
        at = end + (nl != NULL);
    }
    tb_unwrap_end(u, false);
    take(u, out);
}

#define T      "2025-11-02T23:59:50.669794202Z "
#define D(log) "{\"log\":\"" log "\",\"stream\":\"stdout\",\"time\":\"2025-11-02T23:59:50.1Z\"}"
#define E(log) "{\"log\":\"" log "\",\"stream\":\"stderr\",\"time\":\"2025-11-02T23:59:50.1Z\"}"
#define J(message)                                                                                           \
    "{\"__CURSOR\":\"s=1\",\"_HOSTNAME\":\"host-1\",\"PRIORITY\":\"6\",\"MESSAGE\":" message "}"

/* want: "text", or "node|text" when node is set, "!reason" for a reject; one per record, separated by \1. */
struct row {
    const char *name, *input, *want, *kind;
};

static void check_row(struct tb_unwrap *u, const struct row *row)
{
    struct records got = {NULL, 0};
    struct bytes text = {NULL, 0};
    unwrap_text(u, row->input, strlen(row->input), &got);
    for (size_t i = 0; i < got.n; i++) {
        add(&text, "\1", i > 0);
        if (got.r[i].reject != NULL) {
            add(&text, "!", 1);
            add(&text, got.r[i].reject, strlen(got.r[i].reject));
            continue;
        }
        if (got.r[i].node[0] != '\0') {
            add(&text, got.r[i].node, strlen(got.r[i].node));
            add(&text, "|", 1);
        }
        add(&text, got.r[i].text, got.r[i].n);
    }
    add(&text, "", 1);
    if (strcmp(text.p, row->want) != 0) {
        fail_msg("%s:\n got %s\nwant %s", row->name, text.p, row->want);
    }
    if (row->kind != NULL) {
        assert_string_equal(tb_unwrap_kind(u), row->kind);
    }
    free(text.p);
    release(&got);
}

static const struct row rows[] = {
    {"nothing", "", "", "plain"},
    {"plain lines, trimmed", " a \n\t{\"b\":1}\t\r\n\n", "a\1{\"b\":1}\1", "plain"},
    {"a BOM at the start only", "\xef\xbb\xbf{\"a\":1}\n\xef\xbb\xbf{\"a\":2}",
     "{\"a\":1}\1\xef\xbb\xbf{\"a\":2}", "plain"},
    {"a BOM before a wrapper", "\xef\xbb\xbf" T "stdout F x", "x", "cri"},

    {"cri", T "stdout F {\"a\":1}\n" T "stderr F oops\n", "{\"a\":1}\1oops", "cri"},
    {"cri with an offset and no fraction", "2025-11-02T23:59:50+01:00 stdout F x", "x", "cri"},
    {"cri parts, stderr between them",
     T "stdout P {\"a\n" T "stderr F x\n" T "stdout P \":\n" T "stdout F 1}\n", "x\1{\"a\":1}", "cri"},
    {"cri parts of both streams", T "stdout P a\n" T "stderr P b\n" T "stdout F c\n" T "stderr F d\n",
     "ac\1bd", "cri"},
    {"blanks at part edges stay", T "stdout P a  \n" T "stdout P   b \n" T "stdout F  c  \n", "a    b  c",
     "cri"},
    {"utf-8 cut at a part edge", T "stdout P \xc3\n" T "stdout F \xa9\n", "\xc3\xa9", "cri"},
    {"cri, more tags", T "stdout F:x:y a\n" T "stdout P:z b\n" T "stdout F c\n", "a\1bc", "cri"},
    {"cri, empty texts", T "stdout F \n" T "stdout F\n" T "stdout P \n" T "stdout F x\n", "\1\1x", "cri"},
    {"cri, parts left over", T "stdout P {\"a\"\n" T "stderr P {\"b\":2}\n", "!partial_line\1{\"b\":2}",
     "cri"},
    {"not cri",
     "2025-11-02T23:59:50Z stdout G x\n2025-11-02 23:59:50Z stdout F x\n2025-11-02T23:59:50 stdout F x\n",
     "stdout G x\1"
     "2025-11-02 23:59:50Z stdout F x\1"
     "2025-11-02T23:59:50 stdout F x",
     "kubectl"},

    {"docker", D("{\\\"a\\\":1}\\n") "\n" E("x\\n") "\n", "{\"a\":1}\1x", "docker"},
    {"docker parts", D("{\\\"a\\\"") "\n" E("x\\n") "\n" D(":") "\n" D("1}\\n") "\n", "x\1{\"a\":1}",
     "docker"},
    {"docker, key order and attrs",
     "{\"time\":\"t\", \"attrs\" : {\"tag\":\"x}\",\"n\":[1,{}]} ,\"stream\":\"stdout\",\"log\":\"a\\n\" } "
     "\n",
     "a", "docker"},
    {"docker without stream", "{\"log\":\"a\\n\",\"time\":\"t\"}", "a", "docker"},
    {"docker, escapes", D("\\\"\\\\\\/\\b\\f\\r\\t\\u00e9\\ud83d\\ude00\\u2028.\\n"),
     "\"\\/\b\f\r\t\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8.", "docker"},
    {"docker, an escape of the record cut", D("{\\\"a\\\":\\\"\\\\") "\n" D("u00e9\\\"}\\n"),
     "{\"a\":\"\\u00e9\"}", "docker"},
    {"docker, the last line without newline", D("{\\\"a\\\":1}"), "{\"a\":1}", "docker"},
    {"docker, half a line at the end", D("{\\\"a\\\":"), "!partial_line", "docker"},
    {"docker, a container restarted behind a line without newline",
     D("{\\\"a\\\":1}") "\n" D("{\\\"b\\\":2}\\n"), "{\"a\":1}\1{\"b\":2}", "docker"},
    {"docker, restarted in between parts", D("{\\\"a\\\":1}") "\n" D("{\\\"b\\\":") "\n" D("2}\\n"),
     "{\"a\":1}\1{\"b\":2}", "docker"},
    {"docker, parts that only look so", D("{\\\"a\\\":\\\"}") "\n" D("{\\\"}\\n"), "{\"a\":\"}{\"}",
     "docker"},
    {"docker, blank line", D("\\n"), "", "docker"},
    {"not docker: another key", "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"t\",\"k\":1}",
     "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"t\",\"k\":1}", "plain"},
    {"not docker: log is an object", "{\"log\":{},\"stream\":\"stdout\"}",
     "{\"log\":{},\"stream\":\"stdout\"}", "plain"},
    {"not docker: log alone", "{\"log\":\"a\"}", "{\"log\":\"a\"}", "plain"},
    {"not docker: no log", "{\"stream\":\"stdout\",\"time\":\"t\"}", "{\"stream\":\"stdout\",\"time\":\"t\"}",
     "plain"},
    {"not docker: twice", "{\"log\":\"a\",\"log\":\"b\",\"time\":\"t\"}",
     "{\"log\":\"a\",\"log\":\"b\",\"time\":\"t\"}", "plain"},
    {"not docker: a format's own time", "{\"time\":\"t\",\"consumer\":\"c\"}",
     "{\"time\":\"t\",\"consumer\":\"c\"}", "plain"},
    {"not docker: a format's own stream", "{\"stream\":true,\"ts\":1}", "{\"stream\":true,\"ts\":1}",
     "plain"},
    {"not docker: longer keys", "{\"logs\":\"a\",\"time\":\"t\"}\n{\"lo\":\"a\",\"time\":\"t\"}",
     "{\"logs\":\"a\",\"time\":\"t\"}\1{\"lo\":\"a\",\"time\":\"t\"}", "plain"},
    {"torn docker", "{\"log\":\"a\\n\",\"stream\":\"std\n{\"log\":\"a\n",
     "{\"log\":\"a\\n\",\"stream\":\"std\1{\"log\":\"a", "plain"},
    {"docker with something behind", D("a\\n") "x", D("a\\n") "x", "plain"},
    {"docker, invalid escapes",
     D("\\x\\n") "\n" D("\\u12g4\\n") "\n" D("\\ud83d\\n") "\n" D("\\udc00\\ud800\\n") "\n" D("a\tb\\n"),
     D("\\x\\n") "\1" D("\\u12g4\\n") "\1" D("\\ud83d\\n") "\1" D("\\udc00\\ud800\\n") "\1" D("a\tb\\n"),
     "plain"},
    {"docker, trailing comma", "{\"log\":\"a\\n\",\"time\":\"t\",}", "{\"log\":\"a\\n\",\"time\":\"t\",}",
     "plain"},

    {"journald", J("\"{\\\"a\\\":1}\"") "\n", "{\"a\":1}", "journald"},
    {"journald, bytes", J("[123, 195,169 ,125]") "\n" J("[]"), "{\xc3\xa9}\1", "journald"},
    {"journald, null and none", J("null") "\n{\"__CURSOR\":\"x\",\"__REALTIME_TIMESTAMP\":\"1\"}",
     "!no_message\1!no_message", "journald"},
    {"journald, any order, odd values",
     "{\"MESSAGE\":\"m\",\"X\":null,\"Y\":[1,2],\"Z\":[\"a\",\"]\"],\"__REALTIME_TIMESTAMP\":\"1\"}", "m",
     "journald"},
    {"journald cut lines, per stream",
     "{\"__CURSOR\":\"1\",\"_STREAM_ID\":\"a1\",\"_LINE_BREAK\":\"line-max\",\"MESSAGE\":\"{\\\"a\\\"\"}\n"
     "{\"__CURSOR\":\"1\",\"_STREAM_ID\":\"b2\",\"MESSAGE\":\"other\"}\n"
     "{\"__CURSOR\":\"1\",\"_STREAM_ID\":\"a1\",\"MESSAGE\":\":1}\"}\n",
     "other\1{\"a\":1}", "journald"},
    {"not journald",
     "{\"MESSAGE\":\"m\",\"LEVEL\":\"x\"}\n{\"__CURSOR\":\"x\",\"MESSAGE\":\"m\",\"lower\":1}\n{\"_id\":"
     "\"x\"}",
     "{\"MESSAGE\":\"m\",\"LEVEL\":\"x\"}\1{\"__CURSOR\":\"x\",\"MESSAGE\":\"m\",\"lower\":1}\1{\"_id\":"
     "\"x\"}",
     "plain"},
    {"broken journald messages go on whole", J("[1,256]") "\n" J("[1,]") "\n" J("\"\\q\"") "\n" J("true"),
     J("[1,256]") "\1" J("[1,]") "\1" J("\"\\q\"") "\1" J("true"), "plain"},

    {"kubectl --prefix", "[pod/kong-7c9f-x2x4z/proxy] {\"a\":1}\n[pod/p/c] x\n[pod/p/c] \n[pod/p/c]\n",
     "kong-7c9f-x2x4z|{\"a\":1}\1p|x\1p|\1p|", "kubectl"},
    {"kubectl --timestamps", T "{\"a\":1}\n" T "10.42.0.17 - -\n",
     "{\"a\":1}\1"
     "10.42.0.17 - -",
     "kubectl"},
    {"kubectl, both", "[pod/p/c] " T "{\"a\":1}\n", "p|{\"a\":1}", "kubectl"},
    {"cri in kubectl, parts per pod",
     "[pod/p/c] " T "stdout P a\n[pod/q/c] " T "stdout P x\n[pod/p/c] " T "stdout F b\n[pod/q/c] " T
     "stdout F y\n",
     "p|ab\1q|xy", "kubectl+cri"},
    {"not kubectl", "[pod/p] x\n[pod//c] x\n[pod/p/c]x\n[pod/p q/c] x\n[notice] x\n",
     "[pod/p] x\1[pod//c] x\1[pod/p/c]x\1[pod/p q/c] x\1[notice] x", "plain"},

    {"array", "[{\"a\":1},{\"b\":[2,{\"c\":\"]}\"}]}]\n", "{\"a\":1}\1{\"b\":[2,{\"c\":\"]}\"}]}", "array"},
    {"array with blanks", " [ {\"a\":1} , {\"b\":2} ] ", "{\"a\":1}\1{\"b\":2}", "array"},
    {"array of none", "[]\n[ ]\nx", "x", "array"},
    {"broken arrays go on whole",
     "[{\"a\":1},{\"b\":2}\n[{\"a\":1},]\n[{\"a\":1} "
     "{\"b\":2}]\n[1,2]\n[{\"a\":1},2]\n[{\"a\":\"1}]\n[,{}]\n[\n[]]",
     "[{\"a\":1},{\"b\":2}\1[{\"a\":1},]\1[{\"a\":1} "
     "{\"b\":2}]\1[1,2]\1[{\"a\":1},2]\1[{\"a\":\"1}]\1[,{}]\1[\1[]]",
     "plain"},
    {"array in cri, in docker, in journald",
     T "stdout F [{},{}]\n" D("[{},{\\\"a\\\":1}]\\n") "\n" J("\"[{}]\"") "\n", "{}\1{}\1{}\1{\"a\":1}\1{}",
     "cri+docker+journald+array"},

    {"cri in journald", J("\"" T "stdout F {\\\"a\\\":1}\"") "\n", "{\"a\":1}", "journald+cri"},
    {"docker in cri", T "stdout F " D("a\\n") "\n", "a", "cri+docker"},
    {"docker parts in cri parts",
     T "stdout P {\"log\":\"a\",\"stre\n" T "stdout F am\":\"stdout\"}\n" T
       "stdout F {\"log\":\"b\\n\",\"stream\":\"stdout\"}\n",
     "ab", "cri+docker"},
    {"a host is no node", J("\"[pod/p/c] x\"") "\n[pod/p/c] " J("\"x\"") "\n", "p|x\1p|x", NULL},
    {"four deep and no deeper", T T T T T "x\n", T "x", "kubectl"},
    {"NUL bytes go on", "", "", "plain"},
};

static void test_rows(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(u, &rows[i]);
    }
    tb_unwrap_free(u);
}

static void test_places(void **state)
{
    (void)state;
    static const char text[] = "x\n" T "stdout P a\n  [{\"b\":1}, {\"c\":2}]\n" T "stderr F y\n" T
                               "stdout F c\n" D("[{},{}]\\n") "\n";
    struct tb_unwrap *u = tb_unwrap_new();
    struct records r = {NULL, 0};
    unwrap_text(u, text, sizeof text - 1, &r);
    assert_int_equal(r.n, 7);
    const char *array = strstr(text, "[{\"b\""), *docker = strstr(text, "{\"log\"");
    const struct {
        uint64_t line;
        ptrdiff_t byte;
    } want[] = {{1, 0}, {3, array + 1 - text}, {3, array + 10 - text}, {4, strstr(text, T "stderr") - text},
                {2, 2}, {6, docker - text},    {6, docker - text}};
    for (size_t i = 0; i < r.n; i++) {
        assert_int_equal(r.r[i].line, want[i].line);
        assert_int_equal(r.r[i].byte, want[i].byte);
    }
    release(&r);
    tb_unwrap_free(u);
}

static void push_one(struct tb_unwrap *u, struct bytes b, uint64_t line, bool too_long, struct records *out)
{
    char *own = calloc(1, b.n + 16);
    memcpy(own, b.p, b.n);
    struct tb_line l = {.text = {own, b.n}, .line = line, .byte = line * 100};
    tb_unwrap_push(u, &l, too_long);
    take(u, out);
    free(own);
}

static void push_text(struct tb_unwrap *u, const char *text, uint64_t line, bool too_long,
                      struct records *out)
{
    push_one(u, (struct bytes){(char *)(uintptr_t)text, strlen(text)}, line, too_long, out);
}

/* Too long as a line, as a part of one, and as a sum of parts: rejected once, and what follows is whole. */
static void test_too_long(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    struct records r = {NULL, 0};
    push_text(u, "{\"a\":", 1, true, &r);
    push_text(u, "{\"a\":1}", 2, false, &r);
    push_text(u, T "stdout F {\"a\":", 3, true, &r);
    push_text(u, T "stdout P {\"a\":", 4, false, &r);
    push_text(u, T "stdout P \"", 5, true, &r);
    push_text(u, T "stdout P \"", 6, false, &r);
    push_text(u, T "stdout F }", 7, false, &r);
    push_text(u, T "stdout F {}", 8, false, &r);
    const struct {
        uint64_t line;
        const char *reject;
    } want[] = {{1, "line_too_long"}, {2, NULL}, {3, "line_too_long"}, {4, "line_too_long"}, {8, NULL}};
    assert_int_equal(r.n, COUNT(want));
    for (size_t i = 0; i < r.n; i++) {
        assert_int_equal(r.r[i].line, want[i].line);
        if (want[i].reject == NULL) {
            assert_null(r.r[i].reject);
        } else {
            assert_string_equal(r.r[i].reject, want[i].reject);
        }
    }
    release(&r);

    struct bytes part = {NULL, 0};
    add(&part, T "stdout P ", strlen(T "stdout P "));
    for (size_t i = 0; i < 1 << 20; i++) {
        add(&part, "x", 1);
    }
    for (int over = 0; over < 2; over++) { /* 16 parts are the cap exactly */
        for (uint64_t i = 0; i < 16; i++) {
            push_one(u, part, 10 + i, false, &r);
        }
        push_text(u, over != 0 ? T "stdout F y" : T "stdout F ", 30, false, &r);
        push_text(u, T "stdout F z", 31, false, &r);
        assert_int_equal(r.n, 2);
        assert_int_equal(r.r[0].line, 10);
        assert_int_equal(r.r[0].n, TB_LINE_MAX);
        if (over != 0) {
            assert_string_equal(r.r[0].reject, "line_too_long");
        } else {
            assert_null(r.r[0].reject);
        }
        assert_string_equal(r.r[1].text, "z");
        release(&r);
    }
    free(part.p);
    tb_unwrap_free(u);
}

/* More pods waiting than there are slots: the oldest are given up, as rejects; none is lost, none mixed. */
static void test_many_pods(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    struct records r = {NULL, 0};
    char line[200];
    uint64_t at = 1;
    for (int i = 0; i < 50; i++) {
        snprintf(line, sizeof line, "[pod/p%d/c] " T "stdout P <%d", i, i);
        push_text(u, line, at++, false, &r);
    }
    size_t given_up = r.n;
    for (int i = 49; i >= 0; i--) {
        snprintf(line, sizeof line, "[pod/p%d/c] " T "stdout F %d>", i, i);
        push_text(u, line, at++, false, &r);
    }
    assert_int_equal(given_up, 50 - 15);
    assert_int_equal(r.n, given_up + 50);
    for (size_t i = 0; i < r.n; i++) {
        char want[50], node[50];
        int pod = i < given_up ? (int)i : 49 - (int)(i - given_up);
        snprintf(node, sizeof node, "p%d", pod);
        snprintf(want, sizeof want, i < given_up ? "<%d" : pod >= 35 ? "<%d%d>" : "%d>", pod, pod);
        assert_string_equal(r.r[i].text, want);
        assert_string_equal(r.r[i].node, node);
        assert_int_equal(r.r[i].reject != NULL, i < given_up);
    }
    release(&r);
    tb_unwrap_free(u);
}

/* --- the property --- */

struct line {
    char *p;
    size_t n;
};

struct wrapped { /* one record as the physical lines of its stream, in order */
    struct line *lines;
    size_t n, next;
    int stream;
};

/* Appends s as JSON string content; ascii: everything else as \u escapes, with surrogate pairs. */
static void json_string(struct bytes *out, const char *p, size_t n, bool ascii)
{
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)p[i];
        char esc[16];
        if (c >= 0x80 && ascii) { /* the texts here are valid UTF-8 of 2 or 4 bytes */
            uint32_t cp;
            if (c < 0xe0) {
                cp = (uint32_t)(c & 0x1f) << 6 | (uint32_t)(p[i + 1] & 0x3f);
                i += 2;
            } else {
                cp = (uint32_t)(c & 7) << 18 | (uint32_t)(p[i + 1] & 0x3f) << 12 |
                     (uint32_t)(p[i + 2] & 0x3f) << 6 | (uint32_t)(p[i + 3] & 0x3f);
                i += 4;
            }
            int k = cp < 0x10000
                        ? snprintf(esc, sizeof esc, "\\u%04x", cp)
                        : snprintf(esc, sizeof esc, "\\u%04X\\u%04x", 0xd800 + ((cp - 0x10000) >> 10),
                                   0xdc00 + ((cp - 0x10000) & 0x3ff));
            add(out, esc, (size_t)k);
            continue;
        }
        i++;
        if (c == '"' || c == '\\') {
            esc[0] = '\\';
            esc[1] = (char)c;
            add(out, esc, 2);
        } else if (c < 0x20 || (c == '/' && below(2) == 0)) {
            int k = c == '\n' && below(2) == 0 ? snprintf(esc, sizeof esc, "\\n")
                    : c == '/'                 ? snprintf(esc, sizeof esc, "\\/")
                                               : snprintf(esc, sizeof esc, "\\u%04x", c);
            add(out, esc, (size_t)k);
        } else {
            add(out, p + i - 1, 1);
        }
    }
}

static void add_line(struct wrapped *w, struct bytes b)
{
    w->lines = realloc(w->lines, (w->n + 1) * sizeof *w->lines);
    w->lines[w->n++] = (struct line){b.p, b.n};
}

/* A cut of [at, n) that does not split a UTF-8 sequence when whole is set. */
static size_t cut_at(const char *p, size_t at, size_t n, size_t mean, bool whole)
{
    size_t end = at + 1 + below(2 * mean);
    end = end < n ? end : n;
    while (whole && end < n && ((unsigned char)p[end] & 0xc0) == 0x80) {
        end++;
    }
    return end;
}

enum wrap { CRI, DOCKER, JOURNALD, PREFIX, STAMP, WRAPS };

static const char *const streams[] = {"stdout", "stderr"};

/* Each line of in becomes one or more lines wrapped once more. last: the wrapper may not cut (its text is not whole). */
static struct wrapped wrap_once(struct wrapped in, enum wrap kind, size_t mean)
{
    struct wrapped out = {NULL, 0, 0, in.stream};
    for (size_t i = 0; i < in.n; i++) {
        const char *p = in.lines[i].p;
        size_t n = in.lines[i].n;
        bool ascii = below(2) == 0 &&
                     tb_utf8_valid((struct tb_str){p, n}); /* an inner cut may have split a character */
        for (size_t at = 0, first = 1; at < n || first != 0; first = 0) {
            size_t end = kind == CRI || kind == DOCKER ? cut_at(p, at, n, mean, kind == DOCKER && ascii) : n;
            struct bytes b = {NULL, 0};
            char head[200];
            int k = 0;
            switch (kind) {
            case CRI:
                k = snprintf(head, sizeof head, "2025-11-02T23:59:50.%dZ %s %s ", (int)below(1000000),
                             streams[in.stream % 2], end < n ? "P" : "F");
                add(&b, head, (size_t)k);
                add(&b, p + at, end - at);
                break;
            case DOCKER:
                add(&b, "{\"log\":\"", 8);
                json_string(&b, p + at, end - at, ascii);
                k = snprintf(head, sizeof head, "%s\",\"stream\":\"%s\",\"time\":\"2025-11-02T23:59:50Z\"}",
                             end < n ? "" : "\\n", streams[in.stream % 2]);
                add(&b, head, (size_t)k);
                break;
            case JOURNALD:
                add(&b, "{\"__CURSOR\":\"s\",\"MESSAGE\":", 26);
                if (below(3) == 0) {
                    add(&b, "[", 1);
                    for (size_t c = 0; c < n; c++) {
                        k = snprintf(head, sizeof head, "%s%d", c > 0 ? "," : "", (unsigned char)p[c]);
                        add(&b, head, (size_t)k);
                    }
                    add(&b, "]}", 2);
                } else {
                    add(&b, "\"", 1);
                    json_string(&b, p, n, ascii);
                    add(&b, "\"}", 2);
                }
                break;
            case PREFIX:
                k = snprintf(head, sizeof head, "[pod/pod-%d/c] ", in.stream);
                add(&b, head, (size_t)k);
                add(&b, p, n);
                break;
            case STAMP:
            case WRAPS:
                add(&b, "2025-11-02T23:59:50.5Z ", 23);
                add(&b, p, n);
                break;
            }
            add_line(&out, b);
            at = end;
        }
        free(in.lines[i].p);
    }
    free(in.lines);
    return out;
}

static struct bytes random_record(void)
{
    static const char *const pieces[] = {"\\\"", "\\\\", "\\/", "\xc3\xa9", "\xf0\x9f\x98\x80", "}",  "{",
                                         "]",    " ",    "abc", "/",        "\\u00e9",          "log"};
    struct bytes b = {NULL, 0};
    add(&b, "{\"k\":\"", 6);
    for (size_t n = below(below(20) == 0 ? 3000 : 60); n > 0; n--) {
        const char *s = pieces[below(COUNT(pieces))];
        add(&b, s, strlen(s));
    }
    add(&b, "\"}", 2);
    return b;
}

static void one_file(struct tb_unwrap *u, enum wrap *nest, size_t depth)
{
    enum { RECORDS = 12 };
    struct bytes records[RECORDS], text = {NULL, 0};
    struct wrapped w[RECORDS];
    bool named = false;
    size_t done[2] = {0, 0}, sizes = 1 + below(200);
    for (size_t d = 0; d < depth; d++) {
        named = named || nest[d] == PREFIX;
    }
    for (int i = 0; i < RECORDS; i++) {
        records[i] = random_record();
        struct line *only = malloc(sizeof *only);
        *only = (struct line){malloc(records[i].n + 1), records[i].n};
        memcpy(only->p, records[i].p, records[i].n);
        w[i] = (struct wrapped){only, 1, 0, (int)below(2)};
        for (size_t d = depth; d > 0; d--) {
            w[i] =
                wrap_once(w[i], nest[d - 1], d == depth ? sizes : 300 + sizes); /* else lines without end */
        }
    }
    /* The two streams interleave at random; within a stream order holds. want: the order in which records end. */
    int want[RECORDS];
    size_t wanted = 0;
    while (wanted < RECORDS) {
        int stream = (int)below(2);
        size_t i = done[stream];
        while (i < RECORDS && (w[i].stream != stream || w[i].next == w[i].n)) {
            i++;
        }
        done[stream] = i;
        if (i == RECORDS) {
            continue;
        }
        add(&text, w[i].lines[w[i].next].p, w[i].lines[w[i].next].n);
        add(&text, "\n", 1);
        if (++w[i].next == w[i].n) {
            want[wanted++] = (int)i;
        }
    }
    struct records got = {NULL, 0};
    unwrap_text(u, text.p, text.n, &got);
    if (got.n != RECORDS) {
        fail_msg("%zu records of nesting %d %d %d %d (%zu) from:\n%.*s", got.n, nest[0], nest[1], nest[2],
                 nest[3], depth, (int)text.n, text.p);
    }
    for (size_t k = 0; k < RECORDS; k++) {
        struct bytes r = records[want[k]];
        assert_null(got.r[k].reject);
        if (got.r[k].n != r.n || memcmp(got.r[k].text, r.p, r.n) != 0) {
            fail_msg("record %zu:\n got %s\nwant %.*s", k, got.r[k].text, (int)r.n, r.p);
        }
        if (named) {
            char node[20];
            snprintf(node, sizeof node, "pod-%d", w[want[k]].stream);
            assert_string_equal(got.r[k].node, node);
        }
    }
    release(&got);
    for (int i = 0; i < RECORDS; i++) {
        for (size_t k = 0; k < w[i].n; k++) {
            free(w[i].lines[k].p);
        }
        free(w[i].lines);
        free(records[i].p);
    }
    free(text.p);
}

static void test_wrapped_at_random(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    for (int round = 0; round < 4000; round++) {
        enum wrap nest[4];
        size_t depth = below(5);
        for (size_t d = 0; d < depth; d++) {
            nest[d] = (enum wrap)below(WRAPS);
        }
        one_file(u, nest, depth);
    }
    tb_unwrap_free(u);
}

/* Noise: lines cut from wrappers and shuffled. Nothing crashes, and every record lies within its line's text or is
 * explained. */
static void test_noise(void **state)
{
    (void)state;
    struct tb_unwrap *u = tb_unwrap_new();
    for (int round = 0; round < 20000; round++) {
        const char *input = rows[below(COUNT(rows))].input;
        struct bytes b = {NULL, 0};
        add(&b, input, strlen(input));
        for (size_t flips = below(4); flips > 0 && b.n > 0; flips--) {
            size_t at = below(b.n);
            b.p[at] = (char)(below(2) == 0 ? b.p[at] ^ 1 << below(8) : "\"\\{}[],: P\n"[below(11)]);
        }
        size_t n = b.n > 0 ? below(b.n + 1) : 0;
        struct records r = {NULL, 0};
        unwrap_text(u, b.p != NULL ? b.p : "", n, &r);
        release(&r);
        free(b.p);
    }
    tb_unwrap_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_many_pods),
        cmocka_unit_test(test_wrapped_at_random),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
