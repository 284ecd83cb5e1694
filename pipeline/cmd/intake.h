/* Concept: files into the store, as `ingest` and `run` both do it: load, say what came in, fold the outcome into an exit code.
 */
#ifndef TB_INTAKE_H
#define TB_INTAKE_H

#include "cmd/session.h"
#include "input/source.h"
#include "load/load.h"

/* The configured files of source (NULL: of all); with dates, those of their days and one day either side. Warns of sources that
 * bill the same file. */
enum tb_status tb_intake_list(const struct tb_session *s, const char *source, const struct tb_dates *dates,
                              struct tb_input_list *list, struct tb_err *err) TB_MUST_USE;

/* Loads list. *code becomes 3 or 5 where lines were rejected or a file was incomplete. */
enum tb_status tb_intake(struct tb_session *s, const struct tb_input_list *list, int *code,
                         struct tb_err *err) TB_MUST_USE;

/* Reads rejected lines again (load/load.h), and says what became of them. *code becomes 3 where lines are still rejected, 5 where
 * lines stay because their file is gone or another. */
enum tb_status tb_intake_again(struct tb_session *s, const struct tb_load_again *again, int *code,
                               struct tb_err *err) TB_MUST_USE;

/* Says which sources with {date} have no file for a day of from_day..to_day, neither now nor in the ledger; *code becomes 5. */
enum tb_status tb_intake_missing(struct tb_session *s, const struct tb_input_list *list, int32_t from_day,
                                 int32_t to_day, int *code, struct tb_err *err) TB_MUST_USE;

#endif
