/* Concept: what the store's tests share: a database in a folder of its own, seeded random numbers, and
 *          events made of them.
 */
#ifndef TB_STORE_FIXTURE_H
#define TB_STORE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/db.h"
#include "store/events.h"
#include "store/files.h"
#include "store/query.h"

struct fixture {
    char dir[64];
    char path[96];
    struct tb_db *db;
};

#define must(expression)                                                                                     \
    do {                                                                                                     \
        struct tb_err err = {.code = TB_E_NONE};                                                             \
        enum tb_status st_ = (expression);                                                                   \
        if (st_ != TB_OK) {                                                                                  \
            fail_msg("%s:%d: status %d: %s", __FILE__, __LINE__, (int)st_, err.text);                        \
        }                                                                                                    \
    } while (0)

__attribute__((unused)) static void fixture_open(struct fixture *f)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%.30s/tb_store_XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/t.db", f->dir);
    must(tb_db_open(f->path, TB_DB_WRITE, &f->db, &err));
}

__attribute__((unused)) static void fixture_reopen(struct fixture *f, enum tb_db_mode mode)
{
    tb_db_close(f->db);
    must(tb_db_open(f->path, mode, &f->db, &err));
}

__attribute__((unused)) static void fixture_close(struct fixture *f)
{
    char command[160];
    tb_db_close(f->db);
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    assert_int_equal(system(command), 0);
}

__attribute__((unused)) static uint64_t random_next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

__attribute__((unused)) static uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(random_next(state) % n);
}

__attribute__((unused)) static struct tb_payload payload_of(struct tb_db *db, const struct tb_row *r)
{
    struct tb_payload p = {.ts_us = r->ts_us,
                           .present = r->present,
                           .quality = r->quality,
                           .flags = r->flags,
                           .has_cost = r->has_cost,
                           .cost = r->cost,
                           .prompt_fingerprint = r->prompt_fingerprint};
    for (int k = 0; k < TB_T_COUNT; k++) {
        p.text_hash[k] = k == TB_T_NODE ? 0 : tb_identity_text(tb_dict_text(db, r->text[k]));
    }
    memcpy(p.number, r->number, sizeof p.number);
    return p;
}

/* A ledger row for a file with no lines yet. */
__attribute__((unused)) static uint32_t new_file(struct tb_db *db, const char *path, uint32_t source)
{
    struct tb_file_entry e = {.source = source,
                              .path = tb_str_of(path),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    must(tb_files_insert(db, &e, &err));
    return e.file;
}

__attribute__((unused)) static uint32_t dict_add(struct tb_db *db, const char *text)
{
    uint32_t id = 0;
    must(tb_dict_id(db, tb_str_of(text), true, &id, &err));
    return id;
}

/* The first column of the first row of a statement. */
__attribute__((unused)) static int64_t number_of(struct tb_db *db, const char *sql)
{
    struct tb_query *q = NULL;
    must(tb_query_open(db, sql, &q, &err));
    must(tb_query_step(q, &err));
    int64_t v = tb_query_int(q, 0);
    tb_query_close(q);
    return v;
}

#endif
