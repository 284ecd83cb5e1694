/* Concept: the columns of a report in few words, for the .c files of reports/ that lay many of them out.
 * Shape:   a text names a row (an id); a number, money and cents are summed in totals; a place and other types are not.
 */
#ifndef TB_COLUMNS_H
#define TB_COLUMNS_H

#include "reports/table/table.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define COLUMN(key, label, ...)                                                                              \
    {                                                                                                        \
        key, label, __VA_ARGS__                                                                              \
    }
#define TEXT(key, label)        COLUMN(key, label, TB_CELL_TEXT, true, false)
#define NUMBER(key, label)      COLUMN(key, label, TB_CELL_INT, false, true)
#define PLACE(key, label)       COLUMN(key, label, TB_CELL_INT, false, false)
#define MONEY(key, label)       COLUMN(key, label, TB_CELL_MONEY, false, true)
#define CENTS(key, label)       COLUMN(key, label, TB_CELL_CENTS, false, true)
#define OTHER(key, label, type) COLUMN(key, label, type, false, false)
#define TOKENS                                                                                               \
    NUMBER("input", "Input"), NUMBER("cache_read", "Cache read"),                                            \
        NUMBER("cache_write_5m", "Cache write 5m"), NUMBER("cache_write_1h", "Cache write 1h"),              \
        NUMBER("output", "Output"), NUMBER("reasoning", "Reasoning")

#endif
