/* Concept: the window loop of the scanner, included by scan.c once per instruction set with ISA(name) and TARGET
 *          defined. Everything here is arithmetic on masks: bit i is byte i of the block.
 *
 * Runs.    Adding a bit to a run of ones carries to the first bit behind the run. That finds the end of a string from its
 *          beginning (is it a key?), and tells at a run's end whether something was inside it (an escape, a byte that is no
 *          digit); the carry out of bit 63 goes into the next block.
 * Follow.  follow(X) marks the first byte behind each token of X that is not blank. Each token follows exactly one other,
 *          so the grammar is: values start after [ { , : only; commas and closers after values only, or } ] right after an
 *          opener; a colon after a string that itself follows { [ or a comma.
 */

INLINE TARGET uint64_t ISA(follow)(uint64_t x, uint64_t blank, uint64_t *carry)
{
    uint64_t y = x << 1 | *carry, sum;
    uint64_t over = __builtin_add_overflow(y, blank, &sum);
    *carry = x >> 63 | over;
    return sum & ~blank;
}

/* The bits behind runs of `run` that hold a bit of `mark` (or were marked in the block before). */
INLINE TARGET uint64_t ISA(behind)(uint64_t run, uint64_t mark, uint64_t *carry)
{
    uint64_t sum, over = __builtin_add_overflow(run, mark, &sum);
    over |= __builtin_add_overflow(sum, *carry, &sum);
    *carry = over;
    return sum & ~run;
}

/* The masks of up to BATCH blocks from at on: a loop of its own, whose constants stay in registers. How many. */
static __attribute__((noinline)) TARGET size_t ISA(batch)(const unsigned char *line, size_t at, size_t end,
                                                          struct masks *out)
{
    unsigned char tail[64];
    size_t n = 0;
    for (; n < BATCH && end - at >= 64; n++, at += 64) {
        ISA(masks)(line + at, &out[n]);
    }
    if (n < BATCH && at < end) {
        ISA(masks)(block_at(line, at, end, tail), &out[n++]);
    }
    return n;
}

static TARGET bool ISA(window)(struct tb_scan *s)
{
    struct tb_scan_state st = s->state;
    const unsigned char *line = (const unsigned char *)s->line;
    uint32_t *brace = s->brace, *colon = s->colon;
    uint32_t *element = s->element, *odd = s->odd;
    uint64_t error = 0, keys_escaped = 0;
    size_t at = s->next, end = s->n - at > TB_SCAN_WINDOW ? at + TB_SCAN_WINDOW : s->n;
    unsigned char tail[64];
    struct masks batch[BATCH];
    size_t ready = 0, used = 0;

    for (; at < end; at += 64) {
        if (used == ready) {
            ready = ISA(batch)(line, at, end, batch);
            used = 0;
        }
        const struct masks m = batch[used++];

        uint64_t escaped = tb_escaped(m.slash, &st.escaped), quote = m.quote & ~escaped;
        uint64_t string =
            ISA(prefix_xor)(quote) ^ st.string; /* from the opening quote to before the closing one */
        st.string = (uint64_t)((int64_t)string >> 63);
        s->quotes[at >> 6] = quote;
        uint64_t out = ~(string | quote);
        error |= (m.low & string) | (m.slash & out);

        uint64_t blank = m.space & out;
        if ((m.low & out) != 0) {
            blank |= ISA(tabs)(block_at(line, at, end, tail)) & out;
        }
        uint64_t op = m.open & out, cl = m.close & out, comma = m.comma & out, co = m.colon & out;
        uint64_t scalar = out & ~(op | cl | comma | co | blank);
        uint64_t scalar_start = scalar & ~(scalar << 1 | st.scalar);
        st.scalar = scalar >> 63;
        uint64_t string_start = quote & string;

        uint64_t after_sep = ISA(follow)(op | comma | co, blank, &st.sep);
        uint64_t after_open = ISA(follow)(op, blank, &st.open);
        uint64_t after_colon = ISA(follow)(co, blank, &st.colon);
        uint64_t key_start = string_start & after_sep & ~after_colon; /* or an array's string */
        uint64_t key_end = ISA(behind)(string, key_start, &st.key);
        uint64_t after_key = ISA(follow)(key_end, blank, &st.key_end);
        error |= (string_start | scalar_start | op) & ~after_sep;
        error |= comma & after_sep;
        error |= cl & after_sep & ~after_open;
        error |= co & ~after_key;
        uint64_t elements = (after_sep & ~after_colon & (scalar_start | op)) | (after_key & ~co);

        uint64_t zero_led = ((scalar_start & m.zero) << 1 | st.zero) & scalar;
        st.zero = (scalar_start & m.zero) >> 63;
        uint64_t odds = ISA(behind)(scalar, (scalar & ~m.digit) | zero_led, &st.odd);

        if ((m.slash | st.slash | st.slash_end | escaped) != 0) {
            uint64_t with_slash = ISA(behind)(string, m.slash & string, &st.slash);
            keys_escaped |= ISA(follow)(with_slash & key_end, blank, &st.slash_end) & co;
            struct escapes e;
            ISA(escapes)(block_at(line, at, end, tail), &e);
            uint64_t in = escaped & string;
            error |= in & ~e.good;
            for (uint64_t u = in & e.u; u != 0; u &= u - 1) {
                error |= (uint64_t)!four_hex(line + at + __builtin_ctzll(u) + 1);
            }
        }

        uint32_t base = (uint32_t)at;
        brace += ISA(flatten)(op | cl, base, brace);
        colon += ISA(flatten)(co, base, colon);
        if ((elements | odds) != 0) {
            element = flatten_sparse(elements, base, element);
            odd = flatten_sparse(odds, base, odd);
        }
    }
    st.error = error;
    s->state = st;
    s->braces = (uint32_t)(brace - s->brace);
    s->colons = (uint32_t)(colon - s->colon);
    s->elements = (uint32_t)(element - s->element);
    s->odds = (uint32_t)(odd - s->odd);
    s->escaped_keys |= keys_escaped != 0;
    s->next = end;
    return error == 0;
}
