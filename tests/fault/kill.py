#!/usr/bin/env python3
"""`make fault`: kill -9 at random moments of `ingest` and `run`, then again to the end: identical reports.

Fifty kills, each while the process lives, over sequences of up to five kills on one database, on more than a million events
(id runs merge, workers spill). Prints the phases that were hit: the last thing the program said it was doing.
usage: kill.py TOLLBOOK GENERATE [KILLS] [EVENTS]
"""
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOLLBOOK, GENERATE = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 50
EVENTS = int(sys.argv[4]) if len(sys.argv) > 4 else 1_100_000
FILES = 12
seed = int(os.environ.get("TB_FAULT_SEED", time.time_ns() % 1_000_000))
rng = random.Random(seed)
ENV = dict(os.environ, TOLLBOOK_NOW="2026-11-23T03:00:00Z")


def fail(text):
    print("fault: %s (TB_FAULT_SEED=%d)" % (text, seed), file=sys.stderr)
    sys.exit(1)


def make_logs(folder):
    folder.mkdir()
    each = EVENTS // FILES
    for i in range(FILES):
        first = max(0, i * each - each // 10)  # files overlap by a tenth
        with open(folder / ("events-%02d.jsonl.gz" % i), "wb") as out:
            gen = subprocess.Popen([GENERATE, "e", str(each), str(first), "20778"], stdout=subprocess.PIPE)
            subprocess.run(["gzip", "-1", "-n"], stdin=gen.stdout, stdout=out, check=True)
            gen.wait()


def home(folder, logs):
    folder.mkdir()
    (folder / "tollbook.jsonc").write_text(json.dumps({
        "database": "tollbook.db", "output": "out", "prices": "prices.csv",
        "sources": [{"name": "apps", "format": "tollbook_event", "paths": [str(logs / "events-*.jsonl.gz")]}]}))
    (folder / "prices.csv").write_text(
        "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_from,context_rule,note\n"
        ",*,input,0.25,1000000,USD,,,,,,,\n,*,output,1.25,1000000,USD,,,,,,,\n")
    return folder


def command(folder, what):
    args = {"ingest": ["ingest"], "run": ["run", "--from", "2026-11-21", "--to", "2026-11-22"]}[what]
    return [TOLLBOOK, "--verbose", "--config", str(folder / "tollbook.jsonc")] + args


def whole(folder, what):
    start = time.monotonic()
    p = subprocess.run(command(folder, what), env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if p.returncode != 0:
        fail("%s: exit %d: %s" % (what, p.returncode, p.stderr.decode()[-2000:]))
    return time.monotonic() - start


def reports(folder):
    """Everything that must be the same: the reports, and every file of the packs."""
    out = {}
    for kind in ("chargeback", "usage", "checks", "rejects"):
        p = subprocess.run([TOLLBOOK, "--config", str(folder / "tollbook.jsonc"), "report", kind, "--from", "2026-11-21", "--to", "2026-11-22",
                            "--format", "json"], env=ENV, stdout=subprocess.PIPE)
        if p.returncode != 0:
            fail("report %s: exit %d" % (kind, p.returncode))
        out[kind] = p.stdout
    for f in sorted((folder / "out").rglob("*")):
        if f.is_file() and f.name != "metrics.prom":
            out[str(f.relative_to(folder))] = hashlib.sha256(f.read_bytes()).hexdigest()
    return out


def kill_once(folder, what, duration):
    """Starts, waits a random while, kills. Returns the phase, or None when the process was done before."""
    delay = rng.random() * duration
    with tempfile.TemporaryFile() as said:
        p = subprocess.Popen(command(folder, what), env=ENV, stdout=subprocess.DEVNULL, stderr=said)
        time.sleep(delay)
        if p.poll() is not None:
            return None
        p.send_signal(signal.SIGKILL)
        p.wait()
        if p.returncode != -signal.SIGKILL:
            return None
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    last = lines[-1] if lines else "starting"
    words = last.replace("tollbook: ", "").replace("debug: ", "").replace("info: ", "").split()
    return what + ": " + (" ".join(words[:1]) if words else "starting")


def main():
    base = pathlib.Path(tempfile.mkdtemp(prefix="tollbook-fault-", dir=os.environ.get("TMPDIR")))
    try:
        logs = base / "logs"
        make_logs(logs)
        reference = home(base / "reference", logs)
        took = {"ingest": whole(reference, "ingest"), "run": None}
        probe = home(base / "probe", logs)
        took["run"] = whole(probe, "run")
        whole(reference, "run")
        want = reports(reference)
        if reports(probe) != want:
            fail("ingest then run differs from run alone")
        kills, sequence, phases = 0, 0, collections.Counter()
        while kills < KILLS:
            sequence += 1
            folder = home(base / ("s%d" % sequence), logs)
            for _ in range(5):
                what = rng.choice(["ingest", "run", "run"])
                phase = kill_once(folder, what, took[what] * 1.02)
                if phase is not None:
                    kills += 1
                    phases[phase] += 1
                if kills == KILLS:
                    break
            whole(folder, "run")
            got = reports(folder)
            for name in sorted(set(want) | set(got)):
                if want.get(name) != got.get(name):
                    fail("sequence %d: %s differs from an undisturbed run" % (sequence, name))
            shutil.rmtree(folder)
        print("fault: %d kills in %d sequences over %d events, reports and packs identical each time (seed %d)" % (kills, sequence, EVENTS, seed))
        for phase, n in phases.most_common():
            print("  %3d  %s" % (n, phase))
        print("1 passed, 0 failed")
    finally:
        shutil.rmtree(base, ignore_errors=True)


main()
