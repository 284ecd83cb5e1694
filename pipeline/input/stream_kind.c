#include "input/stream_parts.h"

#include <string.h>

/* By magic, never by name, but for bytes that end before they can tell; a text file must never match. So each magic has a
 * byte that no text has, bzip2's (all text) is taken with the block magic behind it, and tar (no magic in old ones) by its
 * header checksum. */

struct magic {
    enum tb_kind kind;
    unsigned char n;
    const char *bytes;
};

/* Sources: RFC 1952; xz-file-format 1.1.0; bzip2 1.0.8 bzlib; RFC 8878; lz4 frame format 1.6.2 (and legacy
 * frame); APPNOTE.TXT 6.3.10; 7zFormat.txt 23.01. Read 2026-10. */
static const struct magic magics[] = {
    {TB_KIND_GZIP, 2, "\x1f\x8b"},
    {TB_KIND_XZ, 6,
     "\xfd"
     "7zXZ\0"},
    {TB_KIND_ZSTD, 4, "\x28\xb5\x2f\xfd"},
    {TB_KIND_LZ4, 4, "\x04\x22\x4d\x18"},
    {TB_KIND_LZ4, 4, "\x02\x21\x4c\x18"},
    {TB_KIND_ZIP, 4, "PK\3\4"},
    {TB_KIND_ZIP, 4, "PK\5\6"}, /* without members */
    {TB_KIND_7Z, 6, "7z\xbc\xaf\x27\x1c"},
};

/* Does first begin with the magic, or, when it is cut short within it, with a part that no text begins with? */
static bool has_magic(struct tb_str first, const char *magic, size_t n)
{
    size_t common = first.n < n ? first.n : n;
    if (memcmp(first.s, magic, common) != 0) {
        return false;
    }
    bool telling = common == n;
    for (size_t i = 0; i < common && !telling; i++) {
        unsigned char c = (unsigned char)magic[i];
        telling = c >= 0x80 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r');
    }
    return telling;
}

static bool is_bzip2(struct tb_str s)
{
    if (s.n < 4 || memcmp(s.s, "BZh", 3) != 0 || s.s[3] < '1' || s.s[3] > '9') {
        return false;
    }
    size_t n = s.n - 4 < 6 ? s.n - 4 : 6;
    return memcmp(s.s + 4, "1AY&SY", n) == 0 || memcmp(s.s + 4, "\x17\x72\x45\x38\x50\x90", n) == 0;
}

/* The number of an octal field, or -1. */
static long octal(const char *p, size_t n)
{
    size_t i = 0;
    long v = 0;
    while (i < n && p[i] == ' ') {
        i++;
    }
    size_t start = i;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
        v = v * 8 + (p[i] - '0');
    }
    return i > start && (i == n || p[i] == ' ' || p[i] == '\0') ? v : -1;
}

/* The sum of the first 512 bytes, with the checksum's own field as blanks; old tars summed signed chars. */
static bool is_tar(struct tb_str s)
{
    enum { AT = 148, N = 8 };
    if (s.n < 512 || s.s[0] == '\0') {
        return false;
    }
    long want = octal(s.s + AT, N), plain = 0, with_sign = 0;
    for (size_t i = 0; i < 512; i++) {
        bool own = i >= AT && i < AT + N;
        plain += own ? ' ' : (unsigned char)s.s[i];
        with_sign += own ? ' ' : (signed char)s.s[i];
    }
    return want >= 0 && (want == plain || want == with_sign);
}

enum tb_kind tb_kind_of(struct tb_str first)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (has_magic(first, magics[i].bytes, magics[i].n)) {
            return magics[i].kind;
        }
    }
    return is_bzip2(first) ? TB_KIND_BZIP2 : is_tar(first) ? TB_KIND_TAR : TB_KIND_PLAIN;
}

enum tb_kind tb_kind_of_cut(struct tb_str all, struct tb_str name)
{
    static const struct {
        enum tb_kind kind;
        const char *ending, *magic;
    } cut[] = {{TB_KIND_GZIP, ".gz", "\x1f\x8b"},  {TB_KIND_GZIP, ".tgz", "\x1f\x8b"},
               {TB_KIND_XZ, ".xz", "\xfd"},        {TB_KIND_BZIP2, ".bz2", "BZh"},
               {TB_KIND_ZSTD, ".zst", "\x28\xb5"}, {TB_KIND_LZ4, ".lz4", "\x04\x22"}};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        size_t n = strlen(cut[i].ending);
        if (name.n > n && memcmp(name.s + name.n - n, cut[i].ending, n) == 0 &&
            all.n <= strlen(cut[i].magic) && (all.n == 0 || memcmp(all.s, cut[i].magic, all.n) == 0)) {
            return cut[i].kind;
        }
    }
    return TB_KIND_PLAIN;
}

const char *tb_kind_name(enum tb_kind k)
{
    static const char *const names[] = {"plain", "gzip", "xz", "bzip2", "zstd", "lz4", "tar", "zip", "7z"};
    return names[k];
}
