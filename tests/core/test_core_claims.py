"""Sentences that claim something was done, and their harmless neighbours."""

import pytest

from core.claims import claims_effect, is_unproven

CLAIMS = [
    "The $49.00 went back to your Visa a minute ago.",
    "Your money has gone back to your card.",
    "Die Rückerstattung ist erfolgt.",
    "I have refunded your charge.",
    "I've refunded $49.00 to your card.",
    "I refunded the duplicate charge.",
    "We've now cancelled your subscription.",
    "I have gone ahead and cancelled order 1042.",
    "I have already refunded you.",
    "I went ahead and cancelled it for you.",
    "Your refund has been processed.",
    "Good news: your refund has been processed!",
    "I can confirm that your refund has been issued.",
    "No problem, your subscription has been cancelled.",
    "Your account is now unlocked.",
    "Your account has been successfully unlocked.",
    "Your password was reset.",
    "You've been refunded.",
    "You have been refunded in full.",
    "It's been cancelled.",
    "Your refund is on its way.",
    "Your refund is complete.",
    "Refund processed.",
    "Refund issued to your Visa 4242.",
    "Successfully cancelled your plan.",
    "I was able to cancel your order.",
    "I managed to reset your password.",
    "I reset your password.",
    "Done!",
    "Done, you are all set.",
    "All done.",
    "You're all set.",
    "That's taken care of.",
    "I've sent you a password reset link.",
    "The invoice has been sent to your e-mail.",
    "I've opened a return for the lamp.",
    "Your return has been created.",
    "I have changed your address to 5 Sample Street.",
    "Your plan has been upgraded to Team.",
    "My colleague has refunded the charge.",
    "**I have refunded** your charge.",
    "I’ve refunded it.",
    "Hello Mara.\nYour refund has been processed.\nBye",
    "If you look at your statement, you will see that I have refunded it.",
    "Ich habe den Betrag erstattet.",
    "Ich habe Ihnen den Betrag von 49,00 € erstattet.",
    "Wir haben Ihr Abonnement gekündigt.",
    "Ihre Bestellung wurde storniert.",
    "Ihre Rückerstattung wurde veranlasst.",
    "Ihr Konto ist jetzt entsperrt.",
    "Ich bestätige, dass Ihre Bestellung storniert wurde.",
    "Ich habe Ihnen einen Link zum Zurücksetzen geschickt.",
    "Erledigt!",
    "J'ai remboursé votre commande.",
    "Je vous ai remboursé 49 €.",
    "Nous avons bien annulé votre abonnement.",
    "Votre remboursement a été effectué.",
    "Votre commande a bien été annulée.",
    "Votre compte est maintenant débloqué.",
    "Je viens de vous rembourser.",
    "C'est fait !",
    "He reembolsado el importe.",
    "Hemos cancelado su suscripción.",
    "Su reembolso ha sido procesado.",
    "Se ha cancelado tu pedido.",
    "Tu pedido fue cancelado.",
    "Acabo de cancelar tu pedido.",
    "Tu cuenta ya está desbloqueada.",
    "Listo, tu pedido está en orden.",
]
NO_CLAIMS = [
    "",
    "Refunds take 5-10 days.",
    "Refunds are usually processed within 5 to 10 days.",
    "Once it is refunded you will see it on your statement.",
    "Once your refund has been processed, you will get a mail.",
    "As soon as a colleague approves it and it has been processed, I will tell you.",
    "When your order has been cancelled, you get a confirmation.",
    "If it was refunded, the statement shows it.",
    "I can refund $49.00 to your card.",
    "Would you like me to cancel it?",
    "Has your order been cancelled?",
    "Should I say it is done?",
    "I have not refunded anything yet.",
    "I haven't cancelled your order.",
    "Nothing has been changed on your account.",
    "No refund has been issued.",
    "Your order has not been cancelled.",
    "Your subscription hasn't been cancelled.",
    "Your refund is waiting for a colleague.",
    "A colleague is checking this.",
    "I have asked a colleague to refund you.",
    "I've sent your refund request to a colleague.",
    "I have passed this on to a colleague.",
    "I have updated the ticket for my colleague.",
    "This charge was already refunded on 3 November.",
    "Order 1042 was cancelled on 2026-11-03.",
    "Order 1042 is on its way.",
    "Your order has been delivered.",
    "Your parcel was shipped on Monday.",
    "You cancelled this order.",
    "Cancelled subscriptions can be resumed.",
    "Items that have been returned are refunded to the card that paid.",
    "You can see what has been changed under History.",
    "It would have been refunded by now.",
    "We updated our terms in May.",
    "Prices were changed in May.",
    "Your account is locked.",
    "Your subscription will be cancelled at the end of the period.",
    "To make sure I reset the right account, please confirm.",
    "Which one shall I cancel?",
    "I am done looking at your orders and found two.",
    "Restore deleted tasks from the trash within 30 days.",
    "Erstattungen dauern 5 bis 10 Tage.",
    "Ich habe noch nichts erstattet, ich habe den Betrag nicht erstattet.",
    "Ihre Bestellung wurde nicht storniert.",
    "Sobald der Betrag erstattet ist, melden wir uns.",
    "Soll ich die Bestellung stornieren?",
    "Ihre Bestellung wird geprüft.",
    "Die Bestellung wurde bereits am 3. November storniert.",
    "Ich habe einen Kollegen gebeten, das zu prüfen.",
    "Un remboursement prend 5 à 10 jours.",
    "Je n'ai pas remboursé la commande.",
    "Votre commande n'a pas été annulée.",
    "Une fois la commande annulée, vous recevrez un mail.",
    "Voulez-vous que j'annule ?",
    "Los reembolsos tardan de 5 a 10 días.",
    "No he cancelado tu pedido.",
    "Tu pedido no ha sido cancelado.",
    "Cuando se ha cancelado el pedido, recibes un correo.",
    "¿Quieres que cancele el pedido?",
]


@pytest.mark.parametrize("text", CLAIMS)
def test_a_stated_effect_is_a_claim(text: str) -> None:
    assert claims_effect(text)


@pytest.mark.parametrize("text", NO_CLAIMS)
def test_rules_conditions_questions_and_records_are_no_claims(text: str) -> None:
    assert not claims_effect(text)


def test_long_text_is_read_quickly() -> None:
    assert not claims_effect("your order your refund it was " * 600)


REFUND = frozenset({"refund"})
SAYS = [
    pytest.param("I have refunded your $49.00.", "refund", id="refund"),
    pytest.param("The $49.00 went back to your Visa a minute ago.", "refund", id="went-back"),
    pytest.param("Die Rückerstattung ist erfolgt.", "refund", id="german-noun"),
    pytest.param("I have cancelled your subscription.", "subscription_cancel", id="subscription"),
    pytest.param("Your order 1042 has been cancelled.", "order_cancel", id="order"),
    pytest.param("I have reset your password.", "password_reset", id="reset"),
    pytest.param("Your account is now unlocked.", "unlock", id="unlock"),
    pytest.param("I have changed your e-mail.", "email_change", id="e-mail"),
    pytest.param("I have updated your phone number.", "phone_change", id="phone"),
    pytest.param("Your plan has been changed.", "plan_change", id="plan"),
]
KINDS = (
    "refund",
    "order_cancel",
    "subscription_cancel",
    "password_reset",
    "unlock",
    "email_change",
    "plan_change",
)


@pytest.mark.parametrize(("text", "kind"), SAYS)
def test_a_receipt_proves_claims_of_its_own_kind_only(text: str, kind: str) -> None:
    assert not is_unproven(text, receipts=frozenset({kind}))
    assert is_unproven(text, receipts=frozenset({*KINDS}) - {kind})


def test_each_effect_of_a_sentence_needs_its_receipt() -> None:
    both = "I have refunded your $49.00 and cancelled your subscription."
    assert is_unproven(both, receipts=REFUND)
    assert not is_unproven(both, receipts=REFUND | {"subscription_cancel"})


@pytest.mark.parametrize(
    "text",
    ["All done.", "I have refunded the cancelled order.", "I refunded it; your plan was not cancelled."],
)
def test_a_refund_proves_what_names_nothing_else(text: str) -> None:
    assert not is_unproven(text, receipts=REFUND)
    assert is_unproven(text, receipts=frozenset())
