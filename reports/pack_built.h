/* Concept: from what a day's last pack was built (table pack_built), and which table version the day is to be told with.
 * Shape:   a day keeps the version it was packed with as long as the rows in force during it are the same in the current one:
 *          a rerun in an unchanged world gives the same bytes, and a price of next month opens no old pack again.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY.
 */
#ifndef TB_PACK_BUILT_H
#define TB_PACK_BUILT_H

#include "base/hash.h"
#include "rate/reduce.h"
#include "reports/report.h"

struct tb_pack_built {
    bool there;
    int64_t tables, generation, incomplete;
    char zone[64], currency[8];
    char unbilled[TB_UNBILLED_MAX];  /* tb_source_unbilled */
    char rows[TB_SHA256_HEX];        /* tb_pack_rows */
    char adjustments[TB_SHA256_HEX]; /* tb_pack_adjustments */
};

enum tb_status tb_pack_built_get(struct tb_db *db, int32_t day, struct tb_pack_built *out,
                                 struct tb_err *err) TB_MUST_USE;
enum tb_status tb_pack_built_put(struct tb_db *db, int32_t day, const struct tb_pack_built *b,
                                 struct tb_err *err) TB_MUST_USE; /* in the caller's transaction */

/* What q's only day would be built from now, with q's tables. */
enum tb_status tb_pack_built_now(const struct tb_report_query *q, struct tb_pack_built *out,
                                 struct tb_err *err) TB_MUST_USE;

/* The query of one whole day. */
struct tb_report_query tb_pack_day(struct tb_db *db, const struct tb_settings *s,
                                   const struct tb_tables *tables, int64_t version, int32_t day);

/* Table versions in use during one pack, each loaded once. */
#define TB_PACK_VERSIONS_MAX 40 /* a day and the month and weeks behind it */
struct tb_pack_versions {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *current; /* borrowed */
    int64_t current_version;
    int64_t version[TB_PACK_VERSIONS_MAX];
    struct tb_tables *tables[TB_PACK_VERSIONS_MAX];
    int n;
};
enum tb_status tb_pack_versions_tables(struct tb_pack_versions *v, int64_t version,
                                       const struct tb_tables **out, struct tb_err *err) TB_MUST_USE;
void tb_pack_versions_release(struct tb_pack_versions *v);

/* The version that day is to be told with. */
enum tb_status tb_pack_versions_of_day(struct tb_pack_versions *v, int32_t day, int64_t *version,
                                       struct tb_err *err) TB_MUST_USE;

#endif
