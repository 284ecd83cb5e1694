#!/usr/bin/env python3
"""Books of formats_worlds.py through the program, compared with formats_model.py event by event, line by line, count by count.

Usage: formats_run.py PROGRAM [--seeds N] [--first S] [--events N] [--seed S] [--keep]
"""
import argparse
import collections
import datetime as dt
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from fractions import Fraction

import formats_model
import formats_worlds
import generate
import model
import run
from run import Failed, check

SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas", "formats")
COLUMNS = ("consumer provider model_requested model service_tier feature variant trigger input cache_read cache_write_5m cache_write_1h "
           "output reasoning total_only quality status success latency_ms retries request_bytes response_bytes client_ip user_agent").split()


class Books:
    """One world: what was written, and what must come of it."""

    def __init__(self, options, seed, folder):
        self.options, self.base = options, folder
        only = options.only and {k: v for k, v in formats_worlds.SOURCES.items() if k in options.only.split(",")}
        self.world = formats_worlds.World(seed, options.events, only)
        self.ledger = formats_model.Ledger(self.world.zone, self.world.files)
        self.books = model.Books(self.ledger, self.world.tables(), self.world.bill)
        days = sorted({self.world.zone.day(event.ts) for _s, _n, event in self.ledger.events()})
        self.days = [days[0] + dt.timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
        self.now = "%sT12:00:00Z" % (days[-1] + dt.timedelta(days=3)).isoformat()

    def place(self, name, detect):
        folder = os.path.join(self.base, name)
        self.world.write(folder)
        with open(os.path.join(folder, "tollbook.jsonc"), "w") as f:
            f.write(self.world.config(detect))
        return run.Program(self.options.program, folder, self.now)

    # --- steps --------------------------------------------------------------------------------------------------------------------

    def given(self):
        self.main = self.place("given", False)
        self.main.run("ingest", expect=(3,))
        self.events(self.main)
        self.reports(self.main)

    def detected(self):
        other = self.place("detected", True)
        other.run("ingest", expect=(3,))
        self.events(other)
        self.reports(other)

    def order(self):
        """Some files at a time, named, in another order."""
        other = self.place("order", True)
        paths = [os.path.join(other.folder, path) for path, _data in self.world.disk]
        random.Random(self.world.seed).shuffle(paths)
        for at in range(0, len(paths), 40):
            other.run("ingest", *paths[at:at + 40], expect=(0, 3))
        self.reports(other)

    def mended(self):
        """A user's format file that misses the time of every record, then the shipped one again: the rejects are read once more."""
        other = self.place("mended", False)
        own = os.path.join(other.folder, "own")
        os.mkdir(own)
        broken = set()
        for name in sorted(os.listdir(SHIPPED)):
            if name.endswith(".json"):
                with open(os.path.join(SHIPPED, name), encoding="utf-8") as f:
                    text, n = re.subn(r'"ts": "/', '"ts": "/nowhere/', f.read(), count=1)
                if n > 0:
                    broken.add(name[:-5])
                    with open(os.path.join(own, name), "w", encoding="utf-8") as f:
                        f.write(text)
        self.write_config(other, ', "formats": "own"')
        other.run("ingest", expect=(3,))
        report = other.json("usage", *run.span(self.days[0], self.days[-1]), "--by", "source")
        left = {row["source"] for row in report["rows"]} & {s for s, form in self.world.sources.items() if form in broken}
        check(not left, "a format without a time made events of %r", left)
        shutil.rmtree(own)
        self.write_config(other, "")
        other.run("ingest", "--retry-rejects", expect=(0, 3))
        self.events(other)
        self.reports(other)

    def write_config(self, program, more):
        with open(os.path.join(program.folder, "tollbook.jsonc"), "w") as f:
            f.write(self.world.config().replace('"output": "packs"', '"output": "packs"' + more))

    def events(self, program):
        """Every event's fields, but those that the pages leave open."""
        done = program.run("sql", "SELECT source, ts, id, node, %s FROM usage_event" % ", ".join(COLUMNS), "--format", "json", expect=(0,))
        found, wanted = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
        rows = json.loads(done.stdout)
        rows = rows["rows"] if isinstance(rows, dict) else rows
        for row in rows:
            found[row["source"]][self.key(row["source"], row.get)] += 1
        for source, node, event in self.ledger.events():
            mine = {"node": node, "ts": event.ts, "id": None if event.id is None else event.id[0], "success": event.success}
            wanted[source][self.key(source, lambda name: mine.get(name) if name in mine else getattr(event, name))] += 1
        wrong = []
        for source in sorted(set(found) | set(wanted)):
            extra, missing = found[source] - wanted[source], wanted[source] - found[source]
            if extra or missing:
                wrong.append("%s: %d events too many, %d missing; %s" % (source, sum(extra.values()), sum(missing.values()), self.nearest(extra, missing)))
        check(not wrong, "events differ:\n      " + "\n      ".join(wrong))

    def key(self, source, get):
        open_columns = formats_model.OPEN.get(source, set())
        out = []
        for name in ["ts", "id", "node"] + COLUMNS:
            if name in open_columns:
                continue
            value = get(name)
            if name == "success" and value is not None:
                value = bool(value)
            if name == "quality" and value == "none":
                value = None
            out.append((name, value))
        return tuple(out)

    def nearest(self, extra, missing):
        """The fields in which the likeliest pair differs."""
        best = None
        for one in list(extra)[:60]:
            for two in list(missing)[:60]:
                a, b = dict(one), dict(two)
                apart = {k: (a[k], b[k]) for k in a if a[k] != b[k]}
                if best is None or len(apart) < len(best[0]):
                    best = (apart, one)
        if best is None:
            return "found %r" % (dict(next(iter(extra))) if extra else None) + " wanted %r" % (dict(next(iter(missing))) if missing else None)
        return "found, wanted: %r of %r" % (best[0], {k: v for k, v in best[1] if v is not None and k in ("id", "ts", "consumer", "model")})

    def reports(self, program):
        report = program.json("chargeback", *run.span(self.days[0], self.days[-1]), expect=(3,))
        run.compare_chargeback(report, self.books, self.ledger, self.days[0], self.days[-1], self.world.zone)
        for day in self.days:
            report = program.json("chargeback", "--date", day.isoformat(), expect=(0, 3))
            run.compare_chargeback(report, self.books, self.ledger, day, day, self.world.zone)
        run.compare_rejects(program, self.world, self.days)
        self.tools(program)
        checks = program.json("checks", *run.span(self.days[0], self.days[-1]))
        check(checks["ok"] is True, "checks: %r", [r for r in checks["rows"] if not r["ok"] and not r["informative"]])

    def tools(self, program):
        report = program.json("tools", *run.span(self.days[0], self.days[-1]), expect=(0, 3))
        wanted = collections.defaultdict(collections.Counter)
        for source, _node, event in self.ledger.events():
            if source == "tools":
                wanted[event.feature].update(calls=1, failures=event.success is False, retries=event.retries)
        found = collections.defaultdict(collections.Counter)
        for row in report["rows"]:
            name = row.get("tool", row.get("feature", row.get("tool_name")))
            found[name].update(calls=row.get("calls", row.get("requests")), failures=row.get("failures", row.get("failed")), retries=row["retries"])
        check(found == wanted, "report tools: %r, not %r", dict(found), dict(wanted))

    def pack(self):
        self.main.run("run", *run.span(self.days[0], self.days[-1]), expect=(3,))
        run.no_secrets(self.main)
        run.modes(self.main)

    def is_event(self, raw, form):
        raw = raw[0] if isinstance(raw, tuple) else raw
        return formats_worlds.formats_model_says_raw(raw, form) == "event" or isinstance(raw, formats_model.Row)

    def tested(self):
        """`formats test` names the format of each file, and shows no secret."""
        by_path = {f.name: f for f in self.world.files if any(self.is_event(raw, f.form) for raw in f.lines)}
        for path, _data in self.world.rng.sample(self.world.disk, min(25, len(self.world.disk))):
            if path not in by_path and ".all." not in path:
                continue  # nothing but what every format ignores
            done = self.main.run("formats", "test", os.path.join(self.main.folder, path), expect=(0, 3))
            form = by_path[path].form if path in by_path else formats_worlds.SOURCES[path.split("/")[1]]
            check(form.encode() in done.stdout, "formats test %s does not say %s: %r", path, form, done.stdout[:300])
            check(generate.MARK.encode() not in done.stdout + done.stderr, "formats test %s prints a secret", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--only", help="only these sources, with commas")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a seed that failed, and say where")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    passed = failed = 0
    for seed in seeds:
        folder, start, failures = tempfile.mkdtemp(prefix="tollbook-formats-"), time.time(), []
        books = Books(options, seed, folder)
        for name in ("given", "detected", "order", "mended", "tested", "pack"):
            try:
                getattr(books, name)()
            except Failed as wrong:
                failures.append("%s: %s" % (name, wrong))
            except (KeyError, TypeError, AttributeError) as wrong:
                failures.append("%s: %s %s" % (name, type(wrong).__name__, wrong))
        print("formats %d (%s): %d events, %d files, %.1f s: %s" % (seed, books.world.zone.name, len(books.ledger.live), len(books.world.files),
                                                                time.time() - start, "ok" if not failures else "FAILED"))
        for text in failures:
            print("  " + text)
        if failures and options.keep:
            print("  kept: " + folder)
        else:
            shutil.rmtree(folder)
        passed, failed = passed + (not failures), failed + bool(failures)
        sys.stdout.flush()
    print("formats: %d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
