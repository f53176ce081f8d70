"""`manage.py receive_events`: print the events of this project as a webhook's receiver would get them."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from actions import delivery
from actions.command_line.receiver import HOST, Receiver
from actions.conf import conf
from actions.hooks import ENDPOINTS, all_hooks
from actions.models import Delivery, WebhookEndpoint
from actions.senders import DeliveryError
from actions.senders.addresses import resolve
from actions.signatures import new_secret
from actions.work import is_worker_alive


class Command(BaseCommand):
    """Registers a webhook endpoint on this machine, prints what comes, and removes the endpoint at its end."""

    help = "Print the events of this project, as a webhook's receiver gets them. Ctrl-C ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The events that are wanted, and how they are shown."""
        parser.add_argument("--port", type=int, default=0, help="Where to listen on 127.0.0.1; one that is free.")
        parser.add_argument("--action", action="append", default=[], help='"todo:mark_done" or "todo:*"; all.')
        parser.add_argument("--outcome", action="append", default=[], help="succeeded, refused or failed; succeeded.")
        parser.add_argument("--json", action="store_true", help="Print the whole body of each event.")
        parser.add_argument("--count", type=int, default=None, help="End after so many events.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen until Ctrl-C, or until enough has come.

        Raises:
            CommandError: The settings send nothing to endpoints, or not to this machine, or the port is taken.
        """
        _check_settings(options["port"])
        self._left, self._is_json, self._enough = options["count"], options["json"], threading.Event()
        self._lock = threading.Lock()
        secret = new_secret()
        try:
            server = Receiver(options["port"], secret, self._show)
        except OSError as error:
            raise CommandError(f"Port {options['port']}: {error}. Name another one: --port 9001") from error
        with server, _endpoint(server.url, secret, options) as endpoint:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.stdout.write(f"Listening on {server.url}. Ctrl-C ends it.")
            if not is_worker_alive(str(endpoint._state.db)) and conf.DELIVER == "worker":
                self.stdout.write("No worker is alive: start manage.py actions_worker, which sends events.")
            self.stdout.flush()
            self._wait()
            server.shutdown()

    def _wait(self) -> None:
        """Until enough has come, Ctrl-C, or SIGTERM, so that the endpoint is removed in any case."""
        before = signal.signal(signal.SIGTERM, lambda *_args: self._enough.set())
        try:
            self._enough.wait()
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            signal.signal(signal.SIGTERM, before)

    def _show(self, uid: str, event: dict[str, Any]) -> None:
        with self._lock:
            text = event.get("data", {}).get("text", "")
            self.stdout.write(
                f"{event.get('timestamp', '')}  {event.get('type', '')}  {text}  [{uid}, signature right]"
            )
            if self._is_json:
                self.stdout.write(json.dumps(event, indent=2, ensure_ascii=False))
            self.stdout.flush()
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._enough.set()


def _check_settings(port: int) -> None:
    if not any(hook.type == ENDPOINTS for hook in all_hooks().values()):
        raise CommandError(
            'Events go to no endpoints. Add a hook: DJACTION_HOOKS = {"webhooks": {"type": "endpoints"}}'
        )
    try:
        resolve(HOST, port or 80, conf.PRIVATE_HOSTS)
    except DeliveryError as error:
        raise CommandError(f'{error} While you develop, allow it: DJACTION_PRIVATE_HOSTS = ["{HOST}"]') from error


@contextmanager
def _endpoint(url: str, secret: str, options: dict[str, Any]) -> Iterator[WebhookEndpoint]:
    endpoint = WebhookEndpoint.objects.create(
        url=url,
        description="manage.py receive_events",
        secrets=[secret],
        actions=options["action"],
        outcomes=options["outcome"],
    )
    try:
        yield endpoint
    finally:
        delivery.discard(Delivery.objects.using(endpoint._state.db).filter(hook=endpoint.hook))
        endpoint.delete()
