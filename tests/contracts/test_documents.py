"""What the README promises exists, and what exists it tells of."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import actions
from actions.conf import setting_names
from actions.definition_keys import KEYS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [path.stem for path in (ROOT / "actions").rglob("management/commands/[!_]*.py")]
PUBLIC = {
    "actions": [
        "Action",
        "ActionContext",
        "ActionMixin",
        "ActionRegistry",
        "ActionViews",
        "Refusal",
        "__version__",
        "condition",
        "perform",
    ],
    "actions.util": [
        "ACTION_TYPE",
        "STATUS",
        "enrich_actions",
        "get_action_docs",
        "get_action_form",
        "get_instance_action_path",
    ],
    "actions.mixins": ["ActionMixin", "ActionViews"],
    "actions.models": ["ActionEvent", "ArchivedEventAction", "EventAction"],
    "actions.fields": ["ActionsField", "CommaSeparatedCharField"],
    "actions.forms.mixins": ["ActionFormMixin"],
    "actions.archive": ["archive"],
    "actions.tests.testutils": ["assert_in_registry", "get_bulk_action_url", "get_instance_action_url"],
}
"""Names that projects import; none of them goes without a word in the changelog."""


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_stands_in_the_readme(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_of_a_definition_stands_in_the_readme(key: str) -> None:
    table = README[README.index("## definition.yaml") : README.index("Anything else is reported")]
    assert f"`{key}`" in table


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"| `{command}" in README


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in PUBLIC.items() for name in names])
def test_public_names_are_where_they_are_imported_from(module: str, name: str) -> None:
    assert getattr(import_module(module), name) is not None


def test_the_package_has_no_public_name_that_nobody_decided_on() -> None:
    assert sorted(actions.__all__) == sorted(PUBLIC["actions"])


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "docs/index.md"])
def test_links_lead_somewhere(file: str) -> None:
    page = ROOT / file
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing
