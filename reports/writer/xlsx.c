/* The book, its sheets and pages. */
#include "reports/writer/xlsx.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "reports/writer/xlsx_book.h"
#include "reports/writer/xlsx_text.h"

#define PACK_MODE    0640
#define FOOTER_BYTES 150
#define CHOICE_MAX   8
#define TEXT_MAX     ((size_t)1 << 20)
#define PLACES_MIN   8.0
#define PLACES_MAX   44.0
#define BAR_COLOUR   0x9DC3E6
#define PLACES_EDGE  2.6 /* margins of a cell, and a wider substitute for the font */
#define PAGE_PLACES  104 /* of an A4 page in landscape at 100 %, with a wider substitute for the font */
#define SCALE_MIN    58  /* per cent: 11 points become 6.4, more where the font is narrower */
#define SCALE_MAX    100

void tb_xlsx_fail(struct tb_xlsx *x, enum tb_status status, enum tb_code code, const char *text)
{
    if (x->status == TB_OK) {
        x->status =
            tb_err_set(&x->failure, status, code, "cannot write the workbook \"%s\": %s", x->path, text);
    }
}

bool tb_xlsx_good(struct tb_xlsx *x, lxw_error e, const char *what)
{
    char text[320];
    if (e == LXW_NO_ERROR) {
        return x->status == TB_OK;
    }
    const char *words = lxw_strerror(e); /* "Memory error, failed to malloc() required memory." */
    int n = snprintf(text, sizeof text, "%s: %c%s", what, tolower((unsigned char)words[0]),
                     words[0] != '\0' ? words + 1 : "");
    if (n > 0 && (size_t)n < sizeof text && text[n - 1] == '.') {
        text[n - 1] = '\0';
    }
    bool memory = e == LXW_ERROR_MEMORY_MALLOC_FAILED;
    tb_xlsx_fail(x, memory ? TB_FATAL : TB_FAIL, memory ? TB_E_MEMORY : TB_E_IO, text);
    return false;
}

const char *tb_xlsx_pass(struct tb_xlsx *x, struct tb_str v)
{
    struct tb_err err;
    enum tb_status st = x->status == TB_OK ? tb_xlsx_gate(v, x->guard, &x->text, &err) : TB_FAIL;
    if (st != TB_OK && x->status == TB_OK) {
        tb_xlsx_fail(x, TB_FATAL, TB_E_MEMORY, err.text);
    }
    return st == TB_OK ? x->text.p : NULL;
}

/* Adds text to a head or foot of a page, where "&" begins a code; returns its new length. Cut between characters. */
static size_t add_page_text(struct tb_xlsx *x, struct tb_str text, size_t n, char *out, size_t most)
{
    const char *s = tb_xlsx_pass(x, text);
    for (size_t i = 0; s != NULL && s[i] != '\0'; i++) {
        size_t rest = 0; /* bytes of this character behind the first */
        while (((unsigned char)s[i + rest + 1] & 0xC0) == 0x80) {
            rest++;
        }
        if (n + rest + 2 > most) {
            break;
        }
        out[n++] = s[i];
        if (s[i] == '&') {
            out[n++] = '&';
        }
        for (; rest > 0; rest--) {
            out[n++] = s[++i];
        }
    }
    out[n] = '\0';
    return n;
}

static void make_footer(struct tb_xlsx *x, const char *given)
{
    size_t n = (size_t)snprintf(x->footer, sizeof x->footer, "&L&8");
    n = add_page_text(x, (struct tb_str){given, strnlen(given, FOOTER_BYTES)}, n, x->footer,
                      sizeof x->footer - 40);
    snprintf(x->footer + n, sizeof x->footer - n, "&R&8&A, page &P of &N");
}

static void set_properties(struct tb_xlsx *x, const struct tb_xlsx_options *o)
{
    char title[256], subject[256];
    const char *s = tb_xlsx_pass(x, tb_str_of(o->title));
    snprintf(title, sizeof title, "%s", s != NULL ? s : "");
    s = tb_xlsx_pass(x, tb_str_of(o->subject));
    snprintf(subject, sizeof subject, "%s", s != NULL ? s : "");
    lxw_doc_properties properties = {
        .title = title, .subject = subject, .created = (time_t)(o->created_us / TB_US_PER_S)};
    assert(properties.created != 0); /* 0 is "now" to the library */
    tb_xlsx_good(x, workbook_set_properties(x->book, &properties), "document properties");
}

static enum tb_status open_book(struct tb_xlsx *x, struct tb_err *err)
{
    (void)unlink(x->path);
    int fd = open(x->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  PACK_MODE); /* the library would make it 0644 */
    if (fd < 0) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot create \"%s\": %s", x->path, strerror(errno));
    }
    (void)close(fd);
    x->book = workbook_new(x->path);
    return x->book != NULL ? TB_OK : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a workbook");
}

enum tb_status tb_xlsx_new(const char *path, const struct tb_xlsx_options *o, struct tb_xlsx **out,
                           struct tb_err *err)
{
    *out = NULL;
    struct tb_xlsx *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a workbook");
    }
    tb_buf_init(&x->text, TEXT_MAX);
    x->guard = o->guard;
    x->path = strdup(path);
    enum tb_status st = x->path != NULL ? open_book(x, err)
                                        : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a workbook");
    if (st == TB_OK) {
        make_footer(x, o->footer);
        set_properties(x, o);
        *out = x;
    } else {
        tb_xlsx_abandon(x);
    }
    return st;
}

struct tb_xlsx_sheet *tb_xlsx_sheet(struct tb_xlsx *x, const char *name, enum tb_xlsx_tab tab)
{
    static const lxw_color_t colours[] = {
        [TB_TAB_READ] = 0x2F75B5, [TB_TAB_REFERENCE] = 0xA6A6A6, [TB_TAB_ACT] = 0xED9B21};
    assert(x->sheet_count < TB_XLSX_SHEETS_MAX && strlen(name) > 0 &&
           strlen(name) < sizeof x->sheets[0].name);
    for (const char *c = name; *c != '\0'; c++) {
        assert(isalnum((unsigned char)*c) || *c == ' ');
    }
    struct tb_xlsx_sheet *s = &x->sheets[x->sheet_count++];
    s->x = x;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->ws = workbook_add_worksheet(x->book, name);
    if (s->ws == NULL) {
        tb_xlsx_fail(x, TB_FAIL, TB_E_IO, "a sheet was refused");
        return s;
    }
    worksheet_set_tab_color(s->ws, colours[tab]);
    worksheet_set_landscape(s->ws);
    worksheet_set_paper(s->ws, 9); /* A4 */
    worksheet_fit_to_pages(s->ws, 1, 0);
    worksheet_set_margins(s->ws, 0.4, 0.4, 0.5, 0.6);
    tb_xlsx_good(x, worksheet_set_footer(s->ws, x->footer), "page foot");
    return s;
}

void tb_xlsx_one_page(struct tb_xlsx_sheet *s, int last_row, int last_column)
{
    if (s->x->status != TB_OK) {
        return;
    }
    s->one_page = true;
    worksheet_gridlines(s->ws, LXW_HIDE_ALL_GRIDLINES);
    worksheet_fit_to_pages(s->ws, 1, 1);
    worksheet_center_horizontally(s->ws);
    tb_xlsx_good(s->x, worksheet_print_area(s->ws, 0, 0, (lxw_row_t)last_row, (lxw_col_t)last_column),
                 "print area");
}

void tb_xlsx_freeze(struct tb_xlsx_sheet *s, int rows, int columns)
{
    if (s->x->status == TB_OK) {
        worksheet_freeze_panes(s->ws, (lxw_row_t)rows, (lxw_col_t)columns);
    }
}

void tb_xlsx_choice(struct tb_xlsx_sheet *s, int first_row, int last_row, int column,
                    const char *const *words)
{
    char *list[CHOICE_MAX + 1] = {NULL}; /* the library does not write to it */
    size_t n = 0;
    for (; words[n] != NULL; n++) {
        assert(n < CHOICE_MAX);
        list[n] = (char *)(uintptr_t)words[n];
    }
    lxw_data_validation rule = {.validate = LXW_VALIDATION_TYPE_LIST,
                                .value_list = list,
                                .error_title = "Not a decision",
                                .error_message = "Choose a word of the list, or leave the cell empty."};
    if (s->x->status == TB_OK) {
        tb_xlsx_good(s->x,
                     worksheet_data_validation_range(s->ws, (lxw_row_t)first_row, (lxw_col_t)column,
                                                     (lxw_row_t)last_row, (lxw_col_t)column, &rule),
                     "list of choices");
    }
}

void tb_xlsx_bars(struct tb_xlsx_sheet *s, int first_row, int last_row, int column, double most)
{
    lxw_conditional_format format = {.type = LXW_CONDITIONAL_DATA_BAR,
                                     .min_rule_type = LXW_CONDITIONAL_RULE_TYPE_NUMBER,
                                     .max_rule_type = LXW_CONDITIONAL_RULE_TYPE_NUMBER,
                                     .max_value = most,
                                     .bar_color = BAR_COLOUR,
                                     .bar_solid = LXW_TRUE};
    if (s->x->status == TB_OK) {
        tb_xlsx_good(s->x,
                     worksheet_conditional_format_range(s->ws, (lxw_row_t)first_row, (lxw_col_t)column,
                                                        (lxw_row_t)last_row, (lxw_col_t)column, &format),
                     "bars");
    }
}

void tb_xlsx_repeat(struct tb_xlsx_sheet *s, int first_row, int last_row)
{
    if (s->x->status == TB_OK) {
        tb_xlsx_good(s->x, worksheet_repeat_rows(s->ws, (lxw_row_t)first_row, (lxw_row_t)last_row),
                     "repeated rows");
    }
}

void tb_xlsx_width(struct tb_xlsx_sheet *s, int column, double places)
{
    assert(column < TB_XLSX_COLUMNS_MAX);
    s->fixed[column] = places;
    s->columns = column >= s->columns ? column + 1 : s->columns;
}

void tb_xlsx_width_max(struct tb_xlsx_sheet *s, int column, double places)
{
    assert(column < TB_XLSX_COLUMNS_MAX);
    s->places_max[column] = places;
}

void tb_xlsx_height(struct tb_xlsx_sheet *s, int row, int points)
{
    if (s->x->status == TB_OK) {
        tb_xlsx_good(s->x, worksheet_set_row(s->ws, (lxw_row_t)row, points, NULL), "height of a row");
    }
}

static double width_of(const struct tb_xlsx_sheet *s, int column)
{
    if (s->fixed[column] > 0) {
        return s->fixed[column];
    }
    double most = s->places_max[column] > 0 ? s->places_max[column] : PLACES_MAX;
    double w = s->asked[column] + PLACES_EDGE;
    return w < PLACES_MIN ? PLACES_MIN : w > most ? most : w;
}

static void set_widths(struct tb_xlsx_sheet *s)
{
    for (int i = 0; i < s->columns && s->x->status == TB_OK; i++) {
        lxw_error e = worksheet_set_column(s->ws, (lxw_col_t)i, (lxw_col_t)i, width_of(s, i), NULL);
        tb_xlsx_good(s->x, e, "width of a column");
    }
}

void tb_xlsx_title(struct tb_xlsx_sheet *s, const char *title, struct tb_str subtitle)
{
    tb_xlsx_text(s, 0, 0, TB_XS_TITLE, tb_str_of(title));
    tb_xlsx_height(s, 0, 26);
    tb_xlsx_text(s, 1, 0, TB_XS_SUBTITLE, subtitle);
    size_t n = (size_t)snprintf(s->title, sizeof s->title, "&L&12&B");
    n = add_page_text(s->x, tb_str_of(title), n, s->title, sizeof s->title / 2);
    n += (size_t)snprintf(s->title + n, sizeof s->title - n, "&B&9   ");
    (void)add_page_text(s->x, subtitle, n, s->title, sizeof s->title - 2);
}

void tb_xlsx_split(struct tb_xlsx_sheet *s, int keys, int split)
{
    assert(keys > 0 && keys < split);
    s->keys = keys;
    s->split = split;
}

static double places_of(const struct tb_xlsx_sheet *s, int first, int end)
{
    double places = 0;
    for (int i = first; i < end; i++) {
        places += width_of(s, i);
    }
    return places;
}

/* One page wide as long as that can be read; else two. A page fitted by the reader knows no breaks: then the scale is ours. */
static void set_pages(struct tb_xlsx_sheet *s)
{
    double all = places_of(s, 0, s->columns);
    if (s->x->status != TB_OK || s->one_page || s->split == 0 || s->split >= s->columns ||
        all * SCALE_MIN <= PAGE_PLACES * 100) {
        return;
    }
    double left = places_of(s, 0, s->split);
    double right = places_of(s, 0, s->keys) + places_of(s, s->split, s->columns);
    int scale = (int)(PAGE_PLACES * 100 / (left > right ? left : right));
    lxw_col_t breaks[] = {(lxw_col_t)s->split, 0};
    worksheet_set_print_scale(s->ws, (uint16_t)(scale > SCALE_MAX ? SCALE_MAX : scale));
    worksheet_set_v_pagebreaks(s->ws, breaks);
    tb_xlsx_good(s->x, worksheet_set_header(s->ws, s->title),
                 "page head"); /* rows 0 and 1 would be torn apart */
    tb_xlsx_good(s->x,
                 worksheet_print_area(s->ws, 2, 0, (lxw_row_t)(s->rows - 1), (lxw_col_t)(s->columns - 1)),
                 "print area");
    tb_xlsx_good(s->x, worksheet_repeat_columns(s->ws, 0, (lxw_col_t)(s->keys - 1)), "repeated columns");
}

/* The library takes one range of a kind per sheet; it may be a list. */
static void set_texts(struct tb_xlsx_sheet *s)
{
    if (s->texts[0] != '\0' && s->x->status == TB_OK) {
        tb_xlsx_good(s->x, worksheet_ignore_errors(s->ws, LXW_IGNORE_NUMBER_STORED_AS_TEXT, s->texts),
                     "numbers as texts");
    }
}

static void release(struct tb_xlsx *x)
{
    tb_buf_release(&x->text);
    free(x->path);
    free(x);
}

enum tb_status tb_xlsx_close(struct tb_xlsx *x, struct tb_err *err)
{
    for (int i = 0; i < x->sheet_count; i++) {
        set_widths(&x->sheets[i]);
        set_pages(&x->sheets[i]);
        set_texts(&x->sheets[i]);
    }
    if (x->status == TB_OK) {
        lxw_workbook *book = x->book;
        x->book = NULL; /* closing frees it, whatever comes of it */
        tb_xlsx_good(x, workbook_close(book), "closing");
    }
    enum tb_status st = x->status;
    if (st != TB_OK) {
        if (err != NULL) {
            *err = x->failure;
        }
        tb_xlsx_abandon(x);
        return st;
    }
    release(x);
    return TB_OK;
}

void tb_xlsx_abandon(struct tb_xlsx *x)
{
    if (x == NULL) {
        return;
    }
    if (x->book != NULL) {
        lxw_workbook_free(x->book);
    }
    if (x->path != NULL) {
        (void)unlink(x->path);
    }
    release(x);
}
