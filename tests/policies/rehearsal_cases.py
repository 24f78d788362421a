"""Who of the sandbox says what, and what it comes to: a write with its verdict, words, or a person."""

from typing import Any

HOME = "12 Example Road, Springfield, 12345, US"


def case(category: str, who: str, *words: str, id: str | None = None) -> Any:
    """One row: who says what about what."""
    return category, who, words, id or f"{category}-{who}"


PROPOSES = [
    (
        case("duplicate_charge", "mara", "I was charged twice for order 1042"),
        "refund_charge",
        "allow",
        "same_charge_twice",
    ),
    (case("duplicate_charge", "harper", "charged twice"), "refund_charge", "allow", "same_charge_twice"),
    (case("refund_request", "noor", "refund please", id="day-30"), "refund_charge", "allow", "within_window"),
    (
        case("refund_request", "otis", "refund please", id="day-31"),
        "refund_charge",
        "escalate",
        "window_passed",
    ),
    (
        case("refund_request", "finn", "refund please", id="delivered-today"),
        "refund_charge",
        "allow",
        "within_window",
    ),
    (case("refund_request", "pia", "refund please", id="opened"), "refund_charge", "escalate", "opened"),
    (
        case("refund_request", "quentin", "refund please", id="opened?"),
        "refund_charge",
        "escalate",
        "opened_unknown",
    ),
    (case("refund_request", "rosa", "refund please", id="199.99"), "refund_charge", "allow", "within_window"),
    (
        case("refund_request", "sami", "refund please", id="200.00"),
        "refund_charge",
        "escalate",
        "large_amount",
    ),
    (
        case("refund_request", "tess", "refund please", id="200.01"),
        "refund_charge",
        "escalate",
        "large_amount",
    ),
    (
        case("refund_request", "wim", "refund please", id="the-rest"),
        "refund_charge",
        "allow",
        "within_window",
    ),
    (
        case("refund_request", "yuki", "refund please", id="yen"),
        "refund_charge",
        "escalate",
        "other_currency",
    ),
    (
        case("refund_request", "zoe", "refund please", id="euros"),
        "refund_charge",
        "escalate",
        "other_currency",
    ),
    (case("refund_request", "ada", "refund please", id="vip"), "refund_charge", "escalate", "always.vip"),
    (
        case("refund_request", "boris", "refund please", id="risk"),
        "refund_charge",
        "escalate",
        "always.at_risk",
    ),
    (
        case("refund_request", "carl", "refund please", id="tier?"),
        "refund_charge",
        "escalate",
        "always.tier_unknown",
    ),
    (case("refund_request", "cleo", "refund", "the first"), "refund_charge", "escalate", "many_refunds"),
    (
        case("refund_request", "olga", "refund", "1", id="no-order"),
        "refund_charge",
        "escalate",
        "order_unknown",
    ),
    (
        case("password_reset", "ella", "forgot my password"),
        "send_password_reset",
        "allow",
        "reset_to_the_contact_on_file",
    ),
    (
        case("password_reset", "ivo", "forgot my password"),
        "send_password_reset",
        "allow",
        "reset_to_the_contact_on_file",
    ),
    (
        case("password_reset", "fay", "forgot my password", id="10h"),
        "send_password_reset",
        "deny",
        "contact_just_changed",
    ),
    (
        case("password_reset", "gus", "forgot my password", id="71h"),
        "send_password_reset",
        "escalate",
        "contact_too_fresh",
    ),
    (
        case("password_reset", "hana", "forgot my password", id="73h"),
        "send_password_reset",
        "allow",
        "reset_to_the_contact_on_file",
    ),
    (
        case("password_reset", "emil", "forgot my password"),
        "send_password_reset",
        "escalate",
        "admin_account",
    ),
    (
        case("password_reset", "dina", "forgot my password"),
        "unlock_account",
        "allow",
        "unlock_after_too_many_tries",
    ),
    (case("account_unlock", "jana", "locked out"), "unlock_account", "allow", "unlock_after_too_many_tries"),
    (case("mfa_reset", "ella", "lost my phone"), "reset_factor", "allow", "reset_one_factor"),
    (case("mfa_reset", "milo", "my authenticator app is gone"), "reset_factor", "allow", "reset_one_factor"),
    (
        case("contact_change", "ella", "new e-mail", "ella.new@example.com"),
        "change_email",
        "allow",
        "email_well_formed",
    ),
    (
        case("contact_change", "ella", "new e-mail: ELLA.STONE@example.com", id="same"),
        "change_email",
        "deny",
        "email_unchanged",
    ),
    (
        case("contact_change", "ella", "change my number", "+1 555 010 0199", id="phone"),
        "update_phone",
        "allow",
        "phone_well_formed",
    ),
    (case("subscription_change", "olga", "upgrade to team monthly"), "change_plan", "allow", "same_rhythm"),
    (
        case("subscription_change", "paul", "I want another plan", "1"),
        "change_plan",
        "escalate",
        "credit_left_over",
    ),
    (
        case("subscription_change", "ravi", "switch to the team plan monthly"),
        "change_plan",
        "escalate",
        "other_rhythm",
    ),
    (
        case("subscription_change", "tomas", "switch to business plan"),
        "change_plan",
        "escalate",
        "payment_open",
    ),
    (case("subscription_change", "uma", "keep it"), "resume_subscription", "allow", "resume_before_the_end"),
    (case("subscription_cancel", "olga", "cancel it"), "cancel_subscription", "allow", "end_with_the_period"),
    (
        case("subscription_cancel", "olga", "cancel now", "right now", id="now"),
        "cancel_subscription",
        "escalate",
        "end_at_once",
    ),
    (case("subscription_cancel", "tomas", "cancel it"), "cancel_subscription", "escalate", "payment_open"),
    (case("subscription_cancel", "viktor", "cancel it"), "cancel_subscription", "deny", "ended"),
    (
        case("invoice_request", "olga", "send me my invoice", "the latest"),
        "resend_invoice",
        "allow",
        "to_the_address_on_file",
    ),
    (
        case("payment_method", "tomas", "my card expired"),
        "send_payment_link",
        "allow",
        "to_the_address_on_file",
    ),
    (case("order_cancel", "wanda", "cancel my order"), "cancel_order", "allow", "not_sent_yet"),
    (case("order_cancel", "mei", "cancel my order"), "cancel_order", "escalate", "large_order"),
    (case("order_cancel", "kaya", "cancel my order"), "cancel_order", "escalate", "partly_sent"),
    (
        case("address_change", "wanda", f"send it to {HOME}"),
        "change_shipping_address",
        "allow",
        "before_it_is_sent",
    ),
    (
        case("address_change", "aiko", f"send it to {HOME}"),
        "change_shipping_address",
        "escalate",
        "other_country",
    ),
    (
        case("address_change", "xavi", f"send order 1143 to {HOME}"),
        "change_shipping_address",
        "deny",
        "already_sent",
    ),
    (case("address_change", "ella", f"my new address is {HOME}"), "update_address", "allow", "own_address"),
    (
        case(
            "address_change",
            "ella",
            "I moved",
            "12 Example Road",
            "Springfield",
            "12345",
            "USA",
            id="piece-by-piece",
        ),
        "update_address",
        "allow",
        "own_address",
    ),
    (
        case("return_request", "noor", "return it, too big", id="return-30"),
        "open_return",
        "allow",
        "unopened_in_time",
    ),
    (
        case("return_request", "otis", "return it, too big", id="return-31"),
        "open_return",
        "escalate",
        "window_passed",
    ),
    (case("return_request", "pia", "return it, it is damaged"), "open_return", "allow", "faulty_in_time"),
    (
        case("return_request", "rune", "return order 1149", "it does not fit"),
        "open_return",
        "escalate",
        "opened_unwanted",
    ),
    (case("return_request", "bela", "return it, it is damaged"), "open_return", "deny", "nothing_to_return"),
    (
        case("return_request", "xavi", "return it, it is damaged"),
        "open_return",
        "escalate",
        "delivery_unknown",
    ),
    (case("order_status", "xavi", "where is my order"), "answer", "allow", "answer_may_go"),
    (case("order_status", "cleo", "where is it", "1131"), "answer", "allow", "answer_may_go"),
    (case("how_to", "ella", "how do I export my data"), "answer", "allow", "answer_may_go"),
    (case("bug_report", "ella", "the export does nothing"), "answer", "allow", "answer_may_go"),
    (case("feature_request", "ella", "please add dark mode"), "answer", "allow", "answer_may_go"),
]


SAYS = [
    (case("subscription_change", "viktor", "switch to the business plan"), "has ended"),
    (
        case("refund_request", "ugo", "refund please"),
        "Your bank is looking into the payment of $59.00 from November 11, 2026",
    ),
    (case("refund_request", "vera", "refund please"), "has been refunded in full already"),
    (case("refund_request", "mara", "refund please"), "Which of these payments is it about?\n1. "),
    (case("account_unlock", "ella", "locked out"), "Your account is not locked."),
    (case("mfa_reset", "milo", "my second factor is gone"), "Which of these can you no longer use?\n1. "),
    (case("contact_change", "ella", "change my details"), "What is the new e-mail address or phone number?"),
    (
        case("subscription_change", "paul", "another plan"),
        "You are on Team at $49.00. Which of these plans would you like?",
    ),
    (case("subscription_cancel", "uma", "cancel it"), "is already set to end on December 5, 2026"),
    (case("invoice_request", "olga", "send me my invoice"), "Which of these invoices would you like?\n1. "),
    (case("order_status", "ella", "where is my order"), "I see no order on your account."),
    (case("order_status", "xavi", "where is order 1144?"), "I cannot find that order among yours."),
    (case("order_cancel", "zack", "cancel my order"), "Order 1146 is already cancelled."),
    (
        case("order_cancel", "xavi", "cancel my order"),
        "Order 1143 is on its way, so it cannot be cancelled any more.",
    ),
    (case("order_cancel", "noor", "cancel order 1101"), "Order 1101 has been delivered"),
    (
        case("order_cancel", "wanda", "cancel order 1143", id="not-theirs"),
        "I cannot find that order among yours.",
    ),
    (case("address_change", "wanda", "new address please"), "What is the new address?"),
    (case("return_request", "noor", "return my order"), "Why would you like to send it back"),
    (case("return_request", "wanda", "return my order"), "Order 1140 has not been sent yet."),
    (case("other", "ella", "what is the weather"), "What is it about, in a sentence?"),
]


GIVES = [
    (
        case("duplicate_charge", "greta", "charged twice", id="26-hours-apart"),
        "Nothing fits: second payment.",
    ),
    (case("duplicate_charge", "henk", "charged twice", id="two-orders"), "Nothing fits: second payment."),
    (case("refund_request", "wim", "give me $40 of it back", id="a-part"), "Nothing fits: charge."),
    (case("password_reset", "nina", "forgot my password"), "the account is suspended"),
    (case("password_reset", "sana", "forgot my password"), "the account is deactivated"),
    (case("password_reset", "kofi", "forgot my password"), "I see no sign-in account"),
    (case("mfa_reset", "dina", "lost my phone"), "the account is locked"),
    (case("mfa_reset", "lena", "lost my phone"), "Nothing fits: factor."),
    (case("subscription_cancel", "ella", "cancel it"), "I see no subscription"),
    (case("invoice_request", "ella", "send me my invoice"), "Nothing fits: invoice."),
    (case("how_to", "ella", "how do I fly"), "Nothing fits: article."),
    (case("service_outage", "ella", "everything is down"), "down or not reachable"),
    (case("complaint", "ella", "you are awful"), "The customer complains"),
    (case("account_deletion", "ella", "delete my account"), "account and personal data erased"),
]
