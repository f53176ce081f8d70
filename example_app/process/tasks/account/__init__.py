"""Accounts of users, and the mails that they get."""

__meta = {"owner": "The example"}
