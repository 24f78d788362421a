"""A typed form from a tool's argument schema: what an approver may change, with its kind and bounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.ids import ID_PATTERN
from core.money import ZERO_DECIMAL, Money
from service.wording import label

Kind = Literal["text", "long", "integer", "money", "choice", "yes_no", "fixed"]
_LONG = 120


@dataclass(frozen=True, slots=True)
class Field:
    """One argument: `fixed` ones are shown and sent as they are."""

    name: str
    label: str
    kind: Kind
    value: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    decimals: int = 0
    longest: int | None = None
    least: int | None = None
    least_text: str = ""
    most: int | None = None
    most_text: str = ""


def fields_of(schema: Mapping[str, Any], args: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a form for `args`, in the schema's order."""
    wanted = schema.get("required", ())
    return tuple(
        _field(name, _resolved(raw, schema), args, optional=name not in wanted)
        for name, raw in schema.get("properties", {}).items()
    )


def _field(name: str, spec: Mapping[str, Any], args: Mapping[str, Any], *, optional: bool) -> Field:
    value = args.get(name)
    options: Sequence[Any] = spec.get("enum") or ([spec["const"]] if "const" in spec else ())
    if options:
        choices = tuple((str(option), label(str(option))) for option in options)
        return Field(name, label(name), "choice", _text(value), choices=choices, optional=optional)
    if name == "amount" and spec.get("type") == "integer" and isinstance(args.get("currency"), str):
        return _money(name, spec, value, str(args["currency"]))
    kind = _kind(name, spec, value)
    made = Field(name, label(name), kind, _text(value), optional=optional, longest=spec.get("maxLength"))
    return _bounded(made, spec, str) if kind == "integer" else made


def _bounded(made: Field, spec: Mapping[str, Any], words: Callable[[int], str]) -> Field:
    """With the schema's bounds, said in `words`; an exclusive one is the next whole number."""
    above, below = spec.get("exclusiveMinimum"), spec.get("exclusiveMaximum")
    least = spec.get("minimum", None if above is None else above + 1)
    most = spec.get("maximum", None if below is None else below - 1)
    return replace(
        made,
        least=least,
        least_text="" if least is None else words(least),
        most=most,
        most_text="" if most is None else words(most),
    )


def _money(name: str, spec: Mapping[str, Any], value: Any, currency: str) -> Field:
    decimals = 0 if currency in ZERO_DECIMAL else 2
    shown = "" if value is None else f"{int(value) / 10**decimals:.{decimals}f}"
    made = Field(name, f"Amount in {currency.upper()}", "money", shown, decimals=decimals)
    return _bounded(made, spec, lambda amount: str(Money(amount, currency)))


def _kind(name: str, spec: Mapping[str, Any], value: Any) -> Kind:
    # Another object than the one the customer named is another request: ids and currencies are not typed by hand.
    if spec.get("pattern") == ID_PATTERN or name == "currency":
        return "fixed"
    match spec.get("type"):
        case "integer":
            return "integer"
        case "boolean":
            return "yes_no"
        case "string":
            is_long = spec.get("maxLength", 0) > _LONG or len(_text(value)) > _LONG
            return "long" if is_long else "text"
        case _:
            return "fixed"


def _resolved(raw: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference, and of `X or null` the X."""
    if "$ref" in raw:
        return _resolved(schema["$defs"][str(raw["$ref"]).rsplit("/", 1)[-1]], schema)
    for one in raw.get("anyOf", ()):
        if one.get("type") != "null":
            return _resolved(one, schema)
    return raw


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
