#!/usr/bin/env python3
"""Checks the chargeback workbook from outside: python3 tests/workbook/check.py ./tollbook

Three worlds (the demo; a month of hostile names; a company's three weeks) are run, here and as on another machine: the packs must be
the same bytes. Every part must be XML, every cached value what LibreOffice makes of its formula, no page may show an error or a cut number, and every sum must be
the one of pack-DAY.json.
"""
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import actions
import figures
import finance
import office
import rules
import scene
from sheet import Book
from verdict import check, done, near

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOW = "2026-03-31T04:00:00Z"


# What another machine may have: none of it may reach a pack.
ELSEWHERE = {"PATH": "/usr/bin:/bin", "TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8",
             "HOME": "/nonexistent", "USER": "somebody", "TMPDIR": "/var/tmp", "COLUMNS": "40", "SOURCE_DATE_EPOCH": "1"}


def german_locale(top):
    """de_DE writes 1,5: made here where the machine can; where it cannot, the names alone are set."""
    folder = os.path.join(top, "locale")
    os.makedirs(folder)
    done_ = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(folder, "de_DE.UTF-8")],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done_.returncode == 0:
        ELSEWHERE["LOCPATH"] = folder


def runner(program, folder, now, elsewhere, codes):
    """Runs the program on a folder's books, here or as on another machine."""
    def run(*arguments):
        env = dict(ELSEWHERE if elsewhere else os.environ, TOLLBOOK_NOW=now)
        r = subprocess.run([program, "--quiet", "--config", os.path.join(folder, "tollbook.jsonc"), *arguments], env=env,
                           cwd="/" if elsewhere else None, umask=0o077 if elsewhere else -1, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        check(r.returncode in codes, f"{arguments} in {folder}: exit {r.returncode}, expected {codes}: {r.stdout.decode(errors='replace')[:500]}")
    return run


def tree(folder):
    """Every file of the packs with its digest."""
    out = {}
    for base, _, names in os.walk(os.path.join(folder, "out")):
        for name in names:
            path = os.path.join(base, name)
            out[os.path.relpath(path, folder)] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    return out


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


def make_demo(folder, run):
    scene.make_demo(ROOT, folder)
    run("run", "--from", "2026-03-28", "--to", "2026-03-30")


def make_month(folder, run):
    scene.make_month(folder)
    run("run", "--from", scene.days()[0], "--to", scene.LAST)


WORLDS = {  # how it is made, the clock, exit codes, the days that are looked at
    "demo": (make_demo, NOW, (3,), ["2026-03-28", "2026-03-29", "2026-03-30"]),
    "month": (make_month, NOW, (3,), [scene.days()[0], scene.days()[20], scene.LAST]),
    "finance": (finance.make, finance.NOW, (0, 5), ["2026-03-11", "2026-03-26", "2026-03-29", "2026-03-31"]),
}


def run_worlds(program, top):
    """Each world in two folders, the second as on another machine; then once more. Returns the first of each."""
    out = {}
    for name, (make, now, codes, days) in WORLDS.items():
        a, b = os.path.join(top, name), os.path.join(top, "elsewhere", name)
        os.makedirs(os.path.dirname(b), exist_ok=True)
        make(a, runner(program, a, now, False, codes))
        make(b, runner(program, b, now, True, codes))
        once, there = tree(a), tree(b)
        check(once == there, f"{name}: the same inputs on another machine give other bytes: {[k for k in once if once[k] != there.get(k)]}")
        runner(program, a, now, False, (0, 3, 5))("run", "--from", days[0], "--to", days[-1])
        check(once == tree(a), f"{name}: a second run changes files: {sorted(set(once.items()) ^ set(tree(a).items()))[:4]}")
        out[name] = a
    return out


def link_books(worlds, top):
    """(workbook under a name of its own, its pack) of each day that is looked at."""
    books = []
    for world, (_, _, _, days) in WORLDS.items():
        for day in days:
            folder = os.path.join(worlds[world], "out", day)
            sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
            check(sums.returncode == 0, f"{folder}: SHA256SUMS")
            path = os.path.join(top, f"{world}-{day}.xlsx")
            os.link(os.path.join(folder, f"chargeback-{day}.xlsx"), path)
            books.append((path, os.path.join(folder, f"pack-{day}.json")))
    return books


def main():
    program = os.path.abspath(sys.argv[1])
    office.need("soffice", "xmllint", "pdftotext", "sha256sum")
    with tempfile.TemporaryDirectory(prefix="tollbook-workbook-") as top:
        german_locale(top)
        books = link_books(run_worlds(program, top), top)
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
            rules.check_parts(path, top)
            rules.check_rules(name, book, pack)
            figures.check_figures(name, book, pack, name.startswith("finance") and pack["day"] == finance.CLOSED.isoformat())
            if name.startswith("finance"):
                figures.check_line_budgets(name, book, pack)
            with open(os.path.join(os.path.dirname(json_path), f"actions-{pack['day']}.yaml"), encoding="utf-8", newline="") as f:
                limits = actions.check_actions(name, f.read(), pack)
            if name == f"finance-{finance.LAST.isoformat()}.xlsx":
                check(limits > 1, f"{name}: {limits} limits proposed")
                week = (finance.LAST - datetime.timedelta(days=7)).isoformat()
                with open(os.path.join(top, "finance", "out", week, f"pack-{week}.json"), encoding="utf-8") as f:
                    figures.check_movers(name, book, pack, json.load(f))
                check(figures.check_causes(name, book, pack) > 2, f"{name}: causes of the change")
            check_office(name, book, Book(recalculated), office.text_of(pdf))
        keep = os.environ.get("KEEP_PAGES")
        if keep:
            subprocess.run(["cp", "-r", os.path.join(top, "pages"), keep], check=True)
    return done("workbook")


if __name__ == "__main__":
    sys.exit(main())
