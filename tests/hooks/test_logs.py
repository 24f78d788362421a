"""What logs and traces may say: ids, numbers and names of ours; a canary of each kind of secret never gets out (I39)."""

import io
import json
import logging
from collections.abc import Callable

import pytest

from core.watch import Unwatched, trace_id
from service.logs import FIELDS, HIDDEN, JsonLines

CANARIES = (
    "mara.lindqvist@example.com",
    "+1 555 0100",
    "4242 4242 4242 4242",
    "sk_live_canary 0123",
    "I was charged twice, please help",
    "https://example.com/reset?token=abc",
    "123456",
    "Mara Lindqvist",
)
Say = Callable[[logging.Logger, str], None]


@pytest.fixture
def lines() -> tuple[logging.Logger, io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("remit.canary")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    return logger, written


def _argument(log: logging.Logger, canary: str) -> None:
    log.info("turn of %s failed", canary)


def _named(log: logging.Logger, canary: str) -> None:
    log.info("turn of %(who)s failed", {"who": canary})


def _in_error(log: logging.Logger, canary: str) -> None:
    try:
        raise ValueError(canary)
    except ValueError as error:
        log.exception("it failed: %s", error)


def _extra(log: logging.Logger, canary: str) -> None:
    log.warning("it failed", extra={"customer": canary})


def _put_together(log: logging.Logger, canary: str) -> None:
    logging.getLogger("other").handlers = log.handlers
    logging.getLogger("other").error(f"request of {canary}")


@pytest.mark.parametrize("say", [_argument, _named, _in_error, _extra, _put_together])
@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_gets_into_a_line(lines: tuple[logging.Logger, io.StringIO], say: Say, canary: str) -> None:
    log, written = lines
    say(log, canary)
    said = written.getvalue()
    assert canary not in said
    assert set(json.loads(said)) <= set(FIELDS)


def test_ids_numbers_and_kinds_of_errors_are_said(lines: tuple[logging.Logger, io.StringIO]) -> None:
    log, written = lines
    log.info("%s %s %s %s ms", "GET", "/v1/refunds/{id}", "con_5k2x", 12)
    line = json.loads(written.getvalue())
    assert (line["event"], line["args"]) == ("%s %s %s %s ms", ["GET", "/v1/refunds/{id}", "con_5k2x", 12])
    log.info("%s", "two words")
    assert json.loads(written.getvalue().splitlines()[1])["args"] == [HIDDEN]


def test_an_error_says_its_kind_and_where(lines: tuple[logging.Logger, io.StringIO]) -> None:
    log, written = lines
    _in_error(log, "secret words")
    line = json.loads(written.getvalue())
    assert (line["error"], line["args"]) == ("ValueError", ["ValueError"])
    assert line["where"][-1].endswith("_in_error")


def test_a_conversation_has_one_trace_for_good() -> None:
    assert trace_id("con_1") == trace_id("con_1") != trace_id("con_2")
    assert len(trace_id("con_1")) == 32


def test_unwatched_work_is_the_same_work() -> None:
    with Unwatched().span("x", "con_1", {}) as span:
        span.note(remit__route="hold")
    Unwatched().measure("x", 1.0, {})
