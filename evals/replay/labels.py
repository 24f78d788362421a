"""Whether a recorded write was right: the same tool and arguments as an expected action, however they were written."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from evals.replay.talk import Called, Expected


def is_right(call: Called, expected: Sequence[Expected]) -> bool:
    """True when one of the expected actions is this call, after both are brought to one form."""
    return any(same(call.args, one) for one in expected if one.name == call.name)


def same(args: Mapping[str, Any], expected: Expected) -> bool:
    """True when these arguments are the expected ones; an argument left out is the same as null."""
    names = expected.compare if expected.compare is not None else {*args, *expected.args}
    return all(normal(args.get(name)) == normal(expected.args.get(name)) for name in names)


def differing(args: Mapping[str, Any], expected: Expected) -> tuple[str, ...]:
    """The names of the arguments that are not as expected."""
    names = expected.compare if expected.compare is not None else tuple({*expected.args, *args})
    return tuple(sorted(n for n in names if normal(args.get(n)) != normal(expected.args.get(n))))


def normal(value: Any) -> Any:
    """One form per meaning: lists without order, 5.0 as 5, JSON text as its value, words without outer blanks."""
    match value:
        case bool():
            # Python takes True for 1.
            return str(value).lower()
        case float() if value.is_integer():
            return int(value)
        case str():
            return _text(value.strip())
        case dict():
            return {str(key): normal(one) for key, one in value.items() if one is not None}
        case list() | tuple():
            return sorted((normal(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
        case _:
            return value


def _text(text: str) -> Any:
    # Some models write a nested list or object as JSON text.
    if text[:1] not in ("{", "["):
        return text
    try:
        return normal(json.loads(text))
    except (ValueError, RecursionError):
        return text
