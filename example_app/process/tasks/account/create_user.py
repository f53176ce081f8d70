"""Create a user."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone


def create_user(username: str, password: str, email: str = "") -> dict[str, object]:
    """Create a user who can log in, and answer `{"id", "username", "email", "signup_date"}`.

    Args:
        username: Not taken yet.
        password: Is stored as a hash only.
        email: Where mails go; a username that is an address is one, too.
    """
    address = email or (username if "@" in username else "")
    user = User.objects.create_user(username, address, password)
    return {"id": user.pk, "username": user.username, "email": user.email, "signup_date": timezone.now().isoformat()}
