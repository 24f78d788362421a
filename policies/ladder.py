"""Checks that what a category lets happen fits its tier: limits on money, who confirms, how far it may rise."""

from collections.abc import Mapping

from core.standing import AUTONOMOUS
from core.tool_spec import ToolSpec
from policies.model import CategoryFile
from policies.report import Report
from policies.source import nearest


def check_ladder(file: CategoryFile, specs: Mapping[str, ToolSpec], report: Report) -> None:
    """Reports every part of the file that grants more than its tier, or leaves a guard out."""
    writes = {name: specs[name] for name in file.tools if name in specs and specs[name].kind == "write"}
    for key, named in (("confirm", file.confirm), ("step_up", file.step_up)):
        for index, tool in enumerate(named):
            if tool not in writes:
                hint = nearest(tool, writes)
                report.at((key, index), f"{tool!r} is no write of this category; {hint}")
    if file.tier != 1 and file.autonomy.ceiling in AUTONOMOUS:
        report.at(("autonomy", "ceiling"), f"a category of tier {file.tier} may not rise above observation")
    if file.tier == 3 and writes:
        report.at(("tools",), f"a category of tier 3 is for people only: {', '.join(sorted(writes))}")
    _check_guards(file, writes, report)


def _check_guards(file: CategoryFile, writes: Mapping[str, ToolSpec], report: Report) -> None:
    for name, spec in writes.items():
        loc = ("tools", file.tools.index(name))
        if spec.family == "identity" and name not in file.step_up:
            report.at(loc, f"{name!r} changes who may sign in, so it belongs under step_up")
        if spec.moves_money and name not in file.confirm:
            report.at(loc, f"{name!r} moves money, so it belongs under confirm")
    if money := sorted(name for name, spec in writes.items() if spec.moves_money):
        for key in ("per_object_lifetime", "per_customer_day", "per_category_day"):
            if not getattr(file.limits, key).amounts:
                report.at(("limits",), f"{', '.join(money)} moves money: limits.{key} needs an amount")
