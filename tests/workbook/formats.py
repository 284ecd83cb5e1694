#!/usr/bin/env python3
"""Every report in every format must say the same: python3 tests/workbook/formats.py ./tollbook

On the books of finance.py each report is printed as JSON, CSV, table and workbook, and read back by Python's own json, csv, decimal
and zipfile: the same rows in the same order, every figure equal, texts made harmless in CSV. Then the questions of README.md: each
command in its tables and blocks runs, and answers with rows.
"""
import csv
import datetime
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from decimal import Decimal

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import finance
from figures import gate
from sheet import Book
from verdict import check, done

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAY = finance.LAST.isoformat()
WEEK = ["--from", (finance.LAST - datetime.timedelta(days=6)).isoformat(), "--to", DAY]
REPORTS = [  # the arguments, and the list in the JSON that is its main table
    (["chargeback", "--date", DAY], "lines"), (["chargeback", *WEEK], "lines"), (["chargeback", "--date", DAY, "--where", "team=R&D*"], "lines"),
    (["chargeback", "--date", finance.CLOSED.isoformat()], "lines"), (["chargeback", "--date", DAY, "--revision", "1"], "lines"),
    (["usage", "--date", DAY], "rows"), (["usage", *WEEK, "--by", "day,team,cost_center,provider,model"], "rows"),
    (["usage", "--date", DAY, "--by", "hour,trigger,node,source,feature,variant"], "rows"), (["usage", "--date", DAY, "--sort", "cost", "--top", "5"], "rows"),
    (["quota", "--date", DAY], "rows"), (["quota", *WEEK, "--limit", "basic=50000"], "rows"), (["budget", "--date", DAY], "rows"),
    (["anomalies", "--date", DAY], "findings"), (["plan", "--date", DAY], "allocations"), (["change", "--date", DAY], "drivers"),
    (["change", *WEEK, "--by", "model"], "drivers"), (["advice", *WEEK], "rows"), (["tools", *WEEK], "rows"), (["checks", "--date", DAY], "rows"),
    (["rejects", "--date", DAY], "rows"),
]


class Program:
    def __init__(self, program, folder):
        self.command = [program, "--quiet", "--config", os.path.join(folder, "tollbook.jsonc")]
        self.env = dict(os.environ, TOLLBOOK_NOW=finance.NOW)

    def __call__(self, *arguments, codes=(0, 3, 5)):
        r = subprocess.run([*self.command, *arguments], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        check(r.returncode in codes, f"{' '.join(arguments)}: exit {r.returncode}: {r.stderr.decode(errors='replace')[:300]}")
        return r.stdout.decode()


def flat(row):
    """An object in a row is columns KEY_SUBKEY; a list of words one cell of them."""
    out = {}
    for k, v in row.items():
        if isinstance(v, dict):
            out.update({f"{k}_{sub}": x for sub, x in v.items()})
        elif not isinstance(v, list) or all(isinstance(x, str) for x in v):
            out[k] = " ".join(v) if isinstance(v, list) else v
    return out


def rows_of(report, key):
    if key == "allocations":
        return [{**flat(p), **flat(a)} for p in report["plans"] for a in p["allocations"]]
    return [flat(r) for r in report[key]]


def is_number(value):
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def guarded(text):
    """What a spreadsheet would run is text: a quote before it. Plain numbers stay."""
    if text is None:
        return ""
    danger = text.lstrip(" ")[:1] in ("=", "+", "-", "@") and re.fullmatch(r"[-+]?\d+(\.\d+)?", text) is None
    return "'" + text if danger else text


def as_csv(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if is_number(value) else guarded(gate_plain(value))


def gate_plain(text):
    return None if text is None else gate(text).replace("_x005F_x", "_x") if gate(text) else ""


def same(value, cell):
    """A JSON value and the text of a CSV cell."""
    if is_number(value) or (isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) and cell != value):
        return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None and Decimal(cell) == Decimal(value)
    return cell == as_csv(value)


def check_csv(name, rows, text):
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    header, lines = lines[0], lines[1:]
    check(len(header) == len(set(header)), f"{name}: CSV header {header}")
    check(len(lines) == len(rows), f"{name}: {len(lines)} lines of CSV, {len(rows)} rows of JSON")
    known = set().union(*rows) if rows else set(header)
    check(len(known & set(header)) >= len(known) * 2 // 3, f"{name}: CSV lacks {sorted(known - set(header))}")
    for n, (line, row) in enumerate(zip(lines, rows)):
        check(len(line) == len(header), f"{name} line {n}: {len(line)} cells")
        for key, cell in zip(header, line):
            if key in row:
                check(same(row[key], cell), f"{name} line {n}: {key} is {cell!r} in CSV, {row[key]!r} in JSON")
    return header, lines


def check_table(name, lines, text):
    """Each row is a line of the table, in order: all its numbers (thousands apart) and texts are on it."""
    printed, at = text.split("\n"), 0
    for n, line in enumerate(lines):
        wanted = [c[1:] if c[:2] in ("'=", "'+", "'-", "'@") else c for c in line if c not in ("", "0", "true", "false")]  # a column of zeros is left out
        while at < len(printed):
            words = printed[at].replace(",", "").split()
            numbers = {Decimal(w) for w in words if re.fullmatch(r"-?\d+(\.\d+)?", w)}
            at += 1
            if all(Decimal(w) in numbers if re.fullmatch(r"-?\d+(\.\d+)?", w) else " ".join(w.split()) in " ".join(printed[at - 1].split()) or
                   w.replace(",", "") in words for w in wanted):
                break
        else:
            check(False, f"{name}: row {n} is not in the table, or not in its order: {wanted}")
            return
    check(True, "")


def serial(text):
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return (datetime.date.fromisoformat(text) - datetime.date(1899, 12, 30)).days
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime.datetime(1899, 12, 30, tzinfo=datetime.timezone.utc)
    return moment.total_seconds() / 86400


def same_cell(value, text):
    """A workbook's cell and the CSV's: numbers as doubles, instants as serials."""
    if value is None:
        return text == ""
    if isinstance(value, float):
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return abs(value - float(text)) <= 1e-12 * max(1.0, abs(value))
        return abs(value - serial(text)) < 1e-8
    if text in ("true", "false"):
        return value == {"true": "yes", "false": "no"}[text]
    plain = text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text
    return value == gate(plain)


def check_book(name, header, lines, path):
    book = Book(path)
    tables = [(s, t) for s in book.sheets.values() for t in s.tables if len(t["headers"]) == len(header)
              and t["range"][1][0] - t["range"][0][0] == len(lines)]
    if not lines:
        return
    good = False
    for s, t in tables:
        (r0, c0), _ = t["range"]
        wrong = [(n, k, s.value(r0 + 1 + n, c0 + i), cell) for n, line in enumerate(lines) for i, (k, cell) in enumerate(zip(header, line))
                 if not same_cell(s.value(r0 + 1 + n, c0 + i), cell)]
        good = good or not wrong
        if not wrong:
            break
    check(good, f"{name}: the workbook differs from the CSV: {wrong[:3] if tables else 'no such table'}")
    for s in book.sheets.values():
        for at, c in s.cells.items():
            if c.formula is not None:  # totals
                column = re.fullmatch(r"=?SUBTOTAL\(109,([A-Z]+)(\d+)(?::[A-Z]+(\d+))?\)", c.formula)
                check(column is not None, f"{name} {at}: {c.formula}")
                rows = range(int(column.group(2)) - 1, int(column.group(3) or column.group(2)))
                total = sum(s.value(r, at[1]) or 0 for r in rows)
                check(abs(total - c.value) <= 1e-9 * max(1.0, abs(total)), f"{name} {at}: total {c.value}, cells {total}")


def compare(program, folder):
    for arguments, key in REPORTS:
        name = " ".join(arguments)
        report = json.loads(program("report", *arguments, "--format", "json"), parse_float=Decimal)
        rows = rows_of(report, key)
        check(len(rows) > 0, f"{name}: no rows: compares nothing")
        header, lines = check_csv(name, rows, program("report", *arguments, "--format", "csv"))
        check_table(name, lines, program("report", *arguments))
        path = os.path.join(folder, "report.xlsx")
        program("report", *arguments, "--format", "xlsx", "-o", path)
        check_book(name, header, lines, path)
        if arguments[0] == "chargeback" and "--where" not in arguments:
            cents = sum(Decimal(t["billed"]) for t in report["teams"])
            check(cents == Decimal(report["totals"]["billed"]), f"{name}: teams are billed {cents}")
            costs = sum(Decimal(x["cost"] or 0) for x in report["lines"])
            check(costs == Decimal(report["totals"]["cost"]), f"{name}: lines cost {costs}")


def check_pack(folder):
    """The files of a pack say what its JSON says."""
    out = os.path.join(folder, "out", DAY)
    with open(os.path.join(out, f"pack-{DAY}.json"), encoding="utf-8") as f:
        pack = json.load(f, parse_float=Decimal)
    for kind, key in (("anomalies", "findings"), ("plan", "allocations")):
        with open(os.path.join(out, f"{kind}-{DAY}.csv"), encoding="utf-8", newline="") as f:
            check_csv(f"{kind}-{DAY}.csv", rows_of(pack[kind], key), f.read())
    check(all(Decimal(h["billed"]) > 0 for h in pack["history"]), "a day without charge: the trend shows nothing")


def check_range(program, folder):
    """A range is the sum of its days, and its days are those of the packs."""
    days = [(finance.LAST - datetime.timedelta(days=n)).isoformat() for n in range(5)]  # behind the closed one
    billed = Decimal(0)
    for day in days:
        with open(os.path.join(folder, "out", day, f"pack-{day}.json"), encoding="utf-8") as f:
            billed += Decimal(json.load(f)["chargeback"]["totals"]["billed"])
    whole = json.loads(program("report", "chargeback", "--from", days[-1], "--to", days[0], "--format", "json"))
    check(Decimal(whole["totals"]["billed"]) == billed, f"five days are billed {whole['totals']['billed']}, their packs {billed}")


def commands_of(readme):
    """The commands of README.md's questions: the block of examples, and the table's second column."""
    part = readme[readme.index("## Questions it answers"):readme.index("## How it is built")]
    block = part[part.index("```\n") + 4:]
    block = block[:block.index("```")]
    out = [line.split("#")[0].strip() for line in block.split("\n") if line.strip()]
    for row in re.findall(r"^\| (.*?) \| (.*?) \|.*\|$", part, re.M):
        out += re.findall(r"`(tollbook [^`]*)`", row[1])
    return out


def check_readme(program, folder):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        commands = commands_of(f.read())
    check(len(commands) > 40, f"README.md: only {len(commands)} commands found")
    pack = json.loads(program("report", "chargeback", "--date", DAY, "--format", "json"))
    findings = json.loads(program("report", "anomalies", "--date", DAY, "--format", "json"))["findings"]
    words = {"2026-11-20": (finance.LAST - datetime.timedelta(days=1)).isoformat(), "2026-11-21": DAY, "CONSUMER": "h-app-33",
             "f3e48f95e785c45d": pack["lines"][0]["line"], "28a8ca8df0fbe9d8": findings[0]["id"], "--tables 3": "--tables 1",
             "developer=": "basic=", "kong.log.gz": os.path.join(folder, "logs", f"gw-fra-1-{DAY}.jsonl.gz")}
    for command in commands:
        given = command
        for word, instead in words.items():
            given = given.replace(word, instead)
        arguments = [a[1:-1] if a[:1] == '"' else a for a in re.findall(r'"[^"]*"|\S+', given)][1:]
        said = program(*arguments)
        if arguments[0] == "close":
            program("reopen", arguments[1], "--by", "M. Lee")
        elif arguments[0] == "report" and "today" not in arguments:
            report = json.loads(program(*arguments, "--format", "json")) if "--format" not in arguments else None
            lists = [v for v in (report or {}).values() if isinstance(v, list)]
            check(report is None or any(lists), f"README.md: {command}: answers nothing")
        else:
            check(said.strip() != "", f"README.md: {command}: says nothing")


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="tollbook-formats-") as top:
        folder = os.path.join(top, "book")
        program = Program(binary, folder)
        finance.make(folder, program)
        compare(program, top)
        check_pack(folder)
        check_range(program, folder)
        check_readme(program, folder)
    return done("formats")


if __name__ == "__main__":
    sys.exit(main())
