"""Django's admin: stored definitions, their versions, and the runs of programs."""

from .definitions import ProcessDefinitionAdmin
from .program_runs import ProgramRunAdmin
from .versions import DefinitionVersionAdmin

__all__ = ["DefinitionVersionAdmin", "ProcessDefinitionAdmin", "ProgramRunAdmin"]
