/* Concept: the lists `sources` and `expect` of tollbook.jsonc. Inside config/ only.
 * Errors:  TB_FAIL/TB_E_CONFIG at the value's line and column.
 */
#ifndef TB_SETTINGS_SOURCE_H
#define TB_SETTINGS_SOURCE_H

#include "config/setting.h"
#include "config/settings.h"

enum tb_status tb_settings_read_sources(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                        struct tb_settings *s, struct tb_err *err) TB_MUST_USE;

/* After the sources: each expectation names one of them. */
enum tb_status tb_settings_read_expects(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                        struct tb_settings *s, struct tb_err *err) TB_MUST_USE;

#endif
