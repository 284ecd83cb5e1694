/* The pack, struck: a kill or a failing call at any step leaves something that the next run makes whole. */
#include "pack_scene.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/wait.h>

static const struct call late_calls[] = {{DAY, 601, "ann", "big", 1000, 1000}};

/* The calls that change the disk, counted: the one number `fatal` ends the process as a kill would, or fails. */
static long calls, fatal = -1;
static bool dies;

static bool strikes(void)
{
    if (fatal < 0 || ++calls != fatal) {
        return false;
    }
    if (dies) {
        _exit(99);
    }
    errno = EIO;
    return true;
}

static void *real(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    assert_non_null(p);
    return p;
}

int rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *);
    *(void **)&next = real("rename");
    return strikes() ? -1 : next(from, to);
}

int link(const char *from, const char *to)
{
    int (*next)(const char *, const char *);
    *(void **)&next = real("link");
    return strikes() ? -1 : next(from, to);
}

int fsync(int fd)
{
    int (*next)(int);
    *(void **)&next = real("fsync");
    return strikes() ? -1 : next(fd);
}

int mkdir(const char *path, mode_t mode)
{
    int (*next)(const char *, mode_t);
    *(void **)&next = real("mkdir");
    return strikes() ? -1 : next(path, mode);
}

static void copy_scene(const struct scene *from, const struct scene *to)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to->dir, from->dir, to->dir);
    assert_int_equal(system(command), 0);
}

/* Packs the day in another process; its exit code: 0 done, 1 failed with words, 99 struck dead. */
static int pack_apart(struct scene *s, long at, bool kill)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct tb_pack_result r;
        scene_open(s);
        calls = 0;
        fatal = at;
        dies = kill;
        enum tb_status st =
            tb_pack_write(s->db, &s->settings, s->tables, s->version, DAY, 1000000, &r, &s->err);
        fatal = -1;
        if (!kill) {
            tb_db_close(s->db);
        }
        _exit(st == TB_OK ? 0 : s->err.text[0] != '\0' ? 1 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A pack of two revisions, struck at every step of the second: the next run gives what an undisturbed one gives. */
static void strike_at_every_step(bool kill)
{
    struct scene before, s;
    scene_with_calls(&before);
    scene_pack(&before, DAY);
    scene_file(&before, 0, 2, late_calls, COUNT(late_calls));
    tb_db_close(before.db);
    before.db = NULL;
    s = before;
    snprintf(s.dir, sizeof s.dir, "%.60s-x", before.dir);
    snprintf(s.path, sizeof s.path, "%s/t.db", s.dir);
    snprintf(s.output, sizeof s.output, "%s/out", s.dir);
    s.settings.output = s.output; /* dir stays: the pack names files from it */
    copy_scene(&before, &s);
    assert_int_equal(pack_apart(&s, 0, true), 0);
    struct digests wanted = digests_of(&s);
    char r1[TB_SHA256_HEX];
    scene_digest(&s, "superseded/r1/" WORKBOOK, r1);
    int struck = 0, quiet = 0;
    for (long at = 1; quiet < 20;
         at++) { /* a failing mkdir of a folder that is there does no harm: not the end yet */
        copy_scene(&before, &s);
        int code = pack_apart(&s, at, kill);
        quiet = code == 0 ? quiet + 1 : 0;
        struck += code != 0;
        assert_true(code == 0 || code == (kill ? 99 : 1));
        scene_open(&s);
        bool stale = scene_stale(&s, DAY);
        struct tb_pack_result r = scene_pack(&s, DAY);
        assert_int_equal(r.revision, 2);
        assert_true(stale || (!r.is_new && !r.repaired)); /* what is not out of date is right */
        expect_same(wanted, digests_of(&s));
        char kept[TB_SHA256_HEX];
        scene_digest(&s, "superseded/r1/" WORKBOOK, kept);
        assert_string_equal(kept, r1);
        assert_false(scene_has(&s, "superseded/r2-changed"));
        assert_false(scene_has(&s, "superseded/r1-changed"));
        expect_no_leftovers(&s);
        assert_false(scene_stale(&s, DAY));
        tb_db_close(s.db);
    }
    assert_true(struck > 10);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", s.dir);
    assert_int_equal(system(command), 0);
    scene_end(&before);
}

static void test_killed_at_every_step(void **state)
{
    (void)state;
    strike_at_every_step(true);
}

static void test_every_call_fails_once(void **state)
{
    (void)state;
    strike_at_every_step(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_at_every_step),
        cmocka_unit_test(test_every_call_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
