"""``migma policy``: the printed truth table, and what another policy would change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from migma_core import MIGMA, STRICT, Policy, printed

Run = Callable[..., Any]


@pytest.mark.parametrize(("arguments", "policy"), [((), MIGMA), (("strict",), STRICT)])
def test_a_policys_table_is_printed_as_it_is(run: Run, arguments: tuple[str, ...], policy: Policy) -> None:
    """Without an installation, and without a name for `migma`, the program prints what the core prints."""
    shown = run("policy", "table", *arguments)

    assert (shown.code, shown.err) == (0, "")
    assert shown.out == printed(policy)


def test_a_policys_table_is_one_json_document_for_programs(run: Run) -> None:
    """``--json`` prints the same table as values, reasons under their stable names, and nothing else."""
    shown = run("policy", "table", "strict", "--json")
    role = next(rule for rule in shown.json["rules"] if rule["name"] == "role_address")

    assert (shown.json["policy"], shown.json["fingerprint"]) == ("strict", STRICT.fingerprint)
    assert role["rows"] == [
        {"values": {"is_role": ["no"]}, "marketing": [], "transactional": []},
        {"values": {"is_role": ["yes"]}, "marketing": ["role_address"], "transactional": []},
    ]
    assert shown.json["denials"][0] == {
        "denial": "hard_bounce",
        "marketing": ["hard_bounce"],
        "transactional": ["hard_bounce"],
        "rules": ["hard_bounce"],
        "sources": ["R12, R17, A-03"],
    }


def test_a_policy_that_does_not_exist_is_wrong_usage(run: Run) -> None:
    """An unknown name is refused with exit code 2 and the names there are."""
    shown = run("policy", "table", "lenient")

    assert (shown.code, shown.out) == (2, "")
    assert '"migma", "strict"' in shown.err


def test_a_stricter_policy_mails_nobody_new(run: Run) -> None:
    """From `migma` to `strict` people only lose mail; the moves into and out of being mailed come first."""
    stricter = run("policy", "diff", "migma", "strict")
    wider = run("policy", "diff", "strict", "migma", "--json").json

    assert stricter.out.startswith("strict mails nobody whom migma would not.")
    assert (wider["before"], wider["after"], wider["is_wider"]) == ("strict", "migma", True)
    assert wider["moves"][0] == {"before": "invalid_address", "after": None, "number": 1_200}
    assert not any(move["before"] is None for move in wider["moves"])


def test_a_policy_is_no_different_from_itself(run: Run) -> None:
    """Where nothing would change the program says so."""
    shown = run("policy", "diff", "strict", "strict")

    assert (shown.code, shown.out) == (0, "strict mails nobody whom strict would not.\nNothing would change.\n")


def test_two_policies_are_compared_over_a_campaigns_people(ready: Run) -> None:
    """``--campaign`` counts the audience: of three people one could be mailed, and `strict` would not."""
    draft = (
        *("campaigns", "create", "--name", "Autumn", "--tag", "news", "--html", "mail.html"),
        *("--from", "news@mail.example.com", "--from-name", "Acme", "--subject", "Autumn"),
    )
    assert ready(*draft).code == 0

    moves = ready("policy", "diff", "migma", "strict", "--campaign", "Autumn", "--json").json["moves"]

    assert {"before": None, "after": "invalid_address", "number": 1} in moves
    assert sum(move["number"] for move in moves) == 2
