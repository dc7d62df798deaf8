"""A real browser: Debian's Chromium, driven by Playwright, with axe-core to judge what it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.counterparts import ROOT, needs

__all__ = ["AXE", "browser", "faults_of"]

AXE = ROOT / ".node" / "node_modules" / "axe-core" / "axe.min.js"
_SWITCHES = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")
_RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window. Its sandbox is off: as root, which CI is, there is none."""
    path = shutil.which("chromium")
    needs(path is not None, "the pages are tested with Chromium, which is not installed: apt-get install chromium")
    needs(AXE.exists(), "axe-core is not installed: npm install --prefix .node --no-save axe-core@4.14")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))
        yield running
        running.close()


def faults_of(page: Page) -> list[str]:
    """What axe-core finds wrong by WCAG 2.2 AA and its good practice; the page must allow it no script of its own."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(
        "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
    )
    return [f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:90]})" for one in found["violations"]]
