#!/usr/bin/env python3
"""`make hostile`: inputs that somebody made to break a reader. Each: no signal, at most SECONDS of processor time and MEMORY, the contract's exit
code, a message that names the file (and the place), good lines before and behind counted, nothing written but the database.
usage: hostile.py TOLLBOOK [--only NAME] [--table]
"""
import argparse
import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

SECONDS, MEMORY = 20, 1 << 30
MIB = 1 << 20
CASES = []
TABLES = {
    "prices": "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_from,"
              "context_rule,note",
    "quotas": "tier,measure,limit,window,counting,effective_from,effective_to",
    "accounts": "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to",
    "budgets": "name,dimension,match,period,amount,reserve,allocate_by,history_days,floor,cap,hour_warning,hour_critical,"
               "hour_emergency"}
EVENT_CSV = b"event_id,created_at,user_id,model_version,input_tokens,output_tokens,cost_usd,latency_ms,feature,trigger_type\n"


def case(code, events, say="", **options):
    """The exit code, the events in the database (a range, or None: any), and words of the message behind the file's name."""
    def keep(make):
        CASES.append((make.__name__, make, code, events, say, options))
        return make
    return keep


def event(i, **more):
    return json.dumps(dict({"id": "g%d" % i, "ts": "2026-11-21T10:00:%02dZ" % (i % 60), "consumer": "ann", "model": "m",
                            "input_tokens": 3, "output_tokens": 1, "status": 200}, **more)).encode() + b"\n"


def good(first, n=5):
    return b"".join(event(i) for i in range(first, first + n))


def around(line):
    return good(0) + line + b"\n" + good(100)


def raw(text):
    """An event with its fields as text, so that they may be what json.dumps would not write."""
    return around(b'{"id":"h","ts":"2026-11-21T10:00:00Z","consumer":"eve","model":"m",%s}' % text.encode())


def in_tar(members, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def in_zip(members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


def piped(command, data):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


# --- lines ---

@case(3, 10, "line_too_long|too_long")
def line_of_200_mb(): return around(b'{"id":"' + b"x" * (200 * MIB) + b'"}')

@case(3, 5, "line_too_long|too_long")
def line_of_200_mb_without_end(): return good(0) + b"y" * (200 * MIB)

@case(3, 10, "1 of 11 lines")
def arrays_100k_deep(): return raw('"x":' + "[" * 100000 + "]" * 100000)

@case(3, 10, "1 of 11 lines")
def objects_100k_deep(): return raw('"x":' + '{"a":' * 100000 + "1" + "}" * 100000)

@case(3, 10, "1 of 11 lines")
def brackets_only(): return around(b"[" * 5 * MIB)

@case(3, 10, "1 of 11 lines")
def tokens_1e400(): return raw('"input_tokens":1e400,"output_tokens":1')

@case(3, 10, "1 of 11 lines")
def tokens_negative(): return raw('"input_tokens":-5,"output_tokens":1')

@case(3, 10, "1 of 11 lines")
def tokens_beyond_64_bits(): return raw('"input_tokens":99999999999999999999,"output_tokens":1')

@case(3, 10, "1 of 11 lines")
def tokens_of_a_million_digits(): return raw('"input_tokens":' + "9" * 1000000)

@case(3, 10)
def cost_of_a_million_digits(): return raw('"cost_usd":0.' + "1" * 1000000)

@case(3, 10, "1 of 11 lines")
def tokens_nan(): return raw('"input_tokens":NaN')

@case(3, 10)
def year_9999(): return around(event(999, ts="9999-12-31T23:59:59Z").strip())

@case(3, 10)
def year_0001(): return around(event(999, ts="0001-01-01T00:00:00Z").strip())

@case(3, 10, "1 of 11 lines")
def month_13(): return around(event(999, ts="2026-13-41T25:61:61Z").strip())

@case(3, 10)
def nul_bytes_in_a_line(): return around(b'{"id":"h\0","ts":"2026-11-21T10:00:00Z"\0}')

@case(3, 10)
def a_megabyte_of_nuls(): return good(0) + b"\0" * MIB + b"\n" + good(100)

@case(3, 0)
def utf_16_little(): return b"\xff\xfe" + good(0).decode().encode("utf-16-le")

@case(3, 0)
def utf_16_big(): return b"\xfe\xff" + good(0).decode().encode("utf-16-be")

@case(0, 11)
def invalid_utf_8(): return raw('"feature":"@"').replace(b"@", b"\xff\xfe\xc0\x80\xed\xa0\x80")

@case(0, 11)
def lone_surrogates(): return raw('"feature":"\\ud800\\udc00\\udc00\\ud800"')

@case(0, 11)
def consumer_of_ten_megabytes(): return around(event(999, consumer="c" * 10 * MIB).strip())

@case(3, 10, "1 of 11 lines")
def a_million_keys(): return around(b'{"id":"h","ts":"2026-11-21T10:00:00Z"' + b"".join(b',"k%d":%d' % (i, i) for i in range(1000000)) + b"}")

@case(0, 11)
def one_key_200k_times(): return raw(",".join(['"input_tokens":1'] * 200000))

@case(0, 11)
def control_and_bidi(): return around(event(999, consumer="a\u202eb\x1b[31m\x07c\u2066").strip())

@case(3, 0)
def carriage_returns_only(): return good(0).replace(b"\n", b"\r")

@case(0, 5)
def twenty_million_empty_lines(): return good(0) + b"\n" * 20 * MIB

@case(3, 10)
def torn_and_interleaved(): return around(event(7).strip()[:40] + event(8).strip()[20:])

@case(0, 200000)
def many_consumers(): return b"".join(event(i, consumer="c%d" % i) for i in range(200000))

@case(0, 100000)
def array_of_100k_records(): return b"[" + b",".join(event(i).strip() for i in range(100000)) + b"]\n"

# --- CSV, wrappers ---

def rows(first, n): return b"".join(b"%d,2026-11-21 10:00:00+00,u,m,1,1,0.1,5,f,t\n" % i for i in range(first, first + n))

@case(3, 200005, "1 of 200007 lines", format="inference_events")
def csv_quote_never_closed(): return EVENT_CSV + rows(0, 5) + b'9,"2026-11-21 10:00:00+00,u,m\n' + rows(10, 200000)

@case(3, 5, format="inference_events")
def csv_quotes_everywhere(): return EVENT_CSV + rows(0, 5) + b'x,"\n' * 3000000

@case(3, 5, format="inference_events")
def csv_of_a_million_columns(): return EVENT_CSV + rows(0, 5) + b"," * 1000000 + b"\n"

@case(3, 0, format="inference_events")
def csv_header_of_100k_columns(): return b",".join(b"c%d" % i for i in range(100000)) + b"\n" + rows(0, 5)

@case(3, 5)
def cri_parts_without_end(): return b"".join(b"2026-11-21T10:00:00.1Z stdout P " + b"x" * 16000 + b"\n" for _ in range(3000)) + good(0)

@case(3, 5)
def docker_20k_streams(): return b"".join(b'[pod/p%d/c] {"log":"x","stream":"stdout","time":"2026-11-21T10:00:00Z"}\n' % i for i in range(20000)) + good(0)

@case(3, 5)
def journald_bytes_10_mb(): return b'{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1","MESSAGE":[' + b"120," * 3000000 + b"120]}\n" + good(0)

# --- compressions and archives ---

@case(3, 5)
def gzip_of_6_gb(): return gzip.compress(good(0)) + gzip.compress(b"\0" * (64 * MIB)) * 96

@case(5, 5, "expands more than")
def zstd_bomb(): return piped(["zstd", "-c", "-1"], good(0)) + piped(["zstd", "-c", "-1"], b"0" * (64 * MIB)) * 100

@case(5, 5, "expands more than")
def xz_bomb(): return lzma.compress(good(0)) + lzma.compress(b"0" * (64 * MIB)) * 100

@case(5, 5, "expands more than")
def bzip2_bomb(): return bz2.compress(good(0)) + bz2.compress(b"0" * (64 * MIB)) * 100

@case(5, 5, "expands more than")
def bomb_in_tar_in_zip(): return in_zip([("a.tar", in_tar([("a.log", good(0)), ("b.zst", piped(["zstd", "-c", "-1"], b"0" * (64 * MIB)) * 100)]))])

@case(5, 10000, "more than 10000 entries")
def tar_100k_entries(): return in_tar([("l/%d.log" % i, event(i)) for i in range(100000)])

@case(5, 10000, "more than 10000 entries")
def zip_100k_entries(): return in_zip([("l/%d.log" % i, event(i)) for i in range(100000)])

@case(5, 5, "deep")
def tars_in_tars():
    data = in_tar([("a.log", good(100))])
    for _ in range(4):
        data = in_tar([("in.tar", data)])
    return in_tar([("a.log", good(0)), ("in.tar", data)])

@case(5, 0, "compressed twice")
def gzip_in_gzip(): return gzip.compress(gzip.compress(good(0)))

@case(0, 15)
def names_that_climb(): return in_tar([("../../../../tmp/tollbook-hostile-evil", good(0)), ("/tmp/tollbook-hostile-evil", good(100)), ("a\n\x1b[31m\u202e.log", good(200))])

@case(5, 5, "a name of")
def tar_name_of_5000_bytes(): return in_tar([("a.log", good(0)), ("n" * 5000, good(100))])

@case(5, 0, "encrypted")
def zip_encrypted():
    with tempfile.TemporaryDirectory() as d:
        (pathlib.Path(d) / "a.log").write_bytes(good(0))
        subprocess.run(["zip", "-q", "-P", "x", "z.zip", "a.log"], cwd=d, check=True)
        return (pathlib.Path(d) / "z.zip").read_bytes()

@case(5, 0, "expands more than")
def tar_with_a_terabyte_hole():
    info = tarfile.TarInfo("sparse.log")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40), "GNU.sparse.name": "sparse.log"}
    body = b"1\n1099511627770\n6\n".ljust(512, b"\0") + b"hello\n"
    info.size = len(body)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        t.addfile(info, io.BytesIO(body))
    return out.getvalue()

@case(5, (1, 9999), "early")
def tar_gz_cut():
    z = in_tar([("a.log", good(0, 5000)), ("b.log", good(5000, 5000))], "w:gz")
    return z[:len(z) * 2 // 3]

@case(5, (1, 9999), "early")
def xz_cut():
    z = lzma.compress(good(0, 10000))
    return z[:len(z) // 2]

@case(5, (1, 9999), "early")
def zip_cut():
    z = in_zip([("a.log", good(0, 5000)), ("b.log", good(5000, 5000))])
    return z[:len(z) * 2 // 3]

@case(5, 10, "garbage")
def gzip_with_garbage(): return gzip.compress(good(0, 10)) + b"garbage" * 1000

@case(5, 0)
def gzip_magic_only(): return b"\x1f\x8b"

@case(5, 0, "header longer than")
def gzip_header_of_300_mb(): return b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"n" * (300 * MIB)

@case(5, 0)
def seven_zip_of_noise(): return b"7z\xbc\xaf\x27\x1c\0\4" + bytes(range(256)) * 4000

@case(5, 0)
def zip_of_noise(): return b"PK\3\4" + bytes((i * i * 31 + 7) % 251 for i in range(300000))

@case(3, 0)
def noise(): return bytes((i * i * 31 + i // 7) % 256 for i in range(3000000))

@case(0, 0)
def nothing(): return b""

@case(0, 5)
def half_a_bom(): return b"\xef\xbb\xbf" + good(0)


class Box:
    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tollbook-hostile-"))
        for name, head in TABLES.items():
            (self.path / (name + ".csv")).write_text(head + "\n")
        self.config = self.path / "tollbook.jsonc"
        self.config.write_text(json.dumps(dict(
            {name: name + ".csv" for name in TABLES}, database="t.db", time_zone="UTC", currency="USD", output="out",
            sources=[{"name": "h", "paths": ["none/*"], "bill": True}])))


def check(tollbook, one):
    """None, or what is wrong; and what it took."""
    name, make, code, events, say, options = one
    box = Box()
    path = box.path / (name + ".log")
    path.write_bytes(make())
    prog = ["/usr/bin/env", "python3", "-c", "import resource,subprocess,sys;r=subprocess.run(sys.argv[1:]);"
            "u=resource.getrusage(resource.RUSAGE_CHILDREN);"
            "print('PEAK',u.ru_maxrss,u.ru_utime+u.ru_stime,file=sys.stderr);sys.exit(r.returncode & 255)"]
    try:
        p = subprocess.run(prog + [tollbook, "--config", str(box.config), "ingest", str(path), "--source", "h", "--format",
                                   options.get("format", "tollbook_event")], capture_output=True, timeout=6 * SECONDS)
    except subprocess.TimeoutExpired:
        return "more than %d s" % (6 * SECONDS), 6 * SECONDS, 0, -1, -1
    err = p.stderr.decode(errors="replace")
    measured = re.search(r"PEAK (\d+) (\S+)\n", err)
    peak, took = int(measured.group(1)) * 1024, float(measured.group(2))
    err = err.replace(measured.group(0), "")
    sql = subprocess.run([tollbook, "--config", str(box.config), "sql", "SELECT count(*) FROM usage_event", "--format", "csv"],
                         capture_output=True, text=True)
    got = int(sql.stdout.split()[1]) if sql.returncode == 0 else -1
    wrong = None
    known = {"t.db", "t.db-wal", "t.db-shm", "t.db.key", "t.db.lock", "tollbook.jsonc", "out", path.name} | {t + ".csv" for t in TABLES}
    strays = {f.name for f in box.path.iterdir()} - known
    want = events if isinstance(events, tuple) else (events, events)
    if p.returncode not in ((code,) if code is not None else (0, 3, 5)):
        wrong = "exit %d, not %s" % (p.returncode, code)
    elif events is not None and not want[0] <= got <= want[1]:
        wrong = "%d events, not %s" % (got, events)
    elif p.returncode != 0 and path.name not in err:
        wrong = "the message does not name the file"
    elif say and not re.search(say, err):
        wrong = "the message does not say %r" % say
    elif re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", err):
        wrong = "control characters in the message"
    elif took > SECONDS:
        wrong = "%.1f s" % took
    elif peak > MEMORY:
        wrong = "%d MiB" % (peak // MIB)
    elif strays or os.path.exists("/tmp/tollbook-hostile-evil"):
        wrong = "wrote %s" % strays
    if wrong is None or not os.environ.get("TB_KEEP"):
        shutil.rmtree(box.path)
    return (wrong and "%s: %s" % (wrong, err.strip()[:600])), took, peak, p.returncode, got


def main():
    args = argparse.ArgumentParser()
    args.add_argument("tollbook")
    args.add_argument("--only")
    args.add_argument("--table", action="store_true")
    args = args.parse_args()
    tollbook = str(pathlib.Path(args.tollbook).resolve())
    bad = 0
    worst = [0, 0]
    for one in CASES:
        if args.only and args.only != one[0]:
            continue
        wrong, took, peak, code, events = check(tollbook, one)
        worst = [max(worst[0], took), max(worst[1], peak)]
        bad += wrong is not None
        if wrong is not None:
            print("hostile: %s: %s" % (one[0], wrong), file=sys.stderr)
        if args.table:
            print("| %s | %d | %d | %.1f | %d |" % (one[0], code, events, took, peak // MIB), flush=True)
    print("hostile: %d inputs, %d failed; at most %.1f s and %d MiB" % (len(CASES), bad, worst[0], worst[1] // MIB))
    sys.exit(bad != 0)


main()
