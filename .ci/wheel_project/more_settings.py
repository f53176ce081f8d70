INSTALLED_APPS += ["rest_framework", "django_filters", "drf_yasg", "actions", "todos"]  # noqa: F821
SWAGGER_USE_COMPAT_RENDERERS = False
SWAGGER_SETTINGS = {"SECURITY_DEFINITIONS": {"basic": {"type": "basic"}}}
