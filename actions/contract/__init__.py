"""What callers of the actions rely on, as a document; and what a change of it breaks.

contract()            the actions as they are now
compare(old, new)     every difference of two such documents, and whether it breaks a caller
"""

from __future__ import annotations

from .comparing import Change, compare
from .documents import contract
from .reading import FORMAT, VERSION, NotAContractError, read

__all__ = ["FORMAT", "VERSION", "Change", "NotAContractError", "compare", "contract", "read"]
