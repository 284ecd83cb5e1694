/* Concept: the event store behind one small interface, so that another engine can stand behind it.
 *          Segments, id runs and tombstones are its own business (store/README.md).
 * Shape:   writing: begin_load, then append rows (deduplicated against everything stored), then commit
 *          or abort: all of a file or none of it. Reading: scan (columns, any order of days ascending)
 *          and ordered_events ((ts, identity)).
 * Owns:    a tb_load_txn until commit/abort; a tb_scan until close; blocks until the next call on the
 *          same scan.
 * Errors:  TB_FATAL/TB_E_DB.
 */
#ifndef TB_EVENTS_H
#define TB_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/money.h"
#include "base/status.h"
#include "event/event.h"
#include "event/identity.h"
#include "event/signature.h"
#include "store/db.h"

/* ---- reading ---- */

/* Which columns a scan decodes: a set (uint64_t). Each costs its time, so that who needs few names them one by one. */
#define TB_C_TS            (UINT64_C(1) << 0) /* and present */
#define TB_C_ID_LO         (UINT64_C(1) << 1)
#define TB_C_PAYLOAD       (UINT64_C(1) << 2)
#define TB_C_ID            (UINT64_C(1) << 3) /* the log's own id */
#define TB_C_QUALITY       (UINT64_C(1) << 4)
#define TB_C_FLAGS         (UINT64_C(1) << 5)
#define TB_C_COST          (UINT64_C(1) << 6)
#define TB_C_PROMPT        (UINT64_C(1) << 7)
#define TB_C_LINE          (UINT64_C(1) << 8)
#define TB_C_SIGNATURE     (UINT64_C(1) << 9) /* 64 bytes a row: who wants it names it, TB_C_ALL leaves it out */
#define TB_C_TEXT(k)       (UINT64_C(1) << (16 + (k)))         /* enum tb_event_text */
#define TB_C_NUMBER(k)     (UINT64_C(1) << (32 + (k)))         /* enum tb_event_number */
#define TB_C_TEXTS_TO(k)   (TB_C_TEXT((k) + 1) - TB_C_TEXT(0)) /* from the first to k */
#define TB_C_NUMBERS_TO(k) (TB_C_NUMBER((k) + 1) - TB_C_NUMBER(0))
#define TB_C_IDENTITY      (TB_C_ID_LO | TB_C_PAYLOAD)
#define TB_C_TEXTS         TB_C_TEXTS_TO(TB_T_COUNT - 1)
#define TB_C_TOKENS        (TB_C_NUMBERS_TO(TB_N_SUCCESS) | TB_C_QUALITY | TB_C_FLAGS)
#define TB_C_SIZES         (TB_C_NUMBERS_TO(TB_N_COUNT - 1) & ~TB_C_NUMBERS_TO(TB_N_SUCCESS)) /* the other numbers */
#define TB_C_ALL                                                                                             \
    (TB_C_TS | TB_C_IDENTITY | TB_C_ID | TB_C_TEXTS | TB_C_TOKENS | TB_C_SIZES | TB_C_COST | TB_C_PROMPT |   \
     TB_C_LINE)

/* Up to TB_SEGMENT_ROWS live events of one segment; columns not asked for are NULL. Texts are dict ids, 0
 * = absent. */
struct tb_block {
    uint32_t n;
    uint32_t file;
    uint32_t source; /* dict id */
    const int64_t *ts_us;
    const uint64_t *id_lo, *payload;
    const struct tb_str *id;
    const uint32_t *text[TB_T_COUNT];
    const int64_t *number[TB_N_COUNT];
    const uint32_t *present;
    const uint8_t *quality, *flags;
    const uint8_t *has_cost;
    const struct tb_decimal *cost;
    const uint64_t *prompt_fingerprint;
    const uint64_t *line;
    const struct tb_signature *signature; /* zero: none was kept */
    void *room; /* tb_events_prepared: what its prepare made of the rows; else NULL */
};

/* What pricing knows of an event, for usage_event's columns cost, basis, team, cost_center, billed. The folders above can tell
 * (rate/worth.h); without them these columns are NULL. */
struct tb_event_worth {
    bool billed;
    const char *basis; /* NULL: a tool call */
    bool has_cost;     /* not unpriced */
    tb_money cost;
    struct tb_str team, cost_center;
};
typedef enum tb_status tb_event_tell(void *ctx, const struct tb_block *b, uint32_t row,
                                     struct tb_event_worth *out, struct tb_err *err);
#define TB_WORTH_COLUMNS (TB_C_TS | TB_C_TEXTS | TB_C_TOKENS | TB_C_SIZES | TB_C_COST)
void tb_db_tell_worth(struct tb_db *db, tb_event_tell *tell, void *ctx); /* borrowed; NULL ends it */

struct tb_scan;

/* Live events with from_us <= ts < to_us, blocks by (UTC day, segment), rows within a block by (ts, id). */
enum tb_status tb_scan_open(struct tb_db *db, int64_t from_us, int64_t to_us, uint64_t columns,
                            struct tb_scan **out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_scan_next(struct tb_scan *s, struct tb_block *out, struct tb_err *err) TB_MUST_USE;
void tb_scan_close(struct tb_scan *s);

/* The same events one by one in the order (ts, identity), across files: calls each; stops early when it
 * returns false. */
enum tb_status tb_events_ordered(struct tb_db *db, int64_t from_us, int64_t to_us, uint64_t columns,
                                 bool (*each)(void *ctx, const struct tb_block *b, uint32_t row), void *ctx,
                                 struct tb_err *err) TB_MUST_USE;

/* The same for who can do most of its work in any order: prepare is called once for each block, before its rows, with room for
 * room_bytes times its rows (aligned for any type, not cleared), which stays in b->room as long as the block. Which events make a
 * block together is not told. With ahead, prepare may run in another thread while each tells earlier rows: then each uses neither the
 * database nor anything that prepare writes, and prepare nothing that each writes. */
struct tb_ordered_how {
    uint64_t columns;
    size_t room_bytes;
    enum tb_status (*prepare)(void *ctx, const struct tb_block *b, void *room,
                              struct tb_err *err); /* or NULL */
    bool (*each)(void *ctx, const struct tb_block *b, uint32_t row);
    void *ctx;
    bool ahead;
};
enum tb_status tb_events_prepared(struct tb_db *db, int64_t from_us, int64_t to_us,
                                  const struct tb_ordered_how *how, struct tb_err *err) TB_MUST_USE;

/* The text of a dict id (absent for 0), valid until tb_db_close. */
struct tb_str tb_dict_text(struct tb_db *db, uint32_t id);
/* The id of a text, 0 when it is not in the dictionary (absent: 0). With add it is put there (a write). */
enum tb_status tb_dict_id(struct tb_db *db, struct tb_str text, bool add, uint32_t *id,
                          struct tb_err *err) TB_MUST_USE;

/* First and last UTC day with events; TB_END when there is none. */
enum tb_status tb_events_days(struct tb_db *db, int32_t *first, int32_t *last,
                              struct tb_err *err) TB_MUST_USE;

/* The instant of the first event with from_us <= ts < to_us, or of the last one; TB_END when there is none. */
enum tb_status tb_events_edge(struct tb_db *db, int64_t from_us, int64_t to_us, bool last, int64_t *ts_us,
                              struct tb_err *err) TB_MUST_USE;

/* The sum of generations of the UTC days that [from_us, to_us) touches; *pruned when one of them is
 * pruned. */
enum tb_status tb_events_generation(struct tb_db *db, int64_t from_us, int64_t to_us, int64_t *generation,
                                    bool *pruned, struct tb_err *err) TB_MUST_USE;

/* ---- writing: load/committer alone uses this ---- */

/* One event as load hands it over: texts as dict ids of this database (tb_dict_id). */
struct tb_row {
    int64_t ts_us;
    struct tb_hash128 identity;
    uint64_t payload;
    struct tb_str id; /* view, valid during append */
    uint32_t text[TB_T_COUNT];
    int64_t number[TB_N_COUNT];
    struct tb_decimal cost;
    uint64_t prompt_fingerprint;
    struct tb_str signature; /* bytes of a tb_signature, a view like id; absent: none */
    uint64_t line;
    uint32_t present;
    uint8_t quality, flags;
    bool has_cost;
};

/* What one append made of the rows it was given: set (not added to) by each call, their sum is n. A row
 * that rules over one that this file brought in an earlier append counts under duplicates or conflicts
 * (the file still has one event of that identity), so that the sum over a file's appends is right as it
 * stands. */
struct tb_append_counts {
    uint64_t events, duplicates, conflicts, pruned;
};

struct tb_load_txn;

/* Opens the transaction of one ledger file (row `file` must exist in the same SQLite transaction by
 * commit). */
enum tb_status tb_load_begin(struct tb_db *db, uint32_t file, uint32_t source, struct tb_load_txn **out,
                             struct tb_err *err) TB_MUST_USE;

/* Deduplicates up to TB_BATCH_ROWS rows among themselves and against all that is stored, appends the new
 * ones, supersedes where a new one rules, moves counts of superseded rows in their own files' ledger rows.
 * rejected(ctx, i) is called for each row of a pruned day. */
enum tb_status tb_load_append(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n,
                              struct tb_append_counts *counts, void (*rejected)(void *ctx, uint32_t i),
                              void *ctx, struct tb_err *err) TB_MUST_USE;

/* Flushes open segments and id runs (merging where eight of a level stand), increments generations. The
 * caller commits. */
enum tb_status tb_load_finish(struct tb_load_txn *t, struct tb_err *err) TB_MUST_USE;
void tb_load_abort(struct tb_load_txn *t); /* the caller rolls back */

/* Drops the events of all UTC days before drop_before for good (in the caller's transaction); those before before_day, the same or a
 * later day, take no more: the events between stay to be read beside later days. Ids go with the next merges. */
enum tb_status tb_events_prune(struct tb_db *db, int32_t before_day, int32_t drop_before,
                               struct tb_err *err) TB_MUST_USE;

/* The civil day that ends at until_us, whose first events tb_events_prune dropped, takes no more either, also in the hours that it
 * has on the next UTC day. The events that it has there stay. */
enum tb_status tb_events_prune_rest(struct tb_db *db, int64_t until_us, struct tb_err *err) TB_MUST_USE;

/* Signatures of prompts (a column group of their own) of the UTC days before before_day: the first day from from_day on that has
 * any (TB_END: none), and dropping them (in a transaction). A reader then finds zeros; generations stay, nothing else changes. */
enum tb_status tb_events_signed_day(struct tb_db *db, int32_t from_day, int32_t before_day, int32_t *day,
                                    struct tb_err *err) TB_MUST_USE;
enum tb_status tb_events_drop_signatures(struct tb_db *db, int32_t before_day,
                                         struct tb_err *err) TB_MUST_USE;

#endif
