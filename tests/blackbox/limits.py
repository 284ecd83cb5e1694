#!/usr/bin/env python3
"""Quotas, budgets and plans by CONTRACT.md: random small worlds replayed event by event, against the program.

Civil days around DST and month ends, all windows, per node and over all, refused calls, limits of zero, calls on midnights.
usage: limits.py TOLLBOOK [--seed N] [--rounds N] [--keep]"""
import argparse
import datetime as dt
import fnmatch
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction as F
from zoneinfo import ZoneInfo

US = dt.timedelta(microseconds=1)
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
def us(t): return (t - EPOCH) // US
def iso(n):
    t = EPOCH + dt.timedelta(microseconds=n)
    s = t.strftime('%Y-%m-%dT%H:%M:%S')
    f = n % 1000000
    return s + ('.%06d' % f).rstrip('0') + 'Z' if f else s + 'Z'

ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns']

class World:
    def __init__(self, seed, exe, folder):
        self.r = random.Random(seed); r = self.r
        self.exe, self.dir = exe, folder
        self.zone = ZoneInfo(r.choice(ZONES)); 
        self.first = r.choice([dt.date(2026, 10, 22), dt.date(2026, 3, 25), dt.date(2026, 2, 25), dt.date(2026, 10, 28)])
        self.days = 9
        self.tiers = {}
        self.consumers = ['ann', 'bob', 'cy', 'dee', 'svc-1', 'zoe']
        self.tier_of = {}
        rows = []
        names = ['t0', 't1', 't2', 't3']
        for t in names:
            picks = r.sample(['second', 'minute', 'hour', 'day', 'month', 'first_use_24h', 'rolling_24h'], r.randint(1, 4))
            for wd in picks:
                m = r.choice(['tokens', 'tokens', 'requests', 'cost'])
                lim = {'tokens': r.choice([0, 100, 700, 2500, 9000, '']), 'requests': r.choice([0, 1, 2, 5, 20, '']), 'cost': r.choice(['0', '0.001', '0.02', '0.3', ''])}[m]
                rows.append((t, m, lim, wd, r.choice(['global', 'global', 'node'])))
            if r.random() < .5:
                rows.append((t, 'models', r.choice(['gpt-*', 'gpt-4o|claude-*', 'claude-3']), '', ''))
        self.quotas = rows
        for c in self.consumers:
            self.tier_of[c] = r.choice(names + [''])
        self.events = []
        self.make_events()
        self.budgets = []
        for i in range(r.randint(1, 4)):
            d = r.choice(['', 'consumer', 'model', 'team', 'node'])
            m = {'': '', 'consumer': r.choice(['ann', '*', 'svc-*']), 'model': r.choice(['gpt-*', '*']), 'team': r.choice(['red', 'b*']), 'node': 'n1'}[d]
            hw = r.choice([('', '', ''), ('0.01', '0.05', '0.2'), ('0.002', '', '0.02')])
            self.budgets.append(('b%d' % i, d, m, r.choice(['day', 'week', 'month']), r.choice(['0.05', '1', '0.3', '10']), hw))

        self.plans = []
        for i in range(r.randint(1, 3)):
            total = r.choice(['10', '100', '7.33'])
            cap = r.choice(['', '3', '0.5'])
            self.plans.append(('p%d' % i, '', '', total, r.choice(['0', '1.5']), r.choice(['consumer', 'model', 'team']), r.choice([1, 3, 7, 28]), r.choice(['', '0.25']), cap))

    def midnight(self, d):
        # first instant of the date
        t = dt.datetime(d.year, d.month, d.day, tzinfo=self.zone)
        u = us(t.astimezone(UTC))
        while self.local(u).date() < d: u += 60_000_000
        while self.local(u - 1).date() >= d: u -= 60_000_000
        return u

    def local(self, u):
        return (EPOCH + dt.timedelta(microseconds=u)).astimezone(self.zone)

    def make_events(self):
        r = self.r
        lo, hi = self.midnight(self.first), self.midnight(self.first + dt.timedelta(days=self.days))
        n = r.randint(60, 400)
        ts = []
        for _ in range(n):
            if ts and r.random() < .5: t = ts[-1] + r.choice([0, 1, 400_000, 1_000_000, 59_000_000, 60_000_000, 3_600_000_000, 86_400_000_000])
            elif r.random() < .2: t = self.midnight(self.first + dt.timedelta(days=r.randrange(self.days))) + r.choice([-1, 0, 1])
            else: t = r.randrange(lo, hi)
            if lo <= t < hi: ts.append(t)
        taken = set()
        for i, t in enumerate(ts):
            k = r.random()
            e = {'id': 'e%05d' % i, 't': t, 'consumer': r.choice(self.consumers), 'node': r.choice(['n1', 'n2', None]), 'model': r.choice(['gpt-4o', 'gpt-4o-mini', 'claude-3']), 'status': 200, 'in': r.choice([0, 1, 40, 99, 100, 700, 3000]), 'out': r.choice([0, 0, 1, 60])}
            if k < .12: e.update(status=429)
            elif k < .17: e.update(status=500)
            if (e['consumer'], t) in taken: continue
            taken.add((e['consumer'], t))
            self.events.append(e)

    def write(self):
        d = self.dir; (d / 'logs').mkdir(parents=True)
        order = self.events[:]; self.r.shuffle(order)
        parts = [order[i::3] for i in range(3)]
        for i, p in enumerate(parts):
            with open(d / 'logs' / ('a%d.jsonl' % i), 'w') as f:
                for e in p:
                    o = {'id': e['id'], 'ts': iso(e['t']), 'consumer': e['consumer'], 'provider': 'x', 'model': e['model'], 'status': e['status']}
                    if e['node']: o['node'] = e['node']
                    o['input_tokens'], o['output_tokens'] = e['in'], e['out']
                    f.write(json.dumps(o) + '\n')
        (d / 'prices.csv').write_text('model,meter,price,per,currency,effective_from\n*,input,3,1000000,USD,2020-01-01\n*,output,15,1000000,USD,2020-01-01\ngpt-4o,input,2.5,1000000,USD,2020-01-01\n*,request,0.0001,1,USD,2020-01-01\n')
        (d / 'accounts.csv').write_text('consumer,team,cost_center,tier\n' + ''.join('%s,%s,,%s\n' % (c, 'red' if c < 'c' else 'blue', self.tier_of[c]) for c in self.consumers))
        (d / 'quotas.csv').write_text('tier,measure,limit,window,counting\n' + ''.join(','.join(map(str, q)) + '\n' for q in self.quotas))
        (d / 'budgets.csv').write_text('name,dimension,match,period,amount,hour_warning,hour_critical,hour_emergency,reserve,allocate_by,history_days,floor,cap\n'
            + ''.join('%s,%s,%s,%s,%s,%s,%s,%s,,,,,\n' % (b[:5] + b[5]) for b in self.budgets)
            + ''.join('%s,%s,%s,day,%s,,,,%s,%s,%s,%s,%s\n' % p for p in self.plans))
        (d / 'tollbook.jsonc').write_text(json.dumps({'database': 't.db', 'output': 'out', 'time_zone': str(self.zone), 'prices': 'prices.csv', 'accounts': 'accounts.csv', 'quotas': 'quotas.csv', 'budgets': 'budgets.csv', 'sources': [{'name': 's', 'format': 'tollbook_event', 'paths': ['logs/*.jsonl'], 'bill': True}]}))

    def run(self, *args, ok=(0, 3)):
        env = dict(os.environ, TOLLBOOK_NOW='2026-12-20T12:00:00Z')
        p = subprocess.run([self.exe, '--config', str(self.dir / 'tollbook.jsonc'), *args], capture_output=True, text=True, env=env)
        if p.returncode not in ok: raise SystemExit('%s: exit %d\n%s' % (args, p.returncode, p.stderr))
        return p.stdout

    # --- the model
    def refused(self, e): return e['status'] == 429
    def tokens(self, e): return 0 if self.refused(e) else e['in'] + e['out']
    def cost(self, e):
        if self.refused(e): return F(0)
        p = F(5, 2) if e['model'] == 'gpt-4o' else F(3)
        c = (e['in'] * p + e['out'] * 15) / 1000000
        return c + (F(1, 10000) if e['status'] < 400 else 0)

    def level(self, used, lim):
        if lim is None: return 'ok'
        if lim == 0: return 'exceeded' if used > 0 else 'ok'
        q = F(used) / lim
        return 'exceeded' if q >= 1 else 'critical' if q > F(9, 10) else 'warning' if q > F(3, 4) else 'info' if q > F(1, 2) else 'ok'

    def amount(self, e, m): return self.tokens(e) if m == 'tokens' else (0 if self.refused(e) else 1) if m == 'requests' else self.cost(e)

    def window_of(self, t, wd):
        L = self.local(t)
        if wd in ('second', 'minute'):
            n = 1_000_000 if wd == 'second' else 60_000_000
            return t - t % n, t - t % n + n
        if wd == 'hour':
            off = int(L.utcoffset() / US)
            s = t - (t + off) % 3_600_000_000
            return s, s + 3_600_000_000
        if wd == 'day': return self.midnight(L.date()), self.midnight(L.date() + dt.timedelta(days=1))
        first = L.date().replace(day=1); nxt = (first + dt.timedelta(days=32)).replace(day=1)
        return self.midnight(first), self.midnight(nxt)

    def quota_rows(self, day):
        """{(consumer,tier,measure,window,node,start)} for the civil day."""
        a, b = self.midnight(day), self.midnight(day + dt.timedelta(days=1))
        out = {}
        ev = sorted(self.events, key=lambda e: (e['t'],))
        for c in self.consumers:
            for (tier, m, lim, wd, counting) in self.quotas:
                if tier != self.tier_of[c] or m == 'models' or not tier: continue
                lim = None if lim == '' else F(str(lim))
                mine = [e for e in ev if e['consumer'] == c]
                nodes = sorted({e['node'] for e in mine}, key=lambda x: (x is not None, x)) if counting == 'node' else ['*']
                for nd in nodes:
                    es = [e for e in mine if nd == '*' or e['node'] == nd]
                    node = None if nd == '*' else nd
                    groups = {}
                    if wd == 'first_use_24h':
                        cur = None
                        for e in es:
                            if cur is not None and e['t'] >= cur + 86_400_000_000: cur = None
                            if cur is None and self.tokens(e) > 0: cur = e['t']
                            if cur is not None: groups.setdefault((cur, cur + 86_400_000_000), []).append(e)
                        groups = {k: v for k, v in groups.items() if k[1] > a and k[0] < b}
                    elif wd == 'rolling_24h': groups = None
                    else:
                        for e in es: groups.setdefault(self.window_of(e['t'], wd), []).append(e)
                        groups = {k: v for k, v in groups.items() if k[1] > a and k[0] < b}
                    if groups is not None:
                        for (s, en), es2 in groups.items():
                            used, ex, ra, ta, ca, rf = F(0), None, 0, 0, F(0), 0
                            for e in es2:
                                if self.refused(e): rf += 1; continue
                                if ex is not None: ra += 1; ta += self.tokens(e); ca += self.cost(e)
                                used += self.amount(e, m)
                                if ex is None and lim is not None and used >= lim and used > 0: ex = e['t']
                            out[(c, tier, m, wd, node, s)] = dict(end=en, limit=lim, used=used, level=self.level(used, lim), ex=ex, ra=ra, ta=ta, ca=ca, rf=rf)
                    else:
                        best = None
                        today = [e for e in es if a <= e['t'] < b]
                        for e in today:
                            used = sum((self.amount(x, m) for x in es if e['t'] - 86_400_000_000 < x['t'] <= e['t']), F(0))
                            if best is None or used > best[0]: best = (used, e['t'])
                        if best: out[(c, tier, m, wd, node, 'peak')] = dict(used=best[0], limit=lim, level=self.level(best[0], lim), rf=sum(1 for e in es if a <= e['t'] < b and self.refused(e)))
        return out

    def check_quota(self, day):
        j = json.loads(self.run('report', 'quota', '--date', str(day), '--format', 'json'))
        want = self.quota_rows(day)
        short = ('second', 'minute', 'hour')
        seen = set(); bad = []
        for row in j['rows']:
            s = us(dt.datetime.fromisoformat(row['window_start'].replace('Z', '+00:00')))
            k = (row['consumer'], row['tier'], row['measure'], row['window'], row['node'], 'peak' if row['window'] == 'rolling_24h' else s)
            seen.add(k)
            w = want.get(k)
            if w is None:
                if row['used'] != 0 and row['used'] != '0' or row['refused']: bad.append(('extra', row))
                continue
            def eq(name, a, b):
                if a != b: bad.append((name, a, b, k, row))
            eq('used', F(str(row['used'])), w['used']); eq('level', row['level'], w['level'])
            eq('limit', None if row['limit'] is None else F(str(row['limit'])), w['limit'])
            if row['window'] == 'rolling_24h': continue
            eq('end', row['window_end'], iso(w['end']))
            if row['window'] in short: continue
            eq('ex', row['exhausted_at'], None if w['ex'] is None else iso(w['ex']))
            eq('ra', row['requests_after'], w['ra']); eq('ta', row['tokens_after'], w['ta']); eq('ca', F(row['cost_after']), w['ca']); eq('rf', row['refused'], w['rf'])
        for k, w in want.items():
            if k[3] in short or k in seen or (w['used'] == 0 and not w['rf']): continue
            bad.append(('missing', k, w))
        # short windows: the day's peak of all windows and how many over
        for c, tier, m, wd, node in {k[:5] for k in want if k[3] in short}:
            ws = [(w['used'], -k[5], w) for k, w in want.items() if k[:5] == (c, tier, m, wd, node)]
            peak = max(x[0] for x in ws)
            got = [r for r in j['rows'] if (r['consumer'], r['tier'], r['measure'], r['window'], r['node']) == (c, tier, m, wd, node)]
            if peak == 0 and not got: continue
            if len(got) != 1: bad.append(('short rows', (c, tier, m, wd, node), got)); continue
            over = sum(1 for x in ws if x[2]['limit'] is not None and x[0] >= x[2]['limit'] and x[0] > 0)
            if F(str(got[0]['used'])) != peak or got[0]['windows_over'] != over: bad.append(('short', (c, tier, m, wd, node), peak, over, got[0]))
        # models
        viol = {}
        a, b = self.midnight(day), self.midnight(day + dt.timedelta(days=1))
        for e in self.events:
            if not a <= e['t'] < b or self.refused(e): continue
            for (tier, m, lim, _, _) in self.quotas:
                if m == 'models' and tier == self.tier_of[e['consumer']] and not any(fnmatch.fnmatchcase(e['model'], g) for g in lim.split('|')):
                    v = viol.setdefault((e['consumer'], tier, e['model']), [0, 0, F(0)]); v[0] += 1; v[1] += self.tokens(e); v[2] += self.cost(e)
        got = {(v['consumer'], v['tier'], v['model']): [v['requests'], v['tokens'], F(v['cost'])] for v in j['violations']}
        if got != viol: bad.append(('violations', got, viol))
        return bad

    def in_budget(self, e, d, m):
        v = {'': '', 'consumer': e['consumer'], 'model': e['model'], 'team': 'red' if e['consumer'] < 'c' else 'blue', 'node': e['node']}[d]
        return d == '' or (v is not None and fnmatch.fnmatchcase(v, m))

    def check_budget(self, day):
        j = json.loads(self.run('report', 'budget', '--date', str(day), '--format', 'json'))
        bad = []
        rows = {r['name']: r for r in j['rows']}
        b = self.midnight(day + dt.timedelta(days=1))
        for (name, d, m, period, amount, hours) in self.budgets:
            if period == 'day': s0, e0 = day, day + dt.timedelta(days=1)
            elif period == 'week': s0 = day - dt.timedelta(days=day.weekday()); e0 = s0 + dt.timedelta(days=7)
            else: s0 = day.replace(day=1); e0 = (s0 + dt.timedelta(days=32)).replace(day=1)
            s, e = self.midnight(s0), self.midnight(e0)
            ev = sorted((x for x in self.events if s <= x['t'] < min(e, b) and self.in_budget(x, d, m)), key=lambda x: x['t'])
            spent = F(0); crossed = {'info': None, 'warning': None, 'critical': None, 'exceeded': None}
            lim = F(amount)
            i = 0
            while i < len(ev):
                spent += self.cost(ev[i])
                for n, q in (('info', F(1, 2)), ('warning', F(3, 4)), ('critical', F(9, 10))):
                    if crossed[n] is None and spent > q * lim: crossed[n] = iso(ev[i]['t'])
                if crossed['exceeded'] is None and spent >= lim and spent > 0: crossed['exceeded'] = iso(ev[i]['t'])
                i += 1
            r = rows.get(name)
            if r is None:
                bad.append(('no row', name))
                continue
            def eq(n, x, y):
                if x != y: bad.append((n, x, y, name, r))
            eq('spent', F(r['spent']), spent); eq('limit', F(r['limit']), lim); eq('remaining', F(r['remaining']), lim - spent)
            eq('start', r['start'], iso(s)); eq('end', r['end'], iso(e)); eq('level', r['level'], self.level(spent, lim)); eq('crossed', r['crossed'], crossed)
            if e <= b: eq('forecast', (F(r['forecast']), F(r['forecast_low']), F(r['forecast_high'])), (spent,) * 3)
            # hours: trailing 60 minutes sum strictly over, over every instant
            evh = sorted((x for x in self.events if x['t'] < b and self.in_budget(x, d, m) and self.cost(x) > 0), key=lambda x: x['t'])
            want = []
            for lv, lim_h, need in zip(('warning', 'critical', 'emergency'), hours, (60, 30, 0)):
                if lim_h == '': continue
                H = 3_600_000_000
                steps = sorted({x['t'] for x in evh} | {x['t'] + H for x in evh})
                cur = None
                spans = []
                for t in steps:
                    tot = sum((self.cost(x) for x in evh if t - H < x['t'] <= t), F(0))
                    if tot > F(lim_h) and cur is None: cur = t
                    if tot <= F(lim_h) and cur is not None: spans.append((cur, t)); cur = None
                if cur is not None: spans.append((cur, None))
                for x, y in spans:
                    y = b if y is None or y > b else y  # as-of
                    if x < b and y - x >= need * 60_000_000: want.append((lv, x, y))
            got = [(h['level'], h['start'], h['end']) for h in r['hours']]
            # only those that touch the period
            w2 = [(lv, iso(x), iso(y)) for lv, x, y in want if y > s and x < min(e, b)]
            if sorted(map(str, got)) != sorted(map(str, w2)): bad.append(('hours', name, got, w2))
        return bad

    def check_plan(self, day):
        """Averages exactly; amounts by what the contract says of them: cents that add up, floors and caps kept, and between these in proportion."""
        bad = []
        for (name, d, m, total, reserve, by, n, floor, cap) in self.plans:
            j = json.loads(self.run('report', 'plan', '--date', str(day), '--format', 'json', ok=(0, 3)))
            p = next(x for x in j['plans'] if x['name'] == name)
            def eq(what, x, y):
                if x != y: bad.append((what, x, y, name, p))
            first = min(self.local(e['t']).date() for e in self.events)
            days = min(n, (day - first).days + 1)
            if days < 1: continue
            a, b = self.midnight(day - dt.timedelta(days=days - 1)), self.midnight(day + dt.timedelta(days=1))
            key = {'consumer': lambda e: e['consumer'], 'model': lambda e: e['model'], 'team': lambda e: 'red' if e['consumer'] < 'c' else 'blue'}[by]
            sums = {}
            for e in self.events:
                if a <= e['t'] < b and self.in_budget(e, d, m): sums[key(e)] = sums.get(key(e), F(0)) + self.cost(e)
            spent = {k: v for k, v in sums.items() if v > 0}
            available = F(total) - F(reserve)
            eq('for', p['for'], str(day + dt.timedelta(days=1))); eq('days', p['history_days'], days)
            eq('money', (F(p['total']), F(p['reserve']), F(p['available'])), (F(total), F(reserve), available))
            rows = {x['key']: x for x in p['allocations']}
            eq('sum', sum(F(x['amount']) for x in p['allocations']), available)
            lo, hi = F(floor or 0), F(cap) if cap else None
            allsum = sum(spent.values())
            ratios = []
            for k, v in spent.items():
                if k not in rows: bad.append(('no key', k, p)); continue
                r = rows[k]; amount = F(r['amount'])
                avg = v / days
                if abs(F(r['average']) - avg) > F(1, 10 ** 12): bad.append(('average', r, avg))
                if abs(F(str(r['share'])) - v / allsum) > F(1, 10 ** 6): bad.append(('share', r, v / allsum))
                if amount < lo - F(1, 100) or (hi is not None and amount > hi): bad.append(('bounds', r, lo, hi))
                if amount > lo + F(1, 50) and (hi is None or amount < hi - F(1, 50)): ratios.append((amount, v, k))
            for x in ratios:  # free keys: in proportion to what they spent, to a cent
                for y in ratios:
                    if abs(x[0] - x[1] * y[0] / y[1]) > F(1, 50) + x[1] / y[1] / 50: bad.append(('proportion', x, y))
            left = F(rows['(unallocated)']['amount']) if '(unallocated)' in rows else F(0)
            if left > 0 and spent and any(hi is None or F(rows[k]['amount']) < hi for k in spent if k in rows): bad.append(('left over below the caps', left, p))
        return bad

def main():
    p = argparse.ArgumentParser()
    p.add_argument('exe')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--rounds', type=int, default=6)
    p.add_argument('--keep', action='store_true')
    a = p.parse_args()
    n = failed = 0
    for seed in range(a.seed, a.seed + a.rounds):
        folder = pathlib.Path(tempfile.mkdtemp(prefix='limits-'))
        w = World(seed, os.path.abspath(a.exe), folder)
        w.write()
        w.run('ingest')
        days = [w.first + dt.timedelta(days=i) for i in range(w.days)]
        for d in [w.r.choice(days[2:5]), w.r.choice(days[5:]), w.r.choice(days)]:
            for what in (w.check_quota, w.check_budget, w.check_plan):
                bad = what(d)
                n += 1
                failed += bool(bad)
                if bad:
                    print('seed', seed, w.zone, d, what.__name__, len(bad), folder)
                    for x in bad[:3]: print('   ', x)
        if not a.keep: shutil.rmtree(folder)
    print('limits: %d reports checked, %d wrong' % (n, failed))
    sys.exit(1 if failed else 0)


main()
