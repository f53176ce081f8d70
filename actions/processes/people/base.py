"""What the pages have in common: a login, templates that can be replaced, and a page for every refusal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import DataError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import select_template
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View

from actions.exceptions import ActionError
from actions.processes.exceptions import WrongStateError
from actions.processes.models import Run
from actions.processes.registry import processes

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

OWN, ORIGINAL = "actions/processes/people", "automations"
"""Folders of templates: the package's, and those of Django Automations, which a project may have."""
BACK = "back"
VIEW, CHANGE = "actions_processes.view_run", "actions_processes.change_run"
VIEW_TASKS = "actions_processes.view_opentask"
MAX_KEY = 2**63 - 1


class Page(LoginRequiredMixin, View):
    """One page: for those who are logged in; a refusal is a page as well."""

    template = ""
    """The name of its template in either folder."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, or the page that says why not."""
        if any(isinstance(each, int) and each > MAX_KEY for each in kwargs.values()):
            raise Http404
        try:
            return super().dispatch(request, *args, **kwargs)
        except PermissionDenied:
            return self.refuse(403, _("You may not see this."))
        except Http404:
            return self.refuse(404, _("There is no such thing, or not any more."))
        except DataError:
            return self.refuse(400, _("A value is not understood."))
        except ActionError as error:
            return self.refuse(error.status, error.detail)

    def handle_no_permission(self) -> Any:
        """Whoever is not logged in is sent there."""
        return super().handle_no_permission()

    def page(self, context: dict[str, Any], *, status: int = 200, templates: Iterable[str] = ()) -> HttpResponse:
        """The page of a template.

        Args:
            context: For the template.
            status: Of the answer.
            templates: Tried before the view's own.
        """
        names = [*filter(None, templates), *both(self.template)]
        return rendered(self.request, names, context, status)

    def refuse(self, status: int, detail: str) -> HttpResponse:
        """The page of a refusal."""
        return rendered(self.request, both("refused.html"), {"status": status, "detail": detail}, status)

    def back(self, default: str = "people:task_list") -> Any:
        """To where the caller came from, if it is a place on this site, else to a page."""
        return redirect(safe_back(self.request) or reverse(default))


def both(name: str) -> list[str]:
    """Where a template may be."""
    return [f"{ORIGINAL}/{name}", f"{OWN}/{name}"]


def rendered(request: HttpRequest, names: list[str], context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The answer of the first template that there is."""
    shown = {
        "base_template": select_template(both("base.html")),
        "may_see_dashboard": may_see_dashboard(request.user),
        BACK: safe_back(request),
        **context,
    }
    response = HttpResponse(select_template(names).render(shown, request), status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def safe_back(request: HttpRequest) -> str:
    """A path of this site that the query names; "" for anything else."""
    back = request.GET.get(BACK, "")
    is_path = back.startswith("/") and not back.startswith(("//", "/\\"))
    return back if is_path and url_has_allowed_host_and_scheme(back, allowed_hosts=None) else ""


def may_see_dashboard(user: Any) -> bool:
    """Whether a user sees everybody's runs and tasks."""
    return bool(user.has_perm(VIEW) and user.has_perm(VIEW_TASKS))


def may_see_tracebacks(user: Any) -> bool:
    """Whether a user is told of the project's code."""
    return bool(user.is_staff and (user.has_perm(VIEW) or user.has_perm(CHANGE)))


def find_run(user: Any, key: int) -> Run:
    """A run that a user may look at: his own, or anybody's with Django's permission to view or change runs.

    Raises:
        Http404: There is none.
        PermissionDenied: It is somebody else's.
    """
    run: Run | None = Run.objects.filter(pk=key).first()
    if run is None:
        raise Http404
    if run.root_id is not None:
        return find_run(user, run.root_id)
    if run.actor_id == str(user.pk) or user.has_perm(VIEW) or user.has_perm(CHANGE):
        return run
    raise PermissionDenied


def title_of(process_id: str) -> str:
    """What people call a process."""
    process = processes.get(process_id)
    return (process.title if process is not None else "") or process_id


def gone() -> WrongStateError:
    """What was to be done is done, or nobody waits for it any more."""
    return WrongStateError(_("It has been answered already, or is not asked any more. Nothing was changed."))
