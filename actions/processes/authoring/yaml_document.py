"""A process file, compiled: its graph with all that the graph names, or every problem that it has.

`tasks` are done in order. What is in `tasks_async` and `tasks_scheduled` follows as branches of one split: each of them
is left to a worker, waits for its own time, and goes on to the join where it fails. Then the run ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actions.exceptions import DefinitionError, DefinitionProblem, InvalidPayloadError, MissingExtraError
from actions.processes.graph import Graph, Kind, Node, OnChange
from actions.processes.policies import Policy
from actions.processes.process import Process
from actions.processes.validate import problems as graph_problems
from actions.yaml_source import load_yaml

from .names import Names
from .source import Path, Source, did_you_mean
from .validations import Check, WholeCheck
from .yaml_builder import END, Builder, Chain, Frame, Named, Part
from .yaml_format import structure_problems
from .yaml_groups import split_node
from .yaml_payload import ProcessPayload, find_validation, read_payload
from .yaml_scope import Known, Scope
from .yaml_steps import compile_step, compile_steps, find_verb, walk_steps
from .yaml_values import Values

STYLE = "yaml"
ASIDE = "in_background"
"""The split of what is done after `tasks`."""
MAX_STEPS = 1_000
_STEPS = ("tasks", "tasks_async", "tasks_scheduled")
_LISTS_ASIDE = ("tasks_async", "tasks_scheduled")


@dataclass(frozen=True)
class Compiled:
    """What a file has become."""

    process: Process | None
    """None where something is wrong."""
    problems: tuple[DefinitionProblem, ...]
    named: tuple[Named, ...] = ()
    """Actions and processes that it names."""


def compile_yaml(text: str | bytes, *, file: str, names: Names, process_id: str = "") -> Compiled:
    """The process that a file describes.

    Args:
        text: The file's content.
        file: The file as messages call it.
        names: What there is that it may name.
        process_id: Its id; "" for the one that is made of its name.
    """
    try:
        source = Source(load_yaml(text, file=file))
    except DefinitionError as error:
        return Compiled(None, error.problems)
    source.report_structure(structure_problems(source.value))
    try:
        process, named = _Compiler(source, names, process_id).compile()
    except MissingExtraError as error:
        source.report((), f"it has conditions or moments to calculate. {error}")
        return Compiled(None, tuple(source.problems))
    problems = sorted(source.problems, key=lambda each: (each.line or 0, each.column or 0))
    return Compiled(None if problems else process, tuple(problems), tuple(named))


def slug(name: str) -> str:
    """The id of a process by its name: "SignupRequest" is signup-request."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-")[:200]


class _Compiler:
    """Reads one file from the top down."""

    def __init__(self, source: Source, names: Names, process_id: str) -> None:
        self._source = source
        self._names = names
        self._values = Values(source)
        name = self._own("name")
        self._id = process_id or slug(name if isinstance(name, str) else "")
        self._builder = Builder(source, names, self._values)

    def compile(self) -> tuple[Process | None, list[Named]]:
        """The process, as far as nothing is wrong."""
        source, builder = self._source, self._builder
        if source.is_right(("name",)) and "name" in source.value and not self._id:
            source.report(("name",), "no id can be made of this name.", "Use letters or digits: SignupRequest.")
        every = [each for key in _STEPS for each in walk_steps((key,), source.value.get(key))]
        if len(every) > MAX_STEPS:
            source.report((), f"there are {len(every)} steps; {MAX_STEPS} are possible.", "Make several processes.")
            return None, []
        payload = self._payload()
        builder.claim_ids(every)
        scope = Scope(_known(every, payload))
        chain = self._chain(scope)
        result = self._own("result")
        args = {} if result is None else {"result": self._values.read(("result",), result, scope)}
        validations = tuple(self._validations())
        builder.start = chain.entry(END)
        chain.finish(END)
        builder.claim_inner(END)
        builder.add(Node(name=END, kind=Kind.END, args=args))
        nodes = builder.nodes()
        if source.problems:
            return None, builder.named
        graph = self._graph(nodes, payload)
        for problem in graph_problems(graph):
            source.report(builder.place_of(problem.node), problem.message, problem.remedy)
        return self._process(graph, payload, validations), builder.named

    def _own(self, key: str, default: Any = None) -> Any:
        """The value of a key, if its structure is right."""
        return self._source.value.get(key, default) if self._source.is_right((key,)) else default

    def _payload(self) -> ProcessPayload:
        sensitive = self._own("sensitive") or ()
        return read_payload(
            self._source, ("payload",), self._source.value.get("payload"), self._names, sensitive=sensitive
        )

    def _chain(self, scope: Scope) -> Chain:
        """The steps in order, then what is done aside."""
        main = compile_steps(self._builder, ("tasks",), self._source.value.get("tasks"), Frame(scope))
        first = next((key for key in _LISTS_ASIDE if self._source.value.get(key)), None)
        if first is None:
            return main
        name = self._builder.claim((first,), {}, ASIDE)
        aside = list(self._aside(scope))
        node = {"name": name, "policy": Policy(in_background=True)}
        return Chain([*main.parts, split_node(self._builder, node, aside)])

    def _aside(self, scope: Scope) -> Iterator[tuple[str, Chain]]:
        """A branch for each step that neither blocks nor fails the run."""
        for key in _LISTS_ASIDE:
            steps = self._source.value.get(key)
            for index, step in enumerate(steps if isinstance(steps, list) else ()):
                part = self._step_aside((key, index), step, scope)
                if part is not None:
                    yield part.entry, Chain([part])

    def _step_aside(self, place: Path, step: Any, scope: Scope) -> Part | None:
        if not isinstance(step, Mapping) or not self._source.is_right(place):
            return None
        frame = Frame(scope.branch(), ignores_errors=True, in_background=True)
        verb = find_verb(self._builder, place, step)
        return None if verb is None else compile_step(self._builder, place, step, verb, frame)

    def _validations(self) -> Iterator[WholeCheck]:
        for index, name in enumerate(self._own("validations") or ()):
            place = ("validations", index)
            found = find_validation(self._source, place, name, self._names)
            if found is None:
                continue
            if found.function is None or found.needs_argument:
                remedy = "Name a function of validation/*.py that gets the payload."
                self._source.report(place, f'"{name}" checks one value, not the payload.', remedy)
                continue
            yield WholeCheck(Check(found))

    def _graph(self, nodes: Mapping[str, Node], payload: ProcessPayload) -> Graph:
        builder = self._builder
        return Graph(
            name=self._id,
            start=builder.start,
            nodes=nodes,
            payload=payload.json_schema(),
            forms={name: form.json_schema() for name, form in builder.forms.items()},
            version=str(self._own("version", "")),
            on_change=OnChange(self._own("on_change", OnChange.AUTO)),
            compensates=self._own("compensate", builder.compensates),
            max_running=self._own("max_running"),
        )

    def _process(self, graph: Graph, payload: ProcessPayload, validations: tuple[WholeCheck, ...]) -> Process:
        builder = self._builder
        examples = tuple(self._own("examples") or ())
        self._check_examples(examples, payload)
        return Process(
            graph=graph,
            payload=payload,
            bodies=builder.bodies,
            forms=builder.forms,
            validations=validations,
            title=self._own("title") or self._own("name"),
            description=self._own("description", ""),
            tags=tuple(self._own("tags") or ()),
            examples=examples,
            sensitive=tuple(self._own("sensitive") or ()),
            permissions=tuple(self._permissions()),
            style=STYLE,
            source=self._source.file,
        )

    def _permissions(self) -> Iterator[str]:
        labels = self._names.app_labels()
        for index, name in enumerate(self._own("permissions") or ()):
            label = name.partition(".")[0]
            if label not in labels:
                remedy = did_you_mean(label, labels)
                self._source.report(("permissions", index), f'"{name}" names no installed app.', remedy)
            yield name

    def _check_examples(self, examples: Sequence[Mapping[str, Any]], payload: ProcessPayload) -> None:
        for index, example in enumerate(examples):
            try:
                payload.validate(example["payload"])
            except InvalidPayloadError as error:
                message = f"this example would be refused: {error}"
                self._source.report(("examples", index, "payload"), message, "Correct it: people copy it.")


def _known(steps: Sequence[tuple[Path, Mapping[str, Any]]], payload: ProcessPayload) -> Known:
    registered: dict[str, str] = {}
    goes_back = has_input = handles_errors = False
    for _place, step in steps:
        if isinstance(step.get("register"), str):
            name = next((str(step[key]) for key in ("id", "name", "task", "action") if key in step), "a step")
            registered.setdefault(step["register"], name)
        goes_back = goes_back or "next" in step or "repeat" in step or isinstance(step.get("on_error"), str)
        has_input = has_input or "input" in step or "receive" in step
        handles_errors = handles_errors or "on_error" in step
    return Known(payload.json_schema()["properties"], registered, goes_back, has_input, handles_errors)
