/* Concept: tb_load_files and tb_load_retry with bounds of the caller's choosing: for tests, which make every bound tiny.
 */
#ifndef TB_POOL_H
#define TB_POOL_H

#include "load/bounds.h"
#include "load/load.h"

enum tb_status tb_load_files_within(struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_format_set *formats, const struct tb_input_list *list,
                                    const struct tb_load_options *options, const struct tb_bounds *bounds,
                                    struct tb_load_summary *summary, struct tb_err *err) TB_MUST_USE;

enum tb_status tb_load_retry_within(struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_format_set *formats, const struct tb_load_again *again,
                                    const struct tb_load_options *options, const struct tb_bounds *bounds,
                                    struct tb_load_summary *summary, struct tb_err *err) TB_MUST_USE;

#endif
