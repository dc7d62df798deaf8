"""What Mailgun answers, file by file, and what is made of it (design D8)."""

from __future__ import annotations

from pathlib import Path

import pytest
from migma_http import Secret
from migma_mailgun import MailgunCodec

from tests.support.answers import Recorded, in_words, recorded
from tests.support.batches import batch_for, compiled_for
from tests.support.http_worlds import KEY

ANSWERS = recorded(Path(__file__).parent / "answers")
COMPILED = compiled_for()


@pytest.mark.parametrize("one", ANSWERS, ids=lambda one: one.name)
def test_an_answer_means_what_its_file_says(one: Recorded) -> None:
    """Kind, scope, id and wait of every message's outcome are those beside the answer."""
    batch = batch_for(COMPILED, [{}] * one.messages)
    assert in_words(MailgunCodec(Secret(KEY)).decode(batch, one.answer)) == one.expected
    assert one.source
