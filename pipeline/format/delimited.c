#include "format/delimited.h"

#include "base/json.h"

#define OBJECT_MAX (6 * (size_t)TB_LINE_MAX + 4096) /* a control byte becomes \u0000 */

void tb_delimited_init(struct tb_delimited *d)
{
    memset(d, 0, sizeof *d);
    tb_buf_init(&d->names, TB_CONFIG_BYTES_MAX);
    tb_buf_init(&d->object, OBJECT_MAX);
}

void tb_delimited_release(struct tb_delimited *d)
{
    tb_buf_release(&d->names);
    tb_buf_release(&d->object);
}

void tb_delimited_start(struct tb_delimited *d)
{
    d->columns = 0;
    tb_buf_clear(&d->names);
}

/* The cell at *at, up to the separator or the end; *quoted tells whether quotes in it are doubled. False: bad quotes. */
static bool next_cell(struct tb_str row, char separator, size_t *at, struct tb_str *cell, bool *quoted)
{
    size_t begin = *at, end;
    *quoted = begin < row.n && row.s[begin] == '"';
    if (!*quoted) {
        const char *s = memchr(row.s + begin, separator, row.n - begin);
        end = s == NULL ? row.n : (size_t)(s - row.s);
        *cell = (struct tb_str){row.s + begin, end - begin};
        *at = end + 1;
        return true;
    }
    for (end = begin + 1; end < row.n; end++) {
        if (row.s[end] == '"' && (end + 1 >= row.n || row.s[end + 1] != '"')) {
            *cell = (struct tb_str){row.s + begin + 1, end - begin - 1};
            *at = end + 2;
            return end + 1 >= row.n || row.s[end + 1] == separator;
        }
        end += row.s[end] == '"' ? 1 : 0;
    }
    return false;
}

/* The cell as a JSON string; of doubled quotes one stays. */
static bool add_cell(struct tb_buf *b, struct tb_str cell, bool quoted)
{
    struct tb_str rest = cell;
    if (!quoted || memchr(cell.s, '"', cell.n) == NULL) {
        return tb_json_quote(b, cell, NULL) == TB_OK;
    }
    struct tb_buf plain;
    tb_buf_init(&plain, TB_LINE_MAX);
    bool good = true;
    while (good && rest.n > 0) {
        const char *q = memchr(rest.s, '"', rest.n);
        size_t n = q == NULL ? rest.n : (size_t)(q - rest.s) + 1;
        good = tb_buf_add(&plain, rest.s, n, NULL) == TB_OK;
        n += q == NULL ? 0 : 1;
        rest = (struct tb_str){rest.s + n, rest.n - n};
    }
    good = good && tb_json_quote(b, tb_buf_view(&plain), NULL) == TB_OK;
    tb_buf_release(&plain);
    return good;
}

static bool is_column(const struct tb_trie *t, struct tb_str name)
{
    for (uint16_t c = t->node[1].keys; c != 0; c = t->node[c].sibling) {
        if (tb_str_eq(t->node[c].key, name)) {
            return true;
        }
    }
    return false;
}

/* How many of row's cells name columns of the format. */
static uint32_t known_names(const struct tb_trie *t, struct tb_str row, char separator)
{
    uint32_t known = 0;
    struct tb_str cell;
    bool quoted;
    for (size_t at = 0; at <= row.n && next_cell(row, separator, &at, &cell, &quoted);) {
        known += is_column(t, cell) ? 1 : 0;
    }
    return known;
}

static bool read_header(struct tb_delimited *d, const struct tb_trie *t, struct tb_str row)
{
    static const char separators[] = ",;\t";
    uint32_t most = 1;
    struct tb_str cell;
    bool quoted;
    d->separator = 0;
    for (const char *s = separators; *s != 0; s++) {
        uint32_t known = known_names(t, row, *s);
        d->separator = known > most ? *s : d->separator;
        most = known > most ? known : most;
    }
    if (d->separator == 0) {
        return false;
    }
    for (size_t at = 0; at <= row.n;) {
        bool good = d->columns < TB_CSV_COLUMNS_MAX && next_cell(row, d->separator, &at, &cell, &quoted) &&
                    add_cell(&d->names, cell, quoted);
        if (!good) {
            tb_delimited_start(d);
            return false;
        }
        d->name_end[d->columns++] = (uint32_t)d->names.n;
    }
    return true;
}

static bool read_row(struct tb_delimited *d, struct tb_str row)
{
    uint32_t column = 0, begin = 0;
    struct tb_str cell;
    bool quoted, good = true;
    tb_buf_clear(&d->object);
    for (size_t at = 0; good && at <= row.n; column++) {
        good = column < d->columns && next_cell(row, d->separator, &at, &cell, &quoted) &&
               tb_buf_add(&d->object, column == 0 ? "{" : ",", 1, NULL) == TB_OK &&
               tb_buf_add(&d->object, d->names.p + begin, d->name_end[column] - begin, NULL) == TB_OK &&
               tb_buf_add(&d->object, ":", 1, NULL) == TB_OK && add_cell(&d->object, cell, quoted);
        begin = good ? d->name_end[column] : 0;
    }
    return good && column == d->columns && tb_buf_add(&d->object, "}", 1, NULL) == TB_OK &&
           tb_buf_reserve(&d->object, 16, NULL) == TB_OK;
}

/* The header's own row, met again (files that were put together). */
static bool is_header_again(const struct tb_delimited *d, struct tb_str json)
{
    size_t at = 1; /* behind { */
    uint32_t begin = 0;
    for (uint32_t i = 0; i < d->columns; i++) {
        size_t n = d->name_end[i] - begin;
        if (at + 2 * n + 2 > json.n || memcmp(json.s + at, json.s + at + n + 1, n) != 0) {
            return false;
        }
        at += 2 * n + 2;
        begin = d->name_end[i];
    }
    return true;
}

enum tb_delimited_end tb_delimited_read(struct tb_delimited *d, const struct tb_trie *trie,
                                        struct tb_str record, struct tb_str *json)
{
    while (record.n > 0 && (record.s[record.n - 1] == '\r' || record.s[record.n - 1] == '\n')) {
        record.n--;
    }
    if (d->columns == 0) {
        return read_header(d, trie, record) ? TB_DELIMITED_HEADER : TB_DELIMITED_NO_HEADER;
    }
    if (!read_row(d, record)) {
        return TB_DELIMITED_BAD;
    }
    *json = tb_buf_view(&d->object);
    return is_header_again(d, *json) ? TB_DELIMITED_HEADER : TB_DELIMITED_ROW;
}
