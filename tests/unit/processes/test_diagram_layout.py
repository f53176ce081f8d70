"""Where the boxes and arrows of a picture lie."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.processes.diagram import layering, ordering
from actions.processes.diagram.layout import Box, Layout, Link, layout
from actions.processes.diagram.placing import spread
from tests.effort import calls_of

BOX = Box(100, 40, ports=50)


def place(count: int, *pairs: tuple[int, int], label: tuple[float, float] | None = None) -> Layout:
    return layout([BOX] * count, [Link(source, target, label) for source, target in pairs])


def links(count: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    ends = st.integers(0, count - 1)
    return st.lists(st.tuples(ends, ends).filter(lambda pair: pair[0] != pair[1]), max_size=30)


def overlaps(found: Layout) -> list[tuple[int, int]]:
    def apart(one: int, other: int) -> bool:
        a, b = found.places[one], found.places[other]
        return (
            abs(a.x - b.x) >= (a.width + b.width) / 2 - 0.01
            or a.y >= b.y + b.height - 0.01
            or b.y >= a.y + a.height - 0.01
        )

    numbers = range(len(found.places))
    return [(one, other) for one in numbers for other in numbers if one < other and not apart(one, other)]


def test_what_follows_stands_below_in_a_straight_line():
    found = place(4, (0, 1), (1, 2), (2, 3))
    assert [place.x for place in found.places] == [50, 50, 50, 50]
    assert [place.y for place in found.places] == sorted({place.y for place in found.places})


def test_a_box_stands_below_all_that_lead_to_it():
    found = place(4, (0, 1), (1, 2), (0, 3), (2, 3))
    assert found.places[3].y > found.places[2].y


def test_an_arrow_that_closes_a_loop_leads_back():
    found = place(3, (0, 1), (1, 2), (2, 0))
    assert [route.is_back for route in found.routes] == [False, False, True]
    assert found.routes[2].points[0][1] > found.routes[2].points[-1][1]


def test_arrows_of_a_tree_do_not_cross():
    tree = [((at - 1) // 3, at) for at in range(1, 121)]
    made = layering.layers([BOX] * 121, [Link(*pair) for pair in tree])
    ordering.order(made)
    assert ordering.crossings(made) == 0


def test_two_arrows_that_cross_are_disentangled():
    made = layering.layers([BOX] * 6, [Link(0, 1), Link(0, 2), Link(1, 4), Link(2, 3), Link(0, 5), Link(5, 3)])
    ordering.order(made)
    assert ordering.crossings(made) == 0


def test_crossings_are_counted():
    made = layering.layers([BOX] * 4, [Link(0, 3), Link(1, 2)])
    made.rows = [[0, 1], [2, 3]]
    assert ordering.crossings(made) == 1


@given(links(9))
@settings(deadline=None)
def test_boxes_never_overlap(pairs: list[tuple[int, int]]):
    assert overlaps(place(9, *pairs)) == []


@given(links(7))
@settings(deadline=None)
def test_every_arrow_begins_and_ends_at_its_boxes_or_where_it_meets_another(pairs: list[tuple[int, int]]):
    found = place(7, *pairs)
    passed = {point for route in found.routes if not route.meets for point in route.points}
    passed |= {point for route in found.routes for point in route.points[1:-1]}
    for (source, target), route in zip(pairs, found.routes, strict=True):
        start, end = found.places[source], found.places[target]
        x, y = route.points[0]
        assert abs(x - start.x) <= start.width / 2
        assert y in {start.y, start.y + start.height}
        if route.meets:
            assert route.points[-1] in passed
        else:
            assert abs(route.points[-1][0] - end.x) <= end.width / 2
            assert route.points[-1][1] in {end.y, end.y + end.height}


@given(links(7))
@settings(deadline=None)
def test_labels_touch_neither_boxes_nor_each_other(pairs: list[tuple[int, int]]):
    found = place(7, *pairs, label=(60, 20))
    rectangles = [(at[0], at[1] - 10, 60.0, 20.0) for at in (route.label for route in found.routes) if at]
    assert len(rectangles) == len(pairs)
    rectangles += [(each.x, each.y, each.width, each.height) for each in found.places]
    for at, (x, y, width, height) in enumerate(rectangles):
        for other_x, other_y, other_width, other_height in rectangles[:at]:
            is_beside = abs(x - other_x) >= (width + other_width) / 2 - 0.01
            assert is_beside or y >= other_y + other_height - 0.01 or other_y >= y + height - 0.01


@given(links(8))
@settings(deadline=None)
def test_everything_lies_within_the_picture(pairs: list[tuple[int, int]]):
    found = place(8, *pairs, label=(150, 20))
    for each in found.places:
        assert each.x - each.width / 2 >= -0.01
        assert each.x + each.width / 2 <= found.width + 0.01
        assert each.y + each.height <= found.height + 0.01
    for x, y in (point for route in found.routes for point in route.points):
        assert -0.01 <= x <= found.width + 0.01
        assert -0.01 <= y <= found.height + 0.01


def test_the_same_graph_always_gets_the_same_picture():
    rng = random.Random(1)  # noqa: S311 - no secret
    pairs = [(at, rng.randrange(at)) for at in range(1, 200)]
    assert place(200, *pairs) == place(200, *pairs)


def test_a_bar_reaches_over_its_branches():
    bar = Box(60, 20, is_bar=True)
    boxes = [bar, *([BOX] * 5), bar]
    found = layout(boxes, [Link(0, at) for at in range(1, 6)] + [Link(at, 6, group=str(at)) for at in range(1, 6)])
    split = found.places[0]
    assert split.x - split.width / 2 <= found.places[1].x
    assert split.x + split.width / 2 >= found.places[5].x
    assert all(len({round(x) for x, _ in route.points}) == 1 for route in found.routes)


def test_nothing_has_a_picture_as_well():
    assert layout([], []) == Layout((), (), 0, 0)


def test_the_longest_arrows_of_a_graph_that_is_too_large_are_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layering, "MOST_POINTS", 5)
    found = place(12, *((at, at + 1) for at in range(11)), (0, 4), (0, 11))
    assert [number for number, route in enumerate(found.routes) if route.is_cut] == [12]


def test_arrows_to_one_box_share_their_way_and_no_longer_cost_more_than_it():
    pairs = [(at, at + 1) for at in range(300)] + [(at, 300) for at in range(299)]
    made = layering.layers([BOX] * 301, [Link(*pair) for pair in pairs])
    assert len(made.row) - 301 <= 300


def test_twice_as_many_boxes_are_hardly_more_than_twice_the_work():
    few, many = calls_of(lambda: place_many(100)), calls_of(lambda: place_many(200))
    assert many < 4 * few


def place_many(count: int) -> None:
    rng = random.Random(5)  # noqa: S311 - no secret
    pairs = [(at, at + 1) for at in range(count - 1)]
    pairs += [(at, min(count - 1, at + rng.randint(2, 9))) for at in range(0, count - 10, 3)]
    assert len(place(count, *pairs, label=(40, 15)).places) == count


@given(st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0.1, 10), st.floats(0, 100)), min_size=1, max_size=20))
def test_what_is_spread_keeps_its_order_and_its_distances(wanted: list[tuple[float, float, float]]):
    gaps = [gap for _, _, gap in wanted][1:]
    found = spread([place for place, _, _ in wanted], [weight for _, weight, _ in wanted], gaps)
    for one, other, gap in zip(found, found[1:], gaps, strict=False):
        assert other - one >= gap - 1e-6


def test_what_has_room_is_spread_to_where_it_wants():
    assert spread([0, 100, 300], [1, 1, 1], [50, 50]) == [0, 100, 300]


def test_what_pushes_each_other_meets_in_the_middle():
    assert spread([0, 0], [1, 1], [10]) == [-5, 5]


def test_the_heavier_one_is_moved_less():
    assert spread([0, 0], [3, 1], [8]) == [-2, 6]
