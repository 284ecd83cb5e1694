/* The dimensions of CONTRACT.md (DIM), by name. */
#include "rate/usage.h"

const char *const tb_dim_names[TB_DIM_COUNT] = {"day",      "hour",    "source",      "node",
                                                "consumer", "team",    "cost_center", "provider",
                                                "model",    "feature", "variant",     "trigger"};

bool tb_dim_find(struct tb_str name, enum tb_dim *out)
{
    for (int i = 0; i < TB_DIM_COUNT; i++) {
        if (tb_str_eq(name, tb_str_of(tb_dim_names[i]))) {
            *out = (enum tb_dim)i;
            return true;
        }
    }
    return false;
}
