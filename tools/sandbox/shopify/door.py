"""The HTTP side of Shopify's Admin API: key, body, throttle, and GraphQL's answers."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tools.sandbox.faults import Faults
from tools.sandbox.shopify import check, mutations, render, schema
from tools.sandbox.shopify.answer import Node, answer
from tools.sandbox.shopify.check import Unanswered
from tools.sandbox.shopify.syntax import Field, Operation, SyntaxWrong, parse_document
from tools.sandbox.world import Change, World

PATH = f"/admin/api/{schema.VERSION}/graphql.json"
# The shape of a leaky bucket as a standard plan has it: https://shopify.dev/docs/api/usage/limits
MAXIMUM, RESTORE, MOST = 2000.0, 100.0, 1000


def app(
    world: World, faults: Faults, *, key: str, job_seconds: float = 0, points: float | None = None
) -> Starlette:
    """The door; `job_seconds` is how long a cancellation stays queued, `points` what the bucket holds at first.

    Without `points` it throttles by planned faults only: one sandbox serves many evals at once.
    """
    door = Door(world, faults, key=key, job_seconds=job_seconds, points=points)
    return Starlette(routes=[Route(PATH, door.graphql, methods=["POST"])])


class Door:
    """One shop's GraphQL endpoint on the world."""

    def __init__(
        self, world: World, faults: Faults, *, key: str, job_seconds: float, points: float | None
    ) -> None:
        self._world = world
        self._faults = faults
        self._key = key
        self._job_seconds = job_seconds
        self._schema = schema.load()
        self._bucket = Bucket(points, world.clock.now())

    async def graphql(self, request: Request) -> JSONResponse:
        """POST /admin/api/<version>/graphql.json"""
        given = request.headers.get("x-shopify-access-token", "")
        if not secrets.compare_digest(given.encode(), self._key.encode()):
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": words}, status_code=401)
        body = await request.body()
        try:
            asked = json.loads(body)
        except ValueError:
            return JSONResponse(
                {"errors": {"query": "Required parameter missing or invalid"}}, status_code=400
            )
        if not _is_request(asked):
            return JSONResponse(
                {"errors": {"query": "Required parameter missing or invalid"}}, status_code=400
            )
        # A throttled request tells how long it is short of points: a second, unless the plan says otherwise.
        busy = self._faults.take("shopify", body.decode(errors="replace"), kinds={"busy"})
        short_of = None if busy is None else 1.0 if busy.retry_after is None else busy.retry_after
        return await self._run(asked, short_of=short_of)

    async def _run(self, asked: Mapping[str, Any], *, short_of: float | None) -> JSONResponse:
        try:
            operation = _chosen(parse_document(asked["query"]), asked.get("operationName"))
        except SyntaxWrong as wrong:
            where = [{"line": wrong.line, "column": wrong.column}]
            return JSONResponse({"errors": [{"message": str(wrong), "locations": where}]})
        except LookupError as wrong:
            return JSONResponse({"errors": [{"message": str(wrong.args[0])}]})
        wrong_with = check.problems(operation, self._schema)
        if wrong_with:
            return JSONResponse({"errors": wrong_with})
        values, bad = check.variables(operation, asked.get("variables") or {}, self._schema)
        if bad:
            return JSONResponse({"errors": bad})
        cost = requested_cost(operation)
        if cost > MOST:
            words = f"Query cost is {cost}, which exceeds the single query max cost limit {MOST}"
            told = {
                "message": words,
                "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MOST},
            }
            return JSONResponse({"errors": [told]})
        if short_of is not None or not self._bucket.take(cost, self._world.clock.now()):
            told = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            left = None if short_of is None else max(cost - short_of * RESTORE, 0)
            return JSONResponse(
                {"errors": [told], "extensions": _cost(cost, None, self._bucket.status(left=left))}
            )
        return await self._answered(operation, values, cost)

    async def _answered(self, operation: Operation, values: Mapping[str, Any], cost: int) -> JSONResponse:
        try:
            if operation.kind == "mutation":
                async with self._world.change() as change:
                    roots = mutations.roots(change, job_seconds=self._job_seconds)
                    data = answer(operation, roots, values, self._schema)
            else:
                data = answer(operation, _queries(Change(self._world)), values, self._schema)
        except Unanswered as refused:
            told = {"message": str(refused), "extensions": {"code": refused.code}}
            return JSONResponse({"errors": [told]})
        actual = min(_objects(data), cost)
        self._bucket.give_back(cost - actual)
        return JSONResponse({"data": data, "extensions": _cost(cost, actual, self._bucket.status())})


def _is_request(asked: Any) -> bool:
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return False
    named = asked.get("operationName")
    return isinstance(asked.get("variables") or {}, dict) and (named is None or isinstance(named, str))


def _queries(records: Change) -> Node:
    def customer(id: str) -> Node | None:
        found = records.get("shopify.customer", render.bare("Customer", id))
        return None if found is None else render.customer(found, records)

    def by_identifier(identifier: Mapping[str, Any]) -> Node | None:
        if len(identifier) != 1:
            raise Unanswered("Exactly one identifier must be provided", "BAD_REQUEST")
        if "id" in identifier:
            return customer(identifier["id"])
        custom = identifier.get("customId")
        if custom is None:
            raise Unanswered("the sandbox finds customers by id and customId only", "BAD_REQUEST")
        if (custom.get("namespace"), custom["key"]) != ("remit", "external_id"):
            raise Unanswered(
                "Metafield definition of type 'id' is required when using custom ids.", "NOT_FOUND"
            )
        found = records.find("shopify.customer", owner=custom["value"])
        return render.customer(found[0], records) if found else None

    def order(id: str) -> Node | None:
        found = records.get("shopify.order", render.bare("Order", id))
        return None if found is None else render.order(found, records)

    def job(id: str) -> Node | None:
        found = records.get("shopify.job", render.bare("Job", id))
        if found is None:
            return None
        return {"id": id, "done": datetime.fromisoformat(found["ready_at"]) <= records.now}

    return {
        "customer": customer,
        "customerByIdentifier": by_identifier,
        "order": order,
        "orders": lambda **args: render.orders(records, **args),
        "job": job,
        "returnableFulfillments": lambda orderId, **page: render.returnable(
            records, render.bare("Order", orderId), **page
        ),
    }


def _chosen(operations: tuple[Operation, ...], name: str | None) -> Operation:
    if name is None and len(operations) > 1:
        raise LookupError("An operation name is required")
    found = [op for op in operations if name is None or op.name == name]
    if not found:
        raise LookupError(f"No operation named {name!r}")
    return found[0]


def requested_cost(operation: Operation) -> int:
    """Points as Shopify counts them, roughly: an object 1, a page of n n objects and 2 more, a mutation 10."""
    base = 10 * len(operation.fields) if operation.kind == "mutation" else 0
    return base + sum(_field_cost(field) for field in operation.fields)


def _field_cost(field: Field) -> int:
    inner = sum(_field_cost(child) for child in field.fields if child.fields)
    if "first" not in field.args:
        return (1 if field.fields else 0) + inner
    first = field.args["first"]
    return 2 + (first if isinstance(first, int) else 10) * max(inner, 1)


def _objects(data: Any) -> int:
    """What an answer really cost: a point for each object in it."""
    if isinstance(data, dict):
        return 1 + sum(_objects(value) for value in data.values())
    return sum(_objects(item) for item in data) if isinstance(data, list) else 0


def _cost(requested: int, actual: int | None, status: Mapping[str, float]) -> dict[str, Any]:
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}


class Bucket:
    """Points that run out with use and come back with time; None never runs out."""

    def __init__(self, points: float | None, now: datetime) -> None:
        self._endless = points is None
        self._points = MAXIMUM if points is None else points
        self._at = now

    def take(self, cost: int, now: datetime) -> bool:
        """True when the points suffice; they are gone then."""
        back = max((now - self._at).total_seconds(), 0) * RESTORE
        self._points, self._at = min(MAXIMUM, self._points + back), now
        if self._endless or cost > self._points:
            return self._endless
        self._points -= cost
        return True

    def give_back(self, points: int) -> None:
        """Returns what was asked for and not used."""
        if not self._endless:
            self._points += points

    def status(self, *, left: float | None = None) -> dict[str, float]:
        """`throttleStatus` of an answer; `left` stands for the points while a fault pretends."""
        points = self._points if left is None else left
        return {"maximumAvailable": MAXIMUM, "currentlyAvailable": points, "restoreRate": RESTORE}
