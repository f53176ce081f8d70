"""Pages for people: `path("tasks/", include("actions.processes.people.urls"))`."""

from __future__ import annotations

from django.urls import path

from .changing import TaskActionView
from .dashboard import DashboardView
from .errors import ErrorReportView, TracebackView
from .history import HistoryView, PictureView
from .messaging import MessageView
from .task import TaskView
from .task_list import TaskListView

app_name = "people"

urlpatterns = [
    path("", TaskListView.as_view(), name="task_list"),
    path("<int:task_id>/", TaskView.as_view(), name="task"),
    path("<int:task_id>/<slug:name>/", TaskActionView.as_view(), name="task_action"),
    path("errors/", ErrorReportView.as_view(), name="error_report"),
    path("dashboard/", DashboardView.as_view(), name="dashboard"),
    path("dashboard/<int:run_id>/", HistoryView.as_view(), name="history"),
    path("dashboard/<int:run_id>/picture.svg", PictureView.as_view(), name="picture"),
    path("dashboard/<int:run_id>/message/", MessageView.as_view(), name="message"),
    path("dashboard/<int:run_id>/traceback/<int:step_id>/", TracebackView.as_view(), name="traceback"),
]
