"""Checks that each step of a procedure names tools, arguments, slots and earlier results that exist."""

from collections.abc import Mapping
from typing import Any

from core.tool_spec import Kind, ToolSpec
from policies.model import CategoryFile
from policies.procedure import (
    SIGNALS,
    SLOTS,
    Answer,
    Choose,
    FieldRef,
    Given,
    HandOver,
    Literally,
    Need,
    Read,
    Say,
    Step,
    Write,
    holes,
    parse_value,
)
from policies.report import Loc, Report
from policies.source import nearest

_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "boolean": bool}


class Procedure:
    """One walk through the steps, remembering which results exist so far."""

    def __init__(self, file: CategoryFile, specs: Mapping[str, ToolSpec], report: Report) -> None:
        self._tools = {name: specs[name] for name in file.tools if name in specs}
        self._report = report
        self._known: set[str] = set()

    def check(self, steps: tuple[Step, ...]) -> None:
        """Reports every wrong reference, and steps that nothing can reach."""
        ended = False
        for index, step in enumerate(steps):
            loc = ("procedure", index)
            if ended:
                self._report.at(loc, "this step is never reached")
            for key, value in step.when.items():
                self._value(key, (*loc, "when"), at_key=True)
                self._value(value, (*loc, "when", key))
            self._step(step, loc)
            ended = ended or (isinstance(step, Say | HandOver) and not step.when)

    def _step(self, step: Step, loc: Loc) -> None:
        match step:
            case Need():
                if step.need not in SLOTS:
                    hint = nearest(step.need, SLOTS)
                    self._report.at((*loc, "need"), f"unknown slot {step.need!r}; {hint}")
                self._text(step.ask, (*loc, "ask"))
            case Read():
                self._call(step.read, "read", step.args, loc)
                self._known.add(step.into)
            case Choose():
                self._choose(step, loc)
            case Write():
                self._call(step.write, "write", step.args, loc)
                self._text(step.lead or "", (*loc, "lead"))
            case Answer():
                if "answer" not in self._tools:
                    self._report.at((*loc, "answer"), "'answer' is not among the category's tools")
                self._text(step.answer, (*loc, "answer"))
            case Say():
                self._text(step.say, (*loc, "say"))
            case _:
                # HandOver: its reason is for people and holds no references.
                pass

    def _choose(self, step: Choose, loc: Loc) -> None:
        self._value(step.source, (*loc, "from"))
        if not step.source.startswith("$"):
            self._report.at((*loc, "from"), f"{step.source!r} is not the field of an earlier result")
        for key, value in step.where.items():
            self._value(value, (*loc, "where", key))
        self._text(step.ask, (*loc, "ask"))
        self._text(step.none, (*loc, "none"))
        self._known.add(step.choose)

    def _call(self, tool: str, kind: Kind, args: Mapping[str, Given], loc: Loc) -> None:
        spec = self._tools.get(tool)
        if spec is None or spec.kind != kind:
            known = [name for name, one in self._tools.items() if one.kind == kind]
            self._report.at((*loc, kind), f"{tool!r} is no {kind} of this category; {nearest(tool, known)}")
            return
        properties = spec.schema.get("properties", {})
        for name, value in args.items():
            if name not in properties:
                hint = nearest(name, properties)
                self._report.at_key((*loc, "with", name), f"{tool!r} has no argument {name!r}; {hint}")
                continue
            self._value(value, (*loc, "with", name))
            self._literal(value, properties[name], (*loc, "with", name))
        for name in spec.schema.get("required", ()):
            if name not in args:
                self._report.at((*loc, kind), f"{tool!r} needs the argument {name!r}")

    def _literal(self, value: Given, schema: Mapping[str, Any], loc: Loc) -> None:
        if isinstance(value, str) and value.startswith("$"):
            return
        allowed = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
        if allowed is not None and value not in allowed:
            self._report.at(loc, f"{value!r} is not allowed here; {nearest(str(value), map(str, allowed))}")
        expected = _TYPES.get(str(schema.get("type")))
        if expected is not None and (not isinstance(value, expected) or (expected is int and value is True)):
            self._report.at(loc, f"{value!r} should be of type {schema['type']}")

    def _value(self, value: Given, loc: Loc, *, at_key: bool = False) -> None:
        tell = self._report.at_key if at_key else self._report.at
        where = (*loc, str(value)) if at_key else loc
        try:
            parsed = parse_value(value)
        except ValueError as error:
            tell(where, f"{error}; {nearest(str(value).removeprefix('$'), (*SLOTS, *self._known))}")
            return
        if at_key and isinstance(parsed, Literally):
            tell(where, f"{value!r} must name a slot or a field, such as $order.status")
        if isinstance(parsed, FieldRef) and (wrong := self._unknown(parsed)):
            tell(where, wrong)

    def _text(self, text: str, loc: Loc) -> None:
        try:
            for hole, value in holes(text):
                if isinstance(value, FieldRef) and (wrong := self._unknown(value)):
                    self._report.within(loc, text.index(hole), wrong)
        except ValueError as error:
            self._report.at(loc, str(error))

    def _unknown(self, ref: FieldRef) -> str | None:
        if ref.name == "signals":
            known = ref.field in SIGNALS
            return None if known else f"unknown signal {ref.field!r}; {nearest(ref.field, SIGNALS)}"
        if ref.name in self._known:
            return None
        return f"nothing before this step is called {ref.name!r}; {nearest(ref.name, self._known)}"
