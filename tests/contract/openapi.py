"""Checks an exchange against an OpenAPI 3 file: parameters, bodies, form fields, `nullable`, unknown keys."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from wire import Exchange

Schema = dict[str, Any]
SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
_HERE = "urn:openapi"
_BESIDE = ("allOf", "oneOf", "anyOf")
_METHODS = {"get", "post", "put", "patch", "delete"}
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class Description:
    """One OpenAPI file; `problems` is empty when an exchange fits it."""

    def __init__(self, file: Path) -> None:
        self._doc: Schema = json.loads(file.read_text())
        servers = self._doc.get("servers") or [{"url": ""}]
        self._base = urlsplit(re.sub(r"\{[^}]*\}", "x", servers[0]["url"])).path.rstrip("/")
        schemas = self._doc.get("components", {}).get("schemas", {})
        ready = {name: self._open(schema) for name, schema in schemas.items()}
        resource = Resource.from_contents({"components": {"schemas": ready}}, DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_HERE, resource)

    def problems(self, exchange: Exchange) -> list[str]:
        """Everything about the exchange that the file does not allow, in words."""
        found = self._operation(exchange.method, exchange.path)
        if found is None:
            return [f"{exchange.method} {exchange.path}: not described"]
        where, operation, parameters, in_path = found
        told = [*self._parameters(parameters, in_path, exchange.query), *self._request(operation, exchange)]
        told += self._response(operation, exchange)
        return [f"{exchange.method} {where}: {words}" for words in told]

    def _operation(self, method: str, path: str) -> tuple[str, Schema, list[Schema], dict[str, str]] | None:
        path = path.removeprefix(self._base)
        for template in sorted(self._doc["paths"], key=lambda t: t.count("{")):
            pattern = re.sub(r"\\\{(.+?)\\\}", lambda m: f"(?P<{m[1]}>[^/]+)", re.escape(template))
            match, item = re.fullmatch(pattern, path), self._doc["paths"][template]
            if match and method.lower() in item.keys() & _METHODS:
                operation = item[method.lower()]
                rows = [*item.get("parameters", []), *operation.get("parameters", [])]
                return template, operation, [self._at(row) for row in rows], match.groupdict()
        return None

    def _parameters(self, declared: list[Schema], in_path: dict[str, str], query: str) -> Iterator[str]:
        given = decode_form(query)
        for row in declared:
            values = {"path": in_path, "query": given}.get(row["in"])
            if values is None:
                continue
            if row["name"] in values:
                schema = row.get("schema", {})
                yield from self._errors(self._coerced(values[row["name"]], schema), schema, row["name"])
            elif row.get("required"):
                yield f"query parameter {row['name']!r} is missing"
        for name in given.keys() - {row["name"] for row in declared if row["in"] == "query"}:
            yield f"query parameter {name!r} is unknown"

    def _request(self, operation: Schema, exchange: Exchange) -> Iterator[str]:
        body = self._at(operation.get("requestBody", {}))
        if not exchange.sent:
            if body.get("required"):
                yield "the request body is missing"
            return
        kind = exchange.sent_type.split(";")[0].strip()
        if kind not in body.get("content", {}):
            yield f"a request body of type {kind!r} is not described"
            return
        schema = body["content"][kind].get("schema", {})
        form = kind == "application/x-www-form-urlencoded"
        value = decode_form(exchange.sent.decode()) if form else json.loads(exchange.sent)
        yield from self._errors(self._coerced(value, schema) if form else value, schema, "request")

    def _response(self, operation: Schema, exchange: Exchange) -> Iterator[str]:
        answers = operation["responses"]
        answer = self._at(answers.get(str(exchange.status)) or answers.get("default") or {})
        if not answer:
            yield f"status {exchange.status} is not described"
            return
        kind = exchange.got_type.split(";")[0].strip()
        content = answer.get("content", {})
        if kind in content:
            yield from self._errors(json.loads(exchange.got), content[kind].get("schema", {}), "response")
        elif content or (exchange.got and exchange.status < 300):
            yield f"a {exchange.status} body of type {kind!r} is not described"

    def _errors(self, value: object, schema: Schema, what: str) -> Iterator[str]:
        root = {"$id": _HERE + ":root", **self._closed(schema, at=_HERE)}
        validator = Draft202012Validator(root, registry=self._registry, format_checker=_FORMATS)
        for error in validator.iter_errors(value):
            error = best_match([error]) or error
            path = "".join(f"[{step!r}]" for step in error.absolute_path)
            yield f"{what}{path}: {error.message[:300]}"

    def _at(self, node: Schema) -> Schema:
        while "$ref" in node:
            found: Any = self._doc
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def _names_keys(self, schema: Schema) -> bool:
        schema = self._at(schema)
        return bool(schema.get("properties")) or any(
            self._names_keys(part) for word in _BESIDE for part in schema.get(word, ())
        )

    def _closed(self, schema: Schema, at: str = "") -> Schema:
        """The schema of a whole value: keys it does not name are errors, a discriminator is followed."""
        ready = self._open(schema, at)
        if not self._names_keys(schema):
            return ready
        target = self._at(schema)
        kinds = target.get("discriminator", {})
        cases = [
            {
                "if": {
                    "required": [kinds["propertyName"]],
                    "properties": {kinds["propertyName"]: {"const": k}},
                },
                "then": {"$ref": at + ref},
            }
            for k, ref in kinds.get("mapping", {}).items()
        ]
        if target.get("nullable") and "$ref" not in schema:
            return {"anyOf": [{**ready["anyOf"][0], "unevaluatedProperties": False}, {"type": "null"}]}
        return {"allOf": [ready, *cases], "unevaluatedProperties": False}

    def _open(self, schema: Schema, at: str = "") -> Schema:
        """The schema in JSON Schema 2020-12, for use beside others; values inside it are closed."""
        ready = {
            k: v for k, v in schema.items() if k not in ("nullable", "discriminator", "oneOf", "example")
        }
        if "$ref" in ready:
            return {"$ref": at + ready["$ref"]}
        for word in ("properties", "patternProperties"):
            if word in schema:
                ready[word] = {name: self._closed(part, at) for name, part in schema[word].items()}
        for word in ("items", "additionalProperties"):
            if isinstance(schema.get(word), dict):
                ready[word] = self._closed(schema[word], at)
        for word in ("allOf", "anyOf"):
            if word in schema:
                ready[word] = [self._open(part, at) for part in schema[word]]
        if "oneOf" in schema:  # descriptions made from code overlap, so one that fits is enough
            fits = {"anyOf": [self._open(part, at) for part in schema["oneOf"]]}
            ready["allOf"] = [*ready.get("allOf", []), fits]
        return {"anyOf": [ready, {"type": "null"}]} if schema.get("nullable") else ready

    def _coerced(self, value: Any, schema: Schema) -> Any:
        """A form or query value in the type that its schema asks for."""
        parts = list(self._parts(schema))
        kinds = {kind for part in parts for kind in _listed(part.get("type"))}
        if isinstance(value, dict):
            named = {name: p for part in parts for name, p in part.get("properties", {}).items()}
            other = next((p for part in parts if isinstance(p := part.get("additionalProperties"), dict)), {})
            return {name: self._coerced(v, named.get(name, other)) for name, v in value.items()}
        if isinstance(value, list) or ("array" in kinds and "string" not in kinds):
            items: Schema = next((part["items"] for part in parts if "items" in part), {})
            return [self._coerced(v, items) for v in (value if isinstance(value, list) else [value])]
        if "string" not in kinds and kinds & {"integer", "number"} and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value) if "." in value else int(value)
        return value == "true" if "boolean" in kinds and value in ("true", "false") else value

    def _parts(self, schema: Schema) -> Iterator[Schema]:
        schema = self._at(schema)
        yield schema
        for word in _BESIDE:
            for part in schema.get(word, ()):
                yield from self._parts(part)


def decode_form(text: str) -> dict[str, Any]:
    """Form or query text as a tree: `a[b]=1&c[0]=2&d[]=3` gives {"a": {"b": "1"}, "c": ["2"], "d": ["3"]}."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = [key.split("[", 1)[0], *re.findall(r"\[([^\]]*)\]", key)]
        node, name = tree, first
        for step in rest:
            node, name = node.setdefault(name, {}), step or str(len(node[name]))
        node[name] = [*_listed(node[name]), value] if name in node else value
    return {name: _lists(value) for name, value in tree.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(part) for key, part in value.items()}
