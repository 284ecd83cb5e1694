#!/usr/bin/env python3
"""What must not change findings, and how: metamorphic.py TOLLBOOK FOLDER. A small set of generate.py, with incidents of several kinds, is
asked for its findings; then it is changed in ways whose effect is known, and asked again. No tolerance but that of a last printed digit."""
import copy
import datetime as dt
import json
import math
import os
import random
import shutil
import subprocess
import sys

import generate
from score import FAMILY, instant, overlaps, same_consumer

generate.DAYS, generate.FIRST_LABEL = 30, 22
KINDS = 'spike repeat_exact context_bloat bot_regular off_hours large_prompt model_mix retry_storm'.split()
ASKED = range(21, 29)  # days
failed = []


def world():
    w = generate.World(7, False)
    w.people = [p for p in w.people if p['kind'] == 'human' and p['level'] >= 12][:9] + w.people[-1:]
    for p in w.people:
        for day in range(generate.DAYS):
            w.normal_day(p, day)
    normal = len(w.calls)
    for kind in KINDS:
        w.incident(kind, 2)
    added = {id(c) for c in w.calls[normal:]}
    w.calls.sort(key=lambda c: c['ts'])
    for i, c in enumerate(w.calls):
        c['id'], c['added'] = f'e{i}', id(c) in added
    return w


class Sets:
    def __init__(self, tollbook, folder, w):
        self.tollbook, self.folder, self.w = tollbook, folder, w
        shutil.rmtree(folder, ignore_errors=True)

    def run(self, name, *words):
        out = subprocess.run([self.tollbook, '--quiet', '--config', f'{self.folder}/{name}/tollbook.jsonc', *words], capture_output=True, text=True)
        if out.returncode not in (0, 3, 5):
            sys.exit(f'{name}: {" ".join(words)}: {out.stderr}')
        return out.stdout

    def make(self, name, calls=None, people=None, prices=None, chunks=1, days=None, r=None):
        """Writes logs (chunks files a day, in r's order of lines) and ingests them."""
        d = f'{self.folder}/{name}'
        os.makedirs(d + '/logs', exist_ok=True)
        by_day = {}
        for c in calls or self.w.calls:
            line = {k: v for k, v in c.items() if k != 'added'}
            line.update(ts=generate.iso(c['ts']), success=c['status'] < 400)
            by_day.setdefault(line['ts'][:10], []).append(json.dumps(line))
        for day, lines in by_day.items():
            if days is not None and day not in days:
                continue
            if r is not None:
                r.shuffle(lines)
            for k in range(chunks):
                with open(f'{d}/logs/events-{day}-{k}.jsonl', 'w') as f:
                    f.write('\n'.join(lines[k::chunks]) + '\n')
        people = people or [(p['name'], p['kind'], p['zone']) for p in self.w.people]
        with open(d + '/accounts.csv', 'w') as f:
            f.write('consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to\n')
            f.writelines(f'{n},,all,,,,,{k},{z},,\n' for n, k, z in people)
        with open(d + '/prices.csv', 'w') as f:
            f.write('provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_from,context_rule,note\n')
            for m, (a, b) in (prices or generate.MODELS).items():
                f.write(f'acme,{m},input,{a},1000000,USD,,,,,,,\nacme,{m},output,{b},1000000,USD,,,,,,,\n')
        with open(d + '/tollbook.jsonc', 'w') as f:
            json.dump({'prices': 'prices.csv', 'accounts': 'accounts.csv', 'min_excess': 0, 'sources': [
                {'name': 'gateway', 'format': 'tollbook_event', 'paths': ['logs/events-{date}-*.jsonl']}]}, f)
        self.run(name, 'ingest')

    def text(self, name, first, last=None, shift=0):
        return self.run(name, 'report', 'anomalies', '--from', iso_day(first, shift), '--to', iso_day(last or first, shift), '--format', 'json')

    def found(self, name, shift=0):
        return [f for f in json.loads(self.text(name, ASKED[0], ASKED[-1], shift))['findings'] if f['kind'] in FAMILY]

    def texts(self, name):
        return [self.text(name, d) for d in ASKED[1::3]]


def iso_day(day, shift=0):
    return (generate.START + dt.timedelta(days=day + shift)).date().isoformat()


def digest(f, shift=0, names=None, k=1):
    return (f['kind'], tuple(sorted(f['also'])), (names or {}).get(f['consumer'], f['consumer']), f['value'] or '', round(instant(f['start']) - shift * 86400, 3),
            round(instant(f['end']) - shift * 86400, 3), f['observed'], -1 if f['expected'] is None else f['expected'], round(float(f['cost']) / k, 9))


def near(a, b):
    return len(a) == len(b) and all(x == y or (isinstance(x, float) and math.isclose(x, y, rel_tol=1e-5, abs_tol=2e-6)) for x, y in zip(a, b))


def expect(what, ok, said=''):
    print(('ok   ' if ok else 'FAIL ') + what + ('' if ok else ': ' + str(said)))
    if not ok:
        failed.append(what)


def same(what, base, other, **how):
    a, b = sorted(map(digest, base)), sorted(digest(f, **how) for f in other)
    only = [x for x in a if not any(near(x, y) for y in b)] + [y for y in b if not any(near(x, y) for x in a)]
    expect(what, not only, only[:4])


def main():
    w = world()
    s = Sets(sys.argv[1], sys.argv[2], w)
    s.make('base')
    base, texts = s.found('base'), s.texts('base')
    known = [l for l in w.labels if any(same_consumer(l, f) and overlaps(l, f) for f in base)]
    expect('most of what was put there is found', len(known) >= len(KINDS) - 1, [l['kind'] for l in w.labels if l not in known])
    expect('asked twice, the same bytes', texts == s.texts('base'))

    s.make('order', chunks=2, r=random.Random(3), days={iso_day(d) for d in range(-1, 40, 2)})
    s.make('order', chunks=2, r=random.Random(3), days={iso_day(d) for d in range(0, 40, 2)})
    expect('days in two runs, files split, lines shuffled: the same bytes', texts == s.texts('order'))

    s.make('late', days={iso_day(d) for d in range(-1, 25)})
    before = s.text('late', 24)
    s.make('late')
    after = s.text('late', 24)
    expect('a day asked again a week later: the same bytes', before == after == s.text('base', 24) and json.loads(before)['findings'], before[:200])

    for d in (21, 22):
        shutil.copy(f'{s.folder}/base/logs/events-{iso_day(d)}-0.jsonl', f'{s.folder}/base/logs/events-{iso_day(d)}-9.jsonl')
    s.run('base', 'ingest')
    same('a file ingested twice', base, s.found('base'))

    s.make('prices', prices={m: (3 * a, 3 * b) for m, (a, b) in generate.MODELS.items()})
    same('prices times three: dollars times three', base, s.found('prices'), k=3)

    names = {p['name']: f'zz-{i * 37 % 100:02}-renamed' for i, p in enumerate(w.people)}
    s.make('names', [dict(c, consumer=names[c['consumer']]) for c in w.calls], people=[(names[p['name']], p['kind'], p['zone']) for p in w.people])
    same('consumers renamed', base, s.found('names'), names={v: k for k, v in names.items()})

    s.make('weeks', [dict(c, ts=c['ts'] - 364 * 86400) for c in w.calls])
    same('52 weeks earlier', base, s.found('weeks', -364), shift=-364)

    other = copy.copy(w.people[0])
    other.update(name='aaa-other', ips=['10.99.99.99'])
    mark = len(w.calls)
    for day in range(generate.DAYS):
        w.normal_day(other, day)
    extra = [dict(c, id=f'x{i}') for i, c in enumerate(w.calls[mark:])]
    del w.calls[mark:]
    people = [(p['name'], p['kind'], p['zone']) for p in w.people] + [('silent', 'human', 'UTC')]
    s.make('other', w.calls + extra, people=people + [('aaa-other', 'human', other['zone'])])
    same('an unrelated consumer and a silent one more', [f for f in base if f['consumer']], [f for f in s.found('other') if f['consumer'] not in (None, 'aaa-other')])

    inserted = [l for l in known if l['kind'] not in ('context_bloat', 'model_mix')]
    s.make('without', [c for c in w.calls if not c['added']])
    left = s.found('without')
    still = [l['kind'] for l in inserted if any(same_consumer(l, f) and overlaps(l, f) and FAMILY[f['kind']] == FAMILY[l['kind']] for f in left)]
    expect('labelled calls deleted: their incidents vanish', not still and len(left) < len(base), still)
    print(f'{len(base)} findings' + (f'; failed: {len(failed)}' if failed else ''))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
