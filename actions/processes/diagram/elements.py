"""SVG elements as text.

Attributes only, no styles and no ids: it works under any content policy, and any number of times in one page.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from .palette import INK
from .texts import plain

Attribute = str | float | None
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def element(tag: str, content: Iterable[str] = (), /, **attributes: Attribute) -> str:
    """An element; attributes that are None are left out, "_" in their names becomes "-".

    Args:
        tag: Its name.
        content: Elements, or text that is escaped already.
        attributes: Values of any kind; they are escaped here.
    """
    written = "".join(
        f" {name.strip('_').replace('_', '-')}={quoteattr(_value(value))}"
        for name, value in attributes.items()
        if value is not None
    )
    inner = "".join(content)
    return f"<{tag}{written}>{inner}</{tag}>" if inner else f"<{tag}{written}/>"


def words(text: str) -> str:
    """Text of a definition, as it may stand in an element."""
    return escape(plain(text))


def titled(text: str) -> str:
    """The tooltip of the element that it is in, line by line."""
    return element("title", ["\n".join(words(line) for line in text.split("\n"))])


def label(text: str, x: float, y: float, **attributes: Attribute) -> str:
    """One line of text about `x`, on the line `y`."""
    given: dict[str, Attribute] = {"text_anchor": "middle", "font_size": 13, "fill": INK, **attributes}
    return element("text", [words(text)], x=x, y=y, **given)


def circle(x: float, y: float, radius: float, **attributes: Attribute) -> str:
    """A circle about a point."""
    return element("circle", cx=x, cy=y, r=radius, **attributes)


def rectangle(x: float, y: float, width: float, height: float, **attributes: Attribute) -> str:
    """A rectangle by its top left corner."""
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def polygon(points: Iterable[tuple[float, float]], **attributes: Attribute) -> str:
    """A closed line through points."""
    return element("polygon", points=" ".join(f"{_value(x)},{_value(y)}" for x, y in points), **attributes)


def path(d: str, **attributes: Attribute) -> str:
    """A line, not filled if nothing else is said."""
    given: dict[str, Attribute] = {"fill": "none", **attributes}
    return element("path", d=d, **given)


def number(value: float) -> str:
    """A coordinate, with no more places than can be seen."""
    return f"{value:.1f}".removesuffix(".0")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else number(value)
