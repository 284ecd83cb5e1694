/* Charts: one series, or one and its limit; plain, readable in black and white. */
#include <assert.h>
#include <stdio.h>
#include "reports/writer/xlsx_book.h"

#define DEFAULT_WIDTH  480.0 /* of the library, which knows only scales */
#define DEFAULT_HEIGHT 288.0
#define BLUE           0x2F75B5
#define LABELS_MAX     12 /* more values than this are not written at their columns */

/* Few columns would fill the whole width: the gap between them keeps them slim. */
static uint16_t gap_of(int n, bool bars)
{
    if (bars) {
        return n <= 2 ? 300 : n <= 4 ? 150 : 60;
    }
    return n == 1 ? 500 : n == 2 ? 350 : n <= 4 ? 200 : n <= 10 ? 80 : 50;
}

/* The library names the axes of lying bars by where they lie: categories are on y. */
static lxw_chart_axis *category_axis(lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    return c->bars ? chart->y_axis : chart->x_axis;
}

static lxw_chart_axis *value_axis(lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    return c->bars ? chart->x_axis : chart->y_axis;
}

/* Office programs leave out every second name when one of them takes two lines: Excel unless told to skip none, LibreOffice
 * unless a rotation of 0 is written out (360 is the library's word for it). */
static void name_every_bar(lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    lxw_chart_font upright = {.size = 8, .color = 0x404040, .rotation = 360};
    chart_axis_set_num_font(category_axis(chart, c), &upright);
    chart_axis_set_interval_unit(category_axis(chart, c), 1);
}

static void set_fonts(lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    lxw_chart_font title = {.size = 11, .bold = LXW_TRUE, .color = 0x1F3864};
    lxw_chart_font small = {.size = 8, .color = 0x404040};
    chart_title_set_name_font(chart, &title);
    chart_axis_set_num_font(chart->x_axis, &small);
    chart_axis_set_num_font(chart->y_axis, &small);
    chart_axis_set_num_format(value_axis(chart, c), c->value_format);
    if (c->below_zero) { /* names beside the plot: at the axis they would lie on the columns below it */
        chart_axis_set_label_position(category_axis(chart, c), LXW_CHART_AXIS_LABEL_POSITION_LOW);
    } else {
        chart_axis_set_min(value_axis(chart, c), 0);
    }
}

static void set_lines(lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    lxw_chart_line grid = {.color = 0xD9D9D9, .width = 0.5};
    lxw_chart_line axis = {.color = 0xA6A6A6, .width = 0.75};
    lxw_chart_line frame = {.color = 0xD0D7E2, .width = 0.75};
    chart_axis_major_gridlines_set_visible(category_axis(chart, c), LXW_FALSE);
    chart_axis_major_gridlines_set_visible(value_axis(chart, c), LXW_TRUE);
    chart_axis_major_gridlines_set_line(value_axis(chart, c), &grid);
    lxw_chart_line none = {.none = LXW_TRUE};
    chart_axis_set_line(category_axis(chart, c), &axis);
    chart_axis_set_line(value_axis(chart, c), &none);
    chart_axis_set_major_tick_mark(category_axis(chart, c), LXW_CHART_AXIS_TICK_MARK_NONE);
    chart_axis_set_major_tick_mark(value_axis(chart, c), LXW_CHART_AXIS_TICK_MARK_NONE);
    chart_chartarea_set_line(chart, &frame);
}

static void set_labels(lxw_chart_series *series, const char *format)
{
    lxw_chart_font font = {.size = 8, .color = 0x404040};
    chart_series_set_labels(series);
    chart_series_set_labels_num_format(series, format);
    chart_series_set_labels_font(series, &font);
    chart_series_set_labels_position(series, LXW_CHART_LABEL_POSITION_OUTSIDE_END);
}

static lxw_chart_series *add_series(struct tb_xlsx *x, lxw_chart *chart, const struct tb_xlsx_chart *c,
                                    int column, const char *name)
{
    lxw_chart_series *series = chart_add_series(chart, NULL, NULL);
    if (series == NULL) {
        tb_xlsx_fail(x, TB_FATAL, TB_E_MEMORY, "no memory for a chart");
        return NULL;
    }
    chart_series_set_categories(series, c->sheet, (lxw_row_t)c->first_row, (lxw_col_t)c->category_column,
                                (lxw_row_t)c->last_row, (lxw_col_t)c->category_column);
    chart_series_set_values(series, c->sheet, (lxw_row_t)c->first_row, (lxw_col_t)column,
                            (lxw_row_t)c->last_row, (lxw_col_t)column);
    chart_series_set_name(series, name);
    return series;
}

static void set_series(struct tb_xlsx *x, lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    int n = c->last_row - c->first_row + 1;
    lxw_chart_fill fill = {.color = BLUE};
    lxw_chart_series *series = add_series(x, chart, c, c->value_column, c->title);
    if (series != NULL) {
        chart_series_set_fill(series, &fill);
        if (n <= LABELS_MAX) {
            set_labels(series, c->value_format);
        }
        chart_set_series_gap(chart, gap_of(n, c->bars));
    }
}

/* The values as a line with dots, the limit as a broken one: apart without colours, too. */
static void set_lines_of_limit(struct tb_xlsx *x, lxw_chart *chart, const struct tb_xlsx_chart *c)
{
    lxw_chart_line solid = {.color = BLUE, .width = 2.25};
    lxw_chart_line broken = {.color = 0xC55A11, .width = 1.75, .dash_type = LXW_CHART_LINE_DASH_DASH};
    lxw_chart_series *values = add_series(x, chart, c, c->value_column, c->value_name);
    lxw_chart_series *limit = values != NULL ? add_series(x, chart, c, c->limit_column, c->limit_name) : NULL;
    if (limit != NULL) {
        chart_series_set_line(values, &solid);
        chart_series_set_marker_type(values, LXW_CHART_MARKER_CIRCLE);
        chart_series_set_marker_size(values, 5);
        chart_series_set_line(limit, &broken);
        chart_series_set_marker_type(limit, LXW_CHART_MARKER_NONE);
    }
}

void tb_xlsx_chart(struct tb_xlsx_sheet *s, const struct tb_xlsx_chart *c)
{
    char alt[512], range[64];
    assert(c->last_row >= c->first_row);
    const char *passed = tb_xlsx_pass(s->x, tb_str_of(c->alt));
    if (passed == NULL) {
        return;
    }
    snprintf(alt, sizeof alt, "%s", passed);
    snprintf(range, sizeof range, "chart on %s", s->name);
    lxw_chart *chart = workbook_add_chart(s->x->book, c->bars               ? LXW_CHART_BAR
                                                      : c->limit_column > 0 ? LXW_CHART_LINE
                                                                            : LXW_CHART_COLUMN);
    if (chart == NULL) {
        tb_xlsx_fail(s->x, TB_FATAL, TB_E_MEMORY, "no memory for a chart");
        return;
    }
    chart_title_set_name(chart, c->title);
    chart_legend_set_position(chart, c->limit_column > 0 ? LXW_CHART_LEGEND_BOTTOM : LXW_CHART_LEGEND_NONE);
    if (c->limit_column > 0) {
        set_lines_of_limit(s->x, chart, c);
    } else {
        set_series(s->x, chart, c);
    }
    set_fonts(chart, c);
    set_lines(chart, c);
    if (c->bars) { /* the first category on top; the values' axis would follow it there */
        name_every_bar(chart, c);
        chart_axis_set_reverse(category_axis(chart, c));
        chart_axis_set_label_position(value_axis(chart, c), LXW_CHART_AXIS_LABEL_POSITION_HIGH);
    }
    lxw_chart_options options = {.x_scale = c->width / DEFAULT_WIDTH,
                                 .y_scale = c->height / DEFAULT_HEIGHT,
                                 .x_offset = 2,
                                 .y_offset = 2,
                                 .object_position = LXW_OBJECT_MOVE_DONT_SIZE,
                                 .description = alt};
    tb_xlsx_good(s->x,
                 worksheet_insert_chart_opt(s->ws, (lxw_row_t)c->row, (lxw_col_t)c->column, chart, &options),
                 range);
}
