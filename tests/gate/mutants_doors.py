"""Checks before and after the gate: tokens, origins, incidents, and what may leave as text."""

from mutant import Mutant, one

TOKENS, T_TOKENS = "service/tokens.py", "tests/service/test_auth_tokens.py"
GUARD, T_DOOR = "service/guard.py", "tests/service/test_api_tokens.py"
OUTBOUND, T_OUTBOUND = "core/outbound.py", "tests/core/test_core_outbound.py"
INCIDENTS, T_TAKEOVER = "approvals/incidents.py", "tests/gate/test_takeover.py"
CONSENT, T_CONSENT = "approvals/consent.py", "tests/gate/test_gate_consent.py"
DOORS: tuple[Mutant, ...] = (
    Mutant(
        "token-algorithm",
        "the key decides the algorithm",
        (
            (TOKENS, 'header.get("alg") != key.alg', "False"),
            (TOKENS, "algorithms=[key.alg]", 'algorithms=["HS256", "HS512", "ES256", "none"]'),
        ),
        T_TOKENS,
    ),
    one(
        "token-kid",
        "an unknown key is none",
        T_TOKENS,
        TOKENS,
        'self.keys.get(str(header.get("kid")))',
        'self.keys.get(str(header.get("kid")), next(iter(self.keys.values())))',
    ),
    one(
        "token-headers",
        "no header asks for more",
        T_TOKENS,
        TOKENS,
        'set(header) - {"alg", "kid", "typ"}',
        "set()",
    ),
    one(
        "token-twice",
        "a name that stands twice",
        T_TOKENS,
        TOKENS,
        "if len(named) != len(pairs):",
        "if False:",
    ),
    one(
        "token-audience", "one audience, ours", T_TOKENS, TOKENS, '"strict_aud": True', '"strict_aud": False'
    ),
    one(
        "token-claims", "every claim is there", T_TOKENS, TOKENS, '"require": list(_CLAIMS)', '"require": []'
    ),
    one("token-ends", "a token ends", T_TOKENS, TOKENS, "now < ends + LEEWAY and ", ""),
    one(
        "token-life",
        "a token lives fifteen minutes at most",
        T_TOKENS,
        TOKENS,
        "0 < ends - issued <= LONGEST_LIFE",
        "0 < ends - issued",
    ),
    one("token-begins", "a token of tomorrow", T_TOKENS, TOKENS, "issued <= now + LEEWAY and ", ""),
    one("token-not-before", "not before its time", T_TOKENS, TOKENS, " and not_before <= now + LEEWAY", ""),
    one("token-subject", "a subject is an id", T_TOKENS, TOKENS, 'or not _is_subject(claims["sub"])', ""),
    one(
        "origin-token",
        "a token from a site that is not listed",
        T_DOOR,
        GUARD,
        "return self._is_ours(headers) or self._listed(headers) is not None",
        "return True",
    ),
    one(
        "origin-session",
        "a session from another site",
        T_DOOR,
        GUARD,
        "            return False\n        return self._is_ours(headers)",
        "            return False\n        return True",
    ),
    one(
        "incident",
        "repeated refusals are an incident",
        T_TAKEOVER,
        INCIDENTS,
        "    if refusals < ENOUGH:\n",
        "    if True:\n",
    ),
    one(
        "incident-once",
        "one incident per conversation",
        T_TAKEOVER,
        INCIDENTS,
        "    if await work.value(select(_OUTBOX.c.id).where(_OUTBOX.c.key == key)) is not None:\n        return\n",
        "",
    ),
    one(
        "code-tries-hour",
        "guesses at an old code count for a whole hour",
        T_CONSENT,
        CONSENT,
        "since = work.now - timedelta(hours=1) - CODE_LIVES",
        "since = work.now - timedelta(hours=1)",
    ),
    one(
        "out-secret",
        "a secret in plain",
        T_OUTBOUND,
        OUTBOUND,
        '        draft.sub("secret", pattern, lambda _: SECRET)\n',
        "        pass\n",
    ),
    one(
        "out-hidden-secret",
        "a secret one encoding deep",
        T_OUTBOUND,
        OUTBOUND,
        "lambda m: SECRET if _hides(m[0], known) else m[0]",
        "lambda m: m[0]",
    ),
    one(
        "out-link",
        "a link to anywhere else",
        T_OUTBOUND,
        OUTBOUND,
        '    draft.put("link", _without_links(draft.text, link_hosts))\n',
        "",
    ),
    one(
        "out-image",
        "what a reader would fetch",
        T_OUTBOUND,
        OUTBOUND,
        '    draft.sub("image", _FETCHED, lambda _: IMAGE)\n',
        "",
    ),
    one(
        "out-card",
        "a card number",
        T_OUTBOUND,
        OUTBOUND,
        '    draft.put("card", _without_cards(draft.text))\n',
        "",
    ),
    one(
        "out-invisible",
        "what cannot be seen",
        T_OUTBOUND,
        OUTBOUND,
        '        draft.sub("invisible", _INVISIBLE, lambda _: "")\n',
        "",
    ),
    one(
        "out-entity",
        "what is written as character references",
        T_OUTBOUND,
        OUTBOUND,
        "        draft.text = _ENTITY.sub(lambda m: html.unescape(m[0]), draft.text)\n",
        "",
    ),
    one(
        "out-length", "a text has an end", T_OUTBOUND, OUTBOUND, "if len(draft.text) > LONGEST:", "if False:"
    ),
    one(
        "cell-formula",
        "a cell that is a formula",
        "tests/core/test_core_inert.py",
        "core/inert.py",
        'return f"\'{shown}" if',
        "return shown if",
    ),
    one(
        "slack-signs",
        "Slack's own signs",
        "tests/core/test_core_inert.py",
        "core/inert.py",
        "piece = _SLACK.get(char, char)",
        "piece = char",
    ),
    one(
        "slack-joint",
        "what Slack looks for without signs",
        "tests/core/test_core_inert.py",
        "core/inert.py",
        "            piece += _JOINT\n",
        "            pass\n",
    ),
)
