/* Concept: the key of prompt fingerprints: a file beside the database (fingerprint_key in the config), 32 hex digits, made
 *          0600 on first use. Without it fingerprints of different days could not be compared, so it is never replaced.
 */
#ifndef TB_KEY_H
#define TB_KEY_H

#include "base/hash.h"
#include "base/status.h"

enum tb_status tb_key_load(const char *path, unsigned char key[TB_KEY_BYTES], struct tb_err *err) TB_MUST_USE;

#endif
