"""An OpenAPI description of Stripe's API as the installed SDK types it: parameters, objects and errors."""

import ast
import inspect
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any, Literal, Union, get_args, get_origin

import stripe
import typing_extensions
from stripe import ErrorObject, ListObject, StripeObject
from stripe._request_options import RequestOptions
from stripe._search_result_object import SearchResultObject
from stripe._stripe_object import UntypedStripeObject

Schema = dict[str, Any]
_PLAIN: Mapping[object, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    # On the wire a decimal is text.
    Decimal: {"type": "string"},
    Any: {},
    type(None): {"type": "null"},
}
_OPTIONS = frozenset(RequestOptions.__annotations__)
# Expanded objects are left as "any object" beyond those we ask to be expanded; the whole graph has thousands.
_DEEP = frozenset(
    {"Charge", "Refund", "Customer", "Price", "Product", "Subscription", "Invoice", "Plan", "Dispute"}
)


class Types:
    """Turns the SDK's classes and parameter types into JSON Schemas under `components`."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._names: dict[str, dict[str, Any]] = {}

    def schema(self, kind: Any, module: str) -> Schema:
        """The schema of an annotation written in `module`."""
        if isinstance(kind, typing.ForwardRef):
            kind = kind.__forward_arg__
        if isinstance(kind, str):
            # The SDK writes its own names as text; they are evaluated where they stand.
            return self.schema(eval(kind, self._space(module)), module)
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        origin, args = get_origin(kind), get_args(kind)
        if origin in (typing_extensions.NotRequired, typing_extensions.Required, typing.Annotated):
            return self.schema(args[0], module)
        if origin in (Union, types.UnionType):
            return self._union(args, module)
        if origin is Literal or origin is typing_extensions.Literal:
            return {"enum": list(args)}
        if origin is list:
            return {"type": "array", "items": self.schema(args[0], module)}
        if origin in (dict, UntypedStripeObject):
            return {"type": "object", "additionalProperties": self.schema(args[-1], module)}
        if origin in (ListObject, SearchResultObject):
            return self._list(origin, args[0], module)
        return self._named(kind)

    def _union(self, args: tuple[Any, ...], module: str) -> Schema:
        """Literal[...] | str is an enum that the SDK leaves open for values to come; ours must be of today."""
        closed = any(
            get_origin(a) in (Literal, typing_extensions.Literal) and "" not in get_args(a) for a in args
        )
        parts = [self.schema(a, module) for a in args if not (closed and a is str)]
        return parts[0] if len(parts) == 1 else {"anyOf": parts}

    def _list(self, kind: Any, item: Any, module: str) -> Schema:
        """Every list says what it is; a search names the page that follows, or null."""
        search = kind is SearchResultObject
        properties: Schema = {
            "object": {"enum": ["search_result" if search else "list"]},
            "data": {"type": "array", "items": self.schema(item, module)},
            "has_more": {"type": "boolean"},
            "url": {"type": "string"},
        }
        if search:
            properties["next_page"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        return {"type": "object", "properties": properties, "required": list(properties)}

    def _named(self, kind: type) -> Schema:
        name = kind.__qualname__.replace(".", "_") + "_" + kind.__module__.replace(".", "_")
        if name not in self.schemas:
            self.schemas[name] = {}
            self.schemas[name] = self._object(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: type) -> Schema:
        if issubclass(kind, dict) or typing_extensions.is_typeddict(kind):
            return self._params(kind)
        if (
            kind.__module__.startswith("stripe")
            and "." not in kind.__qualname__
            and kind.__name__ not in self.deep
        ):
            return {"type": "object"}
        return self._answer(kind)

    deep = (
        _DEEP
        | {"CustomerBalanceTransaction", "BalanceTransaction", "PaymentIntent", "Session"}
        | {
            "SubscriptionItem",
            "InvoiceLineItem",
            "ErrorObject",
        }
    )

    def _params(self, kind: Any) -> Schema:
        fields = {n: a for n, a in typing_extensions.get_annotations(kind).items() if n not in _OPTIONS}
        for base in getattr(kind, "__orig_bases__", ()):
            if typing_extensions.is_typeddict(base) and base is not RequestOptions:
                fields = {**typing_extensions.get_annotations(base), **fields}
        return {
            "type": "object",
            "properties": {name: self.schema(a, kind.__module__) for name, a in fields.items()},
            "required": sorted(kind.__required_keys__ & fields.keys()),
        }

    def _answer(self, kind: type) -> Schema:
        fields = {n: a for n, a in inspect.get_annotations(kind).items() if not n.startswith("_")}
        fields = {n: a for n, a in fields.items() if get_origin(a) is not typing.ClassVar}
        ready = {name: self.schema(a, kind.__module__) for name, a in fields.items()}
        return {
            "type": "object",
            "properties": ready,
            "required": [name for name, schema in ready.items() if not _may_be_null(schema)],
        }

    def _space(self, module: str) -> dict[str, Any]:
        """The names a module's annotations may use, those imported for type checkers too."""
        if module not in self._names:
            space = dict(vars(import_module(module)))
            for node in ast.walk(ast.parse(inspect.getsource(import_module(module)))):
                if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                    exec(compile(ast.Module(node.body, []), module, "exec"), space)
            self._names[module] = space
        return self._names[module]


def _may_be_null(schema: Schema) -> bool:
    return schema == {} or {"type": "null"} in schema.get("anyOf", [])


# Method, path, and the SDK's own service method that speaks to it.
OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("get", "/v1/customers/search", "CustomerService.search"),
    ("get", "/v1/customers/{id}", "CustomerService.retrieve"),
    ("get", "/v1/customers/{id}/balance_transactions", "CustomerBalanceTransactionService.list"),
    ("post", "/v1/customers/{id}/balance_transactions", "CustomerBalanceTransactionService.create"),
    ("get", "/v1/charges", "ChargeService.list"),
    ("get", "/v1/charges/{id}", "ChargeService.retrieve"),
    ("get", "/v1/payment_intents/{id}", "PaymentIntentService.retrieve"),
    ("get", "/v1/refunds", "RefundService.list"),
    ("post", "/v1/refunds", "RefundService.create"),
    ("get", "/v1/refunds/{id}", "RefundService.retrieve"),
    ("get", "/v1/disputes", "DisputeService.list"),
    ("get", "/v1/events", "EventService.list"),
    ("get", "/v1/disputes/{id}", "DisputeService.retrieve"),
    ("get", "/v1/balance_transactions", "BalanceTransactionService.list"),
    ("get", "/v1/balance_transactions/{id}", "BalanceTransactionService.retrieve"),
    ("get", "/v1/prices", "PriceService.list"),
    ("get", "/v1/prices/{id}", "PriceService.retrieve"),
    ("get", "/v1/products", "ProductService.list"),
    ("get", "/v1/products/{id}", "ProductService.retrieve"),
    ("get", "/v1/subscriptions", "SubscriptionService.list"),
    ("get", "/v1/subscriptions/{id}", "SubscriptionService.retrieve"),
    ("post", "/v1/subscriptions/{id}", "SubscriptionService.update"),
    ("delete", "/v1/subscriptions/{id}", "SubscriptionService.cancel"),
    ("get", "/v1/invoices", "InvoiceService.list"),
    ("get", "/v1/invoices/{id}", "InvoiceService.retrieve"),
    ("post", "/v1/invoices/create_preview", "InvoiceService.create_preview"),
    ("post", "/v1/invoices/{id}/send", "InvoiceService.send_invoice"),
    ("post", "/v1/billing_portal/sessions", "billing_portal.SessionService.create"),
)


def description() -> Schema:
    """The whole description, in the form that tests/contract/openapi.py reads."""
    known = Types()
    paths: dict[str, Schema] = {}
    for method, path, name in OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(known, method, path, name)
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": known.schemas}}


def _operation(known: Types, method: str, path: str, name: str) -> Schema:
    *folders, service, verb = name.split(".")
    where = import_module(".".join(["stripe", *folders, _snake(service)]))
    call = inspect.signature(getattr(getattr(where, service), verb))
    params = known.schema(call.parameters["params"].annotation, where.__name__)
    params = _without_null(params)
    answer = known.schema(call.return_annotation, where.__name__)
    # A deleted object's mark and the object itself are one answer to the SDK.
    ready: Schema = {"responses": {"200": _json(answer), "default": _json(_error(known))}}
    ready["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        for _ in range("{id}" in path)
    ]
    if method == "post":
        form = {"application/x-www-form-urlencoded": {"schema": params}}
        return {**ready, "requestBody": {"content": form}}
    fields = known.schemas[params["$ref"].rsplit("/", 1)[1]]
    ready["parameters"] += [
        {"name": field, "in": "query", "required": field in fields["required"], "schema": schema}
        for field, schema in fields["properties"].items()
    ]
    return ready


def _without_null(schema: Schema) -> Schema:
    found = [part for part in schema.get("anyOf", [schema]) if part != {"type": "null"}]
    assert len(found) == 1
    return found[0]


def _error(known: Types) -> Schema:
    return {
        "type": "object",
        "properties": {"error": known.schema(ErrorObject, "stripe._error_object")},
        "required": ["error"],
    }


def _json(schema: Schema) -> Schema:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


__all__ = ["OPERATIONS", "StripeObject", "description", "stripe"]
