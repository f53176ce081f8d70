"""What can be done with deliveries."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("retry", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("discard", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent)

initial_registry = {"resource": "delivery", "basepath": "/dj-actions/deliveries/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
