/* The words of evidence: a finance person reads them, a query can check them. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "detect/judge.h"

void tb_words_add(struct tb_words *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(w->s + w->n, sizeof w->s - w->n, fmt, args);
    va_end(args);
    w->n = n < 0 || w->n + (size_t)n >= sizeof w->s ? sizeof w->s - 1 : w->n + (size_t)n;
}

void tb_words_text(struct tb_words *w, struct tb_str s)
{
    for (size_t i = 0; i < s.n && i < 60 && w->n + 1 < sizeof w->s; i++) {
        w->s[w->n++] = iscntrl((unsigned char)s.s[i]) ? '?' : s.s[i];
        w->s[w->n] = '\0';
    }
}

/* end: the first instant of a day is the end of the one before. */
static void add_instant(struct tb_words *w, const struct tb_zone *zone, int64_t us, bool day, bool end)
{
    static const char *const weekday[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const month[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t local = us + (int64_t)tb_zone_offset(zone, us) * TB_US_PER_S;
    int32_t civil = tb_utc_day(local);
    int minutes = (int)((local - civil * TB_US_PER_DAY) / TB_US_PER_MIN), year, mon, mday;
    tb_day_civil(civil, &year, &mon, &mday);
    if (day) {
        tb_words_add(w, "%s %d %s ", weekday[tb_day_weekday(civil)], mday, month[mon - 1]);
    }
    tb_words_add(w, "%02d:%02d", end && !day && minutes == 0 ? 24 : minutes / 60, minutes % 60);
}

void tb_words_instant(struct tb_words *w, const struct tb_subject *s, int64_t us, int64_t start_us)
{
    const struct tb_zone *zone = s->clock->zone;
    add_instant(w, zone, us, tb_zone_day(zone, us) != tb_zone_day(zone, start_us), false);
}

void tb_words_window(struct tb_words *w, const struct tb_subject *s, int64_t start_us, int64_t end_us)
{
    const struct tb_zone *zone = s->clock->zone;
    bool same = tb_zone_day(zone, start_us) == tb_zone_day(zone, end_us - 1);
    char utc[TB_TS_TEXT_MAX], utc_end[TB_TS_TEXT_MAX];
    add_instant(w, zone, start_us, true, false);
    tb_words_add(w, " to ");
    add_instant(w, zone, end_us, !same, true);
    tb_ts_format(start_us / TB_US_PER_S * TB_US_PER_S, utc);
    tb_ts_format(end_us / TB_US_PER_S * TB_US_PER_S, utc_end);
    tb_words_add(w, " %s (%s/%s)", s->zone, utc, utc_end);
}

void tb_words_cost(struct tb_words *w, const struct tb_judge *j, int64_t pico)
{
    char text[TB_MONEY_TEXT_MAX] = "0";
    bool dollars = strcmp(j->settings->currency, "USD") == 0;
    bool small = pico < INT64_C(10000000000) && pico > -INT64_C(10000000000);
    tb_money rounded = 0;
    if (small) {
        if (tb_money_div((tb_money)pico * TB_PICO_OF_MONEY, 1, 6, &rounded)) {
            tb_money_format(rounded, text);
        }
    } else {
        int64_t cents = 0;
        if (tb_money_cents_round((tb_money)pico * TB_PICO_OF_MONEY, &cents)) {
            tb_cents_format(cents, text);
        }
    }
    tb_words_add(w, "%s%s%s%s", dollars ? "$" : "", text, dollars ? "" : " ",
                 dollars ? "" : j->settings->currency);
}

/* The feature with most of the day's requests. */
void tb_words_volume(struct tb_words *words, const struct tb_judge *j, const struct tb_subject *s)
{
    size_t from, to, best = 0;
    uint64_t all = 0;
    TB_DIGEST_RANGE(j->today, cell, s->consumer, from, to);
    uint64_t most = 0;
    for (size_t i = from; i < to; i++) {
        uint64_t n = 0;
        all += j->today->cell[i].n;
        for (size_t k = from; k < to; k++) {
            n += j->today->cell[k].feature == j->today->cell[i].feature ? j->today->cell[k].n : 0;
        }
        struct tb_str a = tb_dict_text(j->db, j->today->cell[i].feature),
                      b = tb_dict_text(j->db, j->today->cell[best].feature);
        if (n > most || (n == most && i > from && tb_str_cmp(a, b) < 0)) {
            most = n;
            best = i;
        }
    }
    if (to > from && all > 0 && j->today->cell[best].feature != 0) {
        tb_words_add(words, "; driver: volume, %.0f%% of the day from feature ",
                     100.0 * (double)most / (double)all);
        tb_words_text(words, tb_dict_text(j->db, j->today->cell[best].feature));
    }
}

void tb_finding_tell(struct tb_finding *f, const struct tb_words *w)
{
    memcpy(f->evidence, w->s, w->n);
    f->evidence[w->n] = '\0';
}
