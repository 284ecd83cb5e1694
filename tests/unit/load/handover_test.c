/* Workers with random amounts of rows, the committer in another thread: every row arrives once, in the order
 * of its file, with bounds so small that everything waits and spills. */
#include "support.h"
#include "load/handover.h"
#include <pthread.h>
#include <unistd.h>

#define FILES 60

struct worker {
    struct tb_handover *h;
    struct tb_lane lane;
    struct tb_batch *batch;
    pthread_t thread;
    bool fails;
};

static uint32_t rows_of(size_t file)
{
    uint64_t seed = file + 100;
    return test_below(&seed, 4) == 0 ? 300 : test_below(&seed, 20);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct tb_job *job;
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st = TB_OK;
    while (st == TB_OK && (job = tb_handover_take(w->h, &w->lane)) != NULL) {
        struct tb_item item = {.kind = TB_ITEM_END};
        for (uint32_t i = 0; i < rows_of(job->index) && st == TB_OK; i++) {
            if (!tb_batch_room(w->batch)) {
                st = tb_handover_batch(w->h, job, &w->batch, &err);
            }
            if (st == TB_OK) {
                w->batch->rows[w->batch->n] = (struct tb_row){.line = i, .ts_us = (int64_t)job->index};
                w->batch->places[w->batch->n] = (struct tb_place){.byte = i};
                w->batch->n++;
            }
        }
        if (st == TB_OK && !tb_batch_empty(w->batch)) {
            st = tb_handover_batch(w->h, job, &w->batch, &err);
        }
        if (w->fails && job->index == 20) {
            tb_err_set(&err, TB_FATAL, TB_E_MEMORY, "no memory at file 20");
            tb_handover_fail(w->h, TB_FATAL, &err);
            return NULL;
        }
        if (st == TB_OK) {
            st = tb_handover_put(w->h, job, &item, &err);
        }
    }
    assert_true(st == TB_OK || err.code == TB_E_INTERRUPT);
    return NULL;
}

static void start(struct tb_handover *h, struct worker *w, int n, bool fails)
{
    struct tb_err err;
    for (int i = 0; i < n; i++) {
        w[i] = (struct worker){.h = h, .fails = fails};
        assert_int_equal(tb_lane_init(&w[i].lane, h->bounds, &err), TB_OK);
        w[i].batch = w[i].lane.free;
        w[i].lane.free = w[i].batch->next;
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
}

static void finish(struct tb_handover *h, struct worker *w, int n)
{
    for (int i = 0; i < n; i++) {
        pthread_join(w[i].thread, NULL);
    }
    tb_handover_release(h);
    for (int i = 0; i < n; i++) {
        tb_batch_free(w[i].batch);
        tb_lane_release(&w[i].lane);
    }
}

/* Returns what stopped it; spilled counts batches that went through a file. */
static enum tb_status commit(struct tb_handover *h, size_t files, unsigned pause, uint32_t *spilled,
                             struct tb_err *err)
{
    struct tb_batch *spare = tb_batch_new(h->bounds);
    struct tb_buf scratch;
    enum tb_status st = TB_OK;
    tb_buf_init(&scratch, TB_SPILL_SCRATCH_MAX);
    for (size_t f = 0; f < files && st == TB_OK; f++) {
        uint32_t line = 0;
        struct tb_item item = {.kind = TB_ITEM_MEMBER};
        while (st == TB_OK && item.kind != TB_ITEM_END) {
            st = tb_handover_get(h, &h->jobs[f], &item, spare, &scratch, err);
            if (st == TB_END) {
                st = TB_OK;
                continue;
            }
            if (st != TB_OK || item.kind == TB_ITEM_END) {
                continue;
            }
            for (uint32_t i = 0; i < item.batch->n; i++) {
                assert_int_equal(item.batch->rows[i].line, line++);
                assert_int_equal(item.batch->rows[i].ts_us, f);
            }
            *spilled += item.batch == spare;
            if (item.batch != spare) {
                tb_handover_return(h, &h->jobs[f], item.batch);
            }
            if (pause > 0) {
                usleep(pause);
            }
        }
        assert_true(st != TB_OK || line == rows_of(f));
    }
    tb_buf_release(&scratch);
    tb_batch_free(spare);
    return st;
}

static void every_row_arrives_once_in_order(void **state)
{
    (void)state;
    uint32_t spilled = 0;
    for (int workers = 1; workers <= 4; workers++) {
        struct tb_bounds bounds = test_bounds();
        struct tb_handover h;
        struct worker w[4];
        struct tb_err err;
        assert_int_equal(tb_handover_init(&h, &bounds, FILES, &err), TB_OK);
        start(&h, w, workers, false);
        assert_int_equal(commit(&h, FILES, workers % 2 ? 200 : 0, &spilled, &err), TB_OK);
        finish(&h, w, workers);
    }
    assert_true(spilled > 0);
}

static void a_cancelled_handover_lets_everybody_go(void **state)
{
    (void)state;
    struct tb_bounds bounds = test_bounds();
    for (size_t stop = 0; stop < 30; stop += 7) {
        uint32_t spilled = 0;
        struct tb_handover h;
        struct worker w[3];
        struct tb_err err;
        assert_int_equal(tb_handover_init(&h, &bounds, FILES, &err), TB_OK);
        start(&h, w, 3, false);
        assert_int_equal(commit(&h, stop, 0, &spilled, &err), TB_OK);
        tb_handover_cancel(&h);
        finish(&h, w, 3);
    }
}

static void the_failure_of_a_worker_is_told(void **state)
{
    (void)state;
    struct tb_bounds bounds = test_bounds();
    uint32_t spilled = 0;
    struct tb_handover h;
    struct worker w[3];
    struct tb_err err = {.code = TB_E_NONE};
    assert_int_equal(tb_handover_init(&h, &bounds, FILES, &err), TB_OK);
    start(&h, w, 3, true);
    assert_int_equal(commit(&h, FILES, 0, &spilled, &err), TB_FATAL);
    assert_string_equal(err.text, "no memory at file 20");
    finish(&h, w, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_arrives_once_in_order),
                                       cmocka_unit_test(a_cancelled_handover_lets_everybody_go),
                                       cmocka_unit_test(the_failure_of_a_worker_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
