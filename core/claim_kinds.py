"""Which kinds of effect a claiming sentence names, so that a receipt proves only claims of its own kind."""

import re

_NOUN_LATER = r"[^.!?;]{0,60}?\b"
_ORDER = r"(?:order|bestellung|commande|pedido)"
_PLAN = r"(?:subscription|plan|membership|abo|abonnement|suscripción|renewal)"
_CANCEL = (
    r"(?:cancel(?:l?ed)|storniert|gekündigt|annulée?s?|résiliée?s?|cancelad[oa]s?|anulad[oa]s?|cancelé|anulé)"
)
_CHANGE = (
    r"(?:changed|updated|corrected|adjusted|modified|geändert|aktualisiert|modifiée?s?|changée?s?|cambiad[oa]s?"
    r"|actualizad[oa]s?|modificad[oa]s?|cambié|actualicé|mise? à jour)"
)
# An adjective before its noun names a thing, not what was done to it: "your cancelled order".
_NAMED = re.compile(r"\b(?:the|your|a|an|this|that|any|der|die|das|ihre?|la|le|el|su|tu|votre)\s+$")
_NEGATED = re.compile(
    r"\b(?:not|never|nothing|no|nicht|nie|keine?n?|pas|rien|nunca|nada)\b[^,;:]{0,30}$|n't\b[^,;:]{0,30}$"
)

_Kinds = frozenset[str]


def _about(verb: str, noun: str) -> re.Pattern[str]:
    """The verb with its noun near, on either side."""
    return re.compile(
        rf"\b{noun}\b[^.!?;]{{0,60}}?\b(?P<verb>{verb})\b|\b(?P<first>{verb})\b{_NOUN_LATER}{noun}\b"
    )


_NAMES: tuple[tuple[re.Pattern[str], _Kinds], ...] = (
    (
        re.compile(
            r"\b(?:refunded|reimbursed|reversed|(?:zurück|rück)?erstattet|(?:zurück)?überwiesen|rembours\w*é\w*"
            r"|reembolsad[oa]s?|reembolsé|devuelt[oa]s?|(?:went|gone|paid|sent) back"
            r"|(?:refund|reimbursement|rückerstattung|erstattung|rembours\w+|reembolso)s?"
            r" (?:successfully |has |have |been |is |was |are |were |now |just |ist |wurde |a |été |se ha |ha sido )*"
            r"(?:processed|issued|complete[d]?|confirmed|approved|granted|done|erfolgt|veranlasst|ausgelöst|durchgeführt"
            r"|abgeschlossen|eingeleitet|on (?:its|the) way|initiated|applied|effectuée?|procesad[oa]"
            r"|tramitad[oa]|realizad[oa]))\b"
        ),
        frozenset({"refund"}),
    ),
    (
        re.compile(r"\b(?:credited|gutgeschrieben|créditée?s?|abonad[oa]s?)\b"),
        frozenset({"credit", "refund"}),
    ),
    (_about(_CANCEL, _ORDER), frozenset({"order_cancel"})),
    (_about(_CANCEL, _PLAN), frozenset({"subscription_cancel"})),
    (re.compile(rf"\b{_CANCEL}\b"), frozenset({"order_cancel", "subscription_cancel"})),
    (
        re.compile(r"\b(?:resumed|reactivated|reaktiviert|fortgesetzt|réactivée?s?|reactivad[oa]s?)\b"),
        frozenset({"subscription_resume"}),
    ),
    (
        re.compile(r"\b(?:upgraded|downgraded|switched|hochgestuft|herabgestuft|umgestellt)\b"),
        frozenset({"plan_change"}),
    ),
    (
        re.compile(r"\b(?:reset|zurückgesetzt|réinitialisée?s?|restablecid[oa]s?|restablecí)\b"),
        frozenset({"password_reset", "factor_reset"}),
    ),
    (
        re.compile(
            r"\b(?:unlocked|entsperrt|freigeschaltet|débloquée?s?|déverrouillée?s?|desbloquead[oa]s?|desbloqueé)\b"
        ),
        frozenset({"unlock"}),
    ),
    (
        re.compile(r"\b(?:revoked|(?:logged|signed)(?: you)? out|abgemeldet)\b"),
        frozenset({"sessions_revoked"}),
    ),
    (_about(_CHANGE, r"(?:e-?mail|correo)(?: address)?"), frozenset({"email_change"})),
    (_about(_CHANGE, r"(?:phone|number|telefon\w*|téléphone|teléfono)"), frozenset({"phone_change"})),
    (
        _about(_CHANGE, r"(?<!mail )(?:address|adresse|dirección)"),
        frozenset({"address_change", "email_change"}),
    ),
    (_about(_CHANGE, _PLAN), frozenset({"plan_change"})),
)


def proves(receipts: frozenset[str], sentence: str) -> bool:
    """True when each effect a claiming sentence names has a receipt of its kind; a vague claim takes any."""
    named = list(_named(sentence))
    return bool(receipts) and all(kinds & receipts for kinds in named)


def _named(sentence: str) -> list[_Kinds]:
    """For each verb its narrowest reading: the first row that fits it."""
    found: dict[int, _Kinds] = {}
    for pattern, kinds in _NAMES:
        for match in pattern.finditer(sentence):
            groups = match.groupdict()
            name = next((n for n in ("verb", "first") if groups.get(n)), None)
            at = match.start(name) if name else match.start()
            before = sentence[:at]
            is_adjective = (name or " " not in match[0]) and _NAMED.search(before)
            if not is_adjective and not _NEGATED.search(before):
                found.setdefault(at, kinds)
    return list(found.values())
