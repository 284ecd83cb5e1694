/* What concerns all: outages, unpriced models, failing tools, and costs above their baseline that no consumer's finding
 * explains. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

static struct tb_finding *add(struct tb_judge *j, enum tb_kind kind, int64_t start_us, int64_t end_us)
{
    struct tb_finding *f = tb_findings_add(j->out, kind);
    if (f != NULL) {
        f->start_us = start_us;
        f->end_us = end_us;
    }
    return f;
}

static enum tb_status judge_outages(struct tb_judge *j, struct tb_subject *s)
{
    for (size_t i = 0; i < j->today->outage_n; i++) {
        const struct tb_dg_outage *o = &j->today->outage[i];
        struct tb_finding *f = add(j, TB_KIND_OUTAGE, o->start_us, o->end_us);
        struct tb_words w = {.n = 0};
        if (f == NULL) {
            return tb_judge_no_memory(j);
        }
        uint32_t value = o->model != 0 ? o->model : o->provider;
        f->dimension = value == 0 ? NULL : o->model != 0 ? "model" : "provider";
        f->value = value;
        f->severity = TB_SEVERITY_INFO;
        f->score = f->observed = (double)o->failures / (double)o->calls;
        f->extra = o->failures;
        tb_words_text(&w, value != 0 ? tb_dict_text(j->db, value) : TB_STR("an unnamed model"));
        tb_words_add(&w, ", ");
        tb_words_window(&w, s, o->start_us, o->end_us);
        tb_words_add(&w,
                     ": %u of %u requests (%.0f%%) of %u consumers and more failed; under %.0f%% are usual; "
                     "no cost of its own",
                     o->failures, o->calls, 100 * f->score, o->consumers, 100 * j->rules.outage_share);
        tb_finding_tell(f, &w);
    }
    return TB_OK;
}

static enum tb_status judge_unpriced(struct tb_judge *j, struct tb_subject *s)
{
    for (size_t i = 0; i < j->today->unpriced_n; i++) {
        const struct tb_dg_unpriced *u = &j->today->unpriced[i];
        struct tb_finding *f = add(j, TB_KIND_UNPRICED, u->start_us, u->end_us + 1);
        struct tb_words w = {.n = 0};
        if (f == NULL) {
            return tb_judge_no_memory(j);
        }
        f->dimension = "model";
        f->value = u->model;
        f->score = f->observed = u->n;
        f->expected = 0;
        tb_words_add(&w, "model ");
        tb_words_text(&w, u->model != 0 ? tb_dict_text(j->db, u->model) : TB_STR("(none)"));
        tb_words_add(&w, ", ");
        tb_words_window(&w, s, f->start_us, f->end_us);
        tb_words_add(&w, ": %u request%s with %lld tokens %s no price; %s cost is not known and in no total",
                     u->n, u->n == 1 ? "" : "s", (long long)u->tokens, u->n == 1 ? "has" : "have",
                     u->n == 1 ? "its" : "their");
        tb_finding_tell(f, &w);
    }
    return TB_OK;
}

static enum tb_status judge_tool(struct tb_judge *j, struct tb_subject *s, const struct tb_dg_tool *t)
{
    double n = 0, failed = 0;
    int days = 0;
    int32_t first = j->day - (int32_t)j->rules.history_days;
    for (int32_t d = first > j->first ? first : j->first; d < j->day; d++) {
        const struct tb_digest *g = &j->digest[d - j->first];
        for (size_t i = 0; i < g->tool_n; i++) {
            if (g->tool[i].tool == t->tool) {
                n += g->tool[i].n;
                failed += g->tool[i].failed;
                days++;
            }
        }
    }
    double p = (failed + 0.5) / (n + 1), share = (double)t->failed / t->n;
    double z = (t->failed - t->n * p) / sqrt(t->n * p * (1 - p) + 1);
    if (days < j->rules.tool_days || t->n < j->rules.tool_n || share - p < j->rules.tool_points ||
        z < j->rules.tool_z) {
        return TB_OK;
    }
    struct tb_finding *f = add(j, TB_KIND_TOOL_FAIL, j->today->from_us, j->today->to_us);
    struct tb_words w = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->dimension = "feature";
    f->value = t->tool;
    f->score = z;
    f->observed = share;
    f->expected = p;
    tb_words_add(&w, "tool ");
    tb_words_text(&w, tb_dict_text(j->db, t->tool));
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": %u of %u calls (%.0f%%) failed; %.0f%% is usual; %u retries, %.1f a call", t->failed,
                 t->n, 100 * share, 100 * p, t->retries, (double)t->retries / t->n);
    tb_finding_tell(f, &w);
    return TB_OK;
}

/* --- costs of everybody above their baseline ----------------------------------------------------------------------------------- */

static int64_t cost_between(const struct tb_judge *j, uint32_t consumer, int64_t from_us, int64_t to_us)
{
    const struct tb_digest *g = j->today;
    size_t from, to;
    int64_t sum = 0;
    TB_DIGEST_RANGE(g, place, consumer, from, to);
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_hour *x = &g->hour[g->place[i].first];
        for (uint32_t left = g->place[i].hours; left != 0; left &= left - 1, x++) {
            int64_t us = tb_digest_hour(g, left) * TB_US_PER_H;
            sum += us + TB_US_PER_H > from_us && us < to_us ? x->cost : 0;
        }
    }
    return sum;
}

/* What of the cost in a window consumers' own findings tell of already. A consumer counts once, with its largest share. */
static double explained(const struct tb_judge *j, const struct tb_findings *told, int64_t from_us,
                        int64_t to_us)
{
    double sum = 0, best = 0;
    for (size_t i = 0; told != NULL && i < told->n; i++) { /* a consumer's findings stand together */
        const struct tb_finding *f = &told->f[i];
        int64_t from = f->start_us > from_us ? f->start_us : from_us,
                to = f->end_us < to_us ? f->end_us : to_us;
        if (to > from && f->consumer != 0 && f->kind < TB_KIND_COST_RATE) {
            bool volume =
                f->kind == TB_KIND_SPIKE || f->kind == TB_KIND_SUSTAINED || f->kind == TB_KIND_OFF_HOURS;
            double part = (double)cost_between(j, f->consumer, from, to);
            part = volume                   ? part * (1 - f->expected / f->observed)
                   : part < (double)f->cost ? part
                                            : (double)f->cost;
            best = part > best ? part : best;
        }
        if (i + 1 == told->n || told->f[i + 1].consumer != f->consumer) {
            sum += best;
            best = 0;
        }
    }
    return sum;
}

static bool hour_above(const struct tb_judge *j, const struct tb_subject *s, int32_t day, int hour,
                       struct tb_baseline *b)
{
    int at = tb_local_at(s, day, hour);
    tb_baseline_window(j, s, s->cost, day, hour, 1, -1, b);
    return at >= 0 && b->n > 0 && b->mu > 0 && s->cost[at] > j->rules.platform_ratio * b->mu &&
           s->cost[at] > b->past_max;
}

/* What the hours from `from` on usually cost; those past midnight are hours of such days too. */
static double sum_usual(const struct tb_judge *j, const struct tb_subject *s, int32_t day, int from,
                        int width)
{
    int over = from < 0 ? -from : from + width > 24 ? from + width - 24 : 0;
    struct tb_baseline in, past = {.mu = 0};
    tb_baseline_window(j, s, s->cost, day, from < 0 ? 0 : from, width - over, -1, &in);
    if (over > 0) {
        tb_baseline_window(j, s, s->cost, day, from < 0 ? 24 - over : 0, over, -1, &past);
    }
    return in.mu + past.mu;
}

/* What a window usually costs. Those who work by other clocks than the billing zone's move by an hour twice a year. */
static double usual_cost(const struct tb_judge *j, const struct tb_subject *s, int32_t day, int from,
                         int width, struct tb_baseline *out)
{
    double most = 0;
    for (int h = from - 1; h <= from + 1; h++) {
        double mu = sum_usual(j, s, day, h, width);
        most = mu > most ? mu : most;
    }
    tb_baseline_window(j, s, s->cost, day, from, width, -1, out);
    return most;
}

/* The most that windows of this width cost against what is usual for them: few dear sessions make much of a total. */
static double record_ratio(const struct tb_judge *j, const struct tb_subject *s, int32_t day, int width)
{
    double most = 1;
    for (int h = 0; h + width <= 24; h++) {
        struct tb_baseline b;
        double mu = usual_cost(j, s, day, h, width, &b);
        for (size_t i = 0; i < b.n && mu > 0; i++) {
            most = b.value[i] / mu > most ? b.value[i] / mu : most;
        }
    }
    return most;
}

static enum tb_status tell_level(struct tb_judge *j, struct tb_subject *s, int32_t day, int from, int to,
                                 const struct tb_findings *told)
{
    struct tb_baseline b;
    double x = 0, mu = usual_cost(j, s, day, from, to - from, &b);
    for (int h = from; h < to; h++) {
        x += s->cost[tb_local_at(s, day, h)];
    }
    double sd = tb_mad(b.value, b.n, b.mu), least = 0.05 * mu, squares = 0;
    for (size_t i = 0; i < b.n; i++) { /* costs have heavy tails, which a median does not see */
        squares += (b.value[i] - b.mu) * (b.value[i] - b.mu);
    }
    sd = b.n > 0 && sqrt(squares / (double)b.n) > sd ? sqrt(squares / (double)b.n) : sd;
    if (b.n > 0) { /* of few days little is known of how they vary: as Student's t does */
        double n = (double)b.n;
        sd *= sqrt((n - 1) / (n > 3.5 ? n - 3 : 0.5) * (1 + 1 / n));
    }
    sd = sd > least ? sd : least;
    int64_t start = s->clock->at[tb_local_at(s, day, from)] * TB_US_PER_H;
    int64_t end = (s->clock->at[tb_local_at(s, day, to - 1)] + 1) * TB_US_PER_H;
    /* what no consumer's own finding tells of must itself stand out */
    double rest = x - explained(j, told, start, end), z = (rest - mu) / sd;
    if (b.n == 0 || z < j->rules.platform_z || rest <= j->rules.platform_ratio * mu || rest <= b.past_max ||
        rest <= record_ratio(j, s, day, to - from) * mu) {
        return TB_OK;
    }
    b.mu = mu;
    struct tb_finding *f = add(j, TB_KIND_SUSTAINED, start, end);
    struct tb_words w = {.n = 0};
    struct tb_driver driver;
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->score = z;
    f->observed = x / 1e12;
    f->expected = b.mu / 1e12;
    f->cost = llround(x - b.mu);
    tb_words_text(&w, s->name);
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, start, end);
    tb_words_add(&w, ": cost ");
    tb_words_cost(&w, j, llround(x));
    tb_words_add(&w, "; ");
    tb_words_cost(&w, j, llround(b.mu));
    tb_words_add(
        &w, " is usual for those hours on the last %zu such days (%.2fx), above it for %d hours in a row",
        b.n, x / b.mu, to - from);
    enum tb_status st = tb_driver_find(j, NULL, start, end, &driver);
    tb_words_driver(&w, j, &driver);
    tb_finding_tell(f, &w);
    return st;
}

static enum tb_status judge_level(struct tb_judge *j, struct tb_subject *s, const struct tb_findings *told)
{
    enum tb_status st = TB_OK;
    int32_t day = j->day;
    for (int h = 0; h < 24 && st == TB_OK; h++) {
        struct tb_baseline b;
        int end = h;
        while (end < 24 && hour_above(j, s, day, end, &b)) {
            end++;
        }
        if (end - h >= j->rules.platform_hours) {
            st = tell_level(j, s, day, h, end, told);
        }
        h = end > h ? end : h;
    }
    return st;
}

enum tb_status tb_judge_platform(struct tb_judge *j, struct tb_subject *s, const struct tb_findings *told)
{
    enum tb_status st = judge_outages(j, s);
    if (st == TB_OK) {
        st = tb_judge_rates(j, s);
    }
    if (st == TB_OK) {
        st = judge_unpriced(j, s);
    }
    for (size_t i = 0; i < j->today->tool_n && st == TB_OK; i++) {
        st = judge_tool(j, s, &j->today->tool[i]);
    }
    if (st == TB_OK) {
        st = tb_judge_features(j, s);
    }
    return st == TB_OK ? judge_level(j, s, told) : st;
}
