"""ETags of objects that a ViewSet with actions answers with, for the `If-Match` of their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from .routes import AVAILABLE
from .versions import etag_of, is_loaded

if TYPE_CHECKING:
    from django.db.models import Model
    from rest_framework.viewsets import GenericViewSet

    # What it is mixed into; at run time it inherits from nothing.
    Base = GenericViewSet[Any]
else:
    Base = object

CONDITIONAL_GET = "django.middleware.http.ConditionalGetMiddleware"


class ETagMixin(Base):
    """Has `GET /todos/7/` and `GET /todos/7/actions/` say which version of the object that is."""

    version_field: str | None = None
    """The field that is different after every change, such as a counter or `updated_at`: its value makes the ETag.

    None: all fields of the object do. An object whose queryset leaves one of them in the database has no ETag when it
    is read; nor has any where ConditionalGetMiddleware would take it for a tag of the whole answer.
    """

    _object_read: Model | None = None
    """What `get_object` has found for this request."""

    def get_object(self) -> Any:
        """The view's object, remembered so that it need not be read again."""
        self._object_read = super().get_object()
        return self._object_read

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The response; of an object that was read, with its ETag."""
        response = super().finalize_response(request, response, *args, **kwargs)
        found, is_read = self._object_read, request.method in ("GET", "HEAD") and response.status_code == 200
        if is_read and found is not None and not response.has_header("ETag") and self._tells_version(found):
            response["ETag"] = etag_of(self, found)
        return response

    def _tells_version(self, found: Model) -> bool:
        """Whether the tag may be sent with what this route answers, and costs no statement.

        The tag speaks of the object's row. ConditionalGetMiddleware takes it for a tag of the whole answer and sends
        304 where only related data has changed: there, it is sent only by a view that has declared a `version_field`,
        and never with the available actions, which depend on who asks.
        """
        if self.action not in ("retrieve", AVAILABLE) or not is_loaded(self, found):
            return False
        return CONDITIONAL_GET not in settings.MIDDLEWARE or bool(self.version_field and self.action == "retrieve")
