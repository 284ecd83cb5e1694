"""Three weeks of a company's books: two nodes, twelve teams, forty consumers, a new price list, budgets, quotas, findings of many kinds,
unmapped, unpriced and refused usage, a closed day that changes later. Everything by a fixed seed."""
import datetime as dt
import gzip
import json
import os
import random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
FIRST, LAST = dt.date(2026, 3, 11), dt.date(2026, 3, 31)  # summer time begins on the 29th
CLOSED = dt.date(2026, 3, 26)
NOW = "2026-04-01T04:00:00Z"

TEAMS = [  # name, cost centre, account, owner, size
    ("Search & Discovery", "1001", "615200", "Ada Lindqvist", 9),
    ("Kundenservice D/A/CH, Beschwerdebearbeitung und Rückfragen", "2002", "615210", "Jürgen Weißmüller", 7),
    ("Финансы", "0042", "615300", "Мира Окафор", 2),
    ("データ基盤チーム", "1003", "615200", "Nováková, Tereza", 8),
    ("Legal", "0007", "615310", "O'Brien \"Obi\" Kane", 1),
    ("Marketing Europe, Middle East and Africa (brand, web, events, partner campaigns)", "3300-EMEA-07", "615220", "Zoë d'Aubigné", 4),
    ("Platform Engineering", "1004", "615200", "Tomás Núñez de la Peña y García-Márquez", 10),
    ("R&D <labs>", "4100", "615400", "Søren Ærø", 3),
    ("Vendas Brasil", "2100", "615210", "João Gonçalves", 3),
    ("People", "0100", "615320", None, 1),
    ("فريق الدعم", "2003", "615210", "ليلى", 2),
    ("Quality Assurance", None, None, "Priya Ramanathan", 2),
]
WORDS = ("north south east west invoice order letter ticket parcel garden kettle harbour meadow copper velvet timber lantern saddle basket "
         "window ladder pepper cotton marble ribbon silver thunder walnut yellow zephyr orchard pebble").split()
MODELS = [("anthropic", "claude-sonnet-4"), ("openai", "gpt-4o-mini-2024-07-18"), ("bedrock", "anthropic.claude-3-haiku-20240307-v1:0"),
          ("gemini", "gemini-1.5-pro-002")]
PROMPT = "please read the following customer letter and answer politely in two short sentences about parcel"


def consumers():
    """(name, team index): forty, the larger teams have more; some names are long or from elsewhere."""
    odd = {3: "kundenservice-eskalation-zweite-ebene-nachtschicht-mit-uebersetzung@tochtergesellschaft.example", 9: "データ-夜間バッチ",
           17: "отчёты-фс", 23: "mkt emea / landing page writer", 31: "vendas-sÃo-paulo"}
    order = [i for i, t in enumerate(TEAMS) for _ in range(max(1, round(t[4] * 40 / 52)))]
    order = (order + list(range(len(TEAMS))))[:40]
    return [(odd.get(n, f"{'abcdefghijkl'[t]}-app-{n:02}"), t) for n, t in enumerate(sorted(order))]


class Book:
    def __init__(self):
        self.rng = random.Random(20260331)
        self.lines = {}  # (node, utc day) -> lines
        self.n = 0

    def call(self, when, consumer, **given):
        model = given.pop("of", None) or self.rng.choices(MODELS, (5, 3, 4, 1))[0]
        self.n += 1
        e = {"id": f"c{self.n}", "ts": when.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "consumer": consumer,
             "provider": model[0], "model": model[1], "feature": self.rng.choice(("chat", "chat", "search", "summaries")),
             "trigger": "user", "input_tokens": self.rng.randrange(800, 9000), "output_tokens": self.rng.randrange(100, 2600),
             "status": 200, "latency_ms": self.rng.randrange(300, 9000), "user_agent": "python-requests/2.31",
             "client_ip": f"10.0.0.{1 + sum(consumer.encode()) % 200}", "prompt": " ".join(self.rng.sample(WORDS, 14))}
        if model[0] == "anthropic":
            e["cache_read_tokens"] = self.rng.randrange(0, 60000)
            e["cache_write_5m_tokens"] = self.rng.randrange(0, 3000) if self.n % 3 == 0 else 0
            e["cache_write_1h_tokens"] = self.rng.randrange(0, 3000) if self.n % 7 == 0 else 0
        e.update(given)
        node = given.get("node", "fra-1" if sum(consumer.encode()) % 3 else "ams-2")
        self.lines.setdefault((node, e["ts"][:10]), []).append(json.dumps({k: v for k, v in e.items() if v is not None}, ensure_ascii=False))

    def many(self, n, start, seconds, consumer, **given):
        for i in range(n):
            self.call(start + dt.timedelta(seconds=i * seconds), consumer, **{k: v(i) if callable(v) else v for k, v in given.items()})

    def scatter(self, n, start, hours, consumer, **given):
        for _ in range(n):
            self.call(start + dt.timedelta(hours=hours * self.rng.random()), consumer, **given)


def at(day, hour, minute=0):
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def days():
    return [FIRST + dt.timedelta(days=i) for i in range((LAST - FIRST).days + 1)]


def usual(book, people):
    for day in days():
        for name, team in people:
            calls = round((3 if day.weekday() >= 5 else 14) * (0.6 + 0.1 * TEAMS[team][4]))
            book.scatter(calls, at(day, 8), 9.5, name)
        for n in range(6):
            book.call(at(day, 9 + n, 11), people[n][0], status=429, input_tokens=None, output_tokens=None)
        book.call(at(day, 12, 30), "=HYPERLINK(\"http://x.test\";\"free\")")  # nobody's
        book.call(at(day, 12, 31), "contractor-4711")
        book.call(at(day, 15), people[0][0], of=("groq", "llama-logged"), cost_usd=0.0123456789012)


def trouble(book, people):
    """What is unusual on the last day."""
    who = [name for name, _ in people]
    book.many(60, at(LAST, 10), 20.5, who[2], prompt=PROMPT, of=MODELS[0])
    book.many(45, at(LAST, 11), 20.5, who[12], prompt=lambda i: f"{PROMPT} number {1000 + 37 * i}", input_tokens=lambda i: 1000 + 400 * i)
    book.scatter(240, at(LAST, 13), 3, who[3])
    book.scatter(140, at(LAST, 1), 3, who[20])
    book.many(20, at(LAST, 10), 100, who[8], user_agent="DataHarvestBot/1.2 (+http://x.test)")
    book.many(4, at(LAST, 11), 200, who[25], input_tokens=190000)
    book.many(80, at(LAST, 14), 20, who[15], status=429, input_tokens=None, output_tokens=None)
    book.many(50, at(LAST, 15), 40, who[5], trigger="auto_save")
    book.many(5, at(LAST, 12), 60, who[30], of=("cohere", "command-unlisted"))
    book.many(3, at(LAST, 16), 60, who[31], of=(None, "mystery-model-with-a-name-that-goes-on-and-on-preview-2026-03-31"))
    book.many(90, at(LAST, 15), 41, who[33], input_tokens=400000, output_tokens=9000, of=MODELS[0])  # over $100 an hour
    book.many(7, at(LAST, 9), 300, "neuer-Verbraucher-für-Übersetzungen")


def write_tables(folder):
    def put(name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def quoted(text):
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    put("prices.csv", "provider,model,meter,price,per,currency,effective_from,effective_to,note\n"
        "anthropic,claude-sonnet*,input,3.00,1000000,USD,,,\n"
        "anthropic,claude-sonnet*,cache_read,0.30,1000000,USD,,,\n"
        "anthropic,claude-sonnet*,cache_write_5m,3.75,1000000,USD,,,\n"
        "anthropic,claude-sonnet*,cache_write_1h,6.00,1000000,USD,,,\n"
        "anthropic,claude-sonnet*,output,15.00,1000000,USD,,2026-03-31T12:00:00+02:00,until the new contract\n"
        "anthropic,claude-sonnet*,output,13.50,1000000,USD,2026-03-31T12:00:00+02:00,,new contract: 10 % less for what the model writes\n"
        "openai,gpt-4o-mini*,input,0.15,1000000,USD,,,\n"
        "openai,gpt-4o-mini*,output,0.60,1000000,USD,,,\n"
        "bedrock,anthropic.claude-3-haiku*,input,0.00025,1000,USD,,,\n"
        "bedrock,anthropic.claude-3-haiku*,output,0.00125,1000,USD,,,\n"
        "gemini,gemini-1.5-pro*,input,0.00000125,1,USD,,,\n"
        "gemini,gemini-1.5-pro*,output,0.000005,1,USD,,,\n")
    accounts = "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone\n"
    tiers = ("open", "basic", "premium")
    for name, team in consumers():
        t = TEAMS[team]
        accounts += f"{quoted(name)},,{quoted(t[0])},{t[1] or ''},{t[2] or ''},{quoted(t[3])},{tiers[team % 3]},human,Europe/Berlin\n"
    accounts += f"neuer-*,,{quoted(TEAMS[7][0])},{TEAMS[7][1]},{TEAMS[7][2]},{quoted(TEAMS[7][3])},open,human,\n"
    put("accounts.csv", accounts)
    put("quotas.csv", "tier,measure,limit,window\nopen,tokens,,day\nbasic,tokens,900000,day\nbasic,requests,60,hour\nbasic,cost,3,day\n"
        "premium,tokens,2000000,first_use_24h\npremium,models,claude-sonnet*|gpt-4o-mini*,\n")
    budgets = "name,dimension,match,period,amount,reserve,allocate_by,history_days,floor,cap,hour_warning,hour_critical,hour_emergency\n"
    budgets += "company,,,month,900,0,team,28,,,20,40,100\ncompany day,,,day,50,10,team,7,,,,,\n"
    for i, t in enumerate(TEAMS[:6]):
        budgets += f"{quoted('team ' + t[0])},team,{quoted(t[0])},day,{(9, 5, 1.5, 60, 0.8, 1.9)[i]},,,,,,,,\n"
        budgets += f"{quoted('team ' + t[0] + ' month')},team,{quoted(t[0])},month,{(110, 130, 40, 160, 20, 45)[i]},,,,,,,,\n"
    put("budgets.csv", budgets)
    with open(os.path.join(folder, "tollbook.jsonc"), "w", encoding="utf-8") as f:
        json.dump({
            "time_zone": "Europe/Berlin", "currency": "USD", "prices": "prices.csv", "accounts": "accounts.csv", "quotas": "quotas.csv",
            "budgets": "budgets.csv", "output": "out", "min_excess": 0.05,
            "sources": [{"name": "gateway", "format": "tollbook_event", "paths": ["logs/gw-{node}-{date}.jsonl*"]},
                        {"name": "tools", "format": "tool_calls", "paths": ["logs/tools.jsonl"]}],
        }, f, indent=1)


def write_logs(folder, book):
    os.makedirs(os.path.join(folder, "logs"))
    for (node, day), lines in sorted(book.lines.items()):
        lines.sort(key=lambda line: json.loads(line)["ts"])
        if day == LAST.isoformat():
            lines[5:5] = ['{"ts": "2026-03-31T10:00:00", "consumer": "no-zone", "input_tokens": 5}', '{"ts": "yesterday"}',
                          '{"ts": "2026-03-31T10:00:00Z", "input_tokens": -4}', "", '{"ts": "2026-03-31T11:00:00Z", "consumer": "torn']
        text = ("\n".join(lines) + "\n").encode()
        with open(os.path.join(folder, "logs", f"gw-{node}-{day}.jsonl.gz"), "wb") as f:
            data = gzip.compress(text, mtime=0)
            f.write(data[:-400] if (node, day) == ("ams-2", LAST.isoformat()) else data)  # the end has not come yet
    with open(os.path.join(folder, "logs", "tools.jsonl"), "w", encoding="utf-8") as f:
        for day in days():
            for i in range(40):
                bad = i % 20 == 0 or (day == LAST and i % 2 == 0)
                f.write(json.dumps({"created_at": at(day, 8 + i // 5, i % 5 * 11).isoformat(), "tool_name": "search_web", "success": not bad,
                                    "retries": 3 if bad else 0, "latency_ms": 100}) + "\n")


def make(folder, run):
    """Books up to the last day. run(*arguments) runs the program on them; a day is closed between, and changes afterwards."""
    os.makedirs(folder)
    book, people = Book(), consumers()
    usual(book, people)
    trouble(book, people)
    write_tables(folder)
    write_logs(folder, book)
    run("run", "--from", FIRST.isoformat(), "--to", CLOSED.isoformat())
    run("close", CLOSED.isoformat(), "--by", "Mira Okafor", "--note", "invoiced")
    late = Book()
    late.n = 900000
    late.many(9, at(CLOSED, 10), 60, people[0][0], of=MODELS[0], node="fra-1")
    late.many(3, at(CLOSED, 11), 60, people[30][0], of=MODELS[1], node="fra-1")
    with open(os.path.join(folder, "logs", "gw-fra-1-2026-03-26.jsonl.late"), "w", encoding="utf-8") as f:
        f.write("\n".join(sum(late.lines.values(), [])) + "\n")
    run("run", "--from", CLOSED.isoformat(), "--to", LAST.isoformat())
