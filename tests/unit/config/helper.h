/* Shared by the tests of config/: one table from a text, with the error as the text that people see. */
#ifndef TESTS_CONFIG_HELPER_H
#define TESTS_CONFIG_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config/tables.h"

#define MESSAGE_MAX 2048

/* Settings with a zone and currency, and nothing else. */
static inline void settings_begin(struct tb_settings *s, const char *zone)
{
    struct tb_err err = {0};
    memset(s, 0, sizeof *s);
    s->currency = "USD";
    assert_int_equal(tb_zone_load(zone, &s->zone, &err), TB_OK);
}

static inline void settings_end(struct tb_settings *s)
{
    tb_zone_free(s->zone);
}

/* Parses text as the table kind named "t.csv". Returns the tables, or NULL with the message in message. */
static inline struct tb_tables *parse_text(const struct tb_settings *s, enum tb_table_kind kind,
                                           const char *text, char message[MESSAGE_MAX])
{
    struct tb_str texts[TB_TABLE_COUNT] = {{NULL, 0}};
    const char *names[TB_TABLE_COUNT] = {NULL};
    struct tb_tables *t = NULL;
    struct tb_err err = {0};
    texts[kind] = tb_str_of(text);
    names[kind] = "t.csv";
    message[0] = 0;
    enum tb_status status = tb_tables_parse(s, texts, names, &t, &err);
    if (status == TB_OK) {
        assert_non_null(t);
        return t;
    }
    assert_null(t);
    assert_int_equal(status, TB_FAIL);
    assert_int_equal(err.code, TB_E_TABLE);
    assert_int_equal(tb_err_exit(&err), 2);
    tb_err_format(&err, message, MESSAGE_MAX);
    return NULL;
}

struct bad_row {
    const char *rows; /* behind the header and its line end */
    const char *message;
};

/* Each of bad must give exactly its message. */
static inline void check_bad(const char *zone, enum tb_table_kind kind, const char *header,
                             const struct bad_row *bad, size_t n)
{
    struct tb_settings s;
    settings_begin(&s, zone);
    for (size_t i = 0; i < n; i++) {
        char text[4096];
        char message[MESSAGE_MAX];
        snprintf(text, sizeof text, "%s\n%s", header, bad[i].rows);
        struct tb_tables *t = parse_text(&s, kind, text, message);
        if (t != NULL) {
            fail_msg("row %zu was taken: %s", i, bad[i].rows);
        }
        if (strcmp(message, bad[i].message) != 0) {
            fail_msg("row %zu: %s\n  got      %s\n  expected %s", i, bad[i].rows, message, bad[i].message);
        }
    }
    settings_end(&s);
}

/* The same for texts that must be taken. */
static inline void check_good(const char *zone, enum tb_table_kind kind, const char *header,
                              const char *const *good, size_t n)
{
    struct tb_settings s;
    settings_begin(&s, zone);
    for (size_t i = 0; i < n; i++) {
        char text[4096];
        char message[MESSAGE_MAX];
        snprintf(text, sizeof text, "%s\n%s", header, good[i]);
        struct tb_tables *t = parse_text(&s, kind, text, message);
        if (t == NULL) {
            fail_msg("row %zu: %s\n  refused: %s", i, good[i], message);
        }
        tb_tables_free(t);
    }
    settings_end(&s);
}

static inline int64_t instant_of(const char *text)
{
    int64_t us = 0;
    bool has_zone = false;
    assert_true(tb_ts_parse(tb_str_of(text), &us, &has_zone));
    assert_true(has_zone);
    return us;
}

#define assert_str(actual, expected)                                                                         \
    do {                                                                                                     \
        struct tb_str str_ = (actual);                                                                       \
        assert_non_null(str_.s);                                                                             \
        assert_int_equal(str_.n, strlen(expected));                                                          \
        assert_memory_equal(str_.s, expected, str_.n);                                                       \
    } while (0)

#define COUNT(a) (sizeof(a) / sizeof *(a))

#endif
