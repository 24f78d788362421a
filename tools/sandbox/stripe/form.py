"""Stripe's form encoding: nested keys in brackets, everything a string until it is asked for."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tools.sandbox.stripe.errors import Refusal, invalid

_DEEPEST = 4
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(text: str) -> dict[str, Any]:
    """`a[b]=1&c[0][d]=2&e[]=3` as {"a": {"b": "1"}, "c": [{"d": "2"}], "e": ["3"]}."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        match = _KEY.match(key)
        if match is None:
            raise Refusal(400, f"Received unknown parameter: {key}", code="parameter_unknown", param=key)
        _place(tree, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value)
    return {name: _lists(value) for name, value in tree.items()}


def _place(tree: dict[str, Any], steps: list[str], value: str) -> None:
    node = tree
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        name = step or str(len(node))
        if following is None:
            node[name] = value
            return
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise invalid(steps[0], f"Invalid {steps[0]}: mixed shapes")


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(part) for key, part in value.items()}


class Params:
    """The parameters of one request, read by name and type; wrong ones are refused in Stripe's words."""

    def __init__(self, tree: Mapping[str, Any], prefix: str = "") -> None:
        self.tree = tree
        self._prefix = prefix

    def only(self, *names: str) -> None:
        """Refuses every parameter that is not among these (`expand` always is)."""
        for name in self.tree:
            if name not in names and name != "expand":
                where = self._name(name)
                raise invalid(where, f"Received unknown parameter: {where}", code="parameter_unknown")

    def text(self, name: str) -> str | None:
        value = self.tree.get(name)
        if value is None or isinstance(value, str):
            return value
        raise invalid(self._name(name), f"Invalid string: {value}")

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            where = self._name(name)
            raise invalid(where, f"Missing required param: {where}.", code="parameter_missing")
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,12}", value):
            where = self._name(name)
            raise invalid(where, f"Invalid integer: {value}", code="parameter_invalid_integer")
        return int(value)

    def boolean(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            raise invalid(self._name(name), f"Invalid boolean: {value}")
        return value == "true"

    def choice(self, name: str, *allowed: str) -> str | None:
        value = self.text(name)
        if value is not None and value not in allowed:
            where = self._name(name)
            raise invalid(where, f"Invalid {where}: must be one of {', '.join(allowed)}")
        return value

    def inside(self, name: str) -> "Params":
        """The parameters within `name[...]`."""
        value = self.tree.get(name, {})
        if not isinstance(value, dict):
            raise invalid(self._name(name), "Invalid object")
        return Params(value, self._name(name))

    def items(self, name: str) -> list["Params"]:
        """The entries of `name[0][...]`, `name[1][...]`, ..."""
        value = self.tree.get(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise invalid(self._name(name), "Invalid array")
        return [Params(entry, f"{self._name(name)}[{place}]") for place, entry in enumerate(value)]

    def metadata(self) -> dict[str, str]:
        given = self.inside("metadata").tree
        if len(given) > 50 or any(
            not isinstance(v, str) or len(v) > 500 or len(k) > 40 for k, v in given.items()
        ):
            raise invalid("metadata", "Metadata is limited to 50 keys of 40 and values of 500 characters.")
        return dict(given)

    def expand(self) -> tuple[str, ...]:
        """The paths to expand; Stripe goes four levels deep at most."""
        wanted = self.tree.get("expand", [])
        paths = tuple(wanted) if isinstance(wanted, list) else (str(wanted),)
        for path in paths:
            if str(path).count(".") >= _DEEPEST:
                raise invalid(
                    "expand", f"You cannot expand more than {_DEEPEST} levels of a property: {path}"
                )
        return paths

    def _name(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name
