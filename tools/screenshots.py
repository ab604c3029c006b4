"""Take the pictures of docs/: what a user of `trialkg serve` sees, over the graph of examples/. Run by `make screenshots`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"


def _trial(page: Page) -> None:
    page.locator(".criteria li", has_text="Platelet count").first.locator("a.why").click()


def _editor(page: Page) -> None:
    page.get_by_role("button", name="Trials that combine two interventions in one arm").click()
    page.locator(".yasqe_queryButton").first.click()
    page.wait_for_selector(".yasr table tbody tr")


PICTURES: dict[str, tuple[str, Any]] = {
    "home": ("/", None),
    "answer": ("/ask?q=Which+trials+combine+imatinib+with+surgery%3F", None),
    "trial": ("/trial/NCT01267695", _trial),
    "chart": ("/query/threshold-survey?variable=platelets", None),
    "concept": ("/concept/D046152", None),
    "editor": ("/editor", _editor),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        graph = str(Path(folder) / "examples.ttl")
        subprocess.run([sys.executable, "-m", "kg", "build", str(ROOT / "examples"), "-o", graph], check=True)
        server = subprocess.Popen([sys.executable, "-m", "kg", "serve", graph, "--port", str(PORT)])
        try:
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"{ADDRESS}/health", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            for name, (path, then) in PICTURES.items():
                page.goto(ADDRESS + path)
                if then:
                    then(page)
                page.wait_for_timeout(500)
                page.screenshot(path=ROOT / "docs" / f"{name}.png")
            browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
