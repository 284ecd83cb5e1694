#!/usr/bin/env python3
"""Holds `explain FINDING-ID` to its word: the SQL it prints, run by `tollbook sql`, says the number that the finding observed.
Usage: explain.py TOLLBOOK SET-FOLDER [--days N] [--verbose]

Each day is asked for by itself (the last N, else all); every finding of it is explained. Also: nothing that `explain` prints is a
fingerprint, and each call it lists is one of the events.
"""
import collections
import json
import subprocess
import sys


def main():
    tollbook, folder = sys.argv[1], sys.argv[2]
    days_wanted = int(sys.argv[sys.argv.index('--days') + 1]) if '--days' in sys.argv else 0

    def run(*args):
        out = subprocess.run([tollbook, '--quiet', '--config', folder + '/tollbook.jsonc', *args], capture_output=True, text=True)
        return out.returncode, out.stdout, out.stderr

    days = [r['day'] for r in json.loads(run('sql', 'SELECT DISTINCT day FROM usage_event ORDER BY day', '--format', 'json')[1])['rows']]
    fingerprints = {r['f'] for r in json.loads(run(
        'sql', 'SELECT DISTINCT prompt_fingerprint AS f FROM usage_event WHERE prompt_fingerprint IS NOT NULL', '--format', 'json')[1])['rows']}
    tried, bad = collections.Counter(), []
    for day in days[-days_wanted:]:
        code, out, err = run('report', 'anomalies', '--date', day, '--format', 'json')
        if code not in (0, 3):
            sys.exit(f'report anomalies --date {day}: {err}')
        for f in json.loads(out)['findings']:
            tried[f['kind']] += 1
            name = f"{day} {f['kind']} {f['id']} {f['consumer']}"
            code, text, err = run('explain', f['id'], '--date', day, '--format', 'json')
            if code != 0:
                bad.append(f'{name}: exit {code} {err}')
                continue
            told = json.loads(text)
            code, out, err = run('sql', told['proof']['sql'], '--format', 'json')
            said = json.loads(out)['rows'][0]['observed'] if code == 0 else None
            near = said is not None and abs(float(said) - f['observed']) <= 2e-6 * max(1, abs(f['observed']))
            if not near:
                bad.append(f"{name}: observed {f['observed']}, the SQL says {said} {err}\n    {told['proof']['sql'][:1500]}\n    {f['evidence']}")
            if told['what']['observed'] != f['observed'] or not told['events']:
                bad.append(f"{name}: {len(told['events'])} events, observed {told['what']['observed']} for {f['observed']}")
            if any(len(w) == 16 and w in fingerprints for w in text.replace('"', ' ').replace("'", ' ').split()):
                bad.append(f'{name}: a fingerprint is shown')
    for line in bad[:40 if '--verbose' in sys.argv else 10]:
        print(line)
    print('explained', dict(sorted(tried.items())), f'{len(bad)} wrong')
    return 1 if bad or not tried else 0


if __name__ == '__main__':
    sys.exit(main())
