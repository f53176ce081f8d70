"""What io.say_hello does."""

from __future__ import annotations

from django.test import SimpleTestCase

from .say_hello import say_hello


class TaskTestCase(SimpleTestCase):
    def test_it_says_hello_world_where_nothing_else_is_said(self) -> None:
        self.assertEqual(say_hello(), {"result": "hello world"})

    def test_it_answers_the_message(self) -> None:
        self.assertEqual(say_hello(message="Good morning."), {"result": "Good morning."})
