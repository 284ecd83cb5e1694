"""Every figure of a workbook against pack-DAY.json, read by nobody but Python."""
import datetime
import re
from fractions import Fraction
from math import floor
from sheet import M
from verdict import check, near


def money(text):
    return Fraction(0) if text is None else Fraction(text)


def serial(day):
    return (datetime.date.fromisoformat(day) - datetime.date(1899, 12, 30)).days

def gate(text):
    """What a cell may hold of a text, written again and apart from the program."""
    if text is None:
        return None
    out = "".join(" " if c in "\t\n\r\x0b\x0c\x85\u2028\u2029" else c for c in text)
    out = re.sub("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufffe\uffff]", "", out)
    return re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", out) or None


def largest_remainder(teams):
    """Cents of exact costs: the total rounded half away from zero, the rest by remainder, larger cost, then name."""
    costs = {k: money(t["cost"]) * 100 for k, t in teams.items()}
    total = floor(sum(costs.values()) + Fraction(1, 2))
    left = total - sum(floor(c) for c in costs.values())
    name = lambda k: (k[0].encode(), b"" if k[1] is None else b"\x01" + k[1].encode())
    order = sorted(costs, key=lambda k: (floor(costs[k]) - costs[k], -costs[k], name(k)))
    return {k: Fraction(floor(costs[k]) + (order.index(k) < left), 100) for k in costs}


def check_chargeback(path, book, pack):
    rows = book.sheets["Chargeback"].table("ChargeLines")
    chargeback = pack["chargeback"]
    today = {(gate(t["team"]), gate(t["cost_center"])): t for t in chargeback["teams"]}
    month = {(gate(t["team"]), gate(t["cost_center"])): t for t in pack["month_to_date"]["teams"]}
    cents = largest_remainder(today)
    check({(r["Team"], r["Cost centre"]) for r in rows} == set(month) and set(today) <= set(month), f"{path}: teams differ")
    for r in rows:
        key = (r["Team"], r["Cost centre"])
        t = today.get(key)
        check(near(r["Charge"], money(t and t["billed"])), f"{path}: charge of {key}")
        check(near(r["Direct cost, exact"], money(t and t["cost"])), f"{path}: cost of {key}")
        check(near(r["Month to date"], money(month[key]["billed"])), f"{path}: month to date of {key}")
        check(isinstance(r["GL account"], (str, type(None))), f"{path}: GL account {r['GL account']!r} is no text")
        check(bool(r["Status"]), f"{path}: no status word of {key}")
        if "Adjustments of earlier days" in r:
            check(near(r["Adjustments of earlier days"], money(t and t["adjustments"])), f"{path}: adjustments of {key}")
        check(near(money(t and t["billed"]), cents.get(key, 0) + money(t and t["adjustments"])), f"{path}: cents of {key}")
    check(near(sum(r["Charge"] for r in rows), money(chargeback["totals"]["billed"])), f"{path}: charges do not add up")
    check(sum(money(t["billed"]) for t in chargeback["teams"]) == money(chargeback["totals"]["billed"]), f"{path}: pack's cents")
    check(near(sum(r["Month to date"] for r in rows), money(pack["month_to_date"]["billed"])), f"{path}: month to date")
    ignored = book.sheets["Chargeback"].xml.find(M + "ignoredErrors/" + M + "ignoredError")
    check(ignored is not None and ignored.get("numberStoredAsText") == "1", f"{path}: ids would be marked as errors")


def check_models(path, book, pack):
    rows = book.sheets["By model"].table("ModelLines")
    totals = pack["chargeback"]["totals"]
    for header, key in (("Requests", "requests"), ("Failed", "errors"), ("Input tokens", "input"),
                        ("Cache read tokens", "cache_read"), ("Output tokens", "output")):
        check(sum(r[header] for r in rows) == totals[key], f"{path}: {header} by model")
    priced = [r["Cost, exact"] for r in rows if not isinstance(r["Cost, exact"], str)]
    check(near(sum(priced), money(totals["cost"])), f"{path}: cost by model")
    prices = book.sheets["Prices"].table("PriceLines")
    check(near(sum(r["Cost of the day, exact"] for r in prices), money(totals["cost"])), f"{path}: cost by price row")


def check_trend(path, book, pack):
    rows = book.sheets["Trend"].table("DailyCharge")
    history = pack["history"]
    check(len(rows) == len(history), f"{path}: days of the trend")
    for r, h in zip(rows, history):
        check(r["Day"] == serial(h["day"]) and near(r["Charge"], money(h["billed"])), f"{path}: trend of {h['day']}")
        check(r["Requests"] == h["requests"] and r["Tokens"] == h["tokens"], f"{path}: volume of {h['day']}")
    budget = {(b["name"], b["period"]): b for b in pack.get("budget", {"rows": []})["rows"]}.get(("company day", "day"))  # of finance.py
    check(all(near(r["Day budget"], money(budget["limit"])) if budget else "Day budget" not in r for r in rows), f"{path}: day budget of the trend")
    last, totals = history[-1], pack["chargeback"]["totals"]
    check(last["day"] == pack["day"] and last["billed"] == totals["billed"] and last["requests"] == totals["requests"],
          f"{path}: the day in its own history")


def check_rest(path, book, pack, closed):
    checks = sorted(pack["checks"]["rows"], key=lambda c: c["informative"])  # what can withhold a pack comes first
    rows = book.sheets["Checks"].table("ControlTotals")
    check([r["Control"] for r in rows] == [c["control"] for c in checks], f"{path}: controls")
    for r, c in zip(rows, checks):
        check(near(r["Expected"], money(str(c["expected"]))) and near(r["Found"], money(str(c["found"]))),
              f"{path}: {c['control']}")
    real = [c for c in checks if not c["informative"]]
    summary = book.sheets["Summary"]
    words = [c.value for c in summary.cells.values() if isinstance(c.value, str)]
    check(f"{sum(c['ok'] for c in real)} of {len(real)} agree" in words, f"{path}: controls on the Summary")
    check(any(f"{pack['run_id']}" in w for w in words) and ("FINAL" if closed else "PRELIMINARY") in words,
          f"{path}: status line")
    reasons = book.sheets["Rejects"].table("RejectReasons")
    check(sum(r["Lines"] for r in reasons) == pack["chargeback"]["intake"]["rejected"], f"{path}: rejected lines")
    unpriced = book.sheets["Unmapped"].table("UnpricedModels")
    check(sorted((r["Model"], r["Requests"], r["Tokens"]) for r in unpriced)
          == sorted((gate(u["model"]) or "(none)", u["requests"], u["tokens"]) for u in pack["chargeback"]["unpriced"]),
          f"{path}: unpriced models")
    lost = [x for x in pack["chargeback"]["lines"] if x["team"] == "(unassigned)"]
    rows = book.sheets["Unmapped"].table("UnassignedConsumers")
    check(len(rows) == len({(x["consumer"], x["source"]) for x in lost}), f"{path}: unassigned consumers")
    check(sum(r["Requests"] for r in rows) == sum(x["requests"] for x in lost), f"{path}: unassigned requests")


def check_kpis(path, book, pack):
    s = book.sheets["Summary"]
    label = {c.value: place for place, c in s.cells.items() if isinstance(c.value, str)}
    tile = lambda words: next(s.value(r + 1, c) for w, (r, c) in label.items() if w.startswith(words))
    totals, history = pack["chargeback"]["totals"], {h["day"]: money(h["billed"]) for h in pack["history"]}
    check(near(tile("Charge of the day"), money(totals["billed"])), f"{path}: charge on the Summary")
    check(near(tile("Month to date"), money(pack["month_to_date"]["billed"])), f"{path}: month on the Summary")
    date = datetime.date.fromisoformat(pack["day"])
    back = lambda n: (date - datetime.timedelta(days=n)).isoformat()
    if back(1) in history:
        check(near(tile("Against the day before"), money(totals["billed"]) - history[back(1)]), f"{path}: day before")
    else:
        check(not any(w.startswith("Against the day before") for w in label), f"{path}: a day before that is not there")
    weeks = [history[back(7 * n)] for n in range(1, 5) if back(7 * n) in history]
    if weeks:
        check(near(tile("Against the mean"), money(totals["billed"]) - sum(weeks) / len(weeks)), f"{path}: weekday mean")
    else:
        check(not any(w.startswith("Against the mean") for w in label), f"{path}: a mean of nothing")
    lost = sum(money(t["billed"]) for t in pack["chargeback"]["teams"] if t["team"] == "(unassigned)")
    told = {(b["name"], b["period"]): b for b in pack.get("budget", {"rows": []})["rows"]}
    company = told.get(("company", "month"))  # of finance.py: for everything
    if company is not None:
        check(near(tile("Month forecast"), money(company["forecast"])) and near(tile("Month budget used"), company["used"]),
              f"{path}: the month's budget on the Summary")
        check(near(tile("Charge per 1,000"), money(totals["billed"]) * 1000 / totals["requests"]), f"{path}: charge of 1,000 requests")
    else:
        check(not any(w.startswith("Month forecast") for w in label), f"{path}: a forecast without a budget")
    if money(totals["billed"]) > 0:
        check(near(tile("Unassigned"), lost / money(totals["billed"])), f"{path}: unassigned share")


def charges_of(pack):
    out = {}
    for t in pack["chargeback"]["teams"]:
        out[t["team"]] = out.get(t["team"], 0) + money(t["billed"])
    return out


def check_movers(path, book, pack, base):
    """The five largest changes by team against an earlier pack, largest first."""
    s, now, then = book.sheets["Summary"], charges_of(pack), charges_of(base)
    row = next(r for (r, c), x in s.cells.items() if x.value == f"What changed since {base['day']}")
    change = {t: now.get(t, 0) - then.get(t, 0) for t in now.keys() | then.keys()}
    order = sorted(change, key=lambda t: (-abs(change[t]), t.encode()))[:5]
    for n, team in enumerate(order):
        got = [s.value(row + 1 + n, c) for c in (9, 13, 15, 16)]
        check(got[0] == gate(team) and near(got[1], then.get(team, 0)) and near(got[2], now.get(team, 0)) and near(got[3], change[team]),
              f"{path}: mover {n}: {got}, expected {team}: {change[team]}")


CAUSES = {"volume": "Number of requests", "tokens_per_request": "Tokens per request", "price": "Prices", "mix": "Mix of models",
          "cache": "Use of the cache", "new": "New uses", "gone": "Uses that ended"}


def check_causes(path, book, pack):
    """The change of cost by cause: the drivers of the change report, added up, and who has most of each."""
    s, date = book.sheets["Summary"], datetime.date.fromisoformat(pack["day"])
    week, change = (date - datetime.timedelta(days=7)).isoformat(), pack.get("change", {"drivers": []})
    rows = [r for (r, c), x in s.cells.items() if x.value == f"Why the cost changed since {week}"]
    if not change["drivers"] or not any(h["day"] == week for h in pack["history"]):
        check(not rows, f"{path}: causes of nothing")
        return 0
    row, told = rows[0] + 1, [e for e in CAUSES if any(d["effect"] == e for d in change["drivers"])]
    for n, effect in enumerate(told):
        parts = [d for d in change["drivers"] if d["effect"] == effect]
        most = max(abs(money(d["amount"])) for d in parts)
        who = [f"most of it: {gate(d['value'])}" for d in parts if abs(money(d["amount"])) == most]
        got = [s.value(row + n, c) for c in (0, 3, 7)]
        check(got[0] == CAUSES[effect] and got[1] in who and near(got[2], sum(money(d["amount"]) for d in parts)), f"{path}: {effect}: {got}")
    check(near(s.value(row + len(told), 7), money(change["delta"])), f"{path}: causes add up to another change")
    return len(told)


def check_anomalies(path, book, pack):
    s = book.sheets["Anomalies"]
    rows = {r["Finding"]: r for name in ("AnomalyLines", "AnomalyAppendix") for r in s.table(name)}
    found = {f["id"]: f for f in pack["anomalies"]["findings"]}
    check(set(rows) == set(found), f"{path}: the sheet has {sorted(set(rows) ^ set(found))[:4]} more or less than the report")
    for name, r in rows.items():
        f = found[name]
        check((r["Severity"], r["Kind"]) == (f["severity"], f["kind"]), f"{path}: {name}: {r}")
        check((r["Consumer"], r["Evidence"], r["What to do"]) == (gate(f["consumer"]), gate(f["evidence"]), f["action"]), f"{path}: {name}: {r}")
        check(near(r["Cost at stake"] or 0, money(f["cost"])) and near(r["Observed"], f["observed"]), f"{path}: {name}: numbers {r}")
        check(r["Decision"] is None and r["Comment"] is None, f"{path}: {name}: decided already")
    weights = ["info", "warning", "critical", "emergency"]
    order = [weights.index(r["Severity"]) for r in s.table("AnomalyLines")]
    check(order == sorted(order, reverse=True), f"{path}: the gravest are not first: {order}")
    lists = s.xml.findall(M + "dataValidations/" + M + "dataValidation")
    check(len(lists) == sum(n in s.table_names() for n in ("AnomalyLines", "AnomalyAppendix")), f"{path}: lists of decisions")
    check(all(x.find(M + "formula1").text == '"accept,dispute,credit"' for x in lists), f"{path}: decisions")


LEVELS = {"ok": "OK", "info": "Over half", "warning": "Warning", "critical": "Critical", "exceeded": "Over"}


def check_budgets(path, book, pack):
    s = book.sheets.get("Budgets")
    if s is None:
        return
    budgets, rows = pack["budget"]["rows"], s.table("BudgetLines")
    check([(r["Budget"], r["Period"], r["Status"]) for r in rows]
          == [(gate(b["name"]), b["period"], LEVELS[b["level"]]) for b in budgets], f"{path}: budgets")
    for r, b in zip(rows, budgets):
        for header, key in (("Limit", "limit"), ("Spent", "spent"), ("Remaining", "remaining"), ("Forecast", "forecast"),
                            ("Forecast, low", "forecast_low"), ("Forecast, high", "forecast_high"), ("Used", "used")):
            check(near(r[header], money(str(b[key]))), f"{path}: {header} of {b['name']}")
        check((r["Used up at"] is None) == (b["crossed"]["exceeded"] is None), f"{path}: {b['name']} used up")
    quotas, rows = [q for q in pack["quota"]["rows"] if q["level"] != "ok"], s.table("QuotaLines")
    check(len(rows) == len(quotas), f"{path}: {len(rows)} quotas on the sheet, {len(quotas)} over half used")
    for r, q in zip(rows, quotas):
        check((r["Consumer"], r["Tier"], r["Measure"], r["Window"], r["Status"])
              == (gate(q["consumer"]), gate(q["tier"]), q["measure"], q["window"], LEVELS[q["level"]]), f"{path}: quota {q}")
        check(near(r["Quota"], money(str(q["limit"]))) and near(r["Used"], money(str(q["used"]))), f"{path}: amounts of quota {q}")
        check(near(r["Used, of quota"] or 0, round(money(str(q["used"])) / money(str(q["limit"])), 6) if money(str(q["limit"])) else 0)
              and r["Requests after"] == q["requests_after"] and near(r["Cost after"], money(q["cost_after"]))
              and r["Refused (429)"] == q["refused"], f"{path}: after quota {q}")
    check_plans(path, s.table("PlanLines"), pack.get("plan", {"plans": []})["plans"], {b["name"]: b["period"] for b in budgets})


def check_plans(path, rows, plans, periods):
    """The lines of a plan are its allocations and what is kept back: together the budget, and for the budget's own period."""
    lines = [(p, a) for p in plans for a in p["allocations"] + [{"key": "(reserve)", "amount": p["reserve"]}] * (money(p["reserve"]) > 0)]
    check([(r["Plan"], r["For"], r["Period"]) for r in rows]
          == [(gate(p["name"]), gate(a["key"]) or "(none)", periods[p["name"]]) for p, a in lines], f"{path}: plan")
    for r, (p, a) in zip(rows, lines):
        check(near(r["Proposed"], money(a["amount"])), f"{path}: plan {p['name']} {a['key']}")
        check(near(r["Average a day"], money(a["average"])) if "average" in a else r["Average a day"] is None, f"{path}: average of {a['key']}")
    for p in plans:
        check(near(sum(money(str(r["Proposed"])) for r in rows if r["Plan"] == gate(p["name"])), money(p["total"])), f"{path}: sum of plan {p['name']}")


def check_line_budgets(path, book, pack):
    """A line's budget is the one of just its cost centre, else of just its team: here the names tell (finance.py)."""
    told = {(b["name"], b["period"]): b for b in pack["budget"]["rows"]}
    for r in book.sheets["Chargeback"].table("ChargeLines"):
        for header, period, suffix in (("Day budget", "day", ""), ("Month budget", "month", " month")):
            b = told.get((f"team {r['Team']}{suffix}", period))
            check(near(r[header], money(b["limit"])) and near(r[f"{header} used"], b["used"]) if b else r[header] is None,
                  f"{path}: {header} of {r['Team']}: {r}")


def check_adjustments(path, book, pack):
    posted = pack["chargeback"]["adjustments"]
    rows = book.sheets["Adjustments"].table("AdjustmentLines") if posted else []
    check(len(rows) == len(posted), f"{path}: adjustments")
    for r, a in zip(rows, posted):
        check((r["Original day"], r["Team"], r["Cost centre"], r["Reason"])
              == (serial(a["original_day"]), gate(a["team"]), gate(a["cost_center"]), gate(a["reason"])), f"{path}: adjustment {a}")
        check(near(r["Was"], money(a["was"])) and near(r["Now"], money(a["now"])) and near(r["Charged here"], money(a["amount"]))
              and near(r["Charged here"], r["Now"] - r["Was"] - r["Adjusted before"]), f"{path}: amounts of {a}")


def check_notes(path, book, pack):
    s = book.sheets["Notes"]
    words = {s.value(row, 0): s.value(row, 1) for (row, column) in s.cells if column == 0 and s.value(row, 1) is not None}
    check(pack["run_id"] in words["Versions"] and f"version {pack['tables']};" in words["Versions"], f"{path}: versions of the notes")
    hours = {"2026-03-29": 23}.get(pack["day"], 24) if pack["time_zone"] == "Europe/Berlin" else 24
    check(f"{hours} hours" in words["Day"] and pack["time_zone"] in words["Day"], f"{path}: {words['Day']}")
    check(("Budgets" in words) == ("Budgets" in book.sheets), f"{path}: notes of budgets")
    rows = s.table("SourceFiles")
    check([(r["Source"], r["Node"], r["File"], r["Lines"], r["Bytes, unpacked"], r["XXH3-128 of the file"]) for r in rows]
          == [(gate(i["source"]), gate(i["node"]), gate(i["file"]), i["lines"], i["bytes"], i["digest"]) for i in pack["inputs"]],
          f"{path}: files of the notes")
    check(sum(r["Lines"] for r in rows) == pack["chargeback"]["intake"]["lines"], f"{path}: lines of the files")


def check_figures(path, book, pack, closed):
    for part in (check_chargeback, check_anomalies, check_models, check_trend, check_kpis, check_causes, check_budgets, check_adjustments, check_notes):
        part(path, book, pack)
    check_rest(path, book, pack, closed)
