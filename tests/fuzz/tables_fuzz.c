/* Any bytes as one of the CSV tables (the first byte says which): taken, or refused with a place and a reason. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tb_settings *settings;

static void set_up(void)
{
    static const char config[] =
        "{\"sources\": [{\"name\": \"gateway\", \"paths\": [\"x\"]}], \"prices\": \"p\", \"quotas\": \"q\", "
        "\"accounts\": \"a\", \"budgets\": \"b\", \"shared\": \"s\", \"adjustments\": \"d\"}";
    char path[] = "/tmp/tollbook-fuzz-XXXXXX";
    struct tb_err err = {0};
    int fd = mkstemp(path);
    assert(fd >= 0 && write(fd, config, sizeof config - 1) == (ssize_t)sizeof config - 1);
    close(fd);
    assert(tb_settings_load(path, &settings, &err) == TB_OK);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (settings == NULL) {
        set_up();
    }
    if (size < 1) {
        return 0;
    }
    char *own = malloc(size); /* exactly, so that reading too far is seen */
    memcpy(own, data + 1, size - 1);
    struct tb_str text[TB_TABLE_COUNT] = {{NULL, 0}};
    text[data[0] % TB_TABLE_COUNT] = (struct tb_str){own, size - 1};
    static const char *const names[TB_TABLE_COUNT] = {"p.csv", "q.csv", "a.csv", "b.csv", "s.csv", "d.csv"};
    struct tb_tables *tables = NULL;
    struct tb_err err = {0};
    enum tb_status st = tb_tables_parse(settings, text, names, &tables, &err);
    assert(st == TB_OK ||
           (st == TB_FAIL && err.code == TB_E_TABLE && err.text[0] != '\0' && err.file[0] != '\0'));
    tb_tables_free(st == TB_OK ? tables : NULL);
    free(own);
    return 0;
}
