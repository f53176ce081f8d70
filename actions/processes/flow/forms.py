"""Nodes that people answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

from actions.exceptions import ConfigurationError
from actions.processes.constants import is_permission

from .nodes import Node, Text


class Form(Node):
    """Waits until somebody has filled in a form; what he has entered is `data["<name of the node>"]`.

    Who may is said by `.User`, `.Group` and `.Permission`, all of which have to hold; without any of them everybody who
    is logged in may.
    """

    key: str = ""
    """Of a `ModelForm`: the key of `data` that has the object's key."""

    def __init__(
        self,
        form: Any,
        template_name: str = "",
        context: Mapping[str, Any] | None = None,
        repeated_form: bool = False,
        success_url: str = "",
        description: Text = "",
    ) -> None:
        """Declare it.

        Args:
            form: A Django form's class; or a function of the task, or a reference to one, that answers a class.
            template_name: Of its page.
            context: More for the template.
            repeated_form: Whether the page stays where the automation comes to the form again at once.
            success_url: Where an answer leads to.
            description: See `Node`.
        """
        super().__init__(description=description)
        self.form = form
        self.template_name = template_name
        self.context = dict(context or {})
        self.repeated_form = repeated_form
        self.success_url = success_url

    def User(self, **filter: Any) -> Self:
        """Of the user that these look-ups of Django find: `.User(username="ada")`."""
        return self._once("user", self._filter(filter, ".User"), ".User")

    def Group(self, **filter: Any) -> Self:
        """Of one who is in the group that these look-ups find: `.Group(name="approvers")`."""
        return self._once("group", self._filter(filter, ".Group"), ".Group")

    def Permission(self, permission: str) -> Self:
        """Of one who has that permission: "app.codename"; of several, all of them."""
        if not is_permission(permission):
            raise ConfigurationError(f'{permission!r} is no permission. Write app and codename: "todos.change_todo".')
        return self._more("permissions", permission)

    # --- what is done while it waits ----------------------------------------------------------------------------------

    def DueAfter(self, duration: Any) -> Self:
        """When an answer is wanted; after that it is overdue."""
        return self._once("due_after", duration, ".DueAfter")

    def RemindAfter(self, duration: Any, *, every: Any = None) -> Self:
        """Remind those who may answer, once or again and again."""
        if every is not None:
            self._once("remind_every", every, ".RemindAfter")
        return self._once("remind_after", duration, ".RemindAfter")

    def EscalateAfter(
        self,
        duration: timedelta,
        *,
        user: str | Mapping[str, Any] = "",
        group: str | Mapping[str, Any] = "",
        permission: str = "",
    ) -> Self:
        """Let others answer as well, when it has waited so long.

        Args:
            duration: From when it began to wait.
            user: His name, or look-ups of Django: `{"is_staff": True}`.
            group: Its name, or look-ups.
            permission: "app.codename".
        """
        if not (user or group or permission):
            raise ConfigurationError(".EscalateAfter: say to whom, by user, group or permission.")
        return self._once("escalate", (duration, user, group, permission), ".EscalateAfter")

    def Notify(self) -> Self:
        """Send a mail to those who may answer, when it begins to wait."""
        return self._once("notify", True, ".Notify")

    def get_users_with_permission(self, include_superusers: bool = True) -> Any:
        """The users who may answer, as a queryset; those of a certain automation's task know that task only."""
        from .people import users_of

        return users_of(self, include_superusers=include_superusers)

    @staticmethod
    def _filter(filter: Mapping[str, Any], label: str) -> dict[str, Any]:
        if not filter:
            name = "name" if label == ".Group" else "username"
            raise ConfigurationError(f'{label} needs a look-up: {label}({name}="…").')
        return dict(filter)


class ModelForm(Form):
    """Makes or edits an object of a model; `data[key]` is its key.

    The object is saved in the transaction that takes the answer.
    """

    def __init__(self, form: Any, key: Any, template_name: str = "", context: Mapping[str, Any] | None = None,
                 repeated_form: bool = False, success_url: str = "", description: Text = "") -> None:  # fmt: skip
        """Declare it.

        Args:
            form: A ModelForm's class, or what answers one: see `Form`.
            key: The key of `data` that has the object's key; where there is one already, that object is edited.
            template_name: See `Form`, as for the others.
        """
        super().__init__(form, template_name, context, repeated_form, success_url, description)
        if not (isinstance(key, str) and key.isidentifier()):
            raise ConfigurationError(f'ModelForm: {key!r} is no key of data. Use a name: "order".')
        self.key = key
