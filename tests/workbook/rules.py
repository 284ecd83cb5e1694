"""The rules that a workbook of ours keeps, whatever it says: parts, tables, formats, pages."""
import re
import subprocess
import zipfile
from verdict import check
from sheet import M, R, place

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
TABS = {"Summary": "read", "Chargeback": "read", "By model": "read", "Trend": "reference", "Anomalies": "act", "Budgets": "act",
        "Adjustments": "read", "Prices": "reference", "Checks": "reference", "Rejects": "act", "Unmapped": "act", "Notes": "reference"}
COLOURS = {"read": "FF2F75B5", "reference": "FFA6A6A6", "act": "FFED9B21"}
FORMULA = re.compile(
    r"(SUBTOTAL\(109,[A-Z]+\d+(:[A-Z]+\d+)?\)"
    r"|SUM\(Chargeback![$A-Z\d:]+\)(/SUM\(Chargeback![$A-Z\d:]+\))?"
    r"|Budgets![$A-Z\d]+(/Budgets![$A-Z\d]+)?"
    r"|SUM\(Chargeback![$A-Z\d:]+\)[-/](Trend![$A-Z\d]+|AVERAGE\(Trend![$A-Z\d]+(,Trend![$A-Z\d]+)*\))(-1)?)")
MONEY = '#,##0.00;[Red]-#,##0.00;"-"??'
COST = '#,##0.0000;[Red]-#,##0.0000;"-"??'
COUNT, PERCENT = ("#,##0", 3), ("0.0%",)  # 3: the library's own number for #,##0
FORMATS = {
    "Charge": (MONEY,), "Month to date": (MONEY,), "Day budget": (MONEY,), "Month budget": (MONEY,), "Month forecast": (MONEY,),
    "Adjustments of earlier days": (MONEY,), "Direct cost, exact": (COST,), "Cost, exact": (COST,), "Cost of the day, exact": (COST,),
    "Share of day": PERCENT, "Day budget used": PERCENT, "Month budget used": PERCENT, "Cache read share": PERCENT, "Used, of quota": PERCENT,
    "Requests": COUNT, "Failed": COUNT, "Input tokens": COUNT, "Output tokens": COUNT, "Tokens": COUNT, "Lines": COUNT, "Line": COUNT,
    "Day": ("yyyy-mm-dd",), "Original day": ("yyyy-mm-dd",), "From": ("yyyy-mm-dd hh:mm",), "To": ("yyyy-mm-dd hh:mm",),
    "Valid from": ("yyyy-mm-dd hh:mm",), "Valid to, exclusive": ("yyyy-mm-dd hh:mm",), "Used up at": ("yyyy-mm-dd hh:mm",),
    "Price": ("#,##0.00##########",), "Limit": (MONEY,), "Spent": (MONEY,), "Remaining": (MONEY,), "Cost at stake": (MONEY,),
    "Proposed": (MONEY,), "Quota": COUNT + (MONEY,),
}
# Columns of ids and names: texts, whatever they look like. Nowhere else may a number be a text.
IDS = ("Team", "Cost centre", "GL account", "Owner", "Consumer", "Provider", "Model", "Finding", "File", "Source", "Node", "Tier", "Note",
       "For", "Plan", "Budget", "XXH3-128 of the file", "Comment", "Reason")
STATUS_FILLS = ("FFDDF2E0", "FFFFF0C2", "FFFBD5D5")  # good, warn, bad


def sheets_of(pack):
    """The sheets that a day of this pack must have, in order."""
    quotas = pack.get("budget", {}).get("rows") or pack.get("quota", {}).get("rows")
    absent = set() if quotas else {"Budgets"}
    absent |= set() if pack["chargeback"]["adjustments"] else {"Adjustments"}
    return [name for name in TABS if name not in absent]


def check_parts(path, scratch):
    """Every part is XML, by xmllint."""
    with zipfile.ZipFile(path) as z:
        names = [n for n in z.namelist() if n.endswith((".xml", ".rels"))]
        files = []
        for i, name in enumerate(names):
            files.append(f"{scratch}/part{i}.xml")
            with open(files[-1], "wb") as f:
                f.write(z.read(name))
        for name in names:
            check(b'TargetMode="External"' not in z.read(name), f"{path}: {name} points out of the workbook")
    run = subprocess.run(["xmllint", "--noout", "--huge", *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(run.returncode == 0 and len(files) > 20, f"{path}: not well-formed: {run.stdout.decode(errors='replace')[:300]}")


def check_cells(where, s):
    for (row, column), c in s.cells.items():
        check(c.kind in ("s", "n"), f"{where} {row},{column}: cell of kind {c.kind}")
        if c.formula is not None:
            check(c.value is not None, f"{where} {row},{column}: a formula without its value")
            check(FORMULA.fullmatch(c.formula.lstrip("=")) is not None, f"{where} {row},{column}: formula {c.formula}")
        if c.kind == "s":
            check(len(c.value.encode("utf-16-le")) // 2 <= 32767, f"{where} {row},{column}: too long")
            check(re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", c.value) is None,
                  f"{where} {row},{column}: {c.value!r}")
        if c.fill in STATUS_FILLS:  # no meaning by colour alone
            check(c.kind == "s" and c.value.strip() != "", f"{where} {row},{column}: a colour without a word")


def check_table(where, s, t):
    (r0, c0), (r1, c1) = t["range"]
    where = f"{where}/{t['name']}"
    check([s.value(r0, c0 + i) for i in range(len(t["headers"]))] == t["headers"], f"{where}: headers")
    for i, header in enumerate(t["headers"]):
        column = c0 + i
        check(s.at(r0, column).fill == "FF1F3864", f"{where}: header {header} has no colour of its own")
        cells = [s.at(r, column) for r in range(r0 + 1, r1 + 1)]
        numbers = [c for c in cells if c is not None and c.kind == "n"]
        if header in FORMATS:
            check(all(c.format in FORMATS[header] for c in numbers), f"{where}: {header} has formats {[c.format for c in numbers][:3]}")
        if header in IDS:
            check(not numbers, f"{where}: {header} holds a number")
        else:
            texts = [c.value for c in cells if c is not None and c.kind == "s" and re.fullmatch(r"[-+]?[\d,]*\.?\d+", c.value)]
            check(not texts, f"{where}: {header} holds numbers as texts: {texts[:3]}")
        above = s.at(r0 - 1, column)
        if above is not None and above.formula is not None:  # the total follows the filter, over just these lines
            name = "".join(chr(65 + x) for x in ([column // 26 - 1] if column > 25 else []) + [column % 26])
            both = f"{name}{r0 + 2}" if r1 == r0 + 1 else f"{name}{r0 + 2}:{name}{r1 + 1}"
            check(above.formula.lstrip("=") == f"SUBTOTAL(109,{both})", f"{where}: total of {header}: {above.formula}")
            total = sum(c.value for c in numbers)
            check(abs(total - above.value) <= 1e-9 * max(1.0, abs(total)), f"{where}: {header} adds up to {total}, not {above.value}")


def check_page(where, s, book):
    setup = s.xml.find(M + "pageSetup")
    check(setup is not None and setup.get("orientation") == "landscape" and setup.get("paperSize") == "9", f"{where}: page")
    fit = s.xml.find(M + "sheetPr/" + M + "pageSetUpPr")
    places = sum((int(c.get("max")) - int(c.get("min")) + 1) * float(c.get("width")) for c in s.xml.iter(M + "col"))
    titles = book.defined.get(f"_xlnm.Print_Titles/{list(book.sheets).index(s.name)}", "")
    if fit is not None and fit.get("fitToPage") == "1":
        check(places <= 185, f"{where}: {places:.0f} places on one page cannot be read")
    else:  # two pages side by side, each with the key columns and the title
        breaks = s.xml.findall(M + "colBreaks/" + M + "brk")
        check(len(breaks) == 1 and int(setup.get("scale")) >= 55, f"{where}: two pages: {setup.attrib}, {len(breaks)} breaks")
        check(re.search(r"\$A:\$[A-Z]", titles) is not None, f"{where}: the second page does not repeat its key columns: {titles}")
        head = s.xml.find(M + "headerFooter/" + M + "oddHeader")
        check(head is not None and s.value(0, 0).replace("&", "&&") in head.text, f"{where}: no title on the second page")
    foot = s.xml.find(M + "headerFooter/" + M + "oddFooter")
    check(foot is not None and "/ run " in foot.text and "page &P of &N" in foot.text, f"{where}: foot")
    colour = s.xml.find(M + "sheetPr/" + M + "tabColor").get("rgb")
    check(colour == COLOURS[TABS[s.name]], f"{where}: tab of colour {colour}")
    for link in s.xml.iter(M + "hyperlink"):
        target = re.fullmatch(r"'?([A-Za-z ]+)'?!A1", link.get("location") or "")
        check(link.get(R + "id") is None and target is not None and target.group(1) in book.sheets, f"{where}: link {link.attrib}")


def check_summary(path, s):
    check(s.xml.find(M + "sheetViews/" + M + "sheetView").get("showGridLines") == "0", f"{path}: grid lines on the Summary")
    fit = s.xml.find(M + "pageSetup")
    check(fit.get("fitToHeight", "1") == "1" and fit.get("fitToWidth", "1") == "1", f"{path}: the Summary is not one page")
    check(len(s.alts) == 2 and all(s.alts), f"{path}: alt texts")


def check_charts(path, book):
    """Every lying bar is named: no name may be left out because another takes two lines."""
    for name, chart in book.charts.items():
        if [d.get("val") for d in chart.iter(C + "barDir")] != ["bar"]:
            continue
        axis = next(chart.iter(C + "catAx"))
        skip = axis.find(C + "tickLblSkip")
        check(skip is not None and skip.get("val") == "1", f"{path}/{name}: Excel may leave out names")
        check([b.get("rot") for b in axis.iter(A + "bodyPr")] == ["0"], f"{path}/{name}: LibreOffice may leave out names")


def check_rules(path, book, pack):
    check_charts(path, book)
    check(list(book.sheets) == sheets_of(pack), f"{path}: sheets {list(book.sheets)}")
    names = [t for s in book.sheets.values() for t in s.table_names()]
    check(len(names) == len(set(names)), f"{path}: table names {names}")
    check(all(re.fullmatch(r"[A-Za-z]{4,}", n) for n in names), f"{path}: a table name like a cell: {names}")
    for s in book.sheets.values():
        where = f"{path}/{s.name}"
        areas = [t["range"] for t in s.tables]
        for i, (a, b) in enumerate(areas):
            for (c, d) in areas[:i]:
                check(b[0] < c[0] or d[0] < a[0] or b[1] < c[1] or d[1] < a[1], f"{where}: tables overlap")
        for t in s.tables:
            check_table(where, s, t)
        check_cells(where, s)
        check_page(where, s, book)
    check_summary(path, book.sheets["Summary"])
    for name in ("Chargeback", "By model", "Trend", "Anomalies", "Adjustments", "Prices", "Checks"):
        s = book.sheets.get(name)
        if s is None or not s.tables:
            continue
        pane = s.xml.find(f"{M}sheetViews/{M}sheetView/{M}pane")
        check(pane is not None and pane.get("state") == "frozen" and pane.get("xSplit") == "1", f"{path}/{name}: not frozen")
        titles = book.defined.get(f"_xlnm.Print_Titles/{list(book.sheets).index(name)}", "")
        header = s.tables[0]["range"][0][0] + 1
        check(f"${header}:${header}" in titles, f"{path}/{name}: the header is not repeated: {titles}")
        check(s.tables and place(pane.get("topLeftCell"))[0] == header, f"{path}/{name}: frozen at {pane.get('topLeftCell')}")
