"""Hostile but legal worlds, from a seed: a folder with a configuration, tables and logs, and what model.py needs to know of it.

Every world has Kong records of each `ai` shape from 3.6 to 3.12 and tollbook_event lines, on several nodes, around a day on
which something happens to the clock of the billing zone; lines wrapped, torn, repeated, in conflict; files overlapping, copied
under another name and compression, packed into archives. Wherever a gateway writes something secret, a word with MARK is
planted: it must never be found in anything that the program writes.
"""
import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import os
import random
import shutil
import subprocess
import tarfile
import zipfile
from fractions import Fraction

import model

MARK = "SEKRIT"
# zone, a date of interest: 23, 25, 24.5 hours, midnight that does not exist, midnight twice, a date that does not exist
ANCHORS = [
    ("Europe/Berlin", "2026-03-29"), ("America/New_York", "2025-11-02"), ("Australia/Lord_Howe", "2026-04-05"),
    ("Africa/Cairo", "2026-04-24"), ("Asia/Kolkata", "2025-12-31"), ("America/Havana", "2025-11-02"),
    ("Asia/Kathmandu", "2026-02-28"), ("America/Santiago", "2026-04-05"), ("America/St_Johns", "2010-11-07"),
    ("Pacific/Chatham", "2026-04-05"), ("Pacific/Apia", "2011-12-31"), ("UTC", "2024-02-29"),
    ("America/Sao_Paulo", "2018-11-04"), ("Asia/Beirut", "2026-03-29"), ("Pacific/Kiritimati", "2026-01-01"),
    ("Europe/London", "2025-10-26"), ("Asia/Gaza", "2025-04-12"), ("Antarctica/Troll", "2026-03-29"),
]
PRICE_COLUMNS = ("provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_from,"
                 "context_rule,note").split(",")
ACCOUNT_COLUMNS = "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to".split(",")
# provider, model as a gateway reports it
MODELS = [
    ("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4o-mini"), ("azure", "gpt-4o-2024-08-06"), ("openai", "gpt-4o-mini-2024"),
    ("bedrock", "anthropic.claude-3-haiku-20240307-v1:0"), ("bedrock", "anthropic.claude-3-sonnet-20240229-v1:0"),
    ("gemini", "gemini-1.5-pro"), ("gemini", "gemini-1.5-flash"), ("anthropic", "claude-stack-4"), ("mistral", "from-large"),
    ("openai", "o3-mini"), ("openai", "o4-think"), ("search", "sonar-7"), ("openai", "svc-model"), ("local", "free-model"),
    ("tiny", "pico-price"), (None, "anyone-model"), ("openai", "anyone-model"), ("x", "mystery-1"), ("x", "half-priced"),
    ("x", "gap-model"), ("x", "lit*star"), ("x", "litXstar"), ("x", "writer-5m"), ("x", "writer-in"), ("x", "later-cache"),
    ("x", "модель-1"), ("deepseek", "deepseek-chat"), (None, "nobody-prices-this"),
]
REQUEST_PRICED = {"sonar-7"}
LONG = {"gemini-1.5-pro": 128000, "gemini-1.5-flash": 128000, "claude-stack-4": 1000, "from-large": 500}
CONSUMERS = [
    "alice", "bob", "team-a-bot", "team-a-human", "dev-zoë", "日本", "=cmd|' /C calc'!A0", "+1 555", "@import", "-minus",
    "ops-1", "ops-22", "ops-[x]", "unmapped one", "x" * 120, "semi;colon", 'quo"te', "comma, consumer", "émile 😀", "mover",
]


def price(provider, name, meter, amount, per=1000000, **more):
    row = dict.fromkeys(PRICE_COLUMNS, "")
    row.update(provider=provider, model=name, meter=meter, price=amount, per=str(per), currency="USD")
    row.update({k: str(v) for k, v in more.items()})
    return row


def price_rows(rng, noon, next_noon):
    """Rows that never tie. `noon` and `next_noon` are RFC 3339 instants."""
    def cents(low, high):
        return "%d.%0*d" % (rng.randint(low, high), rng.randint(1, 6), rng.randint(0, 9))
    rows = [
        price("", "gpt-4o*", "input", cents(4, 6), effective_to=noon), price("", "gpt-4o*", "input", cents(2, 3), effective_from=noon),
        price("", "gpt-4o*", "output", cents(14, 16), effective_to=noon), price("", "gpt-4o*", "output", cents(9, 10), effective_from=noon),
        price("", "gpt-4o*", "cache_read", cents(1, 1), effective_from=noon),
        price("openai", "gpt-4o-mini", "input", "0.15"), price("openai", "gpt-4o-mini", "output", "0.60"),
        price("", "gpt-4o-mini*", "input", "0.17"), price("", "gpt-4o-mini*", "output", "0.71"),
        price("azure", "gpt-4o*", "input", "5.5"), price("az*", "gpt-4o*", "input", "77"), price("azure", "gpt-4o*", "output", "16.5"),
        price("bedrock", "anthropic.claude-3-[hs]*", "input", "3"), price("bedrock", "anthropic.claude-3-[hs]*", "output", "15"),
        price("bedrock", "anthropic.claude-3-haiku-????????-v1:0", "input", "0.25"),
        price("bedrock", "anthropic.claude-3-haiku*", "output", "1.25"),
        price("gemini", "gemini-1.5-*", "input", "1.25"), price("gemini", "gemini-1.5-*", "output", "5"),
        price("gemini", "gemini-1.5-*", "input", "2.50", context_over=128000), price("gemini", "gemini-1.5-*", "output", "10", context_over=128000),
        price("gemini", "gemini-1.5-flash", "cache_read", "0.3125"), price("gemini", "gemini-1.5-flash", "cache_read", "0.625", context_over=128000),
        price("gemini", "gemini-1.5-*", "input", "2.55", context_from=128000), price("gemini", "gemini-1.5-*", "input", "9.9", context_over=1000000),
        price("", "claude-stack-4", "input", "3"), price("", "claude-stack-4", "output", "15"),
        price("", "claude-stack-4", "input", "6", context_over=1000, context_rule="marginal"),
        price("", "claude-stack-4", "input", "7.000000001", context_over=5000, context_rule="marginal"),
        price("", "claude-stack-4", "cache_write_5m", "3.75"),
        price("", "claude-stack-4", "cache_write_5m", "7.5", context_over=1000, context_rule="marginal"),
        price("", "from-large", "input", "2"), price("", "from-large", "output", "6"),
        price("", "from-large", "input", "4", context_from=500), price("", "from-large", "output", "12", context_from=500),
        price("openai", "o3-mini", "input", "1.1"), price("openai", "o3-mini", "output", "4.4"), price("openai", "o3-mini", "reasoning", "5.5"),
        price("openai", "o3-mini", "cache_read", "0.55"),
        price("openai", "o4-*", "input", "1.1"), price("openai", "o4-*", "output", "4.4"),
        price("openai", "o4-*", "reasoning", "2.2", effective_from=noon),
        price("search", "sonar*", "input", "1"), price("search", "sonar*", "output", "1"), price("search", "sonar*", "request", "5", per=1000),
        price("", "svc-model", "input", "10"), price("", "svc-model", "output", "20"),
        price("", "svc-model", "input", "20", service_tier="priority"), price("", "svc-model", "output", "40", service_tier="priority"),
        price("", "svc-model", "input", "5", service_tier="flex"),
        price("", "free-model", "input", "0"), price("", "free-model", "output", "0"),
        price("tiny", "pico-price", "input", "0.000000000123", per=1), price("tiny", "pico-price", "output", "0.000000000007", per=1000000),
        price("", "anyone-model", "input", "1"), price("", "anyone-model", "output", "2"),
        price("open*", "anyone-model", "input", "3"),
        price("", "half-priced", "input", "1"),
        price("", "gap-model", "input", "1", effective_to=noon), price("", "gap-model", "output", "1", effective_to=noon),
        price("", "gap-model", "input", "2", effective_from=next_noon), price("", "gap-model", "output", "2", effective_from=next_noon),
        price("", "lit\\*star", "input", "1.5"), price("", "lit\\*star", "output", "2.5"),
        price("", "writer-5m", "input", "3"), price("", "writer-5m", "output", "15"), price("", "writer-5m", "cache_write_5m", "3.75"),
        price("", "writer-in", "input", "3"), price("", "writer-in", "output", "15"), price("", "writer-in", "cache_write_1h", "6"),
        price("", "later-cache", "input", "3"), price("", "later-cache", "output", "4"),
        price("", "later-cache", "cache_read", "0.3", effective_from=next_noon),
        price("", "модель-*", "input", "0.333333333333"), price("", "модель-*", "output", "0.666666666667"),
        price("deepseek", "*chat", "input", "0.00027", per=1000), price("deepseek", "*chat", "output", "0.0011", per=1000),
    ]
    rng.shuffle(rows)
    return rows


def account_rows(noon, date):
    def account(consumer, team, center="", **more):
        row = dict.fromkeys(ACCOUNT_COLUMNS, "")
        row.update(consumer=consumer, team=team, cost_center=center)
        row.update(more)
        return row
    return [
        account("alice", "core", "0042"), account("b*", "core", "0043"), account("team-a-*", "Team A", "CC-1"),
        account("team-a-bot", "Bots", "CC-9", kind="service"), account("dev-*", "dév", ""), account("日本", "東京", "42"),
        account("ops-2?", "ops", "1"), account("ops-*", "ops, the \"rest\"", "2"), account("ops-\\[x\\]", "ops exact", "3"),
        account("*", "apps default", "77", source="apps"), account("comma, consumer", "Team A", ""),
        account("alice", "core apps", "0042", source="apps"), account("(anonymous)", "guests", "1900"),
        account("mover", "before noon", "1", effective_to=noon), account("mover", "after noon", "1", effective_from=noon),
        account("x" * 120, "=SUM(A1)", "CC-1", effective_from=date), account("=cmd*", "core", "0042"),
    ]


class World:
    """One generated world. `files` is what model.Ledger takes; `write` puts the folder on disk."""

    def __init__(self, seed, events=2500):
        self.rng, self.seed, self.serial = random.Random(seed), seed, 0
        name, date = ANCHORS[seed % len(ANCHORS)]
        self.zone, self.middle = model.Zone(name), dt.date.fromisoformat(date)
        self.dates = [self.middle + dt.timedelta(days=n) for n in (-1, 0, 1)]
        self.begin, self.end = self.zone.start(self.dates[0]), self.zone.start(self.dates[-1] + dt.timedelta(days=1))
        self.noon = self.zone.start(self.middle) + 12 * 3600 * 1000000
        stamp = lambda us: self.rfc3339(us, 0)
        self.prices = price_rows(self.rng, stamp(self.noon), stamp(self.noon + 86400 * 1000000))
        self.accounts = account_rows(stamp(self.noon), date)
        self.nodes = self.rng.sample(["a", "b", "eu-1", "kong2", "ü"], self.rng.choice([2, 3]))
        self.bill = {"gateway": True, "apps": True, "edge": True}
        self.files, self.disk = [], []  # model.File; (path, bytes)
        self.rejects = {}  # (path, line) -> its bytes (first, end), in files that are neither wrapped nor in archives
        self.compose(events)

    # --- small draws --------------------------------------------------------------------------------------------------

    def secret(self):
        return "%s%08x" % (MARK, self.rng.getrandbits(32))

    def rfc3339(self, us, digits=6):
        zone = model.UTC if self.rng.random() < 0.4 else self.zone.info
        local = (model.EPOCH + dt.timedelta(microseconds=us)).astimezone(zone)
        text = local.strftime("%Y-%m-%dT%H:%M:%S")
        fraction = "%06d" % local.microsecond
        if digits == 6 and fraction == "000000":
            digits = self.rng.choice([0, 3, 6])
        text += "." + fraction[:digits] if digits else ""
        offset = int(local.utcoffset().total_seconds()) // 60
        if offset == 0:
            return text + self.rng.choice(["Z", "+00:00"])
        return text + "%s%02d:%02d" % ("-" if offset < 0 else "+", abs(offset) // 60, abs(offset) % 60)

    def moment(self):
        """Microseconds; often at an edge: of a day, of a price."""
        r = self.rng
        if r.random() < 0.25:
            edge = r.choice([self.zone.start(d) for d in self.dates] + [self.end, self.noon, self.noon + 86400 * 1000000])
            us = edge + r.choice([-1000000, -1000, -1, 0, 1, 1000, 60000000, -1800 * 1000000, 1800 * 1000000])
            return min(max(us, self.begin), self.end - 1)
        return r.randrange(self.begin, self.end)

    def amounts(self, name):
        """prompt, cached, completion, reasoning."""
        r = self.rng
        prompt = r.choice([0, 1, r.randint(2, 400), r.randint(2, 9000), r.randint(2, 30000)])
        if name in LONG and r.random() < 0.7:
            prompt = max(0, LONG[name] + r.choice([-1, 0, 1, r.randint(-LONG[name], LONG[name] * 9)]))
        completion = r.choice([0, 1, r.randint(2, 300), r.randint(2, 4000)])
        if prompt == 0 and completion == 0:
            prompt = 3
        cached = r.choice([0, prompt, r.randint(0, prompt)])
        return prompt, cached, completion, r.choice([0, completion, r.randint(0, completion)])

    # --- Kong -----------------------------------------------------------------------------------------------------------

    def kong(self, us):
        """One record as a dict; the shape of its `ai` section is drawn from all there are."""
        r = self.rng
        self.serial += 1
        ms = -(-us // 1000)
        status = r.choices([200, 200, 201, 429, 401, 502, 500, 499], [40, 8, 1, 3, 1, 1, 1, 1])[0]
        rid = "" if r.random() < 0.05 else "%08x%024x" % (self.serial, r.getrandbits(96))
        path = r.choice(["/ai/budget", "/ai/chat", "/v1/é"])
        key = r.choice(["apikey", "x-api-key", "authorization", "Authorization", "cookie", "proxy-authorization"])
        record = {
            "request": {
                "id": rid, "uri": path + "?api_key=" + self.secret(), "method": "POST", "size": r.randint(100, 9000),
                "url": "https://kong.example.net:8443" + path + "?token=" + self.secret(),
                "querystring": {"api_key": self.secret(), self.secret(): True} if r.random() < 0.5 else {},
                "headers": {"host": "kong.example.net", key: "Bearer " + self.secret(), "accept": "*/*",
                            "cookie": "sid=" + self.secret(), "x-forwarded-for": ["10.0.0.1", "10.0.0.2"],
                            "user-agent": r.choice(["python-requests/2.32.3", "curl/8.4.0", "Mözilla/5.0 (X11; \"q\")"])}},
            "upstream_uri": "/model/m/converse?key=" + self.secret(),
            "upstream_status": r.choice(["200", 200, "502, 200"]) if status < 400 else "",
            "response": {"status": status, "size": r.randint(50, 90000),
                         "headers": {"content-type": "application/json", "set-cookie": ["sid=" + self.secret()],
                                     "x-ai-ratelimit-remaining-86400-bedrock": "0"}},
            "latencies": {"kong": r.randint(0, 9), "proxy": r.choice([-1, 842]), "request": r.randint(1, 30000), "receive": 0},
            "tries": r.choice([[], {}, [self.attempt(ms)], [self.attempt(ms), self.attempt(ms)]]),
            "route": {"id": "0f1a4101-3327-4274-b1e4-484a4ab0c030", "name": r.choice(["ai-budget", "ai-chat", "träge"]),
                      "paths": [path], "tags": {}, "created_at": 1761900000},
            "service": {"name": "bedrock-budget", "host": "localhost", "port": 32000},
            "client_ip": r.choice(["10.42.0.17", "2001:db8::1"]), "started_at": ms, "source": "upstream",
            "workspace_name": "default", "authenticated_entity": {"id": self.secret(), "consumer_id": "c"},
        }
        self.kong_consumer(record)
        if r.random() < 0.08:
            del record["route"]
        if status in (429, 401) or (status >= 500 and r.random() < 0.5):
            if r.random() < 0.3:
                record["ai"] = {}
            elif r.random() < 0.3:
                provider, name = r.choice(MODELS[:14])
                record["ai"] = {"proxy": {"meta": {"provider_name": provider, "request_model": name, "plugin_id": "p"}}}
            return record
        if r.random() < 0.08:
            return record  # not ai
        self.kong_ai(record)
        return record

    def attempt(self, ms):
        return {"balancer_start": ms, "balancer_start_ns": float("%.13g" % (ms * 1e6)), "ip": "52.94.133.131", "port": 443,
                "balancer_latency": 0, "code": 502, "state": "next"}

    def kong_consumer(self, record):
        r = self.rng
        who, kind = r.choice(CONSUMERS), r.random()
        if kind < 0.7:
            record["consumer"] = {"id": "0b6e0a5e-" + str(CONSUMERS.index(who)), "username": who, "custom_id": "CC-1", "tags": ["t"]}
        elif kind < 0.8:
            record["consumer"] = {"id": "0b6e0a5e", "custom_id": who}
        elif kind < 0.85:
            record["consumer"] = {"id": who}

    def kong_ai(self, record):
        r = self.rng
        shape = r.choice(["3.6", "3.7", "3.8", "3.8", "3.9", "3.9", "3.11", "3.11", "3.12"])
        plugins = {"3.6": [None], "3.7": ["ai-proxy"], "3.8": ["ai-proxy-advanced"]}.get(shape, ["proxy"])
        if shape != "3.6" and r.random() < 0.15:
            plugins = plugins + r.sample(["ai-request-transformer", "ai-response-transformer"], r.choice([1, 1, 2]))
        ai, hit = {}, shape not in ("3.6", "3.7") and r.random() < 0.08
        for n, plugin in enumerate(plugins):
            part = self.kong_part(shape, hit and n == 0)
            if plugin is None:
                ai = part
            else:
                ai[plugin] = part
        if shape in ("3.11", "3.12") and r.random() < 0.3:
            ai["compressor"] = {"original_token_count": 845, "save_token_count": 360, "compress_type": "rate"}
            ai["mcp"] = {"mcp_session_id": self.secret(), "rpc": [{"method": "tools/call", "tool_name": "list_orders"}]}
            ai["payload"] = {"request": "$OPTIONAL_PAYLOAD_REQUEST " + self.secret()}
        record["ai"] = ai

    def kong_part(self, shape, hit):
        r = self.rng
        provider, name = r.choice(MODELS)
        prompt, cached, completion, reasoning = self.amounts(name)
        words = ("prompt_token", "completion_token") if shape == "3.7" else ("prompt_tokens", "completion_tokens")
        usage = {words[0]: prompt, words[1]: completion, "total_tokens": prompt + completion + r.choice([0, 0, 0, 7])}
        meta = {"provider_name": provider, "request_model": r.choice([name, "UNSPECIFIED", "gpt-asked"]), "response_model": name}
        if provider is None:
            del meta["provider_name"]
        if meta["request_model"] == name and r.random() < 0.3:
            del meta["response_model"]
        elif r.random() < 0.02:
            meta.update(request_model="UNSPECIFIED")
            del meta["response_model"]
        part = {"meta": meta, "usage": usage}
        if shape != "3.6":
            meta["plugin_id"] = "6e7c40f6-ce96-48e4-a366-d109c169e444"
        if shape not in ("3.6", "3.7"):
            usage.update(time_per_token=8.0588235294118, cost=r.choice([0, 0.00037, 0.000458]))
            meta["llm_latency"] = 790
            part["cache"] = {"cache_status": "Hit", "fetch_latency": 12} if hit else r.choice([{}, {"cache_status": "Miss"}])
        if shape in ("3.11", "3.12"):
            usage["prompt_tokens_details"] = {"cached_tokens": cached, "audio_tokens": 0}
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning, "audio_tokens": 0}
        if shape == "3.12":
            usage["time_to_first_token"], meta["request_mode"] = 631, "stream"
        if r.random() < 0.3:
            fake = '","usage":{"prompt_tokens":999999,"completion_tokens":999999},"started_at":1'
            part["payload"] = {"request": json.dumps({"messages": [{"role": "user", "content": "why? " + self.secret() + fake}]}),
                               "response": '{"usage":{"prompt_tokens":88888888},"x":"%s"}' % self.secret()}
        return part

    # --- tollbook_event ---------------------------------------------------------------------------------------------------

    def line(self, us):
        r = self.rng
        self.serial += 1
        provider, name = r.choice(MODELS)
        prompt, cached, completion, reasoning = self.amounts(name)
        record = {"id": r.choice(["ev-%d", "évé/%d"]) % self.serial, "ts": self.rfc3339(us), "consumer": r.choice(CONSUMERS),
                  "provider": provider, "model": name, "latency_ms": r.randint(0, 5000), "extra": {"deep": [1, {"a": None}]},
                  "feature": r.choice(["search", "suggest", None]), "variant": r.choice(["A", "B", None]),
                  "trigger": r.choice(["user", "retry", "auto-save", None]), "status": 200, "node": r.choice(["w1", "w2", None]),
                  "prompt": "tell me " + self.secret(), "authorization": "Bearer " + self.secret(), "client_ip": "10.1.2.3"}
        kind = r.random()
        if kind < 0.72:
            record.update(input_tokens=prompt - cached, output_tokens=completion)
            if r.random() < 0.5:
                record.update(cache_read_tokens=cached)
            if r.random() < 0.4:
                record.update(reasoning_tokens=reasoning)
            if r.random() < 0.3:
                record.update(cache_write_5m_tokens=r.randint(1, 3000))
            if r.random() < 0.2:
                record.update(cache_write_1h_tokens=r.randint(1, 3000))
            if sum(record.get(c + "_tokens", 0) for c in model.CLASSES) == 0:
                record.update(output_tokens=5)
        elif kind < 0.8 and name not in REQUEST_PRICED and name not in LONG:
            record.update(total_tokens=prompt + completion)
        elif kind < 0.86 and name not in REQUEST_PRICED:
            record.update(cost_usd=0)  # neither tokens nor a price: what the line says
        else:
            record.update(status=r.choice([429, 500]), success=False)
            record.pop("cost_usd", None)
            if r.random() < 0.5:
                del record["provider"], record["model"]
        if r.random() < 0.2 and name not in REQUEST_PRICED:
            record.update(service_tier=r.choice(["priority", "flex", "batch"]))
        if name == "svc-model":
            record.update(service_tier=r.choice(["priority", "flex", "batch", None]))
        if "cost_usd" in record or (r.random() < 0.2 and record["status"] != 429):
            record["cost_usd"] = "@COST@"  # as the digits of the log, not as a float
        if r.random() < 0.1 and record["status"] == 200 and name not in REQUEST_PRICED:
            record["success"] = False
        if r.random() < 0.04:
            del record["id"]
        if r.random() < 0.03:
            record["id"] = ""
        for key in [k for k, v in record.items() if v is None]:
            if r.random() < 0.5:
                del record[key]
        return record

    # --- bytes ------------------------------------------------------------------------------------------------------------

    def dump(self, record):
        """A record as one line: key order, escapes and spaces vary, what it says does not."""
        r = self.rng
        record = dict(record)
        if r.random() < 0.3:
            keys = list(record)
            r.shuffle(keys)
            record = {k: record[k] for k in keys}
        separators = r.choice([(",", ":"), (",", ":"), (", ", ": ")])
        text = json.dumps(record, ensure_ascii=r.random() < 0.5, separators=separators)
        if r.random() < 0.5:
            text = text.replace("/", "\\/")
        cost = r.choice(["0", "0.0000470001", "1.5", "2e-7", "0.10", "12.000000000001"])
        text = text.replace('"@COST@"', cost)
        if r.random() < 0.1:  # a key twice: the last one rules
            text = '{"started_at":7,"ts":"2001-01-01T00:00:00Z",' + text[1:]
        raw = text.encode()
        if r.random() < 0.03:
            raw = raw.replace("zoë".encode(), b"zo\xff").replace("é".encode(), b"\xfe")
        return raw

    def noise(self):
        r = self.rng
        return r.choice([
            b"", b"   ",
            b'10.42.0.17 - - [02/Nov/2025:23:59:50 +0000] "POST /ai/budget?apikey=%s HTTP/1.1" 200 1290 "-" "x"' % self.secret().encode(),
            b'10.42.0.17 - bob [02/Nov/2025:23:59:50 +0000] "GET /x HTTP/1.1" 404 0 "http://r/?k=%s" "curl/8"' % self.secret().encode(),
            b'2025/11/02 23:59:52 [error] 25932#0: *1 [kong] init.lua:405 [ai-proxy] failed, client: 10.42.0.17, request: '
            b'"POST /ai/budget?key=%s HTTP/1.1", host: "kong.example.net"' % self.secret().encode(),
            b'2025/11/02 23:59:55 [warn] 25932#0: *7 a client request body is buffered to a temporary file /x'])

    def torn(self, raw):
        """One or two lines that a torn write leaves behind; no piece of them is a record."""
        cut = self.rng.randrange(20, len(raw) - 20)
        if self.rng.random() < 0.5:
            return [raw[:cut]]
        return [raw[:cut] + raw, raw[cut:]]

    def variant(self, record, form):
        """The same call with another payload, so that the contract says which of the two stays."""
        other, r = json.loads(json.dumps(record)), self.rng
        kind = r.choice(["usage", "total", "later", "fields", "estimated", "much later"])
        if form == "kong":
            blocks = [part for _key, part in model.kong_blocks(other.get("ai"))]
            if len(blocks) != 1 or other["response"]["status"] >= 400 or (blocks[0].get("cache") or {}).get("cache_status") == "Hit":
                return None
            usage = blocks[0]["usage"]
            words = ("prompt_token", "completion_token") if "prompt_token" in usage else ("prompt_tokens", "completion_tokens")
            if usage[words[0]] == 0:
                return None  # estimated already
            if kind == "usage":
                other["response"]["status"], other["upstream_status"] = 502, ""
                del other["ai"]
            elif kind == "total":
                usage[words[1]] += r.randint(1, 500)
            elif kind == "estimated" and usage[words[1]] > 0 and "prompt_tokens_details" not in usage:
                usage[words[0]] = 0
                usage[words[1]] += 1000000
            elif kind == "fields" and "consumer" in other:
                del other["consumer"]
            else:
                other["started_at"] += r.choice([1, 3600000]) if kind != "much later" else 25 * 3600000
        else:
            if not other.get("input_tokens") or other.get("cost_usd"):
                return None
            if kind == "total":
                other["input_tokens"] += 1 + r.randint(0, 90)
            elif kind == "usage":
                for name in model.COUNTS:
                    other.pop(name + "_tokens", None)
            elif kind == "estimated" and other["model"] not in REQUEST_PRICED and other["model"] not in LONG:
                for name in model.COUNTS:
                    other.pop(name + "_tokens", None)
                other["total_tokens"] = 10000000
            elif kind == "fields":
                del other["client_ip"]
            else:
                us = model.parse_instant(other["ts"]) + r.choice([1, 7200 * 1000000])
                other["ts"] = self.rfc3339(us)
        return other

    # --- files ------------------------------------------------------------------------------------------------------------

    def compose(self, events):
        r = self.rng
        kong, lines = {}, {}  # (node, UTC date) -> logical lines
        dates = sorted({(model.EPOCH + dt.timedelta(microseconds=us)).date()
                        for us in range(self.begin - 86400 * 1000000, self.end + 2 * 86400 * 1000000, 3600 * 1000000)})
        for date in dates:
            for node in self.nodes:
                kong[node, date], lines[node, date] = [], []
        # every pattern finds a file for every day
        for _ in range(events):
            us, node = self.moment(), r.choice(self.nodes)
            date = (model.EPOCH + dt.timedelta(microseconds=us)).date()
            form, place = ("kong", kong) if r.random() < 0.65 else ("tollbook_event", lines)
            record = self.kong(us) if form == "kong" else self.line(us)
            raw = self.dump(record)
            place[node, date].append(raw)
            again = r.random() if valid_utf8(raw) else 1
            if again < 0.03:
                place[node, date].extend([raw] * r.choice([1, 2]))
            elif again < 0.06 and (record.get("request") or record).get("id") and b"@COST@" not in raw and "cost_usd" not in record:
                other = self.dump(record)  # the same call in other bytes, on any node, in a later file
                if [e.payload() for e in model_payload(raw, form)] == [e.payload() for e in model_payload(other, form)]:
                    place[r.choice(self.nodes), min(date + dt.timedelta(days=1), dates[-1])].append(other)
            elif again < 0.10 and (record.get("request") or record).get("id"):
                self.conflict(record, form, place, date, dates)
            if r.random() < 0.03:
                place[node, date].extend(self.torn(raw))
            if r.random() < 0.08 and form == "kong":
                place[node, date].append(self.noise())
            if form != "kong" and r.random() < 0.03:
                place[node, date].append(r.choice([b"", b'{"id":"no-ts","input_tokens":1}', b'{"ts":"2026-03-29T10:00:00","input_tokens":1}',
                                                   b'{"ts":"2026-03-29T10:00:00Z","output_tokens":1,"reasoning_tokens":2}']))
        for (node, date), raws in kong.items():
            self.spread("gateway", "kong", node, date, raws)
        for (node, date), raws in lines.items():
            self.spread("apps", "tollbook_event", node, date, raws)
        self.edge(kong, dates)

    def conflict(self, record, form, place, date, dates):
        other = self.variant(record, form)
        if other is None or other == record or any(v == "@COST@" for v in record.values()):
            return
        raw = self.dump(other)
        one, two = model_payload(self.dump(record), form), model_payload(raw, form)
        if len(one) == 1 and len(two) == 1 and one[0].id == two[0].id and b"\xff" not in raw and b"\xfe" not in raw:
            if one[0].payload() != two[0].payload() and one[0].weight() != two[0].weight():
                late = min(max(date + dt.timedelta(days=self.rng.choice([0, 1])), dates[0]), dates[-1])
                place[self.rng.choice(self.nodes), late].append(raw)

    def edge(self, kong, dates):
        """A second source that saw some of the same calls: other identities. It has no node but a wrapper's."""
        for date in dates:
            raws = [raw for (_node, at), some in kong.items() if at == date for raw in some if self.rng.random() < 0.05]
            self.put("edge", "kong", None, date, "edge/kong_%s.log" % date.strftime("%Y%m%d"), raws, self.rng.choice(["plain", "kubectl"]), "plain")

    def spread(self, source, form, node, date, raws):
        """The lines of a node and day over rotated files: with overlaps, copies, archives, wrappers."""
        r = self.rng
        stem = ("logs/kong-%s-%s" if source == "gateway" else "apps/%s/%s/usage") % (
            (node, date) if source == "gateway" else (date.strftime("%Y%m%d"), node))
        parts, at = [], 0
        for cut in sorted(r.randrange(len(raws) + 1) for _ in range(r.choice([0, 1, 2]))) + [len(raws)]:
            parts.append(raws[max(0, at - r.choice([0, 0, 3, 9])):cut])  # the tail of one is the head of the next
            at = cut
        endings = {"plain": "", "gz": ".gz", "gz2": ".gz", "xz": ".xz", "bz2": ".bz2", "zst": ".zst"}
        for n, part in enumerate(parts):
            wrap = r.choices(["plain", "cri", "docker", "kubectl", "kubectl-time"], [6, 2, 2, 1, 1] if form == "kong" else [6, 1, 1, 0, 0])[0]
            pack = r.choice(list(endings))
            self.put(source, form, node, date, "%s.%d.log%s" % (stem, n, endings[pack]), part, wrap, pack)
            if part and r.random() < 0.25:  # the same content again: another name, another compression
                again = r.choice([p for p in endings if p != pack])
                self.put_again("%s.%d-copy.log%s" % (stem, n, endings[again]), again)
        if r.random() < 0.3:
            self.put_archive(source, form, node, date, stem, raws)

    def put(self, source, form, node, date, path, raws, wrap, pack):
        if not raws:
            wrap = "plain"
        if wrap == "docker" and any(not valid_utf8(raw) for raw in raws):
            wrap = "cri"
        physical, lines = getattr(self, "wrap_" + wrap.replace("-", "_"))(raws, node)
        if wrap == "plain":
            at = 0
            for n, raw in enumerate(raws):
                try:
                    model.read_line(raw, form)
                except model.Ignored:
                    pass
                except model.Rejected:
                    self.rejects[path, n + 1] = (at, at + len(raw))
                at += len(raw) + 1
        self.last = (source, form, node, lines, physical, date)
        self.files.append(model.File(path, source, form, node, lines, physical, date))
        self.disk.append((path, compress(physical, pack, self.rng)))

    def put_again(self, path, pack):
        source, form, node, lines, physical, date = self.last
        self.files.append(model.File(path, source, form, node, lines, physical, date))
        self.disk.append((path, compress(physical, pack, self.rng)))

    def put_archive(self, source, form, node, date, stem, raws):
        """A tar.gz or zip with two members: what was in the rotated files, cut elsewhere."""
        cut = self.rng.randrange(len(raws) + 1)
        members = []
        for n, part in enumerate((raws[:cut], raws[cut:])):
            if part:
                physical = b"".join(raw + b"\n" for raw in part)
                members.append(("var/log/%s%d.log" % (self.rng.choice(["", "../"]), n), physical))
                self.files.append(model.File("%s!%d" % (stem, n), source, form, node, part, physical, date))
        if not members:
            return
        out = io.BytesIO()
        if self.rng.random() < 0.5:
            with tarfile.open(fileobj=out, mode="w:gz") as archive:
                for name, data in members:
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
            self.disk.append((stem + ".all.tar.gz", out.getvalue()))
        else:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in members:
                    archive.writestr(name, data)
            self.disk.append((stem + ".all.zip", out.getvalue()))

    # --- wrappers: (physical bytes, logical lines with the node each is of) --------------------------------------------------

    def wrap_plain(self, raws, node):
        data = b"".join(raw + b"\n" for raw in raws)
        if data and raws[-1].strip() and self.rng.random() < 0.2:
            data = data[:-1]  # a last line without newline is a line
        return data, list(raws)

    def wrap_cri(self, raws, node):
        r, out, lines = self.rng, [], []
        for raw in raws:
            parts = [raw]
            if len(raw) > 60 and r.random() < 0.4:
                cuts = sorted(r.sample(range(1, len(raw)), r.choice([1, 2, 5])))
                parts = [raw[a:b] for a, b in zip([0] + cuts, cuts + [len(raw)])]
            for n, part in enumerate(parts):
                last = n + 1 == len(parts)
                out.append(b"2025-11-03T00:00:20.%09dZ stdout %s %s\n" % (r.randrange(10 ** 9), b"F" if last else b"P", part))
                if not last and r.random() < 0.3:  # the other stream in between
                    other = b"2025/11/02 23:59:52 [error] 25932#0: *1 x, client: 10.42.0.17"
                    out.append(b"2025-11-03T00:00:20.1Z stderr F " + other + b"\n")
                    lines.append(other)
            lines.append(raw)
        return b"".join(out), lines

    def wrap_docker(self, raws, node):
        r, out = self.rng, []
        for raw in raws:
            text = raw.decode()
            cut = r.randrange(len(text) + 1) if r.random() < 0.3 and len(text) > 2 else len(text)
            pieces = [p for p in (text[:cut], text[cut:] + "\n") if p]
            if cut == len(text):
                pieces = [text + "\n"]
            for piece in pieces:
                line = json.dumps({"log": piece, "stream": "stdout", "time": "2025-11-02T23:59:50.125641305Z"}, ensure_ascii=r.random() < 0.5)
                out.append(line.encode() + b"\n")
        return b"".join(out), list(raws)

    def wrap_kubectl(self, raws, node, stamp=b""):
        out, lines = [], []
        for raw in raws:
            pod = b"kong-kong-7c9f6d5b8-%s" % self.rng.choice([b"x2x4z", b"q9k2m"])
            out.append(b"[pod/" + pod + b"/proxy] " + stamp + raw + b"\n")
            lines.append((raw, pod.decode()))
        return b"".join(out), lines

    def wrap_kubectl_time(self, raws, node):
        return self.wrap_kubectl(raws, node, b"2025-11-03T00:00:02.669794202Z ")

    # --- the folder ---------------------------------------------------------------------------------------------------------

    def config(self):
        return """// seed %d
{ "database": "books/tollbook.db", "time_zone": "%s", "currency": "USD", /* relative to this file */
  "prices": "prices.csv", "accounts": "accounts.csv", "output": "packs",
  "sources": [
    { "name": "gateway", "format": "kong", "paths": ["logs/kong-{node}-{date}*"], "bill": true },
    { "name": "apps", "format": "tollbook_event", "paths": ["apps/{date}/{node}/usage*"] },
    { "name": "edge", "format": "kong", "paths": ["edge/kong_{date}*"], "bill": true }
  ] }
""" % (self.seed, self.zone.name)

    def write(self, folder):
        os.makedirs(os.path.join(folder, "books"), exist_ok=True)
        for path, data in self.disk:
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as f:
                f.write(data)
        with open(os.path.join(folder, "tollbook.jsonc"), "w") as f:
            f.write(self.config())
        write_table(os.path.join(folder, "prices.csv"), PRICE_COLUMNS, self.prices, self.seed % 3)
        write_table(os.path.join(folder, "accounts.csv"), ACCOUNT_COLUMNS, self.accounts, (self.seed + 1) % 3)

    def tables(self, prices=None, accounts=None):
        return model.Tables(prices or self.prices, accounts or self.accounts, self.zone)


def write_table(path, columns, rows, style):
    """style 0: plain; 1: BOM and CRLF; 2: semicolons, columns turned about."""
    columns = columns[::-1] if style == 2 else columns
    mark, end = ";" if style == 2 else ",", "\r\n" if style == 1 else "\n"

    def cell(text):
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',;"\r\n') else text
    with open(path, "w", encoding="utf-8-sig" if style == 1 else "utf-8", newline="") as f:
        f.write(mark.join(columns) + end)
        for row in rows:
            f.write(mark.join(cell(row[c]) for c in columns) + end)


def model_payload(raw, form):
    try:
        return model.read_line(raw, form)
    except (model.Ignored, model.Rejected):
        return []


def valid_utf8(raw):
    try:
        raw.decode()
        return True
    except UnicodeDecodeError:
        return False


def compress(data, pack, rng):
    if pack == "gz":
        return gzip.compress(data, rng.choice([1, 6, 9]), mtime=0)
    if pack == "gz2":  # several members, cut anywhere, one of them empty
        cut = rng.randrange(len(data) + 1)
        return b"".join(gzip.compress(part, 6, mtime=0) for part in (data[:cut], b"", data[cut:]))
    if pack == "xz":
        return lzma.compress(data, preset=0)
    if pack == "bz2":
        return bz2.compress(data, 1)
    if pack == "zst":
        return zstd(data)
    return data


def zstd(data):
    """With the zstd program where there is one, else a frame of raw blocks."""
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-q", "-3", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    out = [b"\x28\xb5\x2f\xfd", b"\xa0", len(data).to_bytes(4, "little")]  # single segment, 4-byte size
    blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)] or [b""]
    for n, block in enumerate(blocks):
        out += [((len(block) << 3) | (n + 1 == len(blocks))).to_bytes(3, "little"), block]
    return b"".join(out)
