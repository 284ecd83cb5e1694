/* Styles as formats of the library: everything explicit, since LibreOffice knows no table styles. */
#include <assert.h>
#include "reports/writer/xlsx_book.h"

/* The colours, each with a text colour of at least 4.5:1 on it. */
#define NAVY       0x1F3864
#define GREY       0x595959
#define LINE       0xD0D7E2
#define WHITE      0xFFFFFF
#define PALE       0xEAF1FA
#define TOTAL_FILL 0xDCE6F3
#define LINK_BLUE  0x0B5394

static const char *const number_formats[TB_XS_FORMATS] = {
    [TB_XS_TEXT] = "@",
    [TB_XS_COUNT] = "#,##0",
    [TB_XS_MONEY] = "#,##0.00;[Red]-#,##0.00;\"-\"??",
    [TB_XS_COST] = "#,##0.0000;[Red]-#,##0.0000;\"-\"??",
    [TB_XS_PRICE] = "#,##0.00##########",
    [TB_XS_PERCENT] = "0.0%",
    [TB_XS_DATE] = "yyyy-mm-dd",
    [TB_XS_INSTANT] = "yyyy-mm-dd hh:mm",
    [TB_XS_CHANGE] = "+#,##0.00;-#,##0.00;0.00",
    [TB_XS_CHANGE_PERCENT] = "+0.0%;-0.0%;0.0%",
    [TB_XS_DECIMAL] = "General",
    [TB_XS_ON_DAY_BEFORE] =
        "+0.0%\" on the day before\";-0.0%\" on the day before\";0.0%\" on the day before\"",
    [TB_XS_ON_MEAN] = "+0.0%\" on that mean\";-0.0%\" on that mean\";0.0%\" on that mean\"",
    [TB_XS_FAILED] = "#,##0\" failed\"",
};

static void set_status(lxw_format *f, lxw_color_t fill, lxw_color_t font)
{
    format_set_bg_color(f, fill);
    format_set_font_color(f, font);
}

static void set_block(lxw_format *f, unsigned style)
{
    if (style & TB_XS_TITLE) {
        format_set_font_size(f, 18);
        format_set_bold(f);
        format_set_font_color(f, NAVY);
    }
    if (style & TB_XS_SUBTITLE) {
        format_set_font_color(f, GREY);
    }
    if (style & TB_XS_HEADING) {
        format_set_font_size(f, 12);
        format_set_bold(f);
        format_set_font_color(f, NAVY);
        format_set_bottom(f, LXW_BORDER_THIN);
        format_set_bottom_color(f, NAVY);
    }
    if (style & TB_XS_HEADER) {
        format_set_bold(f);
        format_set_font_color(f, WHITE);
        format_set_bg_color(f, NAVY);
        format_set_text_wrap(f);
        format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
        format_set_left(f, LXW_BORDER_THIN); /* labels that wrap stay apart */
        format_set_left_color(f, WHITE);
    }
    if (style & TB_XS_ROW && (style & TB_XS_FORMAT_MASK) == TB_XS_TEXT) {
        format_set_align(f, LXW_ALIGN_LEFT); /* whatever way its letters run */
    }
    if (style & TB_XS_ROW) {
        format_set_bottom(f, LXW_BORDER_HAIR);
        format_set_bottom_color(f, LINE);
        format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
    }
    if (style & TB_XS_TOTAL) {
        format_set_bold(f);
        format_set_bg_color(f, TOTAL_FILL);
    }
}

static void set_kpi(lxw_format *f, unsigned style)
{
    if (style & (TB_XS_KPI | TB_XS_KPI_LABEL | TB_XS_KPI_NOTE)) {
        format_set_bg_color(f, PALE);
        format_set_align(f, LXW_ALIGN_CENTER);
        format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
    }
    if (style & TB_XS_KPI) {
        format_set_font_size(f, 14);
        format_set_bold(f);
        format_set_font_color(f, NAVY);
    }
    if (style & (TB_XS_KPI_LABEL | TB_XS_KPI_NOTE)) {
        format_set_font_size(f, 9);
        format_set_font_color(f, GREY);
        format_set_text_wrap(f);
    }
}

static void set_marks(lxw_format *f, unsigned style)
{
    if (style & TB_XS_GOOD) {
        set_status(f, 0xDDF2E0, 0x1B5E20);
    }
    if (style & TB_XS_WARN) {
        set_status(f, 0xFFF0C2, 0x6B4A00);
    }
    if (style & TB_XS_BAD) {
        set_status(f, 0xFBD5D5, 0x8B0000);
    }
    if (style & TB_XS_MUTED) {
        format_set_font_color(f, GREY);
    }
    if (style & TB_XS_BOLD) {
        format_set_bold(f);
    }
    if (style & TB_XS_LINK) {
        format_set_font_color(f, LINK_BLUE);
        format_set_underline(f, LXW_UNDERLINE_SINGLE);
    }
    if (style & TB_XS_WRAP) {
        format_set_text_wrap(f);
        format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
    }
    if (style & TB_XS_CENTER) {
        format_set_align(f, LXW_ALIGN_CENTER);
    }
    if (style & TB_XS_RIGHT) {
        format_set_align(f, LXW_ALIGN_RIGHT);
    }
    if (style & TB_XS_INDENT) {
        format_set_indent(f, 1);
    }
}

lxw_format *tb_xlsx_format(struct tb_xlsx *x, unsigned style)
{
    if (x->status != TB_OK) {
        return NULL;
    }
    for (int i = 0; i < x->format_count; i++) {
        if (x->formats[i].style == style) {
            return x->formats[i].format;
        }
    }
    unsigned number = style & TB_XS_FORMAT_MASK;
    assert(number < TB_XS_FORMATS && x->format_count < TB_XLSX_FORMATS_MAX);
    lxw_format *f = workbook_add_format(x->book);
    if (f == NULL) {
        tb_xlsx_fail(x, TB_FATAL, TB_E_MEMORY, "no memory for a format");
        return NULL;
    }
    if (number != TB_XS_TEXT && number != TB_XS_DECIMAL) {
        format_set_num_format(f, number_formats[number]);
    }
    set_block(f, style);
    set_kpi(f, style);
    set_marks(f, style);
    x->formats[x->format_count].style = style;
    x->formats[x->format_count++].format = f;
    return f;
}
