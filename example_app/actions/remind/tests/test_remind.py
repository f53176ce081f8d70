from __future__ import annotations

from example_app.factories import TodoFactory


def remind(client, todo, key="7f3a", **payload):
    """The answer; the key goes with the call."""
    return client.post(f"/todos/{todo.pk}/remind/", payload, format="json", headers={"Idempotency-Key": key})


def test_the_owner_gets_a_mail(alice, todo, as_user, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = remind(as_user(alice), todo, message="Today, please.")
    assert response.status_code == 200, response.content
    assert response.json() == {"reminded": "alice"}
    [mail] = mailoutbox
    assert (mail.to, mail.subject, mail.body) == ([alice.email], f"Still to do: {todo.title}", "Today, please.")


def test_the_same_call_again_sends_no_second_mail(alice, todo, as_user, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first, second = remind(as_user(alice), todo), remind(as_user(alice), todo)
    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert len(mailoutbox) == 1


def test_a_call_without_a_key_is_refused(alice, todo, as_user):
    response = as_user(alice).post(f"/todos/{todo.pk}/remind/")
    assert (response.status_code, response.json()["code"]) == (400, "key_required")


def test_nobody_is_reminded_of_what_is_done(alice, as_user):
    response = remind(as_user(alice), TodoFactory(owner=alice, is_done=True))
    assert (response.status_code, response.json()["code"]) == (409, "already_done")


def test_an_owner_without_an_address_is_refused_with_the_reason(alice, todo, as_user):
    alice.email = ""
    alice.save()
    response = remind(as_user(alice), todo)
    assert (response.status_code, response.json()["code"]) == (409, "no_address")
