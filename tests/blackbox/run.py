#!/usr/bin/env python3
"""Worlds of generate.py through the program, compared with model.py number by number.

Usage: run.py PROGRAM [--seeds N] [--first S] [--events N] [--seed S] [--keep]
"""
import argparse
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from fractions import Fraction

import generate
import model

DIMENSIONS = [("day",), ("node",), ("hour",), ("team", "cost_center"), ("source", "model"), ("consumer",), ("feature", "provider"),
              ("variant", "trigger"), ("day", "model")]


class Failed(Exception):
    pass


def check(condition, text, *rest):
    if not condition:
        raise Failed(text % rest if rest else text)


class Program:
    """The program in one folder, at a fixed moment."""

    def __init__(self, program, folder, now):
        self.program, self.folder = program, folder
        self.env = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TOLLBOOK_NOW": now}
        self.said = []  # everything printed, for the search for secrets

    def command(self, *words):
        return [self.program, "--config", os.path.join(self.folder, "tollbook.jsonc")] + list(words)

    def run(self, *words, expect=None, data=None):
        done = subprocess.run(self.command(*words), input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env,
                              cwd=os.path.dirname(self.folder), timeout=300)
        self.said += [done.stdout, done.stderr]
        if expect is not None and done.returncode not in expect:
            raise Failed("%s: exit %d, not %s: %s" % (" ".join(words), done.returncode, "/".join(map(str, expect)),
                                                      done.stderr.decode("utf-8", "replace").strip()[:600]))
        return done

    def json(self, *words, expect=(0, 3)):
        done = self.run("report", *words, "--format", "json", expect=expect)
        try:
            return json.loads(done.stdout, object_pairs_hook=no_twice)
        except ValueError as wrong:
            raise Failed("report %s: not JSON: %s" % (" ".join(words), wrong))


def no_twice(pairs):
    if len({k for k, _v in pairs}) != len(pairs):
        raise ValueError("a key twice in one object")
    return dict(pairs)


def span(first, last):
    return ["--date", first.isoformat()] if first == last else ["--from", first.isoformat(), "--to", last.isoformat()]


# --- chargeback -------------------------------------------------------------------------------------------------------------

def line_key(row):
    return tuple(row[k] for k in ("team", "cost_center", "consumer", "source", "provider", "model", "basis"))


def differences(found, wanted, what):
    """The first few keys in which two dicts of dicts differ, as text."""
    out = []
    for key in list(wanted) + [k for k in found if k not in wanted]:
        if found.get(key) != wanted.get(key):
            one, two = found.get(key), wanted.get(key)
            if one and two:
                names = [n for n in two if one.get(n) != two[n]]
                one, two = {n: one.get(n) for n in names}, {n: two[n] for n in names}
            out.append("%s %r: found %r, not %r" % (what, key, one, two))
    return "%d of %d differ; " % (len(out), len(wanted)) + "\n    ".join(out[:4])


def compare_chargeback(report, books, ledger, first, last, zone, unbilled=None):
    wanted = books.chargeback(first, last)
    check(report["schema"] == "tollbook.chargeback/1", "schema is %r", report["schema"])
    check((report["from"], report["to"]) == (first.isoformat(), last.isoformat()), "from/to are %r %r", report["from"], report["to"])
    check(report["time_zone"] == zone.name and report["currency"] == "USD", "zone or currency")
    found = {}
    for row in report["lines"]:
        key = line_key(row)
        check(key not in found, "two lines of %r", key)
        found[key] = {k: row[k] for k in model.new_cell()}
    check(found == wanted["lines"], differences(found, wanted["lines"], "line"))
    ids = [row["line"] for row in report["lines"]]
    check(len(set(ids)) == len(ids), "two lines have one ID")
    keys = [tuple(map(model.order, line_key(row))) for row in report["lines"]]
    check(keys == sorted(keys), "lines are not sorted by their keys, null first")
    totals = dict(report["totals"])
    for name, value in wanted["totals"].items():
        same = Fraction(totals[name]) == Fraction(value) if name == "billed" else totals[name] == value
        check(same, "totals.%s is %r, not %r", name, totals[name], value)
    teams = [{k: row[k] for k in ("team", "cost_center", "cost", "shared", "adjustments", "billed")} for row in report["teams"]]
    check(teams == wanted["teams"], differences({str(i): t for i, t in enumerate(teams)},
                                                {str(i): t for i, t in enumerate(wanted["teams"])}, "team"))
    unpriced = [{k: row[k] for k in ("provider", "model", "requests", "tokens")} for row in report["unpriced"]]
    check(unpriced == wanted["unpriced"], "unpriced is %r, not %r", unpriced, wanted["unpriced"])
    compare_intake(report["intake"], ledger, first, last)


def compare_intake(intake, ledger, first, last):
    days = {first + dt.timedelta(days=n) for n in range((last - first).days + 1)}
    wanted = ledger.totals(days)
    for name in ("files", "lines", "ignored", "rejected"):
        check(intake[name] == wanted[name], "%s..%s intake.%s is %d, not %d (%r)", first, last, name, intake[name], wanted[name], intake)
    counted = intake["events"] + intake["duplicates"] + intake["conflicts"]
    check(counted == wanted["counted"], "%s..%s events + duplicates + conflicts are %d, not %d", first, last, counted, wanted["counted"])
    if all(held <= days for held, _count in ledger.intake):
        check(intake["events"] == len(ledger.live), "intake.events is %d, not %d", intake["events"], len(ledger.live))
        least = sum(len(p) > 1 for p in ledger.identities.values())
        check(intake["conflicts"] >= least, "intake.conflicts is %d, fewer than the %d ids in conflict", intake["conflicts"], least)


ODD_HOURS = {"Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"}  # the clock moves within an hour: whose hour is open


def compare_usage(program, books, zone, days, dims):
    if dims == ("hour",) and zone.name in ODD_HOURS:
        return
    report = program.json("usage", *span(days[0], days[-1]), "--by", ",".join(dims))
    wanted = books.usage(days[0], days[-1], dims)
    found = {}
    for row in report["rows"]:
        key = tuple(instant_or_text(zone, d, row[d]) for d in dims)
        check(key not in found, "usage --by %s: two rows of %r", dims, key)
        cell = wanted.get(key)
        check(cell is not None, "usage --by %s: a row of %r that should not be", dims, key)
        found[key] = {k: row[k] for k in cell}
        for name in cell:
            if name.endswith("_avg") and row[name] is not None:
                found[key][name] = Fraction(str(row[name]))
    check(found == wanted, differences(found, wanted, "usage --by " + ",".join(dims)))


def instant_or_text(zone, dim, value):
    if dim != "hour" or value is None:
        return value
    us = model.parse_instant(value)
    check(us is not None, "usage --by hour: %r is not an RFC 3339 instant", value)
    return us


# --- rejects, checks, CSV ---------------------------------------------------------------------------------------------------

def compare_rejects(program, world, days):
    report = program.json("rejects", *span(days[0], days[-1]))
    root = program.folder.rstrip("/") + "/"
    found = {}
    for row in report["rows"]:
        file = row["file"]
        found.setdefault((file[len(root):] if file.startswith(root) else file, row["line"]), set()).add(row["byte"])
    count = {}
    for f in world.files:
        count[f.source, f.physical] = count.get((f.source, f.physical), 0) + 1
    copied = {f.name for f in world.files if count[f.source, f.physical] > 1}
    for place, (start, end) in world.rejects.items():
        if place[0] in copied:
            continue  # a copy's lines are all duplicates: only one of the two is listed
        check(place in found, "rejects: line %d of %s is not listed", place[1], place[0])
        inside = [byte for byte in found[place] if start <= byte <= end]  # where the line begins, or where it breaks
        check(inside, "rejects: line %d of %s is bytes %d to %d, not %r", place[1], place[0], start, end, found[place])
    plain = {path for path, _line in world.rejects}
    extra = [place for place in found if place[0] in plain and place not in world.rejects]
    check(not extra, "rejects: listed, but these lines are good: %r", extra[:3])


def compare_csv(program, report, days):
    """The CSV says what the JSON says; a cell that a spreadsheet would run is prefixed."""
    done = program.run("report", "chargeback", *span(days[0], days[-1]), "--format", "csv", expect=(0, 3))
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8-sig"), newline=""), strict=True))
    check(len(rows) >= len(report["lines"]), "csv: %d rows, not %d", len(rows), len(report["lines"]))
    by_id = {row["line"]: row for row in rows}
    for line in report["lines"]:
        row = by_id.get(line["line"])
        check(row is not None, "csv: no row of line %s", line["line"])
        for name, value in line.items():
            if name not in row:
                continue
            text = "" if value is None else str(value)
            guarded = "'" + text if text[:1] in "=+-@\t\r" and isinstance(value, str) and not is_number(text) else text
            check(row[name] == guarded, "csv: %s of line %s is %r, not %r", name, line["line"], row[name], guarded)


def is_number(text):
    try:
        float(text)
        return " " not in text
    except ValueError:
        return False


# --- what is on disk ----------------------------------------------------------------------------------------------------------

def written(folder):
    """path -> bytes of everything that the program wrote."""
    out = {}
    for place, _dirs, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(place, name), folder)
            if not path.startswith(("logs/", "apps/", "edge/")) and path not in ("tollbook.jsonc", "prices.csv", "accounts.csv"):
                with open(os.path.join(place, name), "rb") as f:
                    out[path] = f.read()
    return out


def no_secrets(program):
    for path, data in written(program.folder).items():
        texts = [data]
        if zipfile.is_zipfile(io.BytesIO(data)) and path.endswith(".xlsx"):
            archive = zipfile.ZipFile(io.BytesIO(data))
            texts += [archive.read(name) for name in archive.namelist()]
        if path.endswith(".gz"):
            texts.append(gzip.decompress(data))
        for text in texts:
            at = text.find(generate.MARK.encode())
            check(at < 0, "a secret is in %s: ...%r", path, text[max(0, at - 60):at + 20])
            check(text.find(generate.MARK.encode("utf-16-le")) < 0, "a secret is in %s as UTF-16", path)
    for said in program.said:
        at = said.find(generate.MARK.encode())
        check(at < 0, "a secret was printed: ...%r", said[max(0, at - 60):at + 20])


def modes(program):
    for place, dirs, names in os.walk(program.folder):
        for name in names:
            full = os.path.join(place, name)
            path = os.path.relpath(full, program.folder)
            mode = stat.S_IMODE(os.stat(full).st_mode)
            if path.startswith("books/"):
                check(mode & 0o177 == 0, "%s has mode %04o, not 0600", path, mode)
            elif path.startswith("packs/") and not path.endswith("metrics.prom"):
                check(mode & 0o137 == 0, "%s has mode %04o, not 0640 at most", path, mode)


# --- the whole of one world -----------------------------------------------------------------------------------------------------

def accept_world(options, seed, folder):
    world = generate.World(seed, options.events)
    ledger = model.Ledger(world.zone, world.files)
    books = model.Books(ledger, world.tables(), world.bill)
    days = books.days()
    span_days = [days[0] + dt.timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
    now = "%sT12:00:00Z" % (days[-1] + dt.timedelta(days=3)).isoformat()
    steps = Steps(options, world, ledger, books, span_days, now, folder)
    failures = []
    for name in ("ingest", "each_day", "usage", "lists", "again", "order", "run", "reprice", "kill"):
        if name == "run" and options.no_run:
            continue
        try:
            getattr(steps, name)()
        except Failed as wrong:
            failures.append("%s: %s" % (name, wrong))
            if name == "ingest" and steps.report is None:
                break
        except (KeyError, TypeError, AttributeError) as wrong:  # a key of the contract is not there
            failures.append("%s: %s %s" % (name, type(wrong).__name__, wrong))
    return failures, len(ledger.live)


class Steps:
    def __init__(self, options, world, ledger, books, days, now, folder):
        self.options, self.world, self.ledger, self.books, self.days, self.now = options, world, ledger, books, days, now
        self.base, self.report = folder, None
        self.main = self.place("main")

    def place(self, name):
        folder = os.path.join(self.base, name)
        self.world.write(folder)
        return Program(self.options.program, folder, self.now)

    def chargeback(self, program, *more):
        return program.json("chargeback", *span(self.days[0], self.days[-1]), *more, expect=(3,))

    def ingest(self):
        done = self.main.run("ingest", expect=(3,))
        self.report = self.chargeback(self.main)
        compare_chargeback(self.report, self.books, self.ledger, self.days[0], self.days[-1], self.world.zone)
        return done

    def days_sum(self, reports):
        total, names = {}, list(model.new_cell())
        for report in reports:
            for row in report["lines"]:
                cell = total.setdefault(line_key(row), dict.fromkeys(names, Fraction(0)))
                for name in names:
                    cell[name] += Fraction(row[name] or 0)
        return total

    def each_day(self):
        reports = []
        for day in self.days:
            reports.append(self.main.json("chargeback", "--date", day.isoformat()))
            compare_chargeback(reports[-1], self.books, self.ledger, day, day, self.world.zone)
        whole, parts = self.days_sum([self.report]), self.days_sum(reports)
        check(whole == parts, "the days do not add up to the range")
        for name in ("cost", "billed", "requests"):
            check(sum(Fraction(r["totals"][name]) for r in reports) == Fraction(self.report["totals"][name]), "days' %s", name)

    def usage(self):
        for dims in DIMENSIONS:
            compare_usage(self.main, self.books, self.world.zone, self.days, dims)
        self.part_of_a_day()

    def part_of_a_day(self):
        """Instants of the billing zone, the end exclusive; where= and top."""
        day = self.days[len(self.days) // 2]
        first, last = "%sT10:00" % day, "%sT15:30" % day
        low, high = (self.local_us(day, h, m) for h, m in ((10, 0), (15, 30)))
        report = self.main.json("usage", "--from", first, "--to", last, "--by", "model")
        wanted = {}
        for row in self.books.rows:
            if low <= row[3].ts < high:
                wanted.setdefault(row[3].model, []).append(row)
        found = {row["model"]: (row["requests"], row["cost"]) for row in report["rows"]}
        cells = {k: model.usage_cell(v) for k, v in wanted.items()}
        wanted = {k: (c["requests"], c["cost"]) for k, c in cells.items()}
        check(found == wanted, "usage from %s to %s: %r, not %r", first, last, found, wanted)
        report = self.main.json("usage", "--date", str(day), "--by", "consumer", "--where", "team=core*,model=g*")
        wanted = self.books.usage(day, day, ("consumer",), lambda r: r[4].startswith("core") and (r[3].model or "").startswith("g"))
        found = {(row["consumer"],): row["requests"] for row in report["rows"]}
        check(found == {k: c["requests"] for k, c in wanted.items()}, "usage --where: %r", found)
        report = self.main.json("usage", "--date", str(day), "--by", "consumer", "--sort", "cost", "--top", "3")
        costs = sorted((Fraction(c["cost"] or 0) for c in self.books.usage(day, day, ("consumer",)).values()), reverse=True)
        check([Fraction(r["cost"] or 0) for r in report["rows"]] == costs[:3], "usage --sort cost --top 3: %r", report["rows"])

    def local_us(self, day, hour, minute):
        return model.instant_us(dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.world.zone.info))

    def lists(self):
        compare_rejects(self.main, self.world, self.days)
        for day in (self.days[:1], self.days):
            report = self.main.json("checks", *span(day[0], day[-1]))
            check(report["ok"] is True, "checks: %r", [r for r in report["rows"] if not r["ok"] and not r["informative"]])
            for row in report["rows"]:
                check({"control", "expected", "found", "difference", "ok", "informative"} <= set(row), "checks: keys %r", row)
        compare_csv(self.main, self.report, self.days)
        for kind in ("chargeback", "usage", "checks", "rejects"):
            self.main.run("report", kind, *span(self.days[0], self.days[-1]), expect=(0, 3))

    def again(self):
        self.main.run("ingest", expect=(0, 3))
        report = self.chargeback(self.main)
        check(report == self.report, "a second ingest changes the report")
        paths = [os.path.join(self.main.folder, path) for path, _data in self.world.disk]
        self.main.run("ingest", *self.world.rng.sample(paths, min(9, len(paths))), expect=(0, 3))
        check(self.chargeback(self.main) == self.report, "naming files that are known changes the report")

    def order(self):
        """The same files in another order, a few at a time, say the same."""
        other = self.place("order")
        paths = [os.path.join(other.folder, path) for path, _data in self.world.disk]
        random.Random(self.world.seed).shuffle(paths)
        while paths:
            count = random.Random(len(paths)).choice([1, 2, 5, 30])
            other.run("ingest", *paths[:count], expect=(0, 3))
            del paths[:count]
        report = self.chargeback(other)
        for part in ("totals", "lines", "teams", "unpriced"):
            check(report[part] == self.report[part], "files in another order: %s differ", part)
        compare_chargeback(report, self.books, self.ledger, self.days[0], self.days[-1], self.world.zone)
        compare_usage(other, self.books, self.world.zone, self.days, ("node", "source"))
        self.main.said += other.said

    def run(self):
        span_words = span(self.days[0], self.days[-1])
        self.main.run("run", *span_words, expect=(3,))
        first = written(self.main.folder)
        for day in self.days:
            place = "packs/%s/" % day
            for name in ("chargeback-%s.xlsx", "pack-%s.json"):
                check(place + name % day in first, "run wrote no %s", place + name % day)
            self.sums(place, first)
            pack = json.loads(first[place + "pack-%s.json" % day])
            live = self.main.json("chargeback", "--date", str(day))
            kept = pack.get("chargeback", pack.get("reports", {}).get("chargeback") if isinstance(pack.get("reports"), dict) else None)
            check(kept is not None, "pack-%s.json has no chargeback: %r", day, list(pack))
            for part in ("totals", "lines", "teams", "unpriced", "intake"):
                check(kept[part] == live[part], "pack-%s.json and the report differ in %s", day, part)
            old = self.main.json("chargeback", "--date", str(day), "--revision", "1")
            check(old["revision"] == 1 and old["lines"] == live["lines"], "--revision 1 of %s says otherwise", day)
        self.main.run("run", *span_words, expect=(0, 3))
        second = written(self.main.folder)
        packs = lambda files: {k: hashlib.sha256(v).hexdigest() for k, v in files.items() if k.startswith("packs/")}
        changed = {k for k in packs(first).items() ^ packs(second).items()}
        check(not {k for k, _v in changed if not k.endswith("metrics.prom")}, "a second run changes %r", sorted({k for k, _v in changed}))
        check(not [k for k in second if "superseded" in k], "a second run opens a revision")
        no_secrets(self.main)
        modes(self.main)

    def sums(self, place, files):
        listed = set()
        for line in files[place + "SHA256SUMS"].decode().splitlines():
            digest, name = line.split(None, 1)
            name = name.lstrip("*")
            listed.add(name)
            check(hashlib.sha256(files[place + name]).hexdigest() == digest, "SHA256SUMS is wrong about %s%s", place, name)
        present = {k[len(place):] for k in files if k.startswith(place) and "superseded" not in k} - {"SHA256SUMS"}
        check(listed == present, "%sSHA256SUMS lists %r, there are %r", place, sorted(listed), sorted(present))

    def reprice(self):
        """Other tables for the same past days: version 2; version 1 still says what it said."""
        world, main = self.world, self.main
        prices = [dict(row) for row in world.prices]
        for row in prices:
            row["price"] = model.decimal_text(Fraction(row["price"]) * 3)
        accounts = [dict(row) for row in world.accounts]
        accounts[0]["team"] = "core, renamed"
        before = main.json("chargeback", *span(self.days[0], self.days[-1]))["tables"]
        generate.write_table(os.path.join(main.folder, "prices.csv"), generate.PRICE_COLUMNS, prices, 0)
        generate.write_table(os.path.join(main.folder, "accounts.csv"), generate.ACCOUNT_COLUMNS, accounts, 0)
        main.run("tables", "import", expect=(0,))
        first, last = self.days[0], self.days[-1]
        report = self.chargeback(main)
        check(report["tables"] == before + 1, "tables is %r after one import", report["tables"])
        books = model.Books(self.ledger, world.tables(prices, accounts), world.bill)
        compare_chargeback(report, books, self.ledger, first, last, world.zone)
        old = self.chargeback(main, "--tables", str(before))
        for part in ("totals", "lines", "teams", "unpriced", "tables"):
            check(old[part] == self.report[part], "--tables %d says otherwise: %s", before, part)
        if self.options.no_run:
            return
        day = self.days[len(self.days) // 2]
        main.run("run", "--date", str(day), expect=(3,))
        for revision, source in ((1, self.books), (2, books)):
            said = main.json("chargeback", "--date", str(day), "--revision", str(revision))
            compare_chargeback(said, source, self.ledger, day, day, world.zone)
        check("packs/%s/superseded/r1/pack-%s.json" % (day, day) in written(main.folder), "no superseded/r1/ of %s", day)
        no_secrets(main)
        modes(main)

    def kill(self):
        """kill -9 at random moments, then to the end."""
        other, r = self.place("kill"), self.world.rng
        took = 0.2
        for _ in range(self.options.kills):
            job = subprocess.Popen(other.command("ingest"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=other.env)
            time.sleep(r.random() * took)
            job.send_signal(signal.SIGKILL)
            job.wait()
        other.run("ingest", expect=(0, 3))
        report = self.chargeback(other)
        for part in ("totals", "lines", "teams", "unpriced", "intake"):
            check(report[part] == self.report[part], "after kills: %s differ", part)




def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--events", type=int, default=1500)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--no-run", action="store_true", help="leave the packs out")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a seed that failed, and say where")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    passed = failed = 0
    for seed in seeds:
        folder = tempfile.mkdtemp(prefix="tollbook-blackbox-")
        start = time.time()
        failures, events = accept_world(options, seed, folder)
        print("seed %d (%s): %d events, %.1f s: %s" % (seed, generate.ANCHORS[seed % len(generate.ANCHORS)][0], events,
                                                     time.time() - start, "ok" if not failures else "FAILED"))
        for text in failures:
            print("  " + text)
        if failures and options.keep:
            print("  kept: " + folder)
        else:
            shutil.rmtree(folder)
        passed, failed = passed + (not failures), failed + bool(failures)
        sys.stdout.flush()
    print("blackbox: %d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
