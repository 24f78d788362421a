"""The sandbox's customers with accounts and subscriptions: locks, factors, contact changes, every plan."""

from typing import Literal

from tools.sandbox.persona import Persona, PersonaAccount, PersonaCharge, PersonaCredit, PersonaSubscription
from tools.sandbox.stripe.seed import PRICES


def _member(
    key: str, name: str, phone: int, story: str, account: PersonaAccount | None, **more: object
) -> Persona:
    made = Persona(
        key=key,
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.com",
        phone=f"+1 555 {phone:04d}",
        account=account,
        story=story,
    )
    return made.model_copy(update=more)


def _changed(hours: float) -> PersonaAccount:
    return PersonaAccount(contact_changed_days_ago=hours / 24)


ACCOUNTS: tuple[Persona, ...] = (
    _member("ella", "Ella Stone", 201, "An ordinary account.", PersonaAccount()),
    _member("dina", "Dina Farouk", 202, "Locked out.", PersonaAccount(status="locked")),
    _member(
        "emil", "Emil Roth", 203, "An administrator.", PersonaAccount(admin=True, factors=("totp", "push"))
    ),
    _member("fay", "Fay Lindon", 204, "Changed the contact 10 hours ago.", _changed(10)),
    _member("ilse", "Ilse Kuiper", 217, "Changed the contact 23 hours ago.", _changed(23)),
    _member("joao", "Joao Pires", 218, "Changed the contact 25 hours ago.", _changed(25)),
    _member("gus", "Gus Arvid", 205, "Changed the contact 71 hours ago.", _changed(71)),
    _member("hana", "Hana Sato", 206, "Changed the contact 73 hours ago.", _changed(73)),
    _member("ivo", "Ivo Marek", 207, "An account at Auth0.", PersonaAccount(vendor="auth0")),
    _member(
        "jana", "Jana Kral", 208, "Locked out at Auth0.", PersonaAccount(vendor="auth0", status="locked")
    ),
    _member("kofi", "Kofi Mensah", 209, "Has no account at all.", None),
    _member("lena", "Lena Fischer", 210, "An account without a second factor.", PersonaAccount(factors=())),
    _member(
        "milo",
        "Milo Conti",
        211,
        "Lost the phone; has two factors.",
        PersonaAccount(factors=("sms", "totp")),
    ),
    _member("nina", "Nina Petrova", 212, "A suspended account.", PersonaAccount(status="suspended")),
    _member(
        "piet",
        "Piet Maas",
        213,
        "A password that expired.",
        PersonaAccount(status="password_expired"),
    ),
    _member("sana", "Sana Malik", 214, "A deactivated account.", PersonaAccount(status="deactivated")),
    _member(
        "dario",
        "Dario Greco",
        215,
        "Wrote five times before.",
        PersonaAccount(),
        past_tickets=(
            "Where is my invoice",
            "Invoice again",
            "Export does not work",
            "Export still does not work",
            "Nobody answers",
        ),
    ),
    _member(
        "elif", "Elif Aydin", 216, "New: no order, no payment, no plan.", PersonaAccount(created_days_ago=1)
    ),
)


def _subscriber(
    key: str,
    name: str,
    phone: int,
    plan: str,
    story: str,
    *,
    status: str = "active",
    started: float = 75,
    ending: bool = False,
) -> Persona:
    """Somebody on a plan, with a payment for each period so far (three at most)."""
    price = PRICES[plan]
    period = 30 if price.interval == "month" else 365
    ages = [started - period * n for n in range(int(started // period) + 1)][-3:]
    charges = tuple(
        PersonaCharge(
            key=f"sub{place}",
            amount=price.amount,
            currency=price.currency,
            days_ago=age,
            description=f"{price.name} plan",
        )
        for place, age in enumerate(ages, start=1)
    )
    return Persona(
        key=key,
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.com",
        phone=f"+1 555 {phone:04d}",
        charges=charges if status != "past_due" else charges[:-1],
        subscription=PersonaSubscription.model_validate(
            {"plan": plan, "status": status, "started_days_ago": started, "cancel_at_period_end": ending}
        ),
        story=story,
    )


_INVOICES: tuple[tuple[Literal["paid", "void", "uncollectible"], float, bool], ...] = (
    ("paid", 15, False),
    ("void", 45, True),
    ("uncollectible", 75, True),
)
SUBSCRIBERS: tuple[Persona, ...] = (
    _subscriber("olga", "Olga Brandt", 301, "starter_month", "On Starter, monthly."),
    _subscriber("paul", "Paul Adeyemi", 302, "team_month", "On Team, monthly."),
    _subscriber("qiana", "Qiana Brooks", 303, "business_month", "On Business, monthly."),
    _subscriber("ravi", "Ravi Menon", 304, "starter_year", "On Starter, yearly."),
    _subscriber("sofia", "Sofia Rossi", 305, "team_year", "On Team, yearly.", started=400),
    _subscriber("tomas", "Tomas Silva", 306, "team_month", "The last payment failed.", status="past_due"),
    _subscriber("uma", "Uma Rao", 307, "team_month", "Cancelled; runs until the period ends.", ending=True),
    _subscriber("viktor", "Viktor Lind", 308, "starter_month", "The plan has ended.", status="canceled"),
    _subscriber("abel", "Abel Ortiz", 309, "team_month", "Subscribed five days ago.", started=5),
    _subscriber("britt", "Britt Nyman", 310, "business_month", "A VIP on Business.").model_copy(
        update={"tier": "vip"}
    ),
    _subscriber(
        "esma", "Esma Yilmaz", 311, "team_month_eur", "Pays in euros, on a price no longer on offer."
    ),
    _subscriber("nils", "Nils Berg", 312, "starter_month", "Was given a credit 89 days ago.").model_copy(
        update={"credits": (PersonaCredit(amount=1000, days_ago=89),)}
    ),
    _subscriber("opal", "Opal Reed", 313, "starter_month", "Was given a credit 91 days ago.").model_copy(
        update={"credits": (PersonaCredit(amount=1000, days_ago=91),)}
    ),
    _subscriber("tove", "Tove Holm", 314, "team_month", "Billing has no e-mail address.").model_copy(
        update={"has_billing_email": False}
    ),
    _subscriber(
        "ursa", "Ursa Kranjc", 315, "starter_month", "One invoice was voided, one written off."
    ).model_copy(
        update={
            "charges": tuple(
                PersonaCharge(key=f"inv_{state}", amount=1900, days_ago=ago, failed=failed, invoice=state)
                for state, ago, failed in _INVOICES
            )
        }
    ),
)
