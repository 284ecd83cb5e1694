#include "reports/silence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

#define QUARTER_US (15 * TB_US_PER_MIN)
#define HOURS      24
#define SPOKE      (((uint32_t)1 << HOURS) - 1) /* bits: local hours with a line */
#define FILED      ((uint32_t)1 << 31)          /* a file of the day's date */

/* What is known of a source, or of one of its nodes: a word of bits for each day. */
struct voice {
    char *node; /* NULL: the source */
    uint32_t *day;
};

struct search {
    struct tb_db *db;
    const struct tb_settings *settings;
    int64_t now_us;
    int32_t first, last; /* days that are read */
    const struct tb_expect_setting *expect;
    struct voice *voices; /* the first is the source's own */
    size_t n, cap;
    struct tb_silences *out;
};

/* The days that one is held against. */
struct alike {
    int32_t day[TB_SILENCE_ALIKE];
    int n;
};

/* The local hours of a day: where they begin and end. 0, 0: the clock leaps over it. */
struct clock {
    int64_t from_us[HOURS], to_us[HOURS];
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the silences of expected sources");
}

/* --- reading ------------------------------------------------------------------------------------------------- */

static enum tb_status add_voice(struct search *s, struct tb_str node, struct voice **out, struct tb_err *err)
{
    if (s->n == s->cap) {
        size_t cap = s->cap > 0 ? 2 * s->cap : 8;
        struct voice *voices = realloc(s->voices, cap * sizeof *voices);
        if (voices == NULL) {
            return no_memory(err);
        }
        s->voices = voices;
        s->cap = cap;
    }
    struct voice v = {.day = calloc((size_t)(s->last - s->first) + 1, sizeof *v.day)};
    if (node.s != NULL) {
        v.node = malloc(node.n + 1);
        if (v.node != NULL) {
            memcpy(v.node, node.s, node.n);
            v.node[node.n] = '\0';
        }
    }
    if (v.day == NULL || (node.s != NULL && v.node == NULL)) {
        free(v.day);
        free(v.node);
        return no_memory(err);
    }
    s->voices[s->n] = v;
    *out = &s->voices[s->n++];
    return TB_OK;
}

/* Nodes are few: dozens. */
static enum tb_status find_voice(struct search *s, struct tb_str node, struct voice **out, struct tb_err *err)
{
    for (size_t i = 1; i < s->n; i++) {
        if (tb_str_eq(tb_str_of(s->voices[i].node), node)) {
            *out = &s->voices[i];
            return TB_OK;
        }
    }
    return add_voice(s, node, out, err);
}

static int hour_of(const struct tb_zone *zone, int64_t ts_us)
{
    int64_t local = ts_us + (int64_t)tb_zone_offset(zone, ts_us) * TB_US_PER_S;
    int64_t hour = local / TB_US_PER_H - (local % TB_US_PER_H < 0);
    return (int)(((hour % HOURS) + HOURS) % HOURS);
}

static enum tb_status mark(struct search *s, int32_t day, struct tb_str node, uint32_t bits,
                           struct tb_err *err)
{
    struct voice *v = NULL;
    if (day < s->first || day > s->last) {
        return TB_OK;
    }
    if ((bits & SPOKE) != 0) {
        s->voices[0].day[day - s->first] |= bits;
    }
    if (node.s == NULL) {
        return TB_OK;
    }
    enum tb_status st = find_voice(s, node, &v, err);
    if (st == TB_OK) {
        v->day[day - s->first] |= bits;
    }
    return st;
}

static enum tb_status read_quarters(struct search *s, struct tb_err *err)
{
    const struct tb_zone *zone = s->settings->zone;
    struct tb_query *q = NULL;
    enum tb_status st =
        tb_query_open(s->db, tb_embed_text(tb_embed_reports, "silence_quarters.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_text(q, "source", tb_str_of(s->expect->source));
    tb_query_bind_int(q, "from_quarter", tb_zone_day_start(zone, s->first) / QUARTER_US);
    tb_query_bind_int(q, "to_quarter", (tb_zone_day_start(zone, s->last + 1) - 1) / QUARTER_US + 1);
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        int64_t ts_us = tb_query_int(q, 0) * QUARTER_US;
        st = mark(s, tb_zone_day(zone, ts_us), tb_query_text(q, 1), (uint32_t)1 << hour_of(zone, ts_us), err);
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status read_files(struct search *s, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(s->db, tb_embed_text(tb_embed_reports, "silence_files.sql"), &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_text(q, "source", tb_str_of(s->expect->source));
    tb_query_bind_int(q, "from_day", s->first);
    tb_query_bind_int(q, "to_day", s->last);
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        st = mark(s, (int32_t)tb_query_int(q, 0), tb_query_text(q, 1), FILED, err);
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

/* --- the rule ------------------------------------------------------------------------------------------------ */

static uint32_t bits_of(const struct search *s, size_t voice, int32_t day)
{
    return s->voices[voice].day[day - s->first];
}

static bool spoke(const struct search *s, int32_t day)
{
    return (bits_of(s, 0, day) & SPOKE) != 0;
}

static void find_alike(const struct search *s, int32_t day, struct alike *out)
{
    bool is_free = tb_settings_day_is_free(s->settings, day), begun = false;
    int32_t earliest = day - TB_SILENCE_DAYS;
    out->n = 0;
    while (earliest < day && !spoke(s, earliest)) {
        earliest++;
    }
    for (int32_t d = day - 1; d >= earliest && out->n < TB_SILENCE_ALIKE; d--) {
        if (tb_settings_day_is_free(s->settings, d) == is_free) {
            begun = begun || spoke(s, d);
            if (begun) {
                out->day[out->n++] = d;
            }
        }
    }
}

/* On how many of the days alike any of the bits was set. */
static int count(const struct search *s, const struct alike *a, size_t voice, uint32_t bits)
{
    int n = 0;
    for (int i = 0; i < a->n; i++) {
        n += (bits_of(s, voice, a->day[i]) & bits) != 0;
    }
    return n;
}

static bool is_usual(const struct alike *a, int n)
{
    return a->n >= TB_SILENCE_LEAST && 5 * n >= 4 * a->n;
}

static enum tb_status add(struct search *s, const struct tb_silence *row, const char *node,
                          struct tb_err *err)
{
    struct tb_silences *out = s->out;
    if (out->n == out->cap) {
        size_t cap = out->cap > 0 ? 2 * out->cap : 16;
        struct tb_silence *rows = realloc(out->rows, cap * sizeof *rows);
        if (rows == NULL) {
            return no_memory(err);
        }
        out->rows = rows;
        out->cap = cap;
    }
    out->rows[out->n] = *row;
    out->rows[out->n].source = s->expect->source;
    out->rows[out->n].node = node != NULL ? strdup(node) : NULL;
    if (node != NULL && out->rows[out->n].node == NULL) {
        return no_memory(err);
    }
    out->n++;
    return TB_OK;
}

static void read_clock(const struct tb_zone *zone, int32_t day, struct clock *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t t = tb_zone_day_start(zone, day), end = tb_zone_day_start(zone, day + 1); t < end;
         t += QUARTER_US) {
        int hour = hour_of(zone, t);
        out->from_us[hour] = out->from_us[hour] == 0 ? t : out->from_us[hour];
        out->to_us[hour] = t + QUARTER_US;
    }
}

static bool is_over(const struct search *s, int64_t to_us)
{
    return s->now_us == 0 || to_us <= s->now_us;
}

static enum tb_status judge_hours(struct search *s, int32_t day, const struct alike *a, struct tb_err *err)
{
    struct clock clock;
    struct tb_silence row = {
        .day = day, .free_day = tb_settings_day_is_free(s->settings, day), .alike = a->n};
    uint32_t today = bits_of(s, 0, day);
    enum tb_status st = TB_OK;
    read_clock(s->settings->zone, day, &clock);
    for (int h = 0; st == TB_OK && h <= HOURS; h++) {
        bool there = h < HOURS && clock.to_us[h] != 0;
        int n = there ? count(s, a, 0, (uint32_t)1 << h) : 0;
        if (h < HOURS && !there) {
            continue; /* an hour that the clock leaps over parts nothing */
        }
        if (there && is_over(s, clock.to_us[h]) && is_usual(a, n) && (today >> h & 1) == 0) {
            row.from_hour = row.hours == 0 ? h : row.from_hour;
            row.to_hour = h + 1;
            row.spoke = row.hours == 0 || n < row.spoke ? n : row.spoke;
            row.hours++;
        } else if (row.hours > 0) {
            st = add(s, &row, NULL, err);
            row.hours = 0;
        }
    }
    return st;
}

static enum tb_status judge_nodes(struct search *s, int32_t day, const struct alike *a, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 1; st == TB_OK && i < s->n; i++) {
        int n = count(s, a, i, SPOKE | FILED);
        if (bits_of(s, i, day) == 0 && is_usual(a, n)) {
            struct tb_silence row = {.day = day,
                                     .whole_day = true,
                                     .hours = 1,
                                     .free_day = tb_settings_day_is_free(s->settings, day),
                                     .spoke = n,
                                     .alike = a->n};
            st = add(s, &row, s->voices[i].node, err);
        }
    }
    return st;
}

static enum tb_status judge_day(struct search *s, int32_t day, struct tb_err *err)
{
    struct alike a;
    find_alike(s, day, &a);
    int n = count(s, &a, 0, SPOKE);
    bool over = is_over(s, tb_zone_day_start(s->settings->zone, day + 1));
    if (a.n < TB_SILENCE_LEAST) {
        return TB_OK;
    }
    if (over && !spoke(s, day)) {
        struct tb_silence row = {.day = day,
                                 .whole_day = true,
                                 .hours = 1,
                                 .free_day = tb_settings_day_is_free(s->settings, day),
                                 .spoke = n,
                                 .alike = a.n};
        return is_usual(&a, n) ? add(s, &row, NULL, err) : TB_OK;
    }
    enum tb_status st = TB_OK;
    if (strcmp(s->expect->every, "hour") == 0) {
        st = judge_hours(s, day, &a, err);
    }
    return st == TB_OK && over ? judge_nodes(s, day, &a, err) : st;
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static int by_node(const void *a, const void *b)
{
    const struct voice *x = a, *y = b;
    return strcmp(x->node, y->node);
}

static void release_voices(struct search *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->voices[i].node);
        free(s->voices[i].day);
    }
    free(s->voices);
    s->voices = NULL;
    s->n = s->cap = 0;
}

static enum tb_status judge_source(struct search *s, int32_t from_day, struct tb_err *err)
{
    struct voice *own = NULL;
    enum tb_status st = add_voice(s, TB_STR_NULL, &own, err);
    if (st == TB_OK) {
        st = read_quarters(s, err);
    }
    if (st == TB_OK) {
        st = read_files(s, err);
    }
    if (st == TB_OK) {
        qsort(s->voices + 1, s->n - 1, sizeof *s->voices, by_node);
    }
    for (int32_t day = from_day; st == TB_OK && day <= s->last; day++) {
        st = judge_day(s, day, err);
    }
    release_voices(s);
    return st;
}

enum tb_status tb_silence_find(struct tb_db *db, const struct tb_settings *settings, int32_t from_day,
                               int32_t to_day, int64_t now_us, struct tb_silences *out, struct tb_err *err)
{
    struct search s = {.db = db,
                       .settings = settings,
                       .now_us = now_us,
                       .first = from_day - TB_SILENCE_DAYS,
                       .last = to_day,
                       .out = out};
    enum tb_status st = TB_OK;
    *out = (struct tb_silences){.rows = NULL};
    for (int i = 0; st == TB_OK && i < settings->expect_count; i++) {
        s.expect = &settings->expects[i];
        st = judge_source(&s, from_day, err);
    }
    if (st != TB_OK) {
        tb_silence_release(out);
    }
    return st;
}

void tb_silence_release(struct tb_silences *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->rows[i].node);
    }
    free(s->rows);
    *s = (struct tb_silences){.rows = NULL};
}

void tb_silence_reason(const struct tb_silence *s, char out[TB_SILENCE_WORDS_MAX])
{
    if (s->node != NULL) {
        snprintf(out, TB_SILENCE_WORDS_MAX, "no file of node \"%.200s\"", s->node);
    } else if (s->whole_day) {
        snprintf(out, TB_SILENCE_WORDS_MAX, "silent all day");
    } else {
        snprintf(out, TB_SILENCE_WORDS_MAX, "silent from %02d:00 to %02d:00", s->from_hour, s->to_hour);
    }
}

void tb_silence_words(const struct tb_silence *s, char out[TB_SILENCE_WORDS_MAX])
{
    char day[TB_TS_TEXT_MAX], reason[TB_SILENCE_WORDS_MAX];
    tb_day_format(s->day, day);
    tb_silence_reason(s, reason);
    snprintf(out, TB_SILENCE_WORDS_MAX,
             "source \"%.60s\", %s: %.240s; it had lines then on %d of %d %s before", s->source, day, reason,
             s->spoke, s->alike, s->free_day ? "free days" : "workdays");
}
