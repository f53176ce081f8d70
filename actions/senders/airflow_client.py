"""Requests to Airflow's REST API (v2) through apache-airflow-client: tokens, one time-out for all, what answers mean.

The client's calls are used in their form without models, so that an answer of a newer Airflow with a state or a field
that the models do not know is still understood, and so that no answer is read beyond what memory should hold.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

from actions.conf import conf
from actions.exceptions import MissingExtraError

from .base import PermanentError, TemporaryError

LARGEST_ANSWER = 16 * 1024 * 1024
"""In bytes; Airflow repeats a run's conf in each answer."""
CHUNK = 64 * 1024
LONGEST_DETAIL = 300
REFUSED = (401, 403)
"""Airflow answers 401 without a token and 403 with one that is not valid (any more)."""
PASSING = (408, 425, 429)
TOKEN_SECONDS = 300
"""How long a token is used that does not say how long it is valid."""
TOKEN_MARGIN_SECONDS = 30

Login = tuple[str, str, str]
"""Address, user name and password."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Airflow said, whatever it was."""

    status: int
    body: Any
    """JSON, None where it is none."""
    retry_after: timedelta | None


class Tokens:
    """The tokens of this process, which its threads share; two that find none at once both log in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Login, tuple[str, float]] = {}

    def get(self, login: Login, log_in: Callable[[], str]) -> str:
        """A token that is valid for some time to come, by logging in where there is none."""
        with self._lock:
            token, ends_at = self._held.get(login, ("", 0.0))
        if token and time.monotonic() < ends_at:
            return token
        token = log_in()
        with self._lock:
            self._held[login] = token, time.monotonic() + _seconds_valid(token)
        return token

    def drop(self, login: Login, token: str) -> None:
        """Forget a token that was refused, unless another thread has a newer one already."""
        with self._lock:
            if self._held.get(login, ("", 0.0))[0] == token:
                del self._held[login]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._held.clear()


tokens = Tokens()


class AirflowClient:
    """Some requests to one Airflow, which share a time-out and end with the `with` block."""

    def __init__(self, options: Mapping[str, Any], source: str) -> None:
        """Get ready; nothing is asked yet.

        Args:
            options: See `AirflowSender`.
            source: How errors name these options: 'DJACTION_HOOKS["etl"]'.

        Raises:
            MissingExtraError: apache-airflow-client is not installed.
            TemporaryError: An option is missing; it can be added.
        """
        try:
            from airflow_client.client import ApiClient, Configuration
        except ImportError as error:
            raise MissingExtraError("apache-airflow-client", "airflow") from error
        self._options = options
        self._source = source
        self.url = url_of(self.required("url"))
        if not is_address(self.url):
            raise TemporaryError(f"{self.setting('url')} is not an address with http:// or https:// alone.")
        self._timeout = float(options.get("timeout") or conf.DELIVERY_TIMEOUT_SECONDS)
        self._ends_at = time.monotonic() + self._timeout
        # Neither retries nor redirects: a redirect would take the token elsewhere.
        self._library = ApiClient(Configuration(host=self.url, retries=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.rest_client.pool_manager.clear()

    def setting(self, option: str) -> str:
        """An option as the operator knows it: 'DJACTION_HOOKS["etl"]["url"]'."""
        return f'{self._source}["{option}"]'

    def required(self, option: str) -> str:
        """The value of an option that has to be there."""
        value = self._options.get(option)
        if not value:
            raise TemporaryError(f"{self.setting(option)} is missing.")
        return str(value)

    def trigger(self, dag_id: str, run_id: str, run_conf: Mapping[str, Any]) -> Answer:
        """Ask for a run with an id of ours; 404 and 409 are answers, other refusals are raised."""
        from airflow_client.client import DagRunApi, TriggerDAGRunPostBody

        body = TriggerDAGRunPostBody(dag_run_id=run_id, conf=dict(run_conf), logical_date=None)
        call = DagRunApi(self._library).trigger_dag_run_without_preload_content
        return self._ask(call, {"dag_id": dag_id, "trigger_dag_run_post_body": body}, (404, 409))

    def run(self, dag_id: str, run_id: str) -> Answer:
        """Ask for a run; 404 is an answer."""
        from airflow_client.client import DagRunApi

        call = DagRunApi(self._library).get_dag_run_without_preload_content
        return self._ask(call, {"dag_id": dag_id, "dag_run_id": run_id}, (404,))

    def value(self, dag_id: str, run_id: str, task_id: str) -> Answer:
        """Ask for what a task returned; 404 is an answer."""
        from airflow_client.client import XComApi

        call = XComApi(self._library).get_xcom_entry_without_preload_content
        which = {"dag_id": dag_id, "dag_run_id": run_id, "task_id": task_id, "xcom_key": "return_value"}
        return self._ask(call, which, (404,))

    def _ask(self, call: Callable[..., Any], which: Mapping[str, Any], expected: tuple[int, ...]) -> Answer:
        """A request with a token; with a new one where Airflow does not like the old one any more."""
        token = self._token()
        answer = self._once(call, which, token)
        if answer.status in REFUSED and not self._options.get("token"):
            tokens.drop(self._login, token)
            answer = self._once(call, which, self._token())
        if answer.status in REFUSED:
            raise self._refused(answer.status)
        if 200 <= answer.status < 300:
            if isinstance(answer.body, dict):
                return answer
            raise TemporaryError(
                f"{self.url} answered {answer.status} without JSON; is {self.setting('url')} Airflow?",
                status=answer.status,
            )
        return answer if answer.status in expected else self._raise(answer)

    def _once(self, call: Callable[..., Any], which: Mapping[str, Any], token: str) -> Answer:
        return self._exchange(
            lambda seconds: call(**which, _headers={"Authorization": f"Bearer {token}"}, _request_timeout=seconds)
        )

    def _exchange(self, request: Callable[[float], Any]) -> Answer:
        """Send a request within what is left of the time, and read the answer within it, too."""
        from airflow_client.client.exceptions import OpenApiException
        from urllib3.exceptions import HTTPError

        try:
            response = request(self._seconds_left())
            body = b""
            while chunk := response.read1(CHUNK):
                body += chunk
                self._seconds_left()
                if len(body) > LARGEST_ANSWER:
                    raise PermanentError(f"Airflow's answer is larger than {LARGEST_ANSWER} bytes.")
        except (HTTPError, OpenApiException, OSError) as error:
            raise TemporaryError(f"Airflow at {self.url} did not answer: {type(error).__name__}.") from error
        return Answer(response.status, _json(body), retry_after(response.headers.get("Retry-After")))

    def _seconds_left(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TemporaryError(f"Airflow at {self.url} did not answer within {self._timeout:g} s.")
        return left

    @property
    def _login(self) -> Login:
        return self.url, self.required("username"), self.required("password")

    def _token(self) -> str:
        given = self._options.get("token")
        return str(given) if given else tokens.get(self._login, self._log_in)

    def _log_in(self) -> str:
        """A new token. Whatever goes wrong is a matter of settings, so that none of it is the message's fault."""
        _, username, password = self._login
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        body = {"username": username, "password": password}
        answer = self._exchange(
            lambda seconds: (
                self._library.call_api(
                    "POST", f"{self.url}/auth/token", headers, body, _request_timeout=seconds
                ).response
            )
        )
        if answer.status in (400, 422, *REFUSED):
            raise self._refused(answer.status)
        token = answer.body.get("access_token") if isinstance(answer.body, dict) else None
        if not isinstance(token, str) or answer.status not in (200, 201):
            raise TemporaryError(
                f"{self.url}/auth/token answered {answer.status} without a token; is {self.setting('url')} Airflow?",
                status=answer.status,
                retry_after=answer.retry_after,
            )
        return token

    def _refused(self, status: int) -> TemporaryError:
        which = self.setting("token")
        if not self._options.get("token"):
            which = f"{self.setting('username')} and {self.setting('password')}"
        return TemporaryError(f"Airflow at {self.url} answered {status}. Look at {which}.", status=status)

    def _raise(self, answer: Answer) -> NoReturn:
        """What every request makes of a refusal.

        Raises:
            TemporaryError: A later attempt may go well.
            PermanentError: It will not.
        """
        said = self._said(answer.body)
        detail = f"Airflow at {self.url} answered {answer.status}{': ' if said else '.'}{said}"
        if answer.status in PASSING or answer.status >= 500:
            raise TemporaryError(detail, status=answer.status, retry_after=answer.retry_after)
        raise PermanentError(detail, status=answer.status)

    def _said(self, body: Any) -> str:
        """Why, in Airflow's words: without the values that it repeats, and without secrets."""
        detail = body.get("detail") if isinstance(body, dict) else None
        if isinstance(detail, list):
            entries = [entry for entry in detail if isinstance(entry, dict)]
            detail = "; ".join(
                f"{'.'.join(map(str, entry.get('loc', ())))}: {entry.get('msg', '')}" for entry in entries
            )
        if not isinstance(detail, str):
            return ""
        for option in ("password", "token"):
            if secret := self._options.get(option):
                detail = detail.replace(str(secret), "…")
        return detail[:LONGEST_DETAIL]


def url_of(url: str) -> str:
    """Airflow's address without what the client adds."""
    return url.rstrip("/").removesuffix("/api/v2").rstrip("/")


def is_address(url: str) -> bool:
    """Whether it is an http(s) address, without a user, a query or a fragment."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and not ({"@", "?", "#"} & set(url))


def retry_after(header: str | None) -> timedelta | None:
    """`Retry-After`: seconds or an HTTP date; None where it is neither (RFC 9110, 10.2.3)."""
    if not header:
        return None
    if header.strip().isdecimal():
        return timedelta(seconds=min(int(header), 10**9))
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(until - datetime.now(UTC), timedelta(0))


def _complaint(entry: Mapping[str, Any]) -> str:
    """One entry of FastAPI's list, without its `input`, which is what was sent."""
    return f"{'.'.join(map(str, entry.get('loc', ())))}: {entry.get('msg', '')}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _seconds_valid(token: str) -> float:
    """How long to use a JWT: by its own claims, so that it does not matter whether the two clocks agree (RFC 7519)."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return float(claims["exp"]) - float(claims["iat"]) - TOKEN_MARGIN_SECONDS
    except (IndexError, KeyError, TypeError, ValueError):
        return TOKEN_SECONDS
