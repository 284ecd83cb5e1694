/* Concept: one typed value of tollbook.jsonc, read from an object by its key. Inside config/ only. A key that
 * is missing or null is not set: the default is taken, no complaint. Owns:    texts and paths are copied into
 * the arena. Errors:  TB_FAIL/TB_E_CONFIG at the key's line and column.
 */
#ifndef TB_SETTING_H
#define TB_SETTING_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/json.h"
#include "base/money.h"

struct tb_setting_reader {
    const struct tb_json *json;
    struct tb_arena *arena;
    const char *dir; /* what relative paths are relative to */
};

/* The value of key in object when it is set, else NULL. */
const struct tb_json_node *tb_setting_get(const struct tb_json_node *object, const char *key);

/* "a number", "a list", ... for complaints. */
const char *tb_setting_kind(const struct tb_json_node *n);

/* n must be a string without control characters; key names it in complaints. An empty one is an error unless
 * empty_ok. */
enum tb_status tb_setting_string(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                 const char *key, bool empty_ok, const char **out,
                                 struct tb_err *err) TB_MUST_USE;

/* The same as a path, made absolute. */
enum tb_status tb_setting_path_of(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                  const char *key, const char **out, struct tb_err *err) TB_MUST_USE;

/* The same of a pattern: what the configuration's own folder is named is no glob. */
enum tb_status tb_setting_pattern_of(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                     const char *key, const char **out, struct tb_err *err) TB_MUST_USE;

enum tb_status tb_setting_text(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, bool empty_ok, const char *otherwise, const char **out,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_setting_path(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, const char *otherwise, const char **out,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_setting_word(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, const char *const *words, const char *otherwise,
                               const char **out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_setting_bool(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, bool otherwise, bool *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_setting_int(const struct tb_setting_reader *r, const struct tb_json_node *object,
                              const char *key, int max, int otherwise, int *out,
                              struct tb_err *err) TB_MUST_USE;

/* A number or decimal text, >= 0. */
enum tb_status tb_setting_money(const struct tb_setting_reader *r, const struct tb_json_node *object,
                                const char *key, tb_money otherwise, tb_money *out,
                                struct tb_err *err) TB_MUST_USE;

/* A list or an object; NULL when not set. */
enum tb_status tb_setting_list(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, const struct tb_json_node **out,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_setting_object(const struct tb_setting_reader *r, const struct tb_json_node *object,
                                 const char *key, const struct tb_json_node **out,
                                 struct tb_err *err) TB_MUST_USE;

#endif
