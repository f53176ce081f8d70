"""Pages for people: their tasks, the form of each, a dashboard, and the history of runs. They work without JavaScript.

    path("tasks/", include("actions.processes.people.urls"))

Every template can be replaced: those of this package stand in `actions/processes/people/`; templates of Django
Automations (`automations/base.html`, `automations/task_list.html`, `automations/form_view.html`, …) go before them.
"""
