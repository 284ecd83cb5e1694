#!/usr/bin/env python3
"""Anomalies over time: an incident keeps its id while it goes on, is taken as the new normal after seven days, and is the same in every
rerun; signatures of prompts go after signature_days and what was found by them stays; packs tell what reports tell.
Usage: incidents.py TOLLBOOK
"""
import csv
import hashlib
import io
import json
import os
import shutil
import sqlite3
import sys
import tempfile

import kinds
from kinds import DAY, FIRST, PROMPT, BUDGETS, Case, Failed, World, at, dt, must

LONG = 40


def pick(found, kind, consumer):
    return [f for f in found if f['kind'] == kind and f['consumer'] == consumer]


def a_level_that_stays(tollbook, folder):
    """cedar doubles its requests from a Monday on, for good."""
    w = World()
    for d in range(kinds.DAYS, LONG):
        for team in kinds.TEAMS:
            w.quiet_day(team, FIRST + dt.timedelta(days=d))
    start = FIRST + dt.timedelta(days=21)
    for d in range(21, LONG):
        day = FIRST + dt.timedelta(days=d)
        if day.weekday() < 5:
            w.scatter(110, at(day, 7), 10, 'cedar')
    w.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    told = {}
    for d in range(21, LONG):
        found = [f for k in ('sustained', 'spike') for f in pick(case.findings(FIRST + dt.timedelta(days=d))[1], k, 'cedar')]
        must(len(found) <= 1, f'day {d}: more than one row of one incident: {[f["evidence"] for f in found]}')
        if found:
            told[d] = found[0]
    must(told, 'nothing was told at all')
    must(len({f['id'] for f in told.values()}) == 1, f'ids of one incident: {[(d, f["id"], f["evidence"]) for d, f in told.items()]}')
    first, last = min(told), max(told)
    must(first <= 23, f'first told on day {first}')
    must(last - first <= 8, f'told until day {last}, {last - first} days after the first: the level is normal by then')
    must('new normal' in told[last]['evidence'], f'the last row does not say that this is the new normal: {told[last]["evidence"]}')
    must(all('new normal' not in f['evidence'] for d, f in told.items() if d - first < 6), 'new normal too early')
    must(all(told[d]['days'] == d - first + 1 for d in told), f'days open: {[(d, f["days"]) for d, f in told.items()]}')
    must(dt.datetime.fromisoformat(told[first]['start'].replace('Z', '+00:00')) >= start - dt.timedelta(hours=3), 'it began before it began')
    shutil.copytree(folder + '/logs', folder + '/twin/logs')
    for name in os.listdir(folder):  # another folder that only ever sees one day of it
        if name.endswith(('.csv', '.jsonc')) or name == 'tollbook.db.key':
            shutil.copy(f'{folder}/{name}', folder + '/twin')
    twin = Case(tollbook, folder + '/twin')
    twin.run('ingest')
    day = FIRST + dt.timedelta(days=last)
    must(twin.findings(day)[0] == case.findings(day)[0], 'a report of the last day alone says something else')


def two_are_not_one(tollbook, folder):
    """dogwood's prompts are three times as long on two days, and again a week later; between them all is as usual. What is told of their
    cost is what the longer prompts cost, not their answers."""
    w = World()
    days, extra = [d for d in (15, 16, 22, 23)], 0
    for e in w.events:
        if e['consumer'] == 'dogwood' and e['ts'][:10] in [(FIRST + dt.timedelta(days=d)).strftime('%Y-%m-%d') for d in days]:
            extra += 2 * e['input_tokens'] * 3e-6
            e['input_tokens'] *= 3
    w.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    rows = [pick(case.findings(FIRST + dt.timedelta(days=d))[1], 'context_bloat', 'dogwood') for d in days]
    must(all(rows), f'not told on each day: {rows}')
    ids = [r[0]['id'] for r in rows]
    must(ids[0] == ids[1] != ids[2] == ids[3], f'ids of two incidents of two days each: {ids}')
    cost = sum(float(rows[i][0]['cost']) for i in (1, 3))
    must(.9 < cost / extra < 1.1, f'they cost {extra} more, told is {cost}')


def large_prompts_again(tollbook, folder):
    """A first burst of large prompts does not make a second one usual; many do."""
    w = World()
    days = [10, 14, 16, 18, 21, 22, 23]
    for d in days:
        w.scatter(12, at(FIRST + dt.timedelta(days=d), 11), 2, 'cedar', input_tokens=40000, feature='chat')
    w.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    told = [bool(pick(case.findings(FIRST + dt.timedelta(days=d))[1], 'large_prompt', 'cedar')) for d in days]
    must(all(told[:3]), f'a later burst is taken as usual: {told}')
    must(not told[-1], 'what comes every other day is not usual')


def large_prompts_of_two_features(tollbook, folder):
    """Each has a limit of its own: what is large for a chat is none where long texts are searched. The SQL of `explain` counts the same."""
    w = World()
    for e in w.events:
        if e['consumer'] == 'cedar' and e['feature'] == 'search':
            e['input_tokens'] += 6000
    w.scatter(4, at(DAY, 11), 2, 'cedar', input_tokens=9000, feature='chat')
    w.scatter(3, at(DAY, 11), 2, 'cedar', input_tokens=40000, feature='search')
    w.scatter(5, at(DAY, 11, 30), 1, 'cedar', input_tokens=10000, feature='search')
    w.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    found = pick(case.findings(DAY)[1], 'large_prompt', 'cedar')
    must(len(found) == 1 and found[0]['observed'] == 7, f'not seven in one row: {found}')
    told = json.loads(case.run('explain', found[0]['id'], '--format', 'json'))
    must(told['proof']['says'] == 7 and len(told['events']) == 7, f'the SQL says {told["proof"]["says"]}, {len(told["events"])} calls are listed')
    must('7 prompts large for their features, of 8000 tokens or more' in found[0]['evidence'], found[0]['evidence'])


def limits_keep_their_ids(tollbook, folder):
    """A budget of a month that fills up, and a quota of a month that is used up and knocked at again."""
    w = World()
    for d in range(20, 24):
        w.many(4, at(FIRST + dt.timedelta(days=d), 12), 60, 'ash', input_tokens=1000000)
    w.tables['budgets.csv'] = BUDGETS + 'month,,,month,20,,,\n'
    w.tables['quotas.csv'] = 'tier,measure,limit,window\nopen,tokens,1500000,month\n'
    w.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    days = [FIRST + dt.timedelta(days=d) for d in range(20, 24)]
    for kind, consumer in (('budget', None), ('quota_exhausted', 'ash')):
        rows = [pick(case.findings(d)[1], kind, consumer) for d in days]
        rows = [r[0] for r in rows if r]
        must(len(rows) >= 2 and len({r['id'] for r in rows}) == 1, f'{kind}: {[(r["id"], r["evidence"]) for r in rows]}')
        must([r['days'] for r in rows] == sorted({r['days'] for r in rows}), f'{kind}: days {[r["days"] for r in rows]}')
    out = case.run('report', 'anomalies', '--from', days[0].strftime('%Y-%m-%d'), '--to', days[-1].strftime('%Y-%m-%d'), '--format', 'json')
    ids = [f['id'] for f in json.loads(out)['findings']]
    must(len(ids) == len(set(ids)), 'a range of days tells an incident twice')


def signatures(folder):
    with sqlite3.connect(folder + '/tollbook.db') as db:
        rows = db.execute('SELECT s.utc_day, count(g.piece) FROM segment s LEFT JOIN segment_group g ON g.piece / 4096 = s.segment '
                          'AND g.piece % 4096 / 128 = 10 GROUP BY s.utc_day ORDER BY s.utc_day').fetchall()
    return [n > 0 for _, n in rows]


def signatures_go(tollbook, folder):
    w = World()
    old = FIRST + dt.timedelta(days=10)
    w.many(40, at(old, 10), 20.5, 'elm', prompt=lambda i: f'{PROMPT} {kinds.WORDS[i % len(kinds.WORDS)]}')
    w.many(30, at(old, 14), 20.5, 'ash', prompt=PROMPT + ' and thank them kindly')
    w.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    must(all(signatures(folder)), 'events are stored without signatures')
    before = case.findings(old)[0]
    must(pick(json.loads(before)['findings'], 'repeat_near', 'elm'), f'the near run is not found: {before}')
    case.run('run', '--date', DAY.strftime('%Y-%m-%d'))
    must(signatures(folder) == [False] * (kinds.DAYS - 3) + [True] * 3, f'signatures of the days: {signatures(folder)}')
    must(case.findings(old)[0] == before, 'what was found by signatures went with them')
    with open(folder + '/prices.csv', 'a') as f:
        f.write(',other,input,1,1000000,USD\n')  # the day is looked at anew
    found = case.findings(old)[1]
    must(not pick(found, 'repeat_near', 'elm'), 'a near run without signatures?')
    exact = pick(found, 'repeat_exact', 'ash')
    must(exact and 'no signature was kept' in exact[0]['evidence'], f'the day does not say that it has no signatures: {exact}')


def packs_tell_them(tollbook, folder):
    w = World()
    for make in (kinds.spike, kinds.off_hours, kinds.repeat_exact, kinds.model_mix, kinds.unpriced):
        make(w)
    hostile = 'a\u2028b: [\u0085- x\u202e"\n# y'
    w.scatter(30, at(DAY, 9), 1, hostile, prompt=PROMPT)
    w.write(folder, 'logs/events-{date}.jsonl')  # the first run knows three days, the second all
    case = Case(tollbook, folder)
    case.run('run', '--date', DAY.strftime('%Y-%m-%d'))
    case.run('run', '--from', FIRST.strftime('%Y-%m-%d'), '--to', DAY.strftime('%Y-%m-%d'))
    day = DAY.strftime('%Y-%m-%d')
    pack = f'{folder}/out/{day}'
    text, found = case.findings(DAY)
    with open(f'{pack}/pack-{day}.json') as f:
        must(json.load(f)['anomalies']['findings'] == found, 'the pack\'s JSON says something else')
    with open(f'{pack}/anomalies-{day}.csv', encoding='utf-8') as f:
        rows = list(csv.DictReader(io.StringIO(f.read())))
    must([r['id'] for r in rows] == [f['id'] for f in found] and [r['kind'] for r in rows] == [f['kind'] for f in found], 'the CSV differs')
    must(case.run('report', 'anomalies', '--date', day, '--format', 'csv').splitlines()[0] == ','.join(rows[0]), 'headers differ')
    with open(pack + '/SHA256SUMS') as f:
        sums = dict(reversed(line.split()) for line in f)
    for name, digest in sums.items():
        with open(f'{pack}/{name}', 'rb') as f:
            must(hashlib.sha256(f.read()).hexdigest() == digest, f'{name} is not as SHA256SUMS says')
    must({f'anomalies-{day}.csv', f'actions-{day}.yaml'} <= set(sums), f'SHA256SUMS has {sorted(sums)}')
    check_actions(f'{pack}/actions-{day}.yaml', found)
    superseded = f'{pack}/superseded/r1/anomalies-{day}.csv'
    must(os.path.exists(superseded), 'the first revision\'s anomalies are not in superseded/r1')


def check_actions(path, found):
    """A small reader of our own: what a line says is told by its indent; comments begin with #."""
    flagged = {f['consumer'] for f in found if f['consumer'] is not None and f['severity'] != 'info' and f['listed'] and f['kind'] != 'quota_exhausted'}
    names, plugins = [], {}
    with open(path, encoding='utf-8', newline='') as f:
        text = f.read()
    must(not any(c in text for c in '\u2028\u2029\u0085\u202e\r'), 'a character that ends a line for a YAML reader')
    for line in text.split('\n'):
        if line.lstrip().startswith('#') or not line:
            continue
        if line.startswith('  - username: '):
            names.append(json.loads(line[len('  - username: '):]))
            plugins[names[-1]] = []
        elif line.startswith('      - name: '):
            plugins[names[-1]].append(line[len('      - name: '):])
        else:
            must(line.lstrip().split(' ')[0].rstrip(':') in (
                '_format_version', 'consumers', 'plugins', 'config', 'second', 'hour', 'policy', 'replace', 'body', '-', '[]', 'limit_by',
                'header_name', 'day'), f'a line of what? {line!r}')
    must(names == sorted(set(names), key=lambda n: n.encode()) and set(names) == flagged, f'consumers {names}, flagged {flagged}')
    must(all(len(p) == len(set(p)) for p in plugins.values()), f'a plugin twice: {plugins}')
    must('rate-limiting' in plugins['cedar'], f'the spike is not limited: {plugins}')
    for f in found:
        if f['consumer'] in flagged and f['listed'] and f['severity'] != 'info':
            must(f['id'] in text and f['cost'] in text, f'{f["kind"]}: neither its id nor its money')


CASES = [a_level_that_stays, two_are_not_one, large_prompts_again, large_prompts_of_two_features, limits_keep_their_ids, signatures_go, packs_tell_them]


def main():
    tollbook, bad = os.path.abspath(sys.argv[1]), 0
    for case in CASES:
        if sys.argv[2:] and case.__name__ not in sys.argv[2:]:
            continue
        folder = tempfile.mkdtemp(prefix='tollbook-incidents-')
        try:
            case(tollbook, folder)
        except Failed as e:
            bad += 1
            print(f'BAD  {case.__name__}: {e}')
        shutil.rmtree(folder)
    print(f'incidents: {len(CASES)} cases, {bad} bad')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
