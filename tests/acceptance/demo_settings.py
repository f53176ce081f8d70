"""The example project's settings as `make run` has them, with passwords that are checked quickly."""

from example_app.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
