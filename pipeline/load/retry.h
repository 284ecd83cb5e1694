/* Concept: the rejected lines of the ledger, to be read again: which files, which records in them.
 * Shape:   a reading = what one path gave at one time: its members in their order, each with its row of the ledger.
 *          `all`: no line of the member was ever counted as a call, so all of it is read as if it were new (no format
 *          knew it then); else only the records listed are, and the others count as they did.
 * Owns:    a tb_retry_list owns everything in it, until tb_retry_list_free. Read-only while workers run.
 * Limits:  of a member that gave calls too, the first TB_REJECT_ROWS_MAX rejected records are known one by one.
 */
#ifndef TB_RETRY_H
#define TB_RETRY_H

#include "base/arena.h"
#include "input/source.h"
#include "load/load.h"
#include "store/files.h"

struct tb_retry_record {
    uint64_t line, byte;
    uint64_t part;
};

struct tb_retry_member {
    struct tb_file_entry entry; /* as the ledger has it; texts in the list's arena */
    const char *format;         /* to read it with; NULL = tell it anew */
    const char *node;           /* the smallest of the nodes this content came from, or NULL */
    uint64_t rejected;          /* lines that can be read again; 0: nothing to do here */
    bool all;
    struct tb_retry_record *records; /* sorted */
    size_t n;
};

struct tb_retry {
    struct tb_input_file file; /* size, mtime and what is bound by its path: as the ledger has it */
    bool has_raw;
    struct tb_hash128 raw;
    struct tb_retry_member *members;
    size_t n;
    uint64_t rejected;
};

struct tb_retry_list {
    struct tb_retry *files; /* in the order of the ledger */
    size_t n;
    struct tb_arena arena;
};

enum tb_status tb_retry_list_load(struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_format_set *formats, const struct tb_load_again *wish,
                                  struct tb_retry_list **out, struct tb_err *err) TB_MUST_USE;
void tb_retry_list_free(struct tb_retry_list *l);

/* Was this record of m rejected? */
bool tb_retry_has(const struct tb_retry_member *m, uint64_t line, uint64_t byte, uint64_t part);

#endif
