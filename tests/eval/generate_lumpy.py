#!/usr/bin/env python3
"""Writes another labelled set: generate_lumpy.py SEED FOLDER [--hard]. 28 days, judged from day 14 on.

Unlike generate.py's: how many calls a session has and how busy a day is are log-normal (long tails: most days have one session ten
times the usual), everybody keeps the hours of a real time zone (the European change of clocks and a listed holiday are in the judged
days), some grow by 2 % a day, some arrive late, one team works round the clock behind one address, a chatbot sends a favourite prompt
a third of the time, jobs run at night and each quarter of an hour. Blips of an hour, bursts of the same prompt (4 to 14), bulk jobs
with a lead sentence in common and small bursts of failures are no incidents. Incidents are by the definitions of the detectors:
a spike is two to six hours at so many times what the person's hours usually bring, sustained is one to three days. --hard: nearer
to the weak end, and everybody behind one address.
"""
import datetime as dt
import math
import random
import sys
import zoneinfo

from generate import WORDS, compose, cost, iso

DAYS, FIRST_LABEL = 28, 14
START = dt.datetime(2026, 3, 16, tzinfo=dt.timezone.utc)  # a Monday; Europe's clocks change on the 29th
HOLIDAY = 18                                              # Friday, 3 April
PRICES = {'tiny': (0.1, 0.4), 'plain': (1, 4), 'deep': (5, 25)}
ZONES = ['Europe/Berlin', 'Europe/London', 'America/New_York', 'Asia/Kolkata', 'UTC', 'Australia/Sydney']
AGENTS = ['okhttp/4.12', 'axios/1.7', 'Go-http-client/2.0', 'Mozilla/5.0 (Macintosh) Safari/605', 'langchain/0.3', 'Robotics-Team-App/2', 'support-chatbot/5']
SHAPE = [0, 0, 0, 0, 0, 0, .1, .4, 1, 1.6, 1.8, 1.4, .7, 1.1, 1.6, 1.7, 1.3, .8, .3, .15, .1, .05, 0, 0]


class Set:
    def __init__(self, seed, hard):
        self.r, self.hard, self.calls, self.labels, self.taken = random.Random(seed * 7919 + hard), hard, [], [], {}
        names = ['red', 'blue', 'gold', 'iron', 'salt', 'moss', 'clay', 'wool', 'rust', 'pine', 'lake', 'dune', 'fern']
        self.who = [self.consumer(f'{a}-{b}', 'human') for a in names for b in ('desk', 'lab')]
        self.who += [self.consumer(f'bot-help-{i}', 'application') for i in range(3)] + [self.consumer(f'etl{i}', 'service') for i in range(5)]
        for p in self.r.sample(self.who[:26], 9):
            p['growth'] = 1.02
        for p in self.r.sample([q for q in self.who[:26] if q['growth'] == 1], 4):
            p['from'] = self.r.randint(9, 19)
        self.who.append(dict(self.consumer('follow-the-sun', 'human'), always=True, level=60, ips=['198.51.100.7']))

    def consumer(self, name, kind):
        r = self.r
        one = self.hard or kind != 'human'
        return {'name': name, 'kind': kind, 'tz': zoneinfo.ZoneInfo(r.choice(ZONES)), 'level': math.exp(r.uniform(math.log(5), math.log(55))), 'growth': 1.0, 'from': 0,
                'features': r.sample(['answer', 'code', 'extract', 'rewrite', 'plan'], r.randint(1, 4)), 'mix': [r.uniform(1, 3), r.uniform(.3, 2), r.uniform(.05, .5)],
                'in': r.uniform(5, 7), 'out': r.uniform(4.5, 6), 'shift': r.gauss(0, 1), 'session': r.uniform(.8, 1.6), 'hidden': r.uniform(.01, .1),
                'agent': r.choice(AGENTS), 'ips': [f'10.{r.randint(1, 99)}.{r.randint(0, 255)}.{i + 2}' for i in range(1 if one else r.randint(2, 6))], 'always': False}

    def at(self, p, day, hour):
        """The instant of a local hour."""
        d = START.date() + dt.timedelta(days=day)
        return dt.datetime(d.year, d.month, d.day, tzinfo=p['tz']).timestamp() + hour * 3600

    def text(self, k=None):
        return ' '.join(self.r.choices(WORDS, k=k or self.r.randint(9, 26)))

    def call(self, p, t, **k):
        r = self.r
        fail = 'status' not in k and r.random() < .015
        c = {'ts': t, 'consumer': p['name'], 'model': r.choices(list(PRICES), p['mix'])[0], 'provider': 'orbit', 'feature': r.choice(p['features']),
             'trigger': r.choice(['undo', 'retry', 'auto_save']) if r.random() < p['hidden'] else 'user', 'status': 500 if fail else 200, 'client_ip': r.choice(p['ips']),
             'user_agent': p['agent'], 'prompt': k.get('prompt') or self.text(), 'input_tokens': 1 + int(r.lognormvariate(p['in'], .7)),
             'output_tokens': 0 if fail else 1 + int(r.lognormvariate(p['out'], .6))}
        c.update(k)
        self.calls.append(c)
        return c

    def off_day(self, day):
        return (START + dt.timedelta(days=day)).weekday() >= 5 or day == HOLIDAY

    # --- what is usual
    def day(self, p, day):
        r = self.r
        if day < p['from']:
            return
        if p['kind'] == 'service':
            for i in range(96):
                self.call(p, self.at(p, day, 0) + i * 900 + r.uniform(0, 3), prompt='one line on the state of the queues for the board by the door please', trigger='tool')
            for i in range(220):
                self.call(p, self.at(p, day, 1) + i * 21 + r.uniform(0, 4), prompt=f'put entry {r.randint(1, 10**7)} of the nightly feed into its right drawer of seven', trigger='tool')
            return
        if p['kind'] == 'application':
            for _ in range(int(r.gauss(500, 60) * (.8 if self.off_day(day) else 1))):
                self.call(p, self.at(p, day, min(23.9, max(0, r.gauss(14, 4.5)))), prompt='what are your opening hours and where do i find the nearest branch' if r.random() < .3 else self.text())
            return
        level = p['level'] * r.lognormvariate(0, .28) * p['growth'] ** day * (1.2 if (START + dt.timedelta(days=day)).weekday() == 1 else 1)
        level *= (1 if p['always'] else .12) if self.off_day(day) else 1
        for _ in range(self.poisson(level)):
            hour = r.uniform(0, 24) if p['always'] else r.choices(range(24), SHAPE)[0] + r.random() + p['shift']
            t = self.at(p, day, hour)
            for _ in range(min(90, 1 + int(r.lognormvariate(p['session'], .9)))):
                self.call(p, t)
                t += r.lognormvariate(3.6, .9)
        if r.random() < .15 and not self.off_day(day):
            self.harmless(p, self.at(p, day, r.uniform(10, 15)))

    def harmless(self, p, t):
        r, what = self.r, self.r.randrange(4)
        if what == 0:
            text = self.text(14)
            for i in range(r.randint(4, 14)):
                self.call(p, t + i * .7, prompt=text)
        elif what == 1:
            for i in range(r.randint(15, 40)):
                self.call(p, t + i * r.uniform(5, 9), prompt='translate for the handbook : ' + self.text(16))
        elif what == 2:
            for i in range(r.randint(4, 12)):
                self.call(p, t + i * 15, status=429, output_tokens=0)
        else:
            for i in range(int(p['level'] * r.uniform(.4, .7))):
                self.call(p, t + r.uniform(0, 2700))

    def poisson(self, mean):
        n, t = 0, self.r.expovariate(1)
        while t < mean:
            n, t = n + 1, t + self.r.expovariate(1)
        return n

    # --- what is not
    def label(self, kind, p, calls, strength, excess=None):
        calls = sorted(calls, key=lambda c: c['ts'])
        self.labels.append({'id': len(self.labels), 'kind': kind, 'consumer': p['name'], 'start': iso(calls[0]['ts']), 'end': iso(calls[-1]['ts'] + 1), 'strength': strength,
                            'excess_cost': sum(map(cost_of, calls)) if excess is None else excess, 'events': len(calls)})

    def place(self, kind):
        """Somebody with at least two weeks behind it, and a working day, far from its other incidents."""
        slow = kind in ('sustained', 'context_bloat', 'output_bloat', 'model_mix', 'hidden_recompute')
        days = [d for d in range(FIRST_LABEL, DAYS - (3 if slow else 1)) if not any(map(self.off_day, range(d, d + (3 if slow else 1))))]
        least = 16 if slow else 10
        for apart in (5, 4, 3, 2, 1):
            free = [(p, d) for p in self.who for d in days if p['kind'] == 'human' and not p['always'] and p['from'] == 0 and p['level'] >= least
                    and all(abs(d - e) >= apart for e in self.taken.get(p['name'], []))]
            if free:
                p, d = self.r.choice(free)
                self.taken.setdefault(p['name'], []).append(d)
                return p, d
        sys.exit('no room is left')

    def usual(self, p, a, b):
        return [c for c in self.calls if c['consumer'] == p['name'] and a <= c['ts'] < b]

    def usual_hours(self, p, day, hour, hours):
        """How many calls those hours brought on the mean of the working days before."""
        past = [len(self.usual(p, self.at(p, d, hour), self.at(p, d, hour + hours))) for d in range(day) if not self.off_day(d)]
        return sum(past) / len(past)

    def incident(self, kind, s):
        r, (p, day) = self.r, self.place(kind)
        x = s * (.6 if self.hard else 1) + r.uniform(-.15, .2)  # -.15 .. 2.2
        hour, n = r.uniform(8.5, 14), int(32 * 2.6 ** max(0, x) * r.uniform(1, 1.2))
        t, ip = self.at(p, day, hour), r.choice(p['ips'])
        mine = dict(client_ip=ip, status=200)
        if kind == 'repeat_exact':
            text = self.text(11)
            self.label(kind, p, [self.call(p, t + i * 12 + r.uniform(0, 11), prompt=text, **mine) for i in range(n)], x)
        elif kind == 'repeat_template':
            text = self.text(13)
            self.label(kind, p, [self.call(p, t + i * 9 + r.uniform(0, 8), prompt=f'{text} job {r.randint(10**4, 10**9)} run {r.getrandbits(80):020x} of 2026-04-0{r.randint(1, 9)} 11:0{r.randint(0, 9)}:00', **mine) for i in range(n)], x)
        elif kind == 'repeat_near':
            words, calls = self.text(26).split(), []
            for i in range(n):
                words[r.randrange(26)] = r.choice(WORDS)
                calls.append(self.call(p, t + i * 14 + r.uniform(0, 13), prompt=' '.join(words), **mine))
            self.label(kind, p, calls, x)
        elif kind == 'loop_growing':
            text, tokens, calls = self.text(28), r.randint(500, 1500), []
            for i in range(n):
                calls.append(self.call(p, t + i * 16 + r.uniform(0, 12), prompt=text + ' tool said ' + self.text(2), input_tokens=tokens, **mine))
                tokens += r.randint(60, 240)
            self.label(kind, p, calls, x)
        elif kind == 'bot_regular':
            gap, end, calls = math.exp(r.uniform(math.log(12), math.log(90))), t + (2.5 + 4 * max(0, x)) * 3600, []
            sd = r.uniform(.27, .33) if self.hard else r.uniform(.02, .2)
            mine['client_ip'] = ip if self.hard else '203.0.113.9'
            while t < end:
                calls.append(self.call(p, t, **mine))
                t += max(1, gap * r.gauss(1, sd))
            self.label(kind, p, calls, sd)
        elif kind == 'bot_ua':
            agent = r.choice(['Mozilla/5.0 (compatible; bingbot/2.0)', 'ClaudeBot/1.0', 'python-scraper/1.1', 'Mozilla/5.0 (compatible; SemrushBot/7~bl)'])
            self.label(kind, p, [self.call(p, t + r.uniform(0, 4 * 3600), user_agent=agent) for _ in range(n // 2)], x)
        elif kind == 'bot_24h':
            host = ip if self.hard else '203.0.113.77'
            self.label(kind, p, [self.call(p, t + r.uniform(0, 40) * 3600, client_ip=host) for _ in range(int(40 * (12 + 10 * max(0, x) + (8 if self.hard else 0))))], x)
        elif kind in ('spike', 'off_hours'):
            hours = r.choice([2, 3, 4, 6]) if kind == 'spike' else 2
            start = int(hour) if kind == 'spike' else r.choice([1, 2, 3])
            want = max(80 if kind == 'spike' else 45, int(self.usual_hours(p, day, start, hours) * (2.3 + 1.7 * max(0, x))))
            self.label(kind, p, [self.call(p, self.at(p, day, start) + r.uniform(0, hours * 3600)) for _ in range(want)], x)
        elif kind == 'sustained':
            days, factor, calls = 3, 1.3 + .8 * max(0, x), []
            for d in range(day, day + days):  # so many more sessions, at the hours at which there are some
                base = self.usual(p, self.at(p, d, 0), self.at(p, d, 24))
                want = factor * self.usual_hours(p, day, 0, 24)
                calls += [self.call(p, r.choice(base)['ts'] + r.uniform(-900, 900)) for _ in range(int(want))] if base else []
            self.label(kind, p, calls, factor)
        elif kind in ('context_bloat', 'output_bloat'):
            key, factor, extra = 'input_tokens' if kind == 'context_bloat' else 'output_tokens', 1.9 + .8 * max(0, x), 0
            calls = self.usual(p, self.at(p, day, 0), self.at(p, day, 48 + 12))
            for c in calls:
                before, c[key] = cost_of(c), int(c[key] * factor)
                extra += cost_of(c) - before
            self.label(kind, p, calls, factor, extra)
        elif kind == 'model_mix':
            moved, extra = [], 0
            for c in self.usual(p, self.at(p, day, 0), self.at(p, day, 48)):
                if c['model'] != 'deep' and r.random() < .4 + .2 * max(0, x):
                    before, c['model'] = cost_of(c), 'deep'
                    extra += cost_of(c) - before
                    moved.append(c)
            self.label(kind, p, moved, x, extra)
        elif kind == 'hidden_recompute':
            calls = [c for c in self.usual(p, self.at(p, day, 0), self.at(p, day, 48)) if r.random() < .4 + .25 * max(0, x)]
            self.label(kind, p, [self.call(p, c['ts'] + 3, trigger=r.choice(['undo', 'retry', 'auto_save'])) for c in calls], x)
        elif kind == 'large_prompt':
            self.label(kind, p, [self.call(p, t + r.uniform(0, 3 * 3600), input_tokens=r.randint(30000, 90000), status=200) for _ in range(5 + int(8 * max(0, x)))], x)
        elif kind == 'retry_storm':
            calls, texts = [], [self.text(10) for _ in range(5)]
            for i in range(2 * n):
                calls.append(self.call(p, t + i * 7, status=r.choice([429, 503]), output_tokens=0, prompt=texts[i // 12 % 5] if i % 3 else self.text(12)))
            self.label(kind, p, calls, x)

    def outage(self):
        t = (START + dt.timedelta(days=self.r.choice([15, 16, 22, 23]), hours=8)).timestamp()
        hit = [c for c in self.calls if t <= c['ts'] < t + 4500 and c['model'] == 'tiny' and self.r.random() < .8]
        for c in hit:
            c['status'], c['output_tokens'] = 503, 0
        self.label('outage', {'name': '*'}, hit, .8, 0)


def cost_of(c):
    return cost(c, PRICES)


KINDS = ('repeat_exact repeat_template repeat_near loop_growing bot_regular bot_ua bot_24h spike off_hours sustained context_bloat output_bloat model_mix '
         'hidden_recompute large_prompt retry_storm').split()


def main():
    seed, folder, hard = int(sys.argv[1]), sys.argv[2], '--hard' in sys.argv
    compose(Set(seed, hard), KINDS, folder, START, DAYS, FIRST_LABEL, HOLIDAY, 'orbit', PRICES)


main()
