"""The archiver: the only mover of EventAction rows.

Records whose time is over are moved in batches, each in a short transaction of its own, to where DJACTION_ARCHIVE says:

    table      into ArchivedEventAction, in the transaction that removes them
    files      into JSON Lines, gzip, in a storage of the project
    nowhere    they are removed

It may be killed at any instant and run any number of times at once. Each record is in exactly one of the two places, or
for a moment in both, never in none. How files keep that promise, which share no transaction with the database:

1. The batch is written down: its uid, which names the file, and the keys of its records.
2. In one transaction its row is removed, which at the same time keeps every other archiver away from it; the file is
   written; the records are removed. A row that somebody has changed meanwhile undoes the transaction.

An archiver killed before the end leaves the row of the batch. The next one does step 2 again, and writes the same file
anew.
"""

from .archiver import (
    ArchiveReport,
    archive,
    archive_all,
    archive_interval,
    archive_some,
    count_due,
    databases,
    register_keeper,
)
from .retention import as_moment, moment_before

__all__ = [
    "ArchiveReport",
    "archive",
    "archive_all",
    "archive_interval",
    "archive_some",
    "as_moment",
    "count_due",
    "databases",
    "moment_before",
    "register_keeper",
]
