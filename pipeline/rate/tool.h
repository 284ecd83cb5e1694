/* Concept: tool calls: how many, how many failed, how often they were tried again. They are no requests and cost nothing here.
 * Owns:    a tb_tools until released; names live as long as the database.
 */
#ifndef TB_TOOL_H
#define TB_TOOL_H

#include "config/settings.h"
#include "store/db.h"

struct tb_tool {
    struct tb_str name;      /* absent: the log had none */
    int64_t calls, failures; /* failures: success false, or a status from 400 */
    int64_t retries, retries_n, retries_max;
    int64_t latency_ms, latency_n, latency_p95; /* p95 -1: none */
};

struct tb_tools {
    struct tb_tool *tools; /* by name, absent first */
    size_t n, cap;
};

/* Of [from_us, to_us), all sources. */
enum tb_status tb_tools_query(struct tb_db *db, int64_t from_us, int64_t to_us, struct tb_tools *out,
                              struct tb_err *err) TB_MUST_USE;
void tb_tools_release(struct tb_tools *t);

#endif
