#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "cmd/key.h"
#include "cmd/session.h"
#include "event/prompt.h"
#include "event/signature.h"
#include "rate/closing.h"
#include "rate/standing.h"
#include "store/versions.h"

enum tb_status tb_session_settings(struct tb_session *s, const char *config, struct tb_err *err)
{
    memset(s, 0, sizeof *s);
    enum tb_status st = tb_clock_now(&s->now_us, err);
    return st == TB_OK ? tb_settings_load(config, &s->settings, err) : st;
}

enum tb_status tb_session_dates(struct tb_session *s, const char *config, const char *date, const char *from,
                                const char *to, bool instants, struct tb_dates *out, struct tb_err *err)
{
    enum tb_status st = tb_session_settings(s, config, err);
    return st == TB_OK ? tb_dates_parse(date, from, to, instants, s->settings->zone, s->now_us, out, err)
                       : st;
}

enum tb_status tb_session_formats(struct tb_session *s, struct tb_err *err)
{
    enum tb_status st = tb_format_set_new(s->settings->formats, &s->formats, err);
    for (int i = 0; st == TB_OK && i < s->settings->source_count; i++) {
        const struct tb_source_setting *source = &s->settings->sources[i];
        if (source->format != NULL && tb_format_find(s->formats, source->format) == NULL) {
            st = tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                            "source \"%s\" has the unknown format \"%s\"; see `tollbook formats list`",
                            source->name, source->format);
            tb_err_place(err, s->settings->path, source->format_line, source->format_column);
        }
    }
    return st;
}

enum tb_status tb_session_db(struct tb_session *s, enum tb_db_mode mode, struct tb_err *err)
{
    enum tb_status st = tb_db_open(s->settings->database, mode, &s->db, err);
    if (st != TB_OK && mode == TB_DB_READ &&
        err->code == TB_E_SCHEMA) { /* a newer program's first look: it may migrate */
        st = tb_db_open(s->settings->database, TB_DB_WRITE, &s->db, err);
        if (st == TB_OK) {
            tb_db_close(s->db);
            st = tb_db_open(s->settings->database, mode, &s->db, err);
        }
    }
    if (st == TB_OK) {
        tb_db_set_zone(s->db, s->settings->zone);
    }
    return st;
}

enum tb_status tb_session_key(struct tb_session *s, struct tb_err *err)
{
    unsigned char key[TB_KEY_BYTES];
    enum tb_status st = tb_key_load(s->settings->fingerprint_key, key, err);
    if (st == TB_OK) {
        tb_prompt_key(key);
        tb_signature_key(key);
    }
    return st;
}

enum tb_status tb_session_import(struct tb_session *s, bool *is_new, struct tb_err *err)
{
    enum tb_status st = s->tables != NULL ? TB_OK : tb_tables_load(s->settings, &s->tables, err);
    if (st == TB_OK) {
        st = tb_db_begin(s->db, err);
    }
    if (st != TB_OK) {
        return st;
    }
    st = tb_versions_import(s->db, s->tables, s->now_us, &s->version, is_new, err);
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
        return st;
    }
    if (*is_new) {
        tb_log(TB_LOG_INFO, "tables changed: version %lld", (long long)s->version);
    }
    return TB_OK;
}

/* Finds the version without writing; *version 0 when the configured tables are not imported yet. */
static enum tb_status find_version(struct tb_session *s, int64_t wanted, struct tb_err *err)
{
    if (wanted != 0) {
        s->version = wanted;
        return tb_versions_load(s->db, s->settings, wanted, &s->tables, err);
    }
    enum tb_status st = tb_tables_load(s->settings, &s->tables, err);
    return st == TB_OK ? tb_versions_match(s->db, s->tables, &s->version, err) : st;
}

enum tb_status tb_session_reduce(struct tb_session *s, int32_t from_day, int32_t to_day, struct tb_err *err)
{
    enum tb_status st = tb_db_begin(s->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_standing_reduce(s->db, s->settings, s->tables, s->version, from_day, to_day, err);
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
    }
    return st;
}

/* The next days of *from..to that are wanted: *from to *last; TB_END: there are none. */
static enum tb_status next_stretch(struct tb_session *s, int32_t *from, int32_t to, int32_t *last,
                                   struct tb_err *err)
{
    struct tb_closing closing = {.closed = s->closed_stand};
    enum tb_status st = TB_OK;
    *last = to;
    if (*from > to || !s->closed_stand) {
        return *from > to ? TB_END : TB_OK;
    }
    for (; st == TB_OK && closing.closed && *from <= to; *from += closing.closed) {
        st = tb_closing_find(s->db, *from, &closing, err);
    }
    if (st != TB_OK || closing.closed) {
        return st == TB_OK ? TB_END : st;
    }
    for (*last = *from; st == TB_OK && !closing.closed && *last < to; *last += !closing.closed) {
        st = tb_closing_find(s->db, *last + 1, &closing, err);
    }
    return st;
}

/* Are the rollups of the wanted days current? */
static enum tb_status are_current(struct tb_session *s, int32_t from_day, int32_t to_day, bool *current,
                                  struct tb_err *err)
{
    int32_t last = 0;
    enum tb_status st = TB_OK;
    *current = true;
    for (; *current && (st = next_stretch(s, &from_day, to_day, &last, err)) == TB_OK; from_day = last + 1) {
        st = tb_standing_current(s->db, s->settings, s->version, from_day, last, current, err);
        if (st != TB_OK) {
            break;
        }
    }
    return st == TB_END ? TB_OK : st;
}

static enum tb_status make_current(struct tb_session *s, int32_t from_day, int32_t to_day, struct tb_err *err)
{
    int32_t last = 0;
    enum tb_status st = TB_OK;
    for (; (st = next_stretch(s, &from_day, to_day, &last, err)) == TB_OK; from_day = last + 1) {
        st = tb_session_reduce(s, from_day, last, err);
        if (st != TB_OK) {
            break;
        }
    }
    return st == TB_END ? TB_OK : st;
}

static enum tb_status open_to_write(struct tb_session *s, int64_t wanted, int32_t from_day, int32_t to_day,
                                    struct tb_err *err)
{
    tb_db_close(s->db);
    s->db = NULL;
    enum tb_status st = tb_session_db(s, TB_DB_WRITE, err);
    if (st == TB_OK && wanted != 0 && s->tables == NULL) {
        st = find_version(s, wanted, err);
    } else if (st == TB_OK && wanted == 0) {
        bool is_new = false;
        st = tb_session_import(s, &is_new, err);
    }
    return st == TB_OK ? make_current(s, from_day, to_day, err) : st;
}

/* What is pruned cannot be priced anew, however it was priced before. */
static enum tb_status refuse_pruned(struct tb_session *s, int32_t from_day, int32_t to_day,
                                    struct tb_err *err)
{
    int32_t day = 0;
    char text[TB_TS_TEXT_MAX];
    enum tb_status st = tb_standing_pruned(s->db, s->settings, from_day, to_day, &day, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    tb_day_format(day, text);
    return tb_err_set(
        err, TB_FAIL, TB_E_USAGE,
        "the events of %s are pruned, so that --tables cannot price it anew; leave it out for the figures as "
        "they stand, --revision prints what a pack said",
        text);
}

enum tb_status tb_session_report(struct tb_session *s, int64_t wanted, int32_t from_day, int32_t to_day,
                                 struct tb_err *err)
{
    bool current = false;
    enum tb_status st = TB_OK;
    if (access(s->settings->database, F_OK) == 0) {
        st = tb_session_db(s, TB_DB_READ, err);
        if (st == TB_OK) {
            st = find_version(s, wanted, err);
        }
        if (st == TB_OK && s->asked_tables) {
            st = refuse_pruned(s, from_day, to_day, err);
        }
        if (st == TB_OK && s->version != 0) {
            st = are_current(s, from_day, to_day, &current, err);
        }
    }
    if (st != TB_OK || current) {
        return st;
    }
    return open_to_write(s, wanted, from_day, to_day, err);
}

void tb_session_rewind(struct tb_session *s)
{
    tb_db_close(s->db);
    tb_tables_free(s->tables);
    s->db = NULL;
    s->tables = NULL;
    s->version = 0;
}

void tb_session_close(struct tb_session *s)
{
    tb_db_close(s->db);
    tb_tables_free(s->tables);
    tb_format_set_free(s->formats);
    tb_settings_free(s->settings);
    memset(s, 0, sizeof *s);
}
