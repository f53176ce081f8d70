"""The page of an action in the admin: a form, a preview, an answer. Nothing is done but by POST and `perform`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.admin.helpers import AdminForm
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from rest_framework.response import Response

from actions.call import perform
from actions.conf import conf
from actions.definitions import DEMAND
from actions.exceptions import ActionError, NotPossibleError, PreconditionFailedError
from actions.forms.texts import with_code
from actions.terms import MAX_KEY, Terms
from actions.versions import etag_of

from .effects import Effects, differences_of, effects_of
from .offers import DOOR, view_for
from .payload_forms import STEP, is_sent, payload_form
from .selected import Selected, spread

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest

    from actions.binding import BoundAction
    from actions.execution import Outcome
    from actions.registry import ActionRegistry

    from .offers import Offer

RUN, PREVIEW, CONFIRM = "run", "preview", "confirm"
PLAN, KEY, VERSION, EACH = "djaction-plan", "djaction-key", "djaction-version", "djaction-each"
TEMPLATE = "actions/admin/action.html"


@dataclass(frozen=True, slots=True)
class _State:
    """What a page says besides its form."""

    status: int = 200
    error: ActionError | None = None
    effects: Effects | None = None
    differences: list[str] = field(default_factory=list)
    is_asking: bool = False
    """Whether it asks to confirm what cannot be shown beforehand."""


class ActionPage:
    """One action for one object, for those that were selected, or for none."""

    def __init__(
        self,
        model_admin: Any,
        request: HttpRequest,
        registry: ActionRegistry,
        bound: BoundAction,
        *,
        target: Model | None = None,
        selected: Selected | None = None,
    ) -> None:
        self.model_admin = model_admin
        self.request = request
        self.bound = bound
        self.target = target
        self.selected = selected
        self._registry = registry
        self._view = view_for(registry, bound, request, target)
        self.form = payload_form(bound, self._view, target, request)

    def answer(self, offered: Offer | None = None) -> HttpResponseBase:
        """What the request gets: the form, or where it was sent what came of it.

        Args:
            offered: Of an instance action, whether it is available; only for the form.
        """
        if is_sent(self.request):
            return self._post(self.request.POST[STEP])
        return self._page(_State(status=403 if offered and offered.is_denied else 200), offered)

    def refuse(self, error: ActionError) -> HttpResponseBase:
        """A page that only says why not."""
        return self._page(_State(error.status, error))

    @property
    def description(self) -> SafeString:
        """What the definition says of the action."""
        return with_code(self.bound.action.description)

    @property
    def can_preview(self) -> bool:
        """Whether it can be tried and rolled back."""
        return self.bound.action.is_previewable

    def _post(self, step: str) -> HttpResponseBase:
        is_destructive = self.bound.action.destructive
        has_seen = step == CONFIRM and (bool(self.request.POST.get(PLAN)) or not self.can_preview)
        try:
            payload = self.form.payload()
            if step == PREVIEW or (is_destructive and not has_seen and self.can_preview):
                return self._preview(payload)
            if is_destructive and not has_seen:
                return self._page(_State(is_asking=True))
            return self._run(payload, has_seen)
        except NotPossibleError as error:
            if is_destructive and not has_seen and error.code == "preview_not_possible":
                return self._page(_State(is_asking=True))
            return self._refused(error)
        except ActionError as error:
            return self._refused(error)

    def _run(self, payload: dict[str, Any], has_seen: bool) -> HttpResponseBase:
        plan = self.request.POST.get(PLAN) or None if has_seen else None
        try:
            outcome = self._perform(payload, Terms(plan=plan, key=self._key()))
        except PreconditionFailedError as error:
            if plan is None:
                raise
            self._note(error)
            return self._preview(payload, error)
        if isinstance(outcome.body, HttpResponseBase) and not isinstance(outcome.body, Response):
            # Such as a file that the action has made.
            return outcome.body
        self._say(outcome)
        return HttpResponseRedirect(self.model_admin.action_done_url(self.request, self.target))

    def _preview(self, payload: dict[str, Any], stale: ActionError | None = None) -> HttpResponseBase:
        """What it would do.

        Args:
            stale: Why an earlier preview does not hold any more.
        """
        outcome = self._perform(payload, Terms(is_preview=True))
        found = effects_of(outcome.preview)
        if stale is None:
            return self._page(_State(effects=found))
        return self._page(_State(stale.status, stale, found, differences_of(stale.extra)))

    def _perform(self, payload: dict[str, Any], terms: Terms) -> Outcome:
        bound, chosen = self.bound, self.selected
        terms = replace(terms, is_each=self._is_each)
        objects: dict[str, Any] = {}
        if chosen is not None and self.bound.needs_version:
            objects["items"] = [{"id": key, "params": payload, "etag": etag} for key, etag in chosen.versions.items()]
            payload = {}
        elif chosen is not None:
            objects["ids"] = chosen.keys
        elif self.bound.needs_version:
            version = self.request.POST.get(VERSION)
            terms = replace(terms, if_match=(version,) if version else None)
        actor: Any = self.request.user
        return perform(bound.name, self.target, payload, actor=actor, door=DOOR, terms=terms, **objects)

    @property
    def _is_each(self) -> bool:
        return self._can_be_each and EACH in self.request.POST

    @property
    def _can_be_each(self) -> bool:
        return self.selected is not None and self.bound.is_instance

    def _key(self) -> str | None:
        """The page's own key, so that a button that is pressed twice does it once.

        A call with a key is always recorded, which the project may not want.
        """
        is_wanted = conf.TRACK_ACTIONS or self.bound.action.idempotency_key == DEMAND.REQUIRED.value
        key = self.request.POST.get(KEY, "")
        return key[:MAX_KEY] if key and is_wanted else None

    def _refused(self, error: ActionError) -> HttpResponseBase:
        self._note(error)
        return self._page(_State(error.status, error, differences=differences_of(error.extra)))

    def _note(self, error: ActionError) -> None:
        """Show the errors at their fields, of several objects each sentence once."""
        self.form.found = error.errors if self.selected is None else spread(error, self.form.fields, self.selected)

    def _say(self, outcome: Outcome) -> None:
        """Tell what came of it, on the page that comes next."""
        title, body = self.bound.action.title or self.bound.id, outcome.body
        link = self.model_admin.action_record_link(self.request, outcome.event)
        counts = body.get("counts") if isinstance(body, dict) and self._is_each else None
        level = messages.SUCCESS
        if outcome.status == 202:
            level, text = messages.INFO, _("%(title)s: accepted. A worker will do it.")
        elif counts and counts["failed"]:
            level, text = messages.WARNING, _("%(title)s: done with %(succeeded)s of %(total)s.")
        else:
            text = _("%(title)s: done.")
        self.model_admin.message_action(self.request, text % {"title": title, **(counts or {})}, link, level)
        for sentence in self._failures(body) if counts else ():
            self.model_admin.message_action(self.request, sentence, "", messages.ERROR)
        self.model_admin.tell_outcome(self.request, self.bound, outcome)

    def _failures(self, body: dict[str, Any]) -> list[str]:
        failed = [result for result in body["results"] if not result["ok"]]
        assert self.selected is not None  # noqa: S101 - only then there are results
        said = [f"{self.selected.label_of(each['id'])}: {each['error']['detail']}" for each in failed[:20]]
        return [*said, _("And %(count)s more.") % {"count": len(failed) - 20}] if len(failed) > 20 else said

    def _page(self, state: _State, offered: Offer | None = None) -> HttpResponseBase:
        bound, model_admin = self.bound, self.model_admin
        is_possible = (offered is None or offered.is_available) and (state.error is None or state.error.status != 404)
        context = {
            **model_admin.admin_site.each_context(self.request),
            "title": bound.action.title or bound.id,
            "subtitle": str(self.target) if self.target is not None else None,
            "opts": model_admin.opts,
            "original": self.target,
            "page": self,
            "state": state,
            "offer": offered,
            "adminform": AdminForm(self.form, [(None, {"fields": list(self.form.fields)})], {}),
            "media": model_admin.media + self.form.media,
            "action_url": model_admin.action_url(self.request, bound, self.target),
            "back_url": model_admin.action_done_url(self.request, self.target),
            "is_possible": is_possible,
            "can_be_each": self._can_be_each,
            "is_each": self._is_each,
            "ids": json.dumps(self.selected.as_sent(with_versions=self.bound.needs_version)) if self.selected else "",
            "key": str(uuid4()),
            "version": self._version(state) if self.bound.needs_version and is_possible else "",
        }
        self.request.current_app = model_admin.admin_site.name
        response = TemplateResponse(self.request, TEMPLATE, context, status=state.status)
        if state.error is not None and "Retry-After" in state.error.headers:
            response["Retry-After"] = state.error.headers["Retry-After"]
        return response

    def _version(self, state: _State) -> str:
        """The version that the user has seen: of the first page, until that one is found to be out of date."""
        is_old = state.error is not None and state.error.status == 412
        if VERSION in self.request.POST and not is_old:
            return self.request.POST[VERSION]
        return etag_of(self._view, self.target) if self.target is not None else ""
