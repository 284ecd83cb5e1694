#!/usr/bin/env python3
"""One error or promise of the contract at a time: exit code, the words that name the place, what is kept.

Usage: errors.py PROGRAM [NAME...]     (NAME: a test, or the beginning of one)
"""
import csv
import gzip
import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import zipfile

from generate import ACCOUNT_COLUMNS, PRICE_COLUMNS

DAY = "2025-11-02"
T = 1762081200000  # 2025-11-02T11:00:00Z in ms
PRICES = ",".join(PRICE_COLUMNS) + "\n,gpt-4*,input,1.5,1000,USD,,,,,,,\n,gpt-4*,output,3,1000,USD,,,,,,,\n"
ACCOUNTS = ",".join(ACCOUNT_COLUMNS) + "\nal*,,T1,C1,,,,,,,\n"
NOBODY = 65534


class Failed(Exception):
    pass


def check(condition, text, *rest):
    if not condition:
        raise Failed(text % rest if rest else text)


def kong(rid, ms=T, tokens=(10, 5), status=200, user="alice", **more):
    record = {"request": {"id": rid, "size": 10, "headers": {"user-agent": "ua"}}, "response": {"status": status, "size": 20},
              "latencies": {"request": 100}, "started_at": ms, "client_ip": "10.0.0.1"}
    if user:
        record["consumer"] = {"username": user}
    if tokens:
        record["ai"] = {"proxy": {"meta": {"provider_name": "openai", "response_model": "gpt-4"},
                                  "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}}}
    record.update(more)
    return json.dumps(record, separators=(",", ":"))


def many(first, count, **more):
    return "".join(kong("id-%06d" % n, T + n, **more) + "\n" for n in range(first, first + count))


class Box:
    """An empty folder with a configuration that works, and the program in it."""

    def __init__(self, program):
        self.program, self.folder = program, tempfile.mkdtemp(prefix="tollbook-blackbox-")
        self.now = "2025-11-03T12:00:00Z"
        self.write("prices.csv", PRICES)
        self.write("accounts.csv", ACCOUNTS)
        self.config()

    def config(self, **more):
        settings = {"database": "tollbook.db", "time_zone": "UTC", "currency": "USD", "prices": "prices.csv", "accounts": "accounts.csv",
                    "output": "out", "sources": [{"name": "gateway", "format": "kong", "paths": ["logs/kong-{node}-{date}*"]}]}
        settings.update(more)
        self.write("tollbook.jsonc", json.dumps({k: v for k, v in settings.items() if v is not None}, indent=1))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def command(self, words):
        return [self.program, "--config", "tollbook.jsonc"] + list(words)

    def run(self, *words, exit=0, says=(), data=b"", user=None, bare=False, now=None):
        """Runs it; the exit code and each of `says` on standard error are wanted. exit: a code or several."""
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "TOLLBOOK_NOW": now or self.now}
        command = [self.program] + list(words) if bare else self.command(words)
        become = (lambda: (os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY))) if user is not None else None
        done = subprocess.run(command, cwd=self.folder, env=env, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=become, timeout=120)
        done.out, done.err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        codes = exit if isinstance(exit, tuple) else (exit,)
        what = " ".join(words)
        check(done.returncode in codes, "%s: exit %d, not %s: %s", what, done.returncode, codes, (done.err or done.out).strip()[:400])
        for text in says if isinstance(says, tuple) else (says,):
            check(text.lower() in done.err.lower(), "%s: %r is not in what it says: %s", what, text, done.err.strip()[:400])
        if done.returncode not in (0, 3) and not (words[:1] == ("report",) and done.returncode == 5):
            check(done.err.strip(), "%s: exit %d without a word", what, done.returncode)
        return done

    def json(self, kind, *words, exit=(0, 3, 5), day=DAY):
        dates = [] if any(w in ("--date", "--from") for w in words) else ["--date", day]
        return json.loads(self.run("report", kind, *dates, *words, "--format", "json", exit=exit).stdout or b"null")

    def intake(self):
        return self.json("chargeback")["intake"]

    def requests(self, day=DAY):
        return self.json("chargeback", day=day)["totals"]["requests"]


TESTS = []


def test(function):
    TESTS.append(function)
    return function


# --- configuration --------------------------------------------------------------------------------------------------------

@test
def config_missing(box):
    box.run("--config", "nope.jsonc", "ingest", exit=2, says="nope.jsonc", bare=True)
    os.remove(box.path("tollbook.jsonc"))
    if not os.path.exists("/etc/tollbook/tollbook.jsonc"):
        box.run("ingest", exit=2, says="tollbook.jsonc", bare=True)


@test
def config_unknown_key(box):
    box.write("tollbook.jsonc", '{\n  "database": "tollbook.db",\n  "currenzy": "USD"\n}\n')
    box.run("ingest", exit=2, says=("tollbook.jsonc:3:3", "currenzy", 'did you mean "currency"'))


@test
def config_unknown_key_inside(box):
    box.write("tollbook.jsonc", '{ "sources": [\n  { "name": "a", "paths": ["x*"],\n    "fromat": "kong" } ] }\n')
    box.run("ingest", exit=2, says=("tollbook.jsonc:3:5", "fromat", 'did you mean "format"'))


@test
def config_duplicate_key(box):
    box.write("tollbook.jsonc", '{ // a comment\n  "currency": "USD", /* another\n */ "time_zone": "UTC",\n  "currency": "USD" }\n')
    box.run("ingest", exit=2, says=("tollbook.jsonc:4:3", "currency", "duplicate"))


@test
def config_syntax(box):
    for text, place in (('{\n  "database": "tollbook.db"\n  "currency": "USD"\n}', ":3:"), ('{\n "database": tollbook\n}', ":2:"),
                        ('{ "database": "tollbook.db" /* open', ":1:"), ("", ":1:"), ("[]", ":1:")):
        box.write("tollbook.jsonc", text)
        box.run("ingest", exit=2, says="tollbook.jsonc" + place)


@test
def config_bad_values(box):
    for more, word in (({"time_zone": "Mars/Olympus"}, "Mars/Olympus"), ({"sources": "logs"}, "sources"), ({"currency": 7}, "currency"),
                       ({"sources": [{"name": "a", "paths": ["x"], "format": "kongg"}]}, "kongg"),
                       ({"sources": [{"name": "a", "paths": ["x"]}, {"name": "a", "paths": ["y"]}]}, '"a"')):
        box.config(**more)
        box.run("ingest", exit=2, says=word)


@test
def config_from_environment(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    env = {"PATH": os.environ["PATH"], "TOLLBOOK_CONFIG": box.path("tollbook.jsonc")}
    done = subprocess.run([box.program, "ingest"], cwd="/", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(done.returncode == 0, "exit %d: %s", done.returncode, done.stderr)
    check(os.path.exists(box.path("tollbook.db")), "the database is not beside the configuration")


@test
def no_sources(box):
    for sources in ([], None):
        box.config(sources=sources)
        box.run("ingest", exit=(0, 2, 5))
        box.run("report", "chargeback", "--date", DAY, exit=(0, 2, 5))


# --- tables -----------------------------------------------------------------------------------------------------------------

@test
def tables_bad_cells(box):
    rows = [  # row, line:column of it, a word
        (",gpt-5,input,1.5x,1000,USD,,,,,,,", "4:14", "1.5x"), (",gpt-5,imput,1,1000,USD,,,,,,,", "4:8", "imput"),
        (",gpt-5,input,1,100,USD,,,,,,,", "4:16", "100"), (",gpt-5,input,1,1000,EUR,,,,,,,", "4:", "EUR"),
        (",gpt-5,input,-,1000,USD,,,,,,,", "4:14", "-"), (",gpt-5,input,1,1000,USD,2025-13-01,,,,,,", "4:25", "2025-13-01"),
        (",gpt-5,input,1,1000,USD,,,,x,,,", "4:28", "x"), (",gpt-5,input,-1,1000,USD,,,,,,,", "4:14", "-1"),
        (",gpt-5,input,1,1000,USD,,,,,5,sometimes,", "4:", "sometimes"), (",gpt-[5,input,1,1000,USD,,,,,,,", "4:2", "gpt-[5"),
        (",gpt-5,input,1,1000,USD,2025-11-03,2025-11-02,,,,,", "4:", "2025-11-02"), (",gpt-5,input,1,1000,USD", "4:", ""),
        (",gpt-5,input,1,1000,USD,,,,5,5,,", "4:", "context"), (",gpt-5,input,,1000,USD,,,,,,,", "4:", "price"),
        (",,input,1,1000,USD,,,,,,,", "4:", "model"), (",gpt-5,output,1,1000,USD,,,,,5,marginal,", "4:", "marginal"),
        (",gpt-5,input,1,,USD,,,,,,,", "4:16", "per"), (',gpt-5,"input,1,1000,USD,,,,,,,', "4:", ""),
    ]
    for row, place, word in rows:
        box.write("prices.csv", PRICES + row + "\n")
        box.run("tables", "import", exit=2, says=("prices.csv:" + place, word))
    check("1" not in [line.split()[0] for line in box.run("tables", "list", exit=(0, 1)).out.splitlines() if line.strip()],
          "something was imported")


@test
def tables_overlap(box):
    for extra in (",gpt-4*,input,2,1000,USD,,,,,,,", ",gpt-4*,input,2,1000,USD,2025-01-01,2025-02-01,,,,,", ",gpt-?4,input,1,1000,USD,,,,,,,\n,gpt-4?,input,2,1000,USD,,,,,,,"):
        box.write("prices.csv", PRICES + extra + "\n")
        box.run("tables", "import", exit=2, says="prices.csv:")
    box.write("prices.csv", PRICES + ",gp[tu]-4,input,2,1000,USD,,,,,,,\n,g[p]t-4,input,3,1000,USD,,,,,,,\n")
    box.run("tables", "import", exit=2, says="prices.csv:")  # six literal characters each; both meet gpt-4
    box.write("prices.csv", PRICES + "open*,gpt-5,input,1,1000,USD,,,,,,,\n*enai,gpt-5,input,1,1000,USD,,,,,,,\n")
    box.run("tables", "import", exit=2, says="prices.csv:5:")
    box.write("prices.csv", PRICES + ",gpt-5,input,1,1000,USD,,,,7,,request,\n,gpt-5,input,1,1000,USD,,,,9,,marginal,\n")
    box.run("tables", "import", exit=2, says="prices.csv:5:")


@test
def tables_that_only_touch(box):
    """Half-open intervals, other meters, other contexts, globs that cannot meet: no overlap."""
    box.write("prices.csv", PRICES + "\n".join((
        ",a1,input,1,1,USD,,2025-11-02,,,,,", ",a1,input,2,1,USD,2025-11-02,,,,,,", ",a1,input,3,1,USD,2025-11-02,,flex,,,,",
        ",a1,input,3,1,USD,2025-11-02,,,5,,,", ",a1,input,3,1,USD,2025-11-02,,,,5,,", "p,a1,input,3,1,USD,,,,,,,", ",b?x,input,1,1,USD,,,,,,,",
        ",c?x,input,1,1,USD,,,,,,,", ",[ab]zz,input,1,1,USD,,,,,,,", ",[cd]zz,input,1,1,USD,,,,,,,", ",q\\*,input,1,1,USD,,,,,,,", ",q*,input,1,1,USD,,,,,,,")) + "\n")
    box.run("tables", "import")
    box.run("tables", "check")


@test
def tables_unknown_column(box):
    box.write("prices.csv", PRICES.replace("provider,", "provder,", 1))
    box.run("tables", "import", exit=2, says=("prices.csv:1:1", "provder", 'did you mean "provider"'))
    box.write("prices.csv", PRICES.replace("note\n", "note,note\n", 1))
    box.run("tables", "import", exit=2, says="prices.csv:1:")
    box.write("prices.csv", PRICES)
    box.write("accounts.csv", ACCOUNTS.replace("al*,,T1,C1,,,,,,,", "al*,,T1,C1,,,,robot,,,"))
    box.run("tables", "import", exit=2, says=("accounts.csv:2:", "robot"))
    box.write("accounts.csv", ACCOUNTS + "*al,,T2,,,,,,,,\n")
    box.run("tables", "import", exit=2, says="accounts.csv:3:")
    os.remove(box.path("accounts.csv"))
    box.run("tables", "import", exit=2, says="accounts.csv")


@test
def tables_import_twice_is_one_version(box):
    box.run("tables", "import")
    box.write("logs/kong-a-2025-11-02.log", many(0, 2))
    box.run("ingest")
    check(box.json("chargeback")["tables"] == 1, "version is not 1")
    box.run("tables", "import")
    check(box.json("chargeback")["tables"] == 1, "a second import without a change opened a version")
    box.write("prices.csv", PRICES.replace("1.5", "2.5"))
    report = box.json("chargeback")  # report imports changed files
    check(report["tables"] == 2 and report["totals"]["cost"] == "0.08", "report after a change: %r", report["totals"])
    check(box.json("chargeback", "--tables", "1")["totals"]["cost"] == "0.06", "--tables 1")
    box.run("report", "chargeback", "--date", DAY, "--tables", "9", exit=2, says="9")
    box.run("report", "chargeback", "--date", DAY, "--revision", "7", exit=2, says="7")


# --- inputs -------------------------------------------------------------------------------------------------------------------

@test
def unreadable_log(box):
    if os.getuid() != 0:
        return "not root"
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.write("logs/kong-b-2025-11-02.log", many(3, 3))
    os.chmod(box.path("logs/kong-a-2025-11-02.log"), 0)
    os.chmod(box.folder, 0o777)
    box.run("ingest", exit=5, says=("kong-a-2025-11-02.log", "permission denied"), user=NOBODY)
    check(box.json("chargeback")["totals"]["requests"] == 3, "the other file was not read")
    os.chmod(box.path("logs/kong-a-2025-11-02.log"), 0o644)
    box.run("ingest")
    check(box.requests() == 6, "not completed")


@test
def truncated_gz(box):
    whole = gzip.compress(many(0, 400).encode(), mtime=0)
    box.write("logs/kong-a-2025-11-02.log.gz", whole[:len(whole) // 2])
    box.run("ingest", exit=5, says="kong-a-2025-11-02.log.gz")
    kept = box.intake()
    check(0 < kept["events"] < 400, "what came before the cut: %r", kept)
    check(kept["lines"] == kept["events"] + kept["rejected"] and kept["rejected"] <= 1, "intake %r", kept)
    box.run("ingest", exit=(0, 3, 5))
    check(box.intake()["events"] == kept["events"], "reading it again changes it")
    box.run("run", "--date", DAY, exit=5)
    box.write("logs/kong-a-2025-11-02.log.gz", whole)
    box.run("ingest", exit=0)
    check(box.requests() == 400, "the whole file does not complete it: %r", box.intake())
    box.run("run", "--date", DAY, exit=0)


@test
def truncated_gz_completed_under_another_name(box):
    whole = gzip.compress(many(0, 400).encode(), mtime=0)
    box.write("logs/kong-a-2025-11-02.log.gz", whole[:-1000])
    box.run("ingest", exit=5)
    os.rename(box.path("logs/kong-a-2025-11-02.log.gz"), box.path("old.gz"))
    box.write("logs/kong-a-2025-11-02.log.1.gz", whole)
    box.run("ingest", exit=(0, 5))
    check(box.requests() == 400, "%r", box.intake())


@test
def gz_without_its_trailer(box):
    whole = gzip.compress(many(0, 50).encode(), mtime=0)
    for cut in (1, 4, 8):
        box.write("logs/kong-a-2025-11-02.log.gz", whole[:-cut])
        box.run("ingest", exit=5, says="kong-a-2025-11-02.log.gz")
        check(box.requests() == 50, "cut of %d", cut)


@test
def flipped_bits(box):
    text = many(0, 2000).encode()
    whole = bytearray(gzip.compress(text, mtime=0))
    whole[len(whole) // 2] ^= 0x10
    box.write("logs/kong-a-2025-11-02.log.gz", bytes(whole))
    box.run("ingest", exit=5, says="kong-a-2025-11-02.log.gz")
    check(box.intake()["events"] <= 2000, "%r", box.intake())
    box.write("logs/kong-a-2025-11-02.log.gz", gzip.compress(text, mtime=0))
    box.run("ingest", exit=(0, 3))
    check(box.requests() == 2000, "the good file does not complete it: %r", box.intake())


@test
def other_compressions_cut(box):
    import bz2
    import lzma
    text = many(0, 3000).encode()
    for ending, whole in (("xz", lzma.compress(text)), ("bz2", bz2.compress(text, 1))):
        name = "logs/kong-a-2025-11-02.log." + ending
        box.write(name, whole[:len(whole) * 2 // 3])
        box.run("ingest", exit=5, says=name)
        box.write(name, whole)
        box.run("ingest", exit=0)
        check(box.requests() == 3000, ending)
        os.remove(box.path(name))


@test
def garbage_after_gz(box):
    box.write("logs/kong-a-2025-11-02.log.gz", gzip.compress(many(0, 5).encode()) + b"\0" * 512)
    box.write("logs/kong-b-2025-11-02.log.gz", gzip.compress(many(5, 5).encode()) + b"garbage here")
    box.run("ingest", exit=(0, 5))
    check(box.requests() == 10, "%r", box.intake())


@test
def empty_files(box):
    for name, data in (("a-2025-11-02.log", b""), ("b-2025-11-02.log.gz", gzip.compress(b"")), ("c-2025-11-02.log", b"\n\n")):
        box.write("logs/kong-" + name, data)
    box.run("ingest", exit=0)
    intake = box.intake()
    check(intake["events"] == 0 and intake["files"] >= 2 and intake["rejected"] == 0, "%r", intake)


@test
def missing_day(box):
    """An expected file of an asked day is not there."""
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.run("run", "--date", "2025-11-01", exit=5, says="2025-11-01")
    box.run("ingest", "logs/no-such-file.log", exit=5, says="no-such-file.log")


@test
def only_the_asked_days_are_opened(box):
    for day in ("2025-10-20", "2025-11-01", "2025-11-02", "2025-11-03", "20251104"):
        box.write("logs/kong-a-%s.log" % day, kong("of-" + day) + "\n")
    box.run("run", "--date", DAY, exit=0)
    check(box.requests() == 3, "a run for one day reads its files and one day either side: %r", box.intake())
    box.run("ingest")
    check(box.requests() == 5, "ingest without dates reads all")


@test
def invalid_utf8(box):
    raw = kong("u1", user="caf@").encode().replace(b"caf@", b"caf\xff")
    box.write("logs/kong-a-2025-11-02.log", raw + b"\n" + kong("u2").encode().replace(b'"ua"', b'"\xc3\x28"') + b"\n")
    box.run("ingest")
    who = [line["consumer"] for line in box.json("chargeback")["lines"]]
    check(sorted(who) == ["alice", "caf\ufffd"], "%r", who)


@test
def standard_input(box):
    text = many(0, 4).encode()
    box.run("ingest", "-", "--format", "kong", data=text)
    report = box.json("chargeback")
    check([line["source"] for line in report["lines"]] == ["adhoc"], "%r", report["lines"])
    box.run("ingest", "-", "--source", "by-hand", data=gzip.compress(text))
    check(sorted({line["source"] for line in box.json("chargeback")["lines"]}) == ["adhoc", "by-hand"], "--source")
    box.run("ingest", "-", "--source", "by-hand", data=text)
    check(box.requests() == 8, "standard input twice: %r", box.intake())
    box.run("ingest", "-", data=b"")


@test
def format_of_a_named_file(box):
    box.write("x.log", many(0, 3))
    box.run("ingest", "x.log", "--format", "nope", exit=2, says="nope")
    box.run("ingest", "x.log", exit=0)
    box.write("y.log", '{"ts":"2025-11-02T10:00:00Z","consumer":"bob","model":"gpt-4","input_tokens":1,"output_tokens":1}\n')
    box.run("ingest", "y.log", exit=0)
    check(box.requests() == 4, "%r", box.intake())
    box.write("z.log", "what is this\nnobody knows\n")
    box.run("ingest", "z.log", exit=(2, 3, 5), says="z.log")
    done = box.run("formats", "list")
    check("kong" in done.out and "tollbook_event" in done.out, "formats list: %s", done.out)
    check("kong" in box.run("formats", "test", "x.log").out, "formats test")
    box.run("formats", "test", "nothing.log", exit=(1, 2, 5), says="nothing.log")


@test
def a_very_long_line(box):
    """16 MiB and more: rejected, the file goes on."""
    box.write("logs/kong-a-2025-11-02.log", kong("a") + "\n" + kong("b", pad="x" * (17 << 20)) + "\n" + kong("c") + "\n")
    box.run("ingest", exit=3)
    rows = box.json("rejects")["rows"]
    check(box.requests() == 2 and len(rows) == 1 and rows[0]["line"] == 2, "%r", rows)
    box.write("logs/kong-b-2025-11-02.log", kong("d", pad="x" * (3 << 20)) + "\n")
    box.run("ingest", exit=(0, 3))
    check(box.requests() == 3, "a line of 3 MiB")


@test
def one_absurd_line(box):
    """A cost or count that no sum can hold is one rejected line, not the end of the day's report."""
    box.config(sources=[{"name": "apps", "format": "tollbook_event", "paths": ["apps/*"]}])
    for n, field in enumerate(('"cost_usd":1e17', '"cost_usd":1' + "0" * 40, '"input_tokens":1' + "0" * 18, '"input_tokens":1' + "0" * 40)):
        box.write("apps/%d.jsonl" % n, '{"id":"b%d","ts":"2025-11-02T10:00:00Z",%s}\n{"id":"g%d","ts":"2025-11-02T10:00:00Z",'
                  '"model":"gpt-4","input_tokens":1,"output_tokens":1}\n' % (n, field, n))
    box.run("ingest", exit=3)
    intake = box.intake()
    check((intake["events"], intake["rejected"]) == (4, 4), "%r", intake)


@test
def nesting_bombs(box):
    deep = kong("a", pad="@").replace('"@"', "[" * 100000 + "]" * 100000)
    box.write("logs/kong-a-2025-11-02.log", deep + "\n" + kong("b") + "\n")
    box.run("ingest", exit=(0, 3))
    check(box.requests() in (1, 2), "%r", box.intake())


# --- exactly once -----------------------------------------------------------------------------------------------------------

def ask(box):
    """The consumers and nodes that stay, after ingest."""
    rows = box.json("usage", "--by", "consumer,node")["rows"]
    return sorted((row["consumer"], row["node"], row["requests"], row["input"], row["output"]) for row in rows)


@test
def conflict_more_fields(box):
    """A record that says who it was has more fields than one that does not."""
    for n, user in enumerate(["alice", "bob", "carl", "dave", "eve", "frank"]):
        box.write("logs/kong-a-2025-11-02.%d.log" % n, kong("c%d" % n, user=user) + "\n")
        box.write("logs/kong-b-2025-11-02.%d.log" % n, kong("c%d" % n, user=None) + "\n")
    box.run("ingest")
    check([a[0] for a in ask(box)] == ["alice", "bob", "carl", "dave", "eve", "frank"], "%r", ask(box))


@test
def conflict_that_digests_decide(box):
    """Equal in everything else: the larger digest stays, the same in every database."""
    stays = set()
    for n in range(12):
        for user in ("a", "b"):
            record = json.loads(kong("c1", user="user-" + user))
            record["ai"]["proxy"]["payload"] = {"request": "the same prompt"}
            box.write("logs/kong-%s-2025-11-02.log" % user, json.dumps(record) + "\n")
        box.run("ingest", *["logs/kong-%s-2025-11-02.log" % u for u in ("ab" if n % 2 else "ba")])
        stays.add(ask(box)[0][0])
        for name in os.listdir(box.folder):
            if name.startswith("tollbook.db"):
                os.remove(box.path(name))
    check(len(stays) == 1, "another database, another winner: %r", stays)


@test
def conflict_winners(box):
    pairs = [  # the one that stays, the other
        (kong("1", tokens=(1, 1), user="w"), kong("1", tokens=None, status=502, user="l")),
        (kong("2", tokens=(1, 1), user="w"), kong("2", tokens=(0, 900), user="l")),
        (kong("3", tokens=(10, 6), user="w"), kong("3", tokens=(10, 5), user="l")),
        (kong("4", ms=T + 1, user="w"), kong("4", user="l")),
        (kong("5", ms=T - 30 * 3600000, tokens=(10, 6), user="w"), kong("5", user="l")),
    ]
    for order in ((0, 1), (1, 0)):
        for n, pair in enumerate(pairs):
            box.write("logs/kong-a-2025-11-02.%d.log" % n, pair[order[0]] + "\n")
            box.write("logs/kong-b-2025-11-02.%d.log" % n, pair[order[1]] + "\n")
        box.run("ingest", exit=0)
        lines = box.json("chargeback", "--from", "2025-10-31", "--to", DAY)
        check({line["consumer"] for line in lines["lines"]} == {"w"}, "%r", lines["lines"])
        check(lines["intake"]["conflicts"] == 5 and lines["intake"]["events"] == 5, "%r", lines["intake"])
        checks = {row["control"]: row for row in box.json("checks", "--from", "2025-10-31", "--to", DAY)["rows"]}
        check("id_reused" in checks and checks["id_reused"]["informative"] is True and checks["id_reused"]["found"] == 1,
              "id_reused: %r", checks.get("id_reused"))
        for name in os.listdir(box.folder):
            if name.startswith("tollbook.db"):
                os.remove(box.path(name))


@test
def smallest_node_stays(box):
    """Also when the whole file is known already, and came from the larger name first."""
    box.write("logs/kong-b-2025-11-02.log", many(0, 2))
    box.run("ingest")
    check([a[1] for a in ask(box)] == ["b"], "%r", ask(box))
    box.write("logs/kong-a-2025-11-02.log.gz", gzip.compress(many(0, 2).encode()))
    box.run("ingest")
    check([a[1] for a in ask(box)] == ["a"], "the same content from a smaller node: %r", ask(box))
    box.write("logs/kong-A-2025-11-02.log", many(0, 1) + many(7, 1))
    box.run("ingest")
    check([(a[1], a[2]) for a in ask(box)] == [("A", 2), ("a", 1)], "%r", ask(box))
    intake = box.intake()
    check((intake["events"], intake["duplicates"], intake["conflicts"]) == (3, 3, 0), "%r", intake)


@test
def known_content(box):
    text = many(0, 3) + "torn{\n" + '10.42.0.17 - - [02/Nov/2025:23:59:50 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n'
    box.write("logs/kong-a-2025-11-02.log", text)
    box.run("ingest", exit=3)
    box.write("logs/kong-a-2025-11-02.log.gz", gzip.compress(text.encode()))
    box.run("ingest", exit=(0, 3))
    intake = box.intake()
    check(intake == intake | {"files": 2, "lines": 10, "events": 3, "duplicates": 5, "ignored": 1, "rejected": 1}, "%r", intake)


@test
def one_content_in_two_sources(box):
    box.config(sources=[{"name": "one", "format": "kong", "paths": ["one/*"]}, {"name": "two", "format": "kong", "paths": ["two/*"]},
                        {"name": "shadow", "format": "kong", "paths": ["three/*"], "bill": False}])
    for name in ("one", "two", "three"):
        box.write(name + "/x.log", many(0, 3))
    box.run("ingest")
    report = box.json("chargeback")
    check(sorted((line["source"], line["requests"]) for line in report["lines"]) == [("one", 3), ("two", 3)], "%r", report["lines"])
    check(report["totals"]["requests"] == 6, "%r", report["totals"])


@test
def records_without_id(box):
    line = kong("") + "\n"
    box.write("logs/kong-a-2025-11-02.log", line * 3)
    box.write("logs/kong-a-2025-11-02.1.log", line * 2)
    box.run("ingest")
    check(box.requests() == 3, "%r", box.intake())
    box.write("logs/kong-a-2025-11-02.2.log", line * 5)
    box.run("ingest")
    intake = box.intake()
    check(box.requests() == 5 and intake["duplicates"] == 5, "%r", intake)


@test
def a_second_run_is_refused(box):
    """Exit 11 while another holds the lock."""
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    os.mkfifo(box.path("pipe"))
    first = subprocess.Popen(box.command(["ingest", "pipe", "--format", "kong", "--source", "s"]), cwd=box.folder,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        feed = open(box.path("pipe"), "wb")
        feed.write(many(5, 1).encode())
        feed.flush()
        time.sleep(0.5)
        check(first.poll() is None, "the first one ended already, exit %r", first.poll())
        box.run("ingest", exit=11)
        box.run("run", "--date", DAY, exit=11)
        box.json("chargeback", exit=(0, 11))  # a day that is not reduced yet has to be written first
        feed.close()
        check(first.wait(20) == 0, "the first one: exit %r", first.poll())
    finally:
        first.kill()
    box.run("ingest", exit=0)
    check(box.requests() == 4, "%r", box.intake())


@test
def kill_during_run(box):
    for n in range(4):
        box.write("logs/kong-%s-2025-11-02.log.gz" % "abcd"[n], gzip.compress(many(n * 4000, 4000).encode(), 1))
    for n in range(12):
        job = subprocess.Popen(box.command(["run", "--date", DAY]), cwd=box.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.01 + 0.03 * n)
        job.send_signal(signal.SIGKILL)
        job.wait()
    box.run("run", "--date", DAY, exit=0)
    check(box.requests() == 16000, "%r", box.intake())
    pack = json.loads(box.read("out/%s/pack-%s.json" % (DAY, DAY)))
    check(pack["chargeback"]["totals"]["requests"] == 16000, "the pack")
    rest = [n for n in os.listdir(box.path("out/" + DAY)) + os.listdir(box.path("out")) if "tmp" in n or n.startswith(".")]
    check(not rest, "left behind: %r", rest)


# --- outputs --------------------------------------------------------------------------------------------------------------------

@test
def output_not_writable(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.write("out", "a file where the folder should be")
    box.run("run", "--date", DAY, exit=1, says="out")
    os.remove(box.path("out"))
    if os.getuid() == 0:
        for name in os.listdir(box.folder):
            if name.startswith("tollbook.db"):
                os.chown(box.path(name), NOBODY, NOBODY)
        os.mkdir(box.path("out"), 0o555)
        os.chmod(box.folder, 0o777)
        box.run("run", "--date", DAY, exit=1, says="out", user=NOBODY)
        os.chmod(box.path("out"), 0o777)
        box.run("run", "--date", DAY, exit=0, user=NOBODY)
    box.run("report", "chargeback", "--date", DAY, "-o", "no/such/folder/x.csv", "--format", "csv", exit=(0, 1))
    box.run("report", "chargeback", "--date", DAY, "-o", ".", "--format", "csv", exit=(1, 2))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(box.command(["report", "chargeback", "--date", DAY, "--format", "json"]), cwd=box.folder, stdout=full,
                              stderr=subprocess.PIPE)
        check(done.returncode == 1, "a full standard output: exit %d", done.returncode)


@test
def database_not_writable(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.config(database="deep/er/tollbook.db")
    done = box.run("ingest", exit=(0, 1))  # folders of outputs are made; whether a database's is, is open
    if done.returncode == 1:
        check("deep/er" in done.err, "%s", done.err)
    box.config(database="logs")
    box.run("ingest", exit=(1, 2), says="logs")
    box.write("not.db", "this is not a database at all" * 100)
    box.config(database="not.db")
    box.run("ingest", exit=1, says="not.db")
    check(box.read("not.db").startswith(b"this is not"), "somebody's file was overwritten")


@test
def empty_day(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.run("ingest")
    report = box.json("chargeback", day="2025-10-15", exit=0)
    check(report["lines"] == [] and report["teams"] == [] and report["totals"]["cost"] == "0", "%r", report)
    for kind in ("usage", "checks", "rejects"):
        box.json(kind, day="2025-10-15", exit=0)
    check(box.json("chargeback", day="2030-01-01", exit=0)["lines"] == [], "a day to come")
    box.run("run", "--date", "2030-01-01", exit=(0, 2, 5))


@test
def no_database_yet(box):
    done = box.run("report", "chargeback", "--date", DAY, "--format", "json", exit=(0, 1, 5))
    if done.returncode == 0:
        check(json.loads(done.stdout)["lines"] == [], "lines of nothing")


@test
def date_words(box):
    for n, day in enumerate(("2025-10-27", "2025-11-01", "2025-11-02", "2025-11-03")):
        box.write("logs/kong-a-%s.log" % day, kong("d%d" % n, T + (n - 2) * 86400000 if n else T - 6 * 86400000) + "\n")
    box.run("ingest")
    cases = [(["--date", "today"], ("2025-11-03", "2025-11-03")), (["--date", "yesterday"], (DAY, DAY)), (["--date", "2025-11"], ("2025-11-01", "2025-11-30")),
             (["--date", "last-month"], ("2025-10-01", "2025-10-31")), (["--date", "last-week"], ("2025-10-27", DAY)),
             (["--from", "-7d", "--to", "yesterday"], ("2025-10-27", DAY)), ([], (DAY, DAY)), (["--from", "2025-10", "--to", "2025-11"], ("2025-10-01", "2025-11-30"))]
    for words, (first, last) in cases:
        report = json.loads(box.run("report", "chargeback", *words, "--format", "json").stdout)
        check((report["from"], report["to"]) == (first, last), "%s is %s to %s", words, report["from"], report["to"])
    for bad in (["--date", "2025-13-01"], ["--date", "2025-02-30"], ["--date", "soon"], ["--from", "2025-11-05", "--to", "2025-11-01"],
                ["--date", DAY, "--from", DAY], ["--date"], ["--date", "2025-11-02T10:00"]):
        box.run("report", "chargeback", *bad, exit=2)
    box.run("report", "chargeback", "--date", DAY, exit=2, now="yesterday, perhaps", says="TOLLBOOK_NOW")


@test
def part_of_a_day(box):
    box.config(time_zone="Asia/Kolkata")
    box.write("logs/kong-a-2025-11-02.log", "".join(kong("h%d" % n, T + n * 3600000) + "\n" for n in range(5)))
    box.run("ingest")
    rows = box.json("usage", "--from", "2025-11-02T16:30", "--to", "2025-11-02T18:30")["rows"]
    check(len(rows) == 1 and rows[0]["requests"] == 2, "11:00Z is 16:30 in Kolkata, and the end is exclusive: %r", rows)


@test
def not_built_yet(box):
    for words in ("export focus", "bills import x", "decide import x.csv", "report reconcile", "tables diff 1 2"):
        done = box.run(*words.split(), exit=(0, 1, 2, 3, 5))
        if done.returncode == 2:
            check("not built" in done.err or "usage" in done.err or "line" in done.err or "there is no" in done.err, "%s: %s", words, done.err)


@test
def wrong_words(box):
    for words in ("", "nonsense", "report", "report nonsense", "run --nope", "ingest --nope", "report chargeback --format pdf", "report usage --by colour",
                  "report usage --where team", "report usage --where colour=x", "report usage --top x", "report usage --top -1", "report usage --sort colour",
                  "sql", "tables", "tables nonsense", "formats", "formats nonsense", "--nope", "run extra", "init a b", "backup", "--config"):
        box.run(*words.split(), exit=2)


@test
def help_of_each_command(box):
    top = box.run("--help", bare=True)
    for name in ("init", "run", "ingest", "report", "tables", "formats", "check", "doctor", "sql", "prune", "backup"):
        check(name in top.out, "--help does not name %s", name)
        done = box.run(name, "--help", bare=True)
        check("usage" in done.out.lower() and name in done.out and not done.err, "%s --help", name)
    check(box.run("--version", bare=True, exit=(0, 2)) is not None, "")


@test
def init_never_overwrites(box):
    box.run("init", "books", bare=True)
    names = sorted(os.listdir(box.path("books")))
    check("tollbook.jsonc" in names and "prices.csv" in names and "accounts.csv" in names, "%r", names)
    box.write("books/prices.csv", "mine")
    box.run("init", "books", bare=True, exit=(0, 1, 2))
    check(box.read("books/prices.csv") == b"mine", "init overwrote a table")
    shutil.rmtree(box.path("books"))
    box.run("init", "books", bare=True)
    box.run("--config", "books/tollbook.jsonc", "tables", "check", bare=True)
    box.run("--config", "books/tollbook.jsonc", "check", bare=True, exit=(0, 3, 5))


@test
def silent_when_all_is_well(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    for words in (["ingest"], ["run", "--date", DAY], ["tables", "import"], ["run", "--date", DAY]):
        done = box.run(*words)
        check(not done.stderr, "%s off a terminal says: %s", words, done.err)
    check(not box.run("ingest").out, "ingest prints on standard output")


# --- the nightly job --------------------------------------------------------------------------------------------------------------

def revisions(box, day=DAY):
    place = box.path("out/%s/superseded" % day)
    return sorted(os.listdir(place)) if os.path.exists(place) else []


@test
def run_catches_up(box):
    """Yesterday, and every earlier day whose pack is missing or out of date."""
    box.write("logs/kong-a-2025-10-30.log", kong("e1", T - 3 * 86400000) + "\n")
    box.write("logs/kong-a-2025-11-02.log", many(0, 2))
    box.run("run", exit=(0, 5))
    check(os.path.exists(box.path("out/2025-10-30/pack-2025-10-30.json")) and os.path.exists(box.path("out/%s/pack-%s.json" % (DAY, DAY))), "packs")
    box.run("run", exit=(0, 5))
    check(revisions(box) == [] and revisions(box, "2025-10-30") == [], "a second run opened a revision")
    box.write("logs/kong-b-2025-10-30.log", kong("late", T - 3 * 86400000 + 5) + "\n")
    box.run("run", exit=(0, 5), now="2025-11-05T12:00:00Z")
    check(revisions(box, "2025-10-30") == ["r1"], "late data does not update its day: %r", revisions(box, "2025-10-30"))
    check(revisions(box) == [], "a day that did not change has a new revision")
    for revision, requests in ((1, 1), (2, 2)):
        report = box.json("chargeback", "--revision", str(revision), day="2025-10-30")
        check(report["totals"]["requests"] == requests and report["revision"] == revision, "revision %d: %r", revision, report["totals"])


@test
def a_mended_price_is_a_revision(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 2))
    box.write("prices.csv", PRICES.replace("gpt-4*,output", "gpt-9*,output"))
    box.run("run", "--date", DAY, exit=3)
    report = box.json("chargeback", exit=3)
    check(report["unpriced"] == [{"provider": "openai", "model": "gpt-4", "requests": 2, "tokens": 30}] or
          [dict(u, **{}) for u in report["unpriced"]][0]["tokens"] == 30, "%r", report["unpriced"])
    check([line["cost"] for line in report["lines"]] == [None], "a silent price: %r", report["lines"])
    box.write("prices.csv", PRICES)
    box.run("run", "--date", DAY, exit=0)
    check(revisions(box) == ["r1"], "%r", revisions(box))
    check(box.json("chargeback", "--revision", "1")["lines"][0]["basis"] == "unpriced", "--revision 1")
    check(box.json("chargeback")["totals"]["cost"] == "0.06", "now priced")
    box.write("prices.csv", PRICES + ",other,input,1,1000,USD,,,,,,,\n")  # a version that changes nothing of this day
    box.run("run", "--date", DAY, exit=0)
    check(box.json("chargeback")["totals"]["cost"] == "0.06", "still")


@test
def same_bytes_in_two_places(box):
    """Two folders with the same inputs: byte-identical packs."""
    packs = []
    for name in ("one", "two"):
        for n in range(3):
            box.write("%s/logs/kong-%s-2025-11-02.log" % (name, "abc"[n]), many(n * 5, 9))
        for file in ("prices.csv", "accounts.csv", "tollbook.jsonc"):
            box.write(name + "/" + file, box.read(file))
        box.run("--config", name + "/tollbook.jsonc", "run", "--date", DAY, bare=True, exit=0, now="2025-11-03T12:00:00Z" if name == "one" else "2025-11-04T15:00:00Z")
        place = "%s/out/%s/" % (name, DAY)
        packs.append({f: box.read(place + f) for f in sorted(os.listdir(box.path(place))) if os.path.isfile(box.path(place + f))})
    check(packs[0].keys() == packs[1].keys(), "%r %r", list(packs[0]), list(packs[1]))
    other = [f for f in packs[0] if packs[0][f].replace(b"/one/", b"/two/") != packs[1][f]]
    check(not [f for f in other if not f.endswith((".xlsx", "SHA256SUMS"))], "they differ: %r", other)


@test
def packs_and_metrics(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.run("run", "--date", DAY, exit=0)
    prom = box.read("out/metrics.prom").decode()
    for name in ("kong_llm_tokens_total{", "kong_llm_cost_total{", "tollbook_last_success_timestamp_seconds"):
        check(name in prom, "metrics.prom has no %s", name)
    for line in prom.splitlines():
        check(line.startswith("#") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) is not None, "metrics.prom: %s", line)
    check(zipfile.is_zipfile(box.path("out/%s/chargeback-%s.xlsx" % (DAY, DAY))), "the workbook")
    box.run("report", "chargeback", "--date", DAY, "--format", "xlsx", "-o", "x.xlsx")
    check(zipfile.is_zipfile(box.path("x.xlsx")), "--format xlsx")
    mode = stat.S_IMODE(os.stat(box.path("x.xlsx")).st_mode)
    check(mode & 0o137 == 0, "x.xlsx has mode %o", mode)
    box.run("report", "chargeback", "--date", DAY, "--format", "csv", "-o", "new/x.csv", exit=(0, 1))


# --- what is printed and kept -----------------------------------------------------------------------------------------------------

@test
def hostile_names(box):
    names = ["=cmd|'/C calc'!A0", "+1", "@x", "-y", "\u202eevil", "a\u001bb", "tab\there", "-12", "a\u2066b"]
    box.write("logs/kong-a-2025-11-02.log", "".join(kong("n%d" % n, user=name) + "\n" for n, name in enumerate(names)))
    box.run("ingest")
    for form in ("json", "csv", "table"):
        out = box.run("report", "chargeback", "--date", DAY, "--format", form).out
        for bad in "\u202e\u2066\u001b\t":
            check(bad not in out, "%r is printed as %s", bad, form)
    rows = list(csv.DictReader(io.StringIO(box.run("report", "chargeback", "--date", DAY, "--format", "csv").out)))
    cells = {row["consumer"] for row in rows}
    check({"'=cmd|'/C calc'!A0", "'@x", "'-y"} <= cells, "%r", cells)
    check("-12" in cells, "a plain number is not prefixed: %r", cells)
    check("+1" in cells or "'+1" in cells, "%r", cells)


@test
def query_keys_are_secret_too(box):
    """Kong writes ?sk-123 as {"sk-123":true}, and any header's name; a torn line's excerpt shows none of it."""
    secret = "SEKRITkey99"
    record = json.loads(kong("q1"))
    record["request"].update(querystring={secret: True}, headers={"x-" + secret: "1", "user-agent": "ua"}, uri="/a?" + secret)
    text = json.dumps(record)
    event = '{"ts":"2025-11-02T10:00:00","prompt":"%s","%s":1}' % (secret, secret)
    box.write("logs/kong-a-2025-11-02.log", text + "\n" + "".join(text[:cut] + "\n" for cut in range(30, len(text) - 1, 7)) + secret + "\n" + event + "\n")
    printed = box.run("run", "--date", DAY, exit=3).err
    for form in ("json", "csv", "table"):
        printed += box.run("report", "rejects", "--date", DAY, "--format", form, exit=(0, 3)).out
    printed += box.run("formats", "test", "logs/kong-a-2025-11-02.log", exit=(0, 3)).out
    check(secret not in printed, "printed: ...%s", printed[max(0, printed.find(secret) - 200):printed.find(secret) + 20])
    for place, _dirs, files in os.walk(box.folder):
        for name in files:
            path = os.path.join(place, name)
            if "logs" in path:
                continue
            with open(path, "rb") as f:
                data = f.read()
            if name.endswith(".xlsx"):
                archive = zipfile.ZipFile(io.BytesIO(data))
                data = b"".join(archive.read(n) for n in archive.namelist())
            check(secret.encode() not in data, "%s has it", name)


@test
def sql_only_reads(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.run("ingest")
    out = box.run("sql", "SELECT day, consumer, count(*) AS n, sum(input) AS i FROM usage_event GROUP BY 1, 2", "--format", "json").out
    check(json.loads(out) is not None and "30" in out, "%s", out)
    columns = ("day ts source node id consumer provider model_requested model service_tier feature variant trigger input cache_read cache_write_5m "
               "cache_write_1h output reasoning total_only saved quality status success latency_ms retries request_bytes response_bytes client_ip "
               "user_agent prompt_fingerprint prompt_chars logged_cost file line").split()
    out = box.run("sql", "SELECT " + ", ".join('"%s"' % c for c in columns) + " FROM usage_event ORDER BY line", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    check(len(rows) == 3 and rows[1]["id"] == "id-000001" and rows[1]["ts"] == str((T + 1) * 1000) and rows[1]["line"] == "2", "%r", rows[1:2])
    for statement in ("DELETE FROM usage_event", "DROP TABLE nothing", "CREATE TABLE x(a)", "ATTACH 'y.db' AS y", "PRAGMA journal_mode=DELETE", "VACUUM INTO 'z.db'"):
        done = box.run("sql", statement, exit=(0, 1, 2))
        check(done.returncode or statement.startswith(("PRAGMA", "ATTACH")), "%s: allowed", statement)
    check(not os.path.exists(box.path("z.db")) and box.requests() == 3, "sql wrote something")
    box.run("sql", "SELECT nonsense FROM nowhere", exit=(1, 2))


@test
def backup_is_a_copy(box):
    box.write("logs/kong-a-2025-11-02.log", many(0, 3))
    box.run("ingest")
    box.run("backup", "copy.db")
    check(stat.S_IMODE(os.stat(box.path("copy.db")).st_mode) & 0o177 == 0, "mode")
    check(sqlite3.connect(box.path("copy.db")).execute("PRAGMA integrity_check").fetchone() == ("ok",), "integrity")
    shutil.copy(box.path("tollbook.db.key"), box.path("copy.db.key"))
    before = box.json("chargeback")
    box.config(database="copy.db")
    check(box.json("chargeback") == before, "the copy says otherwise")


@test
def prompts_have_a_key_apart(box):
    record = json.loads(kong("p1"))
    record["ai"]["proxy"]["payload"] = {"request": "PROMPTTEXT says SEKRIT"}
    box.write("logs/kong-a-2025-11-02.log", json.dumps(record) + "\n")
    box.run("ingest")
    keys = [n for n in os.listdir(box.folder) if "key" in n]
    check(len(keys) == 1 and stat.S_IMODE(os.stat(box.path(keys[0])).st_mode) == 0o600, "%r", keys)
    rows = list(csv.DictReader(io.StringIO(box.run("sql", "SELECT prompt_chars, prompt_fingerprint FROM usage_event", "--format", "csv").out)))
    check(rows[0]["prompt_chars"] not in ("", "0"), "%r", rows)


def main():
    program = os.path.abspath(sys.argv[1])
    chosen = [t for t in TESTS if not sys.argv[2:] or any(t.__name__.startswith(n) for n in sys.argv[2:])]
    passed = failed = 0
    os.umask(0o022)
    for function in chosen:
        box = Box(program)
        try:
            skipped = function(box)
            passed += 1
            if skipped:
                print("%s: skipped, %s" % (function.__name__, skipped))
        except (Failed, KeyError, TypeError, ValueError, IndexError, OSError, subprocess.TimeoutExpired) as wrong:
            failed += 1
            print("%s: FAILED: %s%s" % (function.__name__, "" if isinstance(wrong, Failed) else type(wrong).__name__ + " ", wrong))
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", box.folder])
            shutil.rmtree(box.folder, ignore_errors=True)
        sys.stdout.flush()
    print("blackbox errors: %d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
