"""The checker itself: it must find each kind of misfit, and stay silent on what fits."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi import Description, decode_form
from wire import Exchange

SHAPES: dict[str, Any] = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://{tenant}.example.com/api"}],
    "paths": {
        "/cats/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "parameters": [
                    {"name": "deep", "in": "query", "required": True, "schema": {"type": "boolean"}}
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cat"}}}}
                },
            },
            "delete": {"responses": {"204": {"description": "gone"}}},
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "required": ["age"],
                                "properties": {
                                    "age": {"type": "integer"},
                                    "tags": {"type": "array", "items": {"type": "string"}},
                                    "metadata": {
                                        "type": "object",
                                        "additionalProperties": {"type": "string"},
                                    },
                                },
                            }
                        }
                    },
                },
                "responses": {"201": {"description": "made"}},
            },
        },
    },
    "components": {
        "schemas": {
            "Named": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            "Cat": {
                "allOf": [
                    {"$ref": "#/components/schemas/Named"},
                    {
                        "type": "object",
                        "properties": {
                            "owner": {
                                "type": "object",
                                "nullable": True,
                                "properties": {"id": {"type": "string"}},
                            },
                            "born": {"type": "string", "format": "date-time", "nullable": True},
                            "toy": {"$ref": "#/components/schemas/Toy"},
                            "any": {"type": "object"},
                        },
                    },
                ]
            },
            "Toy": {
                "type": "object",
                "properties": {"kind": {"type": "string"}},
                "discriminator": {"propertyName": "kind", "mapping": {"ball": "#/components/schemas/Ball"}},
            },
            "Ball": {
                "allOf": [
                    {"$ref": "#/components/schemas/Toy"},
                    {"type": "object", "properties": {"size": {"type": "integer"}}},
                ]
            },
        }
    },
}


@pytest.fixture
def shapes(tmp_path: Path) -> Description:
    file = tmp_path / "shapes.json"
    file.write_text(json.dumps(SHAPES))
    return Description(file)


def got(body: object, *, query: str = "deep=true", path: str = "/api/cats/7", status: int = 200) -> Exchange:
    return Exchange("GET", path, query, "", b"", status, "application/json", json.dumps(body).encode())


def posted(body: str) -> Exchange:
    return Exchange(
        "POST", "/api/cats/7", "", "application/x-www-form-urlencoded", body.encode(), 201, "", b""
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"name": "Mo"}, id="least"),
        pytest.param({"name": "Mo", "owner": None, "born": None}, id="nullable"),
        pytest.param({"name": "Mo", "owner": {"id": "u"}, "born": "2026-01-01T00:00:00Z"}, id="nested"),
        pytest.param({"name": "Mo", "toy": {"kind": "ball", "size": 3}}, id="discriminator"),
        pytest.param({"name": "Mo", "any": {"x": 1}}, id="open-object"),
    ],
)
def test_what_fits_gives_no_problem(shapes: Description, body: object) -> None:
    assert shapes.problems(got(body)) == []


@pytest.mark.parametrize(
    ("exchange", "word"),
    [
        pytest.param(got({}), "name", id="missing-key"),
        pytest.param(got({"name": "Mo", "colour": "red"}), "colour", id="unknown-key"),
        pytest.param(got({"name": "Mo", "owner": {"ix": "u"}}), "ix", id="unknown-nested-key"),
        pytest.param(got({"name": "Mo", "toy": {"kind": "ball", "size": "3"}}), "'3'", id="type-of-subtype"),
        pytest.param(got({"name": "Mo", "toy": {"kind": "rope", "size": 3}}), "size", id="other-subtype"),
        pytest.param(got({"name": "Mo", "born": "2026-01-01T00:00:00"}), "date-time", id="naive-time"),
        pytest.param(got({"name": None}), "None", id="not-nullable"),
        pytest.param(got({"name": "Mo"}, query=""), "deep", id="query-missing"),
        pytest.param(got({"name": "Mo"}, query="deep=maybe"), "maybe", id="query-type"),
        pytest.param(got({"name": "Mo"}, query="deep=true&x=1"), "'x'", id="query-unknown"),
        pytest.param(got({"name": "Mo"}, path="/api/cats/tom"), "tom", id="path-type"),
        pytest.param(got({"name": "Mo"}, path="/api/dogs/7"), "not described", id="path-unknown"),
        pytest.param(got({"name": "Mo"}, status=418), "418", id="status-unknown"),
        pytest.param(posted(""), "missing", id="body-missing"),
        pytest.param(posted("age=old"), "old", id="form-type"),
        pytest.param(posted("age=3&size=9"), "size", id="form-unknown"),
    ],
)
def test_each_misfit_is_named(shapes: Description, exchange: Exchange, word: str) -> None:
    problems = shapes.problems(exchange)
    assert problems
    assert any(word in problem for problem in problems)


def test_a_form_is_read_in_the_types_of_its_schema(shapes: Description) -> None:
    assert shapes.problems(posted("age=3&tags[0]=a&tags[1]=b&metadata[action_id]=act_1")) == []


def test_form_text_becomes_a_tree() -> None:
    assert decode_form("a[b]=1&c[0]=x&c[1]=y&d[]=z&d[]=w&e=&f[g][h]=2") == {
        "a": {"b": "1"},
        "c": ["x", "y"],
        "d": ["z", "w"],
        "e": "",
        "f": {"g": {"h": "2"}},
    }
