/* Concept: command-line options, declared as a table: long names only, "--name VALUE" or "--name=VALUE"; operands may
 *          stand anywhere; "--" ends options. "-" and "-7d" are operands or values, "-o" and "-h" the only short options.
 */
#ifndef TB_OPTIONS_H
#define TB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define TB_OPERANDS_MAX 4096

struct tb_option {
    const char *name;   /* "date" for --date */
    bool flag;          /* takes no value: *value becomes "" */
    const char **value; /* out: NULL when not given; given twice is an error */
};

/* Fills the options' values and collects operands. Returns -1 when the command goes on, else the exit code to return (2
 * after a usage error, with a "did you mean"; 0 after --help was printed). options ends with a NULL name. */
struct tb_command;
int tb_options_parse(const struct tb_command *c, int argc, char **argv, const struct tb_option *options,
                     const char **operands, size_t *operand_count);

/* The usage error for an operand of a command that takes no more of them; of a date it says how dates are given. */
int tb_options_unexpected(const struct tb_command *c, const char *operand);

#endif
