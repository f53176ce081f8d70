"""What can be done with the records."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("archive_actions", ACTION_TYPE.BULK.value, STATUS.PROD.value))
action_list.append(("undo", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("replay", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent.parent)

initial_registry = {"resource": "actionevent", "basepath": "/dj-actions/actionevents/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
