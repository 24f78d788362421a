"""Checks on what runs without a review: a standing must be signed, earned, and of the agent that runs."""

from mutant import Mutant, one

STANDING, EXECUTE, T_EARNED = (
    "approvals/standing.py",
    "approvals/execute.py",
    "tests/gate/test_gate_earned.py",
)
EARNED: tuple[Mutant, ...] = (
    one(
        "standing-earned",
        "a standing somebody wrote is none",
        T_EARNED,
        STANDING,
        "return standing if holds else START",
        "return standing",
    ),
    one(
        "standing-change",
        "the signed change is about this category and rung",
        T_EARNED,
        STANDING,
        "(change.category, change.after) != (row.category, row.standing)",
        "False",
    ),
    one(
        "standing-signature",
        "the change is signed",
        T_EARNED,
        STANDING,
        'if not hmac.compare_digest(change.signature or "", _signature(change, parts)):',
        "if False:",
    ),
    one(
        "standing-evidence",
        "raw reviews still carry it",
        T_EARNED,
        STANDING,
        "return shown is not None and _rank(supported(shown)) >= _rank(cast(Standing, row.standing))",
        "return True",
    ),
    one(
        "standing-agent",
        "another agent has not earned it",
        T_EARNED,
        STANDING,
        "if used is not None and used != row.agent_version:",
        "if False:",
    ),
    one(
        "canary",
        "a canary gets no permit",
        T_EARNED,
        EXECUTE,
        'if row.canary or row.state not in ("executing", "unsure"):',
        'if row.state not in ("executing", "unsure"):',
    ),
    one(
        "gate-audited",
        "what was chosen for an audit is looked at",
        "tests/approvals/test_gate_route.py",
        "approvals/gate.py",
        "return Execute(review_after=evidence.audited)",
        "return Execute(review_after=False)",
    ),
    one(
        "facts-fresh",
        "facts of another moment",
        T_EARNED,
        "approvals/judge.py",
        "if any(abs(work.now - fact.read_at) > FRESH for fact in tool_facts.facts.values()):",
        "if False:",
    ),
)
