"""The pages in a real browser, from the link in a mail: by keyboard, without script, on a phone, in German."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from migma_runtime import Migma
from migma_web import served
from playwright.sync_api import Browser, Page, ViewportSize

from migma_core import Brand, Contact, Status
from migma_core.audience import DefaultSubscription, Intake
from tests.adapters.conftest import start_acme
from tests.adapters.web.conftest import parsed
from tests.support.browser import browser, faults_of

PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1100, "height": 800}
RED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="  # one pixel
ADDRESS = "Acme Ltd\n1 Main Street\nSpringfield"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with browser() as running:
        yield running


@pytest.fixture
def migma(home: Path) -> Iterator[Migma]:
    """An installation whose links lead to this machine: the pages are served where its mail says."""
    with Migma.open(home=home) as made, served(made) as address:
        start_acme(made, Brand("Acme", ADDRESS, address, colour="#7a1f5c", loopback=True))
        yield made


@pytest.fixture
def links(migma: Migma, tmp_path: Path) -> dict[str, str]:
    """The links of a mail just sent, by room, as they stand in its text."""
    project = migma.store.projects.all()[0]
    create, now = migma.store.topics.create, migma.parts.clock.now()
    create(project.id, "Product news", now, description="What is new, once a month")
    create(
        project.id, "Offers", now, default=DefaultSubscription.NOT_SUBSCRIBED, description="When something costs less"
    )
    path = tmp_path / "people.csv"
    path.write_text("email,first_name,tags\nada@example.com,Ada,news\n", encoding="utf-8")
    migma.contacts.import_csv(project.id, path, Intake(Status.SUBSCRIBED, "checkout"))
    migma.sending.send(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News",
        template='<p>News</p><p><a href="{{preferences_url}}">Preferences</a></p>',
        project_id=project.id,
    )
    mail = parsed(next((migma.parts.settings.outbox_path / "new").iterdir()).read_bytes())
    body = mail.get_body(("plain",))
    assert body is not None
    return {found[1]: found[0] for found in re.finditer(r"http://127\.0\.0\.1:\d+/([up])/[\w-]+", body.get_content())}


@pytest.fixture
def ada(migma: Migma) -> Callable[[], Contact]:
    """Ada, as she is now."""

    def read() -> Contact:
        found = migma.contacts.get(migma.store.projects.all()[0].id, "ada@example.com")
        assert found is not None
        return found

    return read


def opened(chromium: Browser, url: str, size: ViewportSize = DESK, language: str = "en-GB", **how: bool) -> Page:
    """A page in a window of its own, without script unless axe needs it."""
    context = chromium.new_context(viewport=size, locale=language, java_script_enabled=how.get("script", False))
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    assert asked == [url], "a page loads nothing but itself"
    return page


def kept(page: Page, name: str) -> None:
    """A picture of the page, for the docs where MIGMA_PICTURES says so."""
    if "MIGMA_PICTURES" in os.environ:
        page.screenshot(path=Path(os.environ["MIGMA_PICTURES"]) / f"{name}.png", full_page=True)


def test_unsubscribing_by_keyboard_without_script(
    chromium: Browser, links: dict[str, str], ada: Callable[[], Contact]
) -> None:
    """Tab and Enter are enough: the first stop is the button (O-02: one step)."""
    page = opened(chromium, links["u"])
    kept(page, "unsubscribe")
    assert page.title() == "Unsubscribe · Acme"
    assert ada().status is Status.SUBSCRIBED
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Unsubscribe"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=You are unsubscribed")
    kept(page, "unsubscribed")
    assert ada().status is Status.UNSUBSCRIBED


def test_preferences_by_keyboard_without_script(
    chromium: Browser, links: dict[str, str], ada: Callable[[], Contact], migma: Migma
) -> None:
    """Leave one topic, join another, confirm from the mailbox: all of it with Tab, Space and Enter."""
    page = opened(chromium, links["p"])
    kept(page, "preferences")
    for key in ("Tab", "Tab", "Space", "Tab", "Space", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("text=Please confirm")
    kept(page, "saved")
    assert list(ada().topics.values()) == [False]
    page.goto(_confirmation(migma))
    kept(page, "confirm")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Thank you")
    assert sorted(ada().topics.values()) == [False, True]


def test_two_tabs_do_not_fight(chromium: Browser, links: dict[str, str], ada: Callable[[], Contact]) -> None:
    """What one tab left stays left when the other saves what it showed (F-02)."""
    first, second = opened(chromium, links["p"]), opened(chromium, links["p"])
    first.get_by_label("Product news").uncheck()
    for tab in (first, second):
        tab.get_by_role("button", name="Save").click()
        tab.wait_for_selector("text=Back to your choices")
    assert list(ada().topics.values()) == [False]


def test_leaving_everything_and_coming_back(
    chromium: Browser, links: dict[str, str], ada: Callable[[], Contact], migma: Migma
) -> None:
    """From the preference center out of all marketing, and back by a confirmed mail (F-03, D-12)."""
    page = opened(chromium, links["p"])
    page.get_by_role("button", name="Unsubscribe from all").click()
    page.wait_for_selector("text=You are unsubscribed")
    assert ada().status is Status.UNSUBSCRIBED
    page.goto(links["p"])
    kept(page, "away")
    page.get_by_role("button", name="Send me that mail").click()
    page.wait_for_selector("text=We have sent a mail")
    page.goto(_confirmation(migma))
    page.get_by_role("button", name="Yes, please").click()
    page.wait_for_selector("text=Thank you")
    assert ada().status is Status.SUBSCRIBED


def test_a_broken_link_leads_to_one_that_works(
    chromium: Browser, links: dict[str, str], ada: Callable[[], Contact], migma: Migma
) -> None:
    """A cut-off link offers to type the address; the mail that comes then holds a link that works (E-05)."""
    page = opened(chromium, links["u"][:-9])
    kept(page, "broken-link")
    page.get_by_label("type your address").fill("ada@example.com")
    page.get_by_role("button", name="Send me a link").click()
    page.wait_for_selector("text=a mail with a link is on its way")
    page.goto(_newest_link(migma, "u"))
    page.get_by_role("button", name="Unsubscribe").click()
    page.wait_for_selector("text=You are unsubscribed")
    assert ada().status is Status.UNSUBSCRIBED


def test_german_on_a_phone(chromium: Browser, links: dict[str, str], ada: Callable[[], Contact]) -> None:
    """In the reader's language and width: nothing sticks out, every button can be hit with a thumb."""
    for room in ("p", "u"):
        page = opened(chromium, links[room], PHONE, "de-DE")
        kept(page, f"phone-{room}")
        assert page.locator("html").get_attribute("lang") == "de"
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        for button in page.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None and box["height"] >= 44 and box["x"] + box["width"] <= PHONE["width"]
    page.get_by_role("button", name="Abmelden").click()
    page.wait_for_selector("text=Sie sind abgemeldet")
    assert ada().status is Status.UNSUBSCRIBED


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_keeps_anybody_out(chromium: Browser, links: dict[str, str], size: ViewportSize, scheme: str) -> None:
    """axe-core finds nothing against WCAG 2.2 AA on any page, light or dark, wide or narrow."""
    context = chromium.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True)
    page = context.new_page()
    for path in (links["p"], links["u"], links["u"][:-9]):
        page.goto(path)
        assert faults_of(page) == []
    for press in ("Unsubscribe", "Send me that mail"):
        page.goto(links["u"])
        page.get_by_role("button", name="Unsubscribe").click()
        if press != "Unsubscribe":
            page.get_by_role("button", name=press).click()
        assert faults_of(page) == []
    page.goto(links["p"])
    assert faults_of(page) == []


def test_scripts_and_pictures_from_elsewhere_are_blocked(chromium: Browser, links: dict[str, str]) -> None:
    """Were there a hole in the escaping, the browser itself would run and load nothing (D-09)."""
    page = opened(chromium, links["u"], script=True)
    blocked = page.evaluate(
        """() => new Promise(resolve => {
            const seen = []
            document.addEventListener('securitypolicyviolation', e => { seen.push(e.violatedDirective)
                if (seen.length === 2) resolve(seen.sort()) })
            document.body.append(Object.assign(document.createElement('script'), { text: 'document.title = "run"' }))
            document.body.append(Object.assign(new Image(), { src: location.origin + '/pixel.png' }))
        })"""
    )
    assert blocked == ["img-src", "script-src-elem"]
    assert page.title() == "Unsubscribe · Acme"


def test_a_logo_is_shown(chromium: Browser, migma: Migma, links: dict[str, str], project_logo: str) -> None:
    """A brand's picture is part of the page, with the brand's name for those who do not see it."""
    page = opened(chromium, links["u"])
    picture = page.get_by_role("img", name="Acme")
    box = picture.bounding_box()
    assert box is not None and box["width"] > 0
    kept(page, "logo")


@pytest.fixture
def project_logo(migma: Migma) -> str:
    """Give the project a logo: a red square."""
    made = Brand("Acme", ADDRESS, "https://mail.example.com", logo=f"data:image/png;base64,{RED}")
    with sqlite3.connect(migma.parts.settings.database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE projects SET logo = ?", (made.logo,))
    return made.logo


def _confirmation(migma: Migma) -> str:
    return _newest_link(migma, "c")


def _newest_link(migma: Migma, room: str) -> str:
    files = sorted((migma.parts.settings.outbox_path / "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    body = parsed(files[-1].read_bytes()).get_body(("plain",))
    assert body is not None
    found = re.search(rf"http://127\.0\.0\.1:\d+/{room}/[\w-]+", body.get_content())
    assert found is not None
    return found[0]
