"""Rows of the database: only of models that the setting DJACTION_PROCESS_MODELS names.

Fields are named as they are, without look-ups across relations; everything is checked by `full_clean()` before it is
saved. What answers an instance can be looked up later: `state.order.number`.
"""
