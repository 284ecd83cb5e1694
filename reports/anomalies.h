/* Concept: the findings of the detectors as a report, for report.c's list; CONTRACT.md has the row.
 * Shape:   rows by start. Extra keys: also "team" and "owner" of the consumer, "days" (on which it was seen so far), "listed" (false: less than min_excess, a pack puts it
 *          in the appendix). Digests that are missing are stored when the database may be written.
 */
#ifndef TB_ANOMALIES_H
#define TB_ANOMALIES_H

#include "reports/report.h"

enum tb_status tb_anomalies_build(const struct tb_report_query *q, struct tb_report **out,
                                  struct tb_err *err) TB_MUST_USE;

#endif
