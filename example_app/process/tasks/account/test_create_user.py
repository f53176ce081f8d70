"""What account.create_user does."""
# ruff: noqa: PT009 - as tests of tasks are in projects: Django's TestCase

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import TestCase

from .create_user import create_user


class TaskTestCase(TestCase):
    def test_the_user_can_log_in(self) -> None:
        create_user("ada", "long enough")
        self.assertTrue(User.objects.get(username="ada").check_password("long enough"))

    def test_it_answers_when_the_user_has_signed_up(self) -> None:
        self.assertIn("signup_date", create_user("ada", "long enough"))

    def test_the_password_is_not_answered(self) -> None:
        self.assertNotIn("long enough", str(create_user("ada", "long enough")))

    def test_a_username_that_is_an_address_gets_the_mails(self) -> None:
        self.assertEqual(create_user("ada@example.com", "long enough")["email"], "ada@example.com")
