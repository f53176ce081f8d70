"""What can be done with runs."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("provide_input", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("send_message", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("cancel", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("pause", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("resume", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("retry", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("fork", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("move", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent)

initial_registry = {"resource": "run", "basepath": "/runs/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
