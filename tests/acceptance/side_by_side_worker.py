"""What a worker of the test imports: the classes are declared there."""

from __future__ import annotations

from .side_by_side_project import declare

declare()
