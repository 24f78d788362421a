"""Asking for a person: the phrases that plainly do, and the utterances triage learns the signal from."""

import re
from collections.abc import Sequence

_WHO = (
    r"(?:humans?|person|people|agents?|representatives?|rep|operators?|advis[eo]rs?|supervisors?|managers?"
    r"|employees?|colleagues?|somebody|someone|staff|human being|customer (?:service|support|care)"
    r"|menschen|mitarbeiter(?:in)?|humain|conseill(?:er|ère)|quelqu'un|persona|agente|alguien|operatore|atendente|medewerker)"
)
_FEW = r"(?:[\w'-]+ ){0,4}?"
_ASKING = re.compile(
    rf"\b(?:talk|speak|chat|converse)(?:ing)? (?:to|with) {_FEW}{_WHO}\b"
    rf"|\b(?:connect|transfer|put|pass|hand|forward|escalate)(?:ing)? (?:me|us|this) {_FEW}(?:to|with) {_FEW}{_WHO}\b"
    rf"|\b(?:need|want|prefer|get me|give me|find me|send me|asking for) (?:an? |some |your )?(?:real |live |actual )?"
    r"(?:human(?! resources)|person\b(?!al)|live agent|human agent|representative|operator|supervisor|manager)\b"
    rf"|\b(?:mit|avec|à|con|com|een) {_FEW}(?:menschen|mitarbeiter(?:in)?|humain|conseill(?:er|ère)|quelqu'un|una persona"
    r"|un agente|alguien|operatore|atendente|medewerker)\b",
    re.IGNORECASE,
)
_DECLINING = re.compile(
    r"\b(?:no need|don'?t (?:want|need|have)|do not (?:want|need|have)|rather not|without(?: having)?) "
    rf"(?:to |for )?(?:talk(?:ing)? |speak(?:ing)? |chat(?:ting)? |be connected |(?:connect|transfer|put) me |an? )"
    rf"{_FEW}{_WHO}\b",
    re.IGNORECASE,
)


def asks_for_person(text: str) -> bool:
    """True when a phrase plainly asks for a human, whatever else the message wants."""
    return bool(_ASKING.search(text)) and not declines_person(text)


def declines_person(text: str) -> bool:
    """True when the customer says that they do not want one."""
    return bool(_DECLINING.search(text))


# How people ask for a person: triage learns these as a signal of its own, beside the categories.
PERSON_UTTERANCES: Sequence[str] = (
    "I want to talk to a human",
    "can I speak to a person",
    "connect me to an agent",
    "I need a real person",
    "let me talk to a representative",
    "human please",
    "agent",
    "operator",
    "get me a human being",
    "I'd like to speak with someone from your team",
    "transfer me to an operator",
    "put me through to somebody",
    "is there a live person I can chat with",
    "stop the bot, give me a person",
    "customer service representative please",
    "talk to someone",
    "contact an agent",
    "chat with a human agent",
    "speak to an assistant",
    "how can I contact a human",
    "how do I reach a live agent",
    "I need to get in touch with an operator",
    "where can I talk with customer support staff",
    "I need help to speak to someone",
    "want to get hold of an agent",
    "I would prefer to discuss this with a colleague of yours",
    "can a person call me",
    "let me speak to your manager",
    "I want your supervisor",
    "get me someone who understands me",
    "I don't want to talk to a machine",
    "you do not understand me, I need somebody else",
    "you don't get what I say, let me speak to a person",
    "speaking to a human",
    "talking with an agent",
    "chatting to an operator",
    "contacting a representative",
    "assistance to reach a person",
    "I can't make sense of what you are saying, give me an agent",
    "are you a bot? I want a person",
    "real human now",
    "is it possible to get an agent on the line",
    "could you help me to talk to someone",
    "would you please pass me on to a member of staff",
    "I need assistance to contact a human operator",
    "I do not know how to speak with a live agent",
    "tell me how to talk to an assistant",
    "what do I have to do to chat with a person",
    "i wnat to tlak to a humna",
    "need 2 speak w/ sum1",
    "plz get me an agnet",
    "any humans here?",
    "can I have a phone call with an employee",
    "give me a support person",
    "talk to support agent",
    "hand me over to a colleague",
    "human help",
    "live chat with a person",
    "I demand to speak to a human",
    "I try to contact somebody from customer service",
    "let me talk with a free agent",
    "speak with customer care agent",
    "I wish to converse with an actual human",
    "I wanna talk to a fucking person",
    "no more robots, please",
    "who can I talk to in person",
    "I need a human to look at this",
    "call centre agent please",
    "I have to talk to somebody about this",
    "connect me with a real operator",
    "Ich möchte mit einem Menschen sprechen",
    "Verbinden Sie mich mit einem Mitarbeiter",
    "kann ich mit jemandem reden",
    "je veux parler à un humain",
    "passez-moi un conseiller",
    "je voudrais parler à quelqu'un",
    "quiero hablar con una persona",
    "páseme con un agente",
    "necesito hablar con alguien",
    "voglio parlare con una persona",
    "quero falar com um atendente",
    "ik wil een medewerker spreken",
)
