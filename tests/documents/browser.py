"""Open pages in a headless browser and bring back what was found there."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium on this machine")
OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]

# the page stands in a frame of the asked width; what the code returns is written into the document
FRAME = """<!DOCTYPE html><meta charset="utf-8">
<iframe style="width: {width}px; height: 800px; border: 0" srcdoc="{page}"></iframe>
<pre id="out"></pre>
<script>
onload = () => {{
  const frame = document.querySelector("iframe").contentWindow;
  const find = (window, document) => {{ {code} }};
  document.getElementById("out").textContent = JSON.stringify(find(frame, frame.document));
}};
</script>"""


def look(page: str, code: str, folder: Path, width: int = 1200) -> tuple[Any, list[str]]:
    """Return what the body of a function (window, document) returns, and what the console said."""
    path = folder / "frame.html"
    path.write_text(FRAME.format(width=width, page=html.escape(page), code=code), encoding="utf-8")
    run = subprocess.run(
        [BROWSER, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="out">(.*?)</pre>', run.stdout, re.DOTALL)
    assert found, "the page wrote nothing"
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console
