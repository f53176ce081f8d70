"""An index and a key that cost less where the database can do with less: each page that a step touches is written."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class SparseIndex(models.Index):
    """An index without the rows that have null in its column `unless_null`.

    MariaDB has no partial indexes. Django makes none at all there for an `Index` with a condition; this one is whole.
    """

    def __init__(self, *expressions: Any, unless_null: str, **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.unless_null = unless_null

    def create_sql(self, model: type[models.Model], schema_editor: Any, using: str = "", **more: Any) -> Any:
        """As an index with a condition, or without."""
        if not schema_editor.connection.features.supports_partial_indexes:
            return super().create_sql(model, schema_editor, using=using, **more)
        condition = models.Q(**{f"{self.unless_null}__isnull": False})
        index = models.Index(*self.expressions, fields=self.fields, name=self.name, condition=condition)
        return index.create_sql(model, schema_editor, using=using, **more)

    def deconstruct(self) -> Any:
        """For migrations."""
        path, arguments, options = super().deconstruct()
        return path, arguments, {**options, "unless_null": self.unless_null}


class RowKey(models.BigAutoField):  # type: ignore[type-arg]  # subscripting it needs django-stubs at run time
    """A key that SQLite keeps no book about: that of a table whose last row may be removed and its key used again.

    Elsewhere it is a `BigAutoField`. With AUTOINCREMENT, each INSERT writes a row of another table, too.
    """

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str | None:
        """No AUTOINCREMENT."""
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)
