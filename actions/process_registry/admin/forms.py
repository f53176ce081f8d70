"""The form of a stored definition: one text, checked as REST checks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils.translation import gettext_lazy as _

from actions.exceptions import ActionError
from actions.process_registry import services
from actions.process_registry.exceptions import InvalidDefinitionError
from actions.process_registry.models import ProcessDefinition

if TYPE_CHECKING:
    from actions.exceptions import DefinitionProblem
    from actions.process_registry.checking import Draft

    Base = forms.ModelForm[ProcessDefinition]
else:
    Base = forms.ModelForm

HELP = _("YAML or JSON: an executable with “exec”, or a process with “name” and “tasks”.")


class DefinitionForm(Base):
    """Made for one user: `user` is set on the class by the admin."""

    source = forms.CharField(
        label=_("definition"),
        strip=False,
        help_text=HELP,
        widget=AdminTextareaWidget(attrs={"rows": 25, "cols": 100, "class": "vLargeTextField", "spellcheck": "false"}),
    )
    note = forms.CharField(
        label=_("note"), required=False, max_length=services.MAX_NOTE, help_text=_("Why: for the list of versions.")
    )

    user: Any = None
    draft: Draft | None = None
    """What is to be stored, when the form is valid."""

    class Meta:
        model = ProcessDefinition
        fields = ["is_shared"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the text, or the object as JSON."""
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.version:
            self.fields["source"].initial = row.text or json.dumps(row.definition, indent=2, ensure_ascii=True)

    def clean_source(self) -> str:
        """The text.

        Raises:
            ValidationError: It is no definition that could be stored; with all that is wrong.
        """
        source: str = self.cleaned_data["source"].replace("\r\n", "\n")
        try:
            draft = self._read(source)
            services.assert_free(draft, self.instance if self.instance.version else None)
        except InvalidDefinitionError as error:
            raise forms.ValidationError([_sentence(each) for each in error.problems]) from error
        except ActionError as error:
            raise forms.ValidationError(error.detail) from error
        self.draft = draft
        return source

    def _read(self, source: str) -> Draft:
        try:
            definition = json.loads(source)
        except (ValueError, RecursionError):
            return services.check(text=source, actor=self.user)
        return services.check(definition, actor=self.user)


def _sentence(problem: DefinitionProblem) -> str:
    """A problem with its place."""
    place = _("Line %(line)s: ") % {"line": problem.line} if problem.line is not None else ""
    path = " > ".join(map(str, problem.path))
    return f"{place}{path}{': ' if path else ''}{problem.message} {problem.remedy}".rstrip()
