#include "reports/pack_parts.h"

#include <stdlib.h>
#include "reports/fill.h"
#include "reports/intake.h"
#include "store/query.h"

enum { SOURCE, NODE, FILE_NAME, FORMAT, KIND, DIGEST, BYTES, LINES };

static const struct tb_column columns[] = {
    {"source", "Source", TB_CELL_TEXT, true, false},
    {"node", "Node", TB_CELL_TEXT, true, false},
    {"file", "File", TB_CELL_TEXT, true, false},
    {"format", "Format", TB_CELL_TEXT, true, false},
    {"kind", "Kind", TB_CELL_TEXT, true, false},
    {"digest", "XXH3-128 of the file", TB_CELL_TEXT, true, false},
    {"bytes", "Bytes", TB_CELL_INT, false, true},
    {"lines", "Lines", TB_CELL_INT, false, true},
};

static enum tb_status add_row(struct tb_table *t, const struct tb_report_query *q, const struct tb_query *row,
                              struct tb_err *err)
{
    enum tb_status st = tb_table_row(t, err);
    for (int i = SOURCE; st == TB_OK && i <= LINES; i++) {
        st = i == FILE_NAME
                 ? tb_table_text(t, FILE_NAME, tb_pack_path(tb_query_text(row, i), q->settings->dir), err)
                 : tb_fill_cell(t, (size_t)i, row, i, err);
    }
    return st;
}

static int by_text(const void *a, const void *b)
{
    return tb_str_cmp(*(const struct tb_str *)a, *(const struct tb_str *)b);
}

/* Contents, each once, in the order of their digests: neither names nor copies make another run. */
static enum tb_status digest_inputs(struct tb_sha256 *sha, const struct tb_table *t, struct tb_err *err)
{
    size_t n = tb_table_rows(t);
    struct tb_str *digest = calloc(n + 1, sizeof *digest);
    if (digest == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the digests of %zu files", n);
    }
    for (size_t i = 0; i < n; i++) { /* of a pipe nothing is left to digest but its name */
        const struct tb_cell *c = tb_table_cell(t, i, DIGEST);
        digest[i] = c->null ? tb_table_cell(t, i, FILE_NAME)->text : c->text;
    }
    qsort(digest, n, sizeof *digest, by_text);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !tb_str_eq(digest[i], digest[i - 1])) {
            tb_sha256_add(sha, digest[i].s, digest[i].n);
            tb_sha256_add(sha, "\n", 1);
        }
    }
    free(digest);
    return TB_OK;
}

static void digest_text(struct tb_sha256 *sha, const char *text)
{
    tb_sha256_add(sha, text, strlen(text) + 1);
}

static enum tb_status make_run_id(const struct tb_report_query *q, const char *rows, const struct tb_table *t,
                                  char run_id[TB_RUN_ID_MAX], struct tb_err *err)
{
    struct tb_sha256 sha;
    char day[TB_TS_TEXT_MAX], hex[TB_SHA256_HEX];
    tb_sha256_init(&sha);
    tb_day_format(q->from_day, day);
    digest_text(&sha, day);
    enum tb_status st = digest_inputs(&sha, t, err);
    digest_text(&sha, rows);
    digest_text(&sha, TB_PROGRAM_VERSION);
    digest_text(&sha, tb_zone_name(q->settings->zone));
    digest_text(&sha, q->settings->currency);
    tb_sha256_hex(&sha, hex);
    memcpy(run_id, hex, TB_RUN_ID_MAX - 1);
    run_id[TB_RUN_ID_MAX - 1] = '\0';
    return st;
}

static enum tb_status make_table(struct tb_table **out, struct tb_err *err)
{
    *out = tb_table_new("inputs", "Inputs", columns, sizeof columns / sizeof *columns);
    return *out != NULL ? TB_OK
                        : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the inputs of a pack");
}

enum tb_status tb_pack_inputs_kept(struct tb_str json, struct tb_table **out, struct tb_err *err)
{
    enum tb_status st = make_table(out, err);
    return st == TB_OK ? tb_rows_of_pack(json, "inputs", *out, err) : st;
}

enum tb_status tb_pack_inputs(const struct tb_report_query *q, const char *rows, struct tb_table **out,
                              char run_id[TB_RUN_ID_MAX], struct tb_err *err)
{
    struct tb_query *query = NULL;
    enum tb_status st = make_table(out, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_intake_open(q, "pack_inputs.sql", &query, err);
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        st = add_row(*out, q, query, err);
    }
    tb_query_close(query);
    return st == TB_END ? make_run_id(q, rows, *out, run_id, err) : st;
}
