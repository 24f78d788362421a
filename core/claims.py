"""Whether a text claims that something was done to the customer's account; only a receipt may say so."""

import re
import unicodedata
from collections.abc import Iterator

from core.claim_kinds import proves


def claims_effect(text: str) -> bool:
    """True when a sentence states a completed effect, in English, German, French or Spanish.

    Conditions, questions, negations, promises and statements about rules are no claims, nor is what a record
    already says ("was already refunded on 3 May").
    """
    return any(True for _ in _claiming(text))


def is_unproven(text: str, *, receipts: frozenset[str]) -> bool:
    """True when it states a completed effect for which there is no receipt of that kind."""
    return any(not proves(receipts, sentence) for sentence in _claiming(text))


def _claiming(text: str) -> Iterator[str]:
    plain = re.sub(r"[*_`~#>]", "", unicodedata.normalize("NFC", text)).replace("’", "'").casefold()
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", plain):
        one = " ".join(sentence.split())
        if _claims(one):
            yield one


def _claims(sentence: str) -> bool:
    if not sentence or sentence.rstrip(" \"')").endswith("?"):
        return False
    done = any(p.search(sentence) for p in _DONE)
    return (
        done or any(_stands(m, sentence) for p in _ACTIVE for m in p.finditer(sentence)) or _passive(sentence)
    )


def _passive(sentence: str) -> bool:
    return any(
        _stands(m, sentence) and not _NOT.search(_clause(m, sentence)) and not _ON_RECORD.search(sentence)
        for p in _PASSIVE
        for m in p.finditer(sentence)
    )


def _stands(match: re.Match[str], sentence: str) -> bool:
    """Not under a condition, and not merely offered or wished for."""
    return not _CONDITION.search(_clause(match, sentence))


def _clause(match: re.Match[str], sentence: str) -> str:
    """What comes before the match and belongs to it, with the match."""
    return re.split(r"[,;:–—]", sentence[: match.start()])[-1] + match[0]


_CONDITION = re.compile(
    r"\b(?:once|when|whenever|after|as soon as|if|until|till|before|unless|whether|in case"
    r"|(?:will|would|could|should|may|might|must) have|(?:that|which|who|what) (?:has|have|was|were|is|are)"
    r"|wenn|sobald|falls|nachdem|bevor|ob|bis|si|une fois|dès que|lorsque|quand|après|avant|jusqu'à"
    r"|una vez|cuando|en cuanto|después|antes|hasta)\b"
)
_NOT = re.compile(
    r"\b(?:no|not|nothing|none|never|neither|yet to|nicht|nichts|kein|keine|keinen|noch nicht|pas|rien|aucun|aucune"
    r"|ningún|ninguna|nada|nunca|todavía no|aún no)\b|n't\b"
)
_MONTHS = "jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|févr|avril|juin|juil|août|déc|ene|abr|ago|dic"
# A date or an "already" in the passive: the sentence repeats what a system of record says of the past.
_ON_RECORD = re.compile(
    r"\b(?:already|bereits|schon|déjà|yesterday|gestern|hier|ayer|last (?:week|month|year))\b"
    rf"|\d{{4}}-\d\d-\d\d|\b\d{{1,2}}[./]\d{{1,2}}[./]|\b\d{{1,2}}\.? (?:de )?(?:{_MONTHS})|\b(?:{_MONTHS})\w*\.? \d{{1,2}}\b"
)

_EN = (
    "refunded|cancelled|canceled|unlocked|upgraded|downgraded|credited|resumed|reactivated|issued|processed|revoked"
    "|removed|reversed|reimbursed|switched|deleted|granted|waived|(?:logged|signed)(?: you)? out"
)
# These also say what is done to a ticket or by a colleague.
_EN_SOFT = r"(?:changed|updated|applied|completed|finali[sz]ed|initiated|adjusted|added|corrected)"
_EN_SOFT += r"\b(?! (?:our|my)\b)(?![^.,;]{0,80}\b(?:ticket|conversation|colleague)\b)"
_EN_INFINITIVE = "refund|cancel|reset|unlock|change|update|upgrade|downgrade|credit|resume|issue|process|revoke|remove|apply"
_EN_THING = "refund|credit|cancellation|reimbursement|password reset|reset|plan change|upgrade|downgrade|return|unlock"
_EN_BETWEEN = (
    r"(?:\s+(?:now|just|already|also|successfully|fully|gone ahead and|went ahead and|both|therefore|then))*"
)
_EN_SENT = (
    r"(?:sent|resent|e-?mailed|mailed)\b(?=[^.,;]{0,80}\b(?:reset|link|invoice|refund|payment|money)\b)"
    r"(?![^.,;]{0,80}\b(?:request|colleague|team)\b)"
)
_EN_OPENED = r"(?:opened|created|started|registered|set up)\b(?=[^.,;]{0,80}\breturn\b)"
_EN_OURS = r"\b(?:your?|you've|it|refund|order|subscription|account|charge|payment|plan|password|address)\b[^.,;]{0,80}?"

_DE = (
    "erstattet|zurückerstattet|rückerstattet|storniert|gekündigt|zurückgesetzt|entsperrt|freigeschaltet|geändert"
    "|aktualisiert|gutgeschrieben|überwiesen|zurücküberwiesen|veranlasst|abgemeldet|umgestellt|hochgestuft|herabgestuft"
    "|reaktiviert|fortgesetzt|durchgeführt|abgeschlossen|ausgelöst|angestoßen|eingeleitet|erledigt|gewechselt|gelöscht"
)
_FR = (
    r"(?:rembours|annul|réinitialis|débloqu|déverrouill|modifi|chang|crédit|résili|effectu|trait|réactiv|supprim"
    r"|lanc|valid)é(?:e|s|es)?|mis(?:e|es)? à jour|émis(?:e|es)?"
)
_ES = (
    r"(?:reembolsad|cancelad|restablecid|desbloquead|cambiad|actualizad|modificad|abonad|procesad|tramitad|realizad"
    r"|anulad|emitid|reactivad|eliminad|completad)[oa]s?|devuelt[oa]s?"
)

_DONE = tuple(
    re.compile(p)
    for p in (
        r"^(?:ok(?:ay)?[,!.]? |great[,!.]? |there[,!.]? )?(?:all |it's |that's |it is |that is )?done(?:[.!,:;–—-]|$)",
        r"^(?:you're|you are|we're) all (?:set|done)\b|\b(?:it|this|that)(?:'s| is| has been) (?:all )?taken care of\b",
        r"^(?:alles )?erledigt[.!,]|^(?:c'est|voilà,? c'est) fait\b|^(?:listo|hecho|ya está hecho)[.!,]",
    )
)
_ACTIVE = tuple(
    re.compile(p)
    for p in (
        rf"\b(?:i|we)(?:'ve| have| had)?{_EN_BETWEEN}\s+(?:(?:{_EN})\b|{_EN_SOFT}|{_EN_SENT}|{_EN_OPENED})",
        rf"\b(?:i|we)(?:'ve| have| had){_EN_BETWEEN} reset\b|^(?:i|we){_EN_BETWEEN} reset (?:your|the|it)\b",
        rf"\b(?:i|we)(?:'ve| have| was| were| am| are)?{_EN_BETWEEN} (?:been )?(?:able|managed) to (?:{_EN_INFINITIVE})\b",
        rf"\b(?:colleague|team|support|system|billing|stripe) (?:has|have){_EN_BETWEEN}\s+(?:{_EN}|reset)\b",
        rf"\bsuccessfully (?:{_EN}|reset|{_EN_SOFT})",
        r"\b(?:ich habe|wir haben|habe ich|haben wir)\b"
        rf"(?:(?!\bnichts?\b|\bkein)(?:[^.!?;,]|(?<=\d)[.,](?=\d))){{0,160}}?\b(?:{_DE})\b",
        r"\b(?:ich habe|wir haben|habe ich|haben wir)\b(?:(?!\bnicht\b|\bkein|\bkolleg)[^.!?;,]){0,80}?"
        r"\b(?:link|rechnung|e-mail zum zurücksetzen)\b[^.!?;,]{0,60}?\b(?:geschickt|gesendet|zugesandt|verschickt)\b",
        r"\b(?:j'ai|nous avons|je vous ai|je l'ai|on a)(?:\s+(?:bien|déjà|aussi|donc|également|vous|immédiatement))*"
        rf"\s+(?:{_FR})",
        r"\b(?:je viens|nous venons) (?:de |d')(?:vous )?(?:rembourser|annuler|réinitialiser|débloquer|déverrouiller"
        r"|modifier|changer|créditer|résilier|effectuer|mettre à jour)",
        r"\b(?:j'ai|nous avons)\b(?:(?!\bcollègue)[^.!?;,]){0,40}?\benvoyé\b[^.!?;,]{0,40}\b(?:lien|facture)\b",
        rf"(?<!\bno )(?<!\bno te )(?<!\bno le )\b(?:he|hemos)(?:\s+(?:ya|también|correctamente))*\s+(?:{_ES})\b",
        r"\b(?:acabo|acabamos) de (?:reembolsar|cancelar|restablecer|desbloquear|cambiar|actualizar|modificar|abonar"
        r"|procesar|anular|devolver)",
        r"(?<!\bno )\b(?:reembolsé|cancelé|restablecí|desbloqueé|cambié|actualicé|abonamos|reembolsamos ya|anulé)\b",
        r"(?<!\bno )\b(?:he|hemos)\b[^.!?;,]{0,20}\benviado\b[^.!?;,]{0,40}\b(?:enlace|factura)\b",
    )
)
_PASSIVE = tuple(
    re.compile(p)
    for p in (
        rf"{_EN_OURS}(?:\b(?:has|have)|'s|'ve){_EN_BETWEEN} been{_EN_BETWEEN} (?:{_EN}|reset|{_EN_SOFT})",
        rf"you've{_EN_BETWEEN} been{_EN_BETWEEN} (?:{_EN})\b",
        rf"{_EN_OURS}(?:\b(?:is|are|was|were)|'s)(?: now| successfully| hereby| just| fully)+"
        rf" (?:{_EN}|reset|{_EN_SOFT}|complete)",
        rf"{_EN_OURS}\b(?:was|were) (?:{_EN}|reset|{_EN_SOFT})",
        rf"\b(?:{_EN_THING})s? (?:is|are|'s)(?: now)? (?:complete|done|on (?:its|the|their) way|being processed|confirmed)\b",
        rf"^(?:your |the )?(?:{_EN_THING}) (?:successfully )?(?:processed|issued|completed?|confirmed|approved|granted)"
        r"(?:[.!:;]|$| (?:to|for|of)\b)",
        r"\breturn (?:has been|was|is now) (?:opened|created|started|registered|set up)\b",
        r"\b(?:link|invoice|money|payment) (?:has been|was|is now) (?:re)?(?:sent|e-?mailed|paid back)\b",
        r"\b(?:the|your) money is (?:back|on its way|on the way)\b",
        r"(?:[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:€|euros?|dollars?|usd|eur)|\b(?:money|amount|payment|charge|refund))\s+"
        rf"(?:(?:has|have|was|were|is|are){_EN_BETWEEN}\s+)?(?:went|gone|sent|paid|returned|given|back)\b"
        r"(?: back)?(?= to\b| on\b| in\b|[.!]|$)",
        r"\b(?:rückerstattung|erstattung|stornierung|kündigung|gutschrift|überweisung|änderung|zurücksetzung)\b[^.!?;,]{0,60}?"
        r"\b(?:ist|sind)\b[^.!?;,]{0,40}?\b(?:erfolgt|raus|durch|unterwegs|fertig)\b",
        rf"\b(?:wurde|wurden|ist|sind)\b[^.!?;,]{{0,120}}?\b(?:{_DE})\b",
        rf"\bdass\b[^.!?;,]{{0,120}}\b(?:{_DE}) (?:wurde|wurden|worden|ist|sind|habe|haben)\b",
        rf"\b(?:a|ont)(?: bien| maintenant)? été(?: bien| entièrement)? (?:{_FR})",
        rf"\b(?:est|sont)(?: maintenant| désormais| bien)+ (?:{_FR})",
        rf"\b(?:ha|han) sido(?: ya| correctamente)? (?:{_ES})\b|\bse (?:ha|han)(?: ya)? (?:{_ES})\b",
        rf"\b(?:fue|fueron) (?:{_ES})\b|\bya está[n]? (?:{_ES})\b",
    )
)
