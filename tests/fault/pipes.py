#!/usr/bin/env python3
"""`make pipes`: what comes through a pipe cannot be read again. An interrupt commits the complete lines that had come, as an
incomplete file, exit 130; the whole content later completes it, and nothing is counted twice. Before anything came, an
interrupt leaves no trace. A pipe's name says nothing: what comes next through it is read again.
usage: pipes.py TOLLBOOK
"""
import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOLLBOOK = str(pathlib.Path(sys.argv[1]).resolve())


def lines(first, n, ids):
    out = []
    for i in range(first, first + n):
        record = {"ts": "2026-11-21T10:%02d:%02d.%06dZ" % (i // 60 % 60, i % 60, i), "consumer": "c%d" % (i % 7), "model": "m",
                  "provider": "p", "input_tokens": i % 5, "output_tokens": 1, "status": 200}
        if ids:
            record["id"] = "call-%d" % i
        out.append(json.dumps(record))
    return ("\n".join(out) + "\n").encode()


class Box:
    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tollbook-pipes-"))
        self.config = self.path / "tollbook.jsonc"
        fifo = self.path / "logs" / "live.log"
        fifo.parent.mkdir()
        os.mkfifo(fifo)
        self.fifo = str(fifo)
        for name, head in (("prices", "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,"
                                      "context_over,context_from,context_rule,note"),
                           ("quotas", "tier,measure,limit,window,counting,effective_from,effective_to"),
                           ("accounts", "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,"
                                        "effective_to"),
                           ("budgets", "name,dimension,match,period,amount,reserve,allocate_by,history_days,floor,cap,"
                                       "hour_warning,hour_critical,hour_emergency")):
            (self.path / (name + ".csv")).write_text(head + "\n")
        self.config.write_text(json.dumps({
            "database": "t.db", "time_zone": "UTC", "currency": "USD", "prices": "prices.csv", "quotas": "quotas.csv",
            "accounts": "accounts.csv", "budgets": "budgets.csv", "output": "out",
            "sources": [{"name": "live", "format": "tollbook_event", "paths": ["logs/live.log"], "bill": True}]}))

    def start(self, *args, **kwargs):
        return subprocess.Popen([TOLLBOOK, "--config", str(self.config), *args], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                **kwargs)

    def ends(self, process, code):
        _, err = process.communicate(timeout=20)
        if process.returncode != code:
            raise AssertionError("exit %d, not %d: %s" % (process.returncode, code, err.decode()))
        return err.decode()

    def ask(self, sql):
        if not (self.path / "t.db").exists():
            return "0"
        r = subprocess.run([TOLLBOOK, "--config", str(self.config), "sql", sql, "--format", "csv"], check=True, capture_output=True,
                           text=True)
        return r.stdout.split("\n", 1)[1].strip().replace("\r", "")

    def counts(self, want):
        got = self.ask("SELECT count(*) FROM usage_event")
        if got != str(want):
            raise AssertionError("%s events, not %d" % (got, want))

    def incomplete(self, want):
        got = self.ask("SELECT count(*) FROM file WHERE incomplete IS NOT NULL AND completed_by IS NULL")
        if got != str(want):
            raise AssertionError("%s incomplete files, not %d" % (got, want))


def interrupt(process):
    time.sleep(0.7)  # what was written has been read
    process.send_signal(signal.SIGINT)


def hang_up(process):
    process.stdin.close()
    process.stdin = None


def stdin_interrupted(box):
    """The lines that had come count, the half one does not; the whole stream completes them."""
    for ids in (True, False):
        before = int(box.ask("SELECT count(*) FROM usage_event"))
        head, rest = lines(0 if ids else 5000, 1000, ids), lines(1000 if ids else 6000, 500, ids)
        p = box.start("ingest", "-", "--source", "live", stdin=subprocess.PIPE)
        p.stdin.write(head + rest[:40])
        p.stdin.flush()
        interrupt(p)
        hang_up(p)
        box.ends(p, 130)
        box.counts(before + 1000)
        box.incomplete(1)
        p = box.start("ingest", "-", "--source", "live", stdin=subprocess.PIPE)
        _, err = p.communicate(head + rest, timeout=20)
        assert p.returncode == 0, err
        box.counts(before + 1500)
        box.incomplete(0)


def gzip_interrupted(box):
    z = gzip.compress(lines(0, 50000, True))
    p = box.start("ingest", "-", "--source", "live", stdin=subprocess.PIPE)
    p.stdin.write(z[:len(z) // 2])
    p.stdin.flush()
    interrupt(p)
    hang_up(p)
    box.ends(p, 130)
    n = int(box.ask("SELECT count(*) FROM usage_event"))
    assert 20000 < n < 30000, n
    p = box.start("ingest", "-", "--source", "live", stdin=subprocess.PIPE)
    p.communicate(z, timeout=20)
    assert p.returncode == 0
    box.counts(50000)


def writer_dies_too(box):
    """Ctrl-C reaches the writer as well: its end is not the stream's end."""
    p = box.start("ingest", "-", "--source", "live", stdin=subprocess.PIPE)
    p.stdin.write(lines(0, 10, True))
    p.stdin.flush()
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
    hang_up(p)
    box.ends(p, 130)
    box.counts(10)
    box.incomplete(1)


def fifo_configured(box):
    p = box.start("ingest")
    with open(box.fifo, "wb") as out:
        out.write(lines(0, 100, True))
        out.flush()
        interrupt(p)
        err = box.ends(p, 130)
    assert "live.log" in err and "interrupted" in err, err
    box.counts(100)
    for first in (0, 100):  # the same name, other content
        p = box.start("ingest")
        with open(box.fifo, "wb") as out:
            out.write(lines(first, 100, True))
        box.ends(p, 0)
    box.counts(200)
    box.incomplete(0)


def nobody_writes(box):
    p = box.start("ingest")
    interrupt(p)
    box.ends(p, 130)
    assert box.ask("SELECT count(*) FROM file") == "0"
    p = box.start("ingest", "-", "--source", "live", stdin=subprocess.PIPE)
    interrupt(p)
    box.ends(p, 130)
    assert box.ask("SELECT count(*) FROM file") == "0"


def behind_a_file(box):
    """A pipe waits for its turn: interrupted before, nothing of it was read, and its writer can go on."""
    big = box.path / "big.log"
    big.write_bytes(lines(0, 400000, True))
    p = box.start("ingest", str(big), box.fifo, "--source", "live")
    time.sleep(0.1)
    p.send_signal(signal.SIGINT)
    box.ends(p, 130)
    box.counts(0)


def main():
    for case in (stdin_interrupted, gzip_interrupted, writer_dies_too, fifo_configured, nobody_writes, behind_a_file):
        box = Box()
        try:
            case(box)
        except (AssertionError, subprocess.TimeoutExpired) as e:
            print("pipes: %s: %s (%s)" % (case.__name__, e, box.path), file=sys.stderr)
            sys.exit(1)
        shutil.rmtree(box.path)
    print("pipes: 6 cases passed")


main()
