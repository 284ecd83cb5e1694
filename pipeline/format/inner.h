/* Concept: JSON inside strings ("metadata": "{\"app\": \"x\"}"): the line is written anew with what such strings hold in
 *          their places, and then read like any other. What a string holds is parsed, never searched: a string that is not
 *          one JSON object or array from end to end stays a string.
 * Owns:    a tb_inner owns its walk and the line written; one thread's.
 * Limits:  one level: strings inside of what a string held stay strings.
 */
#ifndef TB_INNER_H
#define TB_INNER_H

#include "base/buf.h"
#include "format/walk.h"

struct tb_inner {
    struct tb_walk walk;
    struct tb_buf line;
    bool ready;
};

/* strings: the paths of such strings; must outlive n. False without memory. */
bool tb_inner_init(struct tb_inner *n, const struct tb_trie *strings);
void tb_inner_release(struct tb_inner *n);

/* Reads line. OK: *out is the line to read on, line itself when no such string is in it; 16 bytes behind it may be read,
 * and it is valid until the next call. BAD: line is not JSON, or there is no memory. */
enum tb_walk_end tb_inner_open(struct tb_inner *n, struct tb_str line, struct tb_str *out);

#endif
