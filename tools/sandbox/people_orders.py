"""The sandbox's customers who bought goods: payments, deliveries and parcels on both sides of every rule."""

from datetime import timedelta
from typing import Literal

from tools.crm.port import Address
from tools.sandbox.persona import Persona, PersonaAccount, PersonaCharge, PersonaOrder

MINUTE = timedelta(minutes=1) / timedelta(days=1)
GERMANY = Address(line1="Beispielweg 7", city="Musterstadt", zip="10115", country="DE")
JAPAN = Address(line1="1-2-3 Rei", city="Tokyo", zip="100-0001", country="JP")


def _delivered(
    number: str,
    total: int,
    *,
    days: float,
    opened: bool | None = False,
    currency: str = "usd",
    items: tuple[str, ...] = ("Desk lamp",),
    open_return: bool = False,
) -> PersonaOrder:
    return PersonaOrder(
        number=number,
        total=total,
        currency=currency,
        status="delivered",
        days_ago=days + 4,
        shipped_days_ago=days + 2,
        delivered_days_ago=days,
        opened=opened,
        items=items,
        open_return=open_return,
    )


def _paid(
    order: PersonaOrder, key: str = "main", *, refunded: int = 0, disputed: bool = False
) -> PersonaCharge:
    return PersonaCharge(
        key=key,
        amount=order.total,
        currency=order.currency,
        days_ago=order.days_ago,
        order=order.number,
        refunded=refunded,
        disputed=disputed,
    )


def _refund_case(
    key: str,
    name: str,
    number: str,
    total: int,
    story: str,
    *,
    days: float = 5.5,
    opened: bool | None = False,
    currency: str = "usd",
    refunded: int = 0,
    disputed: bool = False,
) -> Persona:
    """Somebody with one delivered order, paid once."""
    order = _delivered(number, total, days=days, opened=opened, currency=currency)
    return Persona(
        key=key,
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.com",
        phone=f"+1 555 {number}",
        orders=(order,),
        charges=(_paid(order, refunded=refunded, disputed=disputed),),
        story=story,
    )


_TWICE = PersonaOrder(
    number="1042",
    total=4900,
    status="delivered",
    days_ago=3,
    shipped_days_ago=2,
    delivered_days_ago=1,
    opened=False,
)
MARA = Persona(
    key="mara",
    name="Mara Lindqvist",
    email="mara.lindqvist@example.com",
    phone="+1 555 1042",
    orders=(_TWICE,),
    charges=(
        PersonaCharge(key="first", amount=4900, days_ago=3, order="1042"),
        PersonaCharge(key="second", amount=4900, days_ago=3 - 2 * MINUTE, order="1042"),
    ),
    story="Charged twice for order 1042 within two minutes; delivered yesterday, unopened.",
)

REFUNDS: tuple[Persona, ...] = (
    MARA,
    _refund_case("noor", "Noor Haddad", "1101", 8900, "Delivered 30 days ago: the last day.", days=30.5),
    _refund_case("otis", "Otis Grant", "1102", 8900, "Delivered 31 days ago: one day late.", days=31.5),
    _refund_case("pia", "Pia Holm", "1103", 8900, "Opened the goods.", opened=True),
    _refund_case("quentin", "Quentin Roy", "1104", 8900, "Nobody knows whether it was opened.", opened=None),
    _refund_case("rosa", "Rosa Vidal", "1105", 19_999, "Paid $199.99: just under the line."),
    _refund_case("sami", "Sami Koskinen", "1106", 20_000, "Paid $200.00: on the line."),
    _refund_case("tess", "Tess Moreau", "1107", 20_001, "Paid $200.01: just over the line."),
    _refund_case("ugo", "Ugo Ferri", "1108", 5900, "Disputes the payment at the bank.", disputed=True),
    _refund_case("vera", "Vera Novak", "1109", 5900, "Was refunded in full already.", refunded=5900),
    _refund_case("wim", "Wim de Boer", "1110", 9000, "Was refunded $40 of $90 already.", refunded=4000),
    _refund_case(
        "yuki", "Yuki Tanaka", "1111", 4900, "Paid in yen, which has no cents.", currency="jpy"
    ).model_copy(update={"address": JAPAN}),
    _refund_case("zoe", "Zoe Laurent", "1112", 5900, "Paid in euros.", currency="eur"),
    _refund_case("ada", "Ada Bergman", "1113", 5900, "A VIP whose refund is otherwise simple.").model_copy(
        update={"tier": "vip"}
    ),
    _refund_case("boris", "Boris Ilic", "1114", 5900, "An account at risk.").model_copy(
        update={"health": "at_risk"}
    ),
    _refund_case("carl", "Carl Jensen", "1115", 5900, "The CRM does not know the tier.").model_copy(
        update={"tier": None, "health": "unknown"}
    ),
    _refund_case("jonas", "Jonas Weber", "1116", 5900, "Writes in German.").model_copy(
        update={"language": "de", "address": GERMANY}
    ),
    _refund_case("finn", "Finn Doyle", "1117", 5900, "Received it hours ago.", days=0.2),
)

_APART = _delivered("1120", 4900, days=1.5)
_LATER_AGAIN = PersonaCharge(key="again", amount=4900, days_ago=_APART.days_ago - 26 / 24, order="1120")
_SOON_AGAIN = PersonaCharge(key="again", amount=4900, days_ago=_APART.days_ago - 23 / 24, order="1123")
_ONE, _TWO = _delivered("1121", 2900, days=6.5), _delivered("1122", 2900, days=2.5)
_EDGE = _delivered("1123", 4900, days=1.5)
_LAMPS = tuple(_delivered(f"113{place}", 3900, days=8.5 + 9 * place) for place in range(4))


def _twice(
    key: str, name: str, number: str, *, days: float, method: Literal["card", "bank_transfer"], story: str
) -> Persona:
    order = _delivered(number, 4900, days=days - 4)
    return Persona(
        key=key,
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.com",
        phone=f"+1 555 {number}",
        orders=(order,),
        charges=tuple(
            PersonaCharge(
                key=f"c{place}", amount=4900, days_ago=days - place * MINUTE, order=number, method=method
            )
            for place in range(2)
        ),
        story=story,
    )


PAYMENTS: tuple[Persona, ...] = (
    _twice("siri", "Siri Lund", "1125", days=90.5, method="card", story="Charged twice 90 days ago."),
    _twice("timo", "Timo Salo", "1126", days=91.5, method="card", story="Charged twice 91 days ago."),
    _twice("ulla", "Ulla Kern", "1127", days=9, method="bank_transfer", story="Paid twice by bank transfer."),
    Persona(
        key="greta",
        name="Greta Olsen",
        email="greta.olsen@example.com",
        phone="+1 555 1120",
        orders=(_APART,),
        charges=(_paid(_APART), _LATER_AGAIN),
        story="Two equal payments for one order, 26 hours apart: no duplicate by our rule.",
    ),
    Persona(
        key="harper",
        name="Harper Quinn",
        email="harper.quinn@example.com",
        phone="+1 555 1123",
        orders=(_EDGE,),
        charges=(_paid(_EDGE), _SOON_AGAIN),
        story="Two equal payments for one order, 23 hours apart: a duplicate.",
    ),
    Persona(
        key="henk",
        name="Henk Visser",
        email="henk.visser@example.com",
        phone="+1 555 1121",
        orders=(_ONE, _TWO),
        charges=(_paid(_ONE, "one"), _paid(_TWO, "two")),
        story="Two orders of the same price: no duplicate.",
    ),
    Persona(
        key="ines",
        name="Ines Prado",
        email="ines.prado@example.com",
        phone="+1 555 1124",
        orders=(PersonaOrder(number="1124", total=5900, status="unfulfilled", days_ago=1.5),),
        charges=(
            PersonaCharge(key="failed", amount=5900, days_ago=1.55, order="1124", failed=True),
            PersonaCharge(key="main", amount=5900, days_ago=1.5, order="1124"),
        ),
        story="The first try failed, the second went through: one payment only.",
    ),
    Persona(
        key="cleo",
        name="Cleo Abara",
        email="cleo.abara@example.com",
        phone="+1 555 1130",
        orders=_LAMPS,
        charges=(
            _paid(_LAMPS[0], "c0"),
            *(_paid(order, f"c{place}", refunded=3900) for place, order in enumerate(_LAMPS[1:], start=1)),
        ),
        story="Three refunds in the last 90 days.",
    ),
)


def _shopper(key: str, name: str, order: PersonaOrder, story: str, **more: object) -> Persona:
    made = Persona(
        key=key,
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.com",
        phone=f"+1 555 {order.number}",
        orders=(order,),
        charges=(_paid(order),),
        story=story,
    )
    return made.model_copy(update=more)


def _moving(number: str, *, due_in: float, shipped: float = 3) -> PersonaOrder:
    return PersonaOrder(
        number=number,
        total=7900,
        status="fulfilled",
        days_ago=shipped + 1,
        shipped_days_ago=shipped,
        estimated_in_days=due_in,
    )


PARCELS: tuple[Persona, ...] = (
    _shopper(
        "wanda",
        "Wanda Kowal",
        PersonaOrder(number="1140", total=7900, status="unfulfilled", days_ago=0.4),
        "Ordered this morning, nothing sent yet.",
    ),
    _shopper(
        "lars",
        "Lars Eide",
        PersonaOrder(number="1141", total=7900, status="unfulfilled", days_ago=3.5),
        "Ordered three days ago, still not sent.",
    ),
    _shopper(
        "mei",
        "Mei Chen",
        PersonaOrder(
            number="1142", total=64_900, status="unfulfilled", days_ago=0.2, items=("Standing desk", "Chair")
        ),
        "An expensive order that is not sent yet.",
    ),
    _shopper(
        "noah",
        "Noah Stern",
        PersonaOrder(number="1150", total=19_999, status="unfulfilled", days_ago=0.3),
        "Not sent yet, $199.99: just under the line.",
    ),
    _shopper(
        "orla",
        "Orla Byrne",
        PersonaOrder(number="1151", total=20_000, status="unfulfilled", days_ago=0.3),
        "Not sent yet, $200.00: on the line.",
    ),
    _shopper(
        "pavel",
        "Pavel Dvorak",
        PersonaOrder(number="1152", total=7900, currency="eur", status="unfulfilled", days_ago=0.3),
        "Not sent yet, paid in euros.",
    ),
    _shopper("xavi", "Xavi Puig", _moving("1143", due_in=2), "On its way and in time."),
    _shopper("yara", "Yara Costa", _moving("1144", due_in=-4, shipped=9), "A parcel four days late."),
    _shopper(
        "kaya",
        "Kaya Demir",
        PersonaOrder(
            number="1145",
            total=11_800,
            status="partly_fulfilled",
            days_ago=4,
            shipped_days_ago=2,
            estimated_in_days=1,
            items=("Desk lamp", "Cable tray"),
        ),
        "Half of the order is on its way.",
    ),
    _shopper(
        "zack",
        "Zack Miller",
        PersonaOrder(number="1146", total=7900, status="cancelled", days_ago=6),
        "Cancelled the order already.",
    ),
    _shopper(
        "aiko",
        "Aiko Braun",
        PersonaOrder(number="1147", total=7900, status="unfulfilled", days_ago=0.6),
        "Lives in Germany; the order is not sent yet.",
        address=GERMANY,
    ),
    _shopper(
        "bela",
        "Bela Nagy",
        _delivered("1148", 5900, days=7.5, open_return=True),
        "Has an open return.",
    ),
    _shopper(
        "rune",
        "Rune Dahl",
        _delivered("1149", 9900, days=12.5, opened=True, items=("Desk lamp", "Monitor arm")),
        "Opened it and wants to return one of two things.",
        account=PersonaAccount(vendor="auth0"),
    ),
)
SHOPPERS: tuple[Persona, ...] = (*REFUNDS, *PAYMENTS, *PARCELS)
