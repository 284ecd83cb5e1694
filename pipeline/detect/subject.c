#include "detect/subject.h"

#include <stdlib.h>
#include <string.h>
#include "detect/clock.h"
#include "rate/tuple.h"

/* The clock of a zone, made at its first use; an unknown name is the billing zone (the tables were checked). */
static enum tb_status clock_of(struct tb_judge *j, struct tb_str name, int *out)
{
    const char *billing = tb_zone_name(j->settings->zone);
    if (name.n == 0 || name.n > 60) {
        name = tb_str_of(billing);
    }
    for (size_t i = 0; i < j->clock_n; i++) {
        if (tb_str_eq(tb_str_of(tb_zone_name(j->clock[i].zone)), name)) {
            *out = (int)i;
            return TB_OK;
        }
    }
    enum tb_status st =
        tb_tuples_grow((void **)&j->clock, &j->clock_cap, j->clock_n + 1, sizeof *j->clock, j->err);
    if (st != TB_OK) {
        return st;
    }
    struct tb_local_clock *c = &j->clock[j->clock_n];
    char text[64];
    memcpy(text, name.s, name.n);
    text[name.n] = '\0';
    *c = (struct tb_local_clock){.zone = j->settings->zone};
    if (!tb_str_eq(name, tb_str_of(billing))) {
        struct tb_err ignored;
        if (tb_zone_load(text, &c->owned, &ignored) == TB_OK) {
            c->zone = c->owned;
        }
    }
    *out = (int)j->clock_n++;
    return tb_local_clock_fill(c, j->settings, j->digest[0].from_us, j->digest[j->last - j->first].to_us,
                               j->err);
}

/* A day's calls and costs by its hours. */
struct day {
    double n[TB_PLACE_HOURS], cost[TB_PLACE_HOURS];
};

static void add_place(struct day *day, const struct tb_digest *g, const struct tb_dg_place *p)
{
    const struct tb_dg_hour *x = &g->hour[p->first];
    for (uint32_t left = p->hours; left != 0; left &= left - 1, x++) {
        int h = __builtin_ctz(left);
        day->n[h] += x->n;
        day->cost[h] += (double)x->cost;
    }
}

static void add_day(struct tb_subject *s, const struct tb_digest *g, const struct day *day)
{
    const struct tb_local_clock *c = s->clock;
    for (int h = 0; h < TB_PLACE_HOURS; h++) {
        int32_t i = tb_digest_hour(g, 1u << h) - c->hour_first;
        if (day->n[h] > 0 && i >= 0 && i < c->hours) {
            int at = tb_local_at(s, c->day[i], c->hour[i]);
            s->n[at] += day->n[h];
            s->cost[at] += day->cost[h];
            s->first_local = c->day[i] < s->first_local ? c->day[i] : s->first_local;
        }
    }
}

/* The hour that a clock goes through twice counts half each time; the one it leaves out is what its neighbours are. */
static void mend_changes(struct tb_subject *s)
{
    const struct tb_local_clock *c = s->clock;
    for (int i = 1; i < c->hours; i++) {
        int at = tb_local_at(s, c->day[i], c->hour[i]);
        if (c->day[i] == c->day[i - 1] && c->hour[i] == c->hour[i - 1]) {
            s->n[at] /= 2;
            s->cost[at] /= 2;
        } else if (c->day[i] == c->day[i - 1] && c->hour[i] == c->hour[i - 1] + 2) {
            s->n[at - 1] = s->n[at];
            s->cost[at - 1] = s->cost[at];
        }
    }
}

static void add_days(struct tb_subject *s, const struct tb_judge *j)
{
    for (int32_t day = j->first; day <= j->last; day++) {
        const struct tb_digest *g = &j->digest[day - j->first];
        size_t from = 0, to = g->place_n;
        if (s->consumer != 0) {
            TB_DIGEST_RANGE(g, place, s->consumer, from, to);
        }
        struct day all = {.n = {0}};
        for (size_t i = from; i < to; i++) {
            add_place(&all, g, &g->place[i]);
        }
        add_day(s, g, &all);
        s->first_day = from < to && day < s->first_day ? day : s->first_day;
    }
    mend_changes(s);
}

enum tb_status tb_subject_init(struct tb_subject *s, struct tb_judge *j, struct tb_accountbook *accounts,
                               uint32_t consumer)
{
    *s = (struct tb_subject){.consumer = consumer,
                             .first_local = INT32_MAX,
                             .first_day = INT32_MAX,
                             .name = TB_STR("all consumers")};
    const struct tb_account_row *row = NULL;
    int clock = 0;
    if (consumer != 0) {
        s->name = tb_dict_text(j->db, consumer);
        row = tb_account_find(accounts, j->digest[j->last - j->first].to_us - 1, consumer, s->name, 0,
                              TB_STR_NULL);
    }
    s->declared = row != NULL &&
                  (tb_str_eq(row->kind, TB_STR("service")) || tb_str_eq(row->kind, TB_STR("application")));
    enum tb_status st = clock_of(j, row != NULL ? row->time_zone : TB_STR_NULL, &clock);
    if (st != TB_OK) {
        return st;
    }
    s->clock = &j->clock[clock];
    const char *zone = tb_zone_name(s->clock->zone), *slash = strrchr(zone, '/');
    s->zone = slash != NULL ? slash + 1 : zone;
    size_t hours = (size_t)s->clock->days * 24;
    s->n = calloc(hours, sizeof *s->n);
    s->cost = calloc(hours, sizeof *s->cost);
    s->over = calloc(hours, sizeof *s->over);
    s->flag = calloc(hours, 1);
    s->day_flag = calloc((size_t)(j->last - j->first) + 1, 1);
    if (s->n == NULL || s->cost == NULL || s->over == NULL || s->flag == NULL || s->day_flag == NULL) {
        return tb_judge_no_memory(j);
    }
    add_days(s, j);
    return TB_OK;
}

void tb_subject_release(struct tb_subject *s)
{
    free(s->n);
    free(s->cost);
    free(s->over);
    free(s->flag);
    free(s->day_flag);
    s->n = s->cost = s->over = NULL;
    s->flag = s->day_flag = NULL;
}
