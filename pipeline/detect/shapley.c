#include "detect/shapley.h"

#include <assert.h>

static const int factorial[] = {1, 1, 2, 6, 24, 120, 720};

void tb_shapley(const __float128 *base, const __float128 *now, int n, __float128 *part)
{
    __float128 product[1 << TB_SHAPLEY_MAX];
    assert(n >= 1 && n <= TB_SHAPLEY_MAX);
    for (unsigned set = 0; set < 1u << n; set++) { /* the factors in set have changed */
        product[set] = 1;
        for (int i = 0; i < n; i++) {
            product[set] *= (set >> i & 1) != 0 ? now[i] : base[i];
        }
    }
    for (int i = 0; i < n; i++) {
        part[i] = 0;
        for (unsigned set = 0; set < 1u << n; set++) {
            int size = __builtin_popcount(set);
            if ((set >> i & 1) == 0) {
                part[i] +=
                    (product[set | 1u << i] - product[set]) * factorial[size] * factorial[n - size - 1];
            }
        }
        part[i] /= factorial[n];
    }
}
