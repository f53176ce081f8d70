"""A graph as an SVG picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.processes.diagram import ON_ERROR, NodeState, svg
from actions.processes.diagram.palette import ERROR, KINDS, STATUSES, TAKEN
from actions.processes.diagram.texts import TIMES
from actions.processes.graph import Edge, Graph, Kind, Node
from actions.processes.policies import Policy
from actions.processes.states import UNFINISHED, Status
from tests.effort import calls_of

from .diagrams import NASTY, chain, fan, graph, named, node, order, task

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "desc", "g", "rect", "circle", "path", "polygon", "text"}


def parsed(drawn: Graph, done: dict[str, NodeState] | None = None) -> ET.Element:
    return ET.fromstring(svg(drawn, done))  # noqa: S314 - it was made here


def texts(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def titles(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}title")]


def strokes(root: ET.Element, colour: str) -> int:
    return sum(each.get("stroke") == colour for each in root.iter(f"{SVG}path"))


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_titles_are_shown_else_names():
    assert {"Check the stock", "in_stock"} <= set(texts(parsed(order())))
    assert "check" not in texts(parsed(order()))


def test_conditions_names_and_errors_stand_on_the_arrows():
    shown = texts(parsed(order()))
    assert {"yes", "state.stock > 0", "no", "on error", "body"} <= set(shown)
    assert "next" not in shown


def test_policies_are_shown_in_short():
    shown = " ".join(texts(parsed(order())))
    policies = (f"retry 5{TIMES}", "timeout 1 d", "taken back by undo", "waits 1 h 30 min")
    for badge in (*policies, "group approvers", "2 at once"):
        assert badge in shown


def test_every_kind_of_node_has_a_look_of_its_own():
    looks = {}
    for kind in Kind:
        root = parsed(graph(node(kind, "same", title="Same")))
        (group,) = [each for each in root.iter(f"{SVG}g") if each.findtext(f"{SVG}title", "").startswith("Same\n")]
        looks[kind] = str([(each.tag, each.get("fill"), each.get("d"), each.get("points")) for each in group.iter()])
    assert looks.pop(Kind.SPLIT) == looks[Kind.JOIN]
    assert len(set(looks.values())) == len(looks)


def test_what_is_shortened_stands_in_full_in_the_tooltip():
    root = parsed(graph(task("a", title="word " * 30, description="What it does.")))
    assert any(each.endswith("…") for each in texts(root))
    assert any(("word " * 30).strip() in each and "What it does." in each for each in titles(root))


def test_the_picture_says_what_it_is():
    root = parsed(order())
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.findtext(f"{SVG}title") == "Process order"
    assert "in_stock (decision) leads to yes: state.stock > 0: approve; no: order." in root.findtext(f"{SVG}desc", "")


def test_there_are_only_shapes_and_texts():
    root = parsed(order(), {"check": NodeState(Status.RUNNING)})
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= TAGS
    names = {name for each in root.iter() for name in each.keys()}  # noqa: SIM118 - of an element
    assert not names & {"style", "class", "id", "href"}
    assert not [name for name in names if name.startswith(("on", "{"))]
    assert "url(" not in svg(order())


def test_it_brings_its_background_along():
    root = parsed(order())
    first = next(root.iter(f"{SVG}rect"))
    assert first.get("fill") == "#ffffff"
    assert float(first.get("width", 0)) == float(root.get("width", 0)) - 1


@pytest.mark.parametrize("look", [*KINDS.values(), *STATUSES.values()])
def test_texts_and_borders_can_be_told_from_what_is_behind_them(look):
    assert contrast(look.text, look.fill) >= 4.5
    assert contrast(look.quiet, look.fill) >= 4.5
    assert contrast(look.line, "#ffffff") >= 3


@pytest.mark.parametrize("name", NASTY)
def test_no_name_breaks_the_picture(name: str):
    root = parsed(named([name, "other"]), {name: NodeState(Status.FAILED, 2)})
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= TAGS


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6))
@settings(deadline=None)
def test_no_text_at_all_does(names: list[str]):
    root = parsed(named(names))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= TAGS
    svg(named(names)).encode()


def test_what_has_been_done_is_coloured_and_marked():
    done = {"t0": NodeState(Status.SUCCEEDED, 12), "t1": NodeState(Status.WAITING)}
    shown = svg(chain(3), done)
    assert STATUSES[Status.SUCCEEDED].fill in shown
    assert {f"{TIMES}12", "succeeded", "waiting (now)", "way taken"} <= set(texts(parsed(chain(3), done)))
    assert any(each.endswith("succeeded, 12 passes") for each in titles(parsed(chain(3), done)))


def test_a_process_without_a_run_has_no_legend():
    assert "way taken" not in texts(parsed(chain(3)))


def test_a_run_that_has_not_begun_has_one():
    assert "way taken" in texts(parsed(chain(3), {}))


@pytest.mark.parametrize("status", Status)
def test_what_is_under_way_has_a_halo(status: Status):
    halo = STATUSES[status].halo
    assert (halo is not None) == (status in UNFINISHED)
    if halo:
        assert halo in svg(chain(2), {"t0": NodeState(status)})


def test_every_status_has_a_border_or_a_mark_of_its_own():
    drawn = [svg(chain(1), {"t0": NodeState(status)}) for status in Status]
    without_colours = {re.sub("#[0-9a-f]{6}|" + "|".join(Status), "", picture) for picture in drawn}
    assert len(without_colours) == len(Status)


def test_the_way_that_was_taken_is_drawn_thick():
    root = parsed(order(), {"in_stock": NodeState(Status.SUCCEEDED, edges=("no",))})
    assert strokes(root, TAKEN) == 2  # and the one in the legend


def test_the_only_way_on_need_not_be_named():
    assert strokes(parsed(chain(3), {"t0": NodeState(Status.SUCCEEDED)}), TAKEN) == 3  # with that from the start


def test_a_node_that_was_skipped_has_been_left_as_well():
    assert strokes(parsed(chain(3), {"t0": NodeState(Status.SKIPPED)}), TAKEN) == 3


def test_a_split_goes_all_of_its_ways():
    assert strokes(parsed(fan(4), {"split": NodeState(Status.SUCCEEDED)}), TAKEN) == 6


def test_a_decision_goes_none_if_none_is_named():
    root = parsed(order(), {"in_stock": NodeState(Status.SUCCEEDED)})
    assert strokes(root, TAKEN) == 1


def test_the_way_for_an_error_is_dashed_also_where_it_was_taken():
    root = parsed(order(), {"check": NodeState(Status.FAILED, edges=(ON_ERROR,))})
    dashed = [each for each in root.iter(f"{SVG}path") if each.get("stroke-dasharray") and each.get("stroke") == TAKEN]
    assert len(dashed) == 1
    assert strokes(parsed(order()), ERROR) == 1


def test_the_same_run_looks_the_same_and_its_nodes_stay_where_they_were():
    done = {"check": NodeState(Status.SUCCEEDED)}
    assert svg(order(), done) == svg(order(), done)

    def middles(root: ET.Element) -> set[tuple[str | None, str | None, str | None]]:
        return {(each.text, each.get("x"), each.get("y")) for each in root.iter(f"{SVG}text")}

    assert middles(parsed(order())) <= middles(parsed(order(), done))


def test_a_way_to_itself_and_a_missing_node_are_drawn():
    loop = Node("a", Kind.DECISION, (Edge("a", "again"), Edge("nowhere", "on")), policy=Policy(on_error="a"))
    assert {"again", "on error", "nowhere", "no such node"} <= set(texts(parsed(graph(loop))))


def test_a_graph_without_nodes_has_a_picture():
    parsed(Graph(name="empty", start="", nodes={}))


def test_twice_as_many_nodes_with_a_way_for_errors_each_are_hardly_more_than_twice_the_work():
    few, many = calls_of(lambda: drawn_chain(100)), calls_of(lambda: drawn_chain(200))
    assert many < 4 * few


def drawn_chain(count: int) -> None:
    assert len(svg(chain(count, policy=Policy(on_error=f"t{count - 1}")))) < 1500 * count


def test_all_nodes_of_a_large_graph_are_counted_for_screen_readers():
    assert "And 200 more." in parsed(chain(300)).findtext(f"{SVG}desc", "")
