/* Concept: DATES of the command line: `--date D` or `--from D --to D` (inclusive); D = YYYY-MM-DD, YYYY-MM (its whole
 *          month), today, yesterday, last-week (Monday to Sunday), last-month, -7d (the day seven days ago). usage and
 *          anomalies also take instants (2026-11-21T10:00, in the billing zone unless one is given; end exclusive).
 * Limits:  TB_DATES_DAYS_MAX.
 */
#ifndef TB_DATES_H
#define TB_DATES_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/zone.h"

#define TB_DATES_DAYS_MAX 36600 /* a century */

struct tb_dates {
    bool given;
    int32_t from_day, to_day; /* civil days, inclusive; with instants: the days they touch */
    bool running; /* they end with `today`: asked for as it stands; any other days are whole ones */
    bool instants;
    int64_t from_us, to_us; /* always set, half-open */
};

/* TB_FAIL/TB_E_USAGE names the bad word. Without dates: yesterday. */
enum tb_status tb_dates_parse(const char *date, const char *from, const char *to, bool instants_allowed,
                              const struct tb_zone *zone, int64_t now_us, struct tb_dates *out,
                              struct tb_err *err) TB_MUST_USE;

/* Could the word stand after --date? */
bool tb_dates_word(const char *word);

#endif
