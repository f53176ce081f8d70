"""What a person reads about an action's operation. Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.definitions import SELECTION, STATUS
from actions.selection import ALL, IDS, ITEMS

if TYPE_CHECKING:
    from actions.binding import BoundAction

SEVERAL = '`{"ids": [7, 8]}`'
EACH = '`{"items": [{"id": 7, "params": {}, "etag": "…"}]}`'
RESULTS = '`{"status", "counts", "results"}`'


def description_of(bound: BoundAction, parameters: Iterable[str]) -> str:
    """The definition's description, then what else is to be known before calling.

    Args:
        bound: The action.
        parameters: Names of the query parameters that say which objects are meant.
    """
    facts = [*_lifecycle(bound), *_selection(bound, parameters), *_conditions(bound), *_permissions(bound)]
    facts += _manner(bound)
    if bound.action.throttle:
        facts.append(_("At most %(rate)s by one caller.") % {"rate": f"`{bound.action.throttle}`"})
    if bound.action.destructive:
        facts.append(_("**Something is lost for good.**"))
    if bound.action.idempotent:
        facts.append(_("Calling it again with the same payload changes nothing more."))
    return "\n\n".join(filter(None, [bound.action.description.strip(), *facts]))


def _lifecycle(bound: BoundAction) -> list[str]:
    action = bound.action
    sentences = {
        STATUS.TODO.value: _("**Planned:** it cannot be called yet."),
        STATUS.ALPHA.value: _("**Alpha:** it may change or go without notice."),
        STATUS.BETA.value: _("**Beta:** it may still change."),
    }
    found = [sentences[action.status]] if action.status in sentences else []
    if isinstance(action.deprecated, str):
        found.append(_("Deprecated since %(date)s.") % {"date": action.deprecated})
    if action.sunset:
        found.append(_("From %(date)s on it answers 410.") % {"date": action.sunset})
    return found


def _selection(bound: BoundAction, parameters: Iterable[str]) -> list[str]:
    if bound.action.is_instance or bound.selection == SELECTION.NONE.value:
        return []
    filters = ", ".join(f"`{name}`" for name in parameters if name not in (IDS, ALL))
    ways = _("`ids` in the body or the query, a filter of the list (%(filters)s), or `all=true`") % {"filters": filters}
    if not filters:
        ways = _("`ids` in the body or the query, or `all=true`")
    if bound.selection == SELECTION.FILTER.value:
        found = [_("**Objects:** say which are meant: %(ways)s.") % {"ways": ways}]
    else:
        found = [_("**Objects:** all that the caller may see, unless it is said which: %(ways)s.") % {"ways": ways}]
    if bound.action.max_objects is not None:
        found[0] += " " + _("At most %(limit)s at once.") % {"limit": bound.action.max_objects}
    if bound.action.status == STATUS.TODO.value or ITEMS in bound.fields:
        return found
    each = _(
        "Each with a payload of its own: %(items)s as JSON, in place of all else. Then, and with"
        " `Prefer: continue-on-error`, the answer tells it object by object: %(results)s."
    )
    return [*found, each % {"items": EACH, "results": RESULTS}]


def _manner(bound: BoundAction) -> list[str]:
    """What a call has to say besides, and where it can be said of several objects."""
    action = bound.action
    if action.status == STATUS.TODO.value:
        return []
    found = []
    if action.background:
        found.append(_("**Later:** always done by a worker; the answer is 202."))
    if not bound.action.is_previewable:
        found.append(_("**No preview:** it acts outside of the database and cannot be tried."))
    if action.undo:
        found.append(_("%(action)s takes it back.") % {"action": f"`{action.undo}`"})
    if bound.is_instance:
        several = _(
            "**Several at once:** `POST …/%(id)s/` without an object's key, with %(ids)s beside the payload, with"
            " %(items)s, or with a filter of the list. All are done or none; with `Prefer: continue-on-error` as many"
            " as possible. The answer is %(results)s."
        )
        found.append(several % {"id": action.id, "ids": SEVERAL, "items": EACH, "results": RESULTS})
    return found


def _conditions(bound: BoundAction) -> list[str]:
    if not bound.conditions:
        return []
    return [_("**Only if:**") + "\n" + "\n".join(f"- {_sentence(condition)}" for condition in bound.conditions)]


def _permissions(bound: BoundAction) -> list[str]:
    if not bound.action.permissions:
        return []
    pairs = zip(bound.action.permissions, bound.permissions, strict=True)
    return [needs(_permission(value, made) for value, made in pairs)]


def needs(names: Iterable[str]) -> str:
    """The paragraph about what a caller has to have."""
    return _("**Needs:**") + "\n" + "\n".join(f"- {each}" for each in names)


def _permission(value: Any, made: Any) -> str:
    """Django's permission by its name, a class by what it says of itself."""
    is_named = isinstance(value, str) and value.count(".") == 1 and hasattr(made, "permission")
    return f"`{value}`" if is_named else _sentence(type(made))


def _sentence(documented: Callable[..., Any]) -> str:
    """The first sentence of a docstring; without one, the name in words."""
    text = inspect.getdoc(documented) if "__doc__" in vars(documented) or inspect.isroutine(documented) else None
    if text:
        return " ".join(text.partition("\n\n")[0].split())
    name = getattr(documented, "__name__", type(documented).__name__)
    return str(name).replace("_", " ")
