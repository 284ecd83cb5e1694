#!/usr/bin/env python3
"""Every kind of anomaly that the contract names: a log composed for it, read by the program, must give a finding of that kind, shaped
as the contract says. Usage: kinds.py TOLLBOOK [KIND ...] [--keep]

Twenty quiet days of a few teams, then a day on which one thing happens. Each case adds that thing (or a table) and says what the
finding must tell. Beside the finding itself: the day before has none of that kind, a rerun prints the same bytes, and a finding that
goes on keeps its id.
"""
import datetime as dt
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

UTC = dt.timezone.utc
FIRST = dt.datetime(2026, 10, 12, tzinfo=UTC)  # a Monday
DAYS = 24
DAY = FIRST + dt.timedelta(days=22)  # a Tuesday
TEAMS = ['ash', 'birch', 'cedar', 'dogwood', 'elm']
KINDS = ('cost_rate budget predict spike sustained off_hours repeat_exact repeat_near repeat_template loop_growing bot_ua bot_regular bot_24h '
         'large_prompt context_bloat output_bloat model_mix hidden_recompute retry_storm outage tool_fail feature_dominates '
         'quota_exhausted unpriced cache_candidate new_consumer').split()
KEYS = 'id kind also severity consumer dimension value start end score observed expected cost evidence action'.split()
WORDS = ('north south east west invoice order letter ticket parcel garden kettle harbour meadow copper velvet timber lantern saddle basket '
         'window ladder pepper cotton marble ribbon silver thunder walnut yellow zephyr orchard pebble').split()


def at(day, hour, minute=0, second=0.0):
    return day + dt.timedelta(hours=hour, minutes=minute, seconds=second)


class World:
    """Events of a case; quiet days first, by a fixed seed: the same in every run."""

    def __init__(self):
        self.random = random.Random(7)
        self.events = []
        self.tools = []
        self.tables = {'accounts.csv': 'consumer,team,tier,kind,time_zone\n*,all,open,human,Europe/Berlin\n'}
        for d in range(DAYS):
            day = FIRST + dt.timedelta(days=d)
            for team in TEAMS:
                self.quiet_day(team, day)

    def quiet_day(self, team, day):
        weekend = day.weekday() >= 5
        for hour in range(7, 17):
            for _ in range(3 if weekend else 12):
                self.call(at(day, hour, self.random.randrange(60), self.random.random() * 59), team, output_tokens=200 + self.random.randrange(100))

    def call(self, ts, consumer, **fields):
        event = {'id': f'e{len(self.events)}', 'ts': ts.strftime('%Y-%m-%dT%H:%M:%S.%fZ'), 'consumer': consumer, 'provider': 'p',
                 'model': 'small', 'feature': 'chat' if self.random.random() < .7 else 'search', 'trigger': 'user',
                 'input_tokens': 400 + self.random.randrange(200), 'output_tokens': 100, 'status': 200,
                 'client_ip': f'10.0.0.{1 + hash_of(consumer)}', 'user_agent': 'python-requests/2.31'}
        if 'prompt' not in fields:
            event['prompt'] = ' '.join(self.random.sample(WORDS, 14))
        event.update(fields)
        self.events.append({k: v for k, v in event.items() if v is not None})

    def many(self, n, start, seconds, consumer, **fields):
        for i in range(n):
            given = {k: v(i) if callable(v) else v for k, v in fields.items()}
            self.call(start + dt.timedelta(seconds=i * seconds), consumer, **given)

    def scatter(self, n, start, hours, consumer, **fields):
        for _ in range(n):  # as people do, at no even gaps
            self.call(start + dt.timedelta(hours=hours * self.random.random()), consumer, **fields)

    def write(self, folder, paths='logs/events-*.jsonl'):
        os.makedirs(folder + '/logs')
        days = {}
        for e in self.events:
            days.setdefault(e['ts'][:10], []).append(e)
        for day, events in days.items():
            with open(f'{folder}/logs/events-{day}.jsonl', 'w') as f:
                f.writelines(json.dumps(e) + '\n' for e in sorted(events, key=lambda e: e['ts']))
        sources = [{'name': 'gateway', 'format': 'tollbook_event', 'paths': [paths]}]
        if self.tools:
            with open(folder + '/logs/tools.jsonl', 'w') as f:
                f.writelines(json.dumps(t) + '\n' for t in self.tools)
            sources.append({'name': 'tools', 'format': 'tool_calls', 'paths': ['logs/tools.jsonl']})
        tables = {'prices.csv': 'provider,model,meter,price,per,currency\n,small,input,3,1000000,USD\n,small,output,15,1000000,USD\n'
                                ',large,input,30,1000000,USD\n,large,output,150,1000000,USD\n'}
        tables.update(self.tables)
        for name, text in tables.items():
            with open(f'{folder}/{name}', 'w') as f:
                f.write(text)
        settings = {'time_zone': 'UTC', 'sources': sources, 'output': 'out', 'min_excess': 0}
        settings.update({name[:-4]: name for name in tables if name.endswith('.csv')})
        if 'rules.json' in tables:
            settings['rules'] = 'rules.json'
        with open(folder + '/tollbook.jsonc', 'w') as f:
            json.dump(settings, f)


def hash_of(text):
    return sum(text.encode()) % 200


PROMPT = 'please read the following customer letter and answer politely in two short sentences about parcel'
BUDGETS = 'name,dimension,match,period,amount,hour_warning,hour_critical,hour_emergency\n'

# --- the cases: each adds to a world what its kind is about, and returns what the finding must say ------------------------------------


def cost_rate(w):
    w.many(120, at(DAY, 9), 60, 'ash', input_tokens=200000)  # $0.60 a minute: $36 an hour
    w.tables['budgets.csv'] = BUDGETS + 'everything,,,month,100000,5,20,100\n'
    return {'severity': 'critical', 'expected': 20, 'words': ['budget "everything"', 'driver: ash']}


def cost_rate_by_rules(w):
    w.many(120, at(DAY, 9), 60, 'ash', input_tokens=60000)  # $0.18 a minute: $10.80 an hour
    return {'severity': 'warning', 'expected': 5, 'words': ['all consumers', '$5.00 an hour', 'driver: ash']}


def budget(w):
    w.many(4, at(DAY, 10), 60, 'birch', input_tokens=1000000)
    w.tables['budgets.csv'] = BUDGETS + 'birch,consumer,birch,day,13.5,,,\n'
    return {'severity': 'critical', 'consumer': 'birch', 'dimension': 'consumer', 'value': 'birch', 'words': ['$13.50', '% since', 'birch']}


def predict(w):
    w.many(10, at(DAY, 7), 300, 'ash', input_tokens=200000)
    w.many(10, at(DAY, 15), 300, 'ash', input_tokens=200000)
    w.tables['budgets.csv'] = BUDGETS + 'all,,,day,12,,,\n'
    return {'severity': 'warning', 'expected': 12, 'words': ['heading for', '$12.00', 'driver: ash']}


def predict_month(w):
    w.many(10, at(DAY, 7), 300, 'ash', input_tokens=300000)
    w.tables['budgets.csv'] = BUDGETS + 'all,,,month,85,,,\n'
    return {'severity': 'warning', 'expected': 85, 'words': ['of a month', 'heading for']}


def spike(w):
    w.scatter(240, at(DAY, 9), 4, 'cedar')
    return {'consumer': 'cedar', 'words': ['cedar', 'Berlin', 'usual', '$']}


def sustained(w):
    for d in range(3):
        w.scatter(90, at(DAY - dt.timedelta(days=d), 7), 10, 'cedar')
    return {'consumer': 'cedar', 'words': ['cedar', 'Berlin', 'usual', '$'], 'before': False}


def off_hours(w):
    w.scatter(120, at(DAY, 1), 3, 'dogwood')
    return {'consumer': 'dogwood', 'words': ['dogwood', 'Berlin', '$']}


def repeat_exact(w):
    w.many(40, at(DAY, 10), 20.5, 'elm', prompt=PROMPT)
    return {'consumer': 'elm', 'words': ['elm', '40 requests', 'same text', '$']}


def repeat_template(w):
    w.many(40, at(DAY, 10), 20.5, 'elm', prompt=lambda i: f'{PROMPT} number {1000 + 37 * i}')
    return {'consumer': 'elm', 'words': ['elm', '40 requests', 'but for numbers', '$']}


def repeat_near(w):
    w.many(40, at(DAY, 10), 20.5, 'elm', prompt=lambda i: f'{PROMPT} {WORDS[i % len(WORDS)]}')
    return {'consumer': 'elm', 'words': ['elm', '40 requests', 'nearly the same text', '$']}


def loop_growing(w):
    w.many(40, at(DAY, 10), 20.5, 'elm', prompt=lambda i: f'{PROMPT} number {1000 + 37 * i}', input_tokens=lambda i: 1000 + 300 * i)
    return {'consumer': 'elm', 'words': ['elm', 'input grew from 1000 to 12700 tokens', '$']}


def bot_ua(w):
    w.many(15, at(DAY, 10), 100, 'ash', user_agent='DataHarvestBot/1.2 (+http://x.test)')
    return {'consumer': 'ash', 'words': ['ash', '15 requests', 'DataHarvestBot/1.2', '$']}


def bot_regular(w):
    w.many(200, at(DAY, 8), 60, 'birch', client_ip='10.9.9.9')
    return {'consumer': 'birch', 'words': ['birch', 'gaps', '60.0 s', '$']}


def bot_24h(w):
    for d in (1, 0):
        for hour in range(24):
            w.scatter(5, at(DAY - dt.timedelta(days=d), hour), 1, 'birch', client_ip='10.9.9.9')
    return {'consumer': 'birch', 'words': ['birch', '$'], 'before': False}


def large_prompt(w):
    w.many(4, at(DAY, 11), 200, 'cedar', input_tokens=40000, feature='chat')
    return {'consumer': 'cedar', 'dimension': 'feature', 'value': 'chat', 'words': ['cedar', '4 prompts', '40000', '$']}


def rewrite(w, consumer, change):
    for e in w.events:
        if e['consumer'] == consumer and e['ts'][:10] == DAY.strftime('%Y-%m-%d'):
            change(e)


def context_bloat(w):
    rewrite(w, 'dogwood', lambda e: e.update(input_tokens=e['input_tokens'] * 3))
    return {'consumer': 'dogwood', 'words': ['dogwood', 'prompts of', 'usual', '$']}


def output_bloat(w):
    rewrite(w, 'dogwood', lambda e: e.update(output_tokens=e['output_tokens'] * 3))
    return {'consumer': 'dogwood', 'words': ['dogwood', 'answers of', 'usual', '$']}


def model_mix(w):
    dice = random.Random(5)
    rewrite(w, 'elm', lambda e: e.update(model='large') if dice.random() < .6 else None)
    return {'consumer': 'elm', 'dimension': 'model', 'value': 'large', 'words': ['elm', 'large', 'usual', '$']}


def hidden_recompute(w):
    dice = random.Random(5)
    rewrite(w, 'elm', lambda e: e.update(trigger='auto_save') if dice.random() < .4 else None)
    return {'consumer': 'elm', 'words': ['elm', 'undo, retry or auto-save', 'usual', '$']}


def retry_storm(w):
    w.many(60, at(DAY, 13), 20, 'ash', status=429, input_tokens=None, output_tokens=None)
    return {'consumer': 'ash', 'words': ['ash', '60 of', 'failed']}


def outage(w):
    for team in TEAMS:
        w.many(8, at(DAY, 13, 1), 60, team, status=503, input_tokens=None, output_tokens=None)
    return {'consumer': None, 'dimension': 'model', 'value': 'small', 'words': ['small', 'failed']}


def tool_fail(w):
    dice = random.Random(5)
    for d in range(DAYS):
        day = FIRST + dt.timedelta(days=d)
        for i in range(60):
            bad = dice.random() < (.5 if day == DAY else .05)
            w.tools.append({'created_at': at(day, 8, i * 5).strftime('%Y-%m-%dT%H:%M:%SZ'), 'tool_name': 'search_web', 'success': not bad,
                            'retries': 3 if bad else 0, 'latency_ms': 100})
    return {'consumer': None, 'words': ['search_web', 'of 60 calls', 'usual']}


def feature_dominates(w):
    for team in TEAMS:
        for hour in range(7, 17):
            w.many(4, at(DAY, hour), 700, team, feature='search', input_tokens=10000)
    return {'consumer': None, 'severity': 'info', 'dimension': 'feature', 'value': 'search', 'words': ['search', 'of the rise', 'usual', '$']}


def quota_exhausted(w):
    w.tables['accounts.csv'] += 'birch,all,basic,human,Europe/Berlin\n'
    w.tables['quotas.csv'] = 'tier,measure,limit,window\nbasic,tokens,200000,day\nopen,tokens,,day\n'
    w.many(6, at(DAY, 12), 60, 'birch', input_tokens=40000)
    return {'consumer': 'birch', 'severity': 'warning', 'expected': 200000, 'words': ['birch', 'Berlin', '200000 tokens', 'let through']}


def unpriced(w):
    w.many(5, at(DAY, 12), 60, 'birch', model='brand-new')
    return {'consumer': None, 'dimension': 'model', 'value': 'brand-new', 'words': ['brand-new', '5 requests', 'no price']}


def cache_candidate(w):
    for d in range(8, DAYS):
        w.many(22, at(FIRST + dt.timedelta(days=d), 10), 20.5, 'elm', prompt='what is the weather like today in the harbour town')
    return {'consumer': 'elm', 'severity': 'info', 'words': ['elm', 'the same came on'], 'before': False}


def new_consumer(w):
    w.many(5, at(DAY, 12), 60, 'fir')
    return {'consumer': 'fir', 'severity': 'info', 'words': ['new consumer fir', '5 requests', '$']}


CASES = [(k, globals()[k]) for k in KINDS] + [('cost_rate', cost_rate_by_rules), ('predict', predict_month)]

# --- what any finding must be ---------------------------------------------------------------------------------------------------------


class Failed(Exception):
    pass


def must(good, words):
    if not good:
        raise Failed(words)


def instant(text):
    must(isinstance(text, str) and text.endswith('Z'), f'not an instant: {text!r}')
    return dt.datetime.fromisoformat(text.replace('Z', '+00:00'))


def check_shape(report, day):
    order = []
    for f in report['findings']:
        missing = [k for k in KEYS if k not in f]
        must(not missing, f'keys missing: {missing}')
        must(re.fullmatch('[0-9a-f]{16}', f['id']) is not None, f'id {f["id"]!r}')
        must(f['kind'] in KINDS and all(k in KINDS and k != f['kind'] for k in f['also']), f'kinds {f["kind"]} {f["also"]}')
        must(f['severity'] in ('info', 'warning', 'critical', 'emergency'), f['severity'])
        must((f['dimension'] is None) == (f['value'] is None) or f['dimension'] is not None, 'a value without a dimension')
        must(instant(f['start']) < instant(f['end']), f'{f["kind"]}: {f["start"]} is not before {f["end"]}')
        must(instant(f['end']) > day and instant(f['start']) < day + dt.timedelta(days=1), f'{f["kind"]}: not of the day')
        for k in ('score', 'observed'):
            must(isinstance(f[k], (int, float)), f'{k} {f[k]!r}')
        must(f['expected'] is None or isinstance(f['expected'], (int, float)), 'expected')
        must(isinstance(f['cost'], str) and re.fullmatch(r'-?\d+(\.\d*[1-9])?', f['cost']) is not None, f'cost {f["cost"]!r}')
        for k in ('evidence', 'action'):
            must(isinstance(f[k], str) and f[k] and '\n' not in f[k] and not f[k].endswith('.'), f'{k} {f[k]!r}')
        must(f['consumer'] is None or not f['consumer'].isalnum() or f['consumer'] in f['evidence'], f'evidence without its consumer: {f["evidence"]}')
        must(re.search(r'\(\d{4}-\d\d-\d\dT[0-9:]+Z/\d{4}-\d\d-\d\dT[0-9:]+Z\)', f['evidence']) is not None, f'no UTC window: {f["evidence"]}')
        must(len({x['id'] for x in report['findings']}) == len(report['findings']), 'an id twice')
        order.append((f['start'], f['kind']))
    must([o[0] for o in order] == sorted(o[0] for o in order), 'not in order of start')


class Case:
    def __init__(self, tollbook, folder):
        self.command = [tollbook, '--quiet', '--config', folder + '/tollbook.jsonc']

    def run(self, *args):
        done = subprocess.run(self.command + list(args), capture_output=True, text=True,
                              env={**os.environ, 'TOLLBOOK_NOW': '2026-12-01T00:00:00Z'})
        must(done.returncode in (0, 3), f'{args}: exit {done.returncode}: {done.stderr}')
        return done.stdout

    def findings(self, day):
        out = self.run('report', 'anomalies', '--date', day.strftime('%Y-%m-%d'), '--format', 'json')
        report = json.loads(out)
        check_shape(report, day)
        return out, report['findings']


def check(kind, make, tollbook, folder):
    world = World()
    want = make(world)
    world.write(folder)
    case = Case(tollbook, folder)
    case.run('ingest')
    text, found = case.findings(DAY)
    of_kind = [f for f in found if f['kind'] == kind]
    must(of_kind, f'none found; only {[(f["kind"], f["also"], f["evidence"]) for f in found]}')
    fits = [f for f in of_kind if all(f[k] == want[k] for k in ('consumer', 'severity', 'dimension', 'value', 'expected') if k in want)]
    must(fits, f'none that fits {want}: {json.dumps(of_kind, indent=1)}')
    for words in want['words']:
        must(any(words in f['evidence'] for f in fits), f'{words!r} is not in {[f["evidence"] for f in fits]}')
    if want.get('before', True):
        before = [f for f in case.findings(DAY - dt.timedelta(days=1))[1] if f['kind'] == kind and f['consumer'] == fits[0]['consumer']]
        must(not before, f'the day before has it, too: {before}')
    case.findings(DAY + dt.timedelta(days=1))
    must(case.findings(DAY)[0] == text, 'a rerun prints other bytes')
    return fits[0]


def main():
    keep = '--keep' in sys.argv
    args = [a for a in sys.argv[1:] if not a.startswith('--')]
    tollbook, wanted = os.path.abspath(args[0]), args[1:]
    bad = 0
    for kind, make in CASES:
        if wanted and kind not in wanted and make.__name__ not in wanted:
            continue
        folder = tempfile.mkdtemp(prefix=f'tollbook-{make.__name__}-')
        try:
            f = check(kind, make, tollbook, folder)
            if keep:
                print(f'ok   {make.__name__}: {f["severity"]}, {f["evidence"]}')
        except Failed as e:
            bad += 1
            print(f'BAD  {make.__name__}: {e}')
        if not keep:
            shutil.rmtree(folder)
        elif bad:
            print('     ' + folder)
    print(f'kinds: {len(KINDS)} kinds, {bad} bad')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
