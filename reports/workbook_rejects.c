/* Rejects: lines that could not be read as usage, counted by reason, then listed; and the files that end early. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_parts.h"

enum { REASON, LINES, FILE_NAME, SOURCE, NODE, BYTE, EXCERPT, COLUMNS };

static const struct tb_grid_column by_reason[] = {
    [REASON] = {"Reason", TB_XS_TEXT, false, 40},
    [LINES] = {"Lines", TB_XS_COUNT, true, 0},
    [FILE_NAME] = {"File", TB_XS_TEXT | TB_XS_WRAP, false, 54},
    [SOURCE] = {"Source", TB_XS_TEXT, false, 20},
    [NODE] = {"Node", TB_XS_TEXT, false, 20},
};
static const struct tb_grid_column by_line[COLUMNS] = {
    [REASON] = {"Reason", TB_XS_TEXT, false, 40},
    [LINES] = {"Line", TB_XS_COUNT, false, 0},
    [FILE_NAME] = {"File", TB_XS_TEXT | TB_XS_WRAP, false, 54},
    [SOURCE] = {"Source", TB_XS_TEXT, false, 20},
    [NODE] = {"Node", TB_XS_TEXT, false, 20},
    [BYTE] = {"Byte", TB_XS_COUNT, false, 0},
    [EXCERPT] = {"Excerpt (keys only)", TB_XS_TEXT | TB_XS_WRAP, false, 60},
};
static const struct tb_grid_column incomplete[] = {
    [REASON] = {"What is wrong", TB_XS_TEXT | TB_XS_WRAP, false, 40},
    [LINES] = {"At byte", TB_XS_COUNT, false, 0},
    [FILE_NAME] = {"File", TB_XS_TEXT | TB_XS_WRAP, false, 54},
    [SOURCE] = {"Source", TB_XS_TEXT, false, 20},
};

/* The report's keys in the order of the sheet's columns. */
static void write_rows(struct tb_grid *g, const struct tb_table *t, const char *const *keys, int n)
{
    int from[COLUMNS];
    for (int i = 0; i < n; i++) {
        from[i] = tb_table_find(t, keys[i]);
        assert(from[i] >= 0);
    }
    for (size_t row = 0; row < tb_table_rows(t); row++) {
        tb_grid_row(g);
        for (int i = 0; i < n; i++) {
            const struct tb_cell *c = tb_table_cell(t, row, (size_t)from[i]);
            if (c->null) {
                tb_grid_blank(g, i);
            } else if (c->type == TB_CELL_INT) {
                tb_grid_count(g, i, c->number);
            } else {
                tb_grid_text(g, i, 0, c->text);
            }
        }
    }
}

/* A pack lists only so many lines: the others are counted by reason, and announced here. */
static void announce(const struct tb_workbook_book *b, int row, int64_t listed)
{
    char words[128];
    if (b->todo.rejected > listed) {
        snprintf(words, sizeof words,
                 "%" PRId64 " more lines are not shown here: see tollbook report rejects --format csv",
                 b->todo.rejected - listed);
        tb_xlsx_text(b->rejects, row, 0, TB_XS_SUBTITLE, tb_str_of(words));
    }
}

void tb_workbook_rejects(struct tb_workbook_book *b)
{
    static const char *const reason_keys[] = {"reason", "lines", "file", "source", "node"};
    static const char *const line_keys[] = {"reason", "line", "file", "source", "node", "byte", "excerpt"};
    static const char *const incomplete_keys[] = {"reason", "byte", "file", "source"};
    struct tb_grid g;
    const struct tb_table *files = tb_workbook_table(b->w->chargeback, "incomplete");
    b->todo.rejected = tb_workbook_int(b->w->chargeback, "intake", "rejected");
    for (size_t i = 0; i < tb_table_rows(files); i++) {
        bool missing = tb_table_cell(files, i, TB_INCOMPLETE_FILE)->null;
        b->todo.missing += missing;
        b->todo.incomplete += !missing;
    }
    tb_workbook_head(b, b->rejects, "Rejected lines", "whole files that hold a line of the day");
    tb_grid_begin(&g, b->rejects, 3, by_reason, COLUMNS - 2, TB_WORKBOOK_LINES_MAX);
    write_rows(&g, tb_workbook_table(b->w->rejects, "reasons"), reason_keys, COLUMNS - 2);
    int row = tb_grid_end(&g, "RejectReasons", "OK: every line was read.", "tollbook report rejects");
    row = tb_workbook_heading(b->rejects, row, COLUMNS, "Input that is missing, ends early or is damaged");
    tb_grid_begin(&g, b->rejects, row, incomplete, 4, TB_WORKBOOK_LINES_MAX);
    write_rows(&g, files, incomplete_keys, 4);
    row = tb_grid_end(&g, "IncompleteFiles", "OK: every file is whole, and no expected one is missing.",
                      "tollbook report chargeback");
    if (tb_table_rows(tb_workbook_table(b->w->rejects, "rows")) > 0) {
        row = tb_workbook_heading(b->rejects, row, COLUMNS, "The lines");
        tb_grid_begin(&g, b->rejects, row, by_line, COLUMNS, TB_WORKBOOK_LINES_MAX);
        write_rows(&g, tb_workbook_table(b->w->rejects, "rows"), line_keys, COLUMNS);
        row = tb_grid_end(&g, "RejectLines", "", "tollbook report rejects --format csv");
        announce(b, row - 1, tb_grid_lines(&g));
    }
    tb_xlsx_freeze(b->rejects, 2, 1);
}
