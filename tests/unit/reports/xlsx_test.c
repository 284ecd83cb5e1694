/* writer/xlsx: the gate against its own reverse, the same bytes twice, well-formed parts whatever the texts, and the first
 * refused cell told at the end. */
#include "pack_scene.h"

#include <math.h>
#include "base/utf8.h"
#include "reports/writer/xlsx_grid.h"
#include "reports/writer/xlsx_text.h"

static uint64_t seed = 42;

static uint64_t next_random(void)
{
    seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static const char *gate(struct tb_buf *out, struct tb_str s, bool guard)
{
    struct tb_err err;
    assert_int_equal(tb_xlsx_gate(s, guard, out, &err), TB_OK);
    return out->p;
}

static void test_gate_by_example(void **state)
{
    (void)state;
    static const struct {
        struct tb_str in;
        const char *out;
        bool guard;
    } cases[] = {
        {TB_STR("plain"), "plain", false},
        {TB_STR(""), "", false},
        {TB_STR("=cmd|'/C calc'!A0"), "=cmd|'/C calc'!A0", false},
        {TB_STR("=cmd|'/C calc'!A0"), "'=cmd|'/C calc'!A0", true},
        {TB_STR("\t=1"), "' =1", true},
        {TB_STR("\x01=1"), "'=1", true},
        {TB_STR("-12.5"), "-12.5", true},
        {TB_STR("plain"), "plain", true},
        {TB_STR("\xff\xfe"), "\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {TB_STR("\xed\xa0\x80 lone"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD lone", false},
        {TB_STR("a\0b"), "ab", false},
        {TB_STR("a\tb\r\nc"), "a b  c", false},
        {TB_STR("\x1b[31mred\x7f"), "[31mred", false},
        {TB_STR("a\xE2\x80\xAE"
                "b\xE2\x81\xA6"
                "c"),
         "abc", false},
        {TB_STR("\xEF\xBF\xBE\xEF\xBF\xBF!"), "!", false},
        {TB_STR("_x0041_"), "_x005F_x0041_", false},
        {TB_STR("_x0041_x0042_"), "_x005F_x0041_x005F_x0042_", false},
        {TB_STR("_X0041_ _x041_ _x00g1_ _x0041"), "_X0041_ _x041_ _x00g1_ _x0041", false},
        {TB_STR("__x00e9__"), "__x005F_x00e9__", false},
        {TB_STR("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80", false},
    };
    struct tb_buf out;
    tb_buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (strcmp(gate(&out, cases[i].in, cases[i].guard), cases[i].out) != 0) {
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, out.p, cases[i].out);
        }
    }
    tb_buf_release(&out);
}

static void test_lines_of_words(void **state)
{
    (void)state;
    static const struct {
        struct tb_str in;
        size_t width, lines;
    } cases[] = {
        {TB_STR(""), 10, 1},
        {TB_STR("one two"), 7, 1},
        {TB_STR("one two"), 6, 2},
        {TB_STR("one two three"), 5, 3},
        {TB_STR("abcdefghij"), 10, 1},
        {TB_STR("abcdefghijk"), 10, 2},
        {TB_STR("a abcdefghijk b"), 10, 3},
        {TB_STR("a  b"), 4, 1},
        {TB_STR("\xE6\x9D\xB1\xE4\xBA\xAC \xE6\x94\xAF"), 6, 2}, /* wide: 4, a blank, 2 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t lines = tb_xlsx_lines(cases[i].in, cases[i].width);
        if (lines != cases[i].lines) {
            fail_msg("case %zu: %zu lines, expected %zu", i, lines, cases[i].lines);
        }
    }
    /* no line is longer than its width: the words of a text, at any width */
    const char *text = "Marketing Europe, Middle East and Africa (brand, web)";
    for (size_t width = 9; width < 60; width++) {
        assert_true(tb_xlsx_lines(tb_str_of(text), width) * width >= strlen(text) - 7);
        assert_true(tb_xlsx_lines(tb_str_of(text), width) >= tb_xlsx_lines(tb_str_of(text), width + 1));
    }
}

static void test_headers_wrap(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        size_t places, lines;
    } cases[] = {{"Charge", 7, 1},
                 {"Share of day", 7, 2},
                 {"Direct cost, exact", 11, 2},
                 {"Adjustments of earlier days", 11, 3},
                 {"Cache write 5 min tokens", 11, 3}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t lines = 0, places = tb_xlsx_header_places(tb_str_of(cases[i].label), &lines);
        if (places != cases[i].places || lines != cases[i].lines) {
            fail_msg("\"%s\": %zu places, %zu lines", cases[i].label, places, lines);
        }
    }
}

/* What Excel makes of _xHHHH_ (ASCII only, which is all that is escaped here). */
static size_t decode(const char *s, size_t n, char *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        unsigned v = 0;
        char end = 0;
        if (n - i >= 7 && s[i] == '_' && s[i + 1] == 'x' &&
            strspn(s + i + 2, "0123456789abcdefABCDEF") >= 4 && sscanf(s + i + 2, "%4x%c", &v, &end) == 2 &&
            end == '_') {
            assert_true(v < 0x80);
            out[k++] = (char)v;
            i += 7;
        } else {
            out[k++] = s[i++];
        }
    }
    return k;
}

static size_t utf16_units(const char *s, size_t n)
{
    size_t units = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        units += (c & 0xC0) != 0x80 ? (c >= 0xF0 ? 2u : 1u) : 0u;
    }
    return units;
}

/* Random texts made of what hurts: the gate's text is valid, harmless, and reads back as the cleaned text. */
static void test_gate_at_random(void **state)
{
    (void)state;
    static const char *const bits[] = {"_",
                                       "x",
                                       "0041",
                                       "_x0041_",
                                       "_x005F_",
                                       "a",
                                       "\xff",
                                       "\xE2\x80\xAE",
                                       "\xF0\x9F\x98\x80",
                                       "\xC3\xA9",
                                       "\x01",
                                       "\n",
                                       "=",
                                       "5F_",
                                       "\xEF\xBF\xBF",
                                       "\xC3",
                                       " "};
    struct tb_buf out;
    char in[512], clean[2048], back[4096];
    tb_buf_init(&out, TEXT_MAX);
    for (int round = 0; round < 20000; round++) {
        size_t n = 0, parts = next_random() % 24;
        for (size_t i = 0; i < parts; i++) {
            const char *bit = bits[next_random() % COUNT(bits)];
            memcpy(in + n, bit, strlen(bit));
            n += strlen(bit);
        }
        gate(&out, (struct tb_str){in, n}, false);
        assert_true(tb_utf8_valid(tb_buf_view(&out)));
        size_t cleaned = tb_utf8_printable((struct tb_str){in, n}, clean);
        size_t decoded = decode(out.p, out.n, back);
        assert_true(decoded == cleaned && memcmp(back, clean, cleaned) == 0);
        for (size_t i = 0; i < out.n; i++) {
            assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7F);
        }
    }
    tb_buf_release(&out);
}

static void test_gate_cuts_between_characters(void **state)
{
    (void)state;
    static const char *const bits[] = {"x", "\xF0\x9F\x98\x80", "_x0041_", "\xC3\xA9"};
    struct tb_buf out, in;
    struct tb_err err;
    tb_buf_init(&out, TEXT_MAX);
    tb_buf_init(&in, TEXT_MAX);
    for (size_t b = 0; b < COUNT(bits); b++) {
        for (size_t lead = 0; lead < 9; lead++) { /* shifts the place of the cut through the bit */
            tb_buf_clear(&in);
            for (size_t i = 0; i < lead; i++) {
                assert_int_equal(tb_buf_add(&in, "y", 1, &err), TB_OK);
            }
            for (size_t i = 0; i < 40000; i++) {
                assert_int_equal(tb_buf_add(&in, bits[b], strlen(bits[b]), &err), TB_OK);
            }
            gate(&out, tb_buf_view(&in), false);
            size_t units = utf16_units(out.p, out.n);
            assert_true(tb_utf8_valid(tb_buf_view(&out)) && units <= TB_XLSX_CHARS_MAX &&
                        units > TB_XLSX_CHARS_MAX - 8);
            assert_memory_equal(out.p + out.n - 3, "\xE2\x80\xA6", 3);
        }
    }
    tb_buf_clear(&in); /* exactly as long as it may be: nothing is cut */
    for (size_t i = 0; i < TB_XLSX_CHARS_MAX; i++) {
        assert_int_equal(tb_buf_add(&in, "z", 1, &err), TB_OK);
    }
    assert_int_equal(strlen(gate(&out, tb_buf_view(&in), false)), TB_XLSX_CHARS_MAX);
    tb_buf_release(&in);
    tb_buf_release(&out);
}

/* --- books ------------------------------------------------------------------------------------------------------- */

static char dir[64], file[96];

static struct tb_xlsx *new_book(void)
{
    struct tb_err err;
    struct tb_xlsx *x = NULL;
    const struct tb_xlsx_options o = {
        .title = "A & B", .subject = "<test>", .footer = "R&D / 100 %", .created_us = 86400000000};
    snprintf(dir, sizeof dir, "/tmp/tollbook-xlsx-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/t.xlsx", dir);
    assert_int_equal(tb_xlsx_new(file, &o, &x, &err), TB_OK);
    return x;
}

static void end_book(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static const struct tb_grid_column columns[] = {
    {"Name", TB_XS_TEXT, false, 0}, {"Count", TB_XS_COUNT, true, 0}, {"Cost", TB_XS_COST, true, 0}};

static void fill(struct tb_xlsx *x, int lines, int64_t lines_max)
{
    static const struct tb_str names[] = {TB_STR("=1+1"),
                                          TB_STR("\xff\xfe"),
                                          TB_STR("0042"),
                                          TB_STR("<&>\"'"),
                                          TB_STR("_x0041_"),
                                          TB_STR("\x0b\x1f"),
                                          TB_STR("<r><t>x</t></r>"),
                                          TB_STR("  blank  "),
                                          {NULL, 0}};
    struct tb_grid g;
    struct tb_xlsx_sheet *s = tb_xlsx_sheet(x, "A sheet", TB_TAB_READ);
    tb_grid_title(s, "Title", TB_STR("Subtitle"));
    tb_grid_begin(&g, s, 3, columns, 3, lines_max);
    for (int i = 0; i < lines; i++) {
        tb_grid_row(&g);
        tb_grid_text(&g, 0, 0, names[(size_t)i % COUNT(names)]);
        tb_grid_count(&g, 1, i);
        tb_grid_money(&g, 2, tb_money_of_cents(i * 3));
    }
    tb_grid_end(&g, "TestLines", "nothing", "elsewhere");
}

static char *part_of(const char *name)
{
    char command[256];
    snprintf(command, sizeof command, "unzip -p '%s' '%s'", file, name);
    return output_of(command);
}

static void expect_well_formed(void)
{
    char command[512];
    snprintf(command, sizeof command,
             "cd '%s' && unzip -q -o t.xlsx -d parts && find parts -name '*.xml' -o -name '*.rels' | tr "
             "'\\n' '\\0' | xargs -0 "
             "xmllint --noout",
             dir);
    assert_int_equal(system(command), 0);
}

static void test_book_is_well_formed(void **state)
{
    (void)state;
    struct tb_err err;
    struct stat st;
    struct tb_xlsx *x = new_book();
    fill(x, 12, 1000);
    assert_int_equal(tb_xlsx_close(x, &err), TB_OK);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    expect_well_formed();
    char *sheet = part_of("xl/worksheets/sheet1.xml");
    assert_non_null(strstr(sheet, "<f>SUBTOTAL(109,B6:B17)</f><v>66</v>"));
    assert_non_null(strstr(sheet, "<f>SUBTOTAL(109,C6:C17)</f><v>1.98</v>"));
    assert_non_null(strstr(sheet, "numberStoredAsText=\"1\""));
    assert_non_null(strstr(sheet, "R&amp;&amp;D / 100 %"));
    free(sheet);
    char *strings = part_of("xl/sharedStrings.xml");
    assert_non_null(strstr(strings, "<t>=1+1</t>"));
    assert_non_null(strstr(strings, "_x005F_x0041_"));
    assert_non_null(strstr(strings, "&lt;r&gt;"));
    free(strings);
    end_book();
}

static void test_lines_left_out_are_announced(void **state)
{
    (void)state;
    struct tb_err err;
    struct tb_xlsx *x = new_book();
    fill(x, 12, 5);
    assert_int_equal(tb_xlsx_close(x, &err), TB_OK);
    char *strings = part_of("xl/sharedStrings.xml"), *sheet = part_of("xl/worksheets/sheet1.xml");
    assert_non_null(strstr(strings, "7 more lines are not shown here: see elsewhere"));
    assert_non_null(strstr(sheet, "<f>SUBTOTAL(109,B6:B10)</f><v>10</v>")); /* of what is seen */
    free(strings);
    free(sheet);
    end_book();
}

/* Whatever its format, a total of money is in the currency's unit; lines without a cell get an empty one. */
static void test_totals_of_every_money_format(void **state)
{
    (void)state;
    static const struct tb_grid_column money[] = {{"Name", TB_XS_TEXT, false, 0},
                                                  {"Cents", TB_XS_MONEY, true, 0},
                                                  {"Cost", TB_XS_COST, true, 0},
                                                  {"Exact", TB_XS_PRICE, true, 0},
                                                  {"Of any kind", TB_XS_COUNT, false, 0}};
    struct tb_err err;
    struct tb_grid g;
    struct tb_xlsx *x = new_book();
    tb_grid_begin(&g, tb_xlsx_sheet(x, "Money", TB_TAB_READ), 3, money, COUNT(money), 10);
    for (int line = 0; line < 2; line++) {
        tb_grid_row(&g);
        for (int i = 1; i <= 3; i++) {
            tb_grid_money(&g, i, tb_money_of_cents(150 + 75 * line));
        }
    }
    tb_grid_money_as(&g, 4, TB_XS_MONEY, tb_money_of_cents(1234));
    (void)tb_grid_end(&g, "MoneyLines", "nothing", "elsewhere");
    assert_int_equal(tb_xlsx_close(x, &err), TB_OK);
    char *sheet = part_of("xl/worksheets/sheet1.xml");
    for (const char *column = "BCD"; *column != '\0'; column++) {
        char total[64];
        snprintf(total, sizeof total, "<f>SUBTOTAL(109,%c6:%c7)</f><v>3.75</v>", *column, *column);
        assert_non_null(strstr(sheet, total));
    }
    assert_non_null(strstr(sheet, "<c r=\"A6\"")); /* not given: empty, with the line's style */
    assert_non_null(strstr(strstr(sheet, "<c r=\"E7\""), "<v>12.34</v>"));
    free(sheet);
    end_book();
}

static void test_no_lines_no_table(void **state)
{
    (void)state;
    struct tb_err err;
    struct tb_xlsx *x = new_book();
    fill(x, 0, 5);
    assert_int_equal(tb_xlsx_close(x, &err), TB_OK);
    expect_well_formed();
    char *strings = part_of("xl/sharedStrings.xml"), *sheet = part_of("xl/worksheets/sheet1.xml");
    assert_non_null(strstr(strings, "nothing"));
    assert_null(strstr(sheet, "tablePart"));
    assert_null(strstr(sheet, "<f>"));
    free(strings);
    free(sheet);
    end_book();
}

static void test_same_calls_same_bytes(void **state)
{
    (void)state;
    struct tb_err err;
    char command[256], first[64];
    struct tb_xlsx *x = new_book();
    fill(x, 9, 100);
    assert_int_equal(tb_xlsx_close(x, &err), TB_OK);
    snprintf(command, sizeof command, "sha256sum < '%s'", file);
    char *a = output_of(command);
    end_book();
    snprintf(first, sizeof first, "%.60s", a);
    usleep(1200000); /* zip and the document's date count in seconds */
    x = new_book();
    fill(x, 9, 100);
    assert_int_equal(tb_xlsx_close(x, &err), TB_OK);
    snprintf(command, sizeof command, "sha256sum < '%s'", file);
    char *b = output_of(command);
    assert_memory_equal(first, b, 60);
    free(a);
    free(b);
    end_book();
}

static void test_what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct tb_err err;
        struct tb_xlsx *x = new_book();
        struct tb_xlsx_sheet *s = tb_xlsx_sheet(x, "S", TB_TAB_READ);
        tb_xlsx_number(s, 4, 2, TB_XS_MONEY, bad[i]);
        tb_xlsx_text(s, 5, 2, 0, TB_STR("later"));
        assert_int_equal(tb_xlsx_close(x, &err), TB_FAIL);
        assert_int_equal(err.code, TB_E_RANGE);
        assert_non_null(strstr(err.text, "cell C5 of S is no finite number"));
        assert_int_equal(access(file, F_OK), -1);
        end_book();
    }
}

static void test_totals_out_of_range(void **state)
{
    (void)state;
    struct tb_err err;
    struct tb_grid g;
    struct tb_xlsx *x = new_book();
    tb_money most = (tb_money)(((unsigned __int128)1 << 127) - 1);
    tb_grid_begin(&g, tb_xlsx_sheet(x, "S", TB_TAB_READ), 0, columns, 3, 10);
    for (int i = 0; i < 2; i++) {
        tb_grid_row(&g);
        tb_grid_money(&g, 2, most);
    }
    tb_grid_end(&g, "TestLines", "", "");
    assert_int_equal(tb_xlsx_close(x, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_RANGE);
    end_book();
}

static void test_unwritable_places(void **state)
{
    (void)state;
    struct tb_err err;
    struct tb_xlsx *x = NULL;
    const struct tb_xlsx_options o = {.title = "t", .subject = "s", .footer = "f", .created_us = 86400000000};
    assert_int_equal(tb_xlsx_new("/nonexistent/folder/t.xlsx", &o, &x, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_IO);
    assert_null(x);
    x = new_book();
    fill(x, 3, 10);
    end_book(); /* the folder goes while the book is open */
    assert_int_equal(tb_xlsx_close(x, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_IO);
    assert_non_null(strstr(err.text, "cannot write the workbook"));
}

static void test_abandoned_leaves_nothing(void **state)
{
    (void)state;
    struct tb_xlsx *x = new_book();
    fill(x, 3, 10);
    tb_xlsx_abandon(x);
    assert_int_equal(access(file, F_OK), -1);
    tb_xlsx_abandon(NULL);
    end_book();
}

static void test_ranges(void **state)
{
    (void)state;
    char out[TB_XLSX_RANGE_MAX];
    tb_xlsx_range(NULL, 4, 0, 9, 1, out);
    assert_string_equal(out, "A5:B10");
    tb_xlsx_range("Trend", 4, 2, 4, 2, out);
    assert_string_equal(out, "Trend!$C$5");
    tb_xlsx_range("By model", 0, 26, 1048575, 27, out);
    assert_string_equal(out, "'By model'!$AA$1:$AB$1048576");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_by_example),
        cmocka_unit_test(test_lines_of_words),
        cmocka_unit_test(test_headers_wrap),
        cmocka_unit_test(test_gate_at_random),
        cmocka_unit_test(test_gate_cuts_between_characters),
        cmocka_unit_test(test_book_is_well_formed),
        cmocka_unit_test(test_lines_left_out_are_announced),
        cmocka_unit_test(test_totals_of_every_money_format),
        cmocka_unit_test(test_no_lines_no_table),
        cmocka_unit_test(test_same_calls_same_bytes),
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_totals_out_of_range),
        cmocka_unit_test(test_unwritable_places),
        cmocka_unit_test(test_abandoned_leaves_nothing),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
