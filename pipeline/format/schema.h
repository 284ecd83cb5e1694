/* Concept: a format file, read and compiled (vocabulary: README.md). Everything that names a place in the line has become
 *          a slot of the trie.
 * Shape:   a rule that makes events has its own list of fields, because `@` paths mean the rule's `each`.
 * Owns:    the format owns its arena, trie, sample texts; read-only after loading.
 */
#ifndef TB_SCHEMA_H
#define TB_SCHEMA_H

#include "base/arena.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/limits.h"
#include "event/event.h"
#include "format/trie.h"

/* The fields of a format file, in the order in which names are listed. Texts and numbers of the event first. */
enum tb_field {
    TB_FIELD_TEXT,                                /* + enum tb_event_text, up to TB_T_USER_AGENT */
    TB_FIELD_NUMBER = TB_FIELD_TEXT + TB_T_COUNT, /* + enum tb_event_number */
    TB_FIELD_ID = TB_FIELD_NUMBER + TB_N_COUNT,
    TB_FIELD_TS,
    TB_FIELD_TOTAL,
    TB_FIELD_COST,
    TB_FIELD_PROMPT,
    TB_FIELD_PROMPT_HASH,
    TB_FIELD_COUNT
};

/* A field's name, NULL when a format file cannot set it. */
const char *tb_field_name(int field);

enum tb_unit { TB_UNIT_NONE, TB_UNIT_TEXT, TB_UNIT_S, TB_UNIT_MS, TB_UNIT_US, TB_UNIT_NS };
enum tb_take { TB_TAKE_VALUE, TB_TAKE_COUNT, TB_TAKE_JSON };

struct tb_place {
    uint8_t scope;
    uint8_t slot;
    const char *path; /* as text, for explanations */
};

#define TB_JOIN_MAX 8

struct tb_pair { /* of a map; from absent: any other value */
    struct tb_str from;
    struct tb_str to; /* absent: no value */
};

struct tb_alternative {
    bool is_plain;    /* a path and nothing else: no word that changes the value */
    bool is_whole;    /* the same but for what filters it: a text is taken as it stands, or not at all */
    bool is_filtered; /* has not_these or like */
    bool is_const;
    struct tb_str constant;
    struct tb_place place;
    enum tb_unit unit;
    enum tb_take take;
    int64_t minus;
    char cut; /* 0, or the byte at which a text ends */
    bool has_since;
    struct tb_place since;       /* the value is the time from here to place */
    const struct tb_place *join; /* one text of several: place is the first of them */
    size_t joins;
    const struct tb_str *like; /* globs, one of which a value must match */
    size_t likes;
    const struct tb_str *not_these;
    size_t nots;
    const struct tb_pair *map;
    size_t pairs;
};

struct tb_alternatives {
    const struct tb_alternative *alt;
    size_t n;
};

enum tb_test {
    TB_TEST_PRESENT,
    TB_TEST_ABSENT,
    TB_TEST_EQUALS,
    TB_TEST_NOT,
    TB_TEST_FROM,
    TB_TEST_BELOW,
    TB_TEST_LIKE,
    TB_TEST_ANY
};

#define TB_NO_NUMBER INT32_MAX

struct tb_condition {
    enum tb_test test;
    int field; /* -1: place */
    struct tb_place place;
    const struct tb_str *values;
    const struct tb_decimal *numbers; /* of values; an exponent of TB_NO_NUMBER: that one is no number */
    size_t n_values;
    struct tb_decimal bound;
    const struct tb_condition *any; /* TB_TEST_ANY: one of these */
    size_t n_any;
};

struct tb_conditions { /* all of them */
    const struct tb_condition *c;
    size_t n;
};

enum tb_then { TB_THEN_EVENT, TB_THEN_IGNORE, TB_THEN_REJECT };

struct tb_rule {
    enum tb_then then;
    const char *reason;
    int scope; /* that each instance of makes an event; 0: the record */
    bool key_in_id;
    bool tool;
    uint32_t most;
    struct tb_conditions when;
    struct tb_alternatives field[TB_FIELD_COUNT];
    uint8_t text[TB_T_COUNT], number[TB_N_COUNT]; /* which texts and numbers have alternatives */
    uint8_t texts, numbers;
    struct tb_conditions estimated, cache_hit, refused;
    struct tb_conditions cached_inside,
        reasoning_inside;                     /* when the format's flag is set: only if these hold */
    uint8_t parent_scope[TB_TRIE_SCOPES_MAX]; /* the scopes around scope, innermost first; 0-ended */
};

struct tb_format {
    char *id;
    char *about;
    char digest[17];
    bool delimited;         /* rows of CSV are lines of this format too */
    const char *text_lines; /* other lines that are no JSON are ignored for this reason; NULL: rejected */
    struct tb_arena arena;
    struct tb_trie trie;
    struct tb_trie strings; /* which strings hold JSON that is read too */
    bool has_strings;
    const struct tb_conditions *recognise;
    size_t n_recognise;
    const struct tb_rule *rule;
    size_t n_rules;
    bool cached_inside_input;
    bool reasoning_inside_output;
    bool zone_utc; /* timestamps without a zone are UTC */
    struct tb_str cost_currency;
    struct tb_json *json;       /* kept for its samples */
    bool wants[TB_FIELD_COUNT]; /* some rule has it */
};

/* Compiles text (JSON with comments); name is for errors. */
enum tb_status tb_schema_load(struct tb_str text, const char *name, struct tb_format **out,
                              struct tb_err *err) TB_MUST_USE;
void tb_schema_free(struct tb_format *f);

/* --- between schema.c, schema_path.c, schema_field.c and schema_condition.c ----------------------------------------------------------------------------------- */

#define TB_PATH_STEPS_MAX 16

struct tb_path {
    bool relative; /* begins with @ */
    struct tb_step step[TB_PATH_STEPS_MAX];
    size_t n;
};

struct tb_schema { /* while loading */
    struct tb_format *f;
    const struct tb_json *j;
    struct tb_path each; /* of the rule being compiled; n == 0 outside rules */
    int each_scope;
    bool no_events;          /* the rule makes none: a field behind a `*` has nothing there */
    bool never_without_each; /* a condition on an `@` path is then false instead of an error */
};

/* One constant or an array of them, as texts: numbers and booleans as JSON writes them, null absent. */
enum tb_status tb_schema_constants(struct tb_schema *s, const struct tb_json_node *n,
                                   const struct tb_str **out, size_t *count, struct tb_err *err);
void *tb_schema_alloc(struct tb_schema *s, size_t n);
enum tb_status tb_schema_path(struct tb_schema *s, const struct tb_json_node *n, struct tb_path *out,
                              struct tb_err *err);

/* The place of path under s->each; sets *none (and succeeds) when it is relative and there is no each. */
enum tb_status tb_schema_place(struct tb_schema *s, const struct tb_json_node *n, struct tb_place *out,
                               bool *none, struct tb_err *err);
/* The globs of "like": one or an array of them. */
enum tb_status tb_schema_globs(struct tb_schema *s, const struct tb_json_node *n, const struct tb_str **out,
                               size_t *count, struct tb_err *err);
enum tb_status tb_schema_alternatives(struct tb_schema *s, const struct tb_json_node *n, int field,
                                      struct tb_alternatives *out, struct tb_err *err);
enum tb_status tb_schema_conditions(struct tb_schema *s, const struct tb_json_node *n,
                                    struct tb_conditions *out, struct tb_err *err);

#endif
