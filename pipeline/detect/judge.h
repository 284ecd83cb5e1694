/* Concept: judging one day by digests: what every judge sees. Inside detect/ only.
 * Shape:   a tb_judge holds the digests of days first..last and the day being judged; a tb_subject is one consumer with its hours by
 *          its own clock, local days from `local_first` on, 24 hours each. A judge reads days before the judged one and the day
 *          itself, never later ones.
 * Owns:    the judge owns digests, clocks and findings until detect.c releases them; a subject lives for one consumer.
 */
#ifndef TB_JUDGE_H
#define TB_JUDGE_H

#include "base/hash.h"
#include "base/zone.h"
#include "detect/digest.h"
#include "detect/finding.h"
#include "rate/account.h"
#include "rate/spend.h"
#include "store/events.h"

enum tb_day_type { TB_WORKDAY, TB_WEEKEND, TB_HOLIDAY };

/* A time zone's hours: which local day and hour each UTC hour is. */
struct tb_local_clock {
    const struct tb_zone *zone;
    struct tb_zone *owned;
    int32_t hour_first; /* UTC hours since 1970 */
    int hours;
    int32_t *day; /* by hour */
    uint8_t *hour;
    int32_t day_first;
    int days;
    int32_t *at;   /* by (local day - day_first) * 24 + local hour: UTC hour, -1 = there is none */
    uint8_t *type; /* by local day */
};

struct tb_judge {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables;
    int64_t version, as_of_us; /* as asked (detect.h) */
    struct tb_rules rules;
    struct tb_digest *digest; /* by day - first */
    int32_t first, last;
    int32_t data_first; /* first day with events */
    int32_t day;        /* judged now */
    const struct tb_digest *today;
    struct tb_spends spends; /* of budgets */
    struct tb_accountbook *accounts;
    struct tb_local_clock *clock;
    size_t clock_n, clock_cap;
    struct tb_findings *out; /* of this day and subject */
    struct tb_err *err;
};

/* Days that an incident keeps from being a measure of what is usual. */
enum tb_day_flag { TB_FLAG_RATIO = 1, TB_FLAG_SIZE = 2 };

struct tb_subject {
    uint32_t consumer;
    struct tb_str name;
    bool declared; /* an application or a service */
    const struct tb_local_clock *clock;
    const char *zone;  /* as told: "Berlin" */
    double *n, *cost;  /* by local hour */
    double *over;      /* by local hour: the cost beyond the usual that a sustained level was told to have */
    uint8_t *flag;     /* by local hour: in an incident */
    uint8_t *day_flag; /* by civil day - judge->first */
    int32_t first_local; /* first local day with calls */
    int32_t first_day;   /* first civil day */
    int32_t level_from[TB_HOLIDAY +
                       1]; /* by day type: local day from which a level taken as the new normal counts */
    int32_t ratio_from;    /* civil day from which sizes and shares do */
};

/* --- baseline.c --- */
double tb_median(double *v, size_t n);                                    /* sorts v; 0 for none */
double tb_mad(const double *v, size_t n, double median);                  /* 1.4826 times it */
int tb_local_at(const struct tb_subject *s, int32_t local_day, int hour); /* index in n, cost, flag */

struct tb_baseline {
    double value[32]; /* of the window on each day of history, newest first */
    size_t n;
    double mu, past_max;
};
/* The window [hour, hour + width) on earlier days of local_day's type: fewer than the support: n = 0. skip_hour (-1: none) is left out. */
void tb_baseline_window(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                        int32_t local_day, int hour, int width, int skip_hour, struct tb_baseline *out);
/* The same by days before `before`. */
void tb_baseline_before(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                        int32_t local_day, int32_t before, int hour, int width, int skip_hour,
                        struct tb_baseline *out);
/* Whether one of the windows that the same call of tb_baseline_window takes has x or more. */
bool tb_baseline_reaches(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                         int32_t local_day, int hour, int width, double x);
bool tb_baseline_supported(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, size_t n);

/* A day as local_day is, by days before `before`: its median, shared out to hours by their means. n = 0: not known. */
struct tb_usual_day {
    double day, hour[24];
    size_t n;
};
void tb_usual_day(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int32_t before,
                  struct tb_usual_day *out);

/* --- dispersion.c --- */
struct tb_dispersion {
    double phi, cv2;  /* var = phi mu + cv2 mu^2; who asks how rare a count is sets cv2 */
    int32_t left_out; /* a local day that was not learned from; -1 */
};
/* phi is learned from the days before `before`, working days alone when local_day is one, flagged hours and one burst left out; never
 * under the rules' floor. */
void tb_dispersion_learn(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day,
                         int32_t before, struct tb_dispersion *out);
/* The largest window of a width, at any hour, on the days that local_day's phi was learned from. */
double tb_dispersion_most(const struct tb_judge *j, const struct tb_subject *s,
                          const struct tb_dispersion *own, int32_t local_day, int width);
/* How rare a count of x or more is where mu is usual (> 0), as the normal's deviation of the same tail (a bound of it). */
double tb_dispersion_z(const struct tb_dispersion *d, double x, double mu);

/* --- evidence.c: words --- */
struct tb_words {
    char s[TB_EVIDENCE_MAX];
    size_t n;
};
void tb_words_add(struct tb_words *w, const char *fmt, ...) TB_PRINTF(2, 3);
void tb_words_text(struct tb_words *w, struct tb_str s); /* cut to 60 bytes, control characters as '?' */
void tb_words_window(struct tb_words *w, const struct tb_subject *s, int64_t start_us, int64_t end_us);
/* us in the zone of s; with its day where start_us, which was told before, is of another. */
void tb_words_instant(struct tb_words *w, const struct tb_subject *s, int64_t us, int64_t start_us);
void tb_words_cost(struct tb_words *w, const struct tb_judge *j, int64_t pico);
/* "; driver: volume, 40% of the day from feature F" */
void tb_words_volume(struct tb_words *w, const struct tb_judge *j, const struct tb_subject *s);
/* Sets the evidence from w, and the action of the kind. */
void tb_finding_tell(struct tb_finding *f, const struct tb_words *w);

/* --- the judges: each adds findings about s on j->day --- */
enum tb_status tb_judge_volume(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_sustained(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_bloat(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_ratio(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_size(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_repeat(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_bots(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_failure(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_platform(struct tb_judge *j, struct tb_subject *all,
                                 const struct tb_findings *told); /* consumer null */
enum tb_status tb_judge_new(struct tb_judge *j, struct tb_subject *s);
enum tb_status tb_judge_rates(struct tb_judge *j, struct tb_subject *all);
enum tb_status tb_judge_features(struct tb_judge *j, struct tb_subject *all);

/* --- limits of the tables: findings are whole, with their ids; they follow from the period or window alone, so that no day
 * before is judged again --- */
enum tb_status tb_judge_budgets(struct tb_judge *j, struct tb_subject *all);
enum tb_status tb_judge_quotas(struct tb_judge *j);

/* The end of the judged day, or the asked instant in it. */
int64_t tb_judge_until(const struct tb_judge *j);

/* --- driver.c: who spends most of what a budget is about; NULL: of everything --- */
struct tb_driver {
    uint32_t consumer;
    int64_t cost; /* pico */
};
enum tb_status tb_driver_find(struct tb_judge *j, const struct tb_budget_row *budget, int64_t from_us,
                              int64_t to_us, struct tb_driver *out) TB_MUST_USE;
void tb_words_driver(struct tb_words *w, const struct tb_judge *j, const struct tb_driver *d);

/* The first day of the judged day's history. */
static inline int32_t tb_judge_history(const struct tb_judge *j)
{
    int32_t first = j->day - (int32_t)j->rules.history_days;
    return first > j->first ? first : j->first;
}

static inline enum tb_status tb_judge_no_memory(struct tb_judge *j)
{
    return tb_err_set(j->err, TB_FATAL, TB_E_MEMORY, "no memory to judge a day");
}

/* --- incident.c --- */
/* Merges today's reports of one consumer and continues open incidents (those of earlier days, in open, which is brought up to date).
 * Afterwards `today` holds one finding per incident. */
enum tb_status tb_incident_merge(struct tb_judge *j, struct tb_subject *s, struct tb_findings *today,
                                 struct tb_findings *open);

#endif
