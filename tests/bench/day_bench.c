/* A day of many events and many consumers, first time and kept: reduced and priced, its quotas replayed, budgets, plans and
 * findings. Usage: day_bench [EVENTS [CONSUMERS [FOLDER [STEPS]]]]: composes a database of one day once (FOLDER/day-EVENTS-CONSUMERS.db,
 * kept for the next time), works on a copy, prints CPU and wall seconds and memory of each step, which is a process of its own. A
 * fourth argument chooses steps by their first letters; f, the whole detection behind 28 kept days as large, must be asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/hash.h"
#include "detect/detect.h"
#include "detect/digest.h"
#include "plan/plan.h"
#include "rate/budget.h"
#include "rate/quota.h"
#include "rate/reduce.h"
#include "store/events.h"
#include "store/files.h"

#define DAY    20778
#define MODELS 12
#define HOURS  24
#define NODES  2
#define PAST   28 /* kept days before it */

struct bench {
    struct tb_db *db;
    struct tb_settings settings;
    struct tb_source_setting sources[1];
    struct tb_tables *tables;
    uint64_t events, consumers;
    uint32_t source, node[NODES], provider[4], model[MODELS], feature[20], address[3000], agent[9];
    uint32_t *consumer;
};

#define MUST(expression)                                                                                     \
    do {                                                                                                     \
        struct tb_err err = {.code = TB_E_NONE};                                                             \
        if ((expression) != TB_OK) {                                                                         \
            fprintf(stderr, "day_bench: %s: %s\n", #expression, err.text);                                   \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* --- the day ---------------------------------------------------------------------------------------------------------- */

static void add_texts(struct bench *b, uint32_t *out, uint64_t n, const char *format)
{
    char text[64];
    for (uint64_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, format, (unsigned)i, (unsigned)(i / 256), (unsigned)(i % 256));
        MUST(tb_dict_id(b->db, tb_str_of(text), true, &out[i], &err));
    }
}

static void add_all_texts(struct bench *b)
{
    MUST(tb_dict_id(b->db, TB_STR("gateway"), true, &b->source, &err));
    add_texts(b, b->node, NODES, "kong-%u");
    add_texts(b, b->provider, 4, "provider-%u");
    add_texts(b, b->model, MODELS, "model-%u-turbo-2025-08");
    add_texts(b, b->consumer, b->consumers, "team-user-%u");
    add_texts(b, b->feature, 20, "route-%u");
    add_texts(b, b->address, 3000, "10.%u.%u.%u");
    add_texts(b, b->agent, 9, "python-requests/2.%u");
}

/* Skewed towards small values, as tokens and sizes are. */
static int64_t skewed(uint64_t r, int64_t scale)
{
    unsigned zeros = (unsigned)__builtin_ctzll(r | UINT64_C(1) << 40) / 2;
    return (int64_t)((r >> 24) % (uint64_t)scale) * (INT64_C(1) << (zeros > 5 ? 5 : zeros)) / 4 + 1;
}

static void set(struct tb_row *row, enum tb_event_number n, int64_t v)
{
    row->number[n] = v;
    row->present |= 1u << n;
}

static void fill_row(const struct bench *b, uint64_t n, struct tb_row *row)
{
    uint64_t h = mix(n * 2 + 1), g = mix(h + 5), f = mix(g + 7);
    *row = (struct tb_row){.quality = TB_QUALITY_EXACT};
    row->ts_us = DAY * TB_US_PER_DAY + (int64_t)((double)n / (double)b->events * 86400e6);
    row->identity = tb_hash128(&n, sizeof n, 1);
    row->payload = f;
    row->text[TB_T_NODE] = b->node[n % NODES];
    row->text[TB_T_CONSUMER] = b->consumer[h % b->consumers * (g % b->consumers) / b->consumers];
    uint64_t model = (row->text[TB_T_CONSUMER] + (f % 16 == 0)) % MODELS; /* a consumer has few */
    row->text[TB_T_PROVIDER] = b->provider[model % 4];
    row->text[TB_T_MODEL] = row->text[TB_T_MODEL_REQUESTED] = b->model[model];
    row->text[TB_T_FEATURE] = b->feature[row->text[TB_T_CONSUMER] % 10];
    row->text[TB_T_CLIENT_IP] = b->address[(row->text[TB_T_CONSUMER] * 7 + (h >> 30) % 2) % 3000];
    row->text[TB_T_USER_AGENT] = b->agent[(h >> 50) % 9];
    bool refused = g % 50 == 0;
    set(row, TB_N_STATUS, refused ? 429 : 200);
    if (!refused) {
        set(row, TB_N_INPUT, skewed(h, 3000));
        set(row, TB_N_OUTPUT, skewed(g, 900));
        if (f % 3 == 0) {
            set(row, TB_N_CACHE_READ, skewed(f, 2000));
        }
        row->prompt_fingerprint = mix(f);
    } else {
        row->quality = TB_QUALITY_NONE;
        row->flags = TB_F_REFUSED;
    }
    set(row, TB_N_LATENCY_MS, skewed(mix(g), 4000));
    set(row, TB_N_RETRIES, f % 40 == 0);
    set(row, TB_N_REQUEST_BYTES, skewed(mix(h), 8000));
    set(row, TB_N_RESPONSE_BYTES, skewed(mix(f + 1), 5000));
}

/* The file of one node and hour. */
static void load(struct bench *b, struct tb_row *rows, uint64_t hour, uint64_t node)
{
    struct tb_load_txn *t = NULL;
    struct tb_append_counts c;
    struct tb_file_entry e = {.source = b->source,
                              .path = TB_STR("bench.log"),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    uint64_t at = b->events * hour / HOURS, end = b->events * (hour + 1) / HOURS;
    at += (NODES + node - at % NODES) % NODES;
    MUST(tb_db_begin(b->db, &err));
    MUST(tb_files_insert(b->db, &e, &err));
    MUST(tb_load_begin(b->db, e.file, b->source, &t, &err));
    while (at < end) {
        uint32_t n = 0;
        for (; n < TB_BATCH_ROWS && at < end; at += NODES) {
            fill_row(b, at, &rows[n]);
            rows[n].line = ++e.lines;
            n++;
        }
        MUST(tb_load_append(t, rows, n, &c, NULL, NULL, &err));
        e.events += c.events;
    }
    MUST(tb_load_finish(t, &err));
    MUST(tb_files_update(b->db, &e, &err));
    MUST(tb_db_commit(b->db, &err));
}

static void open_db(struct bench *b, const char *path)
{
    MUST(tb_db_open(path, TB_DB_WRITE, &b->db, &err));
    tb_db_set_zone(b->db, b->settings.zone);
}

static void compose(struct bench *b, const char *path)
{
    struct tb_row *rows = calloc(TB_BATCH_ROWS, sizeof *rows);
    open_db(b, path);
    MUST(tb_db_begin(b->db, &err));
    add_all_texts(b);
    MUST(tb_db_commit(b->db, &err));
    for (uint64_t hour = 0; hour < HOURS; hour++) {
        for (uint64_t node = 0; node < NODES; node++) {
            load(b, rows, hour, node);
        }
    }
    tb_db_close(b->db);
    free(rows);
}

static char *make_prices(void)
{
    char *text = malloc(1 << 16), *p = text;
    p += sprintf(p, "provider,model,meter,price,per,currency\n");
    for (int i = 0; i < MODELS; i++) {
        p += sprintf(p, ",model-%d-turbo*,input,0.%d,1000000,USD\n,model-%d-turbo*,output,%d,1000000,USD\n",
                     i, i + 1, i, i + 2);
    }
    return text;
}

/* The tiers of the starter tables, dealt out in turn, and one that rolls. */
static char *make_accounts(uint64_t consumers)
{
    static const char *const tiers[] = {"developer", "analyst", "ops", "basic", "scraper"};
    char *text = malloc(consumers * 64 + 256), *p = text;
    p += sprintf(p, "consumer,team,cost_center,tier\n");
    for (uint64_t i = 0; i < consumers; i++) {
        p += sprintf(p, "team-user-%u,team %u,%u,%s\n", (unsigned)i, (unsigned)(i % 50),
                     (unsigned)(i % 50 + 100), tiers[i % 5]);
    }
    return text;
}

static void make_tables(struct bench *b)
{
    char *prices = make_prices(), *accounts = make_accounts(b->consumers);
    struct tb_str text[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = tb_str_of(prices),
        [TB_TABLE_ACCOUNTS] = tb_str_of(accounts),
        [TB_TABLE_QUOTAS] = TB_STR("tier,measure,limit,window,counting\n"
                                   "developer,tokens,1000000,day,global\ndeveloper,cost,50,day,global\n"
                                   "developer,models,*model-1*|*model-2*|*model-3*,,\n"
                                   "analyst,tokens,500000,day,global\nanalyst,cost,20,day,global\n"
                                   "ops,tokens,200000,day,global\nops,cost,10,day,global\n"
                                   "basic,tokens,10000,first_use_24h,node\n"
                                   "scraper,requests,60,minute,global\nscraper,requests,100,hour,global\n"
                                   "scraper,requests,1000,day,global\n"),
        [TB_TABLE_BUDGETS] =
            TB_STR("name,dimension,match,period,amount,reserve,allocate_by,history_days,hour_warning,"
                   "hour_critical,hour_emergency\n"
                   "all,,,month,300000,0,team,28,5,20,100\ndaily,,,day,10000,20,consumer,7,,,\n"
                   "team,team,team 7,day,100,,,,,,\n")};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    MUST(tb_tables_parse(&b->settings, text, name, &b->tables, &err));
    free(prices);
    free(accounts);
}

/* --- the days before ------------------------------------------------------------------------------------------------------ */

/* One call on the first of them, so that there is data from then on. */
static void add_first(struct bench *b)
{
    struct tb_load_txn *t = NULL;
    struct tb_append_counts c;
    struct tb_row row;
    struct tb_file_entry e = {.source = b->source,
                              .path = TB_STR("first.log"),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    fill_row(b, b->events / 2 + 1, &row);
    row.ts_us -= PAST * TB_US_PER_DAY;
    row.identity = tb_hash128("first", 5, 1);
    row.line = 1;
    MUST(tb_files_insert(b->db, &e, &err));
    MUST(tb_load_begin(b->db, e.file, b->source, &t, &err));
    MUST(tb_load_append(t, &row, 1, &c, NULL, NULL, &err));
    e.lines = e.events = c.events;
    MUST(tb_load_finish(t, &err));
    MUST(tb_files_update(b->db, &e, &err));
}

static void shift_hours(struct tb_digest *d, const struct tb_dg_place *p)
{
    struct tb_dg_hour *x = &d->hour[p->first];
    for (uint32_t left = p->hours; left != 0; left &= left - 1, x++) {
        uint64_t hour = (uint64_t)tb_digest_hour(d, left);
        uint32_t part = 75 + (uint32_t)(mix(p->consumer * UINT64_C(1000000) + hour) % 51);
        x->n = (x->n * part + 99) / 100;
        x->cost = x->cost / 100 * part;
    }
}

/* A day earlier; hours and cells vary by a quarter. */
static void shift(struct tb_digest *d)
{
#define EACH(name, ...)                                                                                      \
    for (size_t i = 0; i < d->name##_n; i++) {                                                               \
        struct tb_dg_##name *x = &d->name[i];                                                                \
        __VA_ARGS__;                                                                                         \
    }
#define EARLIER(x) ((x)->start_us -= TB_US_PER_DAY, (x)->end_us -= TB_US_PER_DAY)
    d->day--;
    d->from_us -= TB_US_PER_DAY;
    d->to_us -= TB_US_PER_DAY;
    EACH(place, shift_hours(d, x))
    EACH(cell, uint32_t part = 75 + (uint32_t)(mix(x->consumer * UINT64_C(1000000) + x->model * 100 +
                                                   (uint64_t)(d->day % 100)) %
                                               51);
         x->n = (x->n * part + 99) / 100; x->cost = x->cost / 100 * part)
    d->ordered = false; /* by bytes, and these changed */
    tb_digest_order(d);
    EACH(large, x->ts_us -= TB_US_PER_DAY)
    EACH(run, EARLIER(x))
    EACH(agent, EARLIER(x))
    EACH(steady, EARLIER(x))
    EACH(storm, EARLIER(x))
    EACH(outage, EARLIER(x))
    EACH(rate, EARLIER(x))
    EACH(unpriced, EARLIER(x))
}

static void keep_history(struct bench *b)
{
    struct tb_rules rules;
    struct tb_digest d;
    add_all_texts(b);
    add_first(b);
    MUST(tb_rules_load(&b->settings, &rules, &err));
    MUST(tb_digest_build(b->db, &b->settings, b->tables, &rules, DAY, &d, &err));
    tb_digest_order(&d);
    while (d.day > DAY - PAST) {
        shift(&d);
        MUST(tb_digest_keep(b->db, &b->settings, b->tables, &rules, &d, &err));
    }
    tb_digest_release(&d);
    MUST(tb_reduce_days(b->db, &b->settings, b->tables, 1, DAY - PAST, DAY, NULL, &err));
    MUST(tb_quota_advance(b->db, &b->settings, b->tables, DAY, &err));
    struct tb_spends spends; /* as the command has them made before it asks for findings */
    MUST(tb_spends_read(b->db, &b->settings, b->tables, 1, tb_detect_first_day(b->tables, DAY), DAY, false,
                        true, &spends, &err));
    tb_spends_release(&spends);
}

/* --- what is measured --------------------------------------------------------------------------------------------------- */

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void reduce(struct bench *b)
{
    MUST(tb_reduce_days(b->db, &b->settings, b->tables, 1, DAY, DAY, NULL, &err));
}

static void quota(struct bench *b)
{
    struct tb_quota_result r;
    MUST(tb_quota_advance(b->db, &b->settings, b->tables, DAY, &err));
    MUST(tb_quota_query(b->db, &b->settings, b->tables, DAY, DAY, DAY, &r, &err));
    uint64_t over = 0, after = 0;
    for (size_t i = 0; i < r.n; i++) {
        over += r.rows[i].level == TB_LEVEL_EXCEEDED;
        after += (uint64_t)r.rows[i].use.requests_after;
    }
    printf("    %zu windows, %llu exceeded, %llu requests after, %zu violations\n", r.n,
           (unsigned long long)over, (unsigned long long)after, r.violation_n);
    tb_quota_release(&r);
}

static void budget(struct bench *b)
{
    struct tb_spends spends;
    struct tb_budgets out;
    int64_t end = tb_zone_day_start(b->settings.zone, DAY + 1);
    MUST(tb_spends_read(b->db, &b->settings, b->tables, 1, DAY, DAY, false, true, &spends, &err));
    tb_spends_release(&spends);
    MUST(tb_budget_query(b->db, &b->settings, b->tables, 1, DAY, DAY, end, &out, &err));
    for (size_t i = 0; i < out.n; i++) {
        char spent[TB_MONEY_TEXT_MAX];
        tb_money_format(out.rows[i].spent, spent);
        printf("    %s spent %s, %zu stretches over, exceeded at %lld\n", out.rows[i].row->name.s, spent,
               out.rows[i].hour_n, (long long)out.rows[i].crossed_us[TB_LEVEL_EXCEEDED]);
    }
    tb_budget_release(&out);
}

static void plan(struct bench *b)
{
    struct tb_plans out;
    MUST(tb_plan_query(b->db, &b->settings, b->tables, 1, DAY, false, &out, &err));
    tb_plan_release(&out);
}

static void digest(struct bench *b)
{
    struct tb_rules rules;
    struct tb_digest d;
    MUST(tb_rules_load(&b->settings, &rules, &err));
    MUST(tb_digest_get(b->db, &b->settings, b->tables, &rules, DAY, &d, &err));
    tb_digest_release(&d);
}

/* As `report anomalies` asks; the hash is of all that it prints but for the order of words. */
static void findings(struct bench *b)
{
    struct tb_findings out;
    struct tb_detect_query q = {b->db, &b->settings, b->tables, 1, DAY, DAY, 0};
    uint64_t hash = 0, known = 0;
    MUST(tb_detect_days(&q, &out, &err));
    for (size_t i = 0; i < out.n; i++) {
        hash = tb_hash64(out.f[i].id, strlen(out.f[i].id), hash);
        hash = tb_hash64(out.f[i].evidence, strlen(out.f[i].evidence), hash ^ (uint64_t)out.f[i].cost);
        known += out.f[i].first_day < DAY;
    }
    printf("    %zu findings, %llu of them open before, hash %016llx\n", out.n, (unsigned long long)known,
           (unsigned long long)hash);
    tb_findings_release(&out);
}

/* A step in a process of its own, so that what it takes is its own. */
static void run(struct bench *b, const char *path, const char *name, void (*step)(struct bench *))
{
    double w = wall();
    int status = 0;
    struct rusage u;
    pid_t pid = fork();
    if (pid == 0) {
        open_db(b, path);
        MUST(tb_db_begin(b->db, &err));
        step(b);
        MUST(tb_db_commit(b->db, &err));
        tb_db_close(b->db);
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0 || wait4(pid, &status, 0, &u) != pid || status != 0) {
        exit(1);
    }
    printf("%-16s %7.3f CPU s %7.3f s, memory at most %ld MB\n", name,
           (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
           wall() - w, u.ru_maxrss / 1024);
}

/* The composed database, with or without the days before; made when it is not there. */
static void prepare(struct bench *b, const char *dir, bool past, char path[300])
{
    char command[700];
    snprintf(path, 300, "%s/day-%llu-%llu.db", dir, (unsigned long long)b->events,
             (unsigned long long)b->consumers);
    if (access(path, F_OK) != 0) {
        compose(b, path);
    }
    if (past) {
        char before[300];
        memcpy(before, path, sizeof before);
        snprintf(path, 300, "%s/day-%llu-%llu-past.db", dir, (unsigned long long)b->events,
                 (unsigned long long)b->consumers);
        snprintf(command, sizeof command, "cp '%s' '%s'", before, path);
        if (access(path, F_OK) != 0) {
            if (system(command) != 0) {
                exit(1);
            }
            run(b, path, "history", keep_history);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench b = {.events = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000,
                      .consumers = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000};
    const char *dir = argc > 3 ? argv[3] : "/tmp", *chosen = argc > 4 ? argv[4] : "rqbpd";
    char path[300], work[300], command[700];
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(work, sizeof work, "%s/day-work-%d.db", dir, (int)getpid());
    b.consumer = calloc(b.consumers, sizeof *b.consumer);
    b.sources[0] = (struct tb_source_setting){.name = "gateway", .bill = true};
    b.settings = (struct tb_settings){.currency = "USD", .sources = b.sources, .source_count = 1};
    MUST(tb_zone_load("UTC", &b.settings.zone, &err));
    make_tables(&b);
    prepare(&b, dir, strchr(chosen, 'f') != NULL, path);
    snprintf(command, sizeof command, "cp '%s' '%s' && cat '%s' > /dev/null", path, work, work);
    if (system(command) != 0) {
        return 1;
    }
    static const struct {
        const char *name;
        void (*step)(struct bench *);
    } steps[] = {{"reduce", reduce}, {"quota", quota},   {"budget", budget},
                 {"plan", plan},     {"digest", digest}, {"findings", findings}};
    for (int again = 0; again < 2; again++) {
        printf("%s:\n", again ? "kept" : "first time");
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            if (strchr(chosen, steps[i].name[0]) != NULL) {
                run(&b, work, steps[i].name, steps[i].step);
            }
        }
    }
    snprintf(command, sizeof command, "rm -f '%s' '%s.lock' '%s-wal' '%s-shm'", work, work, work, work);
    return system(command) == 0 ? 0 : 1;
}
