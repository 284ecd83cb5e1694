#include "event/signature.h"

#include <string.h>
#include "base/hash.h"

#define MASKED 0x9E3779B9u
#define SEEN   64 /* distinct words are counted this far only */

struct lanes {
    _Alignas(16) uint16_t low[TB_SIGNATURE_LANES], high[TB_SIGNATURE_LANES], add[TB_SIGNATURE_LANES];
};

static struct lanes permutation;

void tb_signature_key(const unsigned char key[16])
{
    for (uint32_t i = 0; i < TB_SIGNATURE_LANES; i++) {
        uint64_t h = tb_hash_keyed(key, &i, sizeof i);
        permutation.low[i] = (uint16_t)(h | 1);
        permutation.high[i] = (uint16_t)(h >> 16 | 1);
        permutation.add[i] = (uint16_t)(h >> 32);
    }
}

__attribute__((constructor)) static void key_of_zeros(void)
{
    static const unsigned char none[16];
    tb_signature_key(none);
}

#if defined(__x86_64__)
#include <emmintrin.h>

/* SSE2 has a minimum of signed 16 bits only: lanes are signed until the end. */
static void add_word(__m128i *min, uint32_t word)
{
    const __m128i low = _mm_set1_epi16((short)word), high = _mm_set1_epi16((short)(word >> 16));
    for (int i = 0; i < 4; i++) {
        const __m128i *a = (const __m128i *)(const void *)permutation.low + i;
        const __m128i *b = (const __m128i *)(const void *)permutation.high + i;
        const __m128i *c = (const __m128i *)(const void *)permutation.add + i;
        __m128i v = _mm_add_epi16(_mm_mullo_epi16(low, *a), _mm_mullo_epi16(high, *b));
        min[i] = _mm_min_epi16(min[i], _mm_add_epi16(v, *c));
    }
}

int tb_signature_equal(const struct tb_signature *a, const struct tb_signature *b)
{
    unsigned mask[2];
    const __m128i *p = (const __m128i *)(const void *)a->lane, *q = (const __m128i *)(const void *)b->lane;
    for (int i = 0; i < 2; i++) {
        __m128i same =
            _mm_packs_epi16(_mm_cmpeq_epi16(p[2 * i], q[2 * i]), _mm_cmpeq_epi16(p[2 * i + 1], q[2 * i + 1]));
        mask[i] = (unsigned)_mm_movemask_epi8(same);
    }
    return __builtin_popcount(mask[0] | mask[1] << 16);
}
#else
typedef struct {
    int16_t v[8];
} __m128i;

static void add_word(__m128i *min, uint32_t word)
{
    for (int i = 0; i < TB_SIGNATURE_LANES; i++) {
        int16_t v = (int16_t)(uint16_t)((uint16_t)word * permutation.low[i] +
                                        (uint16_t)(word >> 16) * permutation.high[i] + permutation.add[i]);
        min[i / 8].v[i % 8] = v < min[i / 8].v[i % 8] ? v : min[i / 8].v[i % 8];
    }
}

int tb_signature_equal(const struct tb_signature *a, const struct tb_signature *b)
{
    int same = 0;
    for (int i = 0; i < TB_SIGNATURE_LANES; i++) {
        same += a->lane[i] == b->lane[i];
    }
    return same;
}
#endif

/* What a byte is: 0 between words. */
enum { HEX = 1, DIGIT = 2, OTHER = 4 };
static const unsigned char kind[256] = {
    ['0' ... '9'] = DIGIT | HEX, ['a' ... 'f'] = HEX,   ['g' ... 'z'] = OTHER,
    ['A' ... 'F'] = HEX,         ['G' ... 'Z'] = OTHER, [0x80 ... 0xFF] = OTHER,
};

struct words {
    __m128i min[4];
    uint32_t seen[SEEN];
    uint32_t n;
};

static void take_word(struct words *w, uint32_t word)
{
    uint32_t slot = (word * 0x85EBCA6Bu) >> 26;
    if (w->seen[slot] != word) { /* one seen before changes nothing */
        w->n += w->seen[slot] == 0;
        w->seen[slot] = word;
        add_word(w->min, word);
    }
}

static void take_span(struct words *w, const unsigned char *p, const unsigned char *end)
{
    while (p < end) {
        uint32_t h = 0x811C9DC5u;
        unsigned all = HEX | DIGIT, any = 0, n = 0;
        for (; p < end && kind[*p] != 0; p++, n++) {
            bool digits = (any & DIGIT) != 0 && (kind[*p] & DIGIT) != 0 && (kind[p[-1]] & DIGIT) != 0;
            unsigned c = (kind[*p] & DIGIT) != 0 ? '#' : *p | 0x20u;
            h = digits ? h : (h ^ c) * 0x01000193u; /* a run of digits is one mark */
            all &= kind[*p];
            any |= kind[*p];
        }
        if (n > 0) {
            bool masked =
                (all & DIGIT) != 0 || ((all & HEX) != 0 && (n >= 8 || (n >= 4 && (any & DIGIT) != 0)));
            take_word(w, masked ? MASKED : (h ^ h >> 15) * 0x2C1B3C6Du | 1);
        }
        p += n == 0;
    }
}

bool tb_signature_make(struct tb_str text, struct tb_signature *out)
{
    struct words w = {.n = 0};
    memset(out, 0, sizeof *out);
    if (text.n == 0 || text.n > TB_SIGNATURE_TEXT_MAX) {
        return false;
    }
    for (int i = 0; i < TB_SIGNATURE_LANES; i++) {
        ((int16_t *)(void *)w.min)[i] = INT16_MAX;
    }
    const unsigned char *p = (const unsigned char *)text.s, *end = p + text.n;
    if (text.n <= 2 * TB_SIGNATURE_SPAN) {
        take_span(&w, p, end);
    } else {
        take_span(&w, p, p + TB_SIGNATURE_SPAN);
        take_span(&w, end - TB_SIGNATURE_SPAN, end);
    }
    if (w.n < TB_SIGNATURE_WORDS) {
        return false;
    }
    memcpy(out->lane, w.min, sizeof out->lane);
    out->lane[0] = out->lane[0] == 0 ? 1 : out->lane[0];
    return true;
}

static char *normalise_byte(unsigned char c, bool *blank, bool *first, char *to)
{
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        *blank = true;
        return to;
    }
    if (*blank && !*first) {
        *to++ = ' ';
    }
    *blank = *first = false;
    *to++ = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return to;
}

#if defined(__x86_64__)
/* Sixteen bytes at once when each blank in them is one space between two words: all of them, or 15 and a blank that is due.
 * NULL: byte by byte. */
static char *normalise_block(const char *p, bool *blank, bool *first, char *to)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i control =
        _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(8)), _mm_cmplt_epi8(v, _mm_set1_epi8(14)));
    unsigned spaces = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));
    if (_mm_movemask_epi8(control) != 0 || (spaces & spaces << 1) != 0 || (spaces & 1) != 0) {
        return NULL;
    }
    const __m128i capital =
        _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)), _mm_cmplt_epi8(v, _mm_set1_epi8('Z' + 1)));
    if (*blank && !*first) {
        *to++ = ' ';
    }
    _mm_storeu_si128((__m128i *)(void *)to, _mm_add_epi8(v, _mm_and_si128(capital, _mm_set1_epi8(32))));
    *first = false;
    *blank = (spaces >> 15 & 1) != 0;
    return to + 16 - *blank;
}
#else
static char *normalise_block(const char *p, bool *blank, bool *first, char *to)
{
    (void)p, (void)blank, (void)first, (void)to;
    return NULL;
}
#endif

size_t tb_signature_normalise(struct tb_str text, bool *blank, bool *first, char *out)
{
    char *to = out;
    size_t i = 0;
    while (i < text.n) {
        char *next = i + 16 <= text.n ? normalise_block(text.s + i, blank, first, to) : NULL;
        if (next != NULL) {
            to = next;
            i += 16;
        } else {
            to = normalise_byte((unsigned char)text.s[i++], blank, first, to);
        }
    }
    return (size_t)(to - out);
}
