"""The way out: looking changes nothing, acting is durable before it is answered, and nothing is lost."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from migma_runtime import Migma
from migma_web import application
from migma_web.languages import WORDS, language_of

from migma_core import Contact, Project, Status, TokenPurpose


def test_looking_changes_nothing(client: TestClient, path: str, database: Callable[[], str]) -> None:
    """GET, HEAD and OPTIONS, many times over, on a genuine link leave every row as it was (D-01)."""
    before = database()
    for _ in range(100):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.options(path).status_code == 204
    assert database() == before


BODIES = [b"", b"List-Unsubscribe=One-Click", b"List-Unsubscribe%3DOne-Click", b"\xff\xfe\x00", b"x" * 100_000, b"{"]
TYPES = [
    None,
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=klingon",
    "multipart/form-data; boundary=----x",
    "multipart/form-data",
    "text/plain",
    "application/json",
    "nonsense",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_one_click_post_acts(
    client: TestClient, path: str, body: bytes, content_type: str | None, slash: str, ada: Callable[[], Contact]
) -> None:
    """Whatever is posted, in whatever type, with or without a slash: 200, no cookie, and opted out (D-03 to D-05)."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.post(path + slash, content=body, headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert ada().status is Status.UNSUBSCRIBED


def test_repeating_it_changes_nothing_not_even_the_time(
    client: TestClient, path: str, database: Callable[[], str]
) -> None:
    """The second and the tenth POST answer 200, and the rows are those of the first (D-06)."""
    first = client.post(path)
    after = database()
    assert {client.post(path).status_code for _ in range(10)} == {first.status_code} == {200}
    assert database() == after


def test_fifty_at_once_make_one_record(client: TestClient, path: str, database: Callable[[], str]) -> None:
    """However many clients click at the same moment, there is one opt-out and one event."""
    before = database().count('INSERT INTO "consent_events"')
    with ThreadPoolExecutor(16) as many:
        answers = list(many.map(lambda _: client.post(path).status_code, range(50)))
    assert set(answers) == {200}
    dumped = database()
    assert dumped.count('INSERT INTO "consent_events"') == before + 1
    assert dumped.count('INSERT INTO "suppressions"') == 1


def test_where_the_store_is_down_nothing_is_promised(
    migma: Migma, client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch, ada: Callable[[], Contact]
) -> None:
    """A fault while storing answers 503 and when to come again, never 200, and nothing was changed (D-08)."""
    contacts = type(migma.store.contacts)

    def fails(*_args: object, **_named: object) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(contacts, "unsubscribe", fails)
        answer = client.post(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "ada" not in answer.text
    assert ada().status is Status.SUBSCRIBED
    assert client.post(path).status_code == 200
    assert ada().status is Status.UNSUBSCRIBED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token[:20],
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("A", "%41"),
        lambda token: "%2541" + token,
        lambda token: "A" * 112,
        lambda token: "x" * 5000,
        lambda token: "<script>alert(1)</script>",
        lambda token: "\u00e9",
        lambda token: f"more/{token}",
        lambda token: f"{token}//",
    ],
)
def test_a_spoiled_link_gets_one_page_that_says_nothing(
    client: TestClient, path: str, spoil: Callable[[str], str], database: Callable[[], str]
) -> None:
    """Truncated, altered, encoded twice or made up: one page for all, by GET and POST, and no row changes (D-07)."""
    before = database()
    token = path.rpartition("/")[2]
    spoiled = spoil(token)
    if "%41" in spoiled and "%2541" not in spoiled:
        assert client.get(f"/u/{spoiled}").status_code == 200  # one encoding is the same link
        return
    answers = (client.get(f"/u/{spoiled}"), client.post(f"/u/{spoiled}"))
    # how deep the reader's own path lies shows in the way up, and in nothing else
    seen = {(answer.status_code, re.sub(r"(\.\./)+u/", "../u/", answer.text)) for answer in answers}
    assert seen == {(404, client.get("/u/nonsense").text)}
    assert database() == before


def test_the_page_shows_who_and_what_and_hides_the_person(client: TestClient, path: str) -> None:
    """Brand and masked address, one form with one button, the whole address nowhere (F-05)."""
    shown = client.get(path).text
    assert "a***@example.com" in shown
    assert "ada@example.com" not in shown
    assert "Acme" in shown
    assert re.findall(r"<(form|button|input|script)\b", shown) == ["form", "input", "button"]
    assert 'method="post"' in shown
    assert "a***@example.com" in client.post(path).text


def test_pages_load_nothing_and_keep_to_themselves(client: TestClient, path: str) -> None:
    """The headers of D-09 stand on every answer, and nothing in a page leads anywhere else."""
    for answer in (client.get(path), client.post(path), client.get("/u/nonsense")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert not re.search(r"(?:src|href)=|https?://|url\(|@import", answer.text)


def test_the_page_speaks_the_readers_language(client: TestClient, path: str) -> None:
    """German where it is asked for, English otherwise, and the page says which."""
    german = client.get(path, headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"})
    assert "Abmelden" in german.text and '<html lang="de">' in german.text
    assert german.headers["content-language"] == "de"
    assert "Sie sind abgemeldet" in client.post(path, headers={"Accept-Language": "de"}).text
    assert '<html lang="en">' in client.get(path).text


@given(st.text(max_size=60))
def test_any_language_header_is_understood_or_passed_over(header: str) -> None:
    """However odd, it gives one of our languages."""
    assert language_of(header) in WORDS


def test_languages_have_the_same_words() -> None:
    """No page lacks a word in any language."""
    assert len({frozenset(words) for words in WORDS.values()}) == 1
    assert all(text.strip() for words in WORDS.values() for text in words.values())


def test_a_hostile_brand_is_text(migma: Migma, client: TestClient, path: str) -> None:
    """A name that looks like markup or like a field of a text is shown as it is."""
    with sqlite3.connect(migma.parts.settings.database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE projects SET brand_name = ?", ("<b>{address}</b> & {0.__class__}",))
    shown = client.get(path).text
    assert "&lt;b&gt;{address}&lt;/b&gt; &amp; {0.__class__}" in shown
    assert "<b>" not in shown


def test_the_link_works_below_a_path_of_ones_own(migma: Migma, path: str, ada: Callable[[], Contact]) -> None:
    """Mounted into another application, the same link acts, and the form posts to itself."""
    yours = FastAPI()
    yours.mount("/mail", application(migma))
    with TestClient(yours) as client:
        assert client.get(f"/mail{path}").status_code == 200
        assert 'action="' not in client.get(f"/mail{path}").text
        assert client.post(f"/mail{path}").status_code == 200
    assert ada().status is Status.UNSUBSCRIBED


def test_the_application_says_nothing_about_itself(client: TestClient) -> None:
    """No description, no documentation, no redirect."""
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/u", "/u/"):
        assert client.get(path).status_code == 404


def test_a_link_for_another_purpose_is_no_way_out(migma: Migma, client: TestClient, path: str) -> None:
    """A genuine token made for preferences does not unsubscribe (E-01, E-07)."""
    from migma_core import Token, TokenKeys, mint_token, verify_token

    keys = TokenKeys(migma.parts.keys.token_bytes())
    genuine = verify_token(path.rpartition("/")[2], TokenPurpose.UNSUBSCRIBE, keys)
    assert genuine is not None
    other = Token(TokenPurpose.PREFERENCES, genuine.project, genuine.contact, genuine.delivery)
    assert client.post(f"/u/{mint_token(other, keys)}").status_code == 404


def test_the_database_is_where_the_fixture_looks(database: Callable[[], str], project: Project) -> None:
    """Dumps are of the installation's own file, or comparing them would prove nothing."""
    assert project.id in database()
