"""`flush` as tests that commit need it: the tables are emptied, in a fraction of the time that Django takes."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import connections, transaction

from actions.processes.store.definitions import forget
from actions.processes.workflows.known import sync

KEPT = {ContentType._meta.db_table, Permission._meta.db_table}
"""What migrating has filled. Django empties these as well, and fills them again for each of hundreds of tests."""


class Command(flush.Command):
    """Deletes all rows but those that migrating has made; as Django does where these have changed."""

    def handle(self, **options: Any) -> None:
        """Empty the database."""
        using = options["database"]
        if options.get("reset_sequences", True) or not _is_as_migrated(using):
            super().handle(**options)
            return
        connection = connections[using]
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with connection.constraint_checks_disabled(), transaction.atomic(using=using), connection.cursor() as cursor:
            for table in tables:
                if table not in KEPT:
                    cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a table's name
        # The other rows that migrating makes, and what is remembered of those that are gone.
        sync(using)
        forget()


def _is_as_migrated(using: str) -> bool:
    models = apps.get_models()
    permissions = sum(len(model._meta.default_permissions) + len(model._meta.permissions) for model in models)
    return (
        ContentType.objects.using(using).count() == len(models)
        and Permission.objects.using(using).count() == permissions
    )
