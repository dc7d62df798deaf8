"""What a send tells while it goes: log records and OpenTelemetry's, numbers and ids only."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from migma_runtime import LOGGER, Migma, SendAnswer
from migma_runtime.drive import drive, drive_async
from migma_runtime.tracing import tracing
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from migma_core import Project
from migma_core.delivery import effects as e
from migma_core.delivery.job import Steps, ask

Import = Callable[[str], None]

PEOPLE = "email,first_name,tags\n" + "".join(f"person{n}@example.com,Secretname{n},news\n" for n in range(7))


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    """What is traced in this process, from here on; a provider can be set once only."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture(scope="module")
def measured() -> InMemoryMetricReader:
    """What is measured in this process, from here on."""
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    tracing.cache_clear()
    return reader


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every record of the loop."""
    with caplog.at_level(logging.DEBUG, LOGGER.name):
        yield caplog


def send(migma: Migma, project: Project) -> SendAnswer:
    """News to everybody tagged."""
    return migma.sending.send(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="Secret subject",
        template="<p>Secret body, {{first_name|you}}</p>",
        project_id=project.id,
    )


def test_a_send_is_told_in_numbers(
    migma: Migma, project: Project, imported: Import, records: pytest.LogCaptureFixture
) -> None:
    """How many were planned, claimed, handed over and recorded, with what outcome and how long it took."""
    imported(PEOPLE)
    answer = send(migma, project)

    told = {record.message: record.migma for record in records.records}  # type: ignore[attr-defined]  # ours
    assert told["FanOut"]["rows"] == told["HandOver"]["rows"] == told["HandOver"]["accepted"] == 7
    assert told["Record"]["accepted"] == told["Finish"]["accepted"] == 7
    assert told["HandOver"]["provider"] == "outbox"
    assert {one["send"] for one in told.values() if "send" in one} == {answer.id}
    assert all(one["seconds"] >= 0 for one in told.values())


def test_nothing_told_names_a_person_or_quotes_a_mail(
    migma: Migma,
    project: Project,
    imported: Import,
    records: pytest.LogCaptureFixture,
    spans: InMemorySpanExporter,
) -> None:
    """No address, no value, no subject and no body stands in a record or on a span."""
    imported(PEOPLE)
    spans.clear()
    send(migma, project)

    everything = [f"{one.getMessage()} {vars(one)}" for one in records.records]
    everything += [span.to_json() for span in spans.get_finished_spans()]
    assert len(everything) > 10
    assert not [one for one in everything if "person" in one or "ecret" in one or "@" in one]


def test_what_everybody_wants_to_know_is_info(
    migma: Migma, project: Project, imported: Import, records: pytest.LogCaptureFixture
) -> None:
    """Hand-overs and the end are told at INFO, the rest at DEBUG."""
    imported(PEOPLE)
    send(migma, project)
    info = {record.message for record in records.records if record.levelno == logging.INFO}
    assert info == {"HandOver", "Finish"}


def test_a_send_is_traced_and_measured(
    migma: Migma, project: Project, imported: Import, spans: InMemorySpanExporter, measured: InMemoryMetricReader
) -> None:
    """A span for each effect; counters of outcomes and of rows by state; how long hand-overs took."""
    imported(PEOPLE)
    spans.clear()
    send(migma, project)

    names = Counter(span.name for span in spans.get_finished_spans())
    assert names["migma.HandOver"] == names["migma.Finish"] == 1
    found = _points(measured)
    assert found["migma.outcomes", ("accepted", "outbox")] == found["migma.settled", ("accepted",)] == 7
    assert found["migma.hand_over", ("outbox",)] == 1


def test_a_fault_is_told_and_raised(records: pytest.LogCaptureFixture) -> None:
    """An effect that cannot be performed is told with the kind of its fault, not its words, which may hold anything."""

    def broken(_effect: e.Effect[Any]) -> Any:
        raise OSError("person1@example.com")

    with pytest.raises(OSError, match="person1"):
        drive(_one_wait(), broken)
    (record,) = records.records
    assert (record.levelno, record.message) == (logging.WARNING, "Wait failed")
    assert record.migma["fault"] == "OSError"  # type: ignore[attr-defined]  # ours
    assert "person1" not in str(vars(record))


def test_both_colours_tell_the_same(records: pytest.LogCaptureFixture) -> None:
    """The awaited loop tells what the other one does."""
    import asyncio

    async def waited(_effect: e.Effect[Any]) -> None: ...

    drive(_one_wait(), lambda _effect: None)
    asyncio.run(drive_async(_one_wait(), waited))
    first, second = records.records
    assert (first.message, first.levelno) == (second.message, second.levelno) == ("Wait", logging.INFO)


def test_nothing_is_traced_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry is an extra: where it is not installed, a send goes on in silence."""
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    tracing.cache_clear()
    try:
        assert drive(_one_wait(), lambda _effect: None) == "done"
        assert type(tracing()).__name__ == "_Silence"
    finally:
        tracing.cache_clear()


def _one_wait() -> Steps[str]:
    yield from ask(e.Wait(0.0, "a rest"))
    return "done"


def _points(reader: InMemoryMetricReader) -> dict[tuple[str, tuple[str, ...]], float]:
    data = reader.get_metrics_data()
    assert data is not None
    every = [one for resource in data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics]
    return {
        (one.name, tuple(str(point.attributes[name]) for name in sorted(point.attributes))): getattr(
            point, "value", getattr(point, "count", 0)
        )
        for one in every
        for point in one.data.data_points
        if point.attributes is not None
    }
