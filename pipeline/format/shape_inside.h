/* Concept: the inside of shapes, shared by shape.c (matching lines), shape_match.c (comparing with one shape) and
 *          shape_learn.c (taking a line apart).
 */
#ifndef TB_SHAPE_INSIDE_H
#define TB_SHAPE_INSIDE_H

#include "format/shape.h"
#include "format/walk.h"

#define TB_SHAPE_TOKENS_MAX 768
#define TB_SHAPES_MAX       64 /* bits of a mask */

#define TB_SHAPE_MOVES UINT32_MAX

enum tb_shape_then { TB_THEN_STRING, TB_THEN_SCALAR, TB_THEN_END };

struct tb_shape_token {  /* a scalar value of the learnt line */
    uint32_t begin, end; /* [begin, end) in its text, a string without its quotes */
    bool string;
    bool varies;
};

struct tb_shape_segment { /* what stays, up to the next varying value or the line's end */
    uint32_t begin, n;
    enum tb_shape_then then;
    uint32_t steady; /* bytes of that value, while it was as long in each line; TB_SHAPE_MOVES: it was not */
};

struct tb_shape_place { /* a byte of the text, found again in a matched line */
    uint32_t segment;
    uint32_t offset;
};

struct tb_shape_capture { /* a slot's value */
    struct tb_shape_place place;
    uint32_t token;
    struct tb_value *to; /* where the walk has it, while it holds this shape */
    uint16_t instance;
    uint8_t scope;
    uint8_t slot;
    bool varies;           /* its token does */
    struct tb_value value; /* as in the learnt line */
};

struct tb_shape_kept { /* an instance, without its values */
    struct tb_shape_place key;
    uint32_t key_at, key_n;
    uint64_t present;
    uint16_t parent;
    bool dead;
};

struct tb_shape {
    uint32_t number; /* in tb_shapes' apart */
    char *text;
    uint32_t n;
    struct tb_shape_token *token;
    uint32_t tokens;
    struct tb_shape_segment *segment; /* tokens + 1 at most */
    uint32_t segments;
    uint32_t back_to; /* the first segment up to which lines are also read from their end on */
    struct tb_shape_capture *capture;
    uint32_t captures;
    uint32_t scalars;           /* captures[0 .. scalars) are tokens, the rest brackets */
    struct tb_shape_kept *kept; /* of all scopes, one after the other */
    uint16_t kepts[TB_TRIE_SCOPES_MAX];
};

struct tb_shapes {
    struct tb_shape *shape[TB_SHAPES_MAX]; /* the last used first */
    uint32_t n;
    uint32_t apart[TB_SHAPES_MAX][TB_SHAPES_MAX]; /* [a][b]: where in a's text b first stands otherwise */
    int credit;
    uint32_t pause, next_pause;
    const struct tb_shape *loaded; /* whose instances the walk holds now */
    uint32_t position[TB_SHAPE_TOKENS_MAX + 2];
};

/* Fills position with where each segment begins in line, the line's end behind them. False: another shape; *miss is then
 * the place in the shape's text up to which the line is like it; a varying value that is none of its kind begins there. */
typedef bool tb_shape_match(struct tb_shape *s, struct tb_str line, uint32_t *position, size_t *miss);
tb_shape_match *tb_shape_matcher(const char *isa);

/* The shape of the line that w has just read whole; NULL: it has too many values, or there is no memory. */
struct tb_shape *tb_shape_of(const struct tb_walk *w);
void tb_shape_free(struct tb_shape *s);

/* Where in a's text b first has something else than a, values aside. */
uint32_t tb_shape_apart(const struct tb_shape *a, const struct tb_shape *b);

/* Makes segments and places from the tokens that vary. */
void tb_shape_compile(struct tb_shape *s);

#endif
