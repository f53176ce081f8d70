"""What account.send_follow_up_email does."""
# ruff: noqa: PT009 - as tests of tasks are in projects: Django's TestCase

from __future__ import annotations

from django.core import mail
from django.test import SimpleTestCase

from .send_follow_up_email import send_follow_up_email


class TaskTestCase(SimpleTestCase):
    def test_it_sends_one_mail_to_the_user(self) -> None:
        send_follow_up_email({"username": "ada", "email": "ada@example.com"})
        self.assertEqual([sent.to for sent in mail.outbox], [["ada@example.com"]])

    def test_a_user_without_an_address_gets_none(self) -> None:
        self.assertEqual(send_follow_up_email({"username": "ada", "email": ""}), {"sent": 0})
