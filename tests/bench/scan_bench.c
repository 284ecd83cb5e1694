/* How fast lines are read, on one thread, for the two kinds of Kong lines: k (no prompt) and p (with prompt).
 * touch    adds up the bytes 8 at a time: a bound that no reader can pass
 * index    masks and grammar of the scanner, without nesting and keys
 * whole    index + walk: every line validated and its values found, with no memory of other lines
 * walk     the same as extraction does it: by shape where a shape is known
 * extract  walk + fields, prompts and checks: what ingest pays
 * Lines lie in a block of 256 KiB that is filled anew each time (not timed), so they are in L2, as behind inflate.
 * Each block's best time of ROUNDS counts, so that a busy neighbour disturbs less. Usage: scan_bench [ROUNDS [MB]] */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "format/extract.h"
#include "kong_lines.h"

#define BLOCK     (256u << 10)
#define LINES_MAX 256

struct block {
    char *bytes;
    struct tb_str line[LINES_MAX];
    uint32_t lines;
    size_t n;
};

static struct block *blocks;
static uint32_t n_blocks;
static char *hot; /* where a block is read */
static struct tb_extractor *x;
static uint64_t sink;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void make_blocks(int prompt_bytes)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < n_blocks; i++) {
        struct block *b = &blocks[i];
        free(b->bytes);
        b->bytes = malloc(BLOCK + 64);
        assert(b->bytes != NULL);
        b->n = b->lines = 0;
        while (b->n + 10000 < BLOCK && b->lines < LINES_MAX) {
            int n = lines_make(b->bytes + b->n, number++, prompt_bytes);
            b->line[b->lines++] = (struct tb_str){hot + b->n, (size_t)n};
            b->n += (size_t)n;
            b->bytes[b->n++] = '\n';
        }
    }
}

static void touch(const struct block *b)
{
    for (size_t i = 0; i + 8 <= b->n; i += 8) {
        uint64_t v;
        memcpy(&v, hot + i, 8);
        sink += v;
    }
}

static void index_lines(const struct block *b)
{
    for (uint32_t i = 0; i < b->lines; i++) {
        bool good = tb_scan_begin(&x->walk.scan, b->line[i]);
        while (good && x->walk.scan.next < b->line[i].n) {
            good = tb_scan_window(&x->walk.scan);
        }
        assert(good);
    }
}

static void whole(const struct block *b)
{
    for (uint32_t i = 0; i < b->lines; i++) {
        assert(tb_walk_whole(&x->walk, b->line[i]) == TB_WALK_OK);
    }
}

static void walk(const struct block *b)
{
    for (uint32_t i = 0; i < b->lines; i++) {
        assert(tb_walk_line(&x->walk, b->line[i]) == TB_WALK_OK);
    }
}

static void extract(const struct block *b)
{
    for (uint32_t i = 0; i < b->lines; i++) {
        struct tb_outcome out;
        tb_extract(x, b->line[i], &out);
        assert(out.kind == TB_OUTCOME_EVENTS && out.n == 1);
        sink += (uint64_t)out.events[0].number[TB_N_OUTPUT];
    }
}

static void run(const char *what, void (*read)(const struct block *), int rounds)
{
    double sum = 0;
    size_t bytes = 0, lines = 0;
    for (uint32_t i = 0; i < n_blocks; i++) {
        double best = 1e9;
        for (int r = 0; r < rounds; r++) {
            memcpy(hot, blocks[i].bytes, blocks[i].n);
            double begin = now();
            read(&blocks[i]);
            double took = now() - begin;
            best = took < best ? took : best;
        }
        sum += best;
        bytes += blocks[i].n;
        lines += blocks[i].lines;
    }
    printf("  %-8s %6.2f GB/s %7.0f ns a line\n", what, (double)bytes / sum / 1e9, sum / (double)lines * 1e9);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 9, mb = argc > 2 ? atoi(argv[2]) : 24;
    struct tb_format_set *set;
    struct tb_err err;
    n_blocks = (uint32_t)mb * 4;
    blocks = calloc(n_blocks, sizeof *blocks);
    hot = malloc(BLOCK + 64);
    assert(tb_format_set_new(NULL, &set, &err) == TB_OK && blocks != NULL && hot != NULL);
    memset(hot, ' ', BLOCK + 64);
    x = tb_extractor_new(tb_format_find(set, "kong"));
    assert(x != NULL);
    for (int kind = 0; kind < 2; kind++) {
        make_blocks(kind == 0 ? 0 : 4100);
        printf("%c: %u blocks of 256 KiB, lines of %zu bytes\n", "kp"[kind], n_blocks,
               blocks[0].n / blocks[0].lines);
        run("touch", touch, rounds);
        for (const char *const *isa = tb_scan_isas(); *isa != NULL && strcmp(*isa, "c") != 0; isa++) {
            assert(tb_scan_use(*isa));
            printf(" %s\n", *isa);
            run("index", index_lines, rounds);
            run("whole", whole, rounds);
            run("walk", walk, rounds);
            run("extract", extract, rounds);
        }
    }
    return sink == 42;
}
