"""docs/catalog.md names every key, step and slot there is."""

from pathlib import Path

import pytest

from policies.model import AlwaysEscalate, Autonomy, CategoryFile, Example, Limits, Rule
from policies.procedure import KINDS, SLOTS

TEXT = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text()
MODELS = (CategoryFile, Rule, Limits, AlwaysEscalate, Autonomy, Example, *KINDS.values())
KEYS = {info.alias or name for model in MODELS for name, info in model.model_fields.items()}


@pytest.mark.parametrize("name", sorted({*KEYS, *KINDS, *SLOTS}))
def test_it_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in TEXT or f"`{name}:" in TEXT or f"    {name}:" in TEXT or f"- {name}:" in TEXT
