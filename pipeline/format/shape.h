/* Concept: lines of one log mostly differ in their values only. A shape is a line that was read whole once, taken apart
 *          into what stays and what varies; a line that has the same bytes in all that stays, and a well-formed scalar
 *          wherever something varies, is valid, and its values are where the shape says. So it is checked as strictly as by
 *          the scanner, but at the speed of comparing bytes.
 * Shape:   a value counts as staying until it differs once; then it is a varying one for good. A varying one (an id, an instant)
 *          counts as steady, always of one length, until it has another; then it is one that moves for good. A line that differs
 *          anywhere else (keys, order, blanks, brackets, kind of scalar) is read whole, and becomes a shape itself.
 * Owns:    a tb_shapes owns its shapes; one thread's, inside a tb_walk.
 * Limits:  TB_SHAPES_MAX shapes; lines longer than LEARN_BYTES_MAX or with more than TB_SHAPE_TOKENS_MAX scalars are not learnt (but are
 *          matched). Where lines rarely match, matching is tried only now and then.
 */
#ifndef TB_SHAPE_H
#define TB_SHAPE_H

#include <stdbool.h>
#include "base/str.h"

struct tb_walk;
struct tb_shapes;

struct tb_shapes *tb_shapes_new(void); /* NULL: no memory */
void tb_shapes_free(struct tb_shapes *s);

/* True when line has a known shape: w then holds its values, as after a walk. */
bool tb_shapes_match(struct tb_shapes *s, struct tb_walk *w, struct tb_str line);

/* The walk reads a line by itself: what a shape has put into it is gone. */
void tb_shapes_unload(struct tb_shapes *s);

/* Learns the line that w has just read whole. */
void tb_shapes_learn(struct tb_shapes *s, struct tb_walk *w);

#endif
