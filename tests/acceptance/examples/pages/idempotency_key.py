"""Once, however often it is sent."""

from tests.acceptance.examples.parts import Curl, Page

REMIND = "-u alice:alice -X POST HOST/todos/7/remind/"
KEY = "-H 'Idempotency-Key: \"8e03978e-40d5\"'"

PAGE = Page(
    "03-idempotency-key",
    "Idempotency-Key",
    "a call that is sent twice and done once",
    (
        """`remind` sends a mail, and its definition says `idempotency_key: required`. Every other action takes a key,
        too.""",
        Curl(REMIND),
        "The key is the caller's own: a random text for each thing that is to be done.",
        Curl(f"{REMIND} -d message='It is due.' \\\n    {KEY}"),
        """The connection broke, and nobody knows whether it was done? The same call again gets the first one's answer,
        and no second mail is sent.""",
        Curl(f"{REMIND} -d message='It is due.' \\\n    {KEY}"),
        """The key of another request is a mistake of the caller's program. (While the first call still runs, the second
        gets 409 with `Retry-After`.)""",
        Curl(f"{REMIND} -d message='Really.' \\\n    {KEY}"),
        "What is no key is refused with the form that it should have.",
        Curl(f"{REMIND} -H 'Idempotency-Key: the bill'"),
    ),
)
