#!/usr/bin/env python3
"""The detectors' absolute rules at exactly their limits: what lies on the limit is no finding (or of the lower severity), the least that
lies beyond it is one. And each limit moved by the config's "rules". Usage: borders.py TOLLBOOK [NAME ...]
"""
import json
import os
import random
import shutil
import sys
import tempfile

import kinds
from kinds import DAY, BUDGETS, Case, Failed, World, at, dt, must

TOKEN = 1000000  # of model "unit" cost a dollar
PRICES = 'provider,model,meter,price,per,currency\n,unit,input,1,1000000,USD\n,unit,output,1,1000000,USD\n'
HOURS = '2026-11-03T%02d:00:00Z'


def empty():
    w = World.__new__(World)
    w.random, w.events, w.tools = random.Random(1), [], []
    w.tables = {'accounts.csv': 'consumer,team,tier,kind\n*,all,open,human\n', 'prices.csv': PRICES}
    return w


def pay(w, ts, dollars, consumer='ash', extra=0, **fields):
    w.call(ts, consumer, model='unit', input_tokens=round(dollars * TOKEN) + extra, output_tokens=0, prompt=None, **fields)


def rates(limits):
    """Limits of an hour: strictly above; for 60 minutes, for 30, at once."""
    def case(calls, severity, extra=0):
        def make(w):
            for minute, second, dollars in calls:
                pay(w, at(DAY, 10, minute, second), dollars, extra=extra)
            if limits is None:
                return
            w.tables['budgets.csv'] = BUDGETS + 'all,,,month,100000,5,20,100\n' if limits else BUDGETS + 'ash,consumer,ash,month,100000,5,20,100\n'
        return make, 'cost_rate', severity
    return [
        case([(0, 0, 5)], None), case([(0, 0, 5)], 'warning', 1),
        case([(0, 0, 3), (0, 1, 2.5)], None), case([(0, 0, 3), (0, 0, 2.5)], 'warning'),
        case([(0, 0, 20)], 'warning'), case([(0, 0, 20)], 'critical', 1),
        case([(0, 0, 15), (30, 1, 10)], 'warning'), case([(0, 0, 15), (30, 0, 10)], 'critical'),
        case([(0, 0, 100)], 'critical'), case([(0, 0, 100)], 'emergency', 1),
        case([(0, 0, 60), (59, 59.999999, 60)], 'emergency'), case([(0, 0, 60), (60, 0, 60)], 'critical'),
    ]


def budget(spent, extra, severity):
    def make(w):
        pay(w, at(DAY, 10), spent, extra=extra)
        w.tables['budgets.csv'] = BUDGETS + 'daily,,,day,100,,,\n'
    return make, 'budget', severity


def predict(extra, severity):
    """$22.50 by 06:00, a quarter of the day: heading for exactly $90."""
    def make(w):
        pay(w, at(DAY, 5), 22.5, extra=extra)
        pay(w, at(DAY, 23), 70)
        w.tables['budgets.csv'] = BUDGETS + 'daily,,,day,100,,,\n'
    return make, 'predict', severity


def platform(cost, hours, severity):
    """Everybody's cost of some hours; $1 an hour is usual."""
    def make(w):
        for d in range(22, -1, -1):
            for team in kinds.TEAMS:
                for hour in range(7, 17):
                    usual = d > 0 or hour not in hours
                    pay(w, at(DAY - dt.timedelta(days=d), hour), .2 if usual else cost / 5, team)
    return make, 'sustained', severity


def hidden(n, by_hand, severity):
    def make(w):
        for d in [*range(12, 1, -1), 0]:  # nothing the day before: two days are looked at together, too
            for i in range(n if d == 0 else 100):
                trigger = 'undo' if d == 0 and i < by_hand else 'user'
                w.call(at(DAY - dt.timedelta(days=d), 8, i * 5), 'ash', trigger=trigger)
    return make, 'hidden_recompute', severity


def tools(n, failed, severity):
    def make(w):
        for d in range(10, -1, -1):
            for i in range(n if d == 0 else 60):
                w.tools.append({'created_at': at(DAY - dt.timedelta(days=d), 8, i).strftime('%Y-%m-%dT%H:%M:%SZ'), 'tool_name': 'web',
                                'success': not (d == 0 and i < failed), 'retries': 0})
        pay(w, at(DAY - dt.timedelta(days=10), 10), 1)
        pay(w, at(DAY, 10), 1)
    return make, 'tool_fail', severity


def feature(total, of_search, severity):
    """$30 a day by three features are usual; what search does not explain of the rise, the others share."""
    def make(w):
        for d in range(22, -1, -1):
            day = DAY - dt.timedelta(days=d)
            for hour, name in enumerate(('chat', 'mail', 'search')):
                rise = of_search if name == 'search' else (total - of_search) / 2
                pay(w, at(day, hour), 10 + (rise if d == 0 else 0), feature=name)
    return make, 'feature_dominates', severity


def quota(tokens, severity):
    def make(w):
        w.tables['quotas.csv'] = 'tier,measure,limit,window\nopen,tokens,5000,day\n'
        w.call(at(DAY, 10), 'ash', input_tokens=tokens, output_tokens=0)
    return make, 'quota_exhausted', severity


def runs(n, severity, rules=None):
    def make(w):
        w.many(n, at(DAY, 10), 20.5, 'elm', prompt=kinds.PROMPT)
        if rules is not None:
            w.tables['rules.json'] = json.dumps(rules)
    return make, 'repeat_exact', severity


def crawler(n, severity):
    def make(w):
        w.many(n, at(DAY, 10), 100, 'ash', user_agent='DataHarvestBot/1.2')
    return make, 'bot_ua', severity


def failures(n, severity):
    def make(w):
        w.scatter(n, at(DAY, 10), .5, 'ash', status=500, input_tokens=None, output_tokens=None)
        w.scatter(20, at(DAY, 10), .9, 'ash')
    return make, 'retry_storm', severity


def moved(case, rules, severity):
    """The same log with other rules."""
    make, kind, _ = case

    def make_with_rules(w):
        make(w)
        w.tables['rules.json'] = json.dumps(rules)
    return make_with_rules, kind, severity


CASES = {
    'rates_by_rules': rates(None),
    'rates_by_the_budget_of_all': rates(True),
    'budgets': [budget(50, 0, None), budget(50, 1, 'info'), budget(75, 0, 'info'), budget(75, 1, 'warning'), budget(90, 0, 'warning'),
                budget(90, 1, 'critical'), budget(100, -1, 'critical'), budget(100, 0, 'critical')],
    'predict': [predict(0, None), predict(1, 'warning')],
    'everybody_20_percent_for_two_hours': [platform(1.2, (10, 11), None), platform(1.2005, (10, 11), 'warning'), platform(1.5, (10,), None)],
    'hidden_recompute': [hidden(100, 8, None), hidden(100, 9, 'warning'), hidden(29, 12, None), hidden(30, 12, 'warning')],
    'tool_failures': [tools(29, 12, None), tools(30, 12, 'warning'), tools(60, 6, None), tools(60, 7, 'warning')],
    'feature_dominates': [feature(6, 2.99, None), feature(6, 3, 'info'), feature(5.99, 4, None)],
    'quota': [quota(4999, None), quota(5000, 'warning')],
    'runs': [runs(19, None), runs(20, 'warning'), runs(1000, 'warning'), runs(1001, 'critical')],
    'crawlers': [crawler(9, None), crawler(10, 'warning')],
    'failures': [failures(24, None), failures(25, 'warning')],
    'rules_moved': [runs(12, 'warning', {'repeat_requests': 12}), runs(12, None, {'repeat_requests': 13}),
                    moved(rates(None)[0], {'hour_warning': 4.99}, 'warning'), moved(rates(None)[5], {'hour_critical': 21}, 'warning'),
                    moved(rates(None)[2], {'warning_min': 59}, 'warning'), moved(budget(45, 0, None), {'budget_info': 0.4}, 'info'),
                    moved(predict(0, None), {'predict': 0.89}, 'warning'), moved(feature(5.99, 4, None), {'feature_change': 0.19}, 'info')],
}
ORDER = [None, 'info', 'warning', 'critical', 'emergency']


def check(case, tollbook, folder):
    make, kind, severity = case
    world = empty()
    make(world)
    world.write(folder)
    program = Case(tollbook, folder)
    program.run('ingest')
    found = [f for f in program.findings(DAY)[1] if f['kind'] == kind or kind in f['also']]
    found = [f for f in found if kind != 'sustained' or f['consumer'] is None]
    worst = max((f['severity'] for f in found), key=ORDER.index, default=None)
    must(worst == severity, f'{worst}, not {severity}: {[f["evidence"] for f in found]}')
    if kind == 'sustained' and found:
        must(found[0]['start'] == HOURS % 10 and found[0]['end'] == HOURS % 12, f'{found[0]["start"]} to {found[0]["end"]}')
        must('; driver: ' in found[0]['evidence'], f'nobody is named: {found[0]["evidence"]}')


def main():
    tollbook, wanted, bad, n = os.path.abspath(sys.argv[1]), sys.argv[2:], 0, 0
    for name, cases in CASES.items():
        for i, case in enumerate(cases):
            if wanted and name not in wanted:
                continue
            folder = tempfile.mkdtemp(prefix='tollbook-border-')
            n += 1
            try:
                check(case, tollbook, folder)
            except Failed as e:
                bad += 1
                print(f'BAD  {name} {i}: {e}')
            shutil.rmtree(folder)
    print(f'borders: {n} cases, {bad} bad')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
