"""actions-DAY.yaml by a reader of our own that takes only what the file needs, held against pack-DAY.json."""
import json
import re
from verdict import check

try:
    import yaml  # a second reader where there is one; nothing needs it
except ImportError:
    yaml = None

KEY = re.compile(r"([A-Za-z_][\w-]*):(?: (.+))?")
WINDOWS = ("second", "minute", "hour", "day", "month")


def scalar(text):
    if text == "[]":
        return []
    if text.startswith('"'):
        return json.loads(text)
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if not re.fullmatch(r"[A-Za-z][\w-]*", text):
        raise ValueError(f"not a plain word: {text!r}")
    return text


def block(lines, i, indent):
    """The list or mapping whose lines have this indent, from line i; and the line behind it."""
    if lines[i][1] == "[]":
        return [], i + 1
    many = lines[i][1].startswith("- ")
    out = [] if many else {}
    while i < len(lines) and lines[i][0] == indent and lines[i][1].startswith("- ") == many:
        text = lines[i][1]
        if many:
            inner = text[2:]
            if KEY.fullmatch(inner):
                lines[i] = (indent + 2, inner)
                value, i = block(lines, i, indent + 2)
            else:
                value, i = scalar(inner), i + 1
            out.append(value)
            continue
        key, value = KEY.fullmatch(text).groups()
        if key in out:
            raise ValueError(f"{key} twice")
        if value is not None:
            out[key], i = scalar(value), i + 1
        elif lines[i + 1][0] > indent:
            out[key], i = block(lines, i + 1, lines[i + 1][0])
        else:
            raise ValueError(f"{key} of nothing")
    if i < len(lines) and lines[i][0] > indent:
        raise ValueError(f"indent of {lines[i]}")
    return out, i


def read(text):
    lines = [(len(x) - len(x.lstrip(" ")), x.lstrip(" ")) for x in text.split("\n") if x and not x.lstrip(" ").startswith("#")]
    out, end = block(lines, 0, 0)
    if end != len(lines):
        raise ValueError(f"behind the end: {lines[end]}")
    return out


def sections(text):
    """What stands under each consumer, comments too."""
    parts = text.split("\n  - username: ")[1:] if "\n  - username: " in text else []
    return {json.loads(p.split("\n")[0]): p for p in parts}


def check_actions(path, text, pack):
    doc, told = read(text), sections(text)
    check(yaml is None or yaml.safe_load(text) == doc, f"{path}: another YAML reader reads something else")
    check(set(doc) == {"_format_version", "consumers"} and doc["_format_version"] == "3.0", f"{path}: {sorted(doc)}")
    plugins = {c["username"]: {p["name"]: p["config"] for p in c["plugins"]} for c in doc["consumers"]}
    check(list(plugins) == sorted(plugins, key=str.encode) == [c["username"] for c in doc["consumers"]], f"{path}: consumers {list(plugins)}")
    check(all(len(c["plugins"]) == len(plugins[c["username"]]) for c in doc["consumers"]), f"{path}: a plugin twice")
    over = [r for r in pack["quota"]["rows"] if r["limit"] is not None and r["level"] in ("critical", "exceeded")]
    found = {f["consumer"] for f in pack["anomalies"]["findings"] if f["severity"] != "info"}
    check({r["consumer"] for r in over} <= set(plugins) <= {r["consumer"] for r in over} | found, f"{path}: whom it is about")
    limited = set()
    for r in over:
        words = f"# {r['level']}: {r['used']} of {r['limit']} {r['measure']} used in the window \"{r['window']}\""
        check(words in told[r["consumer"]], f"{path}: not said: {words}")
        if r["measure"] == "cost" or r["consumer"] in limited:
            continue
        limited.add(r["consumer"])
        config = {(r["window"] if r["window"] in WINDOWS else "day"): max(r["limit"], 1), "policy": "local"}
        if r["measure"] == "tokens":
            config |= {"limit_by": "header", "header_name": "X-Token-Total"}
        check(plugins[r["consumer"]].get("rate-limiting") == config, f"{path}: {r['consumer']}: {plugins[r['consumer']]}, expected {config}")
    for b in pack["budget"]["rows"]:
        words = f"# budget {json.dumps(b['name'], ensure_ascii=False)}: {b['level']}, {b['spent']} of {b['limit']} "
        check((words in text) == (b["level"] in ("warning", "critical", "exceeded")), f"{path}: {words}")
    return len(limited)
