#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "cmd/key.h"

static enum tb_status parse(struct tb_str text, const char *path, unsigned char key[TB_KEY_BYTES],
                            struct tb_err *err)
{
    while (text.n > 0 && (text.s[text.n - 1] == '\n' || text.s[text.n - 1] == '\r')) {
        text.n--;
    }
    bool good = text.n == 2 * TB_KEY_BYTES;
    for (size_t i = 0; good && i < TB_KEY_BYTES; i++) {
        char pair[3] = {text.s[2 * i], text.s[2 * i + 1], '\0'};
        unsigned v = 0;
        good = strspn(pair, "0123456789abcdef") == 2 && sscanf(pair, "%2x", &v) == 1;
        key[i] = (unsigned char)v;
    }
    if (!good) {
        enum tb_status st = tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                                       "the fingerprint key is not %d hex digits; restore it from a backup, "
                                       "or move it away to start anew",
                                       2 * TB_KEY_BYTES);
        tb_err_place(err, path, 0, 0);
        return st;
    }
    return TB_OK;
}

/* Writes a new key under a name of its own and links it into place, so that of two first runs one wins whole. */
static enum tb_status create(const char *path, struct tb_err *err)
{
    unsigned char key[TB_KEY_BYTES];
    char text[2 * TB_KEY_BYTES + 2];
    char temp[1200];
    tb_random_bytes(key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++) {
        snprintf(text + 2 * i, 3, "%02x", key[i]);
    }
    text[2 * TB_KEY_BYTES] = '\n';
    snprintf(temp, sizeof temp, "%s.%ld.tmp", path, (long)getpid());
    enum tb_status st = tb_file_mkparent(path, 0700, err);
    if (st == TB_OK) {
        st = tb_file_write(temp, (struct tb_str){text, 2 * TB_KEY_BYTES + 1}, 0600, err);
    }
    if (st == TB_OK && link(temp, path) != 0 && errno != EEXIST) {
        st = tb_err_set(err, TB_FAIL, TB_E_IO, "cannot make the fingerprint key: %s", strerror(errno));
        tb_err_place(err, path, 0, 0);
    }
    unlink(temp);
    return st;
}

enum tb_status tb_key_load(const char *path, unsigned char key[TB_KEY_BYTES], struct tb_err *err)
{
    struct tb_buf text;
    tb_buf_init(&text, 4096);
    enum tb_status st = TB_OK;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        st = create(path, err);
    }
    if (st == TB_OK) {
        st = tb_file_read(path, 4096, &text, err);
    }
    if (st == TB_OK) {
        st = parse(tb_buf_view(&text), path, key, err);
    }
    tb_buf_release(&text);
    return st;
}
