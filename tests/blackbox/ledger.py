#!/usr/bin/env python3
"""The books over time by CONTRACT.md: closing, adjustments, late data, mended formats, pruning and kills, against the program.

Small random worlds around a change of the clock, driven through random sequences of what operators do; all money in fractions.
usage: ledger.py TOLLBOOK [--seed N] [--rounds N] [--steps N] [--keep] [--verbose]"""
import argparse
import datetime as dt
import gzip
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
from fractions import Fraction as F
from zoneinfo import ZoneInfo

UTC = dt.timezone.utc
ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe']
FIRST = {'Australia/Lord_Howe': dt.date(2026, 10, 3)}  # else the Saturday before Europe's clocks change
FORMAT = {
    'id': 'own', 'about': 'a log of our own', 'kind': 'json', 'recognise': [['/at'], ['/when'], ['/ping']],
    'fields': {'id': '/id', 'ts': '/at', 'consumer': '/who', 'model': '/m', 'input': '/in', 'output': '/out'},
    'cached_inside_input': False, 'reasoning_inside_output': True, 'rules': [{'if': ['/ping'], 'reject': 'odd'}, {}],
    'samples': {'accepted': [{'line': '{"at":"2026-01-05T10:00:00Z","who":"a","m":"x","in":1,"out":2}', 'events': [{'consumer': 'a'}]}],
                'ignored': [{'line': ' ', 'reason': 'blank'}], 'rejected': [{'line': '{"ping":1}', 'reason': 'odd'}]}}
MENDED = json.loads(json.dumps(FORMAT))
MENDED['fields']['ts'] = ['/at', '/when']
MENDED['rules'][0] = {'if': ['/ping'], 'ignore': 'odd'}
MENDED['samples']['ignored'].append({'line': '{"ping":1}', 'reason': 'odd'})
MENDED['samples']['rejected'] = [{'line': '{"x":1}', 'reason': 'not_recognised'}]
COUNTS = ('requests', 'errors', 'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning')
INTAKE = ('files', 'lines', 'events', 'duplicates', 'conflicts', 'ignored', 'rejected')


class Wrong(Exception):
    pass


def cents(costs):
    """{(team, cost centre): exact} -> {..: cents}: the total half away from zero, lines floored, the rest to the largest remainders."""
    total = int(sum(costs.values(), F(0)) * 100 + F(1, 2))
    out = {k: int(v * 100) for k, v in costs.items()}
    order = sorted(costs, key=lambda k: (-(costs[k] * 100 - out[k]), -costs[k], k[0].encode(), (k[1] or '').encode()))
    for k in order[:total - sum(out.values())]:
        out[k] += 1
    return out


def plus(a, b, sign=1):
    out = dict(a)
    for k, v in b.items():
        out[k] = out.get(k, 0) + sign * v
    return {k: v for k, v in out.items() if v}


class Books:
    """What must be true: records by identity, days by what they were closed with."""
    def __init__(self, zone):
        self.zone = zone
        self.live, self.loose = {}, {}   # id -> record; (bytes) -> (multiplicity, record)
        self.frozen = {}                 # pruned day -> costs
        self.closed = {}                 # day -> cents
        self.pruned_before = dt.date.min

    def day(self, ts):
        return dt.datetime.fromisoformat(ts.replace('Z', '+00:00')).astimezone(self.zone).date()

    def read(self, lines, mended):
        """One file's lines, or those that were rejected -> the lines that are rejected, and counts."""
        n = {'lines': len(lines), 'taken': 0, 'ignored': 0, 'rejected': 0}
        rejected = []
        many = {}
        for line in lines:
            try:
                o = json.loads(line)
            except ValueError:
                o = {'bad': 1}
            if 'ping' in o:
                if mended:
                    n['ignored'] += 1
                else:
                    rejected.append(line)
                continue
            ts = o.get('at') or (o.get('when') if mended else None)
            if ts is None or o.get('in', 0) < 0 or self.day(ts) < self.pruned_before:
                rejected.append(line)
                continue
            n['taken'] += 1
            rec = {'ts': ts, 'who': o['who'], 'm': o['m'], 'in': o['in'], 'out': o['out']}
            if 'id' not in o:
                many[line] = many.get(line, 0) + 1
                self.loose[line] = (max(many[line], self.loose.get(line, (0,))[0]), rec)
                continue
            old = self.live.get(o['id'])
            if old is None or (rec['in'] + rec['out'], rec['ts']) > (old['in'] + old['out'], old['ts']):
                self.live[o['id']] = rec
        n['rejected'] = len(rejected)
        return rejected, n

    def records(self):
        yield from self.live.values()
        for n, rec in self.loose.values():
            for _ in range(n):
                yield rec

    def lines_of(self, day, tables):
        prices, accounts = tables
        out = {}
        for r in self.records():
            if self.day(r['ts']) == day:
                p = prices.get(r['m'], prices['*'])
                k = accounts.get(r['who'], ('(unassigned)', None)) + (r['who'], r['m'])
                out.setdefault(k, [0, F(0)])
                out[k][0] += 1
                out[k][1] += r['in'] * p[0] + r['out'] * p[1]
        return out

    def costs(self, day, tables):
        if day in self.frozen:
            return self.frozen[day]
        out = {}
        for k, (_, cost) in self.lines_of(day, tables).items():
            out[k[:2]] = out.get(k[:2], F(0)) + cost
        return out

    def prune(self, before, days, tables):
        """Days before this one stand; their ids go by whole UTC days, and when there are none of these, nothing is pruned."""
        start = dt.datetime(before.year, before.month, before.day, tzinfo=self.zone).astimezone(UTC).strftime('%Y-%m-%d')
        if all(r['ts'][:10] >= start for r in self.records()):
            return
        for d in days:
            if d < before and d not in self.frozen:
                self.frozen[d] = self.costs(d, tables)
        self.pruned_before = max(self.pruned_before, before)
        self.live = {k: v for k, v in self.live.items() if v['ts'][:10] >= start}
        self.loose = {k: v for k, v in self.loose.items() if v[1]['ts'][:10] >= start}


class World:
    def __init__(self, seed, exe, folder, verbose):
        self.r = random.Random(seed)
        self.exe, self.dir, self.verbose = exe, folder, verbose
        name = self.r.choice(ZONES)
        self.zone, self.books = ZoneInfo(name), Books(ZoneInfo(name))
        self.first = FIRST.get(name, self.r.choice([dt.date(2026, 10, 24), dt.date(2026, 10, 31)]))
        self.today = self.first + dt.timedelta(days=3)
        self.mended, self.serial, self.files = False, 0, {}   # name -> lines
        self.unread = []
        self.rejects = {}  # file -> lines
        self.revisions, self.closed_bytes, self.trace = {}, {}, []
        self.sums = {k: 0 for k in ('lines', 'taken', 'ignored', 'rejected')}
        (folder / 'logs').mkdir()
        (folder / 'formats').mkdir()
        self.detail = self.r.choice([2, 3])
        (folder / 'tollbook.jsonc').write_text(json.dumps({
            'database': 't.db', 'output': 'out', 'time_zone': name, 'prices': 'prices.csv', 'accounts': 'accounts.csv', 'formats': 'formats',
            'detail_days': self.detail, 'sources': [{'name': 's', 'format': 'own', 'paths': ['logs/*.jsonl*']}]}))
        self.write_format()
        self.new_prices()
        self.new_accounts()
        for _ in range(2):
            self.new_file()

    # --- what operators and clocks do
    def write_format(self):
        (self.dir / 'formats' / 'own.json').write_text(json.dumps(MENDED if self.mended else FORMAT))

    def new_prices(self):
        r = self.r
        self.prices = {m: (F(r.randint(1, 30), 1000), F(r.randint(1, 90), 1000)) for m in ('x', 'y', '*')}
        text = lambda f: '%d.%03d' % divmod(int(f * 1000), 1000)
        (self.dir / 'prices.csv').write_text('model,meter,price,per,currency\n' + ''.join(
            '%s,input,%s,1,USD\n%s,output,%s,1,USD\n' % (m, text(p[0]), m, text(p[1])) for m, p in self.prices.items()))

    def new_accounts(self):
        teams = [('Web', '0042'), ('Web', None), ('Data', '7'), ('Ops', None)]
        self.accounts = {c: self.r.choice(teams) for c in ('a', 'b', 'c')}
        (self.dir / 'accounts.csv').write_text('consumer,team,cost_center\n' + ''.join('%s,%s,%s\n' % (c, t, x or '') for c, (t, x) in self.accounts.items()))

    def line(self):
        r = self.r
        if r.random() < .06:
            return r.choice(['{"ping":1}', '{"at":"2026-10-25T', '{"at":"2026-11-01T12:00:00Z","who":"a","m":"x","in":-1,"out":1}'])
        day = self.first + dt.timedelta(days=r.randrange((self.today - self.first).days + 1))
        t = dt.datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
        t += dt.timedelta(seconds=r.choice([0, -1, 3599, 7200, r.randrange(86400)]))
        o = {'at' if r.random() < .85 else 'when': t.strftime('%Y-%m-%dT%H:%M:%SZ'), 'who': r.choice('abcd'), 'm': r.choice('xyz'),
             'in': r.randrange(100000), 'out': r.randrange(9)}  # no two records of an id tie
        if r.random() < .8:
            self.serial += 1
            o['id'] = 'e%d' % (self.serial if r.random() < .75 else r.randint(max(1, self.serial - 15), self.serial))
        return json.dumps(o)

    def new_file(self):
        lines = [self.line() for _ in range(self.r.randint(1, 14))]
        if self.files and self.r.random() < .4:  # overlapping rotation
            old = self.r.choice(list(self.files.values()))
            lines += self.r.sample(old, self.r.randint(1, len(old)))
        lines += [self.r.choice(lines) for _ in range(self.r.randrange(3))]
        name = 'f%03d.jsonl' % len(self.files)
        data = ('\n'.join(lines) + '\n').encode()
        if self.r.random() < .3:
            name, data = name + '.gz', gzip.compress(data)
        (self.dir / 'logs' / name).write_bytes(data)
        self.files[name] = lines
        self.unread.append(name)

    def tb(self, *args, kill=None):
        self.trace.append(' '.join(args) + (' (killed)' if kill else ''))
        now = dt.datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=self.zone)
        env = dict(os.environ, TOLLBOOK_NOW=now.isoformat())
        p = subprocess.Popen([self.exe, '--config', str(self.dir / 'tollbook.jsonc'), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        if kill is not None:
            time.sleep(kill)
            p.send_signal(signal.SIGKILL)
        out, self.err = p.communicate(timeout=60)
        if self.verbose:
            print('  ', args, p.returncode, self.err.strip()[:300])
        if p.returncode < 0 and kill is None:
            raise Wrong('%s: signal %d\n%s' % (args, p.returncode, self.err))
        return p.returncode, out

    def ok(self, code, *allowed):
        if code not in allowed:
            raise Wrong('%s: exit %d, not %s\n%s' % (self.trace[-1], code, allowed, self.err))

    def report(self, *args):
        code, out = self.tb('report', 'chargeback', *args, '--format', 'json')
        self.ok(code, 0, 3)
        return out

    def closed_now(self):
        code, out = self.tb('sql', 'SELECT day_text(day) AS day FROM closed_day', '--format', 'csv')
        self.ok(code, 0)
        return {dt.date.fromisoformat(x) for x in out.split()[1:]}

    def taken(self):
        """The model reads what the program has read."""
        bad = 0
        for name in self.unread:
            self.rejects[name], n = self.books.read(self.files[name], self.mended)
            bad += n['rejected']
            for k in self.sums:
                self.sums[k] += n[k]
        self.unread = []
        return bad

    def days(self):
        return [self.first - dt.timedelta(days=1) + dt.timedelta(days=i) for i in range((self.today - self.first).days + 2)]

    def tables(self):
        return self.prices, self.accounts

    def act_ingest(self):
        code, _ = self.tb('ingest')
        self.ok(code, 3 if self.taken() else 0)

    def act_late(self):
        self.new_file()

    def act_prices(self):
        self.new_prices()

    def act_accounts(self):
        self.new_accounts()

    def act_mend(self):
        self.mended = True
        self.write_format()

    def act_retry(self):
        if self.unread:
            self.act_ingest()
        code, _ = self.tb('ingest', '--retry-rejects')
        for name, lines in self.rejects.items():
            self.rejects[name], n = self.books.read(lines, self.mended)
            n['lines'], n['rejected'] = 0, len(self.rejects[name]) - len(lines)
            for k in self.sums:
                self.sums[k] += n[k]
        self.ok(code, 3 if self.sums['rejected'] else 0)

    def act_close(self):
        self.act_run()
        d = self.r.choice(self.days()[:-1])
        code, _ = self.tb('close', str(d), '--by', 'anna', '--note', 'end')
        if d in self.books.closed:
            self.ok(code, 2)
            return
        if not (self.dir / 'out' / str(d)).exists():
            self.ok(code, 1)
            return
        self.ok(code, 0)
        self.note_closed(d)

    def note_closed(self, d):
        self.books.closed[d] = True
        self.closed_bytes[d] = self.bytes_of(d)

    def act_reopen(self):
        d = self.r.choice(self.days()[:-1])
        code, _ = self.tb('reopen', str(d), '--by', 'eve')
        done = d in self.books.closed and d not in self.books.frozen  # a pruned day stays closed
        self.ok(code, 0 if done else 2)
        if done:
            del self.books.closed[d]
            self.closed_bytes.pop(d, None)

    def act_kill(self):
        what = self.r.choice([('run',), ('run',), ('ingest',), ('close',), ('reopen',), ('ingest', '--retry-rejects')])
        if what[0] in ('close', 'reopen'):
            what += (str(self.r.choice(self.days()[:-1])), '--by', 'kim')
        self.tb(*what, kill=self.r.choice([.005, .01, .02, .04, .08]))
        if what[0] == 'ingest' and len(what) > 1:
            self.act_ingest_any()
            self.act_retry()
            return
        self.act_ingest_any()
        if what[0] in ('close', 'reopen'):
            closed = self.closed_now()
            if what[0] == 'close' and closed - set(self.books.closed):
                self.tb('run')
            for d in closed - set(self.books.closed):
                self.note_closed(d)
            for d in set(self.books.closed) - closed:
                del self.books.closed[d]
                self.closed_bytes.pop(d, None)

    def act_ingest_any(self):
        code, _ = self.tb('ingest')
        self.taken()
        self.ok(code, 0, 3)

    def act_tomorrow(self):
        self.act_run()
        self.today += dt.timedelta(days=1)

    def act_prune(self):
        self.act_run()
        code, _ = self.tb('prune')
        self.ok(code, 0)
        self.books.prune(self.today - dt.timedelta(days=self.detail), self.days(), self.tables())
        self.check()

    def act_run(self):
        code, _ = self.tb('run')
        bad = self.taken()
        self.ok(code, *((3,) if bad else (0, 3) if self.sums['rejected'] else (0,)))
        self.check()
        if self.r.random() < .4:
            before = {d: self.bytes_of(d) for d in self.days()}
            self.ok(self.tb('run')[0], 0, 3)
            for d, b in before.items():
                if self.bytes_of(d) != b:
                    raise Wrong('a second run changed %s: %s' % (d, sorted(k for k in set(b) | set(self.bytes_of(d)) if b.get(k) != self.bytes_of(d).get(k))))

    # --- what must hold
    def bytes_of(self, d):
        root = self.dir / 'out' / str(d)
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob('*') if p.is_file()} if root.exists() else {}

    def ties(self, j, what):
        def eq(name, a, b):
            if a != b:
                raise Wrong('%s: %s: %s, not %s' % (what, name, a, b))
        for k in COUNTS:
            eq('totals ' + k, j['totals'][k], sum(x[k] for x in j['lines']))
        eq('totals cost', F(j['totals']['cost']), sum((F(x['cost'] or 0) for x in j['lines']), F(0)))
        eq('totals billed', F(j['totals']['billed']), sum((F(x['billed']) for x in j['teams']), F(0)))
        teams = {}
        for x in j['lines']:
            k = x['team'], x['cost_center']
            teams[k] = teams.get(k, F(0)) + F(x['cost'] or 0)
        for x in j['teams']:
            eq('team %s' % x, F(x['cost']), teams.get((x['team'], x['cost_center']), F(0)))
        eq('teams of lines', set(teams) - {(x['team'], x['cost_center']) for x in j['teams']}, set())
        eq('adjustments', sum((F(x['adjustments']) for x in j['teams']), F(0)), sum((F(x['amount']) for x in j['adjustments']), F(0)))
        i = j['intake']
        eq('intake', i['lines'], i['events'] + i['duplicates'] + i['conflicts'] + i['ignored'] + i['rejected'])

    def check(self):
        t, billed, want = self.tables(), {}, {}
        last = self.days()[-2]
        for d in self.days()[:-1]:
            costs = self.books.costs(d, t)
            want = plus(want, cents(costs))
            if d in self.closed_bytes and self.bytes_of(d) != self.closed_bytes[d]:
                raise Wrong('the closed pack of %s changed' % d)
            path = self.dir / 'out' / str(d) / ('pack-%s.json' % d)
            if not path.exists():
                if costs or d == last:
                    raise Wrong('%s has no pack' % d)
                continue
            j = json.loads(path.read_text())['chargeback']
            self.ties(j, 'pack of %s' % d)
            billed = plus(billed, {(x['team'], x['cost_center']): int(F(x['billed']) * 100) for x in j['teams']})
            if d not in self.books.closed and d not in self.books.frozen:
                got = {(x['team'], x['cost_center'], x['consumer'], x['model']): [x['requests'], F(x['cost'])] for x in j['lines']}
                if got != self.books.lines_of(d, t):
                    raise Wrong('lines of %s: %s, not %s' % (d, got, self.books.lines_of(d, t)))
                live = json.loads(self.report('--date', str(d)))
                for k in ('lines', 'teams', 'adjustments', 'totals'):  # a file of duplicates alone makes no new revision
                    if live[k] != j[k]:
                        raise Wrong('%s: the report says other %s than the pack: %s, not %s' % (d, k, live[k], j[k]))
            self.check_revisions(d)
        if billed != want and last not in self.books.closed:
            raise Wrong('all packs together bill %s, not %s: differ %s' % (billed, want, plus(billed, want, -1)))
        self.check_intake()
        self.check_explain(self.r.choice(self.days()[:-1]))

    def check_revisions(self, d):
        code, out = self.tb('sql', "SELECT max(revision) AS r FROM revision WHERE day_text(day) = '%s'" % d, '--format', 'csv')
        top = int(out.split()[1])
        for n in {1, top, self.r.randint(1, top)}:
            said = self.report('--date', str(d), '--revision', str(n))
            if self.revisions.setdefault((d, n), said) != said:
                raise Wrong('revision %d of %s says something else now' % (n, d))

    def check_intake(self):
        if self.unread:
            return
        days = self.days()
        if self.books.frozen:
            return
        i = json.loads(self.report('--from', str(days[0] - dt.timedelta(days=1)), '--to', str(days[-1] + dt.timedelta(days=1))))['intake']
        got = {'lines': i['lines'], 'taken': i['events'] + i['duplicates'] + i['conflicts'], 'ignored': i['ignored'], 'rejected': i['rejected']}
        events = sum(1 for _ in self.books.records())
        if got != self.sums or i['events'] != events or i['files'] != len(self.rejects):
            raise Wrong('intake: %s, not %s, %d files, %d events' % (i, self.sums, len(self.rejects), events))

    def check_explain(self, d):
        if d in self.books.frozen or d not in self.books.closed and self.unread:
            return
        j = json.loads(self.report('--date', str(d)))
        if not j['lines']:
            return
        line = self.r.choice(j['lines'])
        code, out = self.tb('explain', line['line'], '--date', str(d), '--format', 'json')
        if d in self.books.closed:  # told as it was closed, which no event says any more
            return
        self.ok(code, 0)
        e = json.loads(out)
        for what in ('events', 'prices'):
            if sum((F(x['cost']) for x in e[what]), F(0)) != F(line['cost']):
                raise Wrong('explain %s of %s: the %s do not add up to %s' % (line['line'], d, what, line['cost']))
        if len(e['events']) != line['requests']:
            raise Wrong('explain %s of %s: %d events, not %d' % (line['line'], d, len(e['events']), line['requests']))

    def fresh(self):
        """The mended format from the beginning: the same intake and the same money."""
        other = self.dir / 'fresh'
        other.mkdir()
        for x in ('prices.csv', 'accounts.csv', 'tollbook.jsonc'):
            shutil.copy(self.dir / x, other / x)
        for x in ('logs', 'formats'):
            shutil.copytree(self.dir / x, other / x)
        days = self.days()
        args = ('--from', str(days[0]), '--to', str(days[-1]))
        mine = json.loads(self.report(*args))
        keep, self.dir = self.dir, other
        self.ok(self.tb('ingest')[0], 0, 3)
        new = json.loads(self.report(*args))
        self.dir = keep
        i, n = mine['intake'], new['intake']
        if any(i[k] != n[k] for k in ('files', 'lines', 'events', 'ignored', 'rejected')):
            raise Wrong('intake after retries %s, of a fresh ingest %s' % (i, n))
        a, b = ({(x['team'], x['cost_center']): int(F(x['billed']) * 100) for x in j['teams']} for j in (mine, new))
        if plus(a, {}) != plus(b, {}):
            raise Wrong('billed %s, of a fresh ingest %s' % (a, b))

    def play(self, steps, prunes):
        acts = ['late'] * 4 + ['run'] * 3 + ['close'] * 4 + ['reopen'] * 2 + ['prices', 'accounts', 'retry', 'mend', 'kill', 'kill', 'tomorrow', 'ingest', 'prune']
        if not prunes:
            acts.remove('prune')
        for _ in range(steps):
            what = self.r.choice(acts)
            self.trace.append('# ' + what)
            if self.verbose:
                print('#', what, self.today)
            getattr(self, 'act_' + what)()
        self.act_mend()
        self.act_run()
        self.act_retry()
        self.act_tomorrow()
        self.act_run()
        if not self.books.frozen:
            self.fresh()


def main():
    p = argparse.ArgumentParser()
    p.add_argument('exe')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--rounds', type=int, default=6)
    p.add_argument('--steps', type=int, default=14)
    p.add_argument('--keep', action='store_true')
    p.add_argument('--verbose', action='store_true')
    a = p.parse_args()
    failed = 0
    for seed in range(a.seed, a.seed + a.rounds):
        folder = pathlib.Path(tempfile.mkdtemp(prefix='ledger-'))
        w = World(seed, os.path.abspath(a.exe), folder, a.verbose)
        try:
            w.play(a.steps, seed % 3 == 0)
        except Wrong as e:
            failed += 1
            print('seed', seed, w.zone, folder if a.keep else '', '\n  ', str(e)[:1500], '\n   after:',
                  ' | '.join(x for x in w.trace if not x.startswith(('report', 'sql', 'explain')))[-900:], flush=True)
        if not a.keep:
            shutil.rmtree(folder)
    print('ledger: %d worlds over time, %d wrong' % (a.rounds, failed))
    sys.exit(1 if failed else 0)


main()
