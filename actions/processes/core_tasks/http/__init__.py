"""Requests over HTTP: within a time and a size, and never to private addresses that no setting allows.

`DJACTION_PRIVATE_HOSTS` names those in the own network that may be reached. A request that changes something carries
the step's own `Idempotency-Key`, the same at every try.
"""
