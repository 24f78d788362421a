"""The domains there are, each as a policy pack: its catalog, its tools and the world its runs stand on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from core.errors import Invalid
from core.tool_spec import ToolSpec
from evals.domains.airline.ground import AirlineGround
from evals.domains.airline.tools import airline_specs
from evals.domains.airline.world import Data as AirlineData
from evals.domains.ground import Ground
from evals.domains.retail.ground import RetailGround
from evals.domains.retail.tools import retail_specs
from evals.domains.retail.world import Data as RetailData
from policies.load import load_catalog
from policies.model import Catalog, CategoryPolicy

_HERE = Path(__file__).resolve().parent
Begin = Callable[[], Ground]
"""Gives the world as it was before a run."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One domain; `begin` needs its data."""

    name: str
    specs: Mapping[str, ToolSpec]
    catalog: Catalog
    by_tool: Mapping[str, CategoryPolicy]
    open: Callable[[Path], Begin]

    @property
    def writes(self) -> frozenset[str]:
        """The names of the tools that change something."""
        return frozenset(self.by_tool)


def load_pack(name: str) -> Pack:
    """The pack of a domain; raises Invalid for an unknown one, PolicyFileError for a wrong catalog file."""
    if name not in _DOMAINS:
        close = get_close_matches(name, _DOMAINS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise Invalid(f"unknown domain {name!r}; {hint}known: {', '.join(sorted(_DOMAINS))}")
    specs, begin = _DOMAINS[name]
    tools = specs()
    catalog = load_catalog(_HERE / name / "catalog", tools)
    by_tool = {tool: policy for policy in catalog.categories.values() for tool in policy.writes}
    return Pack(name, tools, catalog, by_tool, begin)


def _airline(folder: Path) -> Begin:
    data = AirlineData.load(folder)
    return lambda: AirlineGround(data)


def _retail(folder: Path) -> Begin:
    data = RetailData.load(folder)
    return lambda: RetailGround(data)


_DOMAINS: Mapping[str, tuple[Callable[[], Mapping[str, ToolSpec]], Callable[[Path], Begin]]] = {
    "airline": (airline_specs, _airline),
    "retail": (retail_specs, _retail),
}
DOMAINS = tuple(_DOMAINS)
