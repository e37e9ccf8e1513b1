"""A probe as JUnit XML, as CI systems read it: a test case for each call, and one for each threshold."""

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree

from outputs.probing.figures import name_share, quote_reason
from outputs.runs.probe import Probe

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped (section 2.2)."""


def junit_lines(
    agent: str, calls: Iterable[Probe], thresholds: Mapping[str, float], missed: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of the file.

    A call that did not pass is a failure where thresholds do not decide, else it is told in the case's output: a build
    is to fail by its thresholds. One that our own side failed on is an error, one that could not be scored is skipped.

    Args:
        agent: its name.
        calls: that have ended, in the order of the plan.
        thresholds: the least share by the name of a rate; empty where none was given.
        missed: why a rate misses its threshold, by its name.
    """
    cases = [_case(call, decides=not thresholds) for call in calls] + [
        _threshold(name, least, missed.get(name)) for name, least in thresholds.items()
    ]
    suite = ElementTree.Element("testsuite", name=_sound(f"rolecs probe {agent}"), tests=str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield ElementTree.tostring(suites, encoding="unicode")


def _case(call: Probe, *, decides: bool) -> ElementTree.Element:
    hard = f" {call.hardship.kind}" if call.hardship else ""
    name = f"{call.persona.id} {call.number}{hard} ({call.id})"
    seconds = f"{sum(call.latencies):.3f}"
    case = ElementTree.Element("testcase", classname=_sound(f"rolecs.{call.topic}"), name=_sound(name), time=seconds)
    if call.error:
        ElementTree.SubElement(case, "error", message=_sound(str(call.error)))
    elif not call.has_result:
        ElementTree.SubElement(case, "skipped", message="the judge could not be read")
    elif call.reasons:
        quotes = [(reason, quote_reason(call, reason)) for reason in call.reasons]
        text = "\n".join(f"{reason}, turn {quote.turn or '-'}: {quote.text}\n  {quote.why}" for reason, quote in quotes)
        if decides:
            failure = ElementTree.SubElement(case, "failure", message=_sound(", ".join(call.reasons)))
            failure.text = _sound(text)
        else:
            ElementTree.SubElement(case, "system-out").text = _sound(f"{', '.join(call.reasons)}\n{text}")
    return case


def _threshold(name: str, least: float, problem: str | None) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname="rolecs.threshold", name=f"{name} at least {name_share(least)}")
    if problem:
        ElementTree.SubElement(case, "failure", message=problem)
    return case


def _sound(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
