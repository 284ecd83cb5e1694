#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/options.h"

#define OPTIONS_MAX 32

static const struct tb_option *find(const struct tb_option *options, const char *name, size_t n)
{
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == n && memcmp(options->name, name, n) == 0) {
            return options;
        }
    }
    return NULL;
}

static int unknown(const struct tb_command *c, const struct tb_option *options, const char *arg, size_t n)
{
    const char *words[OPTIONS_MAX + 1] = {NULL};
    for (size_t i = 0; i < OPTIONS_MAX && options[i].name != NULL; i++) {
        words[i] = options[i].name;
    }
    const char *near = n > 2 ? tb_did_you_mean((struct tb_str){arg + 2, n - 2}, words) : NULL;
    if (near != NULL) {
        return tb_cmd_usage(c->name, "unknown option \"%s\"; did you mean \"--%s\"?", arg, near);
    }
    return tb_cmd_usage(c->name, "unknown option \"%s\"", arg);
}

static int help(const struct tb_command *c)
{
    printf("usage: tollbook %s\n\n%s\n", c->synopsis, c->about);
    if (c->help != NULL && c->help[0] != '\0') {
        printf("\n%s\n", c->help);
    }
    return TB_EXIT_DONE;
}

static bool is_option(const char *arg)
{
    return strncmp(arg, "--", 2) == 0 || strcmp(arg, "-o") == 0 || strcmp(arg, "-h") == 0;
}

int tb_options_parse(const struct tb_command *c, int argc, char **argv, const struct tb_option *options,
                     const char **operands, size_t *operand_count)
{
    bool ended = false;
    *operand_count = 0;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!ended && strcmp(arg, "--") == 0) {
            ended = true;
            continue;
        }
        if (ended || !is_option(arg)) {
            if (*operand_count == TB_OPERANDS_MAX) {
                return tb_cmd_usage(c->name, "more than %d operands", TB_OPERANDS_MAX);
            }
            operands[(*operand_count)++] = arg;
            continue;
        }
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            return help(c);
        }
        size_t n = strcspn(arg, "=");
        const struct tb_option *o =
            strcmp(arg, "-o") == 0 ? find(options, "o", 1) : find(options, arg + 2, n - 2);
        if (o == NULL) {
            return unknown(c, options, arg, n);
        }
        if (*o->value != NULL) {
            return tb_cmd_usage(c->name, "\"%.*s\" is given twice", (int)n, arg);
        }
        if (o->flag) {
            if (arg[n] == '=') {
                return tb_cmd_usage(c->name, "\"%.*s\" takes no value", (int)n, arg);
            }
            *o->value = "";
        } else if (arg[n] == '=') {
            *o->value = arg + n + 1;
        } else if (i + 1 < argc) {
            *o->value = argv[++i];
        } else {
            return tb_cmd_usage(c->name, "\"%s\" wants a value", arg);
        }
    }
    return -1;
}

int tb_options_unexpected(const struct tb_command *c, const char *operand)
{
    if (tb_dates_word(operand)) {
        return tb_cmd_usage(c->name, "unexpected operand \"%s\"; days are named with --date %s", operand,
                            operand);
    }
    return tb_cmd_usage(c->name, "unexpected operand \"%s\"", operand);
}
