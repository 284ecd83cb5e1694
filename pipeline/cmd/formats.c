/* tollbook formats: the log formats, and what one of them makes of a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "input/lines.h"
#include "input/unwrap.h"

#define EXPLAINED 3

static int list(const struct tb_format_set *formats)
{
    for (size_t i = 0; i < tb_format_count(formats); i++) {
        const struct tb_format *f = tb_format_at(formats, i);
        printf("%-22s %s\n", tb_format_id(f), tb_format_about(f));
    }
    return TB_EXIT_DONE;
}

/* One pass over the records of a file: each(ctx, record) until it returns false. */
struct reader {
    struct tb_stream *stream;
    struct tb_lines *lines;
    struct tb_unwrap *unwrap;
};

static void reader_close(struct reader *r)
{
    tb_unwrap_free(r->unwrap);
    tb_lines_free(r->lines);
    tb_stream_close(r->stream);
}

static enum tb_status read_member(struct reader *r, bool (*each)(void *ctx, const struct tb_record *rec),
                                  void *ctx, struct tb_err *err)
{
    struct tb_line line;
    struct tb_record rec;
    tb_lines_start(r->lines, r->stream);
    tb_unwrap_start(r->unwrap);
    for (bool ended = false; !ended;) {
        enum tb_status st = tb_lines_next(r->lines, &line, err);
        if (st == TB_FAIL || st == TB_FATAL) {
            return st;
        }
        ended = st == TB_END;
        if (ended) {
            tb_unwrap_end(r->unwrap, false);
        } else {
            tb_unwrap_push(r->unwrap, &line, st == TB_REJECT);
        }
        while (tb_unwrap_next(r->unwrap, &rec)) {
            if (!each(ctx, &rec)) {
                return TB_END;
            }
        }
    }
    return TB_OK;
}

static enum tb_status read_records(const char *path, bool (*each)(void *ctx, const struct tb_record *rec),
                                   void *ctx, char *wrapper, size_t wrapper_size, struct tb_err *err)
{
    struct reader r = {NULL, tb_lines_new(), tb_unwrap_new()};
    struct tb_str member;
    enum tb_status st = r.lines == NULL || r.unwrap == NULL
                            ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "out of memory")
                            : tb_stream_open(path, NULL, &r.stream, err);
    while (st == TB_OK && (st = tb_stream_member(r.stream, &member, err)) == TB_OK) {
        st = read_member(&r, each, ctx, err);
    }
    snprintf(wrapper, wrapper_size, "%s", r.unwrap != NULL ? tb_unwrap_kind(r.unwrap) : "");
    reader_close(&r);
    return st == TB_END ? TB_OK : st;
}

struct sample {
    struct tb_arena arena;
    struct tb_str records[TB_BID_OTHERS];
    size_t n, json;
};

static bool take_sample(void *ctx, const struct tb_record *rec)
{
    struct sample *s = ctx;
    if (rec->reject == NULL && rec->text.n > 0 && tb_format_known(rec->text) == NULL) {
        char *copy = tb_arena_alloc(&s->arena, rec->text.n + 64); /* a scanner may load whole vectors */
        if (copy == NULL) {
            return false;
        }
        memcpy(copy, rec->text.s, rec->text.n);
        s->records[s->n++] = (struct tb_str){copy, rec->text.n};
        s->json += copy[0] == '{';
    }
    return s->n < TB_BID_OTHERS && s->json < TB_BID_RECORDS;
}

/* What the format makes of each record. */
struct test {
    struct tb_extractor *extractor;
    uint64_t events, ignored, rejected, records;
    int explained;
};

static void print_safe(const char *label, struct tb_str text)
{
    char out[3 * 256];
    struct tb_str cut = {text.s, text.n < 256 ? text.n : 256};
    size_t n = text.s == NULL ? 0 : tb_utf8_printable(cut, out);
    printf("%s%.*s", label, (int)n, out);
}

static void print_field(void *ctx, uint32_t event, const char *name, struct tb_str value, const char *from)
{
    (void)ctx;
    printf("    %" PRIu32 "  %-18s", event, name);
    print_safe("", value.s == NULL ? tb_str_of("-") : value);
    print_safe("   <- ", tb_str_of(from));
    putchar('\n');
}

static bool test_record(void *ctx, const struct tb_record *rec)
{
    struct test *t = ctx;
    struct tb_outcome out;
    t->records++;
    if (rec->reject != NULL) {
        t->rejected++;
        printf("line %" PRIu64 ": rejected, %s\n", rec->line, rec->reject);
        return !tb_cmd_stop;
    }
    tb_extract(t->extractor, rec->text, &out);
    if (out.kind == TB_OUTCOME_EVENTS) {
        t->events += out.n;
    } else if (out.kind == TB_OUTCOME_IGNORED) {
        t->ignored++;
    } else {
        t->rejected++;
        printf("line %" PRIu64 ": rejected, %s at byte %" PRIu64 "\n", rec->line, out.reason, out.byte);
    }
    if (out.kind == TB_OUTCOME_EVENTS && t->explained < EXPLAINED) {
        t->explained++;
        printf("line %" PRIu64 ": %" PRIu32 " event%s\n", rec->line, out.n, out.n == 1 ? "" : "s");
        tb_extract_explain(t->extractor, rec->text, print_field, NULL);
    }
    return !tb_cmd_stop;
}

static enum tb_status test_file(const struct tb_format_set *formats, const char *path, const char *forced,
                                int *code, struct tb_err *err)
{
    char wrapper[128];
    struct sample s = {.n = 0};
    struct test t = {.extractor = NULL};
    tb_arena_init(&s.arena, (size_t)64 << 20);
    enum tb_status st = read_records(path, take_sample, &s, wrapper, sizeof wrapper, err);
    const struct tb_format *f =
        forced != NULL ? tb_format_find(formats, forced) : tb_format_bid(formats, s.records, s.n);
    tb_arena_release(&s.arena);
    if (st == TB_OK && f == NULL) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE,
                        forced != NULL ? "unknown format; see `tollbook formats list`"
                                       : "no format recognises these lines; name one with --format");
        tb_err_place(err, forced != NULL ? forced : path, 0, 0);
    }
    if (st != TB_OK) {
        return st;
    }
    printf("format: %s\n", tb_format_id(f));
    t.extractor = tb_extractor_new(f);
    if (t.extractor == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "out of memory");
    }
    tb_extractor_start(t.extractor);
    st = read_records(path, test_record, &t, wrapper, sizeof wrapper, err);
    tb_extractor_free(t.extractor);
    printf("wrapper: %s\n%" PRIu64 " records: %" PRIu64 " events, %" PRIu64 " ignored, %" PRIu64
           " rejected\n",
           wrapper, t.records, t.events, t.ignored, t.rejected);
    *code = t.rejected > 0 ? TB_EXIT_REJECTS : TB_EXIT_DONE;
    return st;
}

/* The user's own formats join when a config is there; without one the shipped ones serve. A broken one is complained of. */
static enum tb_status load_formats(const char *config, struct tb_format_set **out, struct tb_err *err)
{
    struct tb_session s;
    enum tb_status st = tb_session_settings(&s, config, err);
    if (st != TB_OK && tb_settings_found(config)) {
        tb_session_close(&s);
        return st;
    }
    st = tb_format_set_new(s.settings != NULL ? s.settings->formats : NULL, out, err);
    tb_session_close(&s);
    return st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *forced = NULL;
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{"format", false, &forced}, {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_formats, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    bool wants_list = n == 1 && strcmp(operand[0], "list") == 0;
    if (!wants_list && !(n == 2 && strcmp(operand[0], "test") == 0)) {
        return tb_cmd_usage("formats", "say list, or test FILE");
    }
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_format_set *formats = NULL;
    code = TB_EXIT_DONE;
    enum tb_status st = load_formats(config, &formats, &err);
    if (st == TB_OK && wants_list) {
        code = list(formats);
    } else if (st == TB_OK) {
        st = test_file(formats, operand[1], forced, &code, &err);
    }
    tb_format_set_free(formats);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_formats = {
    .name = "formats",
    .synopsis = "formats list | formats test FILE [--format F]",
    .about = "the log formats; which one a file is, and what each field becomes",
    .help = "  list        the formats: shipped, and those in the config's \"formats\" folder\n"
            "  test FILE   detect (or take F), show wrapper, outcome counts, the fields of the first events "
            "and every reject.\n"
            "              Nothing is stored; prompts are shown by their length alone.",
    .run = run,
};
