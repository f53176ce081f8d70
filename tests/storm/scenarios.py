"""The scenarios: one for each thing that the engine does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from actions.exceptions import ActionError
from actions.processes import services
from actions.processes.expressions import literal, path
from actions.processes.graph import BODY, Edge, Kind, Mode, Schedule
from actions.processes.models import OpenTask, Run
from actions.processes.policies import Policy, Retry
from tests.app.models import Article
from tests.processes import make_process, node, task

from .world import Scenario, World

DATABASE, LOCAL, PURE, EXTERNAL = None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL
MESSAGE_UID = UUID(int=7)


def name_of(context: Any) -> str:
    """A step, as the ledger calls it."""
    who = context.payload.get("n", "")
    return f"{context.process}{who}/{context.node}/{context.place}/{context.number}"


def ledger(context: Any, **arguments: Any) -> str:
    """Write one row, in the step's own transaction."""
    Article.objects.create(title=name_of(context))
    return str(context.node)


def nothing(context: Any, **arguments: Any) -> str:
    return str(context.node)


def outside(world: World) -> Callable[..., str]:
    """A body that acts outside of the database."""

    def act(context: Any, **arguments: Any) -> str:
        world.effects.append((name_of(context), context.idempotency_key))
        return str(context.node)

    return act


def begin(process: str = "made", **payload: Any) -> Callable[[World], object]:
    """Start a run; who starts it again gets the same one."""

    def act(world: World) -> object:
        key = f"{process}{payload.get('n', '')}"
        return services.start(process, payload, key=key, actor=world.actor, in_background=world.in_background)

    return act


# --- processes --------------------------------------------------------------------------------------------------------


def linear(world: World) -> list[Any]:
    modes = {"a": DATABASE, "b": LOCAL, "c": PURE, "d": EXTERNAL, "e": DATABASE, "f": PURE}
    names = [*modes, ""]
    nodes = [task(name, names[place + 1], mode=modes[name], register=name) for place, name in enumerate(modes)]
    bodies = {"a": ledger, "b": ledger, "c": nothing, "d": outside(world), "e": nothing, "f": nothing}
    return [make_process(*nodes, bodies=bodies)]


def split(world: World) -> list[Any]:
    return [
        make_process(
            node("outer", Kind.SPLIT, Edge("inner", "one"), Edge("c", "two"), join="outer_join"),
            node("inner", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="inner_join"),
            task("a", "inner_join", register="a"),
            task("b", "inner_join", mode=EXTERNAL, register="b"),
            node("inner_join", Kind.JOIN, "outer_join"),
            task("c", "outer_join", mode=LOCAL, register="c"),
            node("outer_join", Kind.JOIN, "after"),
            task("after"),
            bodies={"a": ledger, "b": outside(world), "c": ledger, "after": ledger},
        )
    ]


def each(world: World) -> list[Any]:
    return [
        make_process(
            node(
                "each", Kind.EACH, Edge("one", "body"), target=literal([1, 2, 3, 4]), join="join", at_once=2,
                register="all",
            ),
            task("one", "join", args={"item": path("item")}),
            node("join", Kind.JOIN, "after"),
            task("after", mode=LOCAL),
            bodies={"one": lambda context, item: ledger(context) and item * 10, "after": ledger},
        )
    ]  # fmt: skip


def subprocess(world: World) -> list[Any]:
    inner = make_process(
        task("double", "end", register="x"),
        node("end", Kind.END, args={"result": path("state.x")}),
        bodies={"double": ledger},
        name="inner",
    )
    aside = make_process(task("own"), bodies={"own": ledger}, name="aside")
    outer = make_process(
        node("call", Kind.PROCESS, "detached", run="inner", args={"n": literal(4)}, register="got"),
        node("detached", Kind.PROCESS, "after", run="aside", is_detached=True),
        task("after"),
        bodies={"after": ledger},
    )
    return [inner, aside, outer]


def messages(world: World) -> list[Any]:
    listener = make_process(
        node("listen", Kind.RECEIVE, "got", run="paid", target=path("payload.order"), register="payment"),
        task("got", "again"),
        node("again", Kind.RECEIVE, "end", run="sent", register="sent"),
        node("end", Kind.END),
        bodies={"got": ledger},
        name="listener",
    )
    teller = make_process(
        node("tell", Kind.SEND, "told", run="paid", target=literal(7), args={"amount": literal(5)}),
        task("told"),
        bodies={"told": ledger},
    )
    return [listener, teller]


def say(world: World) -> object:
    return services.send_message("sent", data={"by": "post"}, uid=MESSAGE_UID)


def ask(world: World) -> list[Any]:
    return [
        make_process(
            task("a", "ask"),
            node("ask", Kind.INPUT, "b", register="answer"),
            task("b", mode=EXTERNAL),
            bodies={"a": ledger, "b": outside(world)},
        )
    ]


def answer(world: World) -> object:
    from django.contrib.auth.models import User

    for task_ in OpenTask.objects.all():
        try:
            return services.provide_input(task_.run_id, {"yes": True}, actor=User.objects.get(username="alice"))
        except ActionError:
            # It was answered before the caller died.
            return None
    return None


def retries(world: World) -> list[Any]:
    def third(context: Any) -> int:
        Article.objects.create(title=f"{name_of(context)}/{context.attempt}")
        if context.attempt < 3:
            raise ConnectionError("not yet")
        return int(context.attempt)

    def second(context: Any) -> int:
        world.effects.append((f"{name_of(context)}/{context.attempt}", context.idempotency_key))
        if context.attempt < 2:
            raise ConnectionError("not yet")
        return int(context.attempt)

    policy = Policy(retry=Retry(attempts=3, delay_seconds=600))
    return [
        make_process(
            task("a", "b", policy=policy, register="a"),
            task("b", "bad", mode=EXTERNAL, policy=policy, register="b"),
            task("bad", policy=Policy(on_error="c")),
            task("c", mode=LOCAL, policy=policy, register="c"),
            bodies={"a": third, "b": second, "bad": boom, "c": third},
        )
    ]


def boom(context: Any) -> None:
    Article.objects.create(title="never")
    raise ValueError("no")


def compensation(world: World) -> list[Any]:
    policy = Policy(compensate="back")
    return [
        make_process(
            task("a", "split", policy=policy),
            node("split", Kind.SPLIT, Edge("b", "one"), Edge("c", "two"), join="join"),
            task("b", "join", policy=policy, mode=EXTERNAL),
            task("c", "join", policy=policy),
            node("join", Kind.JOIN, "bad"),
            task("bad"),
            bodies={
                "a": ledger,
                "b": outside(world),
                "c": ledger,
                "bad": boom,
                "back": lambda context: Article.objects.create(title=f"back {context.result}").pk and None,
            },
            compensates=True,
        )
    ]


def started_and_taken_back(world: World) -> list[Any]:
    policy = Policy(compensate="back")
    bodies = {"a": ledger, "b": ledger, "bad": boom, "back": back}
    child = make_process(
        task("a", "b", policy=policy), task("b", policy=policy), bodies=bodies, name="child", compensates=True
    )
    parent = make_process(
        node("each", Kind.EACH, Edge("kid", BODY), join="join", target=literal([1, 2])),
        node("kid", Kind.PROCESS, "join", run="child"),
        node("join", Kind.JOIN, "bad"),
        task("bad"),
        bodies=bodies,
        compensates=True,
    )
    return [child, parent]


def back(context: Any) -> None:
    Article.objects.create(title=f"back {context.result}")


def repeat(world: World) -> list[Any]:
    def count(context: Any) -> int:
        ledger(context)
        context.state["n"] = context.state.get("n", 0) + 1
        return int(context.state["n"])

    return [
        make_process(
            task("a", "more"),
            node("more", Kind.DECISION, Edge("again", "more", {"test": "state.n < 3"}), Edge("end", "enough")),
            node("again", Kind.REPEAT, "a", schedule=Schedule(every_seconds=3600)),
            node("end", Kind.END, args={"result": path("state.n")}),
            bodies={"a": count},
        )
    ]


def limited(world: World) -> list[Any]:
    def body(context: Any) -> None:
        running = Run.objects.filter(process="made", has_slot=True).unfinished().count()  # type: ignore[attr-defined]
        world.most_at_once = max(world.most_at_once, running)
        ledger(context)

    return [make_process(task("a", "b"), task("b", mode=LOCAL), bodies={"a": body, "b": body}, max_running=1)]


def actions(world: World) -> list[Any]:
    return [
        make_process(
            node(
                "mark", Kind.ACTION, "after", run="todo:mark_done", target=path("payload.todo"),
                args={"note": literal("done")},
            ),
            task("after"),
            bodies={"after": ledger},
        )
    ]  # fmt: skip


def begin_with_todo(world: World) -> object:
    return begin(todo=world.todo.pk)(world)


SCENARIOS = (
    Scenario("linear", linear, (begin(),)),
    Scenario("split", split, (begin(),)),
    Scenario("each", each, (begin(),)),
    Scenario("subprocess", subprocess, (begin(),)),
    Scenario("messages", messages, (begin("listener", order=7), begin(), say)),
    Scenario("early messages", messages, (begin(), say, begin("listener", order=7))),
    Scenario("input", ask, (begin(), answer)),
    Scenario("retry", retries, (begin(),)),
    Scenario("compensation", compensation, (begin(),)),
    Scenario("started and taken back", started_and_taken_back, (begin(),)),
    Scenario("repeat", repeat, (begin(),)),
    Scenario("limit", limited, (begin(n=1), begin(n=2), begin(n=3)), limit=1),
    Scenario("todo", actions, (begin_with_todo,)),
)
