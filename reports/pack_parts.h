/* Concept: the parts of one pack, inside pack*.c alone: its inputs and run id, its JSON, its folder.
 */
#ifndef TB_PACK_PARTS_H
#define TB_PACK_PARTS_H

#include "base/hash.h"
#include "rate/closing.h"
#include "reports/pack_history.h"
#include "reports/report.h"
#include "reports/table/parts.h"

#define TB_RUN_ID_MAX      17 /* 16 hex digits and a NUL */
#define TB_PACK_BYTES_MAX  ((size_t)1 << 31)
#define TB_PACK_PATH_MAX   1100
#define TB_PACK_STATUS_MAX (TB_CLOSING_NAME_BYTES + TB_CLOSING_NOTE_BYTES + 64)
/* Rejected lines listed one by one in a pack, which is kept for good: a day of nothing but broken lines must not fill the
 * database. All are counted, by file and reason. */
#define TB_PACK_REJECTS_MAX 10000

#define TB_PACK_MORE_MAX  8
#define TB_PACK_EXTRA_MAX 8

/* What is in pack-DAY.json. */
struct tb_pack_content {
    const struct tb_report_query *q;
    struct tb_report *chargeback, *usage, *checks, *rejects;
    struct tb_report *more[TB_PACK_MORE_MAX]; /* quota, budget, plan ...: as of the end of the day */
    size_t more_n;
    struct tb_history history;
    struct tb_table *inputs;
    char run_id[TB_RUN_ID_MAX];
};

/* --- pack_inputs.c: the files of the day's intake, and the run id: a digest of their contents, the table rows in force
 * during the day (rows), the program's version, zone and currency. ---- */
enum tb_status tb_pack_inputs(const struct tb_report_query *q, const char *rows, struct tb_table **out,
                              char run_id[TB_RUN_ID_MAX], struct tb_err *err) TB_MUST_USE;
/* The same of a kept pack. */
enum tb_status tb_pack_inputs_kept(struct tb_str json, struct tb_table **out, struct tb_err *err) TB_MUST_USE;

/* --- pack_paths.c: a copy of a report in which the files below the configuration's folder are named from there, so that the
 * same inputs give the same bytes wherever they lie. Frees *r and puts the copy there. --- */
enum tb_status tb_pack_paths(struct tb_report **r, const char *dir, struct tb_err *err) TB_MUST_USE;
/* The path as the pack names it (a part of path). */
struct tb_str tb_pack_path(struct tb_str path, const char *dir);

/* --- pack_json.c: replaces out by the pack's JSON. --- */
enum tb_status tb_pack_json(const struct tb_pack_content *c, int64_t revision, const char *run_id,
                            struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

/* --- pack_files.c: output/DAY/. --- */
struct tb_pack_folder {
    char dir[TB_PACK_PATH_MAX], workbook[TB_PACK_PATH_MAX], json[TB_PACK_PATH_MAX], sums[TB_PACK_PATH_MAX];
    char temp[TB_PACK_PATH_MAX];
    char workbook_name[48], json_name[48];
    struct tb_pack_extra { /* further files: plan-DAY.csv ... */
        char name[48];
        struct tb_buf bytes;
    } extra[TB_PACK_EXTRA_MAX];
    size_t extra_n;
};
/* Adds a file "PREFIX-DAY.SUFFIX"; its bytes are released by tb_pack_folder_release. */
enum tb_status tb_pack_folder_extra(struct tb_pack_folder *f, const char *prefix, int32_t day,
                                    const char *suffix, struct tb_buf **out, struct tb_err *err) TB_MUST_USE;
void tb_pack_folder_release(struct tb_pack_folder *f);
/* Names only; touches nothing. TB_FAIL/TB_E_IO when a name is too long. */
enum tb_status tb_pack_folder(const struct tb_settings *s, int32_t day, struct tb_pack_folder *out,
                              struct tb_err *err) TB_MUST_USE;
/* Is every file there as SHA256SUMS says, pack-DAY.json the one with this digest, and those in extra as they are here? */
enum tb_status tb_pack_folder_good(const struct tb_pack_folder *f, const char *json_digest, bool *good,
                                   struct tb_err *err) TB_MUST_USE;
/* Further files that stand in the folder as SHA256SUMS says take the place of those that were made. */
enum tb_status tb_pack_folder_reuse(struct tb_pack_folder *f, struct tb_err *err) TB_MUST_USE;
/* Removes what a killed run left half-written in dir. */
enum tb_status tb_pack_sweep(const char *dir, struct tb_err *err) TB_MUST_USE;
/* Makes the folder and sweeps it. */
enum tb_status tb_pack_folder_open(const struct tb_pack_folder *f, struct tb_err *err) TB_MUST_USE;
/* Keeps the files that stand there in superseded/NAME/ ("r1"); those kept there already stay. */
enum tb_status tb_pack_folder_keep(const struct tb_pack_folder *f, const char *name,
                                   struct tb_err *err) TB_MUST_USE;
/* The same in superseded/rN-changed/, or -changed-2 and so on: a folder of its own each time. */
enum tb_status tb_pack_folder_keep_changed(const struct tb_pack_folder *f, int64_t revision,
                                           struct tb_err *err) TB_MUST_USE;
/* Puts temp (the workbook), the JSON, the further files and then SHA256SUMS in place. */
enum tb_status tb_pack_folder_replace(const struct tb_pack_folder *f, struct tb_str json,
                                      struct tb_err *err) TB_MUST_USE;
/* --- pack_aside.c: keeps the files of an older revision in superseded/rN, a closed day's before they said so (final) in
 * rN-preliminary, and what somebody changed in rN-changed, never lost. f->temp is the workbook to come. --- */
enum tb_status tb_pack_aside(struct tb_db *db, int32_t day, const struct tb_pack_folder *f, int64_t revision,
                             bool final, struct tb_err *err) TB_MUST_USE;
/* --- pack_more.c: quotas, budgets, plans and what is made of them; days that they need become reduced and replayed. --- */
enum tb_status tb_pack_more_prepare(const struct tb_report_query *q,
                                    struct tb_err *err) TB_MUST_USE; /* in a transaction */
enum tb_status tb_pack_more_build(struct tb_pack_content *c, struct tb_pack_folder *f,
                                  struct tb_err *err) TB_MUST_USE;
const struct tb_report *tb_pack_more_find(const struct tb_pack_content *c, const char *kind);

/* --- pack_kept.c: a pruned day's. --- */
/* Is there a pack of the day that still says what it is charged with? */
enum tb_status tb_pack_is_kept(const struct tb_report_query *q, bool *kept, struct tb_err *err) TB_MUST_USE;
/* The content of a revision from its JSON. */
enum tb_status tb_pack_kept_build(struct tb_pack_content *c, struct tb_str json, int64_t revision,
                                  struct tb_pack_folder *f, struct tb_err *err) TB_MUST_USE;

/* SHA-256 of a file; TB_END when it is not there. */
enum tb_status tb_pack_digest_file(const char *path, char out[TB_SHA256_HEX], struct tb_err *err) TB_MUST_USE;
void tb_pack_digest(struct tb_str bytes, char out[TB_SHA256_HEX]);

#endif
