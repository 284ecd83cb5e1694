#!/usr/bin/env python3
"""What events cost, worked out again with fractions: the check on pipeline/rate's price.c and charge.c.

Standard input: one JSON object a line, {"zone": NAME, "currency": C, "prices": CSV TEXT, "events": [[ts_us, provider, model,
service_tier, {number: value}, cache_hit, cost, cost_currency], ...]}; cost is decimal text or null. Standard output: a line
for each event, "BASIS COST", the cost in whole 10^-24 of the currency. Shares no code and no shape with the program: every
piece of the line of tokens chooses its own row among all rows.
"""
import csv
import functools
import io
import json
import re
import sys
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

SCALE = 10 ** 24
FALLBACK = {"cache_read": ["cache_read", "input"], "cache_write_5m": ["cache_write_5m", "input"],
            "cache_write_1h": ["cache_write_1h", "cache_write_5m", "input"]}
LINE = ["cache_read", "cache_write_5m", "cache_write_1h", "input"]


@functools.lru_cache(maxsize=None)
def glob(pattern):
    """(regular expression, exact, literal characters)"""
    out, exact, literals, i = "", True, 0, 0
    while i < len(pattern):
        c = pattern[i]
        if c == "*":
            out, exact = out + ".*", False
        elif c == "?":
            out, exact = out + ".", False
        elif c == "[":
            end = pattern.index("]", i + 2)
            body = pattern[i + 1:end]
            out += "[" + ("^" + body[1:] if body[0] in "!^" else body) + "]"
            exact, i = False, end
        else:
            if c == "\\":
                i += 1
                c = pattern[i]
            out, literals = out + re.escape(c), literals + 1
        i += 1
    return re.compile(out, re.S), exact, literals


def matches(pattern, text):
    if pattern == "":
        return True
    return text is not None and glob(pattern)[0].fullmatch(text) is not None


def instant(cell, zone):
    if cell == "":
        return None
    when = datetime.fromisoformat(cell.replace("Z", "+00:00"))
    if when.tzinfo is None:
        when = when.replace(tzinfo=zone)
    return Fraction(when.timestamp()) * 1000000


class Row:
    def __init__(self, cells, zone):
        self.model, self.provider, self.meter = cells["model"], cells["provider"], cells["meter"]
        self.tier = cells["service_tier"] or None
        self.price = Fraction(cells["price"]) / int(cells["per"])
        self.begin, self.end = instant(cells["effective_from"], zone), instant(cells["effective_to"], zone)
        self.over = int(cells["context_over"]) if cells["context_over"] else None
        self.least = int(cells["context_from"]) if cells["context_from"] else None
        self.marginal = cells["context_rule"] == "marginal"
        self.threshold = self.over if self.over is not None else self.least if self.least is not None else -1
        _, exact_model, model_literals = glob(self.model)
        _, exact_provider, provider_literals = glob(self.provider)
        self.rank = (exact_model, model_literals, self.provider != "" and exact_provider, provider_literals,
                     self.tier is not None, self.threshold, self.least is not None)

    def matches(self, ts, provider, model, tier):
        return ((matches(self.model, model) if model is not None else self.model == "*") and matches(self.provider, provider)
                and self.tier in (None, tier) and (self.begin is None or self.begin <= ts)
                and (self.end is None or ts < self.end))

    def holds(self, context):
        if self.over is not None:
            return context > self.over
        return self.least is None or context >= self.least


def row_for(rows, context, place):
    """The row of the token number place (from 0) among a meter's matching rows, or None."""
    good = [r for r in rows if r.holds(context)]
    while good:
        best = max(good, key=lambda r: r.rank)
        if not best.marginal or place >= best.threshold:
            return best
        good = [r for r in good if r.threshold < best.threshold]
    return None


def cost_of_run(rows, context, begin, end):
    """What the tokens at places begin..end cost, or None; between two thresholds all are alike."""
    edges = sorted({begin, end, *(r.threshold for r in rows if begin < r.threshold < end)})
    total = Fraction(0)
    for low, high in zip(edges, edges[1:]):
        row = row_for(rows, context, low)
        if row is None:
            return None
        total += row.price * (high - low)
    return total


def price_event(rows, currency, event):
    ts, provider, model, tier, numbers, hit, cost, cost_currency = event
    if hit:
        return "computed", Fraction(0)
    matching = [r for r in rows if r.matches(ts, provider, model, tier)]
    of = lambda meter: [r for r in matching if r.meter == meter]
    n = lambda name: numbers.get(name, 0)
    only = n("total_only")
    tokens = {m: n(m) for m in LINE}
    tokens["input"] += only
    context = sum(tokens.values())
    total, place, known = Fraction(0), 0, True
    for meter in LINE:
        own = next((of(m) for m in FALLBACK.get(meter, [meter]) if of(m)), [])
        part = cost_of_run(own, context, place, place + tokens[meter])
        place += tokens[meter]
        known = known and part is not None
        total += part or 0
    needed = ["input"] if only else ["input", "output"]
    known = known and all(any(r.holds(context) for r in of(m)) for m in needed)
    output, reasoning = n("output"), n("reasoning")
    runs = [("output", output - reasoning), ("reasoning", reasoning)] if of("reasoning") else [("output", output)]
    for meter, count in runs:
        if count:
            row = row_for(of(meter), context, 0)
            known = known and row is not None
            total += row.price * count if row else 0
    if "status" in numbers:
        served = numbers["status"] < 400
    else:
        served = numbers.get("success", 1) != 0
    fee = row_for(of("request"), context, 0) if served else None
    fee = fee.price if fee else Fraction(0)
    if context + output > 0 and known:
        return "computed", total + fee
    if cost is not None and cost_currency == currency:
        return "logged", Fraction(cost)
    if context + output > 0 or (cost is not None and Fraction(cost) != 0):
        return "unpriced", Fraction(0)
    return "computed", fee


def main():
    for line in sys.stdin:
        case = json.loads(line)
        zone = ZoneInfo(case["zone"])
        rows = [Row(cells, zone) for cells in csv.DictReader(io.StringIO(case["prices"]))]
        for event in case["events"]:
            basis, cost = price_event(rows, case["currency"], event)
            yocto = cost * SCALE
            assert yocto.denominator == 1, cost
            print(basis, yocto.numerator)


main()
