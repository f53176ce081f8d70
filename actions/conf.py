"""The settings of this package: `DJACTION_` and the name of an attribute below.

Every access reads Django's settings, so that overriding one in a test simply works.
A `DJACTION_…` setting that stands not here is reported by a system check (actions.E003).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import Settings as DjangoSettings
from django.conf import settings as django_settings

PREFIX = "DJACTION_"
MANAGERS = ("manage.py", "django-admin", "django/__main__.py")
"""Programs whose first argument names a command."""
CHECKING = (["check"], ["process"])
"""Commands that say what is wrong, as their first argument."""


ALWAYS_SENSITIVE = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "access_token",
    "refresh_token",
    "api_key",
    "authorization",
    "credentials",
    "private_key",
    "client_secret",
    "card_number",
    "cvv",
    "pin",
)
"""Names whose values never reach a record, whatever the settings say, also as `apiKey` or `api-key`."""


class Settings:
    """Typed defaults; reading an attribute reads the project's setting first."""

    # Whether each execution of an action leaves an EventAction row.
    TRACK_ACTIONS: bool = True

    # Age in minutes at which an EventAction row is archived. One day.
    TTL_MINUTES: int = 60 * 24

    # Where archived rows go: "table" (ArchivedEventAction), "files" (JSON Lines, gzip) or "nowhere" (they are deleted).
    ARCHIVE: str = "table"

    # Alias in Django's STORAGES for ARCHIVE = "files". It has to be named: Django's "default" is mostly the one whose
    # files are served to everybody, and records are not for everybody.
    ARCHIVE_STORAGE: str | None = None

    # Rows that are archived in one transaction.
    ARCHIVE_BATCH_SIZE: int = 1000

    # How often the worker runs the archiver, in minutes.
    ARCHIVE_INTERVAL_MINUTES: int = 60

    # Retention by outcome in minutes, such as {"failed": 60 * 24 * 30}; an action's own `retention` goes before it.
    RETENTION: dict[str, int] = {}

    # Whether broken definitions stop the project from starting. None: yes where DEBUG is off.
    STRICT: bool | None = None

    # How many `ids` one call of a bulk action may name.
    MAX_IDS: int = 10_000

    # How long a plan that a preview gave can be carried out, in seconds.
    PLAN_SECONDS: int = 900

    # How long a call waits for another one with the same Idempotency-Key, in seconds, before it answers 409.
    KEY_WAIT_SECONDS: float = 2

    # How long a worker holds what it took before another one may take it, in seconds; it renews while it works.
    LEASE_SECONDS: int = 60

    # How often a worker tries what is cut off or finds the database busy, before it counts as failed.
    MAX_ATTEMPTS: int = 5

    # How long after its last sign of life a worker counts as gone, in seconds. More than a minute for cron's workers.
    WORKER_TIMEOUT_SECONDS: int = 90

    # How often an idle worker asks for work, in seconds.
    POLL_SECONDS: float = 1

    # Whether workers in other processes are told at once that there is work, on PostgreSQL with psycopg 3. It costs a
    # connection in each process that makes work, and one in each worker.
    NOTIFY: bool = False

    # How long a worker that is told to stop waits for the work at hand, in seconds.
    STOP_SECONDS: float = 30

    # Where the steps of runs are carried out: "inline" (by whoever starts the run, as far as it goes), the "worker",
    # "tasks" (Django's Tasks framework), "celery", "dramatiq", or the path of a class.
    RUNNER: str = "inline"

    # The queues that runs may name. With "tasks" and "dramatiq" they are the queues there.
    QUEUES: tuple[str, ...] = ("default",)

    # Rows that a caller may change, by scope ("*", "todo" or "todo:mark_done"): {"*": "500/day"}. A caller is a token,
    # else a user, else an address.
    BUDGETS: dict[str, str] = {}

    # Whether actions with the status `alpha` stand in lists and schemas without being asked for (?alpha=true).
    SHOW_ALPHA: bool = False

    # Where events go, by a name of yours: {"crm": {"type": "webhook", "url": …, "secret": …}}. Types are "webhook",
    # "endpoints" (the webhooks that are stored in the database), "stream", "airflow", or the path of a class.
    HOOKS: dict[str, dict[str, Any]] = {}

    # Who sends events: the "worker", or the process of the call itself after the "commit", which then takes longer.
    DELIVER: str = "worker"

    # How long one attempt to send may take, in seconds; a hook's own `timeout` goes before it.
    DELIVERY_TIMEOUT_SECONDS: float = 10

    # How long a delivery is tried before it is dead, in minutes. Three days.
    DELIVERY_RETRY_MINUTES: int = 60 * 24 * 3

    # How long a delivery is kept when it is over, in minutes. A week.
    DELIVERY_TTL_MINUTES: int = 60 * 24 * 7

    # Whether executions and deliveries are seen by OpenTelemetry, where that is installed.
    TELEMETRY: bool = True

    # Receivers in private networks that webhooks may reach: "host", "host:port" or a network such as "10.1.0.0/16".
    PRIVATE_HOSTS: tuple[str, ...] = ()

    # Where processes, their tasks and validations are: folders (from BASE_DIR on) or packages, ["process",
    # "shop.process"]. None: `process/` in BASE_DIR and in each installed app that has one.
    PROCESS_FOLDERS: tuple[Any, ...] | None = None

    # Whether those who may answer an input are sent a mail when it begins to wait, reminders and escalations. None: as
    # the process says. It goes out by Django's mail settings, by the worker.
    TASK_MAILS: bool | None = None

    # Who sends these mails; None: DEFAULT_FROM_EMAIL.
    TASK_MAIL_FROM: str | None = None

    # Where the site is, "https://example.com", for links in mails; "": mails have none.
    SITE_URL: str = ""

    # Models that the tasks model.get, model.create and model.update may touch: ["app.model", …].
    PROCESS_MODELS: tuple[str, ...] = ()

    # Programs that may be run: executables, and folders of which each executable may be, with their full paths. What
    # they say is resolved, so that no link leads out of it. Nothing may be run by default.
    PROGRAMS: tuple[Any, ...] = ()

    # Folders in which programs may work, and from and to which adapters may move files. Empty: only the folder that is
    # made for each run.
    PROGRAM_FOLDERS: tuple[Any, ...] = ()

    # The user as whom programs are run; needed where the worker is root. "": as the worker's own.
    PROGRAM_USER: str = ""

    # What a program may use at the most, any of "cpu" (seconds), "memory" (bytes of address space), "processes" (of the
    # user), "file_size" (bytes), "open_files", "timeout" (seconds, of single programs), "grace" (seconds between TERM
    # and KILL), "output" (bytes that are kept of the output, and as many of the errors) and "input" (bytes that are
    # kept for a run). The defaults stand in actions/programs/limits.py.
    PROGRAM_LIMITS: dict[str, Any] = {}

    # Whether programs reach the network. If not, they have a loopback of their own where the system can give them one.
    PROGRAM_NETWORK: bool = False

    # What shuts programs in: "bubblewrap" (they see system folders, what the two settings above name, and nothing
    # else), "none", or "auto" (bubblewrap where it is installed).
    PROGRAM_SANDBOX: str = "auto"

    # How many services one worker keeps running.
    PROGRAM_SERVICES: int = 10

    # Whether stored definitions are replaced and deleted only by who says which version he means, with If-Match; others
    # get 428.
    DEFINITIONS_NEED_IF_MATCH: bool = False

    # Further field names whose values never reach a record, in every action; a definition's `sensitive` adds to them.
    SENSITIVE_FIELDS: tuple[str, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        default = object.__getattribute__(self, name)
        if not name.isupper():
            return default
        held = django_settings._wrapped  # type: ignore[misc]  # noqa: SLF001 - three times quicker
        if type(held) is DjangoSettings:
            return vars(held).get(PREFIX + name, default)
        return getattr(django_settings, PREFIX + name, default)

    @property
    def sensitive_names(self) -> tuple[str, ...]:
        """Field names whose values never reach a record, in any action."""
        return (*ALWAYS_SENSITIVE, *self.SENSITIVE_FIELDS)

    @property
    def is_strict(self) -> bool:
        """Whether a broken definition stops the start."""
        strict = self.STRICT
        return not django_settings.DEBUG if strict is None else bool(strict)

    @property
    def stops_start(self) -> bool:
        """Whether it stops this one: not that of a command which is there to say what is wrong, in its own words."""
        return self.is_strict and not _is_checking()


def _is_checking() -> bool:
    """Whether this program is `manage.py check` or `manage.py process`."""
    program, *arguments = sys.argv or [""]
    names = Path(program).name, Path(*Path(program).parts[-2:]).as_posix()
    return any(name in MANAGERS for name in names) and arguments[:1] in CHECKING


def setting_names() -> list[str]:
    """Every setting of this package, with its prefix."""
    return [PREFIX + name for name in vars(Settings) if name.isupper()]


conf = Settings()
