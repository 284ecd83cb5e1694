/* Stretches in which the gaps between one actor's calls are even: windows of the latest calls, every so many; those that pass are
 * joined. The longer a window, the less likely is the same share of even gaps by chance: so a long window passes at a lower share, that
 * programs of loose gaps reach, or such whose address others call from, too. */
#include <stdlib.h>
#include <string.h>
#include "detect/pass.h"

#define RING_MAX 128
#define LINE     64 /* bytes of a line of cache */
#define UNKEPT   3  /* first calls of an address, which are counted only: most are seen no more often */

struct ring {
    uint32_t consumer, ip, n, at, since;           /* since: calls since the last look */
    struct tb_dg_steady open;                      /* n = 0: none */
    int64_t share_sum, gap_sum, looks, counted_us; /* up to when calls are in open */
    int64_t ts_us[]; /* of the latest calls, the oldest at `at`; behind them their costs */
};

struct slot {
    uint32_t n;
    struct ring *ring;
};

struct tb_rhythm {
    const struct tb_pass *p;
    struct slot *slot; /* by actor */
    size_t slot_cap;
    uint32_t *met; /* actors in the order of their first call */
    size_t met_n, met_cap;
    uint32_t size, window[2], hop; /* size: of rings, the longer window */
    double share[2];               /* of even gaps, in ppm */
};

static uint32_t window_of(double calls)
{
    return calls < 8 ? 8 : calls > RING_MAX ? RING_MAX : (uint32_t)calls;
}

struct tb_rhythm *tb_rhythm_new(const struct tb_pass *p)
{
    struct tb_rhythm *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->p = p;
        r->window[0] = window_of(p->rules->regular_requests);
        r->window[1] = window_of(p->rules->regular_long);
        r->share[0] = p->rules->regular_share * 1e6;
        r->share[1] = p->rules->regular_long_share * 1e6;
        r->size = r->window[0] > r->window[1] ? r->window[0] : r->window[1];
        r->hop = p->rules->regular_hop < 1 ? 1 : (uint32_t)p->rules->regular_hop;
    }
    return r;
}

void tb_rhythm_free(struct tb_rhythm *r)
{
    if (r != NULL) {
        for (size_t i = 0; i < r->slot_cap; i++) {
            free(r->slot[i].ring);
        }
        free(r->slot);
        free(r->met);
        free(r);
    }
}

static const struct ring *known(const struct tb_rhythm *r, const struct tb_pass_event *e)
{
    return e->ip != 0 && e->actor < r->slot_cap ? r->slot[e->actor].ring : NULL;
}

void tb_rhythm_call(const struct tb_rhythm *r, const struct tb_pass_event *e)
{
    if (e->actor < r->slot_cap) {
        __builtin_prefetch(&r->slot[e->actor], 1);
    }
}

void tb_rhythm_call_ring(const struct tb_rhythm *r, const struct tb_pass_event *e)
{
    const struct ring *g = known(r, e);
    if (g != NULL) {
        __builtin_prefetch(g, 1);
    }
}

/* Whether the gaps are looked at with the next call. */
static bool is_due(const struct tb_rhythm *r, const struct ring *g)
{
    return g->n + 1 + UNKEPT >= r->window[0] && g->since + 1 >= r->hop;
}

/* Where the next call will be kept. */
void tb_rhythm_call_place(const struct tb_rhythm *r, const struct tb_pass_event *e)
{
    const struct ring *g = known(r, e);
    if (g != NULL) {
        __builtin_prefetch(&g->ts_us[g->at], 1);
        __builtin_prefetch(&g->ts_us[r->size + g->at], 1);
    }
    if (g != NULL && is_due(r, g)) {
        for (uint32_t i = 0; i < r->size; i += LINE / sizeof *g->ts_us) {
            __builtin_prefetch(&g->ts_us[i]);
        }
    }
}

/* The k-th smallest of v, whose order changes. */
static int64_t nth(int64_t *v, uint32_t n, uint32_t k)
{
    uint32_t low = 0, high = n - 1;
    while (low < high) {
        int64_t pivot = v[low + (high - low) / 2];
        uint32_t i = low, j = high;
        for (;;) {
            while (v[i] < pivot) {
                i++;
            }
            while (v[j] > pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            int64_t x = v[i];
            v[i++] = v[j];
            v[j--] = x;
        }
        if (k <= j) {
            high = j;
        } else {
            low = j + 1;
        }
    }
    return v[k];
}

/* The first of the latest calls. */
static uint32_t first_of(const struct tb_rhythm *r, const struct ring *g, uint32_t calls)
{
    return g->at >= calls ? g->at - calls : g->at + r->size - calls;
}

/* Gaps of the latest calls, the oldest first; how many. */
static uint32_t gaps_of(const struct tb_rhythm *r, const struct ring *g, uint32_t calls, int64_t *gap)
{
    uint32_t n = 0, from = first_of(r, g, calls), to = from + calls;
    for (uint32_t i = from + 1; i < to && i < r->size; i++) {
        gap[n++] = g->ts_us[i] - g->ts_us[i - 1];
    }
    if (to > r->size) {
        gap[n++] = g->ts_us[0] - g->ts_us[r->size - 1];
    }
    for (uint32_t i = 1; i + r->size < to; i++) {
        gap[n++] = g->ts_us[i] - g->ts_us[i - 1];
    }
    return n;
}

/* Classes of gaps: four to an octave, each a quarter of the octave's first value wide. */
#define CLASSES 256

static uint32_t class_of(int64_t gap)
{
    uint64_t v = gap > 3 ? (uint64_t)gap : 4;
    uint32_t octave = 63 - (uint32_t)__builtin_clzll(v);
    return 4 * octave + (uint32_t)(v >> (octave - 2) & 3);
}

static double class_from(uint32_t class)
{
    return (double)((uint64_t)(4 + class % 4) << (class / 4 - 2));
}

/* How many gaps can be within the band at most, by the class that the median is of: most stretches are far from even, and this is
 * quicker than to find their median. */
static uint32_t most_inside(const struct tb_rhythm *r, const int64_t *gap, uint32_t n)
{
    uint8_t count[CLASSES] = {0};
    uint32_t class = 0, below = 0, most = 0;
    for (uint32_t i = 0; i < n; i++) {
        count[class_of(gap[i])]++;
    }
    while (below + count[class] <= n / 2) {
        below += count[class ++];
    }
    double band = r->p->rules->regular_band, to = class_from(class + 1) * (1 + band);
    double from = class_from(class) * (1 - band);
    if (class_from(class + 1) < r->p->rules->regular_gap_s * (double)TB_US_PER_S) {
        return 0;
    }
    for (uint32_t k = class_of(from > 0 ? (int64_t)from : 0); k < CLASSES && class_from(k) <= to; k++) {
        most += count[k];
    }
    return most;
}

static int64_t share_of(uint32_t inside, uint32_t n)
{
    return (int64_t)inside * 1000000 / n; /* ppm */
}

/* Share of the latest calls' gaps within the band around their median, in ppm; 0 when the median is too short or the share less than
 * counts. */
static int64_t evenness(const struct tb_rhythm *r, const struct ring *g, uint32_t calls, double least,
                        int64_t *median)
{
    int64_t gap[RING_MAX];
    uint32_t n = gaps_of(r, g, calls, gap);
    if ((double)share_of(most_inside(r, gap, n), n) < least) {
        return 0;
    }
    *median = nth(gap, n, n / 2);
    if ((double)*median < r->p->rules->regular_gap_s * (double)TB_US_PER_S) {
        return 0;
    }
    uint32_t inside = 0;
    double band = r->p->rules->regular_band * (double)*median;
    for (uint32_t i = 0; i < n; i++) {
        double off = (double)(gap[i] - *median);
        inside += off <= band && -off <= band;
    }
    return share_of(inside, n);
}

static enum tb_status tell(struct tb_rhythm *r, struct ring *g, struct tb_err *err)
{
    struct tb_dg_steady *out = NULL;
    double hours = (double)(g->open.end_us - g->open.start_us) / (double)TB_US_PER_H;
    /* one that touches the day's end may go on: half the length is kept, the judge joins and measures */
    if (g->open.n > 0 && g->open.end_us >= r->p->d->from_us && hours >= r->p->rules->regular_hours) {
        if (TB_DIGEST_PUSH(r->p->d, steady, out, err) != TB_OK) {
            return TB_FATAL;
        }
        *out = g->open;
        out->gap_us = g->gap_sum / g->looks;
        out->share_ppm = g->share_sum / g->looks;
    }
    g->open = (struct tb_dg_steady){0};
    return TB_OK;
}

static void extend(struct tb_rhythm *r, struct ring *g, uint32_t calls, int64_t share, int64_t gap)
{
    uint32_t from = first_of(r, g, calls);
    int64_t first = g->ts_us[from];
    if (g->open.n == 0) {
        g->open = (struct tb_dg_steady){.consumer = g->consumer, .ip = g->ip, .start_us = first};
        g->share_sum = g->gap_sum = g->looks = 0;
        g->counted_us = INT64_MIN;
    }
    for (uint32_t i = 0; i < calls; i++) {
        uint32_t k = (from + i) % r->size;
        if (g->ts_us[k] > g->counted_us) {
            g->open.n++;
            g->open.cost += g->ts_us[k] >= r->p->d->from_us ? g->ts_us[r->size + k] : 0;
            g->open.end_us = g->ts_us[k];
        }
    }
    g->counted_us = g->open.end_us;
    g->share_sum += share;
    g->gap_sum += gap;
    g->looks++;
}

enum tb_status tb_rhythm_take(struct tb_rhythm *r, const struct tb_pass_event *e, struct tb_err *err)
{
    if (e->ip == 0) {
        return TB_OK;
    }
    enum tb_status st =
        tb_tuples_grow((void **)&r->slot, &r->slot_cap, (size_t)e->actor + 1, sizeof *r->slot, err);
    struct slot *s = st == TB_OK ? &r->slot[e->actor] : NULL;
    if (st == TB_OK && s->n == 0) {
        st = tb_tuples_grow((void **)&r->met, &r->met_cap, r->met_n + 1, sizeof *r->met, err);
        if (st == TB_OK) {
            r->met[r->met_n++] = e->actor;
        }
    }
    if (st != TB_OK) {
        return st;
    }
    if (s->ring == NULL) {
        if (++s->n <= UNKEPT) {
            return TB_OK;
        }
        s->ring = calloc(1, sizeof *s->ring + 2 * r->size * sizeof *s->ring->ts_us);
        if (s->ring == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to watch for even gaps");
        }
        s->ring->consumer = e->consumer;
        s->ring->ip = e->ip;
        s->ring->since = r->hop - 1; /* the first full window is looked at */
    }
    struct ring *g = s->ring;
    bool due = is_due(r, g);
    g->ts_us[g->at] = e->ts_us;
    g->ts_us[r->size + g->at] = e->cost;
    g->at = g->at + 1 == r->size ? 0 : g->at + 1;
    g->since += ++g->n + UNKEPT > r->window[0];
    if (!due) {
        return TB_OK;
    }
    g->since = 0;
    for (int i = 0; i < 2 && g->n + UNKEPT >= r->window[i]; i++) {
        uint32_t calls = r->window[i] < g->n ? r->window[i] : g->n;
        int64_t gap = 0, share = evenness(r, g, calls, r->share[i], &gap);
        if ((double)share >= r->share[i]) {
            if (g->open.n > 0 && g->ts_us[first_of(r, g, calls)] > g->counted_us) {
                st = tell(r, g, err);
            }
            extend(r, g, calls, share, gap);
            break;
        }
    }
    return st;
}

enum tb_status tb_rhythm_end(struct tb_rhythm *r, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < r->met_n && st == TB_OK; i++) {
        struct ring *g = r->slot[r->met[i]].ring;
        st = g != NULL ? tell(r, g, err) : TB_OK;
    }
    return st;
}
