#include "reports/line_id.h"

#include <stdio.h>
#include "base/clock.h"
#include "base/hash.h"

static void add_key(struct tb_sha256 *h, struct tb_str key)
{
    char length[24];
    if (key.s == NULL) {
        tb_sha256_add(h, "-", 1);
        return;
    }
    int n = snprintf(length, sizeof length, "%zu:", key.n);
    tb_sha256_add(h, length, (size_t)n);
    tb_sha256_add(h, key.s, key.n);
}

void tb_line_id(int32_t from_day, int32_t to_day, const struct tb_str key[TB_LINE_KEYS],
                char out[TB_LINE_ID_MAX])
{
    struct tb_sha256 h;
    char hex[TB_SHA256_HEX], day[TB_TS_TEXT_MAX];
    tb_sha256_init(&h);
    tb_sha256_add(&h, day, tb_day_format(from_day, day));
    tb_sha256_add(&h, "/", 1);
    tb_sha256_add(&h, day, tb_day_format(to_day, day));
    for (int i = 0; i < TB_LINE_KEYS; i++) {
        add_key(&h, key[i]);
    }
    tb_sha256_hex(&h, hex);
    memcpy(out, hex, TB_LINE_ID_MAX - 1);
    out[TB_LINE_ID_MAX - 1] = '\0';
}
