"""What tollbook's contract says must come out, worked out a second time and on its own.

Nothing here looks at the program: logical lines go in (unwrapped by whoever composed them), the numbers of the reports come
out. Money is fractions.Fraction from the digits of a table to the digits of a report; days come from zoneinfo; exactly once is
a dictionary. Where the contract leaves something open the model does not decide: the worlds of generate.py stay away from it,
or run.py accepts each reading.
"""
import collections
import datetime as dt
import functools
import json
import re
import zoneinfo
from fractions import Fraction

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
COUNTS = CLASSES + ("reasoning",)
NGINX_ACCESS = re.compile(rb'^\S+ - \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "')
NGINX_ERROR = re.compile(rb"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: ")


# --- time ---------------------------------------------------------------------------------------------------------------

def instant_us(moment):
    """Microseconds since 1970 of an aware datetime, exactly."""
    delta = moment - EPOCH
    return (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds


def parse_instant(text):
    """RFC 3339 with 0 to 9 fraction digits (below a microsecond: cut). None without a zone."""
    m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):?(\d\d)?)", text)
    if not m:
        return None
    fraction = int(((m[7] or "") + "000000")[:6])
    moment = dt.datetime(int(m[1]), int(m[2]), int(m[3]), int(m[4]), int(m[5]), int(m[6]), fraction, UTC)
    if m[8] is None:
        offset = dt.timedelta(hours=int(m[10]), minutes=int(m[11] or 0))
        moment -= offset if m[9] == "+" else -offset
    return instant_us(moment)


class Zone:
    """Civil days: day D is [first instant whose date is D, first instant whose date is D+1)."""

    def __init__(self, name):
        self.name, self.info = name, zoneinfo.ZoneInfo(name)

    def local(self, us):
        return (EPOCH + dt.timedelta(microseconds=us)).astimezone(self.info)

    @functools.lru_cache(maxsize=None)
    def start(self, date):
        """The first instant of a date (of the next one that exists, when the zone skipped it)."""
        middle = dt.datetime.combine(date, dt.time(), UTC)
        for minute in range(-16 * 60, 40 * 60):
            moment = middle + dt.timedelta(minutes=minute)
            if moment.astimezone(self.info).date() >= date:
                return instant_us(moment)
        raise AssertionError("no first instant of %s in %s" % (date, self.name))

    def day(self, us):
        date = self.local(us).date() + dt.timedelta(days=1)
        while self.start(date) > us:
            date -= dt.timedelta(days=1)
        while self.start(date + dt.timedelta(days=1)) == self.start(date):
            date += dt.timedelta(days=1)  # the zone skipped this date: the instant is of the next one
        return date


# --- globs, tables --------------------------------------------------------------------------------------------------------

class Glob:
    """`*`, `?`, `[...]`, case-sensitive, `\\` escapes."""

    def __init__(self, text):
        out, i, self.literal, self.exact = [], 0, 0, True
        while i < len(text):
            c = text[i]
            if c == "*" or c == "?":
                out.append(".*" if c == "*" else ".")
                self.exact = False
            elif c == "[":
                end = text.index("]", i + 2)
                inside = text[i + 1:end]
                negated = inside[0] in "!^"
                out.append("[" + ("^" if negated else "") + inside[negated:].replace("\\", "\\\\") + "]")
                self.exact = False
                i = end
            else:
                if c == "\\":
                    i += 1
                    c = text[i]
                out.append(re.escape(c))
                self.literal += 1
            i += 1
        self.pattern = re.compile("".join(out), re.S)

    def match(self, value):
        return value is not None and self.pattern.fullmatch(value) is not None

    def any(self):
        return self.pattern.pattern == ".*"


def table_instant(text, zone):
    if not text:
        return None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return zone.start(dt.date.fromisoformat(text))
    return parse_instant(text)


class Price:
    def __init__(self, row, zone):
        self.provider = Glob(row["provider"]) if row.get("provider") else None
        self.model, self.meter = Glob(row["model"]), row["meter"]
        self.each = Fraction(row["price"]) / int(row["per"])
        self.start = table_instant(row.get("effective_from"), zone)
        self.end = table_instant(row.get("effective_to"), zone)
        self.tier = row.get("service_tier") or None
        self.over = int(row["context_over"]) if row.get("context_over") else None
        self.least = int(row["context_from"]) if row.get("context_from") else None
        self.marginal = row.get("context_rule") == "marginal"

    def concerns(self, event):
        return ((self.provider is None or self.provider.match(event.provider))
                and (self.model.match(event.model) or (event.model is None and self.model.any()))
                and (self.start is None or self.start <= event.ts) and (self.end is None or event.ts < self.end)
                and (self.tier is None or self.tier == event.service_tier))

    def holds(self, context):
        if self.over is not None:
            return context > self.over
        return self.least is None or context >= self.least

    def threshold(self):
        return self.over if self.over is not None else self.least or 0

    def rank(self):
        return (self.model.exact, self.model.literal, self.provider is not None and self.provider.exact,
                self.provider.literal if self.provider else 0, self.tier is not None, self.threshold(),
                self.least is not None)


class Account:
    def __init__(self, row, zone):
        self.consumer, self.source = Glob(row["consumer"]), row.get("source") or None
        self.team, self.cost_center = row["team"], row.get("cost_center") or None
        self.start = table_instant(row.get("effective_from"), zone)
        self.end = table_instant(row.get("effective_to"), zone)

    def concerns(self, event, source):
        return (self.consumer.match(event.consumer) and (self.source is None or self.source == source)
                and (self.start is None or self.start <= event.ts) and (self.end is None or event.ts < self.end))


FALLBACK = {"cache_read": ("input",), "cache_write_5m": ("input",), "cache_write_1h": ("cache_write_5m", "input"),
            "reasoning": ("output",)}


class Tables:
    """One version of the price and account tables."""

    def __init__(self, prices, accounts, zone):
        self.prices = [Price(r, zone) for r in prices]
        self.accounts = [Account(r, zone) for r in accounts]
        self.kept = {}

    def candidates(self, event):
        key = (event.provider, event.model, event.service_tier, event.ts)
        if key not in self.kept:
            self.kept[key] = [p for p in self.prices if p.concerns(event)]
        return self.kept[key]

    def rows(self, event, meter):
        """The rows of a meter at any context, after falling back."""
        for name in (meter,) + FALLBACK.get(meter, ()):
            found = [p for p in self.candidates(event) if p.meter == name]
            if found:
                return found
        return []

    def best(self, event, meter, context):
        found = [p for p in self.rows(event, meter) if p.holds(context)]
        return max(found, key=Price.rank) if found else None

    def charge(self, event, meter, first, count, context):
        """The price of `count` tokens that come after the first `first` tokens of the request."""
        found = [p for p in self.rows(event, meter) if p.holds(context)]
        if not found:
            return Fraction(0)
        best = max(found, key=Price.rank)
        if not best.marginal:
            return best.each * count
        top = best.rank()[:5]
        steps = sorted((p for p in found if p.rank()[:5] == top), key=Price.threshold)
        total = Fraction(0)
        for i, step in enumerate(steps):
            low = max(first, step.threshold())
            high = first + count if i + 1 == len(steps) else min(first + count, steps[i + 1].threshold())
            total += step.each * max(0, high - low)
        return total

    def cost(self, event):
        """(basis, cost): cost is None when unpriced."""
        if event.hit:
            return "computed", Fraction(0)
        context = sum(getattr(event, c) or 0 for c in CLASSES[:4])
        fee = Fraction(0)
        if event.status < 400 if event.status is not None else event.success is not False:
            row = self.best(event, "request", context)
            fee = row.each if row else Fraction(0)
        if event.total_only is not None:
            row = self.best(event, "input", event.total_only)
            if row:
                return "computed", row.each * event.total_only + fee
        elif event.tokens():
            if self.best(event, "input", context) and self.best(event, "output", context):
                total, first = fee, 0
                for meter in ("cache_read", "cache_write_5m", "cache_write_1h", "input"):
                    count = getattr(event, meter) or 0
                    total += self.charge(event, meter, first, count, context)
                    first += count
                apart = event.reasoning or 0
                total += self.charge(event, "output", 0, (event.output or 0) - apart, context)
                total += self.charge(event, "reasoning", 0, apart, context)
                return "computed", total
        elif event.logged_cost is None:
            return "computed", fee
        if event.logged_cost is not None:
            return "logged", event.logged_cost
        return "unpriced", None

    def account(self, event, source):
        found = [a for a in self.accounts if a.concerns(event, source)]
        if not found:
            return "(unassigned)", None
        best = max(found, key=lambda a: (a.consumer.literal, a.source is not None))
        return best.team, best.cost_center


# --- events ---------------------------------------------------------------------------------------------------------------

class Event:
    """One billable call. `payload` is what two records of one id must agree in."""
    FIELDS = ("ts consumer provider model model_requested service_tier feature variant trigger input cache_read cache_write_5m "
              "cache_write_1h output reasoning total_only saved quality status success latency_ms retries request_bytes "
              "response_bytes client_ip user_agent prompt logged_cost hit").split()
    __slots__ = FIELDS + ["id"]

    def __init__(self, **given):
        for name in Event.FIELDS + ["id"]:
            setattr(self, name, given.get(name))

    def tokens(self):
        return sum(getattr(self, c) or 0 for c in CLASSES)

    def total(self):
        return self.total_only if self.total_only is not None else self.tokens()

    def payload(self):
        return tuple(getattr(self, name) for name in Event.FIELDS)

    def failed(self):
        return (self.status is not None and self.status >= 400) or self.success is False

    def weight(self):
        """The order of conflicts: the larger stays. The last resort of the contract, a digest, is not modelled."""
        usage = self.tokens() > 0 or self.total_only is not None or (self.saved or 0) > 0
        quality = {"exact": 3, "estimated": 2, "total_only": 1}.get(self.quality, 0)
        unset = {"(none)", "(anonymous)", None}
        fields = sum(getattr(self, name) not in unset for name in Event.FIELDS
                     if name not in ("quality", "success", "hit", "saved"))
        return usage, quality, fields, self.total() + (self.saved or 0), self.ts


class Rejected(Exception):
    pass


class Ignored(Exception):
    pass


def text_or_none(value):
    return value if isinstance(value, str) and value != "" else None


def kong_blocks(ai):
    """(plugin key, block) of every part of an `ai` section that reports usage."""
    if not isinstance(ai, dict):
        return []
    if isinstance(ai.get("usage"), dict):
        return [(None, ai)]
    return [(key, part) for key, part in ai.items() if isinstance(part, dict) and isinstance(part.get("usage"), dict)]


def kong_events(record):
    request, response = record.get("request") or {}, record.get("response") or {}
    status, consumer = response.get("status"), record.get("consumer") or {}
    tries = record.get("tries")
    common = dict(
        ts=record["started_at"] * 1000, status=status, feature=(record.get("route") or {}).get("name"),
        consumer=consumer.get("username") or consumer.get("custom_id") or consumer.get("id") or "(anonymous)",
        latency_ms=(record.get("latencies") or {}).get("request"), request_bytes=request.get("size"),
        response_bytes=response.get("size"), client_ip=record.get("client_ip"),
        user_agent=(request.get("headers") or {}).get("user-agent"),
        retries=None if tries is None else max(0, len(tries) - 1))
    ai, rid = record.get("ai"), text_or_none(request.get("id"))
    blocks = kong_blocks(ai)
    if not blocks:
        if status < 400:
            raise Ignored("not_ai")
        meta = {}
        for part in (ai or {}).values():
            meta = part.get("meta") or meta
        return [Event(id=rid, provider=meta.get("provider_name") or "(none)", quality="none",
                      model=meta.get("response_model") or meta.get("request_model") or "(none)",
                      model_requested=meta.get("request_model"), **common)]
    out = []
    for key, part in blocks:
        meta, usage = part.get("meta") or {}, part["usage"]
        filler = "(none)" if status >= 400 else None
        prompt = usage.get("prompt_tokens", usage.get("prompt_token"))
        completion = usage.get("completion_tokens", usage.get("completion_token"))
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
        if (cached or 0) > (prompt or 0) or (reasoning or 0) > (completion or 0):
            raise Rejected("negative_remainder")
        asked = meta.get("request_model")
        event = Event(
            id=None if rid is None else (rid, key) if len(blocks) > 1 else (rid,), provider=meta.get("provider_name") or filler,
            model=meta.get("response_model") or (asked if asked != "UNSPECIFIED" else None) or filler, model_requested=asked,
            input=None if prompt is None else prompt - (cached or 0), cache_read=cached, output=completion,
            reasoning=reasoning, prompt=(part.get("payload") or {}).get("request"), **common)
        event.quality = "estimated" if prompt == 0 and (completion or 0) > 0 else "exact"
        if (part.get("cache") or {}).get("cache_status") == "Hit":
            event.saved, event.hit = event.tokens(), True
            for name in COUNTS:
                setattr(event, name, None)
        out.append(event)
    return out


def line_event(record):
    """tollbook_event: one call a line."""
    ts = record.get("ts")
    us = parse_instant(ts) if isinstance(ts, str) else None
    if us is None:
        raise Rejected("ts")
    event = Event(
        id=text_or_none(record.get("id")), ts=us, consumer=record.get("consumer") or "(anonymous)",
        provider=record.get("provider"), model=record.get("model"), service_tier=record.get("service_tier"),
        feature=record.get("feature"), variant=record.get("variant"), trigger=record.get("trigger"),
        status=record.get("status"), success=record.get("success"), latency_ms=record.get("latency_ms"),
        retries=record.get("retries"), request_bytes=record.get("request_bytes"), client_ip=record.get("client_ip"),
        user_agent=record.get("user_agent"), prompt=record.get("prompt") or record.get("prompt_hash"),
        logged_cost=record.get("cost_usd"))
    if event.id is not None:
        event.id = (event.id,)
    for name in COUNTS:
        setattr(event, name, record.get(name + "_tokens"))
    if (event.reasoning or 0) > (event.output or 0):
        raise Rejected("negative_remainder")
    event.quality = "exact" if any(getattr(event, c) is not None for c in CLASSES) else "none"
    if event.quality == "none" and record.get("total_tokens") is not None:
        event.total_only, event.quality = record["total_tokens"], "total_only"
    if event.failed():
        event.provider, event.model = event.provider or "(none)", event.model or "(none)"
    return [event]


def read_line(raw, form):
    """The events of one logical line, or Ignored or Rejected."""
    if not raw.strip():
        raise Ignored("blank")
    if NGINX_ACCESS.match(raw) or NGINX_ERROR.match(raw):
        raise Ignored("nginx")
    try:
        record = json.loads(raw.decode("utf-8", "replace"), parse_float=Fraction)
    except ValueError:
        raise Rejected("not_json")
    if not isinstance(record, dict):
        raise Rejected("not_json")
    return kong_events(record) if form == "kong" else line_event(record)


# --- exactly once ---------------------------------------------------------------------------------------------------------

class Stored:
    __slots__ = ("event", "nodes")

    def __init__(self, event, node):
        self.event, self.nodes = event, {node}


class File:
    """One file (or archive member) as it was given: its source, its node, its logical lines, its bytes uncompressed, its {date}."""

    def __init__(self, name, source, form, node, lines, physical, date):
        self.name, self.source, self.form, self.node, self.lines = name, source, form, node, lines
        self.physical, self.date = physical, date


class Ledger:
    """All files of a world, counted as the contract says; the order of the files must not matter."""
    read = staticmethod(read_line)

    def __init__(self, zone, files):
        self.zone, self.live, self.known, self.intake = zone, {}, {}, []
        self.identities = collections.defaultdict(set)  # identity -> payloads seen
        for given in files:
            self.take(given)

    def take(self, given):
        content = (given.source, given.physical)
        copy = content in self.known
        seen, days = collections.Counter(), set()
        count = collections.Counter(files=1)
        for raw in given.lines:
            raw, node = raw if isinstance(raw, tuple) else (raw, given.node)
            try:
                events = self.read(raw, given.form)
            except Ignored:
                count["ignored"] += 1
                count["lines"] += 1
                continue
            except Rejected:
                count["rejected"] += 1
                count["lines"] += 1
                continue
            count["lines"] += len(events)
            seen[raw] += 1
            for nth, event in enumerate(events):
                days.add(self.zone.day(event.ts))
                key = (given.source, event.id) if event.id is not None else (given.source, None, raw, nth, seen[raw])
                self.keep(key, event, event_node(event, raw, given.form, node))
        if copy:
            count["ignored"] = count["rejected"] = 0
        self.known[content] = True
        self.intake.append((days or {given.date}, count))

    def keep(self, key, event, node):
        self.identities[key].add(event.payload())
        old = self.live.get(key)
        if old is None:
            self.live[key] = Stored(event, node)
        elif old.event.payload() == event.payload():
            old.nodes.add(node)
        else:
            mine, theirs = event.weight(), old.event.weight()
            assert mine != theirs, "a conflict that only digests decide: %r" % (key,)
            if mine > theirs:
                self.live[key] = Stored(event, node)

    def events(self):
        """(source, node, event) of everything that counts."""
        for key, stored in self.live.items():
            yield key[0], min(stored.nodes, key=lambda n: (n is None, (n or "").encode())), stored.event

    def totals(self, days):
        """Whole files that hold a line of the days; events + duplicates + conflicts as one, their split is free."""
        out = collections.Counter(files=0, lines=0, ignored=0, rejected=0)
        for held, count in self.intake:
            if held & days:
                out.update(count)
        out["counted"] = out["lines"] - out["ignored"] - out["rejected"]
        return out


def event_node(event, raw, form, node):
    if form == "tollbook_event":
        return json.loads(raw.decode("utf-8", "replace")).get("node") or node
    return node


# --- reports --------------------------------------------------------------------------------------------------------------

def decimal_text(value):
    """Exact decimal text: no exponent, trailing zeros cut."""
    if value == 0:
        return "0"
    denominator, digits = value.denominator, 0
    while denominator % 10 == 0:
        denominator //= 10
        digits += 1
    while denominator > 1:
        denominator //= 2 if denominator % 2 == 0 else 5
        digits += 1
    whole = abs(value) * 10 ** digits
    assert whole.denominator == 1
    text = str(whole.numerator).rjust(digits + 1, "0")
    if digits:
        text = (text[:-digits] + "." + text[-digits:]).rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + text


def round_half_away(value, digits):
    scaled = abs(value) * 10 ** digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(-whole if value < 0 else whole, 10 ** digits)


def add_event(cell, event, basis, cost):
    cell["requests"] += 1
    cell["errors"] += event.failed()
    for name in COUNTS:
        cell[name] += getattr(event, name) or 0
    if event.total_only is not None:
        cell["input"] += event.total_only
        cell["total_only"] += event.total_only
    cell["saved"] += event.saved or 0
    if cost is not None:
        cell["cost"] += cost


def new_cell():
    return dict.fromkeys(("requests", "errors") + COUNTS + ("total_only", "saved"), 0) | {"cost": Fraction(0)}


def order(value):
    return (value is not None, (value or "").encode("utf-8", "surrogatepass"))


def settle(costs):
    """Cents of one day by largest remainder: {(team, cost centre): exact} -> {...: cents}."""
    total = round_half_away(sum(costs.values(), Fraction(0)), 2) * 100
    cents = {k: (v * 100).numerator // (v * 100).denominator for k, v in costs.items()}
    rest = int(total) - sum(cents.values())
    ranked = sorted(costs, key=lambda k: (-(costs[k] * 100 - cents[k]), -costs[k], order(k[0]), order(k[1])))
    for key in ranked[:rest]:
        cents[key] += 1
    return cents


class Books:
    """A ledger priced by one version of the tables."""

    def __init__(self, ledger, tables, bill=None):
        self.zone, self.rows = ledger.zone, []
        for source, node, event in ledger.events():
            if bill is None or bill.get(source, True):
                basis, cost = tables.cost(event)
                team, center = tables.account(event, source)
                self.rows.append((ledger.zone.day(event.ts), source, node, event, team, center, basis, cost))

    def days(self):
        return sorted({row[0] for row in self.rows})

    def chargeback(self, first, last):
        """The report's totals, lines (a dict by key), teams and unpriced, as the JSON has them."""
        lines, unpriced = {}, {}
        by_day = collections.defaultdict(lambda: collections.defaultdict(Fraction))
        total = new_cell()
        for day, source, _node, event, team, center, basis, cost in self.rows:
            if not first <= day <= last:
                continue
            key = (team, center, event.consumer, source, event.provider, event.model, basis)
            add_event(lines.setdefault(key, new_cell()), event, basis, cost)
            add_event(total, event, basis, cost)
            by_day[day][team, center] += cost or 0
            if basis == "unpriced":
                cell = unpriced.setdefault((event.provider, event.model), [0, 0])
                cell[0] += 1
                cell[1] += event.total()
        cost, cents = collections.defaultdict(Fraction), collections.Counter()
        for costs in by_day.values():
            for key, value in costs.items():
                cost[key] += value
            cents.update(settle(costs))
        teams = [{"team": k[0], "cost_center": k[1], "cost": decimal_text(cost[k]), "shared": "0", "adjustments": "0",
                  "billed": "%d.%02d" % divmod(cents[k], 100)} for k in sorted(cost, key=lambda k: tuple(map(order, k)))]
        for key, cell in lines.items():
            cell["cost"] = None if key[6] == "unpriced" else decimal_text(cell["cost"])
        total["cost"], total["billed"] = decimal_text(total["cost"]), decimal_text(Fraction(sum(cents.values()), 100))
        total.pop("total_only"), total.pop("saved")
        return {"totals": total, "lines": lines, "teams": teams,
                "unpriced": [{"provider": k[0], "model": k[1], "requests": v[0], "tokens": v[1]}
                             for k, v in sorted(unpriced.items(), key=lambda i: tuple(map(order, i[0])))]}

    def usage(self, first, last, dims, keep=None):
        """{dimension values: cell with averages and percentiles}; first and last are days."""
        groups = collections.defaultdict(list)
        for row in self.rows:
            if first <= row[0] <= last and (keep is None or keep(row)):
                groups[tuple(dimension(self.zone, row, d) for d in dims)].append(row)
        return {key: usage_cell(rows) for key, rows in groups.items()}


def dimension(zone, row, name):
    day, source, node, event, team, center, _basis, _cost = row
    if name in ("consumer", "provider", "model", "feature", "variant", "trigger"):
        return getattr(event, name)
    return {"day": day.isoformat(), "source": source, "node": node, "team": team, "cost_center": center,
            "hour": hour_start(zone, event.ts)}[name]


def hour_start(zone, us):
    """The instant at which the local clock's hour of `us` began."""
    local = zone.local(us)
    return us - ((local.minute * 60 + local.second) * 1000000 + local.microsecond)


def nearest_rank(values, per_cent):
    ordered = sorted(values)
    return ordered[-(-per_cent * len(ordered) // 100) - 1] if ordered else None


def usage_cell(rows):
    cell = new_cell()
    for row in rows:
        add_event(cell, row[3], row[6], row[7])
    plain = all(r[3].total_only is None and not r[3].hit for r in rows)
    cell["consumers"] = len({r[3].consumer for r in rows})
    if all(row[6] == "unpriced" for row in rows):
        cell["cost"] = cell["cost_per_request"] = None  # the contract says only: never a silent 0
    else:
        cell["cost_per_request"] = decimal_text(round_half_away(cell["cost"] / cell["requests"], 12))
        cell["cost"] = decimal_text(cell["cost"])
    for field, out in (("input", "input"), ("output", "output"), ("latency_ms", "latency_ms")):
        if field != "latency_ms" and not plain:
            continue  # whether a total or a saved call has an `input` value is left open
        values = [getattr(r[3], field) for r in rows if getattr(r[3], field) is not None]
        cell[out + "_p95"] = nearest_rank(values, 95)
        cell[out + "_avg"] = round_half_away(Fraction(sum(values), len(values)), 6) if values else None
    return cell
