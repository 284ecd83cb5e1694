#!/usr/bin/env python3
"""Back-test of budget forecasts: forecast.py PROGRAM FOLDER [SEED...]. For each evening with two weeks of history, is what its week or
month came to inside the band that was told then? On our own sets (generate.py; written to FOLDER) and the labelled one beside the
project, if it is there; apart for periods that end before the first incident, which no history could know. Fails when fewer than two
thirds of the evenings without incidents, or of the labelled month, are inside."""
import csv
import datetime as dt
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LABELLED = HERE.parent.parent.parent / 'shared' / 'labelled'
BUDGETS = 'name,dimension,match,period,amount,reserve,allocate_by,history_days\nmonth,,,month,100000,0,,28\nweek,,,week,100000,0,,28\n'


def prepare(folder):
    """Ingests a set into books of its own, with budgets of a week and a month."""
    (folder / 'budgets.csv').write_text(BUDGETS)
    text = (folder / 'tollbook.jsonc').read_text()
    settings = json.loads('\n'.join(l for l in text.splitlines() if not l.lstrip().startswith('//')))
    settings |= {'time_zone': 'UTC', 'currency': 'USD', 'output': 'out', 'database': 'forecast.db', 'budgets': 'budgets.csv'}
    settings.pop('quotas', None)
    settings['sources'][0]['bill'] = True
    (folder / 'tollbook.jsonc').write_text(json.dumps(settings))


def run(program, folder, *arguments):
    now = {**os.environ, 'TOLLBOOK_NOW': '2027-01-01T04:00:00Z'}
    r = subprocess.run([program, *arguments], cwd=folder, env=now, capture_output=True, text=True)
    if r.returncode not in (0, 3):
        sys.exit(f'forecast: {" ".join(arguments)}: {r.stderr}')
    return r.stdout


def evenings(program, folder, first, last):
    """(budget, day) -> row, for all days."""
    out = {}
    for i in range((last - first).days + 1):
        day = first + dt.timedelta(i)
        for row in csv.DictReader(io.StringIO(run(program, folder, 'report', 'budget', '--date', str(day), '--format', 'csv'))):
            out[row['name'], day] = row
    return out


def judge(name, program, folder, sums):
    prepare(folder)
    run(program, folder, 'ingest')
    days = sorted({r.split(',')[0] for r in run(program, folder, 'report', 'usage', '--from', '2026-01-01', '--to', '2026-12-31', '--by', 'day', '--format', 'csv')
                   .splitlines()[1:]})
    first, last = dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[-1])
    labels = json.loads((folder / 'labels.json').read_text())
    incident = min(l['start'][:10] for l in (labels['labels'] if isinstance(labels, dict) else labels))
    rows = evenings(program, folder, first, last)
    spent = {}
    for (budget, _), row in sorted(rows.items(), key=lambda x: x[0][1]):
        spent[budget, row['start']] = float(row['spent'])
    for (budget, day), row in rows.items():
        end = dt.date.fromisoformat(row['end'][:10])
        if end - dt.timedelta(1) > last or day == end - dt.timedelta(1) or (day - first).days < 13:
            continue
        low, usual, high, was = float(row['forecast_low']), float(row['forecast']), float(row['forecast_high']), spent[budget, row['start']]
        s = sums.setdefault((name, budget, 'without' if str(end) <= incident else 'with'), [0, 0, 0, 0, 0.0])
        for k, one in enumerate((1, low <= was <= high, was < low, was > high, abs(usual - was) / was)):
            s[k] += one


def main():
    program, folder = os.path.realpath(sys.argv[1]), pathlib.Path(sys.argv[2])
    sums = {}
    for seed in sys.argv[3:] or ['11', '12', '13', '14']:
        shutil.rmtree(folder / seed, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, HERE / 'generate.py', seed, folder / seed], check=True, stdout=subprocess.DEVNULL)
        judge('own', program, folder / seed, sums)
    if LABELLED.is_dir():
        shutil.rmtree(folder / 'labelled', ignore_errors=True)
        shutil.copytree(LABELLED, folder / 'labelled')
        judge('labelled', program, folder / 'labelled', sums)
    bad = False
    print('set       budget  incidents  evenings  inside  below  above  mean error')
    for (name, budget, kind), (n, inside, below, above, error) in sorted(sums.items()):
        print(f'{name:9} {budget:7} {kind:10} {n:8} {100 * inside / n:5.0f} % {below:6} {above:6} {100 * error / n:9.1f} %')
        wanted = kind == 'without' or (name, budget) == ('labelled', 'month')
        bad = bad or (wanted and inside * 3 < n * 2)
    sys.exit(bad)


main()
