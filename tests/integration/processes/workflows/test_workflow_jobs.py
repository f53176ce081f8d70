"""Jobs: what steps get, what becomes of them, how they are ordered and answered."""

# ruff: noqa: T201 - what steps print is in their jobs' logs

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.test import override_settings
from pydantic import BaseModel, ValidationError
from pydantic.v1 import BaseModel as BaseModel1
from pydantic.v1 import ValidationError as ValidationError1

from actions.exceptions import ConfigurationError, InvalidPayloadError
from actions.models import EventAction
from actions.processes import services, steps
from actions.processes.exceptions import UnknownProcessError, WrongStateError
from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.registry import processes
from actions.processes.workflows import (
    Job,
    JobState,
    KnownWorkflow,
    Workflow,
    WorkflowDeleted,
    WrongState,
    execute_workflow,
    execute_workflow_sync,
    oder_workflow_execution,
    order_workflow_execution,
    provide_external_input,
    provide_input,
)
from example_app.models import Todo, TodoList
from example_app.workflows import MyWorkflow
from tests.processes import run_due
from tests.workflows import results, run, workflow

pytestmark = pytest.mark.django_db
__start__ = steps.__start__


class One(steps.Step):
    def execute(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> Any:
        return {"got": _input, "said": external_input}


def test_users_of_an_approval_are_keys_and_names_told_apart() -> None:
    ada = User.objects.create_user("ada")
    eve = User.objects.create_user(str(ada.pk))

    class Ask(steps.Approval):
        users = (ada.pk,)

    class AskAgain(steps.Approval):
        def users(self, _input: Any = None) -> Any:
            return [{"pk": str(ada.pk)}]

    class AskOnce(steps.Approval):
        users = (lambda self, _input: self.job.actor,)

    for step in (Ask, AskAgain, AskOnce):
        job = run(workflow({__start__: [step]}), actor=ada)
        (task,) = job.open_inputs()
        assert [services.may_answer(task, each) for each in (ada, eve)] == [True, False]
        assert not services.get_open_tasks(eve).exists()


class Two(One):
    pass


class Three(One):
    pass


def test_the_first_step_gets_nothing_and_each_next_one_the_result_before() -> None:
    job = run(workflow({__start__: [One], One: [Two]}))
    first = {"got": None, "said": None}
    assert results(job) == {"One": first, "Two": {"got": first, "said": None}}


def test_a_step_finds_its_job() -> None:
    class Looks(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            self.job.data["seen"] = True
            return [self.job.id, str(self.job.uuid), self.job.payload["name"], self.job.current_step, self.job.attempt]

    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    job = run(workflow({__start__: [Looks], Looks: [One]}, PayloadSchema=schema), {"name": "Ada"})
    assert results(job)["Looks"][:3] == [job.pk, str(job.uuid), "Ada"]
    assert results(job)["Looks"][3].endswith("Looks")
    assert job.data == {"seen": True}


def test_a_list_that_a_step_sets_by_default_and_changes_in_place_is_kept() -> None:
    class Collects(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            self.job.data.setdefault("notes", []).append(self.job.data.setdefault("number", 5))

    assert run(workflow({__start__: [Collects]})).data == {"notes": [5], "number": 5}


def test_a_step_reads_what_its_job_has_done_so_far() -> None:
    class Looks(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            return [len(self.job.storage["data"]), self.job.workflow.name, str(self.job.state)]

    job = run(workflow({__start__: [One], One: [Looks]}))
    assert results(job)["Looks"] == [1, "Declared", "ONGOING"]


def test_a_decision_without_work_hands_on_what_it_got_and_one_with_work_its_result() -> None:
    class Plain(steps.Decision):
        def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
            return 1

    class Works(steps.Decision):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
            return "decided"

        def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
            assert _input == {"got": None, "said": None}
            return "two"

    job = run(workflow({__start__: [One], One: [Plain], Plain: [Three, Two]}))
    assert results(job)["Two"] == {"got": {"got": None, "said": None}, "said": None}
    job = run(workflow({__start__: [One], One: [Works], Works: {"three": Three, "two": Two}}))
    assert results(job)["Two"] == {"got": "decided", "said": None}
    assert StepRun.objects.get(root_id=job.pk, node="Works").edge == "two"


@pytest.mark.parametrize("answer", [-1, 2, "no", True, None, 1.0])
def test_a_transition_that_leads_nowhere_fails_the_job_with_the_reason_in_its_log(answer: Any) -> None:
    class Astray(steps.Decision):
        def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            return answer

    job = run(workflow({__start__: [One], One: [Astray], Astray: [Two, Three]}))
    assert job.state == JobState.FAILED
    assert set(results(job)) == {"One"}
    assert f"decided for {answer!r}" in job.logs
    assert "a number from 0 to 1" in job.logs


@pytest.mark.parametrize("result", [object(), {1, object()}, lambda: None, float("nan")])
def test_a_result_that_is_no_json_fails_the_job(result: Any) -> None:
    class Odd(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            return result

    job = run(workflow({__start__: [One], One: [Odd]}))
    assert (job.state, set(results(job))) == (JobState.FAILED, {"One"})
    assert "cannot be stored" in job.logs


def test_an_exception_fails_the_job_and_keeps_earlier_results_and_its_writes_are_gone() -> None:
    class Breaks(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            User.objects.create_user("half")
            print("nearly done", file=sys.stderr)
            raise RuntimeError("it breaks")

    job = run(workflow({__start__: [One], One: [Breaks], Breaks: [Two]}))
    assert (job.state, job.current_step.rpartition(".")[2]) == (JobState.FAILED, "Breaks")
    assert set(results(job)) == {"One"}
    assert "nearly done" in job.logs
    assert "Traceback" in job.logs
    assert "RuntimeError: it breaks" in job.logs
    assert not User.objects.exists()


def test_a_failed_job_goes_on_when_it_is_retried_and_a_finished_one_does_nothing_again() -> None:
    broken, calls = [True], []

    class Breaks(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            calls.append(_input)
            if broken[0]:
                raise RuntimeError
            return "mended"

    job = run(workflow({__start__: [One], One: [Breaks]}))
    run_due()
    assert len(calls) == 1
    broken[0] = False
    services.retry(job)
    job.refresh_from_db()
    assert (job.state, results(job)["Breaks"], calls[0] == calls[1]) == (JobState.FINISHED, "mended", True)
    with pytest.raises(WrongStateError):
        services.retry(job)
    assert len(calls) == 2


class Asked(One):
    class UserInputSchema(BaseModel):
        some_data: int
        more: str = "plain"


class AskedOnly(One):
    class UserInputSchema(BaseModel):
        note: str | None = None


class AskedOld(One):
    class UserInputSchema(BaseModel1):
        some_data: int
        more: str = "plain"


def test_values_are_coerced_and_defaults_filled_in_before_a_step_gets_them() -> None:
    job = run(workflow({__start__: [One], One: [Asked]}))
    assert job.state == JobState.INPUT_REQUIRED
    provide_input(job.pk, {"some_data": "7"})
    job.refresh_from_db()
    said = {"some_data": 7, "more": "plain"}
    assert job.storage["data"][1]["result"] == {"got": {"got": None, "said": None}, "said": said}
    assert job.storage["data"][1]["external_data"] == said


def test_models_of_pydantic_1_do_as_well() -> None:
    job = run(workflow({__start__: [AskedOld]}))
    with pytest.raises(ValidationError1):
        provide_input(job.pk, {"some_data": "x"})
    provide_input(job.pk, {"some_data": "7"})
    job.refresh_from_db()
    assert results(job)["AskedOld"]["said"] == {"some_data": 7, "more": "plain"}


def test_a_schema_of_optional_fields_asks_all_the_same() -> None:
    job = run(workflow({__start__: [AskedOnly]}))
    assert job.state == JobState.INPUT_REQUIRED
    provide_input(job.pk, {})
    job.refresh_from_db()
    assert results(job)["AskedOnly"]["said"] == {"note": None}


@pytest.mark.parametrize("data", [{}, {"some_data": "x"}, [1], None, "text"])
def test_wrong_input_is_pydantic_s_error_and_changes_nothing(data: Any) -> None:
    job = run(workflow({__start__: [Asked]}))
    with pytest.raises(ValidationError):
        provide_external_input(job.pk, data)
    job.refresh_from_db()
    assert (job.state, job.storage) == (JobState.INPUT_REQUIRED, {"data": []})


def test_a_field_that_there_is_not_is_refused() -> None:
    job = run(workflow({__start__: [Asked]}))
    with pytest.raises(InvalidPayloadError, match="other"):
        provide_external_input(job.pk, {"some_data": 1, "other": 1})


def test_who_may_answer_may_be_a_method_that_answers_a_list() -> None:
    ada, eve = (User.objects.create_user(name) for name in ("ada", "eve"))
    ada.groups.add(Group.objects.create(name="heads"), Group.objects.create(name="staff"))
    for name, named in (("users", ["ada", "nobody"]), ("users", "ada"), ("groups", ("heads", "staff"))):
        step = type("Asks", (steps.Approval,), {name: lambda self, _input=None, named=named: named})
        job = run(workflow({__start__: [step]}))
        task = OpenTask.objects.get(root_id=job.pk)
        assert (services.may_answer(task, ada), services.may_answer(task, eve)) == (True, False)


@pytest.mark.parametrize("name", ["users", "groups"])
def test_a_list_of_nobody_is_not_taken_for_everybody(name: str) -> None:
    step = type("Asks", (steps.Approval,), {name: lambda self, _input=None: []})
    job = run(workflow({__start__: [step]}))
    assert job.error is not None
    assert f"nobody could answer it: what it says of {name} comes to none" in job.error["detail"]


def test_input_for_a_job_that_wants_none_is_a_wrong_state() -> None:
    job = run(workflow({__start__: [One]}))
    with pytest.raises(WrongState):
        provide_external_input(job.pk, {"some_data": 1})
    for number in (10**9, "many", None, True, float(job.pk)):
        with pytest.raises(ObjectDoesNotExist):
            provide_external_input(number, {"some_data": 1})


def test_input_is_received_where_a_worker_goes_on() -> None:
    with override_settings(DJACTION_RUNNER="worker"):
        job = Job.objects.get(pk=order_workflow_execution(workflow({__start__: [Asked]})))
        assert job.state == JobState.PENDING
        run_due()
        job.refresh_from_db()
        assert job.state == JobState.INPUT_REQUIRED
        provide_external_input(job.pk, {"some_data": 1})
        job.refresh_from_db()
        assert job.state == JobState.INPUT_RECEIVED
        assert Job.objects.in_state(JobState.INPUT_RECEIVED).get() == job
        run_due()
    job.refresh_from_db()
    assert job.state == JobState.FINISHED


def test_jobs_are_found_by_their_states() -> None:
    declared = workflow({__start__: [Asked]})
    waiting, pending = run(declared), Job.objects.get(pk=order_workflow_execution(declared))
    finished = run(workflow({__start__: [One]}, "Other"))
    services.cancel(run(declared))
    found = {state: list(Job.objects.in_state(state).values_list("pk", flat=True)) for state in JobState}
    assert found[JobState.PENDING] == [pending.pk]
    assert found[JobState.INPUT_REQUIRED] == [waiting.pk]
    assert found[JobState.FINISHED] == [finished.pk]
    assert len(found[JobState.FAILED]) == 1
    assert found[JobState.ONGOING] == []


@pytest.fixture
def in_every_state() -> None:
    """Jobs of which there is at least one in each state."""

    class First(steps.Split):
        pass

    class Last(steps.Join):
        pass

    class Later(steps.Wait):
        wait_for = timedelta(days=1)

    asking = workflow({__start__: [Asked]})
    branching = workflow({__start__: [First], First: [Asked, Later], Asked: [Last], Later: [Last]}, "Branching")
    run(asking)
    run(branching)
    order_workflow_execution(asking)
    run(workflow({__start__: [One], One: [Later]}, "Waits"))
    run(workflow({__start__: [One]}, "Ends"))
    services.cancel(run(asking))
    with override_settings(DJACTION_RUNNER="worker"):
        services.provide_input(run(asking).pk, {"some_data": 1}, actor=None)
    # As a worker leaves it that dies with the answer in hand, and before it has one.
    for status in ("running", "pending"):
        Run.objects.filter(pk=run(asking).pk).update(status=status)


@pytest.mark.usefixtures("in_every_state")
def test_look_ups_of_a_state_find_what_is_in_it_and_nothing_else() -> None:
    states = {job.pk: job.state for job in Job.objects.all()}
    assert set(states.values()) == set(JobState)
    assert list(states.values()).count(JobState.INPUT_REQUIRED) == 4
    for wanted in JobState:
        expected = {pk for pk, state in states.items() if state == wanted}
        others = set(states) - expected
        for found in (
            Job.objects.filter(state=wanted),
            Job.objects.filter(state__exact=wanted.value),
            Job.objects.filter(state__in=[wanted]),
            Job.objects.filter(Q(state=wanted) & Q(pk__gt=0)),
            Job.objects.exclude(~Q(state=wanted)),
            Job.objects.exclude(state__in=[each for each in JobState if each != wanted]),
            Job.objects.in_state(wanted),
        ):
            assert set(found.values_list("pk", flat=True)) == expected
        for found in (Job.objects.exclude(state=wanted), Job.objects.filter(~Q(state=wanted))):
            assert set(found.values_list("pk", flat=True)) == others
    assert Job.objects.filter(state__in=list(JobState)).count() == len(states)
    assert not Job.objects.filter(state__in=[]).exists()
    assert Job.objects.get(state="INPUT_RECEIVED").state == JobState.INPUT_RECEIVED


def test_a_state_that_there_is_not_is_told_with_those_that_there_are() -> None:
    for ask in (Job.objects.filter, Job.objects.exclude, Job.objects.get):
        with pytest.raises(ValueError, match=r"'DONE' is no state of a job\. There are: PENDING, ONGOING, "):
            ask(state="DONE")
    with pytest.raises(ValueError, match=r"'finishd' is no state of a job\. Did you mean \"FINISHED\"\?"):
        Job.objects.filter(Q(state__in=["finishd"]))


def test_what_is_in_the_data_of_jobs_is_still_looked_up() -> None:
    job = run(workflow({__start__: [One]}))
    Run.objects.filter(pk=job.pk).update(state={"colour": "red"})
    assert Job.objects.filter(state__colour="red", state=JobState.FINISHED).get() == job


def test_branches_run_and_wait_for_input_each_by_itself() -> None:
    class Both(steps.Split):
        pass

    class Met(steps.Join):
        pass

    class AskedToo(Asked):
        pass

    digraph = {__start__: [Both], Both: [Asked, AskedToo], Asked: [Met], AskedToo: [Met], Met: [One]}
    job = run(workflow(digraph))
    assert job.state == JobState.INPUT_REQUIRED
    with pytest.raises(WrongState, match=r"Asked\.input, AskedToo\.input"):
        provide_external_input(job.pk, {"some_data": 1})
    with pytest.raises(WrongState, match=r"no input of Unknown, but of Asked\.input, AskedToo\.input"):
        provide_external_input(job.pk, {"some_data": 1}, step="Unknown")
    provide_external_input(job.pk, {"some_data": 1}, step="AskedToo")
    provide_external_input(job.pk, {"some_data": 2})
    job.refresh_from_db()
    assert job.state == JobState.FINISHED
    assert [each["said"]["some_data"] for each in results(job)["One"]["got"]] == [2, 1]


def test_a_long_loop_ends(settings: Any) -> None:
    class Count(steps.Step):
        mode = "pure"

        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
            return (_input or 0) + 1

    class Again(steps.Decision):
        mode = "pure"

        def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
            return 0 if _input < 5000 else 1

    job = run(workflow({__start__: [Count], Count: [Again], Again: [Count, One]}))
    assert (job.state, job.number) == (JobState.FINISHED, 10_001)
    assert StepRun.objects.filter(root_id=job.pk).order_by("-pk").values_list("result", flat=True)[0]["got"] == 5000


def test_a_loop_of_steps_with_transactions_of_their_own_ends() -> None:
    class Count(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
            return (_input or 0) + 1

        def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
            return 0 if (_input or 0) < 1200 else 1

    job = run(workflow({__start__: [Count], Count: [Count, One]}))
    assert (job.state, job.number) == (JobState.FINISHED, 1202)


NAMES = [order_workflow_execution, oder_workflow_execution, execute_workflow, execute_workflow_sync]


@pytest.mark.parametrize("order", NAMES)
@pytest.mark.parametrize("given", [int, str])
def test_a_workflow_is_ordered_by_its_number_under_every_name(order: Any, given: Any) -> None:
    number = KnownWorkflow.objects.get(name="MyWorkflow").pk
    job = Job.objects.get(pk=order(workflow_id=given(number)))
    assert job.state == (JobState.FINISHED if order is execute_workflow_sync else JobState.PENDING)


@pytest.mark.parametrize("number", [10**6, "many", None, -1, 10**30, True, 1.0])
def test_a_workflow_that_there_is_not_does_not_exist(number: Any) -> None:
    with pytest.raises(ObjectDoesNotExist):
        order_workflow_execution(number)
    assert not Run.objects.exists()


def test_a_base_class_is_not_ordered() -> None:
    with pytest.raises(ConfigurationError, match="Base has no DIGRAPH"):
        order_workflow_execution(type("Base", (Workflow,), {}))


def test_a_deleted_workflow_is_not_begun_and_its_jobs_are_still_read() -> None:
    job = run(MyWorkflow)
    KnownWorkflow.objects.filter(name="MyWorkflow").update(deleted=True)
    for given in (KnownWorkflow.objects.get(name="MyWorkflow").pk, MyWorkflow):
        with pytest.raises(WorkflowDeleted, match="MyWorkflow"):
            order_workflow_execution(given)
    process = processes.get("my-workflow")
    assert process is not None
    processes.remove("my-workflow")
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.workflow.deleted) == (JobState.FINISHED, True)
    assert job.storage["data"][0]["step"] == "example_app.my_steps.Step1"
    assert job.current_step == "example_app.my_steps.Step3"


def test_a_workflow_whose_id_is_another_one_s_is_not_taken_for_that() -> None:
    mine = workflow({__start__: [One]}, "MyWorkflow")
    with pytest.raises(UnknownProcessError, match=r"example_app\.workflows\.MyWorkflow"):
        order_workflow_execution(mine)
    assert not Run.objects.exists()
    processes.forget_problems()


def test_a_job_whose_workflow_is_gone_keeps_the_reason_and_goes_on_when_it_is_back() -> None:
    declared = workflow({__start__: [One], One: [Asked]})
    job = run(declared)
    processes.remove("declared")
    with pytest.raises(WrongState, match="declared"):
        provide_external_input(job.pk, {"some_data": 1})
    other = Job.objects.get(pk=services.start("my-workflow", in_background=True).pk)
    mine = processes.get("my-workflow")
    processes.remove("my-workflow")
    run_due()
    other.refresh_from_db()
    assert "There is no process" in other.error["detail"]
    assert "There is no process" in other.logs
    processes.register(mine)
    services.resume(other)
    other.refresh_from_db()
    assert other.state == JobState.FINISHED


def test_a_job_survives_that_its_classes_are_made_anew() -> None:
    def declare(answer: str) -> Any:
        class Says(One):
            def execute(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> Any:
                return [answer, external_input]

        Says.UserInputSchema = Asked.UserInputSchema
        return workflow({__start__: [One], One: [Says]})

    job = run(declare("old"))
    declare("new")
    provide_external_input(job.pk, {"some_data": 1})
    job.refresh_from_db()
    assert results(job)["Says"] == ["new", {"some_data": 1, "more": "plain"}]


def test_two_jobs_of_one_workflow_see_nothing_of_each_other() -> None:
    class Keeps(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            seen = getattr(self, "seen", None)
            self.seen = self.job.id
            return seen

    declared = workflow({__start__: [Keeps]})
    assert [results(run(declared))["Keeps"] for _time in range(2)] == [None, None]


def test_a_job_is_not_saved_by_hand() -> None:
    job = run(MyWorkflow)
    with pytest.raises(TypeError, match="not saved"):
        job.save()


def test_a_job_is_ordered_whatever_the_runner_is() -> None:
    with override_settings(DJACTION_RUNNER="worker"):
        assert run(MyWorkflow).state == JobState.FINISHED


def test_a_step_is_tried_again_skipped_or_waited_for_as_it_says() -> None:
    tries = []

    class Stubborn(One):
        retry = 2

        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            tries.append(self.job.attempt)
            if len(tries) == 1:
                raise OSError("not yet")
            return "done"

    class Skipped(One):
        def skip_if(self, _input: Any) -> bool:
            return bool(_input == "done")

    job = run(workflow({__start__: [Stubborn], Stubborn: [Skipped], Skipped: [Two]}))
    assert job.state == JobState.ONGOING
    Run.objects.filter(pk=job.pk).update(due_at="2020-01-01T00:00:00Z")
    run_due()
    job.refresh_from_db()
    assert (job.state, tries) == (JobState.FINISHED, [1, 2])
    assert results(job)["Two"]["got"] == "done"
    assert "Skipped" not in results(job)


def test_a_decision_may_ask_as_well() -> None:
    class Chooses(steps.Decision):
        class UserInputSchema(BaseModel):
            way: int

        def transition(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> int:
            return int(external_input["way"])

    job = run(workflow({__start__: [One], One: [Chooses], Chooses: [Two, Three]}))
    assert job.state == JobState.INPUT_REQUIRED
    provide_external_input(job.pk, {"way": 1})
    job.refresh_from_db()
    assert results(job)["Three"] == {"got": {"got": None, "said": None}, "said": None}
    assert [each["external_data"] for each in job.storage["data"]] == [None, {"way": 1}, None]


def test_a_step_takes_only_what_it_wants() -> None:
    class Short(steps.Step):
        def execute(self, _input: Any = None) -> Any:
            return _input

    class Choice(steps.Decision):
        def transition(self, _input: Any = None) -> int:
            return 0

    job = run(workflow({__start__: [One], One: [Choice], Choice: [Short]}))
    assert results(job)["Short"] == {"got": None, "said": None}


def test_an_action_is_performed_by_whoever_ordered_the_job() -> None:
    ada = User.objects.create_superuser("ada")
    todo = Todo.objects.create(title="Write", owner=ada, list=TodoList.objects.create(name="Home", owner=ada))

    class Mark(steps.Action):
        action = "todo:mark_done"
        arguments = {"note": lambda step, _input: f"after {_input['got']}"}

        def target(self, _input: Any) -> Any:
            return self.job.payload["todo"]

    class Skips(Mark):
        on_error = "ignore"

        def target(self, _input: Any) -> Any:
            return 10**6

    schema = {"type": "object", "properties": {"todo": {"type": "integer"}}}
    digraph = {__start__: [One], One: [Mark], Mark: [Skips], Skips: [Two]}
    job = run(workflow(digraph, PayloadSchema=schema), {"todo": todo.pk}, actor=ada)
    todo.refresh_from_db()
    assert (job.state, todo.is_done) == (JobState.FINISHED, True)
    (event,) = EventAction.objects.filter(action="mark_done", outcome="succeeded")
    assert (event.actor_id, event.request_data["note"]) == (str(ada.pk), "after None")
