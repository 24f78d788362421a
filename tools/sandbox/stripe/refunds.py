"""How the Stripe door refunds: every refusal of the real one, and an omitted amount refunds all that is left."""

from core.money import Money
from tools.sandbox.stripe import render
from tools.sandbox.stripe.call import Call
from tools.sandbox.stripe.errors import declined, invalid, missing
from tools.sandbox.stripe.render import Wire
from tools.sandbox.world import Record

_ALLOWED = ("charge", "payment_intent", "amount", "reason", "metadata")
# Real parameters that move money elsewhere or cost a fee; nothing of ours may ever send them.
_NOT_PLAYED = (
    "refund_application_fee",
    "reverse_transfer",
    "instructions_email",
    "origin",
    "customer",
    "currency",
)


def create(call: Call) -> Wire:
    """POST /v1/refunds"""
    call.params.only(*_ALLOWED, *_NOT_PLAYED)
    amount = call.params.integer("amount")
    reason = call.params.choice("reason", "duplicate", "fraudulent", "requested_by_customer")
    metadata = call.params.metadata()
    charge = _charge(call)
    if amount is not None and amount < 1:
        raise invalid(
            "amount", "This value must be greater than or equal to 1.", code="parameter_invalid_integer"
        )
    return render.refund(_refund(call, charge, _amount(charge, amount), reason, metadata))


def _charge(call: Call) -> Record:
    if key := call.params.text("charge"):
        return call.one("charge", key, param="charge")
    if intent := call.params.text("payment_intent"):
        rows = call.change.find("stripe.charge", payment_intent=intent)
        if not rows:
            raise missing("payment_intent", intent, param="payment_intent")
        return rows[-1]
    raise invalid(
        "charge", "One of the following params should be provided for this request: payment_intent or charge."
    )


def _amount(charge: Record, amount: int | None) -> int:
    key, left = charge["id"], charge["amount"] - charge["amount_refunded"]
    if charge["failed"]:
        raise declined(f"Charge {key} cannot be refunded because it was not successful.", param="charge")
    if charge["disputed"]:
        raise declined(
            f"Charge {key} has been charged back; cannot issue a refund.",
            code="charge_disputed",
            param="charge",
        )
    if left == 0:
        raise declined(
            f"Charge {key} has already been refunded.", code="charge_already_refunded", param="charge"
        )
    if amount is not None and amount > left:
        asked, rest = Money(amount, charge["currency"]), Money(left, charge["currency"])
        raise declined(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})", param="amount"
        )
    return left if amount is None else amount


def _refund(call: Call, charge: Record, amount: int, reason: str | None, metadata: dict[str, str]) -> Record:
    place = len(call.change.find("stripe.refund", charge=charge["id"]))
    row = {
        "id": f"re_{charge['id'].removeprefix('ch_')}_{place + 1}",
        "owner": charge["owner"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "amount": amount,
        "currency": charge["currency"],
        "created": call.now,
        "reason": reason,
        "metadata": metadata,
        "status": "succeeded",
    }
    call.change.put("stripe.refund", row["id"], row)
    call.change.put(
        "stripe.charge", charge["id"], {**charge, "amount_refunded": charge["amount_refunded"] + amount}
    )
    call.change.effect(
        "stripe",
        "refund",
        charge["id"],
        owner=charge["owner"],
        amount=amount,
        currency=charge["currency"],
        action_id=metadata.get("action_id"),
        reference=row["id"],
    )
    return row
