/* Which line an id, or its beginning, stands for. */
#include <stdio.h>
#include "base/clock.h"
#include "base/embed.h"
#include "rate/reduce.h"
#include "reports/explain.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

#define TEXTS_MAX ((size_t)1 << 20)
#define NAMED_MAX 4 /* of those that an ambiguous beginning has */

enum { OUT_DAY, OUT_TABLES, OUT_KEY };

struct search {
    const struct tb_report_query *q;
    struct tb_str prefix;
    struct tb_explain_key *out;
    size_t found;
    char named[400]; /* the first few that have the beginning */
};

static void name(struct search *s, const struct tb_explain_key *k)
{
    char day[TB_TS_TEXT_MAX];
    size_t n = strlen(s->named);
    tb_day_format(k->from_day, day);
    if (s->found <= NAMED_MAX) {
        snprintf(s->named + n, sizeof s->named - n, "%s%s (%s %.40s)", n > 0 ? ", " : "", k->id, day,
                 k->key[2].s != NULL ? k->key[2].s : "");
    } else if (s->found == NAMED_MAX + 1) {
        snprintf(s->named + n, sizeof s->named - n, ", ...");
    }
}

static enum tb_status keep(struct search *s, const struct tb_query *row, const char *id, int32_t from_day,
                           int32_t to_day, struct tb_err *err)
{
    struct tb_explain_key *k = s->out;
    if (s->found > 0 && strcmp(k->id, id) == 0) {
        return TB_OK; /* a range is told once, whichever of its days names it */
    }
    tb_arena_reset(&k->arena);
    snprintf(k->id, sizeof k->id, "%s", id);
    k->from_day = from_day;
    k->to_day = to_day;
    k->version = tb_query_int(row, OUT_TABLES);
    for (int i = 0; i < TB_LINE_KEYS; i++) {
        struct tb_str text = tb_query_text(row, OUT_KEY + i);
        k->key[i] = tb_arena_str(&k->arena, text);
        if (text.s != NULL && k->key[i].s == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a line's keys");
        }
    }
    s->found++;
    name(s, k);
    return TB_OK;
}

static enum tb_status try_days(struct search *s, const struct tb_query *row, int32_t from_day, int32_t to_day,
                               struct tb_err *err)
{
    struct tb_str key[TB_LINE_KEYS];
    char id[TB_LINE_ID_MAX];
    for (int i = 0; i < TB_LINE_KEYS; i++) {
        key[i] = tb_query_text(row, OUT_KEY + i);
    }
    tb_line_id(from_day, to_day, key, id);
    bool is_it = s->prefix.n <= TB_LINE_ID_MAX - 1 && memcmp(id, s->prefix.s, s->prefix.n) == 0;
    return is_it ? keep(s, row, id, from_day, to_day, err) : TB_OK;
}

static enum tb_status try_row(struct search *s, const struct tb_query *row, struct tb_err *err)
{
    int32_t day = (int32_t)tb_query_int(row, OUT_DAY);
    if (!tb_source_billed(s->q->settings, tb_query_text(row, OUT_KEY + 3))) {
        return TB_OK; /* never in a chargeback */
    }
    enum tb_status st = try_days(s, row, day, day, err);
    if (st == TB_OK && s->q->from_day > INT32_MIN / 2 && s->q->from_day != s->q->to_day) {
        st = try_days(s, row, s->q->from_day, s->q->to_day, err);
    }
    return st;
}

enum tb_status tb_explain_find(const struct tb_report_query *q, struct tb_str prefix,
                               struct tb_explain_key *out, struct tb_err *err)
{
    struct search s = {.q = q, .prefix = prefix, .out = out};
    struct tb_query *rows = NULL;
    memset(out, 0, sizeof *out);
    tb_arena_init(&out->arena, TEXTS_MAX);
    enum tb_status st = tb_query_open(q->db, tb_embed_text(tb_embed_reports, "explain_keys.sql"), &rows, err);
    if (st == TB_OK) {
        tb_query_bind_int(rows, "from_day", q->from_day);
        tb_query_bind_int(rows, "to_day", q->to_day);
        tb_query_bind_int(rows, "tables", q->version);
    }
    while (st == TB_OK && (st = tb_query_step(rows, err)) == TB_OK) {
        st = try_row(&s, rows, err);
    }
    tb_query_close(rows);
    if (st == TB_END && s.found == 1) {
        return TB_OK;
    }
    if (st == TB_END && s.found > 1) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "\"%.*s\" begins %zu lines, give more of one: %s",
                        (int)prefix.n, prefix.s, s.found, s.named);
    }
    tb_explain_key_release(out);
    return st;
}

void tb_explain_key_release(struct tb_explain_key *k)
{
    tb_arena_release(&k->arena);
}
