#include "input/unwrap_parts.h"

#include <stddef.h>

/* Sources: Kubernetes pkg/kubelet/kuberuntime/logs and staging/src/k8s.io/kubectl/pkg/cmd/logs (1.31), read
 * 2026-10. */

#define NAME_MAX_BYTES 253 /* of a pod or container: an RFC 1123 subdomain */

static bool digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool shaped(const char *p, const char *shape, size_t n) /* 0 = a digit, else the character itself */
{
    for (size_t i = 0; i < n; i++) {
        if (shape[i] == '0' ? !digits(p + i, 1) : p[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

/* The length of an RFC 3339 timestamp with nanoseconds at the front of s, or 0. */
static size_t timestamp(struct tb_str s)
{
    size_t n = 19;
    if (s.n < 20 || !shaped(s.s, "0000-00-00T00:00:00", n)) {
        return 0;
    }
    if (s.s[n] == '.') {
        size_t from = ++n;
        while (n < s.n && n < from + 9 && digits(s.s + n, 1)) {
            n++;
        }
        if (n == from) {
            return 0;
        }
    }
    if (n < s.n && s.s[n] == 'Z') {
        return n + 1;
    }
    if (s.n - n >= 6 && (s.s[n] == '+' || s.s[n] == '-') && shaped(s.s + n + 1, "00:00", 5)) {
        return n + 6;
    }
    return 0;
}

static struct tb_str from(struct tb_str s, size_t at)
{
    return (struct tb_str){s.s + at, s.n - at};
}

/* Like timestamp, with the blank behind it. */
static size_t timestamp_blank(struct tb_str s)
{
    size_t n = timestamp(s);
    return n > 0 && n < s.n && s.s[n] == ' ' ? n + 1 : 0;
}

bool tb_wrap_cri(struct tb_str text, struct tb_wrap *w)
{
    size_t at = timestamp_blank(text);
    if (at == 0 || text.n - at < 8) {
        return false;
    }
    const char *p = text.s + at;
    if (memcmp(p, "stdout ", 7) != 0 && memcmp(p, "stderr ", 7) != 0) {
        return false;
    }
    char tag = p[7];
    size_t n = at + 8;
    if (tag != 'P' && tag != 'F') {
        return false;
    }
    if (n < text.n && text.s[n] == ':') { /* more tags */
        while (n < text.n && text.s[n] != ' ') {
            n++;
        }
    }
    if (n < text.n && text.s[n] != ' ') {
        return false;
    }
    n += n < text.n; /* an empty text may have lost its blank */
    *w = (struct tb_wrap){
        .kind = TB_WRAP_CRI, .inner = from(text, n), .stream = {p, 6}, .partial = tag == 'P'};
    return true;
}

/* The end of a name that begins at at and runs to the character stop, or 0. */
static size_t name_end(struct tb_str s, size_t at, char stop)
{
    size_t n = at;
    while (n < s.n && s.s[n] != '/' && s.s[n] != ']' && !tb_is_blank(s.s[n])) {
        n++;
    }
    return n > at && n - at <= NAME_MAX_BYTES && n < s.n && s.s[n] == stop ? n : 0;
}

bool tb_wrap_kubectl(struct tb_str text, struct tb_wrap *w)
{
    *w = (struct tb_wrap){.kind = TB_WRAP_KUBECTL};
    size_t at = 0;
    if (text.n > 5 && memcmp(text.s, "[pod/", 5) == 0) {
        size_t pod = name_end(text, 5, '/');
        size_t container = pod > 0 ? name_end(text, pod + 1, ']') : 0;
        if (container == 0 || (container + 1 < text.n && text.s[container + 1] != ' ')) {
            return false;
        }
        w->node = (struct tb_str){text.s + 5, pod - 5};
        at = container + 1 + (container + 1 < text.n);
    }
    struct tb_str rest = from(text, at);
    struct tb_wrap inner;
    size_t stamp = timestamp_blank(rest);
    if (stamp > 0 && !tb_wrap_cri(rest, &inner)) {
        at += stamp;
    }
    w->inner = from(text, at);
    return at > 0;
}
