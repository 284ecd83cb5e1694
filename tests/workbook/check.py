#!/usr/bin/env python3
"""Checks the chargeback workbook from outside: python3 tests/workbook/check.py ./tollbook

Two worlds (the demo; a month of hostile names) are run, in two folders each: the packs must be the same bytes. Every part must be
XML, every cached value what LibreOffice makes of its formula, no page may show an error or a cut number, and every sum must be
the one of pack-DAY.json.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import office
import scene
from sheet import Book, M

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOW = "2026-03-31T04:00:00Z"
SHEETS = ["Summary", "Chargeback", "By model", "Trend", "Anomalies", "Prices", "Checks", "Rejects", "Unmapped"]
FORMULA = re.compile(
    r"(SUBTOTAL\(109,[A-Z]+\d+(:[A-Z]+\d+)?\)"
    r"|SUM\(Chargeback![$A-Z\d:]+\)(/SUM\(Chargeback![$A-Z\d:]+\))?"
    r"|SUM\(Chargeback![$A-Z\d:]+\)[-/](Trend![$A-Z\d]+|AVERAGE\(Trend![$A-Z\d]+(,Trend![$A-Z\d]+)*\))(-1)?)")
DATES = ("yyyy-mm-dd", "yyyy-mm-dd hh:mm")
failures = []
checked = 0


def check(good, words):
    global checked
    checked += 1
    if not good:
        failures.append(words)
        print("FAIL", words)


def near(a, b):
    return a is not None and b is not None and abs(float(a) - float(b)) <= 1e-9 * max(1.0, abs(float(a)), abs(float(b)))


def money(text):
    return Fraction(0) if text is None else Fraction(text)


def tollbook(program, folder, *arguments):
    env = dict(os.environ, TOLLBOOK_NOW=NOW)
    run = subprocess.run([program, "--quiet", "--config", os.path.join(folder, "tollbook.jsonc"), *arguments], env=env,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(run.returncode == 3, f"run in {folder}: exit {run.returncode}, expected 3: {run.stdout.decode(errors='replace')[:500]}")
    return run.stdout


def tree(folder):
    """Every file of the packs with its digest."""
    out = {}
    for base, _, names in os.walk(os.path.join(folder, "out")):
        for name in names:
            path = os.path.join(base, name)
            out[os.path.relpath(path, folder)] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    return out


# --- the file itself ----------------------------------------------------------------------------------------------


def check_parts(path, scratch):
    """Every part is XML, by xmllint."""
    with zipfile.ZipFile(path) as z:
        names = [n for n in z.namelist() if n.endswith((".xml", ".rels"))]
        files = []
        for i, name in enumerate(names):
            files.append(os.path.join(scratch, f"part{i}.xml"))
            with open(files[-1], "wb") as f:
                f.write(z.read(name))
    run = subprocess.run(["xmllint", "--noout", "--huge", *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(run.returncode == 0 and len(files) > 20, f"{path}: not well-formed: {run.stdout.decode(errors='replace')[:300]}")


def check_rules(path, book):
    check(list(book.sheets) == SHEETS, f"{path}: sheets {list(book.sheets)}")
    names = [t for s in book.sheets.values() for t in s.table_names()]
    check(len(names) == len(set(names)), f"{path}: table names {names}")
    check(all(re.fullmatch(r"[A-Za-z]{4,}", n) for n in names), f"{path}: a table name like a cell: {names}")
    for s in book.sheets.values():
        where = f"{path}/{s.name}"
        areas = [t["range"] for t in s.tables]
        for i, (a, b) in enumerate(areas):
            for (c, d) in areas[:i]:
                check(b[0] < c[0] or d[0] < a[0] or b[1] < c[1] or d[1] < a[1], f"{where}: tables overlap")
        for t in s.tables:
            (r0, c0), _ = t["range"]
            check([s.value(r0, c0 + i) for i in range(len(t["headers"]))] == t["headers"], f"{where}: headers of {t['name']}")
        for (row, column), c in s.cells.items():
            check(c.kind in ("s", "n"), f"{where} {row},{column}: cell of kind {c.kind}")
            if c.formula is not None:
                check(c.value is not None, f"{where} {row},{column}: a formula without its value")
                check(FORMULA.fullmatch(c.formula.lstrip("=")) is not None, f"{where} {row},{column}: formula {c.formula}")
            if c.kind == "s":
                check(len(c.value.encode("utf-16-le")) // 2 <= 32767, f"{where} {row},{column}: too long")
                check(re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", c.value) is None,
                      f"{where} {row},{column}: {c.value!r}")
        setup = s.xml.find(M + "pageSetup")
        check(setup is not None and setup.get("orientation") == "landscape" and setup.get("paperSize") == "9", f"{where}: page")
        check(s.xml.find(M + "sheetPr/" + M + "pageSetUpPr").get("fitToPage") == "1", f"{where}: not fitted to the page")
        foot = s.xml.find(M + "headerFooter/" + M + "oddFooter")
        check(foot is not None and "/ run " in foot.text and "page &P of &N" in foot.text, f"{where}: foot")
    check(len(book.sheets["Summary"].alts) == 2 and all(book.sheets["Summary"].alts), f"{path}: alt texts")
    for name in ("Chargeback", "By model", "Trend", "Prices", "Checks"):
        s = book.sheets[name]
        pane = s.xml.find(f"{M}sheetViews/{M}sheetView/{M}pane")
        check(pane is not None and pane.get("state") == "frozen" and pane.get("xSplit") == "1", f"{path}/{name}: not frozen")
        check(f"_xlnm.Print_Titles/{SHEETS.index(name)}" in book.defined, f"{path}/{name}: no repeated rows")


# --- what it says -------------------------------------------------------------------------------------------------


def gate(text):
    """What a cell may hold of a text, written again and apart from the program."""
    if text is None:
        return None
    out = "".join(" " if c in "\t\n\r\x0b\x0c\x85\u2028\u2029" else c for c in text)
    out = re.sub("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufffe\uffff]", "", out)
    return re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", out) or None


def check_chargeback(path, book, pack):
    rows = book.sheets["Chargeback"].table("ChargeLines")
    chargeback = pack["chargeback"]
    today = {(gate(t["team"]), gate(t["cost_center"])): t for t in chargeback["teams"]}
    month = {(gate(t["team"]), gate(t["cost_center"])): t for t in pack["month_to_date"]["teams"]}
    check({(r["Team"], r["Cost centre"]) for r in rows} == set(month) and set(today) <= set(month), f"{path}: teams differ")
    for r in rows:
        key = (r["Team"], r["Cost centre"])
        t = today.get(key)
        check(near(r["Charge"], money(t and t["billed"])), f"{path}: charge of {key}")
        check(near(r["Direct cost, exact"], money(t and t["cost"])), f"{path}: cost of {key}")
        check(near(r["Month to date"], money(month[key]["billed"])), f"{path}: month to date of {key}")
        check(isinstance(r["GL account"], (str, type(None))), f"{path}: GL account {r['GL account']!r} is no text")
        check(bool(r["Status"]), f"{path}: no status word of {key}")
    check(near(sum(r["Charge"] for r in rows), money(chargeback["totals"]["billed"])), f"{path}: charges do not add up")
    check(sum(money(t["billed"]) for t in chargeback["teams"]) == money(chargeback["totals"]["billed"]), f"{path}: pack's cents")
    check(near(sum(r["Month to date"] for r in rows), money(pack["month_to_date"]["billed"])), f"{path}: month to date")
    ignored = book.sheets["Chargeback"].xml.find(M + "ignoredErrors/" + M + "ignoredError")
    check(ignored is not None and ignored.get("numberStoredAsText") == "1", f"{path}: ids would be marked as errors")


def check_models(path, book, pack):
    rows = book.sheets["By model"].table("ModelLines")
    totals = pack["chargeback"]["totals"]
    for header, key in (("Requests", "requests"), ("Failed", "errors"), ("Input tokens", "input"),
                        ("Cache read tokens", "cache_read"), ("Output tokens", "output")):
        check(sum(r[header] for r in rows) == totals[key], f"{path}: {header} by model")
    priced = [r["Cost, exact"] for r in rows if not isinstance(r["Cost, exact"], str)]
    check(near(sum(priced), money(totals["cost"])), f"{path}: cost by model")
    prices = book.sheets["Prices"].table("PriceLines")
    check(near(sum(r["Cost of the day, exact"] for r in prices), money(totals["cost"])), f"{path}: cost by price row")


def check_trend(path, book, pack):
    rows = book.sheets["Trend"].table("DailyCharge")
    history = pack["history"]
    check(len(rows) == len(history), f"{path}: days of the trend")
    for r, h in zip(rows, history):
        serial = (__import__("datetime").date.fromisoformat(h["day"]) - __import__("datetime").date(1899, 12, 30)).days
        check(r["Day"] == serial and near(r["Charge"], money(h["billed"])), f"{path}: trend of {h['day']}")
        check(r["Requests"] == h["requests"] and r["Tokens"] == h["tokens"], f"{path}: volume of {h['day']}")
    last, totals = history[-1], pack["chargeback"]["totals"]
    check(last["day"] == pack["day"] and last["billed"] == totals["billed"] and last["requests"] == totals["requests"],
          f"{path}: the day in its own history")


def check_rest(path, book, pack):
    checks = pack["checks"]["rows"]
    rows = book.sheets["Checks"].table("ControlTotals")
    check([r["Control"] for r in rows] == [c["control"] for c in checks], f"{path}: controls")
    for r, c in zip(rows, checks):
        check(near(r["Expected"], money(str(c["expected"]))) and near(r["Found"], money(str(c["found"]))),
              f"{path}: {c['control']}")
    real = [c for c in checks if not c["informative"]]
    summary = book.sheets["Summary"]
    words = [c.value for c in summary.cells.values() if isinstance(c.value, str)]
    check(f"{sum(c['ok'] for c in real)} of {len(real)} agree" in words, f"{path}: controls on the Summary")
    check(any(f"{pack['run_id']}" in w for w in words) and "PRELIMINARY" in words, f"{path}: status line")
    reasons = book.sheets["Rejects"].table("RejectReasons")
    check(sum(r["Lines"] for r in reasons) == pack["chargeback"]["intake"]["rejected"], f"{path}: rejected lines")
    unpriced = book.sheets["Unmapped"].table("UnpricedModels")
    check(sorted((r["Model"], r["Requests"], r["Tokens"]) for r in unpriced)
          == sorted((gate(u["model"]) or "(none)", u["requests"], u["tokens"]) for u in pack["chargeback"]["unpriced"]),
          f"{path}: unpriced models")
    lost = [x for x in pack["chargeback"]["lines"] if x["team"] == "(unassigned)"]
    rows = book.sheets["Unmapped"].table("UnassignedConsumers")
    check(len(rows) == len({(x["consumer"], x["source"]) for x in lost}), f"{path}: unassigned consumers")
    check(sum(r["Requests"] for r in rows) == sum(x["requests"] for x in lost), f"{path}: unassigned requests")


def check_kpis(path, book, pack):
    s = book.sheets["Summary"]
    label = {c.value: place for place, c in s.cells.items() if isinstance(c.value, str)}
    tile = lambda words: next(s.value(r + 1, c) for w, (r, c) in label.items() if w.startswith(words))
    totals, history = pack["chargeback"]["totals"], {h["day"]: money(h["billed"]) for h in pack["history"]}
    check(near(tile("Charge of the day"), money(totals["billed"])), f"{path}: charge on the Summary")
    check(near(tile("Month to date"), money(pack["month_to_date"]["billed"])), f"{path}: month on the Summary")
    date = __import__("datetime").date.fromisoformat(pack["day"])
    back = lambda n: (date - __import__("datetime").timedelta(days=n)).isoformat()
    if back(1) in history:
        check(near(tile("Against the day before"), money(totals["billed"]) - history[back(1)]), f"{path}: day before")
    else:
        check(not any(w.startswith("Against the day before") for w in label), f"{path}: a day before that is not there")
    weeks = [history[back(7 * n)] for n in range(1, 5) if back(7 * n) in history]
    if weeks:
        check(near(tile("Against the mean"), money(totals["billed"]) - sum(weeks) / len(weeks)), f"{path}: weekday mean")
    else:
        check(not any(w.startswith("Against the mean") for w in label), f"{path}: a mean of nothing")
    lost = sum(money(t["billed"]) for t in pack["chargeback"]["teams"] if t["team"] == "(unassigned)")
    if money(totals["billed"]) > 0:
        check(near(tile("Unassigned"), lost / money(totals["billed"])), f"{path}: unassigned share")


def check_anomalies(path, book, pack):
    s = book.sheets["Anomalies"]
    rows = {r["Finding"]: r for name in ("AnomalyLines", "AnomalyAppendix") for r in s.table(name)}
    found = {f["id"]: f for f in pack["anomalies"]["findings"]}
    check(set(rows) == set(found), f"{path}: the sheet has {sorted(set(rows) ^ set(found))[:4]} more or less than the report")
    for name, r in rows.items():
        f = found[name]
        check((r["Severity"], r["Kind"]) == (f["severity"], f["kind"]), f"{path}: {name}: {r}")
        check((r["Consumer"], r["Evidence"], r["What to do"]) == (gate(f["consumer"]), gate(f["evidence"]), f["action"]), f"{path}: {name}: {r}")
        check(near(r["Cost at stake"] or 0, money(f["cost"])) and near(r["Observed"], f["observed"]), f"{path}: {name}: numbers {r}")
        check(r["Decision"] is None and r["Comment"] is None, f"{path}: {name}: decided already")
    weights = ["info", "warning", "critical", "emergency"]
    order = [weights.index(r["Severity"]) for r in s.table("AnomalyLines")]
    check(order == sorted(order, reverse=True), f"{path}: the gravest are not first: {order}")
    lists = s.xml.findall(M + "dataValidations/" + M + "dataValidation")
    check(len(lists) == sum(n in s.table_names() for n in ("AnomalyLines", "AnomalyAppendix")), f"{path}: lists of decisions")
    check(all(x.find(M + "formula1").text == '"accept,dispute,credit"' for x in lists), f"{path}: decisions")


# --- LibreOffice --------------------------------------------------------------------------------------------------


def check_office(path, book, again, pages):
    formulas = 0
    for name, s in book.sheets.items():
        other = again.sheets[name]
        for at, c in s.cells.items():
            o = other.at(*at)
            if c.formula is not None:
                formulas += 1
                check(o is not None and near(c.value, o.value), f"{path}/{name} {at}: {c.formula} is {o}, the file says {c.value}")
            elif c.kind == "s":
                check(o is not None and o.value is not None and (o.value.strip() == c.value.strip()),
                      f"{path}/{name} {at}: LibreOffice reads {o} of {c.value[:60]!r}")
    check(formulas >= 8, f"{path}: only {formulas} formulas")
    for bad in ("Err:", "###", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A"):
        check(bad not in pages, f"{path}: a page shows {bad}")
    check("LLM chargeback" in pages, f"{path}: no Summary on paper")


def break_value(path, out):
    """A copy whose first cached value is wrong: LibreOffice must not believe it, else it checks nothing."""
    with zipfile.ZipFile(path) as z, zipfile.ZipFile(out, "w") as o:
        for n in z.namelist():
            data = z.read(n)
            if n == "xl/worksheets/sheet2.xml":
                data, count = re.subn(rb"(</f><v>)[^<]*(</v>)", rb"\g<1>98765\g<2>", data, count=1)
                check(count == 1, "no formula to break")
            o.writestr(n, data)


def run_worlds(program, top):
    """Each world in two folders, in one run and day by day; returns the first of each."""
    out = {}
    for name, make, first, last in (("demo", lambda f: scene.make_demo(ROOT, f), "2026-03-28", "2026-03-30"),
                                    ("month", scene.make_month, scene.days()[0], scene.LAST)):
        a, b = os.path.join(top, name), os.path.join(top, "elsewhere", name)
        os.makedirs(os.path.dirname(b), exist_ok=True)
        make(a)
        make(b)
        tollbook(program, a, "run", "--from", first, "--to", last)
        tollbook(program, b, "run", "--from", first, "--to", last)
        once = tree(a)
        check(once == tree(b), f"{name}: the same inputs in another folder give other bytes: "
              f"{[k for k in once if once[k] != tree(b).get(k)]}")
        tollbook(program, a, "run", "--from", first, "--to", last)
        check(once == tree(a), f"{name}: a second run changes files: {sorted(set(once.items()) ^ set(tree(a).items()))[:4]}")
        out[name] = a
    return out


def main():
    program = os.path.abspath(sys.argv[1])
    office.need("soffice", "xmllint", "pdftotext", "sha256sum")
    with tempfile.TemporaryDirectory(prefix="tollbook-workbook-") as top:
        worlds = run_worlds(program, top)
        books = []
        for world, days in (("demo", ["2026-03-28", "2026-03-29", "2026-03-30"]),
                            ("month", [scene.days()[0], scene.days()[20], scene.LAST])):
            for day in days:
                folder = os.path.join(worlds[world], "out", day)
                sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
                check(sums.returncode == 0, f"{folder}: SHA256SUMS")
                path = os.path.join(top, f"{world}-{day}.xlsx")
                os.link(os.path.join(folder, f"chargeback-{day}.xlsx"), path)
                books.append((path, os.path.join(folder, f"pack-{day}.json")))
        broken = os.path.join(top, "broken.xlsx")
        break_value(books[0][0], broken)
        profile = os.path.join(top, "profile")
        again = office.convert([b for b, _ in books] + [broken], "xlsx", os.path.join(top, "recalculated"), profile)
        pages = office.convert([b for b, _ in books], "pdf", os.path.join(top, "pages"), profile)
        check(not any(c.value == 98765 for c in Book(again[-1]).sheets["Chargeback"].cells.values()),
              "LibreOffice did not recalculate: the comparison says nothing")
        for (path, json_path), recalculated, pdf in zip(books, again, pages):
            with open(json_path, encoding="utf-8") as f:
                pack = json.load(f)
            name = os.path.basename(path)
            book = Book(path)
            check_parts(path, top)
            check_rules(name, book)
            check_chargeback(name, book, pack)
            check_anomalies(name, book, pack)
            check_models(name, book, pack)
            check_trend(name, book, pack)
            check_rest(name, book, pack)
            check_kpis(name, book, pack)
            check_office(name, book, Book(recalculated), office.text_of(pdf))
        keep = os.environ.get("KEEP_PAGES")
        if keep:
            subprocess.run(["cp", "-r", os.path.join(top, "pages"), keep], check=True)
    print(f"workbook: {checked - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
