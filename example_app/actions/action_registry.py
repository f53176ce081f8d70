"""What can be done with todos."""

from pathlib import Path

from actions.util import (
    ACTION_TYPE,
    STATUS,
    enrich_actions,
)

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("mark_done", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("reopen", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("postpone", ACTION_TYPE.INSTANCE.value, STATUS.BETA.value))
action_list.append(("assign", ACTION_TYPE.INSTANCE.value, STATUS.ALPHA.value))
action_list.append(("bulk_mark_done", ACTION_TYPE.BULK.value, STATUS.PROD.value))
action_list.append(("mark_all_done", ACTION_TYPE.BULK.value, STATUS.PROD.value))
action_list.append(("move", ACTION_TYPE.BULK.value, STATUS.BETA.value))
action_list.append(("remind", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value))
action_list.append(("swap_dates", ACTION_TYPE.INSTANCE.value, STATUS.BETA.value))
action_list.append(("delete_done", ACTION_TYPE.BULK.value, STATUS.PROD.value))
action_list.append(("share", ACTION_TYPE.INSTANCE.value, STATUS.TODO.value))
## -- END ACTION REGISTRY -- ##

# The folder of this app: dj-actions looks below it for actions/<id>/.
base = str(Path(__file__).resolve().parent.parent)

initial_registry = {"resource": "todo", "basepath": "/todos/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
