"""Processes: `path("processes/", include("actions.processes.urls"))`.

Each registered process is a route of its own, so that documents show its payload. Those that are registered later are
served all the same. Runs, inputs, schedules and the catalogue are in `actions.processes.api.urls`.

Any name below this place is taken for a process: where it is included at the root of a site, it goes last.
"""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from actions.processes.api.pictures import MERMAID, SVG
from actions.processes.api.processes import ProcessListView, ProcessPictureView, ProcessView
from actions.processes.registry import processes

app_name = "processes"

ANY = r"^(?P<process_id>[^/]+)"


def _routes() -> list[URLPattern]:
    documented = [path(f"{each.id}/", ProcessView.as_view(process_id=each.id)) for each in processes.declared()]
    unlisted = ProcessView.as_view(schema=None, swagger_schema=None)
    return [
        path("", ProcessListView.as_view(), name="processes"),
        *documented,
        re_path(rf"{ANY}/picture\.svg$", ProcessPictureView.as_view(kind=SVG), name="picture-svg"),
        re_path(rf"{ANY}/picture\.mmd$", ProcessPictureView.as_view(kind=MERMAID), name="picture-mmd"),
        path("<str:process_id>/", unlisted, name="process"),
        path("<str:process_id>", unlisted),
    ]


urlpatterns = _routes()
