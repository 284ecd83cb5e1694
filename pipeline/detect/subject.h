/* Concept: one consumer as judges see it, made from the digests. Inside detect/ only. */
#ifndef TB_SUBJECT_H
#define TB_SUBJECT_H

#include "detect/judge.h"
#include "rate/account.h"

/* consumer 0: everybody, by the billing zone. Owns its arrays until released. */
enum tb_status tb_subject_init(struct tb_subject *s, struct tb_judge *j, struct tb_accountbook *accounts,
                               uint32_t consumer) TB_MUST_USE;
void tb_subject_release(struct tb_subject *s);

#endif
