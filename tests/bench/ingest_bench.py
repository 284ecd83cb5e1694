#!/usr/bin/env python3
"""`make bench`: whole ingest into SQLite against DuckDB's CREATE TABLE of the same columns from the same files.

Makes its workload (seeded, kept in build/bench), runs both engines in turn, checks that their sums are equal, prints a table
and fails when a gate of the project is missed or the peer is not there. A third row, reading alone (decompress, check, throw
away), tells what the machine gives at that minute. usage: ingest_bench.py TOLLBOOK FOLDER-OF-BENCH-PROGRAMS
"""
import json
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys
import time

TOLLBOOK = pathlib.Path(sys.argv[1]).resolve()
GENERATE, READ = (pathlib.Path(sys.argv[2]).resolve() / n for n in ("generate", "read_bench"))
RAW_TARGET = int(os.environ.get("TB_BENCH_RAW", 2_500_000_000))  # bytes of raw lines for each kind
ROUNDS = int(os.environ.get("TB_BENCH_ROUNDS", 3))
FILES = 20
DAY = 20778  # 2026-11-21
HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(os.environ.get("TB_BENCH_DIR", "build/bench")).resolve()
GATE_CPU, GATE_GBS, GATE_RSS_MB = 3.0, 1.2, 192


def fail(text):
    print("bench: " + text, file=sys.stderr)
    sys.exit(1)


def modules():
    """The peer, from npm; kept beside the workload."""
    folder = WORK / "peer"
    if not (folder / "node_modules" / "@duckdb" / "node-api").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        if subprocess.run(["npm", "install", "--no-audit", "--no-fund", "@duckdb/node-api@1.5.6-r.1"], cwd=folder,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0 and \
           subprocess.run(["npm", "install", "--no-audit", "--no-fund", "@duckdb/node-api"], cwd=folder).returncode != 0:
            fail("the peer cannot be installed: npm install @duckdb/node-api")
    return folder


def workload(kind):
    folder = WORK / kind
    marker = folder / "raw_bytes"
    if marker.exists():
        return sorted(folder.glob("kong-*.log.gz")), int(marker.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sample = subprocess.run([GENERATE, kind, "1000", "0", str(DAY)], stdout=subprocess.PIPE, check=True).stdout
    lines = RAW_TARGET * 1000 // len(sample) // FILES
    raw, jobs = 0, []
    for i in range(FILES):
        plain = folder / ("kong-n%d-2026-11-21-%02d.log" % (i % 2, i))
        with open(plain, "wb") as f:
            subprocess.run([GENERATE, kind, str(lines), str(i * lines), str(DAY)], stdout=f, check=True)
        raw += plain.stat().st_size
        jobs.append(subprocess.Popen(["gzip", "-6", "-n", plain]))
        if len(jobs) == 2:
            for j in jobs:
                j.wait()
            jobs = []
    marker.write_text(str(raw))
    return sorted(folder.glob("kong-*.log.gz")), raw


def measured(command, env=None):
    """Wall seconds, CPU seconds, peak RSS in MB, standard output."""
    start = time.monotonic()
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, env=env) as p:
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        fail("%s: exit %d" % (command[0], p.returncode))
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def run_tollbook(kind, files):
    home = WORK / ("tollbook-" + kind)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "tollbook.jsonc").write_text(json.dumps({
        "database": "tollbook.db", "output": "out",
        "sources": [{"name": "gateway", "format": "kong", "paths": [str(files[0].parent / "kong-{node}-{date}-*.log.gz")]}]}))
    wall, cpu, rss, _ = measured([TOLLBOOK, "--config", home / "tollbook.jsonc", "ingest"])
    sql = ("SELECT consumer, model, count(*), sum(input), sum(cache_read), sum(output) FROM usage_event GROUP BY 1, 2 ORDER BY 1, 2")
    out = subprocess.run([TOLLBOOK, "--config", home / "tollbook.jsonc", "sql", sql, "--format", "csv"], stdout=subprocess.PIPE, check=True).stdout
    rows = [line.split(",") for line in out.decode().splitlines()[1:]]
    size = sum(f.stat().st_size for f in home.glob("tollbook.db*"))
    again, again_cpu, _, _ = measured([TOLLBOOK, "--config", home / "tollbook.jsonc", "ingest"])
    return wall, cpu, rss, rows, {"bytes_per_event": size / sum(int(r[2]) for r in rows), "again_cpu": again_cpu}


def run_reading(files, raw):
    wall, cpu, rss, out = measured([READ, str(os.cpu_count())] + list(files))
    if int(out.split()[2]) != raw:
        fail("reading alone gave %s bytes of %d" % (out.split()[2].decode(), raw))
    return wall, cpu, rss, None, {}


def run_duckdb(kind, files, peer):
    database = WORK / ("duckdb-%s.db" % kind)
    database.unlink(missing_ok=True)
    env = dict(os.environ, TB_BENCH_MODULES=str(peer))
    wall, cpu, rss, out = measured(["node", HERE / "duckdb_ingest.mjs", database] + list(files), env)
    answer = json.loads(out)
    return wall, cpu, rss, [[str(c) for c in r] for r in answer["sums"]], {"version": answer["version"]}


def main():
    peer = modules()
    missed = []
    print("| lines | engine | wall s | raw GB/s | CPU s | RSS MB | CPU, times tollbook's |\n| --- | --- | --- | --- | --- | --- | --- |")
    notes = []
    for kind, name in (("k", "2.5 KB, no prompt"), ("p", "6.5 KB, with prompt")):
        files, raw = workload(kind)
        best = {}
        for _ in range(ROUNDS):
            for engine, run in (("reading alone", lambda: run_reading(files, raw)), ("tollbook", lambda: run_tollbook(kind, files)),
                                ("duckdb", lambda: run_duckdb(kind, files, peer))):
                result = run()
                if engine not in best or result[1] < best[engine][1]:
                    best[engine] = result
        if best["tollbook"][3] != best["duckdb"][3]:
            fail("%s: the engines' sums differ" % name)
        for engine in ("reading alone", "tollbook", "duckdb"):
            wall, cpu, rss, rows, extra = best[engine]
            print("| %s, %.2f GB | %s | %.2f | %.2f | %.2f | %.0f | %.2f |" % (
                name, raw / 1e9, engine + (" " + extra["version"] if "version" in extra else ""), wall, raw / wall / 1e9, cpu, rss,
                cpu / best["tollbook"][1]))
        wall, cpu, rss, rows, extra = best["tollbook"]
        notes.append("%s: %d events, %.0f bytes of database each; known files again: %.2f %% of the CPU" % (
            name, sum(int(r[2]) for r in rows), extra["bytes_per_event"], 100 * extra["again_cpu"] / cpu))
        if best["duckdb"][1] < GATE_CPU * cpu:
            missed.append("%s: %.2f times DuckDB's CPU, wanted %.1f" % (name, best["duckdb"][1] / cpu, GATE_CPU))
        if raw / wall / 1e9 < GATE_GBS:
            notes.append("%s: %.2f GB/s, below %.1f: were two cores free?" % (name, raw / wall / 1e9, GATE_GBS))
        if rss > GATE_RSS_MB:
            missed.append("%s: %.0f MB, wanted %d" % (name, rss, GATE_RSS_MB))
    print("\nEqual sums of requests, input, cache_read and output by consumer x model in both engines. Best of %d alternating rounds." % ROUNDS)
    for n in notes:
        print("- " + n)
    cpu_name = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    print("- %s, %s, %d CPUs" % (time.strftime("%Y-%m-%d"), cpu_name, os.cpu_count()))
    if missed:
        fail("; ".join(missed))


main()
