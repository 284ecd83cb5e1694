/* Concept: the dictionary of dimension texts, both ways (tb_dict_text and tb_dict_id are in events.h).
 * Shape:   text -> id goes through a bounded cache keyed by 128 bits of hash, then the table; id -> text
 *          is read as needed and kept, because views are promised until tb_db_close.
 * Limits:  TB_DICT_BYTES_MAX of texts kept.
 */
#ifndef TB_DICT_H
#define TB_DICT_H

struct tb_dict;

struct tb_dict *tb_dict_new(void);
void tb_dict_free(struct tb_dict *d);

/* A transaction ended: ids it added hold, or are given to other texts later and must be forgotten. */
void tb_dict_committed(struct tb_dict *d);
void tb_dict_rolled_back(struct tb_dict *d);

#endif
