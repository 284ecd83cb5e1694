#!/usr/bin/env python3
"""Writes a labelled set: generate.py SEED FOLDER [--hard]. 42 days of people who work in sessions (bursts of calls with pauses, a gamma
mixed day level, lunch, a Monday peak), declared jobs, and the incidents of labels.json from day 21 on. Calls are tollbook_event lines.

Its design is not that of any other set: counts are over-dispersed by sessions rather than drawn per hour, sizes are log-normal with a
mean of each person's own, prompts are sentences of a topic's words, addresses are a few per consumer or one for all (--hard).
"""
import datetime as dt
import gzip
import hashlib
import json
import os
import random
import sys

DAYS, FIRST_LABEL = 42, 21
START = dt.datetime(2026, 2, 2, tzinfo=dt.timezone.utc)  # a Monday; the US change of clocks is within
MODELS = {'small': (0.2, 0.8), 'medium': (2.5, 10), 'large': (12, 60)}
ZONES = {'UTC': 0, 'Europe/Madrid': 1, 'America/Chicago': -6, 'Asia/Tokyo': 9}
AGENTS = ['python-requests/2.32', 'node-fetch/3', 'OpenAI/Python 1.50', 'curl/8.5', 'MyChatbot-SDK/1', 'Boto3/1.34 Botocore/1.34', 'CUBOT KING (Android 10)']
WORDS = [a + b for a in 'ba co du fe gi ho ja ku le mi no pa qui ro su ta vo we xi zu'.split() for b in 'lan mer nik pol rast sen tor vid'.split()]


class World:
    def __init__(self, seed, hard):
        self.r = random.Random(seed)
        self.hard = hard
        self.calls, self.labels = [], []
        self.people = []
        for i in range(24):
            self.people.append(self.person(f'unit-{i:02}', 'human'))
        for i in range(4):
            self.people.append(self.person(f'job-{i}', 'service'))

    def person(self, name, kind):
        r = self.r
        features = r.sample(['search', 'mail', 'report', 'lint', 'chat', 'label'], r.randint(1, 3))
        mix = [r.gammavariate(1, 1) + 0.05 for _ in MODELS]
        mix[0] += 1.5
        return {'name': name, 'kind': kind, 'zone': r.choice(list(ZONES)), 'level': r.choice([6, 12, 25, 50]), 'features': features, 'mix': mix,
                'size': r.uniform(5.5, 7.2), 'out': r.uniform(4.8, 6), 'agent': r.choice(AGENTS), 'hidden': r.uniform(0.02, 0.12),
                'ips': [f'10.9.{r.randint(1, 250)}.{r.randint(1, 250)}' for _ in range(1 if self.hard or kind != 'human' else r.randint(1, 5))],
                'topics': [r.sample(WORDS, 40) for _ in range(5)], 'favourite': 'list the open tickets of my queue please and sort them by age now'}

    def call(self, p, t, **k):
        r = self.r
        model = k.get('model') or r.choices(list(MODELS), p['mix'])[0]
        size, out = max(1, int(r.lognormvariate(p['size'], 0.8))), max(1, int(r.lognormvariate(p['out'], 0.7)))
        trigger = r.choice(['undo', 'retry', 'auto_save']) if r.random() < p['hidden'] else 'user'
        c = {'ts': t, 'consumer': p['name'], 'model': model, 'provider': 'acme', 'feature': r.choice(p['features']), 'trigger': trigger,
             'status': 200, 'client_ip': r.choice(p['ips']), 'user_agent': p['agent'], 'prompt': ' '.join(r.choices(r.choice(p['topics']), k=r.randint(9, 30))),
             'input_tokens': size, 'output_tokens': out}
        c.update(k)
        if r.random() < 0.02 and 'status' not in k:
            c['status'], c['output_tokens'] = r.choice([429, 503]), 0
        self.calls.append(c)
        return c

    def when(self, day, hour):
        return START.timestamp() + day * 86400 + hour * 3600

    def weekday(self, day):
        return (START + dt.timedelta(days=day)).weekday()

    def normal_day(self, p, day):
        r, wd = self.r, self.weekday(day)
        off = ZONES[p['zone']] + (1 if p['zone'] == 'America/Chicago' and day >= 34 else 0)
        if p['kind'] == 'service':  # a nightly batch, and every ten minutes a template
            for i in range(150):
                self.call(p, self.when(day, 2) + i * 14 + r.random(), prompt=f'classify record {r.randint(1, 10**6)} of the nightly export into one of nine groups', trigger='tool')
            for i in range(144):
                self.call(p, self.when(day, 0) + i * 600, prompt='summarise the health of the ten regions in one line for the wall', trigger='tool')
            return
        level = p['level'] * r.gammavariate(14, 1 / 14) * (1.25 if wd == 0 else 1) * (0.15 if wd >= 5 else 1)
        for _ in range(self.poisson(level)):  # sessions
            hour = r.gauss(10.5, 1.4) if r.random() < 0.55 else r.gauss(15.5, 1.5)
            t = self.when(day, hour - off)
            for _ in range(1 + self.poisson(r.gammavariate(1.2, 3))):
                self.call(p, t)
                t += r.expovariate(1 / 60)
        if r.random() < 0.4 and wd < 5:  # the same question, asked until it is answered well; a favourite
            t = self.when(day, 11 - off)
            text = p['favourite'] if r.random() < 0.7 else ' '.join(r.choices(p['topics'][0], k=12))
            for i in range(r.randint(3, 12)):
                self.call(p, t + i * 5, prompt=text)

    def poisson(self, mean):
        n, t = 0, self.r.expovariate(1)
        while t < mean:
            n, t = n + 1, t + self.r.expovariate(1)
        return n

    # --- incidents: each returns its calls, its kind, and what they cost beyond the usual
    def add(self, kind, p, calls, strength, excess=None):
        calls = sorted(calls, key=lambda c: c['ts'])
        self.labels.append({'id': len(self.labels), 'kind': kind, 'consumer': p['name'] if p else '*', 'start': iso(calls[0]['ts']), 'end': iso(calls[-1]['ts'] + 1),
                            'strength': strength, 'excess_cost': sum(map(cost, calls)) if excess is None else excess, 'events': len(calls)})

    def usual(self, p, a, b):
        return [c for c in self.calls if c['consumer'] == p['name'] and a <= c['ts'] < b]

    def free_day(self, people):
        """A consumer and a working day on which nothing else of it is within three days."""
        for apart in (4, 3, 2):
            free = [(p, d) for p in people for d in range(FIRST_LABEL, DAYS - 4) if self.weekday(d) in (1, 2, 3)
                    and not any(abs(d - e) < apart for e in p.setdefault('days', []))]
            if free:
                p, day = self.r.choice(free)
                p['days'].append(day)
                return p, day
        sys.exit('no free day is left')

    def incident(self, kind, strength):
        r = self.r
        p, day = self.free_day([q for q in self.people if q['kind'] == 'human' and q['level'] >= 12])
        off = ZONES[p['zone']]
        t = self.when(day, r.uniform(9, 14) - off)
        ip = r.choice(p['ips'])
        n = int([30, 80, 240][strength] * (0.8 if self.hard else 1) * r.uniform(0.9, 1.2))
        if kind == 'repeat_exact':
            text = ' '.join(r.choices(WORDS, k=15))
            self.add(kind, p, [self.call(p, t + i * r.uniform(4, 30), prompt=text, client_ip=ip, status=200) for i in range(n)], n)
        elif kind == 'repeat_template':
            text = ' '.join(r.choices(WORDS, k=14))
            self.add(kind, p, [self.call(p, t + i * r.uniform(4, 20), prompt=f'{text} ticket {r.randint(1, 10**6)} id {r.getrandbits(64):016x} at 2026-02-{r.randint(1, 28):02}T10:00', client_ip=ip, status=200) for i in range(n)], n)
        elif kind == 'repeat_near':
            base, calls = r.choices(WORDS, k=24), []
            for i in range(n):
                words = list(base)
                words[r.randrange(24)] = r.choice(WORDS)
                calls.append(self.call(p, t + i * 17, prompt=' '.join(words), client_ip=ip, status=200))
            self.add(kind, p, calls, n)
        elif kind == 'loop_growing':
            base = ' '.join(r.choices(WORDS, k=26))
            self.add(kind, p, [self.call(p, t + i * 11, prompt=base + ' step failed with code ' + r.choice(WORDS), input_tokens=900 + 140 * i, client_ip=ip, status=200) for i in range(n)], n)
        elif kind == 'bot_regular':
            gap, calls, end = r.choice([25, 40, 70]), [], t + [3, 6, 12][strength] * 3600
            sd = [0.2, 0.1, 0.03][strength]
            host = ip if len(p['ips']) == 1 else f'172.16.3.{r.randint(2, 250)}'
            while t < end:
                calls.append(self.call(p, t, client_ip=host, status=200))
                t += max(1, gap * r.gauss(1, sd))
            self.add(kind, p, calls, sd)
        elif kind == 'bot_ua':
            agent = r.choice(['GPTBot/1.2', 'Mozilla/5.0 (compatible; AhrefsBot/7.0)', 'NewsScraper/0.3', 'Scrapy/2.11 (+https://scrapy.test)'])
            self.add(kind, p, [self.call(p, t + r.uniform(0, 6 * 3600), user_agent=agent) for _ in range(n // 2 + 8)], n)
        elif kind == 'bot_24h':
            rate, calls = [10, 18, 40][strength] * (1.5 if len(p['ips']) == 1 else 1), []
            host = ip if len(p['ips']) == 1 else f'172.16.4.{r.randint(2, 250)}'
            for h in range(42):
                calls += [self.call(p, t + h * 3600 + r.uniform(0, 3600), client_ip=host, status=200) for _ in range(self.poisson(rate))]
            self.add(kind, p, calls, rate)
        elif kind == 'spike':
            calls = self.usual(p, t, t + 4 * 3600)
            want = int(max(len(calls) * [2.2, 3.5, 6][strength], 90))
            self.add(kind, p, [self.call(p, t + r.uniform(0, 4 * 3600)) for _ in range(want)], want)
        elif kind == 'off_hours':
            t = self.when(day, 1 - off)
            self.add(kind, p, [self.call(p, t + r.uniform(0, 5400)) for _ in range(n // 2 + 25)], n)
        elif kind == 'sustained':
            t = self.when(day, 5)
            calls = self.usual(p, t, t + 72 * 3600)
            more = [self.call(p, c['ts'] + r.uniform(0, 900)) for c in calls for _ in range(self.poisson([1.0, 1.5, 2.5][strength]))]
            self.add(kind, p, more, strength)
        elif kind in ('context_bloat', 'output_bloat'):
            calls, extra, factor = self.usual(p, t, t + 60 * 3600), 0, [2, 2.6, 4][strength]
            for c in calls:
                before, key = cost(c), 'input_tokens' if kind == 'context_bloat' else 'output_tokens'
                c[key] = int(c[key] * factor)
                extra += cost(c) - before
            self.add(kind, p, calls, factor, extra)
        elif kind == 'model_mix':
            calls, extra, moved = self.usual(p, t, t + 48 * 3600), 0, []
            for c in calls:
                if c['model'] != 'large' and r.random() < [0.45, 0.6, 0.8][strength]:
                    before = cost(c)
                    c['model'] = 'large'
                    extra += cost(c) - before
                    moved.append(c)
            self.add(kind, p, moved, strength, extra)
        elif kind == 'hidden_recompute':
            calls = self.usual(p, t, t + 48 * 3600)
            more = [self.call(p, c['ts'] + 2, trigger=r.choice(['undo', 'retry', 'auto_save'])) for c in calls if r.random() < [0.5, 0.8, 1][strength]]
            self.add(kind, p, more, strength)
        elif kind == 'large_prompt':
            self.add(kind, p, [self.call(p, t + r.uniform(0, 4 * 3600), input_tokens=r.randint(45000, 120000), status=200) for _ in range([6, 12, 25][strength])], strength)
        elif kind == 'retry_storm':
            calls = []
            for i in range([60, 130, 320][strength]):
                text = ' '.join(r.choices(WORDS, k=12))
                calls.append(self.call(p, t + i * 9, status=429, output_tokens=0, prompt=text))
            self.add(kind, p, calls, len(calls))

    def outage(self):
        day = self.r.randint(FIRST_LABEL, DAYS - 4)
        while self.weekday(day) != 3:
            day += 1
        a = self.when(day, 10)
        hit = [c for c in self.calls if a <= c['ts'] < a + 2400 and c['model'] == 'small']
        for c in hit:
            if self.r.random() < 0.75:
                c['status'], c['output_tokens'] = 503, 0
        if len(hit) >= 20:
            self.add('outage', None, hit, 0.75, 0)


def iso(t):
    return dt.datetime.fromtimestamp(t, dt.timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def cost(c, prices=None):
    a, b = (prices or MODELS)[c['model']]
    return (c['input_tokens'] * a + c['output_tokens'] * b) / 1e6


def compose(w, kinds, folder, start, days, first_label, holiday, provider, prices):
    """Plays the set w: every consumer's days, an outage, three incidents of each kind; what falls out of the days is dropped."""
    for p in w.who:
        for day in range(days):
            w.day(p, day)
    w.outage()
    for kind in kinds:
        for s in range(3):
            w.incident(kind, s)
    w.calls = [c for c in w.calls if start.timestamp() <= c['ts'] < start.timestamp() + days * 86400]
    date = lambda d: (start + dt.timedelta(days=d)).date().isoformat()
    write_set(folder, w.calls, w.labels, [date(d) for d in range(first_label - 1, days)],
              [(p['name'], p['kind'], str(p['tz'])) for p in w.who], provider, prices, [date(holiday)])


def write_set(folder, calls, labels, judged, people, provider, prices, holidays=()):
    os.makedirs(folder + '/logs', exist_ok=True)
    calls.sort(key=lambda c: c['ts'])
    files = {}
    for i, c in enumerate(calls):
        day = iso(c['ts'])[:10]
        line = dict(c, id=f'c{i}', ts=iso(c['ts']), success=c['status'] < 400, prompt_hash=hashlib.md5(c['prompt'].encode()).hexdigest())
        files.setdefault(day, []).append(json.dumps(line))
    for day, lines in files.items():
        with gzip.GzipFile(f'{folder}/logs/events-{day}.jsonl.gz', 'wb', mtime=0) as f:
            f.write(('\n'.join(lines) + '\n').encode())
    with open(folder + '/labels.json', 'w') as f:
        json.dump(labels, f, indent=1)
    with open(folder + '/judged.json', 'w') as f:
        json.dump(judged, f)
    with open(folder + '/accounts.csv', 'w') as f:
        f.write('consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to\n')
        f.writelines(f'{name},,all,,,,,{kind},{zone},,\n' for name, kind, zone in people)
    with open(folder + '/prices.csv', 'w') as f:
        f.write('provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_from,context_rule,note\n')
        for m, (a, b) in prices.items():
            f.write(f'{provider},{m},input,{a},1000000,USD,,,,,,,\n{provider},{m},output,{b},1000000,USD,,,,,,,\n')
    config = {'prices': 'prices.csv', 'accounts': 'accounts.csv', 'holidays': list(holidays),
              'sources': [{'name': 'gateway', 'format': 'tollbook_event', 'paths': ['logs/events-{date}.jsonl.gz']}]}
    with open(folder + '/tollbook.jsonc', 'w') as f:
        json.dump(config, f)


def main():
    seed, folder, hard = int(sys.argv[1]), sys.argv[2], '--hard' in sys.argv
    w = World(seed, hard)
    for p in w.people:
        for day in range(DAYS):
            w.normal_day(p, day)
    kinds = ('repeat_exact repeat_template repeat_near loop_growing bot_regular bot_ua bot_24h spike off_hours sustained context_bloat output_bloat '
             'model_mix hidden_recompute large_prompt retry_storm').split()
    w.outage()
    for strength in range(3):
        for kind in kinds:
            w.incident(kind, strength)
    write_set(folder, w.calls, w.labels, [(START + dt.timedelta(days=d)).date().isoformat() for d in range(FIRST_LABEL - 1, DAYS)],
              [(p['name'], p['kind'], p['zone']) for p in w.people], 'acme', MODELS)


if __name__ == '__main__':
    main()
