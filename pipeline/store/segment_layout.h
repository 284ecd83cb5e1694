/* Concept: where a segment's bytes stand in table segment_group; shared by its writer and its reader.
 */
#ifndef TB_SEGMENT_LAYOUT_H
#define TB_SEGMENT_LAYOUT_H

#include "base/limits.h"
#include "store/segment.h"

#define TB_GROUP_VERSION   1
#define TB_PARTS_MAX       128
#define TB_GROUP_BYTES_MAX ((size_t)TB_PARTS_MAX * TB_SEGMENT_BLOB_MAX)

static inline int64_t tb_piece(int64_t segment, enum tb_group group, int64_t part)
{
    return segment * 4096 + (int64_t)group * TB_PARTS_MAX + part;
}

#endif
