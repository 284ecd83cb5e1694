/* Notes: what the words and figures mean, how cents are made, which day it is, who can be asked for proof, and every file that was
 * read for the day. Only what this workbook has is explained. */
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_parts.h"
#include "reports/writer/xlsx_text.h"

enum { SOURCE, NODE, FILE_NAME, FORMAT, KIND, LINES, BYTES, DIGEST, COLUMNS };

static const struct tb_grid_column columns[COLUMNS] = {
    [SOURCE] = {"Source", TB_XS_TEXT, false, 22},
    [NODE] = {"Node", TB_XS_TEXT, false, 18},
    [FILE_NAME] = {"File", TB_XS_TEXT | TB_XS_WRAP, false, 48},
    [FORMAT] = {"Format", TB_XS_TEXT, false, 18},
    [KIND] = {"Kind", TB_XS_TEXT, false, 12},
    [LINES] = {"Lines", TB_XS_COUNT, true, 0},
    [BYTES] = {"Bytes, unpacked", TB_XS_COUNT, true, 0},
    [DIGEST] = {"XXH3-128 of the file", TB_XS_TEXT, false, 38},
};
static const char *const keys[COLUMNS] = {
    [SOURCE] = "source", [NODE] = "node",   [FILE_NAME] = "file", [FORMAT] = "format",
    [KIND] = "kind",     [LINES] = "lines", [BYTES] = "bytes",    [DIGEST] = "digest",
};

#define TEXT_PLACES 130 /* of a note: all columns but the first; less than they are */
#define LINE_POINTS 15

static int put(const struct tb_workbook_book *b, int row, const char *term, const char *text)
{
    size_t lines = tb_xlsx_lines(tb_str_of(text), TEXT_PLACES);
    tb_xlsx_text(b->notes, row, 0, TB_XS_ROW | TB_XS_BOLD | TB_XS_WRAP, tb_str_of(term));
    tb_xlsx_merge(b->notes, row, 1, row, COLUMNS - 1, TB_XS_ROW | TB_XS_WRAP, tb_str_of(text));
    tb_xlsx_height(b->notes, row, (int)lines * LINE_POINTS);
    return row + 1;
}

static int put_day(const struct tb_workbook_book *b, int row)
{
    const struct tb_report_query *q = b->w->q;
    char text[512], from[TB_TS_TEXT_MAX], to[TB_TS_TEXT_MAX];
    int64_t hours = (q->to_us - q->from_us) / TB_US_PER_H;
    tb_ts_format(q->from_us, from);
    tb_ts_format(q->to_us, to);
    snprintf(text, sizeof text,
             "%s in %s: from %s to %s (UTC), the end excluded; %" PRId64
             " hours%s. Dates and times on all sheets are of that zone.",
             b->day, tb_zone_name(q->settings->zone), from, to, hours,
             hours == 24 ? "" : ", since the clocks change on it");
    return put(b, row, "Day", text);
}

static int put_versions(const struct tb_workbook_book *b, int row)
{
    char text[512];
    snprintf(text, sizeof text,
             "tollbook " TB_PROGRAM_VERSION "; tables (prices, accounts, quotas, budgets) of version %" PRId64
             "; revision %" PRId64
             " of this day; run %s, a digest of inputs, tables and program: the same run "
             "has the same figures.",
             b->w->q->version, b->w->revision, b->w->run_id);
    return put(b, row, "Versions", text);
}

static int put_month(const struct tb_workbook_book *b, int row)
{
    char text[256], from[TB_TS_TEXT_MAX];
    tb_day_format(b->w->history->month_first, from);
    snprintf(
        text, sizeof text,
        "The charges of the days from %s to %s, each as its own pack tells it. A longer range is always the "
        "sum of its days.",
        from, b->day);
    return put(b, row, "Month to date", text);
}

struct note {
    const char *term, *text;
};

static int put_all(const struct tb_workbook_book *b, int row, const struct note *notes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        row = put(b, row, notes[i].term, notes[i].text);
    }
    return row;
}

static int put_charges(const struct tb_workbook_book *b, int row)
{
    static const struct note notes[] = {
        {"Status", "PRELIMINARY until the day is closed (tollbook close DAY --by NAME). FINAL then: it never "
                   "changes again; "
                   "what arrives later for it is charged to an open day, on that day's sheet Adjustments. "
                   "RESTATED: closed "
                   "once, and reopened. A pack that changes becomes a new revision; the one before stays in "
                   "superseded/."},
        {"Direct cost, exact",
         "For each call, tokens x price / unit of the price row in force at its moment, added up without any "
         "rounding. Sheets show four decimals; pack-DAY.json has all of them."},
        {"Charge", "The exact cost of the whole day is rounded to cents once, half away from zero. Each team "
                   "and cost centre "
                   "gets its cost rounded down; the cents left over go to the largest remainders. So the "
                   "lines always add "
                   "up to the total. What closed days changed by comes on top."},
        {"Unassigned", "Usage of consumers that no row of accounts.csv names, charged to \"(unassigned)\", "
                       "never dropped; their "
                       "names are on the sheet Unmapped."},
        {"Priced by",
         "Price table: at prices.csv. Gateway log: no price fits, so the cost that the log states. No price: "
         "neither; such usage is listed on the sheet Unmapped and charged nothing until a price is there."},
        {"Requests, failed",
         "Every call counts once, also where logs overlap. Failed: status 400 or above, or marked as failed; "
         "refusals (429) are among them. Failed calls without tokens cost nothing."},
        {"Tokens", "Input (not from a cache), cache read, cache write (kept 5 minutes or 1 hour) and output "
                   "are apart from "
                   "each other: a token is in one of them. Reasoning is part of output."},
    };
    return put_all(b, row, notes, sizeof notes / sizeof *notes);
}

static int put_limits(const struct tb_workbook_book *b, int row)
{
    static const struct note budgets[] = {
        {"Budgets",
         "As of the end of the day. OK to 50 %, Over half above 50 %, Warning above 75 %, Critical above 90 "
         "%, Over "
         "from 100 %. They hold exact costs, not charges. On the sheet Chargeback a line shows the budget of "
         "just "
         "its cost centre, else of just its team, and the worse status of day and month; a team with several "
         "cost centres has the same budget on each of its lines."},
        {"Forecast",
         "Spent so far, and for the days to come the median of the same type of day (working day, weekend, "
         "holiday) of the last 28 days. Low and high: four of five periods are expected between them."},
        {"Quotas", "Limits of the consumer's tier, replayed from the logs. After: what was let through "
                   "although the limit "
                   "was reached. Only those over half used are listed."},
        {"Proposed",
         "The budget of a day, week or month from the next day on, shared out by what each one has "
         "spent; the reserve is kept back, floors and caps are kept. A "
         "proposal: nothing is applied by itself."},
    };
    return b->budgets != NULL ? put_all(b, row, budgets, sizeof budgets / sizeof *budgets) : row;
}

static int put_questions(const struct tb_workbook_book *b, int row)
{
    static const struct note anomalies[] = {
        {"Anomalies", "Observed and expected are in the unit that the evidence names. Cost at stake is what "
                      "the unusual part "
                      "cost; several findings may tell of the same money, so it is not to be added up. "
                      "Decision and Comment "
                      "are yours to fill in."},
    };
    static const struct note notes[] = {
        {"Totals", "They stand above the headers and follow the filter."},
        {"Controls", "Each sum is made by two roads. When one that is not for information differs, the pack "
                     "is withheld."},
        {"To dispute a figure",
         "tollbook report chargeback --date DAY --where team=TEAM prints the lines of a team with their ids; "
         "tollbook explain ID shows a line's price rows and every call with its file and line, and a "
         "finding's "
         "calls. If a price or an account was wrong, mend its table and run again: the day becomes a new "
         "revision, or an adjustment when it is closed."},
    };
    if (b->anomalies != NULL) {
        row = put_all(b, row, anomalies, sizeof anomalies / sizeof *anomalies);
    }
    return put_all(b, row, notes, sizeof notes / sizeof *notes);
}

static void put_files(const struct tb_workbook_book *b, int row)
{
    struct tb_grid g;
    const struct tb_table *t = b->w->inputs;
    row = tb_workbook_heading(b->notes, row, COLUMNS, "Files read for the day");
    tb_grid_begin(&g, b->notes, row, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        tb_grid_row(&g);
        for (int k = 0; k < COLUMNS; k++) {
            const struct tb_cell *c = tb_workbook_cell(t, i, keys[k]);
            if (c != NULL && c->type == TB_CELL_INT) {
                tb_grid_count(&g, k, c->number);
            } else if (c != NULL) {
                tb_grid_text(&g, k, 0, c->text);
            }
        }
    }
    tb_grid_end(&g, "SourceFiles", "No file holds a line of this day.", "pack-DAY.json, inputs");
}

void tb_workbook_notes(struct tb_workbook_book *b)
{
    tb_workbook_head(b, b->notes, "Notes", "what the figures mean, and where they come from");
    int row = put_day(b, 3);
    row = put_versions(b, row);
    row = put_charges(b, row);
    row = put_month(b, row);
    row = put_limits(b, row);
    row = put_questions(b, row);
    put_files(b, row + 1);
    tb_xlsx_freeze(b->notes, 2, 1);
}
