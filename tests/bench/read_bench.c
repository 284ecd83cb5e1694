/* Reading alone: how fast the streams of pipeline/input give the lines' bytes, decompressed and checked, with a thread for each
 * core and nothing done with them. What a whole ingest can reach at most on the machine as it is at this minute.
 * usage: read_bench THREADS FILE...    prints wall seconds, CPU seconds and bytes
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/limits.h"
#include "input/stream.h"

static char **files;
static int count;
static atomic_int taken;
static atomic_uint_fast64_t bytes;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *path, const struct tb_err *err)
{
    fprintf(stderr, "read_bench: %s: %s\n", path, err->text);
    exit(1);
}

static void *read_files(void *unused)
{
    (void)unused;
    char *block = malloc(TB_BLOCK_BYTES);
    int i;
    while (block != NULL && (i = atomic_fetch_add(&taken, 1)) < count) {
        struct tb_err err = {.code = TB_E_NONE};
        struct tb_stream *s = NULL;
        struct tb_str name;
        size_t n;
        enum tb_status st = tb_stream_open(files[i], NULL, &s, &err);
        st = st == TB_OK ? tb_stream_member(s, &name, &err) : st;
        while (st == TB_OK && (st = tb_stream_read(s, block, TB_BLOCK_BYTES, &n, &err)) == TB_OK) {
            bytes += n;
        }
        if (st != TB_END) {
            fail(files[i], &err);
        }
        tb_stream_close(s);
    }
    free(block);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread[64];
    int threads = argc > 2 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > 64) {
        fprintf(stderr, "usage: read_bench THREADS FILE...\n");
        return 2;
    }
    files = argv + 2;
    count = argc - 2;
    double wall = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&thread[i], NULL, read_files, NULL) != 0) {
            fprintf(stderr, "read_bench: no thread\n");
            return 1;
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    printf("%.3f %.3f %llu\n", seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID),
           (unsigned long long)bytes);
    return 0;
}
