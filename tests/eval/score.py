#!/usr/bin/env python3
"""Scores `report anomalies --format json` against labels.json. Usage: score.py TOLLBOOK SET-FOLDER [--verbose]

A set has logs/, tollbook.jsonc, CSV tables and labels.json; ingest it first. Each judged day (those that labels can be on) is asked
for by itself, and findings are merged by id, as somebody who reads the list every morning would. Matching: the same consumer, a kind
of a compatible family, overlap within an hour. What overlaps a label of another kind counts neither way.
"""
import datetime as dt
import json
import subprocess
import sys

FAMILY = {}
for family, kinds in {
        'repeat': 'repeat_exact repeat_near repeat_template loop_growing',
        'bot': 'bot_ua bot_regular bot_24h',
        'volume': 'spike sustained off_hours',
        'ratio': 'context_bloat output_bloat model_mix hidden_recompute',
        'large': 'large_prompt',
        'retry/outage': 'retry_storm outage'}.items():
    for kind in kinds.split():
        FAMILY[kind] = family
# a program that sends the same prompt at even gaps is rightly told as either; a model mix also changes sizes
COMPATIBLE = {('context_bloat', 'model_mix'): False, ('model_mix', 'context_bloat'): False}


def instant(text):
    return dt.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def compatible(label, finding):
    if label == finding:
        return True
    if FAMILY[label] == 'ratio':
        return False
    if {FAMILY[label], FAMILY.get(finding)} == {'repeat', 'bot'}:
        return True
    return FAMILY[label] == FAMILY.get(finding)


def findings(tollbook, folder, days):
    found = {}
    for day in days:
        out = subprocess.run([tollbook, '--quiet', '--config', folder + '/tollbook.jsonc', 'report', 'anomalies', '--date', day, '--format', 'json'],
                             capture_output=True, text=True)
        if out.returncode not in (0, 3, 5):
            sys.exit(f'{day}: {out.stderr}')
        for f in json.loads(out.stdout)['findings']:
            found[f['id']] = f
    return list(found.values())


def overlaps(a, b):
    return instant(a['start']) <= instant(b['end']) + 3600 and instant(b['start']) <= instant(a['end']) + 3600


def same_consumer(label, finding):
    return finding['consumer'] is None if label['consumer'] == '*' else label['consumer'] == finding['consumer']


def score(labels, found, verbose):
    judged = [f for f in found if f['kind'] in FAMILY]
    waste = {}
    hit, false = {}, []
    for f in judged:
        near = [l for l in labels if same_consumer(l, f) and overlaps(l, f)]
        good = [l for l in near if any(compatible(l['kind'], k) for k in [f['kind']] + f['also'])]
        too_long = [l for l in good if instant(f['end']) - instant(f['start']) > instant(l['end']) - instant(l['start']) + 72 * 3600]
        if good and len(too_long) < len(good):
            for l in good:
                if l not in too_long:
                    hit.setdefault(l['id'], []).append(f)
        elif not near or too_long:
            false.append(f)
    rows = {}
    for l in labels:
        r = rows.setdefault(FAMILY[l['kind']], [0, 0, 0])
        r[0 if l['id'] in hit else 1] += 1
        if l['id'] in hit:
            best = max(hit[l['id']], key=lambda f: (f['kind'] == l['kind'], float(f['cost'])))
            if l['excess_cost'] > 0:
                waste.setdefault(l['kind'], []).append(float(best['cost']) / l['excess_cost'])
        if verbose:
            got = ', '.join(f"{f['kind']} {f['start'][5:16]}..{f['end'][5:16]} ${float(f['cost']):.2f}" for f in hit.get(l['id'], []))
            print(('ok   ' if got else 'MISS ') + f"{l['kind']} {l['consumer']} {l['start'][5:16]}..{l['end'][5:16]} x{l['strength']:.2f} n={l['events']} ${l['excess_cost']:.2f}: {got}")
    for f in false:
        rows.setdefault(FAMILY[f['kind']], [0, 0, 0])[2] += 1
        if verbose:
            print('FALSE', f['kind'], f['consumer'], f['start'][5:16], f['end'][5:16], f['evidence'][:200])
    return rows, waste, len(judged)


def main():
    tollbook, folder = sys.argv[1], sys.argv[2]
    verbose = '--verbose' in sys.argv
    with open(folder + '/labels.json') as f:
        labels = json.load(f)
    first = min(instant(l['start']) for l in labels)
    last = max(instant(l['end']) for l in labels)
    try:
        with open(folder + '/judged.json') as f:
            days = json.load(f)
    except FileNotFoundError:
        day = dt.datetime.fromtimestamp(first, dt.timezone.utc).date()
        days = []
        while dt.datetime(day.year, day.month, day.day, tzinfo=dt.timezone.utc).timestamp() <= last:
            days.append(day.isoformat())
            day += dt.timedelta(days=1)
    rows, waste, incidents = score(labels, findings(tollbook, folder, days), verbose)
    total = [sum(r[i] for r in rows.values()) for i in range(3)]
    print(f'{"family":14}{"labels":>7}{"hit":>5}{"false":>6}{"P":>7}{"R":>7}{"F1":>7}')
    for name, (tp, fn, fp) in sorted(rows.items()) + [('pooled', total)]:
        p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
        print(f'{name:14}{tp + fn:7}{tp:5}{fp:6}{p:7.3f}{r:7.3f}{2 * p * r / max(p + r, 1e-9):7.3f}')
    print(f'incidents {incidents} for {len(labels)} true; false per 14 days {total[2] * 14 / len(days):.1f}')
    for kind, v in sorted(waste.items()):
        v.sort()
        print(f'waste {kind:18} median {v[len(v) // 2]:.2f}  ({", ".join(f"{x:.2f}" for x in v)})')


if __name__ == '__main__':
    main()
