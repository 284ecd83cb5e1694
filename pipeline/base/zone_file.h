/* Concept: a TZif file taken apart into a list of offsets, each from an instant on. Used by zone.c alone.
 * Shape:   from[0] is INT64_MIN; neighbours differ in offset. When cycle_end is set, the list behind it
 *          repeats every 400 years: the instants in [cycle_end - 400 years, cycle_end) say what follows.
 * Units:   seconds since 1970-01-01T00:00:00Z; offsets in seconds east of UTC.
 * Owns:    the lists, until tb_zone_table_release.
 * Source:  RFC 8536.
 */
#ifndef TB_ZONE_FILE_H
#define TB_ZONE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

#define TB_ZONE_CYCLE_S      (INT64_C(146097) * 86400) /* 400 Gregorian years: the same weekdays again */
#define TB_ZONE_OFFSET_MAX_S (27 * 3600)               /* RFC 8536 keeps offsets within -25 and +26 hours */

struct tb_zone_table {
    int64_t *from;
    int32_t *offset;
    size_t n;
    bool cycles;
    int64_t cycle_end;
};

/* Takes a whole file's bytes. The text of an error says what is wrong; the caller adds of which zone. */
enum tb_status tb_zone_table_read(struct tb_str bytes, struct tb_zone_table *t,
                                  struct tb_err *err) TB_MUST_USE;

/* A table of one offset. */
enum tb_status tb_zone_table_fixed(int32_t offset, struct tb_zone_table *t, struct tb_err *err) TB_MUST_USE;
void tb_zone_table_release(struct tb_zone_table *t);

#endif
