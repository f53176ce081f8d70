"""What can be done with stored webhooks."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("test", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("enable", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("rotate_secret", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("drop_old_secrets", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent)

initial_registry = {"resource": "webhook", "basepath": "/dj-actions/webhooks/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
