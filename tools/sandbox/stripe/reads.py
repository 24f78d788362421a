"""The Stripe door's reads: what can be retrieved, listed and searched."""

import re
from collections.abc import Callable, Mapping

from tools.sandbox.stripe import render, render_billing
from tools.sandbox.stripe.call import PAGING, Call, Handler, page
from tools.sandbox.stripe.errors import invalid, missing
from tools.sandbox.stripe.render import Wire
from tools.sandbox.world import Record

_QUERY = re.compile(r"""^metadata\[(["'])(\w+)\1\]:(["'])([^"']*)\3$""")


def _retrieve(what: str, shape: Callable[[Record], Wire]) -> Handler:
    def handle(call: Call) -> Wire:
        call.params.only()
        return shape(call.of_path(what))

    return handle


def _listed(what: str, path: str, shape: Callable[[Record], Wire], *by: str) -> Handler:
    def handle(call: Call) -> Wire:
        call.params.only(*by, *PAGING)
        wanted = {name: value for name in by if (value := call.params.text(name)) is not None}
        return page(call, path, call.change.find(f"stripe.{what}", **wanted), shape)

    return handle


def refunds(call: Call) -> Wire:
    """GET /v1/refunds, of one charge, or all of them from `created[gte]` on."""
    by = ("charge", "payment_intent")
    call.params.only(*by, "created", *PAGING)
    wanted = {name: value for name in by if (value := call.params.text(name)) is not None}
    created = call.params.inside("created")
    created.only("gte")
    since = created.integer("gte") or 0
    rows = [row for row in call.change.find("stripe.refund", **wanted) if row["created"] >= since]
    return page(call, "/v1/refunds", rows, render.refund)


def search_customers(call: Call) -> Wire:
    """`query=metadata['external_id']:'u_1'`, the one form we use of Stripe's search language."""
    call.params.only("query", "limit", "page")
    query = call.params.required("query")
    match = _QUERY.match(query.strip())
    if match is None:
        raise invalid("query", f"We were unable to parse your search query: {query!r}.")
    name, value = match[2], match[4]
    known = call.change.world.peek("stripe.customer").values()
    rows = [row for row in known if row["metadata"].get(name) == value]
    return render.found("/v1/customers/search", [render.customer(row) for row in rows])


def payment_intent(call: Call) -> Wire:
    call.params.only()
    rows = call.change.find("stripe.charge", payment_intent=call.ids["id"])
    if not rows:
        raise missing("payment_intent", call.ids["id"], param="intent")
    return render.payment_intent(rows[-1])


def balance_transaction(call: Call) -> Wire:
    call.params.only()
    source = call.ids["id"].removeprefix("txn_")
    row = call.change.get("stripe.charge", source) or call.change.get("stripe.refund", source)
    if row is None or row.get("failed"):
        raise missing("balance transaction", call.ids["id"])
    return render.balance_transaction(row)


def balance_transactions(call: Call) -> Wire:
    call.params.only("source", *PAGING)
    rows = [r for r in call.change.find("stripe.charge") if not r["failed"]] + call.change.find(
        "stripe.refund"
    )
    if source := call.params.text("source"):
        rows = [row for row in rows if row["id"] == source]
    return page(call, "/v1/balance_transactions", rows, render.balance_transaction)


def prices(call: Call) -> Wire:
    call.params.only("active", "product", "currency", "type", *PAGING)
    wanted: dict[str, object] = {
        name: value for name in ("product", "currency") if (value := call.params.text(name)) is not None
    }
    if (active := call.params.boolean("active")) is not None:
        wanted["active"] = active
    rows = call.change.find("stripe.price", **wanted)
    deep = "data.product" in call.params.expand()
    return page(call, "/v1/prices", rows, lambda row: render_billing.price(row, with_product=deep))


def price(call: Call) -> Wire:
    call.params.only()
    return render_billing.price(call.of_path("price"), with_product="product" in call.params.expand())


def products(call: Call) -> Wire:
    call.params.only("active", *PAGING)
    rows = {row["product"]: {**row, "id": row["product"]} for row in call.change.find("stripe.price")}
    return page(call, "/v1/products", list(rows.values()), render_billing.product)


def product(call: Call) -> Wire:
    call.params.only()
    rows = call.change.find("stripe.price", product=call.ids["id"])
    if not rows:
        raise missing("product", call.ids["id"])
    return render_billing.product(rows[0])


def subscription_shape(call: Call, row: Record) -> Wire:
    """The subscription with its price; the product too when it was asked to be expanded."""
    deep = any(path.endswith("items.data.price.product") for path in call.params.expand())
    return render_billing.subscription(row, call.one("price", row["price"]), with_product=deep)


def subscription(call: Call) -> Wire:
    call.params.only()
    return subscription_shape(call, call.of_path("subscription"))


def subscriptions(call: Call) -> Wire:
    """Without `status` the cancelled ones are left out, as Stripe does."""
    call.params.only("customer", "status", "price", *PAGING)
    wanted = {name: value for name in ("customer", "price") if (value := call.params.text(name)) is not None}
    status = call.params.text("status")
    rows = [
        {**row, "created": row["started"]}
        for row in call.change.find("stripe.subscription", **wanted)
        if status == "all" or row["status"] == status or (status is None and row["status"] != "canceled")
    ]
    return page(call, "/v1/subscriptions", rows, lambda row: subscription_shape(call, row))


def customer_balance_transactions(call: Call) -> Wire:
    call.params.only(*PAGING)
    owner = call.of_path("customer")
    path = f"/v1/customers/{owner['id']}/balance_transactions"
    rows = call.change.find("stripe.credit", customer=owner["id"])
    return page(call, path, rows, render.customer_balance_transaction)


def events(call: Call) -> Wire:
    """What was told by webhook, or would have been."""
    call.params.only("created", "types", *PAGING)
    since = call.params.inside("created").integer("gte") or 0
    types = call.params.tree.get("types") or []
    rows = [r for r in call.change.find("stripe.event") if r["created"] >= since and r["type"] in types]
    return page(call, "/v1/events", rows, lambda row: row)


READS: Mapping[str, Handler] = {
    "/v1/events": events,
    "/v1/customers/search": search_customers,
    "/v1/customers/{id}": _retrieve("customer", render.customer),
    "/v1/customers/{id}/balance_transactions": customer_balance_transactions,
    "/v1/charges": _listed("charge", "/v1/charges", render.charge, "customer", "payment_intent"),
    "/v1/charges/{id}": _retrieve("charge", render.charge),
    "/v1/payment_intents/{id}": payment_intent,
    "/v1/refunds": refunds,
    "/v1/refunds/{id}": _retrieve("refund", render.refund),
    "/v1/disputes": _listed("dispute", "/v1/disputes", render.dispute, "charge", "payment_intent"),
    "/v1/disputes/{id}": _retrieve("dispute", render.dispute),
    "/v1/balance_transactions": balance_transactions,
    "/v1/balance_transactions/{id}": balance_transaction,
    "/v1/prices": prices,
    "/v1/prices/{id}": price,
    "/v1/products": products,
    "/v1/products/{id}": product,
    "/v1/subscriptions": subscriptions,
    "/v1/subscriptions/{id}": subscription,
    "/v1/invoices": _listed(
        "invoice", "/v1/invoices", render_billing.invoice, "customer", "status", "subscription"
    ),
    "/v1/invoices/{id}": _retrieve("invoice", render_billing.invoice),
}
