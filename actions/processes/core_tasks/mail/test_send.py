"""What mail.send does."""

from __future__ import annotations

from django.core import mail
from django.test import SimpleTestCase

from actions.processes.exceptions import StepError

from .send import send


class TaskTestCase(SimpleTestCase):
    def test_it_sends_a_text_to_one_address(self) -> None:
        result = send("ada@example.com", "Welcome", "Good to have you here.")

        self.assertEqual(result, {"sent": 1, "to": ["ada@example.com"]})
        self.assertEqual(mail.outbox[0].body, "Good to have you here.")

    def test_it_sends_html_beside_the_text(self) -> None:
        send(["ada@example.com", "bob@example.com"], "Welcome", "Hello.", html="<p>Hello.</p>")

        self.assertIn("<p>Hello.</p>", mail.outbox[0].message().as_string())

    def test_it_refuses_a_mail_without_a_receiver(self) -> None:
        with self.assertRaises(StepError):
            send([], "Welcome", "Hello.")

    def test_it_refuses_a_subject_of_two_lines(self) -> None:
        with self.assertRaises(ValueError):
            send("ada@example.com", "Welcome\nBcc: eve@example.com", "Hello.")
