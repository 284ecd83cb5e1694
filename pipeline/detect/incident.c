/* One incident, one row: today's reports of a consumer that tell of the same are merged, and an incident that was open yesterday
 * keeps its id. Bounded: a row never grows past what it can be about. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/hash.h"
#include "detect/judge.h"

#define DAYS_OFF 4 /* that an open incident may pass over, all in all: weekends, unclear days */

enum family { REPEAT, BOT, FAILURE, SIZE, RATIO, VOLUME, OTHER };

static enum family family_of(enum tb_kind k)
{
    switch (k) {
    case TB_KIND_LOOP_GROWING:
    case TB_KIND_REPEAT_EXACT:
    case TB_KIND_REPEAT_TEMPLATE:
    case TB_KIND_REPEAT_NEAR:
        return REPEAT;
    case TB_KIND_BOT_UA:
    case TB_KIND_BOT_REGULAR:
    case TB_KIND_BOT_24H:
        return BOT;
    case TB_KIND_RETRY_STORM:
    case TB_KIND_OUTAGE:
        return FAILURE;
    case TB_KIND_LARGE_PROMPT:
        return SIZE;
    case TB_KIND_HIDDEN_RECOMPUTE:
    case TB_KIND_MODEL_MIX:
    case TB_KIND_CONTEXT_BLOAT:
    case TB_KIND_OUTPUT_BLOAT:
        return RATIO;
    case TB_KIND_OFF_HOURS:
    case TB_KIND_SPIKE:
    case TB_KIND_SUSTAINED:
        return VOLUME;
    default:
        return OTHER;
    }
}

/* Ratios and new levels are about days, all else about hours. */
static bool is_slow(enum tb_kind k)
{
    return k == TB_KIND_SUSTAINED || family_of(k) == RATIO;
}

static int64_t span_max(const struct tb_judge *j, enum tb_kind k)
{
    return is_slow(k) ? (int64_t)(j->rules.new_normal_days + 2) * TB_US_PER_DAY
                      : (int64_t)(j->rules.incident_hours_max * (double)TB_US_PER_H);
}

static bool touches(const struct tb_judge *j, const struct tb_finding *a, const struct tb_finding *b)
{
    int64_t gap = (int64_t)(j->rules.merge_gap_min * (double)TB_US_PER_MIN);
    gap = family_of(a->kind) == BOT && a->kind == b->kind
              ? (int64_t)(j->rules.agent_gap_hours * (double)TB_US_PER_H)
              : gap;
    return a->start_us <= b->end_us + gap && b->start_us <= a->end_us + gap;
}

static int64_t union_span(const struct tb_finding *a, const struct tb_finding *b)
{
    return (a->end_us > b->end_us ? a->end_us : b->end_us) -
           (a->start_us < b->start_us ? a->start_us : b->start_us);
}

/* Whether two reports are pieces of one thing. */
static bool is_same(const struct tb_judge *j, const struct tb_finding *a, const struct tb_finding *b)
{
    enum family f = family_of(a->kind);
    if (f != family_of(b->kind) || !touches(j, a, b) || union_span(a, b) > span_max(j, a->kind)) {
        return false;
    }
    switch (f) {
    case RATIO:
        return a->kind == b->kind;
    case OTHER:
        return a->kind == b->kind && a->value == b->value && a->subject == b->subject;
    case BOT:
        return a->kind == b->kind ? a->subject == b->subject : true;
    default:
        return true;
    }
}

/* The share of b's window that a does not cover. */
static double fresh_share(const struct tb_finding *a, const struct tb_finding *b)
{
    int64_t from = a->start_us > b->start_us ? a->start_us : b->start_us;
    int64_t to = a->end_us < b->end_us ? a->end_us : b->end_us;
    return to <= from ? 1 : 1 - (double)(to - from) / (double)(b->end_us - b->start_us);
}

/* Kinds whose cost is that of counted calls of their day: costs of two reports add up. */
static bool is_counted(enum tb_kind k)
{
    return family_of(k) == REPEAT || family_of(k) == SIZE || family_of(k) == FAILURE || k == TB_KIND_BOT_UA ||
           k == TB_KIND_BOT_REGULAR;
}

static void widen(struct tb_finding *p, const struct tb_finding *f)
{
    p->start_us = f->start_us < p->start_us ? f->start_us : p->start_us;
    p->end_us = f->end_us > p->end_us ? f->end_us : p->end_us;
}

/* f is another piece of p. */
static void absorb(struct tb_finding *p, const struct tb_finding *f)
{
    bool counted =
        is_counted(p->kind) && is_counted(f->kind) && (p->kind == f->kind || family_of(p->kind) == REPEAT);
    double share = counted ? 1 : p->kind == f->kind ? fresh_share(p, f) : 0;
    p->cost += llround((double)f->cost * share);
    p->extra += f->extra * share;
    p->observed += counted ? f->observed : 0;
    for (uint32_t i = 0; counted && i < f->seen_n && p->seen_n < TB_SEEN_MAX; i++) {
        p->seen[p->seen_n++] = f->seen[i];
    }
    p->severity = f->severity > p->severity ? f->severity : p->severity;
    p->also |= f->also | (f->kind != p->kind ? 1u << f->kind : 0);
    if (p->kind == f->kind || family_of(p->kind) == REPEAT || family_of(p->kind) == BOT) {
        widen(p, f);
    }
}

/* p is what f saw: the calls p tells of are most of what f found too many. */
static bool explains(const struct tb_judge *j, const struct tb_finding *p, const struct tb_finding *f)
{
    if (!touches(j, p, f) || family_of(p->kind) == family_of(f->kind) || family_of(f->kind) == OTHER ||
        family_of(p->kind) == OTHER) {
        return false;
    }
    if (family_of(f->kind) == BOT &&
        family_of(p->kind) == REPEAT) { /* a loop is even too: it must be most of the bot */
        return p->extra >= 0.5 * f->extra && fresh_share(p, f) < 0.7;
    }
    if (family_of(p->kind) == RATIO && p->kind != TB_KIND_HIDDEN_RECOMPUTE && family_of(f->kind) == VOLUME &&
        !is_slow(f->kind) && p->end_us - p->start_us > TB_US_PER_DAY) {
        return false; /* more calls for some hours amid days of other calls */
    }
    return p->extra >= 0.5 * f->extra ||
           (family_of(f->kind) == RATIO && p->cost >= f->cost / 2 && f->cost > 0);
}

static int rank(const struct tb_finding *a, const struct tb_finding *b)
{
    if (family_of(a->kind) == VOLUME && family_of(b->kind) == VOLUME &&
        a->extra != b->extra) { /* the larger one tells */
        return a->extra > b->extra ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    if (a->start_us != b->start_us) {
        return a->start_us < b->start_us ? -1 : 1;
    }
    if (a->end_us != b->end_us) {
        return a->end_us > b->end_us ? -1 : 1;
    }
    return a->subject != b->subject ? (a->subject < b->subject ? -1 : 1) : 0;
}

static void sort(struct tb_findings *list)
{
    for (size_t i = 1; i < list->n; i++) { /* a handful; stable */
        struct tb_finding f = list->f[i];
        size_t k = i;
        for (; k > 0 && rank(&f, &list->f[k - 1]) < 0; k--) {
            list->f[k] = list->f[k - 1];
        }
        list->f[k] = f;
    }
}

/* Whether p leaves too few of f's calls for a bot, or too few even ones: a stretch may begin and end among others. */
static bool leaves_little(const struct tb_judge *j, const struct tb_finding *p, const struct tb_finding *f)
{
    const struct tb_rules *r = &j->rules;
    return f->extra - p->extra < r->regular_requests ||
           f->score * f->extra - p->extra < r->regular_share * r->regular_requests;
}

/* Even gaps of which a loop or a storm leaves little are its own. */
static void drop_even(const struct tb_judge *j, struct tb_findings *today)
{
    for (size_t i = today->n; i-- > 0;) {
        struct tb_finding *f = &today->f[i], *of = NULL;
        for (size_t k = 0; k < today->n && f->kind == TB_KIND_BOT_REGULAR && of == NULL; k++) {
            struct tb_finding *p = &today->f[k];
            bool other = family_of(p->kind) == REPEAT || family_of(p->kind) == FAILURE;
            of = other && touches(j, p, f) && leaves_little(j, p, f) ? p : NULL;
        }
        if (of != NULL) {
            of->also |= 1u << f->kind;
            memmove(f, f + 1, (today->n - i - 1) * sizeof *f);
            today->n--;
        }
    }
}

static void merge_today(const struct tb_judge *j, struct tb_findings *today)
{
    size_t n = 0;
    drop_even(j, today);
    sort(today);
    for (size_t i = 0; i < today->n; i++) {
        struct tb_finding *f = &today->f[i];
        bool told = false;
        for (size_t k = 0; k < n && !told; k++) {
            struct tb_finding *p = &today->f[k];
            if (is_same(j, p, f)) {
                absorb(p, f);
                told = true;
            } else if (explains(j, p, f)) {
                p->also |= 1u << f->kind | f->also;
                told = true;
            }
        }
        if (!told) {
            today->f[n++] = *f;
        }
    }
    today->n = n;
}

static void make_id(const struct tb_subject *s, const struct tb_judge *j, struct tb_finding *f)
{
    struct tb_sha256 h;
    char hex[TB_SHA256_HEX];
    struct tb_str value = f->dimension != NULL ? tb_dict_text(j->db, f->value) : TB_STR_NULL;
    const char *kind = tb_kind_names[f->kind];
    tb_sha256_init(&h);
    tb_sha256_add(&h, kind, strlen(kind) + 1);
    tb_sha256_add(&h, s->name.n > 0 ? s->name.s : "", s->name.n);
    tb_sha256_add(&h, "", 1);
    if (value.n > 0) {
        tb_sha256_add(&h, value.s, value.n);
    }
    bool keyed = family_of(f->kind) == REPEAT || f->kind == TB_KIND_CACHE_CANDIDATE;
    if (!keyed) { /* a prompt's fingerprint is by a key of the installation; their first calls tell two runs apart as well */
        tb_sha256_add(&h, &f->subject, sizeof f->subject);
    }
    tb_sha256_add(&h, &f->start_us, sizeof f->start_us);
    tb_sha256_hex(&h, hex);
    memcpy(f->id, hex, 16);
    f->id[16] = '\0';
}

static enum tb_day_type type_of(const struct tb_subject *s, int32_t day)
{
    int32_t at = day - s->clock->day_first;
    return at < 0 || at >= s->clock->days ? TB_WORKDAY : (enum tb_day_type)s->clock->type[at];
}

/* Is f what o was yesterday or before. */
static bool continues(const struct tb_judge *j, const struct tb_subject *s, const struct tb_finding *o,
                      const struct tb_finding *f)
{
    if (o->last_day >= j->day - 1 && is_same(j, o, f)) {
        return true;
    }
    /* a new level is seen again after a weekend; a day like those of the later one that neither tells of parts two incidents */
    const struct tb_zone *zone = family_of(f->kind) == RATIO ? j->settings->zone : s->clock->zone;
    const int64_t noon = 12 * TB_US_PER_H;
    int32_t from = tb_zone_day(zone, f->start_us + noon);
    bool apart = false;
    for (int32_t d = tb_zone_day(zone, o->end_us - noon) + 1;
         d <= tb_zone_day(zone, f->start_us - noon) && !apart; d++) {
        apart = type_of(s, d) == type_of(s, j->day) || type_of(s, d) == type_of(s, from);
    }
    return is_slow(f->kind) && o->kind == f->kind && !apart && !o->new_normal &&
           union_span(o, f) <= span_max(j, f->kind) + DAYS_OFF * TB_US_PER_DAY;
}

/* The new normal: from here on what is usual is what the incident brought. */
static void adopt(const struct tb_judge *j, struct tb_subject *s, const struct tb_finding *f)
{
    int32_t from = tb_zone_day(s->clock->zone, f->start_us);
    if (family_of(f->kind) == RATIO) {
        s->ratio_from = f->first_day;
    } else {
        s->level_from[type_of(s, j->day)] = from;
    }
    for (int32_t day = f->first_day; day <= j->day && family_of(f->kind) == RATIO; day++) {
        s->day_flag[day - j->first] &= (uint8_t)~TB_FLAG_RATIO;
    }
    for (int32_t day = from; day <= j->day && family_of(f->kind) == VOLUME; day++) {
        for (int h = 0; h < 24; h++) {
            int at = tb_local_at(s, day, h);
            if (at >= 0) {
                s->flag[at] = 0;
            }
        }
    }
}

static void carry_on(struct tb_judge *j, struct tb_finding *o, struct tb_finding *f)
{
    double share = is_counted(f->kind) ? 1 : fresh_share(o, f);
    char first[TB_TS_TEXT_MAX];
    struct tb_words w = {.n = 0};
    memcpy(f->id, o->id, sizeof f->id);
    f->cost = o->cost + llround((double)f->cost * share);
    f->first_day = o->first_day;
    f->also |= o->also | (o->kind != f->kind ? 1u << o->kind : 0);
    f->start_us = o->start_us < f->start_us ? o->start_us : f->start_us;
    f->score = o->score > f->score ? o->score : f->score;
    f->new_normal = j->day - f->first_day >= (int32_t)j->rules.new_normal_days;
    tb_day_format(f->first_day, first);
    tb_words_add(&w, "%s; open since %s (day %d)%s", f->evidence, first, j->day - f->first_day + 1,
                 f->new_normal ? "; from now on this is taken as the new normal" : "");
    tb_finding_tell(f, &w);
}

/* Whether calls counted one by one are a good part of their hours: then these are no measure of what is usual. */
static bool fills(const struct tb_judge *j, const struct tb_subject *s, const struct tb_finding *f)
{
    double n = 0;
    for (int64_t us = f->start_us / TB_US_PER_H * TB_US_PER_H; us < f->end_us; us += TB_US_PER_H) {
        int32_t at = (int32_t)(us / TB_US_PER_H) - s->clock->hour_first;
        n +=
            at >= 0 && at < s->clock->hours ? s->n[tb_local_at(s, s->clock->day[at], s->clock->hour[at])] : 0;
    }
    return is_counted(f->kind) && f->extra >= j->rules.spike_excess && f->extra >= j->rules.flag_share * n;
}

static void flag(const struct tb_judge *j, const struct tb_subject *s, const struct tb_finding *f)
{
    uint32_t kinds = f->also | 1u << f->kind;
    bool volume = (kinds & (1u << TB_KIND_SPIKE | 1u << TB_KIND_SUSTAINED | 1u << TB_KIND_OFF_HOURS)) != 0;
    bool ratio = family_of(f->kind) == RATIO || family_of(f->kind) == SIZE ||
                 f->kind == TB_KIND_LOOP_GROWING || (family_of(f->kind) == REPEAT && kinds != 1u << f->kind);
    bool size = family_of(f->kind) == SIZE || f->kind == TB_KIND_LOOP_GROWING;
    if (f->new_normal || s->flag == NULL) {
        return;
    }
    volume = volume || (s->consumer != 0 && fills(j, s, f));
    for (int64_t us = f->start_us / TB_US_PER_H * TB_US_PER_H; volume && us < f->end_us; us += TB_US_PER_H) {
        int32_t at = (int32_t)(us / TB_US_PER_H) - s->clock->hour_first;
        if (at >= 0 && at < s->clock->hours) {
            s->flag[tb_local_at(s, s->clock->day[at], s->clock->hour[at])] = 1;
        }
    }
    for (int32_t d = j->first; ratio && d <= j->day; d++) {
        const struct tb_digest *g = &j->digest[d - j->first];
        if (g->from_us < f->end_us && f->start_us < g->to_us) {
            s->day_flag[d - j->first] |= size ? TB_FLAG_RATIO | TB_FLAG_SIZE : TB_FLAG_RATIO;
        }
    }
}

/* What the hours of a sustained level cost beyond the usual, each hour counted once however often it was looked at. */
static int64_t over_between(const struct tb_subject *s, int64_t from_us, int64_t to_us)
{
    double sum = 0;
    for (int64_t us = from_us / TB_US_PER_H * TB_US_PER_H; us < to_us; us += TB_US_PER_H) {
        int32_t at = (int32_t)(us / TB_US_PER_H) - s->clock->hour_first;
        sum += at >= 0 && at < s->clock->hours
                   ? s->over[tb_local_at(s, s->clock->day[at], s->clock->hour[at])]
                   : 0;
    }
    return llround(sum);
}

enum tb_status tb_incident_merge(struct tb_judge *j, struct tb_subject *s, struct tb_findings *today,
                                 struct tb_findings *open)
{
    for (size_t i = 0; i < today->n; i++) { /* windows grow and join from here on */
        struct tb_finding *f = &today->f[i];
        if (f->seen_n == 0) {
            f->seen[f->seen_n++] =
                (struct tb_seen){.start_us = f->start_us, .end_us = f->end_us, .subject = f->subject};
        }
    }
    merge_today(j, today);
    for (size_t i = 0; i < today->n; i++) {
        struct tb_finding *f = &today->f[i], *before = NULL;
        f->consumer = s->consumer;
        f->first_day = f->last_day = j->day;
        for (size_t k = 0; k < open->n && before == NULL; k++) {
            before = continues(j, s, &open->f[k], f) && open->f[k].last_day < j->day ? &open->f[k] : NULL;
        }
        if (before != NULL) {
            carry_on(j, before, f);
        } else {
            make_id(s, j, f);
            before = tb_findings_add(open, f->kind);
            if (before == NULL) {
                return tb_judge_no_memory(j);
            }
        }
        if (f->kind == TB_KIND_SUSTAINED && s->consumer != 0) {
            f->cost = over_between(s, f->start_us, f->end_us);
        }
        *before = *f;
        flag(j, s, f);
        if (f->new_normal && s->flag != NULL && is_slow(f->kind)) {
            adopt(j, s, f);
        }
    }
    return TB_OK;
}
