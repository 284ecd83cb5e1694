#include "cmd/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "base/log.h"
#include "reports/report.h"
#include "reports/table/parts.h"
#include "store/revision.h"

#define PACK_MAX ((size_t)4 << 30)

/* A command that does not want to read all of it is no trouble: only how it ends counts. */
static void tell(const char *command, struct tb_str json)
{
    fflush(stdout);
    FILE *to = popen(command, "w");
    if (to == NULL) {
        tb_log(TB_LOG_WARN, "cannot run the notify command: %s", strerror(errno));
        return;
    }
    (void)fwrite(json.s, 1, json.n, to);
    int status = pclose(to);
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        tb_log(TB_LOG_WARN, "the notify command failed (exit %d); nobody may have been told of the findings",
               status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
}

enum tb_status tb_notify(struct tb_session *s, int32_t day, struct tb_err *err)
{
    struct tb_buf pack, json;
    struct tb_report *report = NULL;
    int64_t revision = 0;
    tb_buf_init(&pack, PACK_MAX);
    tb_buf_init(&json, PACK_MAX);
    enum tb_status st =
        s->settings->notify != NULL ? tb_revision_get(s->db, day, 0, &pack, &revision, err) : TB_END;
    if (st == TB_OK) {
        st = tb_report_of_pack(tb_buf_view(&pack), "anomalies", revision, &report, err);
    }
    const struct tb_part *findings = st == TB_OK ? tb_parts_find(report, "findings") : NULL;
    if (findings != NULL &&
        tb_table_rows(findings->table) > 0) { /* a kept report has no part for an empty list */
        st = tb_report_json(report, &json, err);
        if (st == TB_OK) {
            tell(s->settings->notify, tb_buf_view(&json));
        }
    }
    tb_report_free(report);
    tb_buf_release(&json);
    tb_buf_release(&pack);
    return st == TB_END ? TB_OK : st;
}
