/* Concept: the tables' globs: `*`, `?` (one character), `[...]` (with ranges and leading ! or ^),
 *          case-sensitive, `\` escapes. They match whole texts; absent text matches only a blank (NULL) glob.
 */
#ifndef TB_GLOB_H
#define TB_GLOB_H

#include <stdbool.h>
#include "base/str.h"

bool tb_glob_valid(struct tb_str glob); /* unclosed [ or trailing \ is not valid */
bool tb_glob_match(struct tb_str glob, struct tb_str text);
bool tb_glob_exact(struct tb_str glob);   /* no metacharacters: matches one text only */
int tb_glob_literals(struct tb_str glob); /* literal characters (code points), for "most literal wins" */
bool tb_glob_meet(struct tb_str a, struct tb_str b); /* is there a text that both match? (exact answer) */

#endif
