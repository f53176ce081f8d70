"""Sizes as people write them: 4096, "10KB", "1.5 MiB"."""

from __future__ import annotations

import re
from typing import Any

_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,3})?)\s*(?:([KMGT])?i?B?|bytes?)\s*", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def parse_size(value: Any) -> int:
    """Bytes. A "KB" has 1024 of them, as with programs that say "10KB" and mean a block.

    Raises:
        ValueError: It is no size above 0.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    else:
        found = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{value!r} is no size")
        size = int(float(found[1]) * 1024 ** _POWERS[(found[2] or "").upper()])
    if size < 1:
        raise ValueError(f"{value!r} is no size above 0")
    return size
