/* Concept: the Summary while it is written, inside workbook_summary.c, workbook_tiles.c, workbook_movers.c and workbook_causes.c alone.
 * Shape:   six tiles of two columns in a row, a narrow column between two tiles; charts and lists take three tiles each.
 */
#ifndef TB_WORKBOOK_PAGE_H
#define TB_WORKBOOK_PAGE_H

#include "reports/workbook_parts.h"

enum {
    TB_PAGE_TILES = 6,
    TB_PAGE_TILE_COLUMNS = 3,
    TB_PAGE_COLUMNS = TB_PAGE_TILES * TB_PAGE_TILE_COLUMNS - 1,
    TB_PAGE_TILE_ROW = 4, /* of the first tiles */
    TB_PAGE_TILE_ROWS = 4
};

struct tb_workbook_page {
    struct tb_workbook_book *b;
    struct tb_xlsx_sheet *s;
    const char *weekday;
    char charge[TB_XLSX_RANGE_MAX]; /* the cells that add up to the day's charge; "" when there are none */
    int tile, tiles; /* the next; how many there is room for: two rows where there is a budget of the month */
    int chart_row, list_row;
};

/* Charge, comparisons, month, volume: each a formula that leads to its rows, with its value. Sets chart_row. */
void tb_workbook_tiles(struct tb_workbook_page *p);
/* The five teams whose charge moved most; row: of the heading. Returns the next free row. */
enum tb_status tb_workbook_movers(struct tb_workbook_page *p, int row, int first, int last, int *next,
                                  struct tb_err *err) TB_MUST_USE;
/* Why the cost differs from that of a week before, by cause, in the left half; nothing where there was no such day. Returns the
 * next free row. */
int tb_workbook_causes(struct tb_workbook_page *p, int row);

#endif
