/* Concept: lines that are no JSON but are known: what nginx writes between Kong's records.
 * Shape:   recognised to the end of the line, so that a record glued to one is not overlooked.
 */
#ifndef TB_PLAIN_H
#define TB_PLAIN_H

#include "base/str.h"

/* "nginx_access", "nginx_error", or NULL. */
const char *tb_plain_reason(struct tb_str line);

#endif
