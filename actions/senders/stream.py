"""Stream.io: what an action did, as an activity in feeds (Feeds v3, by its library getstream).

    DJACTION_HOOKS = {
        "feeds": {
            "type": "stream",
            "api_key": "…",
            "api_secret": "…",
            "feeds": ["user:{actor_id}", "todo:{object_id}", "timeline:all"],
        },
    }

The delivery's uid is the activity's id, so that a message that is sent twice stands in a feed once. The feed groups
("user", "todo", "timeline") have to exist at Stream.io.

Further options: `base_url` (another region, a test server), `user_id` ("system": who did what nobody did), `facts`
(which facts of the event everybody may read who may read the feed), `create_users` (true: Stream.io makes users that
it does not know yet) and `timeout` in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from hashlib import sha256
from importlib.util import find_spec
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from actions.conf import conf
from actions.exceptions import MissingExtraError

from .base import DeliveryError, Parcel, PermanentError, Problem, Receipt, TemporaryError

PLACEHOLDERS = ("actor_id", "object_id", "resource", "action")
"""What a template in `feeds` may name."""

FACTS = ("resource", "action", "title", "outcome", "object_id", "status_code", "correlation_id")
"""Of the event's facts, those that go along. Not what was sent, answered and changed: feeds have many readers."""

OPTIONS = ("api_key", "api_secret", "base_url", "feeds", "user_id", "facts", "create_users", "timeout")

ALREADY_THERE = (400, 409)
"""What the answer to a second activity with the same id may be."""

NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
TEMPLATE = re.compile(r"([\w-]|\{[^{}]*\})+:([\w-]|\{[^{}]*\})+", re.ASCII)

LONGEST_DETAIL = 300

BROKEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What the library raises, unwrapped, about an answer that is not of the shape it expects."""


def stream_id(value: object) -> str:
    """A value as an id that Stream.io takes: letters, digits, "_" and "-".

    A value that is no such id gets a part of its hash besides, so that "a.b" and "a-b" do not share a feed. A front end
    that makes tokens for users and reads their feeds calls this, too.
    """
    text = str(value)
    plain = NOT_IN_AN_ID.sub("-", text)
    return plain if plain == text else f"{plain}-{sha256(text.encode()).hexdigest()[:12]}"


class StreamSender:
    """Adds an activity to feeds at Stream.io."""

    def __init__(self) -> None:
        self._clients: dict[tuple[Any, ...], Any] = {}
        self._lock = Lock()

    def check(self, options: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with the options; asks nobody."""
        yield from _unknown_options(options)
        yield from _wrong_values(options)
        if find_spec("getstream") is None:
            yield Problem("type", "needs getstream, which is not installed", 'pip install "dj-actions[stream]"')

    def send(self, parcel: Parcel) -> Receipt:
        """Add the activity.

        Raises:
            TemporaryError: Not reached, overloaded, a broken answer, or options and keys that have to be mended.
            PermanentError: Stream.io will never take it, or no feed is left for it.
            MissingExtraError: getstream is not installed.
        """
        for problem in _wrong_values(parcel.options):
            raise TemporaryError(f"{_setting(parcel, problem.option)} {problem.message}. {problem.remedy}")
        activity = _activity(parcel)
        client = self._client(parcel.options)
        failure = self._try(client, parcel, activity)
        if failure is None:
            return Receipt({"activity_id": activity["id"], "feeds": activity["feeds"]})
        if failure.status in ALREADY_THERE and self._is_there(client, parcel):
            return Receipt({"activity_id": activity["id"], "feeds": activity["feeds"], "double": True})
        raise failure

    def _try(self, client: Any, parcel: Parcel, activity: Mapping[str, Any]) -> DeliveryError | None:
        """Returned and not raised, so that the library's own error, whose text may repeat the key, stays behind."""
        from getstream.exceptions import StreamException

        try:
            answer = client.add_activity(**activity)
        except (StreamException, *BROKEN) as error:
            return _failure(error, parcel, client)
        status = answer.status_code()
        if status >= 300:  # for the library, that is a success
            return PermanentError(f"Stream.io answered {status}, a redirect; these are not followed.", status=status)
        if not getattr(answer.data.activity, "id", None):
            return TemporaryError("Stream.io gave a broken answer: it has no activity.", status=status)
        return None

    def _is_there(self, client: Any, parcel: Parcel) -> bool:
        """Whether an earlier attempt has arrived. Asked, as a refusal says it in words only, and 409 may be another's.

        Raises:
            TemporaryError: Stream.io could not say.
        """
        from getstream.exceptions import StreamException

        uid = str(parcel.uid)
        try:
            answer = client.get("/api/v2/feeds/activities/{id}", dict[str, Any], path_params={"id": uid})
            return bool(answer.data["activity"]["id"] == uid)
        except (StreamException, *BROKEN) as error:
            failure = _failure(error, parcel, client)
        if isinstance(failure, PermanentError):
            return False
        raise failure

    def _client(self, options: Mapping[str, Any]) -> Any:
        """The client for feeds with these keys, made once."""
        timeout = _timeout(options)
        place = {"base_url": options["base_url"]} if options.get("base_url") else {}
        key = (options["api_key"], options["api_secret"], options.get("base_url"), timeout)
        with self._lock:
            if key not in self._clients:
                try:
                    from getstream import Stream
                except ImportError as error:
                    raise MissingExtraError("getstream", "stream") from error
                made = Stream(key[0], key[1], request_timeout=timeout, connect_timeout=timeout, **place)
                self._clients[key] = made.feeds
            return self._clients[key]


def _activity(parcel: Parcel) -> dict[str, Any]:
    """The arguments of add_activity."""
    message, options = parcel.message, parcel.options
    data = message.get("data") or {}
    ids = {
        "actor_id": _key_of(message.get("actor")),
        "object_id": _key_of(message.get("object")),
        "resource": data.get("resource") or "",
        "action": data.get("action") or "",
    }
    feeds = list(dict.fromkeys(filter(None, (_feed(template, ids) for template in options["feeds"]))))
    if not feeds:
        raise PermanentError(f"No feed is left: what {_setting(parcel, 'feeds')} names is empty in this message.")
    custom = {name: message.get(name) for name in ("actor", "actor_name", "object", "foreign_id", "time")}
    custom |= {name: data[name] for name in options.get("facts", FACTS) if name in data}
    return {
        "type": message["verb"],
        "feeds": feeds,
        "user_id": stream_id(ids["actor_id"] or options.get("user_id", "system")),
        "id": str(parcel.uid),
        "text": message.get("text") or "",
        "custom": custom,
        "create_users": options.get("create_users", True),
    }


def _key_of(reference: str | None) -> str:
    """The "7" of "todo:7"."""
    kind, colon, key = (reference or "").partition(":")
    return key if colon else kind


def _feed(template: str, ids: Mapping[str, Any]) -> str:
    """A template with its ids filled in; "" where one of them is empty."""
    if not all(str(ids[name]) for name in PLACEHOLDER.findall(template)):
        return ""
    return PLACEHOLDER.sub(lambda match: stream_id(ids[match[1]]), template)


def _timeout(options: Mapping[str, Any]) -> float:
    seconds: float = options.get("timeout") or conf.DELIVERY_TIMEOUT_SECONDS
    return seconds


def _setting(parcel: Parcel, option: str) -> str:
    return f'DJACTION_HOOKS["{parcel.hook}"]["{option}"]'


# --- what comes back --------------------------------------------------------------------------------------------------


def _failure(error: Exception, parcel: Parcel, client: Any) -> DeliveryError:
    """What an error of the library means."""
    from getstream.exceptions import StreamApiException, StreamTransportException

    if isinstance(error, StreamTransportException):
        said = _without_secrets(str(error), parcel, client)
        return TemporaryError(f"Stream.io was not reached, {error.error_type}: {said}")
    if isinstance(error, StreamApiException):
        return _refusal(error, _without_secrets(error.message, parcel, client), parcel)
    return TemporaryError(f"Stream.io gave a broken answer ({type(error).__name__}).")


def _refusal(error: Any, said: str, parcel: Parcel) -> DeliveryError:
    """What a status means that is no success, or a success that cannot be read."""
    status = error.status_code
    if status < 300:
        return TemporaryError("Stream.io gave a broken answer: it is not the expected JSON.", status=status)
    if status in (401, 403):
        keys = f'{_setting(parcel, "api_key")} and ["api_secret"]'
        return TemporaryError(f"Stream.io answered {status}. Are {keys} right? It says: {said}", status=status)
    detail = f"Stream.io answered {status}: {said}"
    if status in (408, 409, 425, 429) or status >= 500:
        return TemporaryError(detail, status=status, retry_after=_retry_after(error))
    return PermanentError(detail, status=status)


def _retry_after(error: Any) -> timedelta | None:
    """The library reads it for 429 only; 503 has it, too."""
    from getstream.exceptions import parse_retry_after

    try:
        wait: timedelta | None = parse_retry_after(error.http_response.headers.get("Retry-After"))
    except OverflowError:
        return None
    return wait


def _without_secrets(text: str, parcel: Parcel, client: Any) -> str:
    for secret in (client.token, parcel.options["api_secret"], parcel.options["api_key"]):
        text = text.replace(secret, "[hidden]")
    return " ".join(text.split())[:LONGEST_DETAIL]


# --- what is wrong with the options -----------------------------------------------------------------------------------


def _unknown_options(options: Mapping[str, Any]) -> Iterator[Problem]:
    for name in options:
        if name not in OPTIONS:
            close = get_close_matches(str(name), OPTIONS, 1)
            remedy = f'Did you mean "{close[0]}"?' if close else f"Known are {', '.join(OPTIONS)}."
            yield Problem(str(name), "is not an option of Stream.io", remedy)


def _wrong_values(options: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("api_key", "api_secret"):
        if not _is_text(options.get(name)):
            yield Problem(name, "is missing", "Take it from your app's page in the dashboard of Stream.io.")
    yield from _wrong_feeds(options.get("feeds"))
    if "base_url" in options and not _is_web_address(options["base_url"]):
        yield Problem("base_url", "is not an address", 'Begin it with "https://", or leave it out.')
    user = options.get("user_id", "system")
    if not _is_text(user) or stream_id(user) != user:
        yield Problem("user_id", "is not an id of a user", 'Use letters, digits, "_" and "-".')
    facts = options.get("facts", FACTS)
    if not isinstance(facts, list | tuple) or not all(map(_is_text, facts)):
        yield Problem("facts", "is not a list of names", f"Name facts of the event, such as {', '.join(FACTS)}.")
    if not isinstance(options.get("create_users", True), bool):
        yield Problem("create_users", "is neither true nor false", "Use True or False.")
    seconds = options.get("timeout", 1)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        yield Problem("timeout", "is not a number above zero", "Give it in seconds.")


def _wrong_feeds(feeds: Any) -> Iterator[Problem]:
    remedy = 'Give a list such as ["user:{actor_id}", "timeline:all"].'
    if not feeds:
        yield Problem("feeds", "is missing", remedy)
    elif not isinstance(feeds, list | tuple):
        yield Problem("feeds", "is not a list", remedy)
    else:
        for template in feeds:
            if not isinstance(template, str) or not TEMPLATE.fullmatch(template):
                yield Problem("feeds", f"has {template!r}, which is not of the form group:id", remedy)
                continue
            for name in PLACEHOLDER.findall(template):
                if name not in PLACEHOLDERS:
                    known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
                    yield Problem("feeds", f"has the placeholder {{{name}}} in {template!r}", f"Known are {known}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_web_address(value: Any) -> bool:
    try:
        parts = urlsplit(value)
        return isinstance(value, str) and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (AttributeError, TypeError, ValueError):
        return False
