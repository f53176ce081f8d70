from pathlib import Path

from actions.util import ACTION_TYPE, STATUS, enrich_actions

action_list = []
## -- START ACTION REGISTRY -- ##
action_list.append(("mark_done", ACTION_TYPE.INSTANCE.value, STATUS.BETA.value))
## -- END ACTION REGISTRY -- ##

base = str(Path(__file__).resolve().parent.parent)

initial_registry = {"resource": "todo", "basepath": "/todos/", "actions": {}}
ACTIONS = enrich_actions(
    base,
    initial_registry,
    action_list,
)
