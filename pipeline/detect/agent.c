/* Which user agents name a crawler: whole words, names of the list, and "...Bot" as a part of a name in capitals. SDKs are none:
 * they are how programs call an LLM, and nothing in the words or the list meets them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/embed.h"
#include "base/json.h"
#include "detect/pass.h"

extern const struct tb_embed tb_embed_detect[];

struct tb_agents {
    struct tb_json *json;
    const struct tb_json_node *words, *names;
};

enum tb_status tb_agents_new(struct tb_agents **out, struct tb_err *err)
{
    struct tb_agents *a = calloc(1, sizeof *a);
    *out = NULL;
    if (a == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the names of crawlers");
    }
    enum tb_status st = tb_json_parse(tb_str_of(tb_embed_text(tb_embed_detect, "agents.json")), "agents.json",
                                      TB_E_CONFIG, &a->json, err);
    if (st != TB_OK) {
        free(a);
        return st;
    }
    a->words = tb_json_get(tb_json_root(a->json), "words");
    a->names = tb_json_get(tb_json_root(a->json), "names");
    *out = a;
    return TB_OK;
}

void tb_agents_free(struct tb_agents *a)
{
    if (a != NULL) {
        tb_json_free(a->json);
        free(a);
    }
}

static bool is_letter(struct tb_str s, size_t i)
{
    return i < s.n && isalpha((unsigned char)s.s[i]) != 0;
}

/* Whether word stands in s, ignoring case, with no letter on either side. */
static bool has_word(struct tb_str s, struct tb_str word)
{
    for (size_t i = 0; i + word.n <= s.n; i++) {
        bool bounded = (i == 0 || !is_letter(s, i - 1) || !is_letter(word, 0)) &&
                       (!is_letter(s, i + word.n) || !is_letter(word, word.n - 1));
        if (bounded && strncasecmp(s.s + i, word.s, word.n) == 0) {
            return true;
        }
    }
    return false;
}

/* "DataHarvestBot", "PriceScraper", "webcrawler": parts of a longer name. CUBOT phones and Robotics have none. */
static bool has_part(struct tb_str s)
{
    static const char *const ends[] = {"Bot", "Spider"};
    static const char *const parts[] = {"crawl", "scrape", "scraping", "scrapy"};
    for (size_t i = 0; i < s.n; i++) {
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            size_t n = strlen(ends[k]);
            if (i > 0 && islower((unsigned char)s.s[i - 1]) != 0 && s.n - i >= n &&
                memcmp(s.s + i, ends[k], n) == 0 && !is_letter(s, i + n)) {
                return true;
            }
        }
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            if (s.n - i >= strlen(parts[k]) && strncasecmp(s.s + i, parts[k], strlen(parts[k])) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool any_word(const struct tb_json_node *list, struct tb_str s)
{
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL; n = tb_json_next(n)) {
        if (has_word(s, tb_json_text(n))) {
            return true;
        }
    }
    return false;
}

bool tb_agents_match(const struct tb_agents *a, struct tb_str user_agent)
{
    return user_agent.n > 0 &&
           (has_part(user_agent) || any_word(a->words, user_agent) || any_word(a->names, user_agent));
}
