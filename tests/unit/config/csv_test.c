/* The CSV reader: what is a cell, where it stands, and what is refused with which place. */
#include "tests/unit/config/helper.h"
#include "base/buf.h"
#include "base/limits.h"
#include "config/csv.h"

/* Writes each row as "line:column:text|line:column:text\n". */
static enum tb_status dump(void *context, const struct tb_csv_row *row, struct tb_err *err)
{
    struct tb_buf *out = context;
    for (size_t i = 0; i < row->count; i++) {
        enum tb_status status = tb_buf_printf(
            out, err, "%s%llu:%llu:%.*s", i > 0 ? "|" : "", (unsigned long long)row->cells[i].line,
            (unsigned long long)row->cells[i].column, (int)row->cells[i].text.n, row->cells[i].text.s);
        if (status != TB_OK) {
            return status;
        }
    }
    return tb_buf_add(out, "\n", 1, err);
}

static void good_texts_give_cells_with_places(void **state)
{
    static const struct {
        const char *text;
        const char *cells;
    } table[] = {
        {"a,b\n1,2\n", "1:1:a|1:3:b\n2:1:1|2:3:2\n"},
        {"a,b\n1,2", "1:1:a|1:3:b\n2:1:1|2:3:2\n"},
        {"a,b\r\n1,2\r\n", "1:1:a|1:3:b\n2:1:1|2:3:2\n"},
        {"a,b\r1,2\r", "1:1:a|1:3:b\n2:1:1|2:3:2\n"},
        {"\xEF\xBB\xBF"
         "a;b\n1;2,5\n",
         "1:1:a|1:3:b\n2:1:1|2:3:2,5\n"},
        {"a;b,c;d\n", "1:1:a|1:3:b,c|1:7:d\n"},
        {"\"a;b\",c\n", "1:1:a;b|1:7:c\n"},
        {"a\n", "1:1:a\n"},
        {"a,b\n,\n1,\n", "1:1:a|1:3:b\n3:1:1|3:3:\n"},
        {"a,b\n\n  \n\t\r\n1,2\n\n", "1:1:a|1:3:b\n5:1:1|5:3:2\n"},
        {"a,b\n  1 ,\t2 \n", "1:1:a|1:3:b\n2:3:1|2:7:2\n"},
        {"a,b\n\" 1 \",\"\"\n", "1:1:a|1:3:b\n2:1: 1 |2:7:\n"},
        {"a,b\n\"say \"\"hi\"\"\",x\n", "1:1:a|1:3:b\n2:1:say \"hi\"|2:14:x\n"},
        {"a,b\n\"two\nlines\",x\ny,z\n", "1:1:a|1:3:b\n2:1:two\nlines|3:8:x\n4:1:y|4:3:z\n"},
        {"a,b\n\"two\r\nlines\",x\r\ny,z\n", "1:1:a|1:3:b\n2:1:two\r\nlines|3:8:x\n4:1:y|4:3:z\n"},
        {"a,b\n\xC3\xA9\xE2\x82\xAC,x\n", "1:1:a|1:3:b\n2:1:\xC3\xA9\xE2\x82\xAC|2:4:x\n"},
        {"a,b\n1,", "1:1:a|1:3:b\n2:1:1|2:3:\n"},
        {"a,b\n\xEF\xBF\xBD,x", "1:1:a|1:3:b\n2:1:\xEF\xBF\xBD|2:3:x\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tb_buf out;
        struct tb_err err = {0};
        tb_buf_init(&out, 1 << 16);
        enum tb_status status = tb_csv_parse(tb_str_of(table[i].text), "t.csv", dump, &out, &err);
        if (status != TB_OK) {
            fail_msg("text %zu refused: %s", i, err.text);
        }
        if (!tb_str_eq(tb_buf_view(&out), tb_str_of(table[i].cells))) {
            fail_msg("text %zu:\n got      %.*s\n expected %s", i, (int)out.n, out.p, table[i].cells);
        }
        tb_buf_release(&out);
    }
}

#define QUOTE_MESSAGE                                                                                        \
    "a quote is out of place or never closed in the cell that begins here: quote the whole cell and double " \
    "each quote "                                                                                            \
    "in it"

static void bad_texts_are_refused_with_their_place(void **state)
{
    static const struct {
        struct tb_str text;
        const char *message;
    } table[] = {
        {{"", 0}, "t.csv:1:1: the file is empty: its first line must name the columns"},
        {{"\n\n", 2}, "t.csv:1:1: the file is empty: its first line must name the columns"},
        {{"\xEF\xBB\xBF", 3}, "t.csv:1:1: the file is empty: its first line must name the columns"},
        {{"a,b\n1,x\"y\n", 10}, "t.csv:2:3: " QUOTE_MESSAGE},
        {{"a,b\n1,\"x\"y\n", 11}, "t.csv:2:3: " QUOTE_MESSAGE},
        {{"a,b\n1,\"x\n2,3\n", 13}, "t.csv:2:3: " QUOTE_MESSAGE},
        {{"a,b\n\xC3\xA9,\xFF\n", 9}, "t.csv:2:3: not valid UTF-8: save the file as CSV in UTF-8"},
        {{"a,b\n1,\0\n", 8}, "t.csv:2:3: a NUL byte: save the file as CSV in UTF-8"},
        {{"\xFF\xFE"
          "a\0",
          4},
         "t.csv:1:1: the file is UTF-16: save it as CSV in UTF-8"},
        {{"a\tb\n1\t2\n", 8}, "t.csv:1:1: the cells are separated by TAB: separate them by , or ;"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tb_buf out;
        struct tb_err err = {0};
        char message[MESSAGE_MAX];
        tb_buf_init(&out, 1 << 16);
        assert_int_equal(tb_csv_parse(table[i].text, "t.csv", dump, &out, &err), TB_FAIL);
        assert_int_equal(err.code, TB_E_TABLE);
        tb_err_format(&err, message, sizeof message);
        assert_string_equal(message, table[i].message);
        tb_buf_release(&out);
    }
}

static void limits_are_named(void **state)
{
    struct tb_buf text;
    struct tb_buf out;
    struct tb_err err = {0};
    (void)state;
    tb_buf_init(&text, 1 << 20);
    tb_buf_init(&out, 1 << 20);
    for (int i = 0; i < TB_CSV_COLUMNS_MAX + 1; i++) {
        assert_int_equal(tb_buf_add(&text, "a,", 2, &err), TB_OK);
    }
    assert_int_equal(tb_csv_parse(tb_buf_view(&text), "t.csv", dump, &out, &err), TB_FAIL);
    assert_string_equal(err.text, "more than 256 cells in a row: is a line end missing");
    assert_int_equal(err.column, 2 * TB_CSV_COLUMNS_MAX + 1);

    tb_buf_clear(&text);
    assert_int_equal(tb_buf_add(&text, "a\n\"", 3, &err), TB_OK);
    for (unsigned i = 0; i < TB_CSV_CELL_BYTES_MAX + 10; i++) {
        assert_int_equal(tb_buf_add(&text, "x", 1, &err), TB_OK);
    }
    assert_int_equal(tb_csv_parse(tb_buf_view(&text), "t.csv", dump, &out, &err), TB_FAIL);
    assert_string_equal(err.text,
                        "the cell that begins here is longer than 65536 bytes: is a quote never closed");
    assert_int_equal(err.line, 2);
    tb_buf_release(&text);
    tb_buf_release(&out);
}

static enum tb_status refuse(void *context, const struct tb_csv_row *row, struct tb_err *err)
{
    int *seen = context;
    (void)row;
    return ++*seen < 2 ? TB_OK : tb_err_set(err, TB_FAIL, TB_E_TABLE, "enough");
}

static void the_reader_stops_where_it_is_told(void **state)
{
    int seen = 0;
    struct tb_err err = {0};
    (void)state;
    assert_int_equal(tb_csv_parse(TB_STR("a\nb\nc\nd\n"), "t.csv", refuse, &seen, &err), TB_FAIL);
    assert_int_equal(seen, 2);
    assert_string_equal(err.text, "enough");
}

/* Random cells, written by the rules of RFC 4180 here, must come back with the places that the writer
 * counted. */
static void written_cells_come_back(void **state)
{
    static const char *const bits[] = {"a", "7", ",", ";", "\"", "\n", "\r\n", " ", "\xC3\xA9", "x", ""};
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        char text[4096] = "k,l,m,n\n";
        char expected[8192] = "1:1:k|1:3:l|1:5:m|1:7:n\n";
        size_t n = strlen(text);
        size_t m = strlen(expected);
        unsigned long long line = 2;
        unsigned long long column = 1;
        for (int row = 0; row < 4; row++) {
            size_t row_at = m;
            bool blank = true;
            for (int c = 0; c < 4; c++) {
                char cell[64] = "";
                for (unsigned k = (unsigned)rand_r(&seed) % 4; k > 0; k--) {
                    strcat(cell, bits[(unsigned)rand_r(&seed) % COUNT(bits)]);
                }
                blank = blank && cell[0] == 0;
                m += (size_t)sprintf(expected + m, "%s%llu:%llu:%s", c > 0 ? "|" : "", line, column, cell);
                text[n++] = '"';
                column++;
                for (const char *p = cell; *p != 0; p++) {
                    text[n++] = *p;
                    column += ((unsigned char)*p & 0xC0) != 0x80 && *p != '\r';
                    if (*p == '"') {
                        text[n++] = '"';
                        column++;
                    } else if (*p == '\n') {
                        line++;
                        column = 1;
                    }
                }
                text[n++] = '"';
                text[n++] = c < 3 ? ',' : '\n';
                column += 2;
            }
            line++;
            column = 1;
            expected[m++] = '\n';
            m = blank ? row_at : m;
        }
        struct tb_buf out;
        struct tb_err err = {0};
        tb_buf_init(&out, 1 << 16);
        assert_int_equal(tb_csv_parse((struct tb_str){text, n}, "t.csv", dump, &out, &err), TB_OK);
        if (!tb_str_eq(tb_buf_view(&out), (struct tb_str){expected, m})) {
            fail_msg("text:\n%.*s\n got\n%.*s\n expected\n%.*s", (int)n, text, (int)out.n, out.p, (int)m,
                     expected);
        }
        tb_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts_give_cells_with_places),
        cmocka_unit_test(bad_texts_are_refused_with_their_place),
        cmocka_unit_test(limits_are_named),
        cmocka_unit_test(the_reader_stops_where_it_is_told),
        cmocka_unit_test(written_cells_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
