"""What can be done with inputs that runs wait for, besides answering them."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("claim", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("release", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("delegate", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("reassign", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("remind", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("escalate", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent)

initial_registry = {"resource": "input", "basepath": "/inputs/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
