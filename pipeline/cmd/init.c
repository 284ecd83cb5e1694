/* tollbook init: a first configuration, commented, with starter tables. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

extern const struct tb_embed tb_embed_cmd[];

#define INIT_DIR "schemas/init/"

static const struct tb_embed *next_file(const struct tb_embed *e)
{
    while (e->path != NULL && strncmp(e->path, INIT_DIR, sizeof INIT_DIR - 1) != 0) {
        e++;
    }
    return e;
}

/* All or nothing: a folder that has one of the files gets none. */
static enum tb_status refuse_existing(const char *dir, struct tb_err *err)
{
    char path[4096];
    for (const struct tb_embed *e = next_file(tb_embed_cmd); e->path != NULL; e = next_file(e + 1)) {
        if (!tb_path_join(dir, e->path + sizeof INIT_DIR - 1, path, sizeof path)) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE, "the folder's name is too long");
        }
        if (access(path, F_OK) == 0) {
            enum tb_status st =
                tb_err_set(err, TB_FAIL, TB_E_USAGE,
                           "is there already and is never overwritten; choose an empty folder");
            tb_err_place(err, path, 0, 0);
            return st;
        }
    }
    return TB_OK;
}

static enum tb_status write_files(const char *dir, struct tb_err *err)
{
    char path[4096];
    enum tb_status st = tb_file_mkdirs(dir, 0755, err);
    if (st == TB_OK) {
        st = refuse_existing(dir, err);
    }
    for (const struct tb_embed *e = next_file(tb_embed_cmd); st == TB_OK && e->path != NULL;
         e = next_file(e + 1)) {
        tb_path_join(dir, e->path + sizeof INIT_DIR - 1, path, sizeof path);
        st = tb_file_write(path, (struct tb_str){(const char *)e->data, e->n}, 0644, err);
        if (st == TB_OK) {
            printf("wrote %s\n", path);
        }
    }
    return st;
}

static int run(const char *config, int argc, char **argv)
{
    (void)config;
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_init, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n > 1) {
        return tb_cmd_usage("init", "one folder at most");
    }
    struct tb_err err = {.code = TB_E_NONE};
    return write_files(n == 1 ? operand[0] : ".", &err) == TB_OK ? TB_EXIT_DONE : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_init = {
    .name = "init",
    .synopsis = "init [DIR]",
    .about = "write a commented tollbook.jsonc and starter tables",
    .help = "Writes into DIR (default: here); never overwrites. Edit \"sources\" to name your logs, then "
            "`tollbook check`.",
    .run = run,
};
