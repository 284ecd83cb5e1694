/* Concept: how much each of a product's factors did of the product's change: the Shapley value, over all orders in which the
 *          factors could have changed. Exact, symmetric, right for zeros.
 * Shape:   __float128 throughout: 113 bits are more than a sum of money has.
 */
#ifndef TB_SHAPLEY_H
#define TB_SHAPLEY_H

#define TB_SHAPLEY_MAX 6

/* part[i] = what factor i did of prod(now) - prod(base); the parts sum to it. n <= TB_SHAPLEY_MAX. */
void tb_shapley(const __float128 *base, const __float128 *now, int n, __float128 *part);

#endif
