/* Concept: expected sources (`expect` in the configuration) that were silent when they usually speak, and nodes whose file is
 *          missing: such a day is incomplete.
 * Shape:   a source speaks in a local hour when a stored line of it (event, duplicate or conflict) falls into it. Days alike are
 *          workdays among each other, and Saturdays, Sundays and holidays among each other. A day is held against the last five
 *          days alike, counted back from the last one of the 35 days before on which the source spoke, and not before the
 *          first one on which it did; with fewer than three such days nothing is expected yet. What was so on four fifths of
 *          them, rounded up, is usual:
 *            - an hour (every "hour") or a whole day (either) in which the source usually speaks and did not. A dead source
 *              is told for five weeks; a plan that moved to another hour is learned on the third day;
 *            - a node (bound by {node}) of which there usually is a line, or a file of the day's {date}, and is none, on a day
 *              on which other nodes of the source spoke.
 *          A single odd day among five neither raises nor hides anything. Only hours that are over are judged.
 * Owns:    a tb_silences its rows, until released; source points into the settings.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY.
 */
#ifndef TB_SILENCE_H
#define TB_SILENCE_H

#include "config/settings.h"
#include "store/db.h"

#define TB_SILENCE_DAYS  35
#define TB_SILENCE_ALIKE 5
#define TB_SILENCE_LEAST 3

struct tb_silence {
    int32_t day;
    const char *source;
    char *node;     /* a missing node; NULL: the source itself */
    bool whole_day; /* else from_hour to to_hour, local clock, exclusive */
    int from_hour, to_hour;
    int hours;        /* expected and silent; of a whole day or a node: 1 */
    bool free_day;    /* the days alike are free days */
    int spoke, alike; /* on how many of how many days alike it spoke then (the least of its hours) */
};

struct tb_silences {
    struct tb_silence *rows; /* by source in the order of `expect`, day, hours; nodes by name */
    size_t n, cap;
};

/* now_us: hours that end later are not judged; 0: all are over. */
enum tb_status tb_silence_find(struct tb_db *db, const struct tb_settings *s, int32_t from_day,
                               int32_t to_day, int64_t now_us, struct tb_silences *out,
                               struct tb_err *err) TB_MUST_USE;
void tb_silence_release(struct tb_silences *s);

/* "silent from 09:00 to 11:00", "silent all day", "no file of node \"gw-2\""; and the whole sentence. */
#define TB_SILENCE_WORDS_MAX 512
void tb_silence_reason(const struct tb_silence *s, char out[TB_SILENCE_WORDS_MAX]);
void tb_silence_words(const struct tb_silence *s, char out[TB_SILENCE_WORDS_MAX]);

#endif
