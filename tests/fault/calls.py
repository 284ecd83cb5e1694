#!/usr/bin/env python3
"""One call of `run` fails: the Nth allocation, read, write, sync, rename or open of the whole program (shim.c, preloaded).

Whatever N: no signal and no exit code that the contract does not know, and the run after it, unharmed, makes the very packs of a
book that nothing ever happened to. N is taken evenly over all calls, always the same ones.
usage: calls.py TOLLBOOK SHIM FIXTURE [POINTS of each kind]"""
import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOLLBOOK, SHIM, FIXTURE = (os.path.abspath(p) for p in sys.argv[1:4])
POINTS = int(sys.argv[4]) if len(sys.argv) > 4 else 12
KINDS = ["alloc", "read", "write", "sync", "rename", "open"]
NOW = "2026-12-01T04:00:00Z"


def run(book, **fault):
    env = dict(os.environ, TOLLBOOK_NOW=NOW, **{k: str(v) for k, v in fault.items()})
    if fault:
        env["LD_PRELOAD"] = SHIM
    p = subprocess.run([TOLLBOOK, "--config", str(book / "tollbook.jsonc"), "run"], env=env, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stderr.decode(errors="replace")


def fresh(folder, name):
    book = folder / name
    shutil.rmtree(book, ignore_errors=True)
    shutil.copytree(FIXTURE, book)
    shutil.rmtree(book / "out", ignore_errors=True)
    for f in book.glob("*.db*"):
        f.unlink()
    return book


def packs(book):
    """The files of all packs, without keepsakes of earlier revisions."""
    out = book / "out"
    return sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and "superseded" not in p.parts
                  and p.name != "metrics.prom")


def charges_differ(book, good):
    """A file that could not be read for once stays in the ledger, completed by its second reading: then what is charged counts."""
    for p in (good / "out").rglob("pack-*.json"):
        a, b = (json.loads(q.read_text())["chargeback"] for q in (p, book / "out" / p.relative_to(good / "out")))
        for key in ("totals", "lines", "teams", "unpriced"):
            if a[key] != b[key]:
                return "%s: other %s" % (p.name, key)
    return None


def differs(book, good):
    mine, his = packs(book), packs(good)
    if mine != his:
        return "other files: %s" % sorted(set(mine) ^ set(his))
    for name in his:
        if not filecmp.cmp(book / "out" / name, good / "out" / name, shallow=False):
            return name
    return None


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tollbook-calls-"))
    key = folder / "key"
    good = fresh(folder, "good")
    code, text = run(good)
    if code not in (0, 3, 5):
        sys.exit("calls: the unharmed run: exit %d\n%s" % (code, text))
    for k in good.glob("*.db.key"):
        shutil.copy(k, key)
    bad = tried = 0
    for kind in KINDS:
        book = fresh(folder, "count")
        run(book, FAULT_KIND=kind, FAULT_AT=0, FAULT_COUNT=folder / "n")
        calls = int((folder / "n").read_text())
        points = sorted({1 + (calls - 1) * i // max(1, POINTS - 1) for i in range(POINTS)})
        ends = {}
        for n in points:
            book = fresh(folder, "book")
            shutil.copy(key, book / "tollbook.db.key")
            first, said = run(book, FAULT_KIND=kind, FAULT_AT=n)
            again, text = run(book)
            tried += 1
            ends[first] = ends.get(first, 0) + 1
            why = ("signal %d" % -first if first < 0 else "exit %d" % first if first not in (0, 1, 2, 3, 4, 5) else
                   "no word on stderr" if first == 1 and not said else
                   "the run after it: exit %d: %s" % (again, text) if again != code else
                   (charges_differ if kind in ("read", "open") else differs)(book, good))
            if why:
                bad += 1
                print("calls: %s %d of %d: %s\n  %s" % (kind, n, calls, why, said.strip()[-300:]))
        print("calls: %-6s %7d calls, %d tried, exits %s" % (kind, calls, len(points), ends))
    shutil.rmtree(folder)
    if bad:
        sys.exit("calls: %d of %d are wrong" % (bad, tried))
    print("calls: %d failing calls, packs identical after each" % tried)


main()
