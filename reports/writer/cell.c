/* What the writers share about one cell. */
#include "reports/writer/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include "base/clock.h"

size_t tb_writer_plain(const struct tb_cell *c, char out[TB_CELL_PLAIN_MAX])
{
    _Static_assert(TB_CELL_PLAIN_MAX >= TB_MONEY_TEXT_MAX && TB_CELL_PLAIN_MAX >= TB_TS_TEXT_MAX,
                   "room for every text");
    assert(!c->null && c->type != TB_CELL_TEXT && c->type != TB_CELL_MIXED);
    switch (c->type) {
    case TB_CELL_MONEY:
        return tb_money_format(c->money, out);
    case TB_CELL_CENTS:
        return tb_cents_format(c->number, out);
    case TB_CELL_RATIO:
        assert(c->text.n < TB_CELL_PLAIN_MAX);
        memcpy(out, c->text.s, c->text.n);
        out[c->text.n] = '\0';
        return c->text.n;
    case TB_CELL_INSTANT:
        return tb_ts_format(c->number, out);
    case TB_CELL_DAY:
        return tb_day_format((int32_t)c->number, out);
    case TB_CELL_BOOL:
        return (size_t)snprintf(out, TB_CELL_PLAIN_MAX, "%s", c->number != 0 ? "true" : "false");
    default:
        return (size_t)snprintf(out, TB_CELL_PLAIN_MAX, "%" PRId64, c->number);
    }
}

static size_t count_digits(struct tb_str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.n && s.s[i + n] >= '0' && s.s[i + n] <= '9') {
        n++;
    }
    return n;
}

/* "-12", "+0.5", "-.5": a sign, digits, one point. No exponent: "-1e5" is rather a name. */
static bool is_plain_number(struct tb_str s)
{
    size_t i = s.n > 0 && (s.s[0] == '-' || s.s[0] == '+') ? 1 : 0;
    size_t whole = count_digits(s, i);
    i += whole;
    size_t fraction = 0;
    if (i < s.n && s.s[i] == '.') {
        fraction = count_digits(s, ++i);
        i += fraction;
    }
    return i == s.n && whole + fraction > 0;
}

bool tb_writer_is_formula(struct tb_str s)
{
    size_t i = 0;
    if (s.n > 0 && (s.s[0] == '\t' || s.s[0] == '\r')) {
        return true;
    }
    while (i < s.n && (s.s[i] == ' ' || s.s[i] == '\t' || s.s[i] == '\r' || s.s[i] == '\n')) {
        i++; /* some spreadsheets trim before they look */
    }
    return i < s.n && memchr("=+-@", s.s[i], 4) != NULL && !is_plain_number(s);
}
