/* SQL functions beside SQLite's own (query.h): money in SQL is exact or it is an error, never a double. */
#include "base/clock.h"
#include "base/money.h"
#include "store/events.h"
#include "store/handle.h"

struct sum {
    tb_money total;
    int failed;
};

static struct tb_str text_value(sqlite3_value *v)
{
    const char *s = (const char *)sqlite3_value_text(v);
    return s != NULL ? (struct tb_str){s, (size_t)sqlite3_value_bytes(v)} : TB_STR_NULL;
}

static void give_money(sqlite3_context *ctx, tb_money m)
{
    char text[TB_MONEY_TEXT_MAX];
    size_t n = tb_money_format(m, text);
    sqlite3_result_text(ctx, text, (int)n, SQLITE_TRANSIENT);
}

/* SQLite aligns an aggregate's memory to 8 bytes, a 128-bit sum wants 16: the sum stands at the first such
 * place of a little more. */
static struct sum *aligned_sum(sqlite3_context *ctx, bool make)
{
    char *room = sqlite3_aggregate_context(ctx, make ? (int)(sizeof(struct sum) + _Alignof(struct sum)) : 0);
    return room == NULL ? NULL
                        : (struct sum *)(((uintptr_t)room + _Alignof(struct sum) - 1) / _Alignof(struct sum) *
                                         _Alignof(struct sum));
}

static void money_sum_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct sum *sum = aligned_sum(ctx, true);
    if (sum == NULL) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sum->failed) {
        return;
    }
    tb_money m;
    if (!tb_money_parse(text_value(argv[0]), &m)) {
        sum->failed = 1;
        sqlite3_result_error(ctx, "money_sum: not a decimal number", -1);
    } else if (!tb_money_add(sum->total, m, &sum->total)) {
        sum->failed = 1;
        sqlite3_result_error(ctx, "money_sum: the sum is out of range", -1);
    }
}

static void money_sum_final(sqlite3_context *ctx)
{
    struct sum *sum = aligned_sum(ctx, false);
    if (sum == NULL) {
        give_money(ctx, 0);
    } else if (!sum->failed) {
        give_money(ctx, sum->total);
    }
}

static void money_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL) {
        sqlite3_result_null(ctx);
        return;
    }
    tb_money a, b, sum;
    if (!tb_money_parse(text_value(argv[0]), &a) || !tb_money_parse(text_value(argv[1]), &b)) {
        sqlite3_result_error(ctx, "money_add: not a decimal number", -1);
    } else if (!tb_money_add(a, b, &sum)) {
        sqlite3_result_error(ctx, "money_add: the sum is out of range", -1);
    } else {
        give_money(ctx, sum);
    }
}

static void text_of(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct tb_db *db = sqlite3_user_data(ctx);
    sqlite3_int64 id = sqlite3_value_int64(argv[0]);
    if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER || id <= 0 || id > UINT32_MAX) {
        sqlite3_result_null(ctx);
        return;
    }
    struct tb_str s = tb_dict_text(db, (uint32_t)id);
    if (s.s == NULL) {
        sqlite3_result_null(ctx);
    } else {
        sqlite3_result_text64(ctx, s.s, s.n, SQLITE_STATIC, SQLITE_UTF8);
    }
}

static void day_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_int64 day = sqlite3_value_int64(argv[0]);
    if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER || day < 0 ||
        day > 2932896) { /* 1970-01-01 .. 9999-12-31 */
        sqlite3_result_null(ctx);
        return;
    }
    char text[TB_TS_TEXT_MAX];
    size_t n = tb_day_format((int32_t)day, text);
    sqlite3_result_text(ctx, text, (int)n, SQLITE_TRANSIENT);
}

enum tb_status tb_db_functions(struct tb_db *db, struct tb_err *err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int rc = sqlite3_create_function_v2(db->sqlite, "money_sum", 1, flags, db, NULL, money_sum_step,
                                        money_sum_final, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_create_function_v2(db->sqlite, "money_add", 2, flags, db, money_add, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_create_function_v2(db->sqlite, "text_of", 1, flags, db, text_of, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_create_function_v2(db->sqlite, "day_text", 1, flags, db, day_text, NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? TB_OK : tb_db_fail(db, err);
}
