#include "config/csv.h"

#include <assert.h>
#include <csv.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

/* A row's bytes cannot pass this: each cell is checked on its own, so it only bounds the buffer. */
#define ROW_BYTES_MAX ((size_t)TB_CSV_COLUMNS_MAX * TB_CSV_CELL_BYTES_MAX)

struct place {
    uint64_t line;
    uint64_t column;
};

/* libcsv tells where a cell ends but not where it began, so it is fed one byte at a time and the place of the
 * first byte of each cell is remembered here. */
struct reader {
    struct csv_parser parser;
    const char *name;
    tb_csv_take take;
    void *context;
    struct place now;   /* of the byte being fed */
    struct place begin; /* of the cell being read */
    size_t begin_byte;
    bool fresh;          /* no byte of the cell has been seen, but for blanks */
    struct tb_buf bytes; /* the row's cells, one behind the other */
    struct tb_csv_cell cells[TB_CSV_COLUMNS_MAX];
    size_t count;
    bool header_done;
    enum tb_status status; /* of a callback: libcsv has no way to pass it on */
    struct tb_err *err;
};

static enum tb_status complain(const char *name, struct place at, struct tb_err *err, const char *text)
{
    enum tb_status status = tb_err_set(err, TB_FAIL, TB_E_TABLE, "%s", text);
    tb_err_place(err, name, at.line, at.column);
    return status;
}

static void cell_end(void *data, size_t n, void *context)
{
    struct reader *r = context;
    r->fresh = true;
    if (r->status != TB_OK) {
        return;
    }
    if (r->count == TB_CSV_COLUMNS_MAX) {
        r->status = tb_err_set(r->err, TB_FAIL, TB_E_TABLE,
                               "more than %d cells in a row: is a line end missing", TB_CSV_COLUMNS_MAX);
        tb_err_place(r->err, r->name, r->begin.line, r->begin.column);
        return;
    }
    r->cells[r->count] = (struct tb_csv_cell){{NULL, n}, r->begin.line, r->begin.column};
    r->count++;
    if (n > 0) {
        r->status = tb_buf_add(&r->bytes, data, n, r->err);
    }
}

static bool all_blank(const struct reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->cells[i].text.n != 0) {
            return false;
        }
    }
    return true;
}

static void row_end(int c, void *context)
{
    (void)c;
    struct reader *r = context;
    r->fresh = true;
    if (r->status == TB_OK && !all_blank(r)) {
        /* Only now: the buffer moves while it grows. */
        const char *p = r->bytes.p;
        for (size_t i = 0; i < r->count; i++) {
            if (r->cells[i].text.n == 0) {
                r->cells[i].text.s = "";
            } else {
                r->cells[i].text.s = p;
                p += r->cells[i].text.n;
            }
        }
        struct tb_csv_row row = {r->cells, r->count};
        r->status = r->take(r->context, &row, r->err);
        r->header_done = true;
    }
    r->count = 0;
    tb_buf_clear(&r->bytes);
}

/* Moves at behind byte c, whose successor is next (0 at the end). */
static void advance(struct place *at, unsigned char c, unsigned char next)
{
    if (c == '\n' || (c == '\r' && next != '\n')) {
        at->line++;
        at->column = 1;
    } else if ((c & 0xC0) != 0x80) {
        at->column++;
    }
}

static struct place place_of(struct tb_str text, size_t byte)
{
    struct place at = {1, 1};
    for (size_t i = 0; i < byte; i++) {
        advance(&at, (unsigned char)text.s[i], (unsigned char)(i + 1 < text.n ? text.s[i + 1] : 0));
    }
    return at;
}

static enum tb_status check_bytes(struct tb_str text, const char *name, struct tb_err *err)
{
    struct place first = {1, 1};
    if (text.n >= 2 && (memcmp(text.s, "\xFF\xFE", 2) == 0 || memcmp(text.s, "\xFE\xFF", 2) == 0)) {
        return complain(name, first, err, "the file is UTF-16: save it as CSV in UTF-8");
    }
    const char *nul = text.n == 0 ? NULL : memchr(text.s, 0, text.n);
    if (nul != NULL) {
        return complain(name, place_of(text, (size_t)(nul - text.s)), err,
                        "a NUL byte: save the file as CSV in UTF-8");
    }
    if (tb_utf8_valid(text)) {
        return TB_OK;
    }
    size_t at = 0;
    while (at < text.n) {
        struct tb_str one = {text.s + at, 0};
        size_t length = 1;
        (void)tb_utf8_decode(one.s, text.n - at, &length);
        one.n = length;
        if (!tb_utf8_valid(one)) {
            break;
        }
        at += length;
    }
    return complain(name, place_of(text, at), err, "not valid UTF-8: save the file as CSV in UTF-8");
}

/* The separator that the first line has more of, outside quotes. */
static unsigned char separator_of(struct tb_str text, bool *tabs)
{
    size_t commas = 0;
    size_t semicolons = 0;
    size_t tab = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.n && (quoted || (text.s[i] != '\n' && text.s[i] != '\r')); i++) {
        char c = text.s[i];
        quoted = quoted != (c == '"');
        commas += c == ',' && !quoted;
        semicolons += c == ';' && !quoted;
        tab += c == '\t' && !quoted;
    }
    *tabs = tab > 0 && commas + semicolons == 0;
    return semicolons > commas ? ';' : ',';
}

static enum tb_status broken(struct reader *r)
{
    if (r->status != TB_OK) {
        return r->status;
    }
    switch (csv_error(&r->parser)) {
    case CSV_EPARSE:
        return complain(r->name, r->begin, r->err,
                        "a quote is out of place or never closed in the cell that begins here: "
                        "quote the whole cell and double each quote in it");
    case CSV_ENOMEM:
        return tb_err_set(r->err, TB_FATAL, TB_E_MEMORY, "no memory for a cell");
    default:
        return complain(r->name, r->begin, r->err, "a cell is too long");
    }
}

static enum tb_status feed(struct reader *r, struct tb_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.s[i];
        if (r->fresh) {
            r->begin = r->now;
            r->begin_byte = i;
            r->fresh = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        } else if (i - r->begin_byte > TB_CSV_CELL_BYTES_MAX) {
            r->status =
                tb_err_set(r->err, TB_FAIL, TB_E_TABLE,
                           "the cell that begins here is longer than %u bytes: is a quote never closed",
                           TB_CSV_CELL_BYTES_MAX);
            tb_err_place(r->err, r->name, r->begin.line, r->begin.column);
            return r->status;
        }
        if (csv_parse(&r->parser, &c, 1, cell_end, row_end, r) != 1 || r->status != TB_OK) {
            return broken(r);
        }
        advance(&r->now, c, (unsigned char)(i + 1 < text.n ? text.s[i + 1] : 0));
    }
    if (r->fresh) {
        r->begin = r->now;
    }
    if (csv_fini(&r->parser, cell_end, row_end, r) != 0 || r->status != TB_OK) {
        return broken(r);
    }
    return TB_OK;
}

enum tb_status tb_csv_parse(struct tb_str text, const char *name, tb_csv_take take, void *context,
                            struct tb_err *err)
{
    assert(name != NULL && take != NULL);
    enum tb_status status = check_bytes(text, name, err);
    if (status != TB_OK) {
        return status;
    }
    if (text.n >= 3 && memcmp(text.s, "\xEF\xBB\xBF", 3) == 0) {
        text.s += 3;
        text.n -= 3;
    }
    struct place first = {1, 1};
    bool tabs = false;
    unsigned char separator = separator_of(text, &tabs);
    if (tabs) {
        return complain(name, first, err, "the cells are separated by TAB: separate them by , or ;");
    }
    struct reader r = {.name = name,
                       .take = take,
                       .context = context,
                       .now = first,
                       .begin = first,
                       .fresh = true,
                       .status = TB_OK,
                       .err = err};
    if (csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the CSV parser");
    }
    csv_set_delim(&r.parser, separator);
    csv_set_blk_size(&r.parser, 4096);
    tb_buf_init(&r.bytes, ROW_BYTES_MAX);
    status = feed(&r, text);
    if (status == TB_OK && !r.header_done) {
        status = complain(name, first, err, "the file is empty: its first line must name the columns");
    }
    tb_buf_release(&r.bytes);
    csv_free(&r.parser);
    return status;
}
