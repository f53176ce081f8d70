"""What can be done with runs of programs."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("stop", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent)

initial_registry = {"resource": "programrun", "basepath": "/api/program_run/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
