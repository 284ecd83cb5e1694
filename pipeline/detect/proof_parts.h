/* Concept: what proof.c and proof_limits.c (budgets, quotas, hour limits) share
 * while one finding is proven. Inside detect/ only.
 */
#ifndef TB_PROOF_PARTS_H
#define TB_PROOF_PARTS_H

#include "base/embed.h"
#include "detect/digest.h"
#include "detect/proof.h"

extern const struct tb_embed tb_embed_detect[];

struct tb_proving {
    const struct tb_detect_query *q;
    const struct tb_finding *f;
    struct tb_proof *p;
    struct tb_rules rules;
    struct tb_digest digest; /* of the finding's last day */
    struct tb_err *err;
};

/* Sets a name of both statements. */
void tb_proving_set(struct tb_proving *v, const char *name, const char *literal);
/* "COLUMN OPERATOR literal" */
enum tb_status tb_proving_filter(struct tb_proving *v, const char *column, const char *operator,
                                 struct tb_str text) TB_MUST_USE;
enum tb_status tb_proving_window(struct tb_proving *v, int64_t from_us, int64_t to_us, const char *what,
                                 const char *second) TB_MUST_USE;
/* Those that the finding's reports saw. */
enum tb_status tb_proving_windows(struct tb_proving *v) TB_MUST_USE;

enum tb_status tb_prove_rate(struct tb_proving *v) TB_MUST_USE;
enum tb_status tb_prove_budget(struct tb_proving *v) TB_MUST_USE;
enum tb_status tb_prove_predict(struct tb_proving *v) TB_MUST_USE;
enum tb_status tb_prove_quota(struct tb_proving *v) TB_MUST_USE;

#endif
