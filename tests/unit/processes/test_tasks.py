"""Tasks and their registry."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actions.exceptions import ConfigurationError, DefinitionError, DefinitionProblem, InvalidPayloadError
from actions.processes.context import StepContext
from actions.processes.exceptions import StepError
from actions.processes.graph import Mode
from actions.processes.task_checks import check_tasks
from actions.processes.task_documentation import describe, documentation
from actions.processes.tasks import Task, TaskModule, TaskRegistry, make_task, task, tasks

from .contexts import make_step


def charge(amount: int, currency: str = "EUR") -> dict[str, Any]:
    """Charge a card.

    Args:
        amount: In cents.
    """
    return {"charged": f"{amount} {currency}"}


def refund(amount: int) -> int:
    return amount


@pytest.fixture
def registry() -> TaskRegistry:
    return TaskRegistry()


class TestMaking:
    def test_the_docstring_describes_a_task(self) -> None:
        assert make_task(charge, "shop.charge").description.startswith("Charge a card.")

    def test_a_title_is_made_of_the_name(self) -> None:
        assert make_task(charge, "shop.send_bill").title == "Send bill"

    def test_it_knows_where_it_is_written(self) -> None:
        file, _, line = make_task(charge, "shop.charge").source.rpartition(":")
        assert (file, line) == ("tests/unit/processes/test_tasks.py", str(charge.__code__.co_firstlineno))

    def test_it_touches_the_database_where_nothing_else_is_said(self) -> None:
        assert make_task(charge, "shop.charge").mode is Mode.DATABASE

    def test_the_decorator_says_more_and_leaves_the_function(self) -> None:
        @task(mode="external", environment=["SHOP_TOKEN"], title="Bill", deprecated="Use shop.charge.")
        def bill(amount: int) -> int:
            return amount

        made = make_task(bill, "shop.bill")
        assert bill(3) == 3
        assert (made.mode, made.environment, made.title) == (Mode.EXTERNAL, ("SHOP_TOKEN",), "Bill")
        assert made.deprecated == "Use shop.charge."

    def test_the_decorator_may_say_nothing(self) -> None:
        @task
        def bill() -> None: ...

        assert make_task(bill, "shop.bill").mode is Mode.DATABASE

    def test_meta_of_the_file_names_environment_examples_and_mode(self) -> None:
        meta = {"environment": ["TOKEN"], "examples": [{"title": "Basic usage"}], "mode": "external", "owner": "crm"}
        made = make_task(charge, "shop.charge", meta=meta)
        assert (made.environment, made.mode) == (("TOKEN",), Mode.EXTERNAL)
        assert made.examples == ({"title": "Basic usage"},)
        assert made.meta["owner"] == "crm"

    def test_an_unknown_mode_is_refused_where_it_is_said(self) -> None:
        with pytest.raises(ValueError, match="sometimes"):
            task(mode="sometimes")
        with pytest.raises(DefinitionError, match=r"no mode 'sometimes'.*Use one of database, local, external, pure"):
            make_task(charge, "shop.charge", meta={"mode": "sometimes"})

    def test_a_text_in_place_of_a_list_of_names_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"Give a list of names: \['SHOP_TOKEN'\]"):
            task(environment="SHOP_TOKEN")

    def test_an_async_function_is_refused_with_the_reason(self) -> None:
        async def later() -> None: ...

        with pytest.raises(DefinitionError, match=r"later is async.*async_to_sync"):
            make_task(later, "shop.later")

    def test_an_async_generator_is_refused_with_the_reason(self) -> None:
        async def later() -> AsyncIterator[int]:
            yield 1

        with pytest.raises(DefinitionError, match="later is async"):
            make_task(later, "shop.later")

    def test_an_annotation_without_a_counterpart_in_json_is_refused(self) -> None:
        def draw(canvas: complex) -> None: ...

        with pytest.raises(DefinitionError, match="canvas"):
            make_task(draw, "shop.draw")


class TestBody:
    def test_it_calls_the_function_with_checked_arguments(self) -> None:
        assert make_task(charge, "shop.charge").body(make_step(), {"amount": 500}) == {"charged": "500 EUR"}

    def test_arguments_that_do_not_fit_are_named(self) -> None:
        with pytest.raises(InvalidPayloadError) as refused:
            make_task(charge, "shop.charge").body(make_step(), {"amount": "much", "colour": "red"})
        assert set(refused.value.errors) == {"amount", "colour"}

    def test_a_function_may_take_the_context(self) -> None:
        def who(context: StepContext) -> str:
            return context.node

        assert make_task(who, "shop.who").body(make_step(node="third"), {}) == "third"

    def test_nobody_gives_a_context_from_outside(self) -> None:
        def who(context: StepContext, **more: Any) -> str:
            return context.node

        with pytest.raises(InvalidPayloadError):
            make_task(who, "shop.who").body(make_step(), {"context": "mine"})

    def test_a_missing_variable_fails_the_step_by_its_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SHOP_TOKEN", raising=False)
        made = make_task(charge, "shop.charge", meta={"environment": ["SHOP_TOKEN"]})
        with pytest.raises(StepError, match="needs the environment variable SHOP_TOKEN, which is not set"):
            made.body(make_step(), {"amount": 1})

    def test_a_variable_that_is_set_lets_it_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_TOKEN", "s3cret")
        made = make_task(charge, "shop.charge", meta={"environment": ["SHOP_TOKEN"]})
        assert made.body(make_step(), {"amount": 1}) == {"charged": "1 EUR"}


class TestRegistry:
    def test_short_and_full_references_mean_the_same_task(self, registry: TaskRegistry) -> None:
        made = registry.register(make_task(charge, "shop.charge"), alias="store.process.tasks.shop.charge")
        for reference in ("shop.charge", "process.tasks.shop.charge", "store.process.tasks.shop.charge"):
            assert registry.get(reference) is made
        assert "shop.charge" in registry

    def test_what_is_not_registered_is_not_found(self, registry: TaskRegistry) -> None:
        for reference in ("os.system", "process.tasks.os.system", "charge", "shop", ""):
            assert registry.get(reference) is None
        assert 7 not in registry

    def test_near_names_are_offered(self, registry: TaskRegistry) -> None:
        registry.register(make_task(charge, "shop.charge"))
        assert registry.near("process.tasks.shop.chrage") == ["shop.charge"]
        assert registry.near("wrong_module.charge") == ["shop.charge"]

    def test_two_tasks_of_one_name_are_refused_with_both_places(self, registry: TaskRegistry) -> None:
        registry.register(make_task(charge, "shop.charge"))
        other = Task(name="shop.charge", function=refund, source="other/charge.py:3")
        with pytest.raises(ConfigurationError, match=r"test_tasks\.py:\d+ and other/charge\.py:3"):
            registry.register(other)

    def test_the_newer_form_of_a_task_takes_its_place(self, registry: TaskRegistry) -> None:
        registry.register(make_task(charge, "shop.charge"))
        newer = make_task(charge, "shop.charge", behaviours=["it charges"])
        registry.register(newer)
        assert list(registry) == [newer]

    @pytest.mark.parametrize("is_core_first", [True, False])
    def test_a_task_of_the_project_goes_before_one_of_this_package(
        self, registry: TaskRegistry, is_core_first: bool
    ) -> None:
        core = make_task(charge, "io.say", is_core=True)
        own = Task(name="io.say", function=refund, source="process/tasks/io/say.py:1")
        for each in (core, own) if is_core_first else (own, core):
            registry.register(each)
        assert registry.get("io.say") is own

    def test_problems_are_kept_once(self, registry: TaskRegistry) -> None:
        problem = DefinitionProblem("bar.py", (), "is broken")
        registry.report([problem])
        registry.report([problem])
        assert registry.problems == (problem,)
        registry.forget_problems()
        assert registry.problems == ()

    def test_a_removed_task_is_gone(self, registry: TaskRegistry) -> None:
        registry.register(make_task(charge, "shop.charge"))
        registry.remove("shop.charge")
        assert registry.get("shop.charge") is None


class TestDocumentation:
    def test_tasks_stand_below_their_modules(self, registry: TaskRegistry) -> None:
        registry.describe_module(TaskModule("shop", "What the shop does.", {"owner": "sales"}))
        registry.register(make_task(refund, "shop.refund"))
        registry.register(make_task(charge, "shop.charge"))
        [module] = documentation(registry)
        assert (module["name"], module["description"], module["meta"]) == (
            "shop",
            "What the shop does.",
            {"owner": "sales"},
        )
        assert [each["name"] for each in module["tasks"]] == ["charge", "refund"]

    def test_a_task_is_described_for_people_and_programs(self) -> None:
        described = describe(make_task(charge, "shop.charge", behaviours=["it charges"]))
        assert described["invoke_name"] == "process.tasks.shop.charge"
        assert described["docs"].startswith("Charge a card.")
        assert described["behaviour"] == ["it charges"]
        assert described["payload"]["properties"]["amount"]["description"] == "In cents."
        assert described["payload"]["required"] == ["amount"]
        assert described["mode"] == "database"

    def test_what_json_does_not_have_is_told_as_text(self, registry: TaskRegistry) -> None:
        registry.register(make_task(charge, "shop.charge", meta={"args": {1: {"type": str}}, "tags": {"a"}}))
        [module] = documentation(registry)
        assert json.loads(json.dumps(module))["tasks"][0]["meta"] == {
            "args": {"1": {"type": "<class 'str'>"}},
            "tags": ["a"],
        }


class TestChecks:
    @pytest.fixture(autouse=True)
    def _only_these(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "_tasks", {})
        monkeypatch.setattr(tasks, "_problems", [])
        monkeypatch.delenv("SHOP_TOKEN", raising=False)

    def test_a_missing_variable_is_a_warning(self) -> None:
        tasks.register(make_task(charge, "shop.charge", meta={"environment": ["SHOP_TOKEN"]}))
        [warning] = check_tasks()
        assert warning.id == "actions.W030"
        assert '"shop.charge" needs the environment variable SHOP_TOKEN' in warning.msg

    def test_nobody_is_warned_of_a_core_task_that_he_does_not_use(self) -> None:
        tasks.register(make_task(charge, "slack.say", meta={"environment": ["SHOP_TOKEN"]}, is_core=True))
        assert check_tasks() == []

    def test_a_task_that_could_not_be_loaded_is_an_error(self) -> None:
        tasks.report([DefinitionProblem("process/tasks/foo/bar.py", (), "is broken.", "Mend it.")])
        [error] = check_tasks()
        assert (error.id, error.hint) == ("actions.E030", "Mend it.")
