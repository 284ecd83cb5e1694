/* Concept: tollbook.jsonc, read and checked. CONTRACT.md section 2 lists the keys.
 * Owns:    tb_settings owns every text and list in it, until tb_settings_free. Read-only after loading.
 * Errors:  TB_FAIL/TB_E_CONFIG with file, line, column; unknown and duplicate keys with a "did you mean".
 * Limits:  TB_CONFIG_BYTES_MAX.
 */
#ifndef TB_SETTINGS_H
#define TB_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "base/status.h"
#include "base/zone.h"

struct tb_source_setting {
    const char *name;
    const char *format;                  /* NULL = detect per file */
    uint64_t format_line, format_column; /* where it stands in the file, for messages */
    const char **paths; /* NULL-ended, absolute (relative ones are resolved against the config's folder) */
    bool bill;          /* default true */
};

struct tb_expect_setting {
    const char *source;
    const char *every; /* "hour" or "day"; "day" */
};

/* Paths are absolute. What is not configured (the key is missing or null) has the default named here; NULL
 * where it is none. */
struct tb_settings {
    const char *path;     /* the config file itself */
    const char *dir;      /* its folder */
    const char *database; /* "tollbook.db" */
    struct tb_zone *zone; /* time_zone; "UTC" */
    const char *currency; /* three capital letters; "USD" */
    const char *prices, *quotas, *accounts, *budgets, *shared, *adjustments; /* NULL = no such table */
    const char *output;                                                      /* "out" */
    struct tb_source_setting *sources; /* the one key that must be there, but the list may be empty */
    int source_count;
    const char *billing_account; /* "tollbook" */
    const char *journal_debit;   /* "" */
    const char *journal_credit;  /* "" */
    int32_t *holidays;           /* days, ascending */
    int holiday_count;
    int close_after_days;        /* 0 = never by itself */
    int detail_days;             /* 0 = keep */
    int signature_days;          /* 3; 0 = as long as the calls */
    tb_money min_excess;         /* 1 unit */
    const char *rules;           /* folder or file that overrides detector defaults, NULL */
    const char *formats;         /* folder of the user's own format files, NULL */
    const char *excel_guard;     /* "csv" or "all"; "csv" */
    const char *notify;          /* NULL */
    const char *fingerprint_key; /* DATABASE.key */
    struct tb_expect_setting *expects;
    int expect_count;
};

/* Reads the file at path (NULL: $TOLLBOOK_CONFIG, ./tollbook.jsonc, /etc/tollbook/tollbook.jsonc). Only the
 * file itself is looked at: whether tables and logs are there is found out by who reads them. */
enum tb_status tb_settings_load(const char *path, struct tb_settings **out, struct tb_err *err) TB_MUST_USE;

/* Is there one to be read: is path given, or $TOLLBOOK_CONFIG, or does one of the other two exist? */
bool tb_settings_found(const char *path);
void tb_settings_free(struct tb_settings *s);

/* The index of the source named name, or -1. */
int tb_settings_source(const struct tb_settings *s, const char *name);

/* Saturdays, Sundays and holidays. */
bool tb_settings_day_is_free(const struct tb_settings *s, int32_t day);

#endif
