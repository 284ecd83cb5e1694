/* Runs a fuzz target over files and folders of seeds, without libFuzzer: what `make check` replays. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static unsigned long replayed;

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    unsigned char *data = malloc((size_t)n + 1);
    if (data == NULL || fread(data, 1, (size_t)n, f) != (size_t)n) {
        fprintf(stderr, "%s: cannot read\n", path);
        free(data);
        fclose(f);
        return 1;
    }
    fclose(f);
    /* whole, and every eighth shorter: what a torn file would be */
    for (size_t cut = 0; cut <= 8; cut++) {
        size_t m = (size_t)n - (size_t)n * cut / 8;
        unsigned char *copy = malloc(m + 1);
        if (copy == NULL) {
            free(data);
            return 1;
        }
        memcpy(copy, data, m);
        LLVMFuzzerTestOneInput(copy, m);
        free(copy);
        replayed++;
    }
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && !S_ISDIR(st.st_mode)) {
            bad |= replay_file(argv[i]);
            continue;
        }
        DIR *d = opendir(argv[i]);
        if (d == NULL) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] != '.') {
                bad |= replay_file(path);
            }
        }
        closedir(d);
    }
    printf("replayed %lu inputs\n", replayed);
    return bad != 0 || replayed == 0;
}
