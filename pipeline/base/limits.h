/* Concept: every cap in one place, each with its reason. An input past a cap gives an error that names the
 *          cap.
 */
#ifndef TB_LIMITS_H
#define TB_LIMITS_H

#include <stdint.h>

#define TB_LINE_MAX              (16u << 20) /* bytes of a line or joined record: Kong payloads stay below 8 MiB */
#define TB_ROW_LINES_MAX         65536 /* lines of one CSV row with quoted newlines; a pasted file fits */
#define TB_BLOCK_BYTES           (256u << 10) /* one read or inflate step; 8-10 % faster than 1-4 MiB */
#define TB_JSON_DEPTH_MAX        512          /* nesting of a log line; real ones stay below 20 */
#define TB_EVENTS_PER_RECORD_MAX 16384        /* spans in one record: collectors batch 8192, SDKs 512 */
#define TB_KEYS_PER_RECORD_MAX   64 /* different keys under a `*` (plugins): each is compared with all others */
#define TB_FIELD_BYTES_MAX       1024 /* a dimension's text (consumer, model): longer is cut, with a digest */
#define TB_ID_BYTES_MAX          512  /* a log's own call id; longer is replaced by its digest */
#define TB_ARCHIVE_ENTRIES_MAX   10000        /* members of one archive */
#define TB_ARCHIVE_DEPTH_MAX     1            /* archives inside an archive */
#define TB_EXPANSION_MAX         1100u        /* bytes out per byte in; deflate cannot exceed 1032 */
#define TB_EXPANSION_FLOOR_BYTES (64u << 20)  /* output below this is never called a bomb */
#define TB_GZIP_HEADER_MAX       (256u << 10) /* of one member: a name, a comment, 64 KiB of extra fields */
#define TB_NAME_MAX              1024         /* bytes of a path or member name */
#define TB_CONFIG_BYTES_MAX      (4u << 20)   /* tollbook.jsonc or a format file */
#define TB_TABLE_BYTES_MAX       (64u << 20)  /* one CSV table */
#define TB_CSV_COLUMNS_MAX       256
#define TB_BATCH_ROWS            32768        /* rows between a worker and the committer: about 7 MB */
#define TB_SEGMENT_ROWS          8192         /* rows of a segment */
#define TB_SEGMENT_BLOB_MAX      (64u << 10)  /* bytes of one column-group blob */
#define TB_DICT_BYTES_MAX        (256u << 20) /* distinct dimension texts held in memory */
#define TB_REJECT_ROWS_MAX       100000       /* reject rows kept per file; all are counted */
#define TB_COST_MAX                                                                                          \
    INT64_C(1000000000) /* units of the currency that one call may log; more is a broken line */
#define TB_TOKENS_MAX INT64_C(1000000000000) /* of one call; more is a broken line */

#endif
