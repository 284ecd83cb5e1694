/* Concept: the part of a prompt that a fingerprint is made of: the last user message of a JSON request body
 *          ({"messages":[{"role":"user","content":...}]}), else the whole text.
 * Shape:   content that is a string comes out decoded, other content as it stands. Reading is tolerant: what is no such
 *          body is taken whole.
 */
#ifndef TB_MESSAGE_H
#define TB_MESSAGE_H

#include "base/str.h"

/* text: decoded. room: text.n + 4 bytes for the decoded message. The result is a view of text or of room. */
struct tb_str tb_message_last_user(struct tb_str text, char *room);

/* The object or array at the head of text: its bytes. Absent when there is none, or nothing in it. */
struct tb_str tb_message_json(struct tb_str text);

#endif
