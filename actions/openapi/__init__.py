"""Actions as operations of an OpenAPI document: for drf-yasg (Swagger 2.0) and drf-spectacular (OpenAPI 3.0, 3.1).

`operations` describes an action's routes without knowing either library; `yasg` and `spectacular` write that down in
the form of theirs. Both are imported when their library asks for a document, never before.
"""
