"""The ways out: one module for each kind of receiver, imported when it is first used.

A sender turns a parcel into the receiver's own request. It knows no database, decides nothing, and keeps nothing: what
came of it, it returns or raises, and `actions.delivery` draws the conclusions.
"""

from .base import (
    DeliveryError,
    GoneError,
    Parcel,
    PermanentError,
    Problem,
    Receipt,
    Sender,
    TemporaryError,
    sender_of,
)

__all__ = [
    "DeliveryError",
    "GoneError",
    "Parcel",
    "PermanentError",
    "Problem",
    "Receipt",
    "Sender",
    "TemporaryError",
    "sender_of",
]
