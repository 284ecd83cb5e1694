#include "format/scan.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/escaped.h"
#include "base/limits.h"
#include "format/scan_masks.h"

#define SLACK 64 /* flatten may write this many entries too many */

static bool is_hex(unsigned char c)
{
    return (unsigned)(c - '0') < 10 || (unsigned)((c | 0x20) - 'a') < 6;
}

/* May look up to 4 bytes behind the line, whose last byte is then no closing quote: that is an error anyway. */
static inline bool four_hex(const unsigned char *p)
{
    return is_hex(p[0]) && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]);
}

/* The 64 bytes from at on; the last ones of a line are filled up with blanks. */
static inline const unsigned char *block_at(const unsigned char *line, size_t at, size_t end,
                                            unsigned char tail[64])
{
    if (end - at >= 64) {
        return line + at;
    }
    memset(tail, ' ', 64);
    memcpy(tail, line + at, end - at);
    return tail;
}

#define BATCH 64 /* blocks whose masks are made at once: 5 KB of them */

#define TARGET
#define ISA(x) x##_c
#include "format/scan_block.h"
#undef TARGET
#undef ISA

#if defined(__x86_64__)
#define prefix_xor_sse2 prefix_xor_c
#define flatten_sse2    flatten_c
#define TARGET
#define ISA(x) x##_sse2
#include "format/scan_block.h"
#undef TARGET
#undef ISA

#define flatten_avx2 flatten_c
#define TARGET       AVX2
#define ISA(x)       x##_avx2
#include "format/scan_block.h"
#undef TARGET
#undef ISA

#define prefix_xor_avx512 prefix_xor_avx2
#define TARGET            AVX512
#define ISA(x)            x##_avx512
#include "format/scan_block.h"
#undef TARGET
#undef ISA
#endif

struct isa {
    const char *name;
    bool (*window)(struct tb_scan *);
};

#define ISAS 4
static struct isa isas[ISAS + 1];
static const char *isa_names[ISAS + 1];
static const struct isa *chosen;
static pthread_once_t isas_once = PTHREAD_ONCE_INIT;

static void isas_find(void)
{
    size_t n = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
                __builtin_cpu_supports("pclmul");
    if (avx2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")) {
        isas[n++] = (struct isa){"avx512", window_avx512};
    }
    if (avx2) {
        isas[n++] = (struct isa){"avx2", window_avx2};
    }
    isas[n++] = (struct isa){"sse2", window_sse2};
#endif
    isas[n++] = (struct isa){"c", window_c};
    for (size_t i = 0; i < n; i++) {
        isa_names[i] = isas[i].name;
    }
    chosen = isas;
}

const char *const *tb_scan_isas(void)
{
    pthread_once(&isas_once, isas_find);
    return isa_names;
}

bool tb_scan_use(const char *name)
{
    pthread_once(&isas_once, isas_find);
    for (size_t i = 0; isas[i].name != NULL; i++) {
        if (strcmp(isas[i].name, name) == 0) {
            chosen = &isas[i];
            return true;
        }
    }
    return false;
}

const char *tb_scan_isa(void)
{
    pthread_once(&isas_once, isas_find);
    return chosen->name;
}

bool tb_scan_init(struct tb_scan *s)
{
    pthread_once(&isas_once, isas_find);
    memset(s, 0, sizeof *s);
    size_t bytes = (TB_SCAN_WINDOW + SLACK) * sizeof(uint32_t);
    s->brace = malloc(bytes);
    s->colon = malloc(bytes);
    s->element = malloc(bytes);
    s->odd = malloc(bytes);
    if (s->brace == NULL || s->colon == NULL || s->element == NULL || s->odd == NULL) {
        tb_scan_release(s);
        return false;
    }
    return true;
}

void tb_scan_release(struct tb_scan *s)
{
    free(s->brace);
    free(s->colon);
    free(s->element);
    free(s->odd);
    free(s->quotes);
    memset(s, 0, sizeof *s);
}

bool tb_scan_begin(struct tb_scan *s, struct tb_str line)
{
    assert(line.n <= TB_LINE_MAX);
    size_t words = line.n / 64 + 2;
    if (words > s->quotes_cap) {
        size_t cap = words < 1024 ? 1024 : words + words / 2;
        uint64_t *q = realloc(s->quotes, cap * sizeof *q);
        if (q == NULL) {
            return false;
        }
        s->quotes = q;
        s->quotes_cap = cap;
    }
    memset(&s->state, 0, sizeof s->state);
    s->state.sep = 1; /* the root value is expected as after a separator */
    s->line = line.s;
    s->n = line.n;
    s->next = 0;
    s->escaped_keys = false;
    return true;
}

bool tb_scan_window(struct tb_scan *s)
{
    bool good = chosen->window(s);
    s->brace[s->braces] = UINT32_MAX;
    s->colon[s->colons] = UINT32_MAX;
    s->element[s->elements] = UINT32_MAX;
    if (s->next < s->n) {
        s->quotes[s->next >> 6] = ~UINT64_C(0);
    }
    if (s->next ==
        s->n) { /* no open string, nothing expected any more, and no string that would be the last token */
        good = good && (s->state.string | s->state.escaped | s->state.sep | s->state.key_end) == 0;
    }
    return good;
}
