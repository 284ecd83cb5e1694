/* Concept: what one `tollbook report` asks for: kind, dimensions, conditions, what-ifs, format.
 * Errors:  each reader returns -1 to go on, else the exit code, its message told.
 * Owns:    nothing: texts are views of the command line.
 */
#ifndef TB_REPORT_REQUEST_H
#define TB_REPORT_REQUEST_H

#include <stdbool.h>
#include "rate/quota.h"
#include "reports/report.h"

/* The command line, read. */
struct tb_request {
    const struct tb_report_kind *kind;
    const char *format, *output, *sort;
    enum tb_dim by[TB_DIM_COUNT];
    size_t by_n;
    struct tb_where where[TB_DIM_COUNT];
    size_t where_n;
    int64_t top, tables, revision;
    int fail_on; /* enum tb_breach */
    struct tb_quota_whatif whatif;
};

bool tb_request_is(const struct tb_request *r, const char *kind);
int tb_request_kind(const char *name, struct tb_request *r);
int tb_request_by(const char *text, struct tb_request *r);
int tb_request_where(const char *text, struct tb_request *r);
int tb_request_count(const char *option, const char *text, int64_t *out);
int tb_request_format(const char *text, struct tb_request *r);
int tb_request_whatif(const char *tier, const char *limit, struct tb_request *r);

#endif
