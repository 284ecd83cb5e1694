/* Findings as rows. --where takes consumer. */
#include "reports/anomalies.h"

#include <math.h>
#include "base/glob.h"
#include "detect/detect.h"
#include "detect/digest.h"
#include "rate/account.h"
#include "reports/columns.h"
#include "reports/head.h"
#include "reports/table/parts.h"
#include "store/events.h"

enum {
    ID,
    KIND,
    ALSO,
    SEVERITY,
    CONSUMER,
    DIMENSION,
    VALUE,
    START,
    END,
    SCORE,
    OBSERVED,
    EXPECTED,
    COST,
    EVIDENCE,
    ACTION,
    DAYS,
    LISTED,
    TEAM,
    OWNER
};
static const struct tb_column columns[] = {
    TEXT("id", "Finding"),
    TEXT("kind", "Kind"),
    OTHER("also", "Also seen", TB_CELL_LIST),
    TEXT("severity", "Severity"),
    TEXT("consumer", "Consumer"),
    TEXT("dimension", "Dimension"),
    TEXT("value", "Value"),
    OTHER("start", "Start", TB_CELL_INSTANT),
    OTHER("end", "End", TB_CELL_INSTANT),
    OTHER("score", "Score", TB_CELL_RATIO),
    OTHER("observed", "Observed", TB_CELL_RATIO),
    OTHER("expected", "Expected", TB_CELL_RATIO),
    {"cost", "Cost", TB_CELL_MONEY, false, false},
    TEXT("evidence", "Evidence"),
    TEXT("action", "What to do"),
    OTHER("days", "Days open", TB_CELL_INT),
    OTHER("listed", "Listed", TB_CELL_BOOL),
    TEXT("team", "Team"),
    TEXT("owner", "Owner"),
};

/* With six decimals at most, as every fraction. */
static enum tb_status set_number(struct tb_table *t, size_t column, tb_int128 millionths, struct tb_err *err)
{
    char text[TB_MONEY_TEXT_MAX];
    size_t n = tb_ratio_format(millionths, 1000000, text);
    return tb_table_text(t, column, (struct tb_str){text, n}, err);
}

static enum tb_status set_also(struct tb_table *t, uint32_t also, struct tb_err *err)
{
    char text[512] = "";
    size_t n = 0;
    for (int k = 0; k < TB_KIND_COUNT; k++) {
        if ((also >> k & 1u) != 0 && n < sizeof text - 32) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? " " : "", tb_kind_names[k]);
        }
    }
    return tb_table_text(t, ALSO, (struct tb_str){text, n}, err);
}

static struct tb_str value_of(const struct tb_report_query *q, const struct tb_finding *f)
{
    return f->dimension == NULL ? TB_STR_NULL : f->text.s != NULL ? f->text : tb_dict_text(q->db, f->value);
}

static enum tb_status set_texts(const struct tb_report_query *q, struct tb_table *t,
                                const struct tb_finding *f, struct tb_err *err)
{
    const struct {
        size_t column;
        struct tb_str text;
    } texts[] = {{ID, tb_str_of(f->id)},
                 {KIND, tb_str_of(tb_kind_names[f->kind])},
                 {SEVERITY, tb_str_of(tb_severity_names[f->severity])},
                 {CONSUMER, f->consumer != 0 ? tb_dict_text(q->db, f->consumer) : TB_STR_NULL},
                 {DIMENSION, tb_str_of(f->dimension)},
                 {VALUE, value_of(q, f)},
                 {EVIDENCE, tb_str_of(f->evidence)},
                 {ACTION, tb_str_of(f->action)}};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == TB_OK; i++) {
        st = tb_table_text(t, texts[i].column, texts[i].text, err);
    }
    return st;
}

/* Whom to ask: by the account in force when it ended. */
static enum tb_status set_account(struct tb_accountbook *accounts, const struct tb_report_query *q,
                                  struct tb_table *t, const struct tb_finding *f, struct tb_err *err)
{
    if (f->consumer == 0) {
        return TB_OK;
    }
    const struct tb_account_row *row = tb_account_find(accounts, f->end_us - 1, f->consumer,
                                                       tb_dict_text(q->db, f->consumer), 0, TB_STR_NULL);
    enum tb_status st = tb_table_text(t, TEAM, row != NULL ? row->team : TB_STR(TB_TEAM_UNASSIGNED), err);
    return st == TB_OK ? tb_table_text(t, OWNER, row != NULL ? row->owner : TB_STR_NULL, err) : st;
}

static enum tb_status add_row(struct tb_accountbook *accounts, const struct tb_report_query *q,
                              struct tb_table *t, const struct tb_finding *f, struct tb_err *err)
{
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = set_texts(q, t, f, err);
    }
    if (st == TB_OK) {
        st = set_account(accounts, q, t, f, err);
    }
    if (st == TB_OK) {
        st = set_also(t, f->also & ~(1u << f->kind), err);
    }
    if (st == TB_OK) {
        st = set_number(t, SCORE, llround(f->score * 1e6), err);
    }
    if (st == TB_OK) {
        st = set_number(t, OBSERVED, llround(f->observed * 1e6), err);
    }
    if (st == TB_OK && !isnan(f->expected)) {
        st = set_number(t, EXPECTED, llround(f->expected * 1e6), err);
    }
    if (st == TB_OK) {
        tb_table_int(t, START, f->start_us);
        tb_table_int(t, END, f->end_us);
        tb_table_money(t, COST, (tb_money)f->cost * TB_PICO_OF_MONEY);
        tb_table_int(t, DAYS, f->last_day - f->first_day + 1);
        tb_table_int(t, LISTED, !f->appendix);
    }
    return st;
}

static enum tb_status check_where(const struct tb_report_query *q, struct tb_err *err)
{
    for (size_t i = 0; i < q->where_n; i++) {
        if (q->where[i].dim != TB_DIM_CONSUMER) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE, "--where of \"anomalies\" takes consumer=GLOB");
        }
    }
    return TB_OK;
}

static bool is_kept(const struct tb_report_query *q, const struct tb_finding *f)
{
    struct tb_str consumer = f->consumer != 0 ? tb_dict_text(q->db, f->consumer) : TB_STR("");
    for (size_t i = 0; i < q->where_n; i++) {
        if (!tb_glob_match(q->where[i].glob, consumer)) {
            return false;
        }
    }
    return !q->instants || (f->start_us < q->to_us && f->end_us > q->from_us);
}

/* Detects, keeping new digests where that is allowed. */
static enum tb_status detect(const struct tb_report_query *q, struct tb_findings *list, struct tb_err *err)
{
    bool write = tb_db_writable(q->db);
    enum tb_status st = write ? tb_db_begin(q->db, err) : TB_OK;
    if (st != TB_OK) {
        return st;
    }
    struct tb_detect_query ask = {q->db,       q->settings, q->tables,  q->version,
                                  q->from_day, q->to_day,   q->as_of_us};
    st = tb_detect_days(&ask, list, err);
    if (st == TB_OK && write) {
        st = tb_db_commit(q->db, err);
    } else if (write) {
        tb_db_rollback(q->db);
    }
    return st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_findings list = {NULL, 0, 0};
    struct tb_accountbook *accounts = NULL;
    struct tb_table *t = NULL;
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_parts_rows(r, "findings", "Anomalies", columns, sizeof columns / sizeof *columns, &t, err);
    }
    r->main = t;
    if (st == TB_OK) {
        st = detect(q, &list, err);
    }
    if (st == TB_OK) {
        st = tb_accountbook_new(q->tables, &accounts, err);
    }
    for (size_t i = 0; i < list.n && st == TB_OK; i++) {
        if (is_kept(q, &list.f[i])) {
            st = add_row(accounts, q, t, &list.f[i], err);
        }
    }
    tb_findings_release(&list);
    tb_accountbook_free(accounts);
    return st == TB_OK ? tb_table_sort(t, q->sort, q->top, err) : st;
}

enum tb_status tb_anomalies_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "anomalies", err);
    if (st == TB_OK) {
        st = check_where(q, err);
    }
    return st != TB_OK ? st : tb_head_build("anomalies", "Anomalies", q, fill, out, err);
}
