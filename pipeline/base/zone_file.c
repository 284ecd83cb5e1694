#include "base/zone_file.h"

#include <assert.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/zone_rule.h"

#define HEADER_BYTES 44
#define COUNT_MAX    65536 /* entries of a kind; real files have a few hundred */
#define TYPE_BYTES   6
#define DAY_SECONDS  86400
#define LISTED_MAX_S INT64_C(400000000000) /* year 14645: no file lists a transition so far away */
#define CYCLE_YEARS  402                   /* a whole cycle of 400, with one year of margin on each side */

/* One data block: views into the file. */
struct block {
    size_t time_bytes; /* 4 in version 1, 8 since */
    uint32_t times;
    uint32_t types;
    const unsigned char *time_at;
    const unsigned char *index_at;
    const unsigned char *type_at;
    size_t bytes; /* header and data */
    unsigned char version;
    bool leaps;
};

static uint32_t big32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t big64(const unsigned char *p)
{
    return (int64_t)((uint64_t)big32(p) << 32 | big32(p + 4));
}

static bool read_block(struct tb_str s, size_t time_bytes, struct block *b)
{
    if (s.n < HEADER_BYTES || memcmp(s.s, "TZif", 4) != 0) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)s.s;
    uint32_t count[6]; /* isutc, isstd, leap, time, type, char */
    for (size_t i = 0; i < 6; i++) {
        count[i] = big32(p + 20 + 4 * i);
        if (count[i] > COUNT_MAX) {
            return false;
        }
    }
    b->version = p[4];
    b->leaps = count[2] > 0;
    b->times = count[3];
    b->types = count[4];
    b->time_bytes = time_bytes;
    b->time_at = p + HEADER_BYTES;
    b->index_at = b->time_at + b->times * time_bytes;
    b->type_at = b->index_at + b->times;
    b->bytes = HEADER_BYTES + b->times * (time_bytes + 1) + b->types * TYPE_BYTES + count[5] +
               count[2] * (time_bytes + 4) + count[1] + count[0];
    return b->types > 0 && b->types <= 256 && b->bytes <= s.n;
}

/* The block to use (the 64-bit one where there is one), and the rule behind it (absent in version 1). */
static bool read_file(struct tb_str s, struct block *b, struct tb_str *rule)
{
    *rule = TB_STR_NULL;
    if (!read_block(s, 4, b)) {
        return false;
    }
    if (b->version < '2') {
        return true;
    }
    s.s += b->bytes;
    s.n -= b->bytes;
    if (!read_block(s, 8, b)) {
        return false;
    }
    s.s += b->bytes;
    s.n -= b->bytes;
    if (s.n < 2 || s.s[0] != '\n') {
        return false;
    }
    const char *end = memchr(s.s + 1, '\n', s.n - 1);
    if (end == NULL) {
        return false;
    }
    *rule = (struct tb_str){s.s + 1, (size_t)(end - s.s - 1)};
    return true;
}

static enum tb_status reserve(struct tb_zone_table *t, size_t n, struct tb_err *err)
{
    *t = (struct tb_zone_table){0};
    t->from = calloc(n, sizeof(*t->from));
    t->offset = calloc(n, sizeof(*t->offset));
    if (t->from == NULL || t->offset == NULL) {
        tb_zone_table_release(t);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a time zone");
    }
    return TB_OK;
}

/* Adds an offset from an instant on (not before the last one's). An offset that lasts no time or changes
 * nothing leaves no trace. */
static void append(struct tb_zone_table *t, int64_t from, int32_t offset)
{
    assert(t->n == 0 || from >= t->from[t->n - 1]);
    while (t->n > 0 && t->from[t->n - 1] == from) {
        t->n--;
    }
    if (t->n > 0 && t->offset[t->n - 1] == offset) {
        return;
    }
    t->from[t->n] = from;
    t->offset[t->n] = offset;
    t->n++;
}

static bool type_offset(const struct block *b, unsigned index, int32_t *offset)
{
    if (index >= b->types) {
        return false;
    }
    *offset = (int32_t)big32(b->type_at + index * TYPE_BYTES);
    return *offset > -TB_ZONE_OFFSET_MAX_S && *offset < TB_ZONE_OFFSET_MAX_S;
}

/* The transitions that the file lists. *last is the last one's instant. */
static bool append_listed(struct tb_zone_table *t, const struct block *b, int64_t *last)
{
    int32_t offset = 0;
    if (!type_offset(b, 0, &offset)) {
        return false;
    }
    append(t, INT64_MIN, offset); /* type 0 holds before the first transition */
    *last = INT64_MIN;
    for (uint32_t i = 0; i < b->times; i++) {
        int64_t at = b->time_bytes == 8 ? big64(b->time_at + 8 * i) : (int32_t)big32(b->time_at + 4 * i);
        if ((i > 0 && at <= *last) || at > LISTED_MAX_S || !type_offset(b, b->index_at[i], &offset)) {
            return false;
        }
        append(t, at, offset);
        *last = at;
    }
    return true;
}

struct change {
    int64_t at;
    bool to_dst;
};

static int compare_changes(const void *va, const void *vb)
{
    const struct change *a = va;
    const struct change *b = vb;
    /* DST that ends when the next year's begins goes on: so the beginning comes last. */
    return a->at != b->at ? (a->at > b->at) - (a->at < b->at) : a->to_dst - b->to_dst;
}

static size_t list_changes(const struct tb_zone_rule *r, int first_year, struct change *list)
{
    size_t n = 0;
    for (int year = first_year; year < first_year + CYCLE_YEARS; year++) {
        int64_t start = tb_zone_rule_start(r, year);
        int64_t end = tb_zone_rule_end(r, year);
        if (start != end) {
            list[n++] = (struct change){start, true};
            list[n++] = (struct change){end, false};
        }
    }
    qsort(list, n, sizeof(*list), compare_changes);
    return n;
}

/* What the rule says behind last: one cycle of 400 years written out, so that every look-up is one search. */
static enum tb_status append_rule(struct tb_zone_table *t, const struct tb_zone_rule *r, int64_t last,
                                  struct tb_err *err)
{
    bool alone = last == INT64_MIN; /* no listed transition: the rule holds always */
    if (!r->has_dst || r->dst == r->standard) {
        append(t, last, r->standard);
        return TB_OK;
    }
    int year = 1968;
    int month = 0;
    int mday = 0;
    if (last > -200 * INT64_C(366) * DAY_SECONDS) {
        tb_day_civil((int32_t)(last / DAY_SECONDS), &year, &month, &mday);
    }
    struct change *list = calloc(2 * CYCLE_YEARS, sizeof(*list));
    if (list == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a time zone");
    }
    size_t n = list_changes(r, year, list);
    if (alone) {
        append(t, last, n > 0 && !list[0].to_dst ? r->dst : r->standard);
    }
    for (size_t i = 0; i < n; i++) {
        if (list[i].at > last) {
            append(t, list[i].at, list[i].to_dst ? r->dst : r->standard);
        }
    }
    if (n > 0) {
        t->cycles = true;
        t->cycle_end = list[n - 1].at;
    }
    free(list);
    return TB_OK;
}

enum tb_status tb_zone_table_read(struct tb_str bytes, struct tb_zone_table *t, struct tb_err *err)
{
    struct block b;
    struct tb_str rule_text;
    struct tb_zone_rule rule;
    int64_t last = 0;
    *t = (struct tb_zone_table){0};
    if (!read_file(bytes, &b, &rule_text)) {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "it is no TZif file, or a damaged one");
    }
    if (b.leaps) {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                          "it counts leap seconds, logs do not; use the zone without \"right/\"");
    }
    enum tb_status status = reserve(t, b.times + 2 * CYCLE_YEARS + 2, err);
    if (status != TB_OK) {
        return status;
    }
    bool good = append_listed(t, &b, &last);
    if (good && rule_text.n > 0) {
        good = tb_zone_rule_parse(rule_text, &rule);
        status = good ? append_rule(t, &rule, last, err) : TB_OK;
    }
    if (!good) {
        status = tb_err_set(err, TB_FAIL, TB_E_CONFIG, "it is a damaged TZif file");
    }
    if (status != TB_OK) {
        tb_zone_table_release(t);
    }
    return status;
}

enum tb_status tb_zone_table_fixed(int32_t offset, struct tb_zone_table *t, struct tb_err *err)
{
    enum tb_status status = reserve(t, 1, err);
    if (status == TB_OK) {
        append(t, INT64_MIN, offset);
    }
    return status;
}

void tb_zone_table_release(struct tb_zone_table *t)
{
    free(t->from);
    free(t->offset);
    *t = (struct tb_zone_table){0};
}
