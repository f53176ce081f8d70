"""What can be done with stored definitions."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("run", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("restore", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("share", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("unshare", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent)

initial_registry = {"resource": "processdefinition", "basepath": "/api/process_definition/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
