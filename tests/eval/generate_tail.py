#!/usr/bin/env python3
"""Writes a third labelled set: generate_tail.py SEED FOLDER [--hard]. 28 days, judged from day 14 on.

Unlike the other two: a few large consumers and a long tail (sizes by a power law), each hour's count is negative binomial about a smooth
daily course (no sessions), days differ by a gamma; some work on weekends, some run a batch each Saturday night, some grow or shrink, some
start late, pause for a week or stop; one goes round the clock. Sizes are mixtures by feature (short chats, long retrievals), four models.
Clocks change in America on day 20, day 21 is a listed holiday. Declared jobs, a chatbot with a favourite question, bursts of the same prompt
(3 to 14), bulk jobs with a lead in common, hours of two to three times the usual and small bursts of failures are harmless. Incidents are
multiples of what is expected of those hours, on any day of the week but for spikes. --hard: .75 to 1.5 of the weak end, one address each.
"""
import datetime as dt
import math
import random
import sys
import zoneinfo

from generate import compose, cost, iso

DAYS, FIRST_LABEL = 28, 14
START = dt.datetime(2026, 10, 12, tzinfo=dt.timezone.utc)  # a Monday
HOLIDAY = 21                                               # Monday, 2 November
PRICES = {'nova-mini': (.15, .6), 'nova': (1.1, 4.4), 'open-70b': (.6, .6), 'nova-max': (10, 40)}
ZONES = ['America/Los_Angeles', 'America/Sao_Paulo', 'Europe/Warsaw', 'Asia/Singapore', 'UTC', 'America/New_York']
AGENTS = ['Boto3/1.35', 'aiohttp/3.10', 'Java-http-client/21', 'Mozilla/5.0 (Linux; Android 11; CUBOT X30)', 'anthropic-sdk-go/1.2', 'support-robot-console/3', 'Apache-HttpClient/5.3']
SIZES = {'chat': (1.6, 160), 'retrieval': (4, 900), 'agent': (1.1, 2200), 'labels': (9, 30), 'draft': (2, 250)}  # gamma: shape, scale of input tokens
VERBS = 'explain compare shorten extend check review sketch price rank sort outline count draft test merge split plan trace explore quote'.split()
NOUNS = [a + b for a in 'ar bel cor dun er fal gor hin ist jun kel lor mar nor' .split() for b in 'a ath eck ian is ode oss um und ys'.split()]


class Set:
    def __init__(self, seed, hard):
        self.r, self.hard, self.calls, self.labels, self.taken = random.Random(seed * 104729 + 7 * hard), hard, [], [], {}
        self.who = [self.consumer(f'dept{i:02}', 'human', 900 / (i + 1) ** .9) for i in range(30)]
        people, r = self.who[1:], self.r
        r.shuffle(people)
        for p in people[:5]:
            p['growth'] = r.choice([.985, 1.015, 1.025])
        for p in people[5:8]:
            p['from'] = r.randint(8, 20)
        p = people[8]
        p['until'] = r.randint(15, 22)
        people[9]['pause'] = (a := r.randint(4, 16), a + 7)
        for p in people[10:13]:
            p['batch'] = r.randint(60, 250)
        for p in people[13:17]:
            p['weekend'] = r.uniform(.5, .9)
        people[17]['always'], people[17]['level'] = True, 300
        self.who += [self.consumer(f'site-chat-{i}', 'application', 700) for i in range(2)] + [self.consumer(f'pipeline{i}', 'service', 0) for i in range(5)]

    def consumer(self, name, kind, level):
        r = self.r
        one = self.hard or kind != 'human'
        features = r.sample(list(SIZES), r.randint(1, 4))
        return {'name': name, 'kind': kind, 'tz': zoneinfo.ZoneInfo(r.choice(ZONES)), 'level': level, 'growth': 1.0, 'from': 0, 'until': DAYS, 'pause': (0, 0), 'batch': 0,
                'weekend': r.choice([.02, .08, .2]), 'always': False, 'features': features, 'share': [r.uniform(.3, 2) for _ in features],
                'mix': [r.uniform(1, 4), r.uniform(.4, 3), r.uniform(0, 1), r.uniform(.05, .6)], 'out': r.uniform(4.2, 6.2), 'k': r.uniform(2.5, 14), 'calm': r.uniform(18, 60),
                'peak': r.uniform(9.5, 11.5), 'wide': r.uniform(2, 3.2), 'hidden': r.uniform(.01, .14), 'agent': r.choice(AGENTS), 'question': self.text(8),
                'ips': [f'10.{r.randint(100, 220)}.{r.randint(0, 255)}.{i + 9}' for i in range(1 if one else r.choice([1, 2, 8]))]}

    def at(self, p, day, hour):
        d = START.date() + dt.timedelta(days=day)
        return dt.datetime(d.year, d.month, d.day, tzinfo=p['tz']).timestamp() + hour * 3600

    def off_day(self, day):
        return (START + dt.timedelta(days=day)).weekday() >= 5 or day == HOLIDAY

    def expected(self, p, day, hour):
        """Calls that a local hour is expected to bring."""
        if not p['from'] <= day < p['until'] or p['pause'][0] <= day < p['pause'][1]:
            return 0
        if p['always']:
            return p['level'] / 24
        bell = .6 * math.exp(-((hour - p['peak']) / p['wide']) ** 2 / 2) + .45 * math.exp(-((hour - p['peak'] - 5) / p['wide']) ** 2 / 2) + .002
        return p['level'] * p['growth'] ** day * (p['weekend'] if self.off_day(day) else 1) * bell / (1.05 * 2.507 * p['wide'])

    def text(self, k=None):
        r = self.r
        return ' '.join([r.choice(VERBS), 'the'] + r.choices(NOUNS, k=(k or r.randint(9, 24)) - 2))

    def call(self, p, t, **k):
        r = self.r
        feature = r.choices(p['features'], p['share'])[0]
        shape, scale = SIZES[feature]
        bad = r.random() < .012
        c = {'ts': t, 'consumer': p['name'], 'model': r.choices(list(PRICES), p['mix'])[0], 'provider': 'aurora', 'feature': feature,
             'trigger': r.choice(['undo', 'retry', 'auto_save']) if r.random() < p['hidden'] else 'user', 'status': r.choice([429, 500]) if bad else 200, 'client_ip': r.choice(p['ips']),
             'user_agent': p['agent'], 'prompt': k.get('prompt') or self.text(), 'input_tokens': 8 + int(r.gammavariate(shape, scale)), 'output_tokens': 1 + int(r.lognormvariate(p['out'], .8))}
        c.update(k)
        if c['status'] >= 400:
            c['output_tokens'] = 0
        self.calls.append(c)
        return c

    def poisson(self, mean):
        if mean > 200:
            return max(0, round(self.r.gauss(mean, math.sqrt(mean))))
        n, t = 0, self.r.expovariate(1)
        while t < mean:
            n, t = n + 1, t + self.r.expovariate(1)
        return n

    # --- what is usual
    def day(self, p, day):
        r = self.r
        if p['kind'] == 'service':
            for i in range(48):
                self.call(p, self.at(p, day, 0) + i * 1800 + r.uniform(0, 2), prompt='state of all queues in one sentence for the night shift please', trigger='tool')
            for i in range(260):
                self.call(p, self.at(p, day, 3) + i * 17 + r.uniform(0, 6), prompt=f'extract the fields of document {r.randint(1, 10**8)} of the import into the seven columns', trigger='tool')
            return
        busy = r.gammavariate(p['calm'], 1 / p['calm'])
        for hour in range(24):
            mean = self.expected(p, day, hour) * busy
            for _ in range(self.poisson(r.gammavariate(p['k'], mean / p['k'])) if mean > 0 else 0):
                favourite = p['kind'] == 'application' and r.random() < .28
                self.call(p, self.at(p, day, hour) + r.uniform(0, 3600), **({'prompt': p['question']} if favourite else {}))
        if p['batch'] and (START + dt.timedelta(days=day)).weekday() == 5:
            for i in range(p['batch']):
                self.call(p, self.at(p, day, 21) + i * r.uniform(9, 12))
        if p['kind'] == 'human' and self.expected(p, day, 11) > 0 and not self.off_day(day) and r.random() < .22:
            self.harmless(p, self.at(p, day, r.uniform(9, 16)), day)

    def harmless(self, p, t, day):
        r, what, text = self.r, self.r.randrange(4), self.text(12)
        if what == 0:
            for i in range(r.randint(3, 14)):
                self.call(p, t + i * r.uniform(1, 20), prompt=text)
        elif what == 1:
            for i in range(r.randint(15, 35)):
                self.call(p, t + i * r.uniform(3, 9), prompt='sum up the minutes of this meeting : ' + self.text(18))
        elif what == 2:
            for i in range(r.randint(4, 12)):
                self.call(p, t + i * 10, status=429, prompt=text)
        else:
            hour = int(r.uniform(9, 16))
            for _ in range(self.poisson(self.expected(p, day, hour) * r.uniform(1.2, 2.2))):
                self.call(p, self.at(p, day, hour) + r.uniform(0, 3600))

    # --- what is not
    def label(self, kind, p, calls, strength, excess=None):
        calls = sorted(calls, key=lambda c: c['ts'])
        self.labels.append({'id': len(self.labels), 'kind': kind, 'consumer': p['name'], 'start': iso(calls[0]['ts']), 'end': iso(calls[-1]['ts'] + 1), 'strength': strength,
                            'excess_cost': sum(map(cost_of, calls)) if excess is None else excess, 'events': len(calls)})

    def place(self, kind, span):
        level = {'spike': 90, 'sustained': 90, 'hidden_recompute': 70, 'model_mix': 70, 'context_bloat': 40, 'output_bloat': 40}.get(kind, 20)
        days = [d for d in range(FIRST_LABEL, DAYS - span) if not self.off_day(d) or kind not in ('spike', 'sustained', 'off_hours')]
        for apart in (6, 5, 4, 3, 2):
            free = [(p, d) for p in self.who for d in days if p['kind'] == 'human' and not p['always'] and p['from'] == 0 and p['until'] == DAYS and p['pause'][1] == 0
                    and p['level'] >= level and all(abs(d - e) >= apart for e in self.taken.get(p['name'], []))]
            if free:
                p, d = self.r.choice(free)
                self.taken.setdefault(p['name'], []).append(d)
                return p, d
        sys.exit('no room is left')

    def somewhere(self, kind, span):
        for tries in range(60):  # what is about shares and means needs calls
            p, day = self.place(kind, span)
            t = self.at(p, day, self.r.uniform(0, 15) if span > 1 else self.r.uniform(8, 16))
            if SPANS.get(kind, 0) < 2 or kind in ('sustained', 'bot_24h') or len(self.between(p, t, t + span * 86400)) >= 60:
                break
            if tries < 59:
                self.taken[p['name']].remove(day)
        return p, day, t

    def between(self, p, a, b):
        return [c for c in self.calls if c['consumer'] == p['name'] and a <= c['ts'] < b]

    def incident(self, kind, s):
        r = self.r
        weak, strong = LIMITS[kind]
        x = weak * (strong / weak) ** ((s + r.uniform(-.2, .2)) / 2 if s else r.uniform(0, .15))
        if self.hard:  # so many times the weak end, as far as it is beyond doing nothing
            x = 1 + (weak - 1) * r.uniform(.75, 1.5) if kind in MULTIPLES else weak * r.uniform(.75, 1.5)
        span = SPANS.get(kind, 1)
        p, day, t = self.somewhere(kind, span)
        ip, n = r.choice(p['ips']), int(x)
        mine, other = dict(client_ip=ip, status=200), dict(client_ip=ip if self.hard else f'192.0.2.{r.randint(2, 250)}', status=200)
        if kind == 'repeat_exact':
            text, gap = self.text(10), r.choice([3, 15, 60])
            calls = [self.call(p, t + i * gap + r.uniform(0, gap), prompt=text, **mine) for i in range(n)]
        elif kind == 'repeat_template':
            text, gap = self.text(13), r.choice([2, 10, 45])
            calls = [self.call(p, t + i * gap + r.uniform(0, gap), prompt=f'{text} order {r.randint(10**5, 10**9)} of 2026-11-0{r.randint(1, 9)} token {r.getrandbits(72):018x}', **mine) for i in range(n)]
        elif kind == 'repeat_near':
            words, calls, gap = self.text(24).split(), [], r.choice([5, 20, 40])
            for i in range(n):
                now = list(words)
                now[r.randrange(24)] = r.choice(NOUNS)
                calls.append(self.call(p, t + i * gap + r.uniform(0, gap), prompt=' '.join(now), **mine))
        elif kind == 'loop_growing':
            text, tokens, calls = self.text(26), r.randint(400, 2500), []
            for i in range(n):
                calls.append(self.call(p, t + i * 13 + r.uniform(0, 9), prompt=text + ' error ' + r.choice(NOUNS), input_tokens=tokens, **mine))
                tokens = int(tokens * r.uniform(1.005, 1.03)) + r.randint(10, 90)
        elif kind == 'bot_regular':
            gap, sd, end, calls = r.choice([15, 30, 60, 120]), r.uniform(.27, .45) if self.hard else .3 / x, t + (4 + 3 * s) * 3600, []
            while t < end:
                calls.append(self.call(p, t, **other))
                t += max(1, gap * r.gauss(1, sd))
        elif kind == 'bot_ua':
            agent = r.choice(['Mozilla/5.0 (compatible; YandexBot/3.0)', 'PetalBot', 'my-scraper/0.1', 'Mozilla/5.0 AppleWebKit/537.36 (compatible; PerplexityBot/1.0)'])
            calls = [self.call(p, t + r.uniform(0, 6 * 3600), user_agent=agent) for _ in range(n)]
        elif kind == 'bot_24h':
            calls = [self.call(p, t + r.uniform(0, 38 * 3600), **other) for _ in range(int(38 * x))]
        elif kind == 'spike':
            hours, hour = r.randint(2, 6), r.randint(8, 13)
            want = max(60, (x - 1) * sum(self.expected(p, day, hour + h) for h in range(hours)))
            calls = [self.call(p, self.at(p, day, hour) + r.uniform(0, hours * 3600)) for _ in range(int(want))]
        elif kind == 'off_hours':
            calls = [self.call(p, self.at(p, day, r.choice([1, 2])) + r.uniform(0, 5400)) for _ in range(n)]
        elif kind == 'sustained':
            calls = []
            for d in range(day, day + span):
                for hour in range(24):
                    calls += [self.call(p, self.at(p, d, hour) + r.uniform(0, 3600)) for _ in range(self.poisson((x - 1) * self.expected(p, d, hour)))]
        elif kind in ('context_bloat', 'output_bloat'):
            calls, key, extra = self.between(p, t, t + span * 86400), 'input_tokens' if kind == 'context_bloat' else 'output_tokens', 0
            for c in calls:
                before, c[key] = cost_of(c), int(c[key] * x)
                extra += cost_of(c) - before
            return self.label(kind, p, calls, x, extra)
        elif kind == 'model_mix':
            calls, extra = [c for c in self.between(p, t, t + span * 86400) if c['model'] != 'nova-max' and r.random() < x], 0
            for c in calls:
                before, c['model'] = cost_of(c), 'nova-max'
                extra += cost_of(c) - before
            return self.label(kind, p, calls, x, extra)
        elif kind == 'hidden_recompute':
            calls = [self.call(p, c['ts'] + r.uniform(1, 20), trigger=r.choice(['undo', 'retry', 'auto_save'])) for c in self.between(p, t, t + span * 86400) if r.random() < x]
        elif kind == 'large_prompt':
            calls = [self.call(p, t + r.uniform(0, 5 * 3600), input_tokens=int(r.uniform(3e4, 15e4)), status=200) for _ in range(n)]
        elif kind == 'retry_storm':
            calls = [self.call(p, t + i * r.uniform(6, 9), status=r.choice([429, 503])) for i in range(n)]
        self.label(kind, p, calls, x)

    def outage(self):
        t = (START + dt.timedelta(days=self.r.choice([15, 16, 18, 23, 24]), hours=self.r.uniform(14, 16))).timestamp()
        hit = [c for c in self.calls if t <= c['ts'] < t + 2400 and c['model'] == 'nova-mini' and self.r.random() < .65]
        for c in hit:
            c['status'], c['output_tokens'] = 503, 0
        self.label('outage', {'name': '*'}, hit, .65, 0)


def cost_of(c):
    return cost(c, PRICES)


# weak to strong
LIMITS = {'repeat_exact': (45, 320), 'repeat_template': (45, 400), 'repeat_near': (50, 200), 'loop_growing': (45, 200), 'bot_regular': (1.2, 9), 'bot_ua': (22, 240), 'bot_24h': (11, 32),
          'spike': (3, 7), 'off_hours': (34, 140), 'sustained': (1.75, 2.6), 'context_bloat': (1.75, 3.2), 'output_bloat': (1.75, 3.2), 'model_mix': (.42, .8), 'hidden_recompute': (.38, .9),
          'large_prompt': (6, 25), 'retry_storm': (60, 330)}
MULTIPLES = ('spike', 'sustained', 'context_bloat', 'output_bloat')
SPANS = {'sustained': 3, 'context_bloat': 3, 'output_bloat': 3, 'model_mix': 2, 'hidden_recompute': 2, 'bot_24h': 2}


def main():
    seed, folder, hard = int(sys.argv[1]), sys.argv[2], '--hard' in sys.argv
    compose(Set(seed, hard), LIMITS, folder, START, DAYS, FIRST_LABEL, HOLIDAY, 'aurora', PRICES)


if __name__ == '__main__':
    main()
