/* base/zone against the C library's localtime_r, over every zone that is installed and over made-up POSIX
 * rules; and the days and hours that are known for their oddities. */
#include "support.h"
#include "base/zone.h"
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define YEAR_2100_S INT64_C(4102444800)
#define ZONES_MAX   800

static char zones[ZONES_MAX][64];
static size_t zone_count;

static const char *data_folder(void)
{
    return "/usr/share/zoneinfo";
}

static void list_zones(const char *prefix)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", data_folder(), prefix);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char name[512];
        struct stat st;
        if (e->d_name[0] < 'A' || e->d_name[0] > 'Z') {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", e->d_name);
        (void)snprintf(path, sizeof(path), "%s/%.200s", data_folder(), name);
        assert_int_equal(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            list_zones(name);
        } else {
            assert_true(zone_count < ZONES_MAX && strlen(name) < sizeof(zones[0]));
            memcpy(zones[zone_count++], name, strlen(name) + 1);
        }
    }
    (void)closedir(d);
}

static int setup(void **state)
{
    (void)state;
    (void)unsetenv("TZDIR");
    list_zones("");
    return zone_count > 300 ? 0 : -1;
}

static void c_library_zone(const char *tz)
{
    assert_int_equal(setenv("TZ", tz, 1), 0);
    tzset();
}

static int64_t c_offset(int64_t second)
{
    time_t t = (time_t)second;
    struct tm tm;
    assert_non_null(localtime_r(&t, &tm));
    return tm.tm_gmtoff;
}

static struct tb_zone *load(const char *name)
{
    struct tb_zone *z = NULL;
    struct tb_err err;
    if (tb_zone_load(name, &z, &err) != TB_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    return z;
}

static int64_t instant(const char *text)
{
    int64_t ts = 0;
    bool zone = false;
    assert_true(tb_ts_parse(tb_str_of(text), &ts, &zone) && zone);
    return ts;
}

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_true(tb_day_parse(tb_str_of(text), &day));
    return day;
}

static void assert_instant(int64_t ts, const char *expected)
{
    char out[TB_TS_TEXT_MAX];
    (void)tb_ts_format(ts, out);
    assert_string_equal(out, expected);
}

static void assert_same_offset(const struct tb_zone *z, const char *name, int64_t second)
{
    int64_t expected = c_offset(second);
    int32_t found = tb_zone_offset(z, second * TB_US_PER_S);
    if (found != expected) {
        fail_msg("%s at %lld: %d, the C library says %lld", name, (long long)second, (int)found,
                 (long long)expected);
    }
}

/* Random instants, and both sides of a change of offset found near each. */
static void compare_offsets(const struct tb_zone *z, const char *name, uint64_t *seed, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        int64_t low = (int64_t)random_below(seed, (size_t)YEAR_2100_S);
        int64_t high = low + 200 * 86400;
        assert_same_offset(z, name, low);
        if (c_offset(low) == c_offset(high)) {
            continue;
        }
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (c_offset(middle) == c_offset(low)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        assert_same_offset(z, name, low);
        assert_same_offset(z, name, high);
        assert_int_equal(tb_zone_offset(z, high * TB_US_PER_S - 1), c_offset(low));
    }
}

static void test_offsets_of_every_zone(void **state)
{
    (void)state;
    uint64_t seed = 41;
    for (size_t i = 0; i < zone_count; i++) {
        struct tb_zone *z = load(zones[i]);
        c_library_zone(zones[i]);
        assert_string_equal(tb_zone_name(z), zones[i]);
        compare_offsets(z, zones[i], &seed, 60);
        tb_zone_free(z);
    }
}

/* The first second whose local date is day or later, by looking: first at each quarter hour, then at each
 * second. */
static int64_t c_day_start(int32_t day)
{
    int64_t local = day * INT64_C(86400);
    int64_t at = local - 27 * 3600;
    while (at + 900 + c_offset(at + 900) < local) {
        at += 900;
    }
    while (at + c_offset(at) < local) {
        at++;
    }
    return at;
}

/* The days around a change of offset, and some others. */
static void test_day_starts_of_every_zone(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (size_t i = 0; i < zone_count; i++) {
        struct tb_zone *z = load(zones[i]);
        c_library_zone(zones[i]);
        int32_t day = (int32_t)random_below(&seed, 47000) + 1;
        int64_t before = c_offset(day * INT64_C(86400));
        for (int k = 0; k < 250 && c_offset(day * INT64_C(86400)) == before; k++) {
            day++;
        }
        for (int32_t d = day - 1; d <= day + 1; d++) {
            int64_t start = tb_zone_day_start(z, d);
            if (start != c_day_start(d) * TB_US_PER_S) {
                fail_msg("%s: day %d begins at %lld, not %lld", zones[i], (int)d, (long long)c_day_start(d),
                         (long long)(start / TB_US_PER_S));
            }
            assert_true(tb_zone_day(z, start) >= d);
            assert_true(tb_zone_day(z, start - 1) < d);
        }
        tb_zone_free(z);
    }
}

/* What every report rests on: days have no gaps and no overlaps, and each instant is in its day. */
static void test_days_partition_time(void **state)
{
    (void)state;
    uint64_t seed = 43;
    for (size_t i = 0; i < zone_count; i += 3) {
        struct tb_zone *z = load(zones[i]);
        for (int k = 0; k < 300; k++) {
            int64_t ts = (int64_t)random_below(&seed, (size_t)YEAR_2100_S) * TB_US_PER_S + 999999;
            int32_t day = tb_zone_day(z, ts);
            int64_t hour = tb_zone_hour_start(z, ts);
            assert_true(tb_zone_day_start(z, day) <= ts);
            assert_true(ts < tb_zone_day_start(z, day + 1));
            assert_true(hour <= ts && ts - hour < TB_US_PER_H);
            assert_int_equal(tb_zone_hour_start(z, hour), hour);
        }
        tb_zone_free(z);
    }
}

static void test_odd_days(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *day;
        const char *start;
        int hours;
    } rows[] = {
        {"UTC", "2026-11-21", "2026-11-21T00:00:00Z", 24},
        {"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23},
        {"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25},
        {"Europe/Berlin", "2090-10-29", "2090-10-28T22:00:00Z", 25}, /* behind the listed transitions */
        {"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25},
        {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23}, /* no midnight: it begins at 01:00 */
        {"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 25}, /* 24:00 is 23:00 again */
        {"Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z", 23},
        {"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25}, /* midnight twice: the first */
        {"Asia/Kathmandu", "2026-11-21", "2026-11-20T18:15:00Z", 24},
        {"Asia/Kolkata", "2026-11-21", "2026-11-20T18:30:00Z", 24},
        {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0}, /* the day that was left out */
        {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24},
        {"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", 25}, /* 00:01 goes back to 23:01 */
        {"America/Nuuk", "2026-03-28", "2026-03-28T02:00:00Z", 23},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_zone *z = load(rows[i].zone);
        int32_t day = day_of(rows[i].day);
        assert_instant(tb_zone_day_start(z, day), rows[i].start);
        int64_t length = tb_zone_day_start(z, day + 1) - tb_zone_day_start(z, day);
        assert_int_equal(length, rows[i].hours * TB_US_PER_H);
        tb_zone_free(z);
    }
}

static void test_half_hour_change(void **state)
{
    (void)state;
    struct tb_zone *z = load("Australia/Lord_Howe");
    int32_t day = day_of("2026-04-05");
    assert_int_equal(tb_zone_day_start(z, day + 1) - tb_zone_day_start(z, day), 49 * TB_US_PER_H / 2);
    tb_zone_free(z);
}

static void test_the_minute_before_midnight_comes_twice(void **state)
{
    (void)state;
    struct tb_zone *z = load("America/St_Johns");
    int32_t day = day_of("2010-11-07");
    assert_int_equal(tb_zone_day(z, instant("2010-11-07T02:29:59Z")), day - 1);
    assert_int_equal(tb_zone_day(z, instant("2010-11-07T02:30:30Z")), day);
    assert_int_equal(tb_zone_day(z, instant("2010-11-07T02:31:00Z")),
                     day); /* 23:01 again, but the day has begun */
    assert_int_equal(tb_zone_day(z, instant("2010-11-07T03:30:00Z")), day);
    tb_zone_free(z);
}

static void test_instants_of_civil_times(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *day;
        int second;
        const char *expected;
    } rows[] = {
        {"Europe/Berlin", "2026-11-21", 12 * 3600, "2026-11-21T11:00:00Z"},
        {"Europe/Berlin", "2026-10-25", 9000, "2026-10-25T00:30:00Z"}, /* 02:30 twice: the earlier */
        {"Europe/Berlin", "2026-03-29", 9000, "2026-03-29T01:00:00Z"}, /* 02:30 never: the jump */
        {"America/Sao_Paulo", "2018-11-04", 1800, "2018-11-04T03:00:00Z"},
        {"Pacific/Apia", "2011-12-30", 12 * 3600, "2011-12-30T10:00:00Z"},
        {"UTC", "2026-11-21", 86399, "2026-11-21T23:59:59Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_zone *z = load(rows[i].zone);
        assert_instant(tb_zone_instant(z, day_of(rows[i].day), rows[i].second), rows[i].expected);
        tb_zone_free(z);
    }
}

/* Where a civil time exists once, its instant leads back to it. */
static void test_instants_lead_back(void **state)
{
    (void)state;
    uint64_t seed = 44;
    for (size_t i = 0; i < zone_count; i += 2) {
        struct tb_zone *z = load(zones[i]);
        for (int k = 0; k < 100; k++) {
            int64_t ts = (int64_t)random_below(&seed, (size_t)YEAR_2100_S) * TB_US_PER_S;
            int64_t local = ts / TB_US_PER_S + tb_zone_offset(z, ts);
            int32_t day = (int32_t)((local + 86400) / 86400 - 1);
            int64_t back = tb_zone_instant(z, day, (int32_t)(local - day * INT64_C(86400)));
            assert_true(back <= ts);
            assert_int_equal(back / TB_US_PER_S + tb_zone_offset(z, back), local);
        }
        tb_zone_free(z);
    }
}

static void test_hours(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *at;
        const char *start;
    } rows[] = {
        {"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z"}, /* 02:30, first */
        {"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z"}, /* 02:30, again */
        {"Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29T01:00:00Z"},
        {"Asia/Kolkata", "2026-11-21T10:10:00Z", "2026-11-21T09:30:00Z"},
        {"Asia/Kathmandu", "2026-11-21T10:10:00Z", "2026-11-21T09:15:00Z"},
        {"Australia/Lord_Howe", "2026-04-04T14:59:00Z", "2026-04-04T14:00:00Z"}, /* 01:59 */
        {"Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z"}, /* 02:00 is 01:30 again */
        {"Australia/Lord_Howe", "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z"}, /* 02:00 is 02:30 */
        {"America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z"},    /* one minute of 00 */
        {"America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-07T02:31:00Z"},    /* 23:01 again */
        {"UTC", "2026-11-21T10:59:59.999999Z", "2026-11-21T10:00:00Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_zone *z = load(rows[i].zone);
        assert_instant(tb_zone_hour_start(z, instant(rows[i].at)), rows[i].start);
        tb_zone_free(z);
    }
}

/* A folder with TZif files of our own. */
static char own_folder[] = "/tmp/tollbook-zone-XXXXXX";

static void put_zone(const char *name, const void *data, size_t n)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", own_folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* A version 2 file with no transitions: one type of offset 0 and the rule. */
static size_t make_file(const char *rule, unsigned char *out)
{
    static const unsigned char block[] = {
        'T', 'Z', 'i', 'f', '2', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0,
        0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 'U', 'T', 'C', 0};
    size_t n = 0;
    memcpy(out, block, sizeof(block));
    memcpy(out + sizeof(block), block, sizeof(block));
    n = 2 * sizeof(block);
    out[n++] = '\n';
    memcpy(out + n, rule, strlen(rule));
    n += strlen(rule);
    out[n++] = '\n';
    return n;
}

static int setup_own(void **state)
{
    (void)state;
    memcpy(own_folder + sizeof(own_folder) - 7, "XXXXXX", 6);
    return mkdtemp(own_folder) != NULL && setenv("TZDIR", own_folder, 1) == 0 ? 0 : -1;
}

static int teardown_own(void **state)
{
    (void)state;
    char path[512];
    DIR *d = opendir(own_folder);
    if (d == NULL) {
        return -1;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        (void)snprintf(path, sizeof(path), "%s/%s", own_folder, e->d_name);
        (void)unlink(path);
    }
    (void)closedir(d);
    (void)unsetenv("TZDIR");
    return rmdir(own_folder);
}

static void compare_rule(const char *rule, uint64_t *seed, int rounds)
{
    unsigned char file[512];
    put_zone("Own", file, make_file(rule, file));
    struct tb_zone *z = load("Own");
    c_library_zone(rule);
    compare_offsets(z, rule, seed, rounds);
    tb_zone_free(z);
}

static void test_known_rules(void **state)
{
    (void)state;
    uint64_t seed = 45;
    static const char *const rules[] = {
        "UTC0",
        "<+0545>-5:45",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "EST5EDT,M3.2.0,M11.1.0",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
        "XXX3YYY,J60,J300/3",
        "XXX3YYY,J59/1:30:15,J61/4",
        "XXX-3YYY-5,59,299/0",
        "XXX8:15YYY7:45,J1/0,J365/23",
        "XXX-4YYY,M2.5.1/2,M8.5.6/2",
    };
    for (size_t i = 0; i < COUNT(rules); i++) {
        compare_rule(rules[i], &seed, 300);
    }
}

/* Rules at random: any kind of day, times within the day, DST of half an hour to two. */
static void test_random_rules(void **state)
{
    (void)state;
    uint64_t seed = 46;
    for (int i = 0; i < 300; i++) {
        char days[2][32];
        char rule[128];
        for (size_t k = 0; k < 2; k++) {
            size_t from = k * 180; /* one day in each half of the year, apart by months */
            int hour = (int)random_below(&seed, 24);
            switch (random_below(&seed, 3)) {
            case 0:
                (void)snprintf(days[k], sizeof(days[k]), "J%zu/%d", from + 20 + random_below(&seed, 130),
                               hour);
                break;
            case 1:
                (void)snprintf(days[k], sizeof(days[k]), "%zu/%d:30", from + 20 + random_below(&seed, 130),
                               hour);
                break;
            default:
                (void)snprintf(days[k], sizeof(days[k]), "M%zu.%zu.%zu/%d:00:01",
                               2 + k * 6 + random_below(&seed, 4), 1 + random_below(&seed, 5),
                               random_below(&seed, 7), hour);
                break;
            }
        }
        size_t first = random_below(&seed, 2);
        int west = (int)random_below(&seed, 23 * 60) - 11 * 60;
        int dst = west - 30 * (1 + (int)random_below(&seed, 4));
        (void)snprintf(rule, sizeof(rule), "AAA%s%d:%02dBBB%s%d:%02d,%s,%s", west < 0 ? "-" : "",
                       abs(west) / 60, abs(west) % 60, dst < 0 ? "-" : "", abs(dst) / 60, abs(dst) % 60,
                       days[first], days[1 - first]);
        compare_rule(rule, &seed, 20);
    }
}

/* The rule repeats with the Gregorian calendar, for ever. */
static void test_far_future(void **state)
{
    (void)state;
    uint64_t seed = 47;
    unsigned char file[512];
    static const char *const rules[] = {"CET-1CEST,M3.5.0,M10.5.0/3", "XXX3YYY,J60,J300/3",
                                        "AEST-10AEDT,M10.1.0,M4.1.0/3"};
    for (size_t r = 0; r < COUNT(rules); r++) {
        put_zone("Own", file, make_file(rules[r], file));
        struct tb_zone *z = load("Own");
        c_library_zone(rules[r]);
        for (int i = 0; i < 3000; i++) {
            int64_t second = (int64_t)random_below(&seed, 253402300800); /* to the year 9999 */
            assert_same_offset(z, rules[r], second);
            int64_t ts = second * TB_US_PER_S;
            int32_t day = tb_zone_day(z, ts);
            assert_true(tb_zone_day_start(z, day) <= ts && ts < tb_zone_day_start(z, day + 1));
        }
        tb_zone_free(z);
    }
}

static void test_dst_for_ever(void **state)
{
    (void)state;
    unsigned char file[512];
    put_zone("Own", file, make_file("EST5EDT,0/0,J365/25", file)); /* RFC 8536, appendix B.3 */
    struct tb_zone *z = load("Own");
    uint64_t seed = 48;
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(tb_zone_offset(z, (int64_t)random_below(&seed, (size_t)YEAR_2100_S) * TB_US_PER_S),
                         -4 * 3600);
    }
    tb_zone_free(z);
    put_zone("Own", file, make_file("AAA5BBB,J100/2,J100/3", file)); /* DST of no length */
    z = load("Own");
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(tb_zone_offset(z, (int64_t)random_below(&seed, (size_t)YEAR_2100_S) * TB_US_PER_S),
                         -5 * 3600);
    }
    tb_zone_free(z);
}

static void assert_refused(const char *name, enum tb_code code, const char *part)
{
    struct tb_zone *z = NULL;
    struct tb_err err;
    assert_int_equal(tb_zone_load(name, &z, &err), TB_FAIL);
    assert_null(z);
    assert_int_equal(err.code, code);
    if (strstr(err.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.text, part);
    }
}

static void test_damaged_files(void **state)
{
    (void)state;
    unsigned char file[512];
    static const char *const bad_rules[] = {"X0",
                                            "CET",
                                            "CET-1CEST",
                                            "CET-25",
                                            "CET-1CEST,M3.5.0",
                                            "CET-1x",
                                            "<CET-1",
                                            "CET-1CEST,M13.1.0,J5",
                                            "CET-1CEST,M3.5.7,J5",
                                            "CET-1CEST,M3.6.0,J5",
                                            "C1T-1",
                                            "CET-1CEST,366,J1",
                                            "CET-1CEST,J0,J1",
                                            "CET-1CEST,J1/168,J2",
                                            "CET-1CEST,J1,J2,J3"};
    for (size_t i = 0; i < COUNT(bad_rules); i++) {
        put_zone("Own", file, make_file(bad_rules[i], file));
        assert_refused("Own", TB_E_CONFIG, "damaged");
    }
    size_t n = make_file("CET-1CEST,M3.5.0,M10.5.0/3", file);
    for (size_t cut = 0; cut < n; cut++) {
        put_zone("Own", file, cut);
        assert_refused("Own", TB_E_CONFIG, "TZif");
    }
    uint64_t seed = 49;
    for (int i = 0; i < 1500; i++) { /* whatever the bytes, it says so or gives days without gaps */
        unsigned char damaged[512];
        struct tb_zone *z = NULL;
        struct tb_err err;
        memcpy(damaged, file, n);
        for (size_t k = 1 + random_below(&seed, 4); k > 0; k--) {
            damaged[random_below(&seed, n)] = (unsigned char)random_u64(&seed);
        }
        put_zone("Own", damaged, n);
        if (tb_zone_load("Own", &z, &err) == TB_OK) {
            int64_t ts = (int64_t)random_below(&seed, 253402300800) * TB_US_PER_S;
            int32_t day = tb_zone_day(z, ts);
            assert_true(tb_zone_day_start(z, day) <= ts && ts < tb_zone_day_start(z, day + 1));
        }
        tb_zone_free(z);
    }
}

static void test_names_that_are_no_zones(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *part;
    } rows[] = {
        {"Europe/Berln", "did you mean \"Europe/Berlin\""},
        {"europe/berlin", "did you mean \"Europe/Berlin\""},
        {"America/New York", "did you mean \"America/New_York\""},
        {"Kolkata", "did you mean \"Asia/Kolkata\""},
        {"Europe", "unknown time zone \"Europe\""},
        {"", "unknown time zone"},
        {"../../../etc/passwd", "unknown time zone"},
        {"/etc/localtime", "unknown time zone"},
        {"zone.tab", "unknown time zone"},
        {"right/UTC", "leap seconds"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(rows[i].name, "right/UTC") == 0 && access("/usr/share/zoneinfo/right/UTC", F_OK) != 0) {
            continue;
        }
        assert_refused(rows[i].name, TB_E_CONFIG, rows[i].part);
    }
    assert_int_equal(setenv("TZDIR", "/nonexistent", 1), 0);
    assert_refused("Europe/Berlin", TB_E_IO, "tzdata");
    struct tb_zone *z = load("UTC"); /* needs no data */
    assert_int_equal(tb_zone_offset(z, 0), 0);
    tb_zone_free(z);
    tb_zone_free(NULL);
    assert_int_equal(unsetenv("TZDIR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_of_every_zone),
        cmocka_unit_test(test_day_starts_of_every_zone),
        cmocka_unit_test(test_days_partition_time),
        cmocka_unit_test(test_odd_days),
        cmocka_unit_test(test_half_hour_change),
        cmocka_unit_test(test_the_minute_before_midnight_comes_twice),
        cmocka_unit_test(test_instants_of_civil_times),
        cmocka_unit_test(test_instants_lead_back),
        cmocka_unit_test(test_hours),
        cmocka_unit_test_setup_teardown(test_known_rules, setup_own, teardown_own),
        cmocka_unit_test_setup_teardown(test_random_rules, setup_own, teardown_own),
        cmocka_unit_test_setup_teardown(test_far_future, setup_own, teardown_own),
        cmocka_unit_test_setup_teardown(test_dst_for_ever, setup_own, teardown_own),
        cmocka_unit_test_setup_teardown(test_damaged_files, setup_own, teardown_own),
        cmocka_unit_test(test_names_that_are_no_zones),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
