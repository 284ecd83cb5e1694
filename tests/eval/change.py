#!/usr/bin/env python3
"""Does `report change` name what was done? Usage: change.py TOLLBOOK SET-FOLDER [--verbose]

For each label that costs something: the days it is on against the same weekdays a week before; of the consumer's effects the one that
added most must be what was injected. Where all else that changed for the consumer (its change less the label's cost) is larger than what was
injected, nobody who sees the sums can name it: counted apart. Calls of a feature and model that the base days had not used are "new" (the
contract: new cells first): for calls that were added, and for a move to another model, that names it, too; how many are so is told.
"""
import datetime as dt
import json
import subprocess
import sys

from score import instant

CAUSE = {
    'volume': 'repeat_exact repeat_near repeat_template bot_ua bot_regular bot_24h spike sustained off_hours hidden_recompute',
    'tokens_per_request': 'context_bloat output_bloat large_prompt loop_growing',
    'mix': 'model_mix'}
CAUSES = {kind: {cause} for cause, kinds in CAUSE.items() for kind in kinds.split()}
CAUSES['loop_growing'].add('volume')  # more calls, each larger
CAUSES['large_prompt'] = {'tokens_per_request', 'volume'}
for kind in CAUSES.keys() - {'context_bloat', 'output_bloat'}:
    CAUSES[kind].add('new')


def day_of(text, back=0):
    return dt.datetime.fromtimestamp(instant(text) - back, dt.timezone.utc).date()


def effects(tollbook, folder, consumer, first, last):
    out = subprocess.run([tollbook, '--quiet', '--config', folder + '/tollbook.jsonc', 'report', 'change', '--from', str(first), '--to', str(last),
                          '--format', 'json'], capture_output=True, text=True)
    if out.returncode not in (0, 3, 5):
        sys.exit(f'{first}: {out.stderr}')
    report = json.loads(out.stdout)
    mine = {}
    for d in report['drivers']:
        if d['dimension'] == 'consumer' and d['value'] == consumer:
            mine[d['effect']] = mine.get(d['effect'], 0) + float(d['amount'])
    return mine


def main():
    tollbook, folder, verbose = sys.argv[1], sys.argv[2], '--verbose' in sys.argv
    with open(folder + '/labels.json') as f:
        labels = json.load(f)
    named = new = hidden = 0
    wrong = []
    for l in labels:
        if l['kind'] not in CAUSES or l['excess_cost'] <= 0:
            continue
        mine = effects(tollbook, folder, l['consumer'], day_of(l['start']), day_of(l['end'], 1))
        if abs(sum(mine.values()) - l['excess_cost']) > l['excess_cost']:
            hidden += 1
            continue
        top = max(mine, key=lambda e: mine[e], default='nothing')
        if top in CAUSES[l['kind']]:
            named += 1
            new += top == 'new' and l['kind'] != 'model_mix'
        else:
            wrong.append((l, mine))
    of = named + len(wrong)
    print(f'change: {named} of {of} injected causes named by the largest effect ({100 * named / max(of, 1):.0f} %; {new} of them as new cells); {hidden} drowned in what else changed')
    for l, mine in wrong if verbose else []:
        print('  not named:', l['kind'], l['consumer'], l['start'][:16], f"${l['excess_cost']:.2f}", {k: round(v, 3) for k, v in mine.items()})


if __name__ == '__main__':
    main()
