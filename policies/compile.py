"""Turns the rules of one category into what judges its writes, and reports every rule that cannot be."""

from collections.abc import Mapping, Sequence

from core.actions import Fired
from core.facts import FactType
from core.tool_spec import REQUEST_FACTS, ToolSpec
from policies.cel import ExpressionError, Language
from policies.model import CategoryFile, Compiled, Judge, Rule
from policies.report import Report
from policies.source import nearest


def declared_facts(spec: ToolSpec) -> dict[str, FactType]:
    """Every fact a rule for this tool may name."""
    return {**spec.facts, **REQUEST_FACTS}


def compile_judges(file: CategoryFile, specs: Mapping[str, ToolSpec], report: Report) -> Mapping[str, Judge]:
    """A judge for each write of the category, as far as its rules are sound."""
    writes = {name: specs[name] for name in file.tools if name in specs and specs[name].kind == "write"}
    languages = {name: Language(declared_facts(spec)) for name, spec in writes.items()}
    rules: dict[str, list[Compiled]] = {name: [] for name in writes}
    seen: set[str] = set()
    for index, rule in enumerate(file.rules):
        if rule.id in seen:
            report.at(("rules", index, "id"), f"duplicate rule id {rule.id!r}")
        seen.add(rule.id)
        for place, tool in enumerate(rule.tools):
            if tool not in writes:
                hint = nearest(tool, writes)
                report.at(("rules", index, "tools", place), f"{tool!r} is no write of this category; {hint}")
        _compile_rule(rule, index, languages, rules, report)
    for name in writes:
        _require_decision(name, file, report)
    return {name: _judge(languages[name], rules[name]) for name in writes}


def _judge(language: Language, rules: Sequence[Compiled]) -> Judge:
    together = language.together([one.rule.expression for one in rules])
    return Judge(language.declared, language, tuple(rules), together)


def _compile_rule(
    rule: Rule,
    index: int,
    languages: Mapping[str, Language],
    rules: Mapping[str, list[Compiled]],
    report: Report,
) -> None:
    fired = Fired(rule=rule.id, kind=rule.kind, sentence=rule.sentence)
    unchecked = Fired(rule=rule.id, kind="escalate", sentence=f"This could not be checked: {rule.sentence}")
    for tool in rule.tools:
        if tool not in languages:
            continue
        try:
            program = languages[tool].compile(rule.expression)
        except ExpressionError as error:
            hint = f" for {tool!r}; {nearest(error.name, languages[tool].declared)}" if error.name else ""
            report.within(("rules", index, rule.kind), error.offset, f"{error}{hint}")
            return
        rules[tool].append(Compiled(rule, program, fired, unchecked))


def _require_decision(tool: str, file: CategoryFile, report: Report) -> None:
    # Nothing matched is a person's case anyway; saying so must be meant, not forgotten.
    covering = [rule for rule in file.rules if tool in rule.tools]
    if any(rule.kind == "allow" or (rule.escalate or "").strip() == "true" for rule in covering):
        return
    message = f"no rule covers {tool!r}"
    if covering:
        message = f'no rule can allow {tool!r}; write one, or one that says `escalate: "true"`'
    report.at(("tools", file.tools.index(tool)), message)
