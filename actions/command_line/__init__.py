"""The door for shells and cron: `manage.py action todo mark_done 7 --note x --dry-run --as alice`.

`parser` makes the options of one action, `fields` those of its payload, `sources` reads what stands in files, `calls`
makes a call of it all, `confirmation` asks before something is lost, and `reports` and `progress` tell what happens.
"""

from .calls import Call, read_call
from .confirmation import confirmed
from .parser import ActionParser
from .progress import Progress
from .reports import Report
from .sources import Sources, misuse

__all__ = ["ActionParser", "Call", "Progress", "Report", "Sources", "confirmed", "misuse", "read_call"]
