"""Steps of workflows: `from actions.processes import steps, workflows`.

    class Greet(steps.Step):
        def execute(self, _input=None, *args, **kwargs):
            return {"greeted": self.job.payload["name"]}

Nothing here asks for loaded apps or for the database.
"""

from .base import Decision, Step, __start__
from .others import Action, Approval, Join, Split, Wait

__all__ = ["Action", "Approval", "Decision", "Join", "Split", "Step", "Wait", "__start__"]
