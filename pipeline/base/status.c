#include "base/status.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

#define FILE_MAX  sizeof(((struct tb_err *)0)->file)
#define TEXT_MAX  sizeof(((struct tb_err *)0)->text)
#define WHOLE_MAX (FILE_MAX + TEXT_MAX + 64) /* file, two numbers, text */

enum tb_status tb_err_set(struct tb_err *err, enum tb_status status, enum tb_code code, const char *fmt, ...)
{
    assert(fmt != NULL);
    if (err == NULL) {
        return status;
    }
    /* Formatted aside: the arguments may point into err itself, to wrap an earlier cause. */
    char text[TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof(text), fmt, args) < 0) {
        text[0] = '\0';
    }
    va_end(args);
    err->code = code;
    err->file[0] = '\0';
    err->line = 0;
    err->column = 0;
    err->byte = 0;
    memcpy(err->text, text, sizeof(text));
    return status;
}

void tb_err_place(struct tb_err *err, const char *file, uint64_t line, uint64_t column)
{
    if (err == NULL) {
        return;
    }
    if (file != err->file) {
        (void)snprintf(err->file, sizeof(err->file), "%s", file != NULL ? file : "");
    }
    err->line = line;
    err->column = column;
}

int tb_err_exit(const struct tb_err *err)
{
    assert(err != NULL);
    switch (err->code) {
    case TB_E_NONE:
        return 0;
    case TB_E_USAGE:
    case TB_E_CONFIG:
    case TB_E_TABLE:
    case TB_E_FORMAT:
    case TB_E_UNBUILT:
        return 2;
    case TB_E_CONTROL:
        return 4;
    case TB_E_MISSING:
    case TB_E_TRUNCATED:
    case TB_E_CORRUPT:
        return 5;
    case TB_E_LOCK:
        return 11;
    case TB_E_INTERRUPT:
        return 130;
    case TB_E_IO:
    case TB_E_DB:
    case TB_E_SCHEMA:
    case TB_E_MEMORY:
    case TB_E_RANGE:
    case TB_E_LIMIT:
        return 1;
    }
    return 1;
}

/* Copies as many whole characters of s as fit into out, and a NUL. */
static void copy_cut(struct tb_str s, char *out, size_t out_size)
{
    size_t n = s.n < out_size ? s.n : out_size - 1;
    while (n < s.n && n > 0 && ((unsigned char)s.s[n] & 0xC0) == 0x80) {
        n--;
    }
    memcpy(out, s.s, n);
    out[n] = '\0';
}

void tb_err_format(const struct tb_err *err, char *out, size_t out_size)
{
    assert(err != NULL);
    assert(out != NULL && out_size > 0);
    char place[48] = "";
    if (err->line > 0 && err->column > 0) {
        (void)snprintf(place, sizeof(place), "%" PRIu64 ":%" PRIu64, err->line, err->column);
    } else if (err->line > 0) {
        (void)snprintf(place, sizeof(place), "%" PRIu64, err->line);
    }
    char raw[WHOLE_MAX];
    const char *colon1 = err->file[0] != '\0' && place[0] != '\0' ? ":" : "";
    const char *colon2 = err->file[0] != '\0' || place[0] != '\0' ? ": " : "";
    (void)snprintf(raw, sizeof(raw), "%s%s%s%s%s", err->file, colon1, place, colon2, err->text);
    char clean[3 * WHOLE_MAX];
    size_t n = tb_utf8_printable(tb_str_of(raw), clean);
    copy_cut((struct tb_str){clean, n}, out, out_size);
}
