/* sustained: the last one to three days against what those hours usually bring. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

struct stretch {
    double x, mu, cost, z, rest_z,
        rest_ratio; /* rest: without its largest block, or without the largest hours of one */
    double least_ratio;
    int64_t start_us, end_us;
    int days;
    bool worth; /* enough more to look how rare it is */
};

#define SHORT (12 * TB_US_PER_H) /* what is no longer is told as a spike */

enum { SPAN = 6 }; /* local days that three times 24 hours and a day of their end can touch */

struct usual {
    int32_t first; /* local day of day[0] */
    struct tb_usual_day day[SPAN];
    struct tb_dispersion own;
    double sd;    /* of the logarithm of a day against its median */
    bool learned; /* own and sd are */
};

/* 24 hours of a stretch: what they brought, what they usually bring, and how much that varies. */
struct block {
    double x, mu, sd;
    double top_x, top_mu; /* of their four largest hours */
};

/* The k-th 24 hours before end_us: what they brought and usually bring; false when that is not known. */
static bool fill_block(const struct tb_judge *j, const struct tb_subject *s, const struct usual *usual,
                       int64_t end_us, int k, struct block *out, double *cost)
{
    const struct tb_local_clock *c = s->clock;
    double top[4] = {0}, top_mu[4] = {0};
    int32_t first = (int32_t)((end_us - (k + 1) * TB_US_PER_DAY) / TB_US_PER_H) - c->hour_first;
    if (first < 0 || first + 24 > c->hours) {
        return false;
    }
    *out = (struct block){0};
    for (int32_t at = first; at < first + 24; at++) {
        int u = c->day[at] - usual->first;
        if (u < 0 || u >= SPAN || usual->day[u].n == 0) {
            return false;
        }
        int i = tb_local_at(s, c->day[at], c->hour[at]);
        bool workday = c->type[c->day[at] - c->day_first] == TB_WORKDAY;
        double least = workday ? j->rules.sustained_sd : j->rules.sustained_sd_weekend;
        double x = s->n[i], mu = usual->day[u].hour[c->hour[at]];
        out->x += x;
        out->mu += mu;
        out->sd += (usual->sd > least ? usual->sd : least) / 24;
        *cost += s->cost[i];
        for (int t = 0; t < 4; t++) { /* kept in order, the largest first */
            if (x > top[t]) {
                double v = top[t], m = top_mu[t];
                top[t] = x;
                top_mu[t] = mu;
                x = v;
                mu = m;
            }
        }
    }
    for (int t = 0; t < 4; t++) {
        out->top_x += top[t];
        out->top_mu += top_mu[t];
    }
    return true;
}

/* Blocks vary each for itself. */
static double z_of(const struct usual *usual, double x, double mu, double squares)
{
    struct tb_dispersion own = usual->own;
    own.cv2 = mu > 0 ? squares / (mu * mu) : 1;
    return tb_dispersion_z(&own, x, mu > 1 ? mu : 1);
}

/* Looks at the 24 hours times `days` that end at end_us. */
static bool look(const struct tb_judge *j, const struct tb_subject *s, const struct usual *usual,
                 int64_t end_us, int days, struct stretch *out)
{
    struct block b[3];
    double squares = 0;
    int largest = 0;
    *out = (struct stretch){
        .start_us = end_us - days * TB_US_PER_DAY, .end_us = end_us, .days = days, .least_ratio = INFINITY};
    for (int k = 0; k < days; k++) {
        if (!fill_block(j, s, usual, end_us, k, &b[k], &out->cost)) {
            return false;
        }
        double ratio = (b[k].x + 1) / (b[k].mu + 1);
        out->x += b[k].x;
        out->mu += b[k].mu;
        squares += b[k].sd * b[k].sd * b[k].mu * b[k].mu;
        out->least_ratio = ratio < out->least_ratio ? ratio : out->least_ratio;
        largest = b[k].x - b[k].mu > b[largest].x - b[largest].mu ? k : largest;
    }
    const struct block *l = &b[largest];
    double x = out->x - (days > 1 ? l->x : l->top_x), mu = out->mu - (days > 1 ? l->mu : l->top_mu);
    double rest = days > 1 ? squares - l->sd * l->sd * l->mu * l->mu : l->sd * l->sd * mu * mu;
    out->rest_ratio = x / (mu > 1 ? mu : 1);
    bool worth = out->worth = out->x >= j->rules.sustained_ratio * out->mu;
    worth = worth && usual->learned; /* how rare it is takes long to tell */
    out->z = worth ? z_of(usual, out->x, out->mu, squares) : 0;
    out->rest_z = worth ? z_of(usual, x, mu, rest) : 0;
    return true;
}

static bool is_sustained(const struct tb_judge *j, const struct stretch *l)
{
    const struct tb_rules *r = &j->rules;
    return l->x >= r->sustained_ratio * l->mu && l->z >= r->sustained_z &&
           l->x - l->mu >= r->sustained_excess && l->least_ratio > r->sustained_day &&
           l->least_ratio - 1 > r->sustained_even * (l->x / l->mu - 1) &&
           l->rest_ratio >= r->sustained_ratio && l->rest_z >= r->sustained_rest_z;
}

/* The hours within it that make it: where the sum of what is beyond half the excess is largest, as CUSUM finds a start. */
static void narrow(const struct tb_subject *s, const struct usual *usual, struct stretch *l)
{
    const struct tb_local_clock *c = s->clock;
    double bar = (1 + l->x / (l->mu > 1 ? l->mu : 1)) / 2, sum = 0, most = 0, x = 0, mu = 0, cost = 0;
    int64_t start = l->start_us, from = start;
    struct stretch in = *l;
    for (int64_t us = l->start_us; us < l->end_us; us += TB_US_PER_H) {
        int32_t at = (int32_t)(us / TB_US_PER_H) - c->hour_first;
        int i = tb_local_at(s, c->day[at], c->hour[at]);
        double usual_n = usual->day[c->day[at] - usual->first].hour[c->hour[at]];
        if (sum <= 0) {
            sum = x = mu = cost = 0;
            start = us;
        }
        sum += s->n[i] - bar * usual_n;
        x += s->n[i];
        mu += usual_n;
        cost += s->cost[i];
        if (sum > most) {
            most = sum;
            from = start;
            in.x = x;
            in.mu = mu;
            in.cost = cost;
            in.end_us = us + TB_US_PER_H;
        }
    }
    in.start_us = from;
    *l = in;
}

/* What each of its hours cost beyond the usual, for an incident of more days than one look. */
static void note(struct tb_subject *s, const struct stretch *l)
{
    const struct tb_local_clock *c = s->clock;
    for (int64_t us = l->start_us; us < l->end_us; us += TB_US_PER_H) {
        int32_t at = (int32_t)(us / TB_US_PER_H) - c->hour_first;
        int i = tb_local_at(s, c->day[at], c->hour[at]);
        s->over[i] = s->cost[i] * (l->x - l->mu) / l->x;
    }
}

static enum tb_status tell_sustained(struct tb_judge *j, struct tb_subject *s, const struct stretch *l)
{
    struct tb_finding *f =
        tb_findings_add(j->out, l->end_us - l->start_us > SHORT ? TB_KIND_SUSTAINED : TB_KIND_SPIKE);
    struct tb_words words = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->start_us = l->start_us;
    f->end_us = l->end_us;
    f->score = l->z;
    f->observed = l->x;
    f->expected = l->mu;
    f->extra = l->x - l->mu;
    f->cost = llround(l->cost * (l->x - l->mu) / l->x);
    f->severity = l->days >= 3 ? TB_SEVERITY_CRITICAL : TB_SEVERITY_WARNING;
    tb_words_text(&words, s->name);
    tb_words_add(&words, ", ");
    tb_words_window(&words, s, l->start_us, l->end_us);
    tb_words_add(&words, ": %.0f requests in %d hours; %.0f is usual for those hours (%.1fx); extra cost ",
                 l->x, (int)((l->end_us - l->start_us) / TB_US_PER_H), l->mu, l->x / l->mu);
    tb_words_cost(&words, j, f->cost);
    tb_words_volume(&words, j, s);
    tb_finding_tell(f, &words);
    return TB_OK;
}

/* A day among out->day that is of day d's type; -1: none. */
static int day_like(const struct tb_subject *s, const struct usual *u, int32_t d)
{
    const uint8_t *type = s->clock->type;
    bool workday = type[d - s->clock->day_first] == TB_WORKDAY;
    for (int i = SPAN - 1; i >= 0; i--) {
        if ((type[u->first + i - s->clock->day_first] == TB_WORKDAY) == workday && u->day[i].n > 0) {
            return i;
        }
    }
    return -1;
}

/* What a day brought against what such days usually do; false when it is in an incident or nothing is usual yet. */
static bool day_ratio(const struct tb_subject *s, const struct usual *u, int32_t d, double *ratio)
{
    int like = day_like(s, u, d);
    double x = 0;
    for (int h = 0; h < 24; h++) {
        int at = tb_local_at(s, d, h);
        if (at < 0 || s->flag[at] != 0) {
            return false;
        }
        x += s->n[at];
    }
    *ratio = like < 0 ? 0 : (x + 1) / (u->day[like].day + 1);
    return like >= 0 && d != u->own.left_out;
}

/* How its days vary beyond what its sessions make them vary, which the tail of their counts has already. */
static void learn(const struct tb_judge *j, const struct tb_subject *s, int32_t before, struct usual *out)
{
    double ratio, off[64], sessions = 0, mad;
    size_t n = 0;
    int32_t first = before - (int32_t)j->rules.history_days;
    first = first > s->first_local ? first : s->first_local;
    first = first > s->clock->day_first ? first : s->clock->day_first;
    tb_dispersion_learn(j, s, tb_zone_day(s->clock->zone, j->today->to_us - 1), before, &out->own);
    for (int32_t d = first; d < before && n < 64; d++) {
        if (day_ratio(s, out, d, &ratio)) {
            off[n] = log(ratio);
            sessions += out->own.phi / (1 + out->day[day_like(s, out, d)].day);
            n++;
        }
    }
    mad = tb_mad(off, n, 0);
    sessions /= n > 0 ? (double)n : 1;
    out->sd = mad * mad > sessions ? sqrt(mad * mad - sessions) : 0;
    out->learned = true;
}

/* Days of one type have the same usual day. */
static void fill_usual(const struct tb_judge *j, const struct tb_subject *s, struct usual *out)
{
    const uint8_t *type = &s->clock->type[out->first - s->clock->day_first];
    for (int i = 0; i < SPAN; i++) {
        int k = 0;
        while (k < i && type[k] != type[i]) {
            k++;
        }
        if (k < i) {
            out->day[i] = out->day[k];
        } else {
            tb_usual_day(j, s, out->first + i, out->first + 1, &out->day[i]);
        }
    }
}

/* Whether all the calls that a window can touch are too few for a finding. */
static bool is_quiet(const struct tb_judge *j, const struct tb_subject *s)
{
    const struct tb_local_clock *c = s->clock;
    int32_t to = (int32_t)(j->today->to_us / TB_US_PER_H) - c->hour_first, at = to - 90;
    double n = 0;
    for (at = at > 0 ? at : 0; at < to && at < c->hours; at++) {
        n += s->n[tb_local_at(s, c->day[at], c->hour[at])];
    }
    return n < j->rules.sustained_excess;
}

/* Whether a look at 1 to 3 times 24 hours before end_us would find enough more to look closer: what most hours say no to, by the sums
 * that look makes, in its order. Bit k: at k + 1 times. */
static unsigned worth_a_look(const struct tb_judge *j, const struct tb_subject *s, const struct usual *usual,
                             int64_t end_us)
{
    const struct tb_local_clock *c = s->clock;
    double x = 0, mu = 0;
    unsigned worth = 0;
    for (unsigned k = 0; k < 3; k++) {
        int32_t first = (int32_t)((end_us - (k + 1) * TB_US_PER_DAY) / TB_US_PER_H) - c->hour_first;
        double block_x = 0, block_mu = 0;
        if (first < 0 || first + 24 > c->hours) {
            break;
        }
        for (int32_t at = first; at < first + 24; at++) {
            int u = c->day[at] - usual->first;
            if (u < 0 || u >= SPAN || usual->day[u].n == 0) {
                return worth;
            }
            block_x += s->n[(c->day[at] - c->day_first) * 24 + c->hour[at]];
            block_mu += usual->day[u].hour[c->hour[at]];
        }
        x += block_x;
        mu += block_mu;
        worth |= x >= j->rules.sustained_ratio * mu ? 1u << k : 0;
    }
    return worth;
}

enum tb_status tb_judge_sustained(struct tb_judge *j, struct tb_subject *s)
{
    struct usual usual = {.first = tb_zone_day(s->clock->zone, j->today->from_us - 4 * TB_US_PER_DAY)};
    struct stretch best = {.z = 0}, l;
    size_t from, to;
    TB_DIGEST_RANGE(j->today, place, s->consumer, from, to);
    if (from == to || usual.first < s->clock->day_first || is_quiet(j, s)) {
        return TB_OK;
    }
    fill_usual(j, s, &usual);
    for (int64_t end = j->today->to_us - 18 * TB_US_PER_H; end <= j->today->to_us; end += 6 * TB_US_PER_H) {
        unsigned looks = worth_a_look(j, s, &usual, end);
        for (int days = 1; days <= 3; days++) {
            bool worth = (looks >> (days - 1) & 1) != 0 && look(j, s, &usual, end, days, &l) && l.worth;
            if (worth && !usual.learned) { /* few consumers get here */
                learn(j, s, usual.first + 1, &usual);
                worth = look(j, s, &usual, end, days, &l);
            }
            if (worth && is_sustained(j, &l) && l.z > best.z) {
                best = l;
            }
        }
    }
    if (best.z > 0) {
        narrow(s, &usual, &best);
    }
    if (best.z == 0 || best.end_us <= j->today->from_us) { /* what earlier days told already */
        return TB_OK;
    }
    note(s, &best);
    return tell_sustained(j, s, &best);
}
