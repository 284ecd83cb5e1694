#include "store/event_cell.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum what { DAY, TS, SOURCE, ID, TEXT, NUMBER, QUALITY, FINGERPRINT, COST, PATH, LINE, MEMBER, FLAG, WORTH };
enum worth { WORTH_COST, WORTH_BASIS, WORTH_TEAM, WORTH_COST_CENTER, WORTH_BILLED };

/* In the order of usage_event.sql. */
static const struct {
    enum what what;
    int which;        /* enum tb_event_text, tb_event_number or tb_event_flag */
    uint64_t columns; /* TB_C_* */
} cells[] = {
    {DAY, 0, TB_C_TS},
    {TS, 0, TB_C_TS},
    {SOURCE, 0, TB_C_TS},
    {TEXT, TB_T_NODE, TB_C_TEXT(TB_T_NODE)},
    {ID, 0, TB_C_ID},
    {TEXT, TB_T_CONSUMER, TB_C_TEXT(TB_T_CONSUMER)},
    {TEXT, TB_T_PROVIDER, TB_C_TEXT(TB_T_PROVIDER)},
    {TEXT, TB_T_MODEL_REQUESTED, TB_C_TEXT(TB_T_MODEL_REQUESTED)},
    {TEXT, TB_T_MODEL, TB_C_TEXT(TB_T_MODEL)},
    {TEXT, TB_T_SERVICE_TIER, TB_C_TEXT(TB_T_SERVICE_TIER)},
    {TEXT, TB_T_FEATURE, TB_C_TEXT(TB_T_FEATURE)},
    {TEXT, TB_T_VARIANT, TB_C_TEXT(TB_T_VARIANT)},
    {TEXT, TB_T_TRIGGER, TB_C_TEXT(TB_T_TRIGGER)},
    {NUMBER, TB_N_INPUT, TB_C_NUMBER(TB_N_INPUT)},
    {NUMBER, TB_N_CACHE_READ, TB_C_NUMBER(TB_N_CACHE_READ)},
    {NUMBER, TB_N_CACHE_WRITE_5M, TB_C_NUMBER(TB_N_CACHE_WRITE_5M)},
    {NUMBER, TB_N_CACHE_WRITE_1H, TB_C_NUMBER(TB_N_CACHE_WRITE_1H)},
    {NUMBER, TB_N_OUTPUT, TB_C_NUMBER(TB_N_OUTPUT)},
    {NUMBER, TB_N_REASONING, TB_C_NUMBER(TB_N_REASONING)},
    {NUMBER, TB_N_TOTAL_ONLY, TB_C_NUMBER(TB_N_TOTAL_ONLY)},
    {NUMBER, TB_N_SAVED, TB_C_NUMBER(TB_N_SAVED)},
    {QUALITY, 0, TB_C_QUALITY},
    {NUMBER, TB_N_STATUS, TB_C_NUMBER(TB_N_STATUS)},
    {NUMBER, TB_N_SUCCESS, TB_C_NUMBER(TB_N_SUCCESS)},
    {NUMBER, TB_N_LATENCY_MS, TB_C_NUMBER(TB_N_LATENCY_MS)},
    {NUMBER, TB_N_RETRIES, TB_C_NUMBER(TB_N_RETRIES)},
    {NUMBER, TB_N_REQUEST_BYTES, TB_C_NUMBER(TB_N_REQUEST_BYTES)},
    {NUMBER, TB_N_RESPONSE_BYTES, TB_C_NUMBER(TB_N_RESPONSE_BYTES)},
    {TEXT, TB_T_CLIENT_IP, TB_C_TEXT(TB_T_CLIENT_IP)},
    {TEXT, TB_T_USER_AGENT, TB_C_TEXT(TB_T_USER_AGENT)},
    {FINGERPRINT, 0, TB_C_PROMPT},
    {NUMBER, TB_N_PROMPT_CHARS, TB_C_NUMBER(TB_N_PROMPT_CHARS)},
    {COST, 0, TB_C_COST},
    {PATH, 0, TB_C_TS},
    {LINE, 0, TB_C_LINE},
    {MEMBER, 0, TB_C_TS},
    {FLAG, TB_F_TOOL, TB_C_FLAGS},
    {FLAG, TB_F_CACHE_HIT, TB_C_FLAGS},
    {FLAG, TB_F_REFUSED, TB_C_FLAGS},
    {FLAG, TB_F_TOTAL_MISMATCH, TB_C_FLAGS},
    {NUMBER, TB_N_LIMIT, TB_C_NUMBER(TB_N_LIMIT)},
    {NUMBER, TB_N_REMAINING, TB_C_NUMBER(TB_N_REMAINING)},
    {TEXT, TB_T_COST_CURRENCY, TB_C_TEXT(TB_T_COST_CURRENCY)},
    {WORTH, WORTH_COST, TB_WORTH_COLUMNS},
    {WORTH, WORTH_BASIS, TB_WORTH_COLUMNS},
    {WORTH, WORTH_TEAM, TB_WORTH_COLUMNS},
    {WORTH, WORTH_COST_CENTER, TB_WORTH_COLUMNS},
    {WORTH, WORTH_BILLED, TB_WORTH_COLUMNS},
};
#define CELLS ((int)(sizeof cells / sizeof *cells))
_Static_assert(sizeof cells / sizeof *cells < 63, "SQLite's mask of used columns tells the first 63 apart");

uint64_t tb_cell_columns(sqlite3_uint64 used)
{
    uint64_t columns = TB_C_TS;
    for (int i = 0; i < CELLS; i++) {
        columns |= used >> i & 1 ? cells[i].columns : 0;
    }
    return columns;
}

int64_t tb_cell_day_start(const struct tb_db *db, int32_t day)
{
    return db->zone != NULL ? tb_zone_day_start(db->zone, day) : day * TB_US_PER_DAY;
}

static void give_text(sqlite3_context *ctx, struct tb_str s)
{
    if (s.s != NULL) {
        sqlite3_result_text64(ctx, s.s, s.n, SQLITE_STATIC, SQLITE_UTF8);
    }
}

static void give_day(struct tb_db *db, sqlite3_context *ctx, int64_t ts_us)
{
    char text[TB_TS_TEXT_MAX];
    size_t n = tb_day_format(db->zone != NULL ? tb_zone_day(db->zone, ts_us) : tb_utc_day(ts_us), text);
    sqlite3_result_text(ctx, text, (int)n, SQLITE_TRANSIENT);
}

#define DIGITS_MAX 39
#define ZEROS_MAX  400 /* exponents of decimals end there */

/* Plain decimal text without an exponent; the decimal is normalised, so no trailing zeros behind the
 * point. */
static int decimal_text(struct tb_decimal d, char out[DIGITS_MAX + ZEROS_MAX + 4])
{
    char digit[DIGITS_MAX];
    int n = 0, at = 0;
    unsigned __int128 m = d.mantissa < 0 ? -(unsigned __int128)d.mantissa : (unsigned __int128)d.mantissa;
    do {
        digit[n++] = (char)('0' + (int)(m % 10)); /* the last digit first */
        m /= 10;
    } while (m > 0);
    int exponent = d.exponent > ZEROS_MAX ? ZEROS_MAX : d.exponent < -ZEROS_MAX ? -ZEROS_MAX : d.exponent;
    if (d.mantissa < 0) {
        out[at++] = '-';
    }
    int before = n + exponent; /* digits before the point */
    if (before <= 0) {
        out[at++] = '0';
    }
    for (int i = 0; i < before; i++) {
        out[at++] = i < n ? digit[n - 1 - i] : '0';
    }
    if (exponent < 0) {
        out[at++] = '.';
        for (int i = before; i < n; i++) {
            out[at++] = i < 0 ? '0' : digit[n - 1 - i];
        }
    }
    return at;
}

static void give_cost(sqlite3_context *ctx, struct tb_decimal d)
{
    char text[DIGITS_MAX + ZEROS_MAX + 4];
    sqlite3_result_text(ctx, text, decimal_text(d, text), SQLITE_TRANSIENT);
}

/* Path and member of a file of the ledger. */
static void give_file(struct tb_db *db, sqlite3_context *ctx, uint32_t file, bool member)
{
    struct tb_query *q = NULL;
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st = tb_db_statement(db, "file_path.sql", &q, &err);
    if (st == TB_OK) {
        tb_query_bind_int(q, "file", file);
        st = tb_query_step(q, &err);
    }
    if (st == TB_OK) {
        struct tb_str s = tb_query_text(q, member ? 1 : 0);
        if (s.s != NULL) {
            sqlite3_result_text64(ctx, s.s, s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
        }
        tb_query_reset(q);
    } else if (st != TB_END) {
        sqlite3_result_error(ctx, err.text, -1);
    }
}

static void give_fingerprint(sqlite3_context *ctx, uint64_t fingerprint)
{
    char text[17];
    if (fingerprint != 0) {
        snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
        sqlite3_result_text(ctx, text, 16, SQLITE_TRANSIENT);
    }
}

/* Texts of a worth live as long as the tables: longer than the statement. */
static void give_worth(struct tb_db *db, sqlite3_context *ctx, const struct tb_block *b, uint32_t row,
                       enum worth which)
{
    struct tb_event_worth w;
    struct tb_err err = {.code = TB_E_NONE};
    char text[TB_MONEY_TEXT_MAX];
    if (db->tell_worth == NULL) {
        return;
    }
    if (db->tell_worth(db->worth, b, row, &w, &err) != TB_OK) {
        sqlite3_result_error(ctx, err.text, -1);
        return;
    }
    switch (which) {
    case WORTH_COST:
        if (w.has_cost) {
            sqlite3_result_text(ctx, text, (int)tb_money_format(w.cost, text), SQLITE_TRANSIENT);
        }
        break;
    case WORTH_BASIS:
        give_text(ctx, tb_str_of(w.basis));
        break;
    case WORTH_TEAM:
        give_text(ctx, w.team);
        break;
    case WORTH_COST_CENTER:
        give_text(ctx, w.cost_center);
        break;
    case WORTH_BILLED:
        sqlite3_result_int(ctx, w.billed);
        break;
    }
}

void tb_db_tell_worth(struct tb_db *db, tb_event_tell *tell, void *ctx)
{
    db->tell_worth = tell;
    db->worth = ctx;
}

/* A result that is not set is NULL. */
void tb_cell_give(struct tb_db *db, sqlite3_context *ctx, const struct tb_block *b, uint32_t row, int i)
{
    assert(i >= 0 && i < CELLS);
    int which = cells[i].which;
    switch (cells[i].what) {
    case DAY:
        give_day(db, ctx, b->ts_us[row]);
        break;
    case TS:
        sqlite3_result_int64(ctx, b->ts_us[row]);
        break;
    case SOURCE:
        give_text(ctx, tb_dict_text(db, b->source));
        break;
    case ID:
        if (b->id[row].s != NULL) {
            sqlite3_result_text64(ctx, b->id[row].s, b->id[row].n, SQLITE_TRANSIENT, SQLITE_UTF8);
        }
        break;
    case TEXT:
        give_text(ctx, tb_dict_text(db, b->text[which][row]));
        break;
    case NUMBER:
        if ((b->present[row] >> which & 1) != 0) {
            sqlite3_result_int64(ctx, b->number[which][row]);
        }
        break;
    case QUALITY:
        sqlite3_result_text(ctx, tb_quality_names[b->quality[row] & 3], -1, SQLITE_STATIC);
        break;
    case FINGERPRINT:
        give_fingerprint(ctx, b->prompt_fingerprint[row]);
        break;
    case COST:
        if (b->has_cost[row]) {
            give_cost(ctx, b->cost[row]);
        }
        break;
    case PATH:
    case MEMBER:
        give_file(db, ctx, b->file, cells[i].what == MEMBER);
        break;
    case LINE:
        sqlite3_result_int64(ctx, (sqlite3_int64)b->line[row]);
        break;
    case FLAG:
        sqlite3_result_int(ctx, (b->flags[row] & which) != 0);
        break;
    case WORTH:
        give_worth(db, ctx, b, row, (enum worth)which);
        break;
    }
}
