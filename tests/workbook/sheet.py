"""Reads an .xlsx with zipfile and ElementTree alone: every cell with its text or number, its formula, number format and fill."""
import re
import zipfile
import xml.etree.ElementTree as ET

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
P = "{http://schemas.openxmlformats.org/package/2006/relationships}"


class Cell:
    def __init__(self, kind, value, formula, fmt, fill):
        self.kind, self.value, self.formula, self.format, self.fill = kind, value, formula, fmt, fill

    def __repr__(self):
        return f"<{self.kind} {self.value!r} {self.formula or ''}>"


def column_number(letters):
    n = 0
    for c in letters:
        n = n * 26 + ord(c) - 64
    return n - 1


def place(ref):
    letters, digits = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", ref).groups()
    return int(digits) - 1, column_number(letters)


class Sheet:
    def __init__(self, name, xml):
        self.name, self.xml, self.cells, self.tables, self.alts = name, xml, {}, [], []

    def at(self, row, column):
        return self.cells.get((row, column))

    def value(self, row, column):
        c = self.cells.get((row, column))
        return None if c is None else c.value

    def find(self, text, column=0):
        """The row whose cell in column holds text."""
        for (row, col), c in sorted(self.cells.items()):
            if col == column and c.value == text:
                return row
        raise AssertionError(f"{self.name}: no {text!r} in column {column}")

    def table(self, name):
        """Rows of a table as dicts by header."""
        for t in self.tables:
            if t["name"] == name:
                (r0, c0), (r1, c1) = t["range"]
                return [
                    {h: self.value(r, c0 + i) for i, h in enumerate(t["headers"])} for r in range(r0 + 1, r1 + 1)
                ]
        return []

    def table_names(self):
        return [t["name"] for t in self.tables]


class Book:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = self.zip.namelist()
        assert self.zip.testzip() is None, f"{path}: damaged zip"
        self.strings = self._strings()
        self.formats, self.fills = self._formats()
        self.sheets = self._sheets()
        self.charts = {n: self._xml(n) for n in self.names if n.startswith("xl/charts/chart")}
        self.zip.close()

    def _xml(self, name):
        return ET.fromstring(self.zip.read(name))

    def _strings(self):
        if "xl/sharedStrings.xml" not in self.names:
            return []
        return ["".join(t.text or "" for t in si.iter(M + "t")) for si in self._xml("xl/sharedStrings.xml")]

    def _formats(self):
        root = self._xml("xl/styles.xml")
        own = {int(n.get("numFmtId")): n.get("formatCode") for n in root.iter(M + "numFmt")}
        colours = []
        for fill in root.find(M + "fills"):
            colour = fill.find(f"{M}patternFill/{M}fgColor")
            colours.append(None if colour is None else colour.get("rgb"))
        xfs = root.find(M + "cellXfs")
        return ([own.get(int(xf.get("numFmtId")), int(xf.get("numFmtId"))) for xf in xfs],
                [colours[int(xf.get("fillId") or 0)] for xf in xfs])

    def _targets(self, part):
        folder, name = part.rsplit("/", 1)
        rels = f"{folder}/_rels/{name}.rels"
        if rels not in self.names:
            return {}
        out = {}
        for r in self._xml(rels):
            target = r.get("Target")
            if r.get("TargetMode") == "External":
                continue
            path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
            while "/../" in path:
                path = re.sub(r"[^/]+/\.\./", "", path, count=1)
            out[r.get("Id")] = path
        return out

    def _sheets(self):
        book = self._xml("xl/workbook.xml")
        targets = self._targets("xl/workbook.xml")
        self.defined = {d.get("name") + "/" + (d.get("localSheetId") or ""): d.text for d in book.iter(M + "definedName")}
        out = {}
        for s in book.find(M + "sheets"):
            part = targets[s.get(R + "id")]
            sheet = Sheet(s.get("name"), self._xml(part))
            for c in sheet.xml.iter(M + "c"):
                self._cell(sheet, c)
            for path in self._targets(part).values():
                if "/tables/" in path:
                    self._table(sheet, path)
                elif "/drawings/" in path and path.endswith(".xml"):
                    self._drawing(sheet, path)
            out[sheet.name] = sheet
        return out

    def _cell(self, sheet, c):
        v, f = c.find(M + "v"), c.find(M + "f")
        kind = c.get("t", "n")
        fmt, fill = self.formats[int(c.get("s", 0))], self.fills[int(c.get("s", 0))]
        if kind == "inlineStr":
            value = "".join(t.text or "" for t in c.iter(M + "t"))
        elif v is None:
            value = None
        elif kind == "s":
            value = self.strings[int(v.text)]
        elif kind == "n":
            value = float(v.text)
        else:
            value = v.text
        formula = None if f is None else f.text
        if value is not None or formula is not None:
            sheet.cells[place(c.get("r"))] = Cell(kind, value, formula, fmt, fill)

    def _table(self, sheet, path):
        t = self._xml(path)
        first, last = t.get("ref").split(":")
        sheet.tables.append({
            "name": t.get("name"),
            "range": (place(first), place(last)),
            "headers": [c.get("name") for c in t.iter(M + "tableColumn")],
        })

    def _drawing(self, sheet, path):
        for e in self._xml(path).iter():
            if e.tag.endswith("}cNvPr"):
                sheet.alts.append(e.get("descr"))
