"""Inputs for the workbook check: a month of fourteen teams with names that have broken spreadsheets before, and the demo."""
import json
import os
import random
import shutil

LAST = "2026-03-29"  # a day of 23 hours in Berlin
DAYS = 33

HOSTILE = {
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "at": "@SUM(A1)",
    "escape": "literal _x0041__x000D_ stays",
    "markup": "<r>&amp;\"quoted\"</r>",
    "right_to_left": "\u0645\u0631\u062d\u0628\u0627 \u202egnp.exe",
    "controls": "tab\there\x07bell\x1b[31mred",
    "noncharacter": "no\ufffecharacter",
    "emoji": "\U0001F600\U0001F468\u200d\U0001F469\u200d\U0001F467 team",
    "wide": "\u6771\u4eac\u652f\u5e97",
    "long": "long " + "x" * 40000,
    "digits": "00420815",
    "blank": "  padded  ",
}


def days(last=LAST, n=DAYS):
    import datetime

    end = datetime.date.fromisoformat(last)
    return [(end - datetime.timedelta(days=n - 1 - i)).isoformat() for i in range(n)]


def quote(text):
    return '"' + text.replace('"', '""') + '"'


def write_tables(folder, teams):
    with open(os.path.join(folder, "prices.csv"), "w", encoding="utf-8") as f:
        f.write("provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_from,"
                "context_rule,note\n")
        f.write("anthropic,sonnet*,input,3.00,1000000,USD,,,,,,,\n")
        f.write("anthropic,sonnet*,output,15,1000000,USD,,,,,,,\n")
        f.write("anthropic,sonnet*,cache_read,0.30,1000000,USD,,,,,,,\n")
        f.write("openai,mini,input,0.15,1000000,USD,,2026-03-29T12:00:00+02:00,,,,,until noon\n")
        f.write("openai,mini,input,0.0000001375,1,USD,2026-03-29T12:00:00+02:00,,,,,,from noon\n")
        f.write("openai,mini,output,0.60,1000000,USD,,,,,,,\n")
        f.write("openai,mini,request,0.01,1000,USD,,,flex,,,,\n")
        f.write("openai,mini,input,0.3,1000000,USD,2027-01-01,,batch,4000,,,never in force yet\n")
        f.write("gemini,pro,input,1.25,1000000,USD,,,,,,,\n")
        f.write("gemini,pro,input,2.50,1000000,USD,,,,4000,,marginal,\"long, context\"\n")
        f.write("gemini,pro,output,5.00,1000000,USD,,,,,,,\n")
    with open(os.path.join(folder, "accounts.csv"), "w", encoding="utf-8") as f:
        f.write("consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to\n")
        for i, team in enumerate(teams):
            f.write(f"team{i:02}-*,,{quote(team)},{'0042' if i == 3 else 1000 + i},{615200 + i % 3},Owner {i},,,,,\n")


def make_event(rng, n, day, hour, consumer, teams):
    model = rng.choice([("anthropic", "sonnet-4"), ("openai", "mini"), ("gemini", "pro"), ("cohere", "unlisted")]
                       if n % 37 == 0 else [("anthropic", "sonnet-4"), ("openai", "mini"), ("gemini", "pro")])
    e = {
        "id": f"{day}-{n}", "ts": f"{day}T{hour:02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z", "consumer": consumer,
        "provider": model[0], "model": model[1], "input_tokens": rng.randrange(20, 9000),
        "output_tokens": rng.randrange(1, 2500), "status": 429 if n % 23 == 0 else 200, "latency_ms": rng.randrange(50, 9000),
    }
    if e["status"] == 429:
        e["input_tokens"] = e["output_tokens"] = 0
    if model[0] == "anthropic":
        e["cache_read_tokens"] = rng.randrange(0, 60000)
    if model[0] == "openai" and n % 3 == 0:
        e["service_tier"] = "flex"
    if n % 41 == 0:
        e["provider"], e["model"], e["cost_usd"] = "groq", "elsewhere", 0.0123456789012345
    return e


def make_month(folder):
    """Berlin days up to LAST; a source that is not billed beside the one that is; a torn line on the last day."""
    rng = random.Random(20260329)
    os.makedirs(os.path.join(folder, "logs"))
    teams = [f"Team {chr(65 + i)}" for i in range(11)] + [HOSTILE["formula"], HOSTILE["emoji"], HOSTILE["markup"]]
    write_tables(folder, teams)
    hostile = list(HOSTILE.values())
    for number, day in enumerate(days()):
        count = 30 + (number * 7) % 25
        with open(os.path.join(folder, "logs", f"app-{day}.jsonl"), "w", encoding="utf-8") as f:
            for n in range(count):
                team = min(rng.randrange(len(teams)), rng.randrange(len(teams)))
                consumer = hostile[n % len(hostile)] if n % 6 == 5 else f"team{team:02}-{rng.randrange(3)}"
                f.write(json.dumps(make_event(rng, n + 1, day, 1 + n % 20, consumer, teams)) + "\n")
            if day == LAST:
                f.write('{"ts": "2026-03-29T20:00:00Z", "consumer": "torn')
        with open(os.path.join(folder, "logs", f"shadow-{day}.jsonl"), "w", encoding="utf-8") as f:
            f.write(json.dumps(make_event(rng, 1, day, 12, "team01-shadow", teams)) + "\n")
    with open(os.path.join(folder, "tollbook.jsonc"), "w", encoding="utf-8") as f:
        json.dump({
            "time_zone": "Europe/Berlin", "currency": "USD", "prices": "prices.csv", "accounts": "accounts.csv", "output": "out",
            "sources": [
                {"name": "apps", "format": "tollbook_event", "paths": ["logs/app-{date}.jsonl"]},
                {"name": "shadow", "format": "tollbook_event", "paths": ["logs/shadow-{date}.jsonl"], "bill": False},
            ],
        }, f, indent=1)


def make_demo(root, folder):
    shutil.copytree(os.path.join(root, "fixtures", "demo"), folder)
