/* Exactly once against a brute-force model: what is stored for an identity is the maximum of all its
 * records, whatever the order of files, of rows and of batches; each file's counts are the model's; days
 * and id spans change as the model says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store_fixture.h"

#define DAY_0     20400 /* 2025-11-08 */
#define DAYS      4
#define NODES     4
#define VARIANTS  4
#define FILES_MAX 8

/* A record: identity number, payload variant, node. */
struct record {
    uint32_t id;
    uint8_t variant, node;
};

struct world {
    struct fixture f;
    uint64_t random;
    uint32_t ids;      /* how many identities */
    uint32_t with_id;  /* identities below this have an id text */
    uint32_t variants; /* how many payloads an identity may come with */
    uint32_t source, node[NODES], model[5], consumer[7];
    uint32_t files;
    struct record *records[FILES_MAX];
    uint32_t count[FILES_MAX];
};

/* The model: what rules for each identity, and where. */
struct ruler {
    bool there;
    uint8_t variant, node, file;
};

struct tally {
    int64_t events, duplicates, conflicts;
};

struct model {
    struct ruler *ruler;
    struct tally file[FILES_MAX];
    int64_t *span_min, *span_max; /* of all records that came, with_id ones */
};

static const char *const node_names[NODES] = {NULL, "node-a", "node-b", "node-c"};

/* Everything about a record follows from its identity and variant. */
static struct tb_row row_of(const struct world *w, struct record r, uint64_t line, char *id_text)
{
    uint64_t s = (uint64_t)r.id * 31 + r.variant + 77, base = r.id * 1000003ull;
    struct tb_row row = {.line = line};
    bool far = random_below(&base, 4) == 0; /* this identity's variants are days apart */
    row.ts_us = DAY_0 * TB_US_PER_DAY + (int64_t)(random_next(&base) % (uint64_t)TB_US_PER_DAY);
    row.ts_us += far ? (int64_t)(random_next(&s) % (uint64_t)((DAYS - 1) * TB_US_PER_DAY))
                     : (int64_t)random_below(&s, 3) * 1000000;
    if (r.id % 5 == 0) {
        row.ts_us -= row.ts_us % 1000000; /* many equal instants */
    }
    row.identity = tb_hash128(&r.id, sizeof r.id, 9);
    row.text[TB_T_NODE] = w->node[r.node];
    row.text[TB_T_MODEL] = w->model[random_below(&s, 5)];
    row.text[TB_T_CONSUMER] = w->consumer[random_below(&base, 7)];
    for (int k = 0; k < TB_N_COUNT; k++) {
        if (random_below(&s, 3) == 0) {
            row.present |= 1u << k;
            row.number[k] = (int64_t)random_below(&s, 5000);
        }
    }
    row.quality = (uint8_t)random_below(&s, 4);
    row.flags = (uint8_t)random_below(&s, 16);
    row.has_cost = random_below(&s, 2) == 0;
    if (row.has_cost) {
        row.cost.mantissa = (tb_int128)random_next(&s) * (random_below(&s, 9) == 0 ? -1000000007 : 1);
        row.cost.exponent = -(int32_t)random_below(&s, 12);
    }
    row.prompt_fingerprint = random_below(&s, 3) == 0 ? random_next(&s) : 0;
    if (r.id < w->with_id) {
        int n = r.id % 3 == 0 ? snprintf(id_text, 80, "%032x%s", r.id * 2654435761u, r.id % 2 ? "/proxy" : "")
                : r.id % 3 == 1 ? snprintf(id_text, 80, "%08x-0000-4000-8000-%012x", r.id, r.id)
                                : snprintf(id_text, 80, "call-%u", r.id);
        row.id = (struct tb_str){id_text, (size_t)n};
    }
    struct tb_payload p = payload_of(w->f.db, &row);
    row.payload = tb_payload_digest(&p);
    return row;
}

/* ---- the model ---- */

static int model_order(const struct world *w, struct record a, struct record b)
{
    char text[80];
    struct tb_row x = row_of(w, a, 0, text), y = row_of(w, b, 0, text);
    if (x.payload == y.payload) {
        const char *p = node_names[a.node], *q = node_names[b.node];
        if (p == NULL || q == NULL) {
            return (p != NULL) - (q != NULL);
        }
        return strcmp(q, p);
    }
    struct tb_payload px = payload_of(w->f.db, &x), py = payload_of(w->f.db, &y);
    return tb_payload_compare(&px, x.payload, &py, y.payload);
}

static bool same_payload(const struct world *w, struct record a, struct record b)
{
    char text[80];
    return row_of(w, a, 0, text).payload == row_of(w, b, 0, text).payload;
}

static void model_see(const struct world *w, struct model *m, struct record r)
{
    char text[80];
    int64_t ts = row_of(w, r, 0, text).ts_us;
    m->span_min[r.id] = ts < m->span_min[r.id] ? ts : m->span_min[r.id];
    m->span_max[r.id] = ts > m->span_max[r.id] ? ts : m->span_max[r.id];
}

static void count_loser(struct tally *t, bool same)
{
    t->duplicates += same;
    t->conflicts += !same;
}

/* One append: the best of each identity stands for it, the others lose to it; then it meets what is
 * stored. */
static void model_append(const struct world *w, struct model *m, uint8_t file, const struct record *r,
                         uint32_t n, uint32_t *first)
{
    for (uint32_t i = 0; i < n; i++) {
        model_see(w, m, r[i]);
        uint32_t f = first[r[i].id];
        if (f == UINT32_MAX || model_order(w, r[i], r[f]) > 0) {
            first[r[i].id] = i;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t best = first[r[i].id];
        struct ruler *stored = &m->ruler[r[i].id];
        if (best != i) {
            if (best != UINT32_MAX - 1) {
                count_loser(&m->file[file], same_payload(w, r[i], r[best]));
            }
            continue;
        }
        struct record old = {r[i].id, stored->variant, stored->node};
        if (!stored->there) {
            m->file[file].events++;
        } else if (model_order(w, r[i], old) <= 0) {
            count_loser(&m->file[file], same_payload(w, r[i], old));
            continue;
        } else {
            m->file[file].events++;
            m->file[stored->file].events--;
            count_loser(&m->file[stored->file], same_payload(w, r[i], old));
        }
        *stored = (struct ruler){true, r[i].variant, r[i].node, file};
    }
    for (uint32_t i = 0; i < n; i++) {
        first[r[i].id] = UINT32_MAX;
    }
}

/* ---- the store ---- */

static void shuffle(uint64_t *random, struct record *r, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = random_below(random, i);
        struct record x = r[i - 1];
        r[i - 1] = r[j];
        r[j] = x;
    }
}

/* Loads a file in batches of random sizes, the model beside it. */
static void load_file(struct world *w, struct model *m, uint8_t file, uint32_t batch_max, uint32_t *first,
                      uint32_t *ledger)
{
    const struct record *r = w->records[file];
    struct tb_row *rows = calloc(TB_BATCH_ROWS, sizeof *rows);
    char(*texts)[80] = calloc(TB_BATCH_ROWS, sizeof *texts);
    struct tb_load_txn *t = NULL;
    struct tb_file_entry e = {.source = w->source,
                              .path = TB_STR("some.log"),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    must(tb_db_begin(w->f.db, &err));
    must(tb_files_insert(w->f.db, &e, &err));
    *ledger = e.file;
    must(tb_load_begin(w->f.db, e.file, w->source, &t, &err));
    for (uint32_t i = 0; i < w->count[file];) {
        uint32_t n = 1 + random_below(&w->random, batch_max);
        n = n < w->count[file] - i ? n : w->count[file] - i;
        for (uint32_t k = 0; k < n; k++) {
            rows[k] = row_of(w, r[i + k], i + k, texts[k]);
        }
        struct tb_append_counts c;
        must(tb_load_append(t, rows, n, &c, NULL, NULL, &err));
        memset(texts, 'x', TB_BATCH_ROWS * sizeof *texts); /* views end with append */
        assert_int_equal(c.events + c.duplicates + c.conflicts, n);
        e.events += c.events;
        e.duplicates += c.duplicates;
        e.conflicts += c.conflicts;
        e.lines += n;
        model_append(w, m, file, r + i, n, first);
        i += n;
    }
    must(tb_load_finish(t, &err));
    must(tb_files_update(w->f.db, &e, &err));
    must(tb_db_commit(w->f.db, &err));
    free(rows);
    free(texts);
}

static void check_row(const struct world *w, const struct tb_block *b, uint32_t i, struct record r)
{
    char text[80];
    struct tb_row row = row_of(w, r, 0, text);
    assert_int_equal(b->ts_us[i], row.ts_us);
    assert_int_equal(b->payload[i], row.payload);
    assert_true(tb_str_eq(b->id[i], row.id));
    for (int k = 0; k < TB_T_COUNT; k++) {
        assert_int_equal(b->text[k][i], row.text[k]);
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        assert_int_equal(b->number[k][i], row.number[k]);
    }
    assert_int_equal(b->present[i], row.present);
    assert_int_equal(b->quality[i], row.quality);
    assert_int_equal(b->flags[i], row.flags);
    assert_int_equal(b->has_cost[i], row.has_cost);
    assert_true(b->cost[i].mantissa == row.cost.mantissa && b->cost[i].exponent == row.cost.exponent);
    assert_int_equal(b->prompt_fingerprint[i], row.prompt_fingerprint);
}

struct by_lo {
    uint64_t lo;
    uint32_t id;
};

static int by_lo_order(const void *a, const void *b)
{
    const struct by_lo *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* The live events are the model's rulers, each once, in the file the model says. */
static void check_live(const struct world *w, const struct model *m, const uint32_t *ledger)
{
    struct by_lo *index = calloc(w->ids, sizeof *index);
    uint8_t *seen = calloc(w->ids, 1);
    uint32_t expected = 0, found = 0;
    for (uint32_t id = 0; id < w->ids; id++) {
        index[id] = (struct by_lo){tb_hash128(&id, sizeof id, 9).lo, id};
        expected += m->ruler[id].there;
    }
    qsort(index, w->ids, sizeof *index, by_lo_order);
    struct tb_scan *scan = NULL;
    struct tb_block b;
    must(tb_scan_open(w->f.db, 0, INT64_MAX, TB_C_ALL, &scan, &err));
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st;
    while ((st = tb_scan_next(scan, &b, &err)) == TB_OK) {
        for (uint32_t i = 0; i < b.n; i++) {
            struct by_lo key = {b.id_lo[i], 0}, *hit = bsearch(&key, index, w->ids, sizeof key, by_lo_order);
            assert_non_null(hit);
            const struct ruler *ruler = &m->ruler[hit->id];
            assert_true(ruler->there && !seen[hit->id]);
            seen[hit->id] = 1;
            assert_int_equal(b.file, ledger[ruler->file]);
            check_row(w, &b, i, (struct record){hit->id, ruler->variant, ruler->node});
            assert_true(i == 0 || b.ts_us[i - 1] <= b.ts_us[i]);
            found++;
        }
    }
    assert_int_equal(st, TB_END);
    assert_int_equal(found, expected);
    tb_scan_close(scan);
    free(index);
    free(seen);
}

static void check_ledger(const struct world *w, const struct model *m, const uint32_t *ledger)
{
    struct tb_query *q = NULL;
    must(tb_query_open(w->f.db, "SELECT events, duplicates, conflicts FROM file WHERE file = :file", &q,
                       &err));
    for (uint32_t f = 0; f < w->files; f++) {
        tb_query_bind_int(q, "file", ledger[f]);
        must(tb_query_step(q, &err));
        assert_int_equal(tb_query_int(q, 0), m->file[f].events);
        assert_int_equal(tb_query_int(q, 1), m->file[f].duplicates);
        assert_int_equal(tb_query_int(q, 2), m->file[f].conflicts);
        tb_query_reset(q);
    }
    tb_query_close(q);
}

/* Ids that came at several instants, and only those. */
static void check_spans(const struct world *w, const struct model *m)
{
    struct tb_query *q = NULL;
    uint32_t expected = 0;
    must(tb_query_open(w->f.db, "SELECT ts_min, ts_max FROM id_span WHERE id = :id", &q, &err));
    for (uint32_t id = 0; id < w->with_id; id++) {
        if (m->span_min[id] >= m->span_max[id]) {
            continue;
        }
        struct tb_hash128 h = tb_hash128(&id, sizeof id, 9);
        unsigned char bytes[16];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (unsigned char)(h.hi >> (56 - 8 * i));
            bytes[8 + i] = (unsigned char)(h.lo >> (56 - 8 * i));
        }
        expected++;
        tb_query_bind_blob(q, "id", bytes, 16);
        must(tb_query_step(q, &err));
        assert_int_equal(tb_query_int(q, 0), m->span_min[id]);
        assert_int_equal(tb_query_int(q, 1), m->span_max[id]);
        tb_query_reset(q);
    }
    tb_query_close(q);
    assert_int_equal(number_of(w->f.db, "SELECT count(*) FROM id_span"), expected);
}

/* For each day, a digest of its live set and its generation. */
struct days {
    uint64_t digest[DAYS + 2];
    int64_t generation[DAYS + 2];
};

static void read_days(const struct world *w, const struct model *m, struct days *d)
{
    char text[80];
    memset(d, 0, sizeof *d);
    for (uint32_t id = 0; id < w->ids; id++) {
        if (m->ruler[id].there) {
            struct tb_row r =
                row_of(w, (struct record){id, m->ruler[id].variant, m->ruler[id].node}, 0, text);
            uint64_t in[3] = {id, r.payload, r.text[TB_T_NODE]};
            d->digest[tb_utc_day(r.ts_us) - DAY_0] += tb_hash64(in, sizeof in, 3);
        }
    }
    for (uint32_t id = 0; id < w->with_id; id++) { /* what the control id_reused lists is part of its day */
        if (m->span_max[id] > m->span_min[id] && m->span_max[id] - m->span_min[id] > TB_US_PER_DAY) {
            uint64_t in[2] = {id, 7};
            d->digest[tb_utc_day(m->span_max[id]) - DAY_0] += tb_hash64(in, sizeof in, 4);
        }
    }
    for (int day = 0; day < DAYS + 2; day++) {
        bool pruned = false;
        int64_t from = (DAY_0 + day) * TB_US_PER_DAY;
        must(tb_events_generation(w->f.db, from, from + TB_US_PER_DAY, &d->generation[day], &pruned, &err));
        assert_false(pruned);
    }
}

static void check_days(const struct days *before, const struct days *after)
{
    for (int day = 0; day < DAYS + 2; day++) {
        int64_t grown = after->generation[day] - before->generation[day];
        assert_in_range(grown, 0, 1);
        if (before->digest[day] != after->digest[day]) {
            assert_int_equal(grown, 1);
        }
    }
}

static void model_init(struct model *m, uint32_t ids)
{
    memset(m, 0, sizeof *m);
    m->ruler = calloc(ids, sizeof *m->ruler);
    m->span_min = malloc(ids * sizeof *m->span_min);
    m->span_max = malloc(ids * sizeof *m->span_max);
    for (uint32_t i = 0; i < ids; i++) {
        m->span_min[i] = INT64_MAX;
        m->span_max[i] = INT64_MIN;
    }
}

static void model_release(struct model *m)
{
    free(m->ruler);
    free(m->span_min);
    free(m->span_max);
}

static void world_open(struct world *w)
{
    char name[32];
    fixture_open(&w->f);
    must(tb_db_begin(w->f.db, &err));
    w->source = dict_add(w->f.db, "gateway");
    for (int i = NODES - 1; i > 0; i--) { /* ids of texts against the order of texts */
        w->node[i] = dict_add(w->f.db, node_names[i]);
    }
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "model-%d", i);
        w->model[i] = i == 0 ? 0 : dict_add(w->f.db, name);
    }
    for (int i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "user-%d", i);
        w->consumer[i] = dict_add(w->f.db, name);
    }
    must(tb_db_commit(w->f.db, &err));
}

/* Loads all files of the world into a new database, and checks everything. digest: of the live set. */
static uint64_t play(struct world *w, uint32_t batch_max, bool reopen)
{
    struct model m;
    struct days before, after;
    uint32_t ledger[FILES_MAX] = {0};
    uint32_t *first = malloc(w->ids * sizeof *first);
    memset(first, 0xff, w->ids * sizeof *first);
    model_init(&m, w->ids);
    world_open(w);
    read_days(w, &m, &before);
    for (uint32_t f = 0; f < w->files; f++) {
        load_file(w, &m, (uint8_t)f, batch_max, first, &ledger[f]);
        read_days(w, &m, &after);
        check_days(&before, &after);
        before = after;
        if (reopen) {
            fixture_reopen(&w->f, TB_DB_WRITE);
        }
    }
    check_live(w, &m, ledger);
    check_ledger(w, &m, ledger);
    check_spans(w, &m);
    must(tb_db_check(w->f.db, &err));
    uint64_t digest = 0;
    for (int day = 0; day < DAYS + 2; day++) {
        digest = digest * 31 + after.digest[day];
    }
    free(first);
    model_release(&m);
    fixture_close(&w->f);
    return digest;
}

static void make_files(struct world *w, uint32_t rows_max)
{
    for (uint32_t f = 0; f < w->files; f++) {
        w->count[f] = 1 + random_below(&w->random, rows_max);
        w->records[f] = calloc(w->count[f], sizeof **w->records);
        for (uint32_t i = 0; i < w->count[f]; i++) {
            w->records[f][i] = (struct record){random_below(&w->random, w->ids),
                                               (uint8_t)random_below(&w->random, w->variants),
                                               (uint8_t)random_below(&w->random, NODES)};
        }
    }
}

static void mix_files(struct world *w)
{
    for (uint32_t f = 0; f < w->files; f++) {
        uint32_t g = f + random_below(&w->random, w->files - f);
        struct record *r = w->records[f];
        uint32_t n = w->count[f];
        w->records[f] = w->records[g];
        w->count[f] = w->count[g];
        w->records[g] = r;
        w->count[g] = n;
        shuffle(&w->random, w->records[f], w->count[f]);
    }
}

static void free_files(struct world *w)
{
    for (uint32_t f = 0; f < w->files; f++) {
        free(w->records[f]);
    }
}

static void small_worlds(void **state)
{
    (void)state;
    const char *count = getenv("TB_WORLDS");
    uint32_t worlds = count != NULL ? (uint32_t)atoi(count) : 80;
    for (uint32_t seed = 1; seed <= worlds; seed++) {
        struct world w = {.random = seed};
        w.ids = 1 + random_below(&w.random, 30);
        w.with_id = random_below(&w.random, w.ids + 1);
        w.variants = 1 + random_below(&w.random, VARIANTS);
        w.files = 1 + random_below(&w.random, FILES_MAX);
        make_files(&w, 1 + random_below(&w.random, 60));
        uint32_t batch = 1 + random_below(&w.random, 40);
        uint64_t digest = play(&w, batch, seed % 7 == 0);
        for (int again = 0; again < 3; again++) {
            mix_files(&w);
            assert_int_equal(play(&w, 1 + random_below(&w.random, 80), false), digest);
        }
        free_files(&w);
    }
}

/* Enough rows that segments fill, rows wait over batches, and runs are written and merged. */
static void large_worlds(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct world w = {.random = seed * 1001,
                          .ids = 60000 * seed,
                          .files = 3 + seed,
                          .variants = seed == 1 ? 1 : VARIANTS};
        w.with_id = w.ids / 2;
        make_files(&w, 70000);
        uint64_t digest = play(&w, TB_BATCH_ROWS, true);
        mix_files(&w);
        assert_int_equal(play(&w, seed == 2 ? 5000 : TB_BATCH_ROWS, false), digest);
        free_files(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_worlds),
        cmocka_unit_test(large_worlds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
