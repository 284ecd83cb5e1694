#include "reports/shape.h"

#include "reports/columns.h"

static const struct tb_column revision[] = {{"revision", "revision", TB_CELL_INT, false, false}};

static const struct tb_column totals[] = {NUMBER("requests", "requests"),
                                          NUMBER("errors", "errors"),
                                          NUMBER("input", "input"),
                                          NUMBER("cache_read", "cache read"),
                                          NUMBER("cache_write_5m", "cache write 5m"),
                                          NUMBER("cache_write_1h", "cache write 1h"),
                                          NUMBER("output", "output"),
                                          NUMBER("reasoning", "reasoning"),
                                          MONEY("cost", "cost"),
                                          CENTS("billed", "billed")};

static const struct tb_column lines[] = {TEXT("line", "Line"),
                                         TEXT("team", "Team"),
                                         TEXT("cost_center", "Cost centre"),
                                         TEXT("consumer", "Consumer"),
                                         TEXT("source", "Source"),
                                         TEXT("provider", "Provider"),
                                         TEXT("model", "Model"),
                                         TEXT("basis", "Basis"),
                                         NUMBER("requests", "Requests"),
                                         NUMBER("errors", "Errors"),
                                         TOKENS,
                                         NUMBER("total_only", "Total only"),
                                         NUMBER("saved", "Saved"),
                                         MONEY("cost", "Cost")};

static const struct tb_column teams[] = {
    TEXT("team", "Team"),      TEXT("cost_center", "Cost centre"),  MONEY("cost", "Cost"),
    MONEY("shared", "Shared"), MONEY("adjustments", "Adjustments"), CENTS("billed", "Billed")};

static const struct tb_column adjustments[] = {{"original_day", "Original day", TB_CELL_DAY, true, false},
                                               TEXT("team", "Team"),
                                               TEXT("cost_center", "Cost centre"),
                                               CENTS("was", "Was"),
                                               CENTS("now", "Now"),
                                               CENTS("posted", "Posted before"),
                                               CENTS("amount", "Amount"),
                                               TEXT("reason", "Reason"),
                                               {"revision", "Closed revision", TB_CELL_INT, false, false},
                                               {"tables_was", "Tables were", TB_CELL_INT, false, false},
                                               {"tables_now", "Tables are", TB_CELL_INT, false, false},
                                               {"posted_day", "Charged to", TB_CELL_DAY, true, false}};

static const struct tb_column unpriced[] = {TEXT("provider", "Provider"), TEXT("model", "Model"),
                                            NUMBER("requests", "Requests"), NUMBER("tokens", "Tokens")};

static const struct tb_column intake[] = {
    NUMBER("files", "files"),           NUMBER("lines", "lines"),         NUMBER("events", "events"),
    NUMBER("duplicates", "duplicates"), NUMBER("conflicts", "conflicts"), NUMBER("ignored", "ignored"),
    NUMBER("rejected", "rejected")};

static const struct tb_column incomplete[] = {TEXT("source", "Source"),
                                              TEXT("file", "File"),
                                              TEXT("reason", "Reason"),
                                              {"byte", "Byte", TB_CELL_INT, false, false}};

static const struct tb_column ok[] = {{"ok", "all controls agree:", TB_CELL_BOOL, false, false}};

static const struct tb_column checks[] = {TEXT("control", "Control"),
                                          {"expected", "Expected", TB_CELL_MIXED, false, false},
                                          {"found", "Found", TB_CELL_MIXED, false, false},
                                          {"difference", "Difference", TB_CELL_MIXED, false, false},
                                          {"ok", "Agrees", TB_CELL_BOOL, false, false},
                                          {"informative", "Informative", TB_CELL_BOOL, false, false},
                                          TEXT("about", "What it says")};

static const struct tb_column rejects[] = {TEXT("file", "File"),
                                           {"line", "Line", TB_CELL_INT, false, false},
                                           {"byte", "Byte", TB_CELL_INT, false, false},
                                           TEXT("reason", "Reason"),
                                           TEXT("excerpt", "Excerpt"),
                                           TEXT("source", "Source"),
                                           TEXT("node", "Node")};

static const struct tb_column reasons[] = {TEXT("file", "File"), TEXT("reason", "Reason"),
                                           NUMBER("lines", "Lines"), TEXT("source", "Source"),
                                           TEXT("node", "Node")};

static const struct tb_shape_part chargeback_parts[] = {
    {TB_PART_VALUE, "revision", "revision", revision, COUNT(revision)},
    {TB_PART_OBJECT, "totals", "Totals", totals, COUNT(totals)},
    {TB_PART_ROWS, "lines", "Lines", lines, COUNT(lines)},
    {TB_PART_ROWS, "teams", "Teams", teams, COUNT(teams)},
    {TB_PART_ROWS, "adjustments", "Adjustments of closed days", adjustments, COUNT(adjustments)},
    {TB_PART_ROWS, "unpriced", "Unpriced: no price is in force for these", unpriced, COUNT(unpriced)},
    {TB_PART_OBJECT, "intake", "Intake", intake, COUNT(intake)},
    {TB_PART_ROWS, "incomplete", "Missing or incomplete", incomplete, COUNT(incomplete)},
};
static const struct tb_shape_part checks_parts[] = {
    {TB_PART_VALUE, "ok", "all controls agree", ok, COUNT(ok)},
    {TB_PART_ROWS, "rows", "Controls", checks, COUNT(checks)},
};
static const struct tb_shape_part rejects_parts[] = {
    {TB_PART_ROWS, "rows", "Rejected lines", rejects, COUNT(rejects)},
    {TB_PART_ROWS, "reasons", "By reason", reasons, COUNT(reasons)},
};

const struct tb_shape tb_shape_chargeback = {"chargeback", "Chargeback", "lines", chargeback_parts,
                                             COUNT(chargeback_parts)};
const struct tb_shape tb_shape_checks = {"checks", "Checks", "rows", checks_parts, COUNT(checks_parts)};
const struct tb_shape tb_shape_rejects = {"rejects", "Rejected lines", "rows", rejects_parts,
                                          COUNT(rejects_parts)};

const struct tb_shape *tb_shape_find(const char *kind)
{
    const struct tb_shape *const all[] = {&tb_shape_chargeback, &tb_shape_checks, &tb_shape_rejects};
    for (size_t i = 0; i < COUNT(all); i++) {
        if (strcmp(all[i]->kind, kind) == 0) {
            return all[i];
        }
    }
    return NULL;
}

static enum tb_status add_part(struct tb_report *r, const struct tb_shape_part *p, struct tb_table **out,
                               struct tb_err *err)
{
    switch (p->kind) {
    case TB_PART_VALUE:
        return tb_parts_value(r, p->columns, out, err);
    case TB_PART_OBJECT:
        return tb_parts_object(r, p->key, p->title, p->columns, p->n, out, err);
    default:
        return tb_parts_rows(r, p->key, p->title, p->columns, p->n, out, err);
    }
}

enum tb_status tb_shape_add(struct tb_report *r, const struct tb_shape *s, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < s->n; i++) {
        struct tb_table *t = NULL;
        st = add_part(r, &s->parts[i], &t, err);
        if (st == TB_OK && strcmp(s->parts[i].key, s->main) == 0) {
            r->main = t;
        }
    }
    return st;
}
