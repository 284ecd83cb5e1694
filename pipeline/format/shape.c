#include "format/shape.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "format/scan_masks.h"
#include "format/strict.h"
#include "format/walk.h"

#define SHAPES_MAX      24
#define LEARN_BYTES_MAX (32u << 10)
#define TOKENS_MAX      768
#define CREDIT_MAX      256
#define CREDIT_START    64
#define MISS_COSTS      4    /* hits that pay for one miss */
#define PAUSE_LINES     2000 /* without matching, when credit is used up */

enum then { THEN_STRING, THEN_SCALAR, THEN_END };

struct token { /* a scalar value of the learnt line: [begin, end) in its text, a string without its quotes */
    uint32_t begin, end;
    bool string;
    bool varies;
};

struct segment { /* what stays, up to the next varying value or the line's end */
    uint32_t begin, n;
    enum then then;
};

struct place { /* a byte of the text, found again in a matched line */
    uint32_t segment;
    uint32_t offset;
};

struct capture { /* a slot's value */
    struct place place;
    uint32_t token;
    uint16_t instance;
    uint8_t scope;
    uint8_t slot;
    struct tb_value value; /* as in the learnt line */
};

struct kept { /* an instance, without its values */
    struct place key;
    uint32_t key_at, key_n;
    uint64_t present;
    uint16_t parent;
    bool dead;
};

struct shape {
    char *text;
    uint32_t n;
    struct token *token;
    uint32_t tokens;
    struct segment *segment; /* tokens + 1 at most */
    uint32_t segments;
    struct capture *capture;
    uint32_t captures;
    uint32_t scalars;  /* captures[0 .. scalars) are tokens, the rest brackets */
    struct kept *kept; /* of all scopes, one after the other */
    uint16_t kepts[TB_TRIE_SCOPES_MAX];
};

struct tb_shapes {
    struct shape *shape[SHAPES_MAX]; /* the last used first */
    uint32_t n;
    int credit;
    uint32_t pause;
    const struct shape *loaded; /* whose instances the walk holds now */
    uint32_t position[TOKENS_MAX + 2];
};

/* --- matching, per instruction set ---------------------------------------------------------------------------------------- */

static inline bool is_end(unsigned char c)
{
    return c == ',' || c == '}' || c == ']' || c <= ' ';
}

static inline uint64_t load8(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, 8);
    return x;
}

static inline uint32_t load4(const unsigned char *p)
{
    uint32_t x;
    memcpy(&x, p, 4);
    return x;
}

static bool is_hex(unsigned char c)
{
    return (unsigned)(c - '0') < 10 || (unsigned)((c | 0x20) - 'a') < 6;
}

static bool four_hex(const unsigned char *p)
{
    return is_hex(p[0]) && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]);
}

static size_t scalar_end_slow(const unsigned char *line, size_t n, size_t at)
{
    size_t end = at;
    while (end < n && !is_end(line[end]) && line[end] != ':' && line[end] != '"' && line[end] != '[' &&
           line[end] != '{') {
        end++;
    }
    return tb_strict_scalar((const char *)line + at, end - at) ? end : 0;
}

INLINE bool equal16_c(const unsigned char *a, const unsigned char *b)
{
    return ((load8(a) ^ load8(b)) | (load8(a + 8) ^ load8(b + 8))) == 0;
}

INLINE bool equal32_c(const unsigned char *a, const unsigned char *b)
{
    return equal16_c(a, b) && equal16_c(a + 16, b + 16);
}

INLINE uint32_t special16_c(const unsigned char *p)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)(p[i] == '"' || p[i] == '\\' || p[i] < 0x20) << i;
    }
    return m;
}

INLINE uint32_t not_digit16_c(const unsigned char *p)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)(p[i] < '0' || p[i] > '9') << i;
    }
    return m;
}

INLINE void string_masks_c(const unsigned char *p, uint64_t *quote, uint64_t *slash, uint64_t *low)
{
    struct masks m;
    masks_c(p, &m);
    *quote = m.quote;
    *slash = m.slash;
    *low = m.low;
}

#define TARGET
#define ISA(x) x##_c
#include "format/shape_match.h"
#undef TARGET
#undef ISA

#if defined(__x86_64__)
INLINE __m128i load16(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE bool equal16_sse2(const unsigned char *a, const unsigned char *b)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(load16(a), load16(b))) == 0xffff;
}

INLINE bool equal32_sse2(const unsigned char *a, const unsigned char *b)
{
    __m128i x = _mm_cmpeq_epi8(load16(a), load16(b)), y = _mm_cmpeq_epi8(load16(a + 16), load16(b + 16));
    return _mm_movemask_epi8(_mm_and_si128(x, y)) == 0xffff;
}

INLINE uint32_t special16_sse2(const unsigned char *p)
{
    __m128i v = load16(p), low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i m = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(m, low));
}

INLINE uint32_t not_digit16_sse2(const unsigned char *p)
{
    __m128i v = _mm_sub_epi8(load16(p), _mm_set1_epi8('0'));
    return 0xffffu ^ (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v));
}

INLINE void string_masks_sse2(const unsigned char *p, uint64_t *quote, uint64_t *slash, uint64_t *low)
{
    LOAD4(p);
    char c = '"';
    *quote = ALL4(EQ4);
    c = '\\';
    *slash = ALL4(EQ4);
    *low = ALL4(LOW4);
}

#define TARGET
#define ISA(x) x##_sse2
#include "format/shape_match.h"
#undef TARGET
#undef ISA

INLINE AVX2 void string_masks_avx2(const unsigned char *p, uint64_t *quote, uint64_t *slash, uint64_t *low)
{
    LOAD2(p);
    __m256i bound = _mm256_set1_epi8(0x1f);
    *quote = EQ2('"');
    *slash = EQ2('\\');
    *low = join2(_mm256_cmpeq_epi8(_mm256_min_epu8(a, bound), a),
                 _mm256_cmpeq_epi8(_mm256_min_epu8(b, bound), b));
}

INLINE AVX2 bool equal32_avx2(const unsigned char *a, const unsigned char *b)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)a),
            y = _mm256_loadu_si256((const __m256i *)(const void *)b);
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y)) == -1;
}

#define equal16_avx2     equal16_sse2
#define special16_avx2   special16_sse2
#define not_digit16_avx2 not_digit16_sse2
#define TARGET           AVX2
#define ISA(x)           x##_avx2
#include "format/shape_match.h"
#undef TARGET
#undef ISA

INLINE AVX512 void string_masks_avx512(const unsigned char *p, uint64_t *quote, uint64_t *slash,
                                       uint64_t *low)
{
    __m512i v = _mm512_loadu_si512(p);
    *quote = EQ1('"');
    *slash = EQ1('\\');
    *low = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
}

#define equal16_avx512     equal16_sse2
#define equal32_avx512     equal32_avx2
#define special16_avx512   special16_sse2
#define not_digit16_avx512 not_digit16_sse2
#define TARGET             AVX512
#define ISA(x)             x##_avx512
#include "format/shape_match.h"
#undef TARGET
#undef ISA
#endif

typedef bool match_fn(const struct shape *s, struct tb_str text, uint32_t *position, size_t *miss);

static match_fn *match_for(const char *isa)
{
#if defined(__x86_64__)
    switch (isa[0] == 'a' ? isa[3] : isa[0]) {
    case '5':
        return match_avx512;
    case '2':
        return match_avx2;
    case 's':
        return match_sse2;
    default:
        break;
    }
#endif
    (void)isa;
    return match_c;
}

/* --- the program of a shape ------------------------------------------------------------------------------------------------ */

static struct place place_of(const struct shape *s, uint32_t at)
{
    uint32_t i = 0;
    while (i + 1 < s->segments && s->segment[i + 1].begin <= at) {
        i++;
    }
    return (struct place){i, at - s->segment[i].begin};
}

/* Segments and places from the tokens that vary. */
static void compile(struct shape *s)
{
    uint32_t begin = 0;
    s->segments = 0;
    for (uint32_t i = 0; i < s->tokens; i++) {
        const struct token *t = &s->token[i];
        if (t->varies) {
            s->segment[s->segments++] =
                (struct segment){begin, t->begin - begin, t->string ? THEN_STRING : THEN_SCALAR};
            begin = t->end;
        }
    }
    s->segment[s->segments++] = (struct segment){begin, s->n - begin, THEN_END};
    for (uint32_t i = 0; i < s->scalars; i++) {
        uint32_t at = s->capture[i].value.at;
        /* a varying empty string begins where the next segment does: it belongs to the one before it */
        s->capture[i].place = place_of(s, at);
        if (s->token[s->capture[i].token].varies && s->capture[i].place.offset == 0 &&
            s->capture[i].place.segment > 0) {
            uint32_t before = s->capture[i].place.segment - 1;
            s->capture[i].place = (struct place){before, s->segment[before].n};
        }
    }
    const struct kept *end = s->kept;
    for (unsigned scope = 0; scope < TB_TRIE_SCOPES_MAX; scope++) {
        end += s->kepts[scope];
    }
    for (struct kept *k = s->kept; k < end; k++) {
        k->key = place_of(s, k->key_at);
    }
}

/* The token at (or just behind which) the text differs becomes a varying one. False: something else differs. */
static bool give_way(struct shape *s, size_t miss)
{
    for (uint32_t i = 0; i < s->tokens; i++) {
        struct token *t = &s->token[i];
        if (t->begin <= miss && miss <= t->end && !t->varies) {
            t->varies = true;
            compile(s);
            return true;
        }
    }
    return false;
}

/* --- a matched line's values ------------------------------------------------------------------------------------------------ */

static enum tb_value_type scalar_type(char c)
{
    return c == 't' ? TB_V_TRUE : c == 'f' ? TB_V_FALSE : c == 'n' ? TB_V_NULL : TB_V_NUMBER;
}

static inline uint32_t found(const struct tb_shapes *all, struct place p)
{
    return all->position[p.segment] + p.offset;
}

static void load_instances(struct tb_shapes *all, const struct shape *s, struct tb_walk *w)
{
    const struct kept *k = s->kept;
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        w->instances[scope] = s->kepts[scope];
        for (uint16_t i = 0; i < s->kepts[scope]; i++, k++) {
            struct tb_instance *in = &w->instance[scope][i];
            in->present = k->present;
            in->parent = k->parent;
            in->dead = k->dead;
            in->key_n = k->key_n;
        }
    }
    for (uint32_t i = s->scalars; i < s->captures; i++) {
        const struct capture *c = &s->capture[i];
        w->instance[c->scope][c->instance].value[c->slot] = c->value;
    }
    all->loaded = s;
}

static void fill(struct tb_shapes *all, const struct shape *s, struct tb_walk *w, struct tb_str line)
{
    if (all->loaded != s) {
        load_instances(all, s, w);
    }
    w->too_many = false;
    w->scan.line = line.s;
    w->scan.n = line.n;
    for (uint32_t i = 0; i < s->scalars; i++) {
        const struct capture *c = &s->capture[i];
        const struct token *t = &s->token[c->token];
        struct tb_value v = {found(all, c->place), c->value.n, c->value.type};
        if (t->varies) {
            v.n = all->position[c->place.segment + 1] - v.at;
            v.type = t->string ? TB_V_STRING : (uint8_t)scalar_type(line.s[v.at]);
        }
        w->instance[c->scope][c->instance].value[c->slot] = v;
    }
    const struct kept *k = s->kept;
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        for (uint16_t i = 0; i < s->kepts[scope]; i++, k++) {
            w->instance[scope][i].key_at = k->key_at == 0 ? 0 : found(all, k->key);
        }
    }
}

static bool match_one(struct tb_shapes *all, struct shape *s, struct tb_str line, match_fn *match)
{
    size_t miss;
    while (!match(s, line, all->position, &miss)) {
        if (!give_way(s, miss)) {
            return false;
        }
    }
    return true;
}

bool tb_shapes_match(struct tb_shapes *all, struct tb_walk *w, struct tb_str line)
{
    if (all->pause > 0) {
        all->pause--;
        return false;
    }
    match_fn *match = match_for(tb_scan_isa());
    for (uint32_t i = 0; i < all->n; i++) {
        struct shape *s = all->shape[i];
        if (match_one(all, s, line, match)) {
            memmove(&all->shape[1], &all->shape[0], i * sizeof s);
            all->shape[0] = s;
            all->credit += all->credit < CREDIT_MAX ? 1 : 0;
            fill(all, s, w, line);
            return true;
        }
    }
    all->credit -= MISS_COSTS;
    if (all->credit <= 0) {
        all->credit = CREDIT_START;
        all->pause = PAUSE_LINES;
    }
    return false;
}

void tb_shapes_unload(struct tb_shapes *all)
{
    all->loaded = NULL;
}

/* --- learning ----------------------------------------------------------------------------------------------------------------- */

static void shape_free(struct shape *s)
{
    if (s != NULL) {
        free(s->text);
        free(s->token);
        free(s->segment);
        free(s->capture);
        free(s->kept);
        free(s);
    }
}

/* The scalar values of the line in w, which is valid. How many; more than TOKENS_MAX: too many. */
static uint32_t tokens(const struct tb_walk *w, struct token *out)
{
    const char *line = w->scan.line;
    uint32_t count = 0, n = (uint32_t)w->scan.n;
    for (uint32_t at = 0; at < n && count <= TOKENS_MAX; at++) {
        uint32_t begin = at;
        char c = line[at];
        if (c == '"') {
            uint32_t end = (uint32_t)tb_scan_quote_from(&w->scan, at + 1), next = end + 1;
            while (next < n && line[next] <= ' ') {
                next++;
            }
            if (next >= n || line[next] != ':') {
                out[count++] = (struct token){begin + 1, end, true, false};
            }
            at = end;
        } else if (strchr("-0123456789tfn", c) != NULL && c != 0) {
            while (at < n && !is_end((unsigned char)line[at])) {
                at++;
            }
            out[count++] = (struct token){begin, at, false, false};
            at--;
        }
    }
    return count;
}

static bool keep_instances(struct shape *s, const struct tb_walk *w)
{
    size_t count = 0, k = 0;
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        s->kepts[scope] = w->instances[scope];
        count += w->instances[scope];
    }
    s->kept = calloc(count, sizeof *s->kept);
    for (unsigned scope = 0; s->kept != NULL && scope < w->trie->scopes; scope++) {
        for (uint16_t i = 0; i < w->instances[scope]; i++) {
            const struct tb_instance *in = &w->instance[scope][i];
            s->kept[k++] = (struct kept){.key_at = scope == 0 ? 0 : in->key_at,
                                         .key_n = in->key_n,
                                         .present = in->present,
                                         .parent = in->parent,
                                         .dead = in->dead};
        }
    }
    return s->kept != NULL;
}

static uint32_t token_at(const struct shape *s, uint32_t at)
{
    uint32_t i = 0;
    while (i < s->tokens && s->token[i].begin != at) {
        i++;
    }
    return i;
}

/* Captures of one kind: the scalars first, then brackets. */
static bool keep_values(struct shape *s, const struct tb_walk *w, bool scalars)
{
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        for (uint16_t i = 0; i < w->instances[scope]; i++) {
            const struct tb_instance *in = &w->instance[scope][i];
            for (uint64_t m = in->present; m != 0; m &= m - 1) {
                uint8_t slot = (uint8_t)__builtin_ctzll(m);
                struct capture c = {
                    .instance = i, .scope = (uint8_t)scope, .slot = slot, .value = in->value[slot]};
                if ((c.value.type < TB_V_OBJECT) != scalars) {
                    continue;
                }
                c.token = scalars ? token_at(s, c.value.at) : 0;
                if (scalars && c.token == s->tokens) {
                    return false;
                }
                s->capture[s->captures++] = c;
            }
        }
    }
    return true;
}

static bool take_apart(struct shape *s, const struct tb_walk *w)
{
    struct token found_tokens[TOKENS_MAX + 1];
    size_t values = 0;
    s->tokens = tokens(w, found_tokens);
    if (s->tokens > TOKENS_MAX) {
        return false;
    }
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        values += (size_t)w->instances[scope] * w->trie->scope[scope].slots;
    }
    s->n = (uint32_t)w->scan.n;
    s->text = malloc(s->n + 16);
    s->token = malloc((s->tokens + 1) * sizeof *s->token);
    s->segment = malloc((s->tokens + 1) * sizeof *s->segment);
    s->capture = malloc((values + 1) * sizeof *s->capture);
    if (s->text == NULL || s->token == NULL || s->segment == NULL || s->capture == NULL ||
        !keep_instances(s, w)) {
        return false;
    }
    memcpy(s->text, w->scan.line, s->n);
    memcpy(s->token, found_tokens, s->tokens * sizeof *s->token);
    bool good = keep_values(s, w, true);
    s->scalars = s->captures;
    return good && keep_values(s, w, false);
}

void tb_shapes_learn(struct tb_shapes *all, struct tb_walk *w)
{
    if (all->pause > 0 || w->scan.n > LEARN_BYTES_MAX) {
        return;
    }
    struct shape *s = calloc(1, sizeof *s);
    if (s == NULL || !take_apart(s, w)) {
        shape_free(s); /* no shape is no harm */
        return;
    }
    compile(s);
    if (all->n == SHAPES_MAX) {
        shape_free(all->shape[--all->n]);
    }
    memmove(&all->shape[1], &all->shape[0], all->n * sizeof s);
    all->shape[0] = s;
    all->n++;
}

struct tb_shapes *tb_shapes_new(void)
{
    struct tb_shapes *all = calloc(1, sizeof *all);
    if (all != NULL) {
        all->credit = CREDIT_START;
    }
    return all;
}

void tb_shapes_free(struct tb_shapes *all)
{
    for (uint32_t i = 0; all != NULL && i < all->n; i++) {
        shape_free(all->shape[i]);
    }
    free(all);
}
