"""LibreOffice as a second opinion: everything recalculated, every page printed. Missing programs are failures."""
import os
import shutil
import subprocess

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def need(*programs):
    missing = [p for p in programs if shutil.which(p) is None]
    if missing:
        raise SystemExit(f"workbook: missing {', '.join(missing)}: contrib/install-deps.sh check installs them")


def convert(files, kind, out, profile):
    """All files in one start of the office; kind "xlsx" (recalculated) or "pdf"."""
    os.makedirs(os.path.join(profile, "user"), exist_ok=True)
    with open(os.path.join(profile, "user", "registrymodifications.xcu"), "w", encoding="utf-8") as f:
        f.write(PROFILE)
    os.makedirs(out, exist_ok=True)
    run = subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore", "--convert-to", kind, "--outdir", out]
        + files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    made = [os.path.join(out, os.path.splitext(os.path.basename(f))[0] + "." + kind) for f in files]
    for m in made:
        if not os.path.exists(m):
            raise SystemExit(f"workbook: LibreOffice made no {m}:\n{run.stdout.decode(errors='replace')}")
    return made


def text_of(pdf):
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], stdout=subprocess.PIPE, check=True).stdout.decode()
