"""What only a process of its own shows: the installed program, its exit code, and both of its streams."""

from __future__ import annotations

import pytest

from tests.adapters.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("policy", "table", "strict", "--json"), 0),
        (("contacts", "list"), 1),
        (("contacts", "list", "--colour", "red"), 2),
    ],
)
def test_a_process_says_and_ends_as_the_entry_point_does(
    run: Run, process: Run, arguments: tuple[str, ...], code: int
) -> None:
    """Its exit code and every character on both streams are those that the other tests of commands look at."""
    alone = process(*arguments)

    assert alone == run(*arguments)
    assert alone.code == code


def test_what_one_process_did_the_next_one_finds(ready: Run, process: Run) -> None:
    """A mail sent by one process is on record for another, and each prints one JSON document and nothing else."""
    letter = ("--from", "news@mail.example.com", "--from-name", "Acme", "--subject", "Hi", "--html", "mail.html")

    sent = process("send", *letter, "--to", "a@example.com", "--json")
    again = process("send", *letter, "--to", "b@example.com", "--marketing", "--json")

    assert (sent.code, sent.err, sent.json["states"]) == (0, "", {"accepted": 1})
    assert (again.err, again.json["states"]) == ("", {"withheld": 1})
    assert len(process("contacts", "list", "--json").json["contacts"]) == 3
