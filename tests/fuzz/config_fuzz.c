/* Any bytes as tollbook.jsonc: taken, or refused with a reason, and never a wrong place. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void set_up(void)
{
    snprintf(path, sizeof path, "/tmp/tollbook-fuzz-%ld.jsonc", (long)getpid());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (path[0] == '\0') {
        set_up();
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    struct tb_settings *s = NULL;
    struct tb_err err = {0};
    enum tb_status st = tb_settings_load(path, &s, &err);
    unlink(path);
    if (st == TB_OK) {
        for (int i = 0; i < s->source_count; i++) {
            assert(s->sources[i].name[0] != '\0' && s->sources[i].paths[0] != NULL);
        }
        tb_settings_free(s);
        return 0;
    }
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    assert(st == TB_FAIL && err.code == TB_E_CONFIG && err.text[0] != '\0' && err.line <= lines);
    return 0;
}
