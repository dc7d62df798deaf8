"""What Migma answers to a send, file by file, and what is made of it (design D8)."""

from __future__ import annotations

from pathlib import Path

import pytest
from migma_http import Secret
from migma_platform import Api, MigmaCodec

from tests.support.answers import Recorded, in_words, recorded
from tests.support.batches import batch_for, compiled_for
from tests.support.http_worlds import KEY

ANSWERS = recorded(Path(__file__).parent / "answers")
COMPILED = compiled_for()


@pytest.mark.parametrize("one", ANSWERS, ids=lambda one: one.name)
def test_an_answer_means_what_its_file_says(one: Recorded) -> None:
    """Kind, scope, id and wait of the outcome are those beside the answer."""
    batch = batch_for(COMPILED, [{}] * one.messages)
    assert in_words(MigmaCodec(Api(Secret(KEY)), "p").decode(batch, one.answer)) == one.expected
    assert one.source


def test_every_documented_status_has_an_answer() -> None:
    """None of the statuses that Migma documents is without a file (reference §3.2)."""
    documented = {200, 201, 202, 400, 401, 403, 404, 409, 429, 500, 503}
    assert documented <= {one.answer.status for one in ANSWERS}
