/* What the store alone costs: events like those of a Kong log without prompts, handed over as load does
 * it. Usage: store_bench [ROWS_PER_FILE [FILES [FOLDER]]]: loads FILES files of fresh events, then a small
 * fresh file, a copy, and a file of half known events; prints CPU seconds, bytes per event on disk, and
 * scan speed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/events.h"
#include "store/files.h"

#define CONSUMERS 400
#define MODELS    12
#define ADDRESSES 3000
#define AGENTS    9
#define DAY_0     20400

struct bench {
    struct tb_db *db;
    uint32_t source, node[2], provider[4], model[MODELS], consumer[CONSUMERS], feature[20],
        address[ADDRESSES], agent[AGENTS];
    struct tb_row *rows;
    char (*ids)[36];
};

static void die(const char *what, const struct tb_err *err)
{
    fprintf(stderr, "store_bench: %s: %s\n", what, err->text);
    exit(1);
}

#define MUST(expression)                                                                                     \
    do {                                                                                                     \
        struct tb_err err = {.code = TB_E_NONE};                                                             \
        if ((expression) != TB_OK) {                                                                         \
            die(#expression, &err);                                                                          \
        }                                                                                                    \
    } while (0)

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double rss_mb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

static void add_texts(struct bench *b, uint32_t *out, int n, const char *format)
{
    char text[128];
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, format, i, i / 256, i % 256);
        MUST(tb_dict_id(b->db, tb_str_of(text), true, &out[i], &err));
    }
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

/* Event number n of all; per_day events make a day. */
static void fill_row(struct bench *b, uint64_t n, uint64_t per_day, uint64_t line, struct tb_row *row,
                     char *id)
{
    uint64_t h = mix(n * 2 + 1), g = mix(h + 5), f = mix(g + 7);
    int64_t step_ms = (int64_t)(86400000 / per_day) + 1, ms = (int64_t)(n % per_day * 86400000 / per_day);
    memset(row, 0, sizeof *row);
    row->ts_us = DAY_0 * TB_US_PER_DAY + (int64_t)(n / per_day) * TB_US_PER_DAY;
    row->ts_us += (ms + (int64_t)(g % (uint64_t)(step_ms * 3)) > 86399999
                       ? ms
                       : ms + (int64_t)(g % (uint64_t)(step_ms * 3))) *
                  1000;
    row->identity = tb_hash128(&n, sizeof n, 1);
    row->payload = f;
    for (int i = 0; i < 16; i++) {
        static const char digits[] = "0123456789abcdef";
        uint64_t half = i < 8 ? h : g;
        id[2 * i] = digits[half >> (i % 8 * 8 + 4) & 15];
        id[2 * i + 1] = digits[half >> (i % 8 * 8) & 15];
    }
    row->id = (struct tb_str){id, 32};
    row->text[TB_T_NODE] = b->node[0];
    row->text[TB_T_CONSUMER] = b->consumer[h % CONSUMERS * (g % CONSUMERS) / CONSUMERS];
    uint64_t model = f % MODELS * (h >> 7 & 7) / 7;
    row->text[TB_T_PROVIDER] = b->provider[model % 4];
    row->text[TB_T_MODEL] = row->text[TB_T_MODEL_REQUESTED] = b->model[model < MODELS ? model : 0];
    row->text[TB_T_FEATURE] = b->feature[h >> 20 & 15];
    row->text[TB_T_CLIENT_IP] = b->address[(h >> 30) % ADDRESSES];
    row->text[TB_T_USER_AGENT] = b->agent[(h >> 50) % AGENTS];
    bool refused = g % 50 == 0;
    set(row, TB_N_STATUS, refused ? 429 : 200);
    if (!refused) {
        set(row, TB_N_INPUT, skewed(h, 3000));
        set(row, TB_N_OUTPUT, skewed(g, 900));
        if (f % 3 == 0) {
            set(row, TB_N_CACHE_READ, skewed(f, 2000));
        }
        row->has_cost = true;
        row->cost.mantissa = skewed(mix(f), 100000);
        row->cost.exponent = -7;
    }
    row->quality = refused ? TB_QUALITY_NONE : TB_QUALITY_EXACT;
    row->flags = refused ? TB_F_REFUSED : 0;
    set(row, TB_N_LATENCY_MS, skewed(mix(g), 4000));
    set(row, TB_N_RETRIES, f % 40 == 0);
    set(row, TB_N_REQUEST_BYTES, skewed(mix(h), 8000));
    set(row, TB_N_RESPONSE_BYTES, skewed(mix(f + 1), 5000));
    row->line = line;
}

struct spent {
    double cpu;
    struct tb_append_counts counts;
};

/* Loads events [from, from + n) as one file; only the store's calls are timed. */
static struct spent load(struct bench *b, uint64_t from, uint64_t n, uint64_t per_day)
{
    struct spent s = {0, {0, 0, 0, 0}};
    struct tb_load_txn *t = NULL;
    struct tb_file_entry e = {.source = b->source,
                              .path = TB_STR("bench.log"),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    double start = cpu_seconds();
    MUST(tb_db_begin(b->db, &err));
    MUST(tb_files_insert(b->db, &e, &err));
    MUST(tb_load_begin(b->db, e.file, b->source, &t, &err));
    s.cpu += cpu_seconds() - start;
    for (uint64_t at = 0; at < n; at += TB_BATCH_ROWS) {
        uint32_t rows = n - at < TB_BATCH_ROWS ? (uint32_t)(n - at) : TB_BATCH_ROWS;
        for (uint32_t i = 0; i < rows; i++) {
            fill_row(b, from + at + i, per_day, at + i + 1, &b->rows[i], b->ids[i]);
        }
        struct tb_append_counts c;
        start = cpu_seconds();
        MUST(tb_load_append(t, b->rows, rows, &c, NULL, NULL, &err));
        s.cpu += cpu_seconds() - start;
        s.counts.events += c.events;
        s.counts.duplicates += c.duplicates;
        s.counts.conflicts += c.conflicts;
    }
    e.lines = n;
    e.events = s.counts.events;
    e.duplicates = s.counts.duplicates;
    e.conflicts = s.counts.conflicts;
    start = cpu_seconds();
    MUST(tb_load_finish(t, &err));
    MUST(tb_files_update(b->db, &e, &err));
    MUST(tb_db_commit(b->db, &err));
    s.cpu += cpu_seconds() - start;
    return s;
}

static double scan(struct bench *b, uint64_t columns, uint64_t *rows)
{
    struct tb_scan *s = NULL;
    struct tb_block block;
    struct tb_err why = {.code = TB_E_NONE};
    enum tb_status st;
    int64_t sum = 0;
    double start = cpu_seconds();
    *rows = 0;
    MUST(tb_scan_open(b->db, 0, INT64_MAX, columns, &s, &err));
    while ((st = tb_scan_next(s, &block, &why)) == TB_OK) {
        *rows += block.n;
        for (uint32_t i = 0; i < block.n && block.number[TB_N_INPUT] != NULL; i++) {
            sum += block.number[TB_N_INPUT][i];
        }
    }
    if (st != TB_END) {
        die("scan", &why);
    }
    tb_scan_close(s);
    return cpu_seconds() - start + (sum == 1 ? 1e-9 : 0);
}

static bool take_one(void *ctx, const struct tb_block *block, uint32_t row)
{
    int64_t *last = ctx;
    if (block->ts_us[row] < *last) {
        fprintf(stderr, "store_bench: not in order\n");
        exit(1);
    }
    *last = block->ts_us[row];
    return true;
}

static void tell(const char *what, struct spent s, uint64_t rows)
{
    printf("%-34s %10llu rows  %7.3f CPU s  %6.0f ns/row   %llu events, %llu duplicates\n", what,
           (unsigned long long)rows, s.cpu, s.cpu * 1e9 / (double)rows, (unsigned long long)s.counts.events,
           (unsigned long long)s.counts.duplicates);
}

int main(int argc, char **argv)
{
    uint64_t per_file = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
             files = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const char *dir = argc > 3 ? argv[3] : "/tmp";
    char path[256], command[1100];
    struct bench b = {.rows = calloc(TB_BATCH_ROWS, sizeof *b.rows),
                      .ids = calloc(TB_BATCH_ROWS, sizeof *b.ids)};
    snprintf(path, sizeof path, "%s/store_bench_%d.db", dir, (int)getpid());
    MUST(tb_db_open(path, TB_DB_WRITE, &b.db, &err));
    MUST(tb_db_begin(b.db, &err));
    MUST(tb_dict_id(b.db, TB_STR("gateway"), true, &b.source, &err));
    add_texts(&b, b.node, 2, "kong-%d");
    add_texts(&b, b.provider, 4, "provider-%d");
    add_texts(&b, b.model, MODELS, "model-%d-turbo-2025-08");
    add_texts(&b, b.consumer, CONSUMERS, "team-user-%d");
    add_texts(&b, b.feature, 20, "route-%d");
    add_texts(&b, b.address, ADDRESSES, "10.%d.%d.%d");
    add_texts(&b, b.agent, AGENTS, "python-requests/2.%d");
    MUST(tb_db_commit(b.db, &err));
    uint64_t per_day = per_file > 1000000 ? per_file : 1000000, total = 0;
    struct spent all = {0, {0, 0, 0, 0}}, last = all;
    for (uint64_t i = 0; i < files; i++) {
        last = load(&b, total, per_file, per_day);
        total += per_file;
        all.cpu += last.cpu;
        all.counts.events += last.counts.events;
        all.counts.duplicates += last.counts.duplicates;
    }
    tell("fresh", all, total);
    tell("fresh, the last file", last, per_file);
    struct stat sb;
    MUST(tb_db_begin(b.db, &err));
    MUST(tb_db_commit(b.db, &err));
    stat(path, &sb);
    tb_db_close(b.db);
    stat(path, &sb);
    printf("%-34s %10.1f bytes/event, %.1f MB\n", "on disk", (double)sb.st_size / (double)total,
           (double)sb.st_size / 1e6);
    MUST(tb_db_open(path, TB_DB_WRITE, &b.db, &err));
    struct spent s = load(&b, total, 40000, per_day);
    total += 40000;
    tell("40k fresh, database just opened", s, 40000);
    s = load(&b, total, 40000, per_day);
    total += 40000;
    tell("40k fresh, again", s, 40000);
    s = load(&b, total - 40000, 40000, per_day);
    tell("40k known", s, 40000);
    s = load(&b, total - 20000, 40000, per_day);
    tell("40k, half known", s, 40000);
    uint64_t n = per_file < 1000000 ? per_file : 1000000;
    s = load(&b, 0, n, per_day);
    tell("all of the first file known", s, n);
    static const struct {
        const char *name;
        uint64_t columns;
    } scans[] = {{"scan ts", TB_C_TS},
                 {"scan ts texts tokens cost", TB_C_TS | TB_C_TEXTS | TB_C_TOKENS | TB_C_COST},
                 {"scan all", TB_C_ALL}};
    for (size_t i = 0; i < sizeof scans / sizeof *scans; i++) {
        uint64_t rows = 0;
        double cpu = scan(&b, scans[i].columns, &rows);
        printf("%-34s %10llu rows  %7.3f CPU s  %6.1f ns/row\n", scans[i].name, (unsigned long long)rows, cpu,
               cpu * 1e9 / (double)rows);
    }
    int64_t latest = INT64_MIN;
    double start = cpu_seconds();
    MUST(tb_events_ordered(b.db, 0, INT64_MAX, TB_C_TS | TB_C_TEXTS | TB_C_TOKENS, take_one, &latest, &err));
    printf("%-34s %10s       %7.3f CPU s\n", "ordered ts texts tokens", "", cpu_seconds() - start);
    printf("%-34s %10.1f MB\n", "memory at most", rss_mb());
    tb_db_close(b.db);
    snprintf(command, sizeof command, "rm -f '%s' '%s.lock' '%s-wal' '%s-shm'", path, path, path, path);
    return system(command) == 0 ? 0 : 1;
}
