"""Results as JUnit XML, for whatever shows test results in CI."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as xml

from evals.grade import Result
from evals.journal import Head

_FORBIDDEN = {n: None for n in range(32) if n not in (9, 10, 13)}


def as_junit(document: Mapping[str, Any], head: Head, results: Sequence[Result]) -> str:
    """One test case per run of a scenario."""
    cases = [
        case(r.category, f"{r.scenario} ({r.epoch})", r.seconds, "\n".join((*r.faults, "", *r.transcript)))
        if not r.passed
        else case(r.category, f"{r.scenario} ({r.epoch})", r.seconds)
        for r in results
    ]
    return suite(f"remit evals {head.suite} ({document['model']})", cases)


def case(group: str, name: str, seconds: float, failure: str | None = None) -> xml.Element:
    """One test case; with `failure` it failed."""
    made = xml.Element("testcase", classname=group, name=name, time=f"{seconds:.3f}")
    if failure is not None:
        text = failure.translate(_FORBIDDEN)
        wrong = xml.SubElement(made, "failure", message=text.partition("\n")[0][:200])
        wrong.text = text
    return made


def suite(name: str, cases: Iterable[xml.Element]) -> str:
    """The whole document."""
    listed = list(cases)
    failed = sum(one.find("failure") is not None for one in listed)
    made = xml.Element("testsuite", name=name, tests=str(len(listed)), failures=str(failed), errors="0")
    made.extend(listed)
    return xml.tostring(made, encoding="unicode", xml_declaration=True) + "\n"
