"""Settings of the example project. It runs on one machine, for one developer: do not put it on a network."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import django

from .database import database_from_url

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "for the example only")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]

HAS_SPECTACULAR = find_spec("drf_spectacular") is not None
HAS_SPECTACULAR_UI = HAS_SPECTACULAR and find_spec("drf_spectacular_sidecar") is not None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_yasg",
    *(["drf_spectacular"] if HAS_SPECTACULAR else []),
    *(["drf_spectacular_sidecar"] if HAS_SPECTACULAR_UI else []),
    "actions",
    "actions.processes",
    "actions.process_registry",
    "example_app",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_app.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": database_from_url(os.environ.get("DATABASE_URL", f"sqlite:///{BASE_DIR / 'demo.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Mails are printed. Django 6.1 has another name for that setting and warns about the old one.
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# The task that speaks to Slack wants a token; without one, its step fails, and the process goes on.
SILENCED_SYSTEM_CHECKS = ["actions.W030"]

USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
LOGIN_URL = "rest_framework:login"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.BasicAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": (
        "drf_spectacular.openapi.AutoSchema" if HAS_SPECTACULAR else "rest_framework.schemas.openapi.AutoSchema"
    ),
}

SWAGGER_USE_COMPAT_RENDERERS = False
SWAGGER_SETTINGS = {
    "SECURITY_DEFINITIONS": {"basic": {"type": "basic"}},
    "LOGIN_URL": "rest_framework:login",
    "LOGOUT_URL": "rest_framework:logout",
    # `x-action` is for programs, and nobody can copy a model into a request.
    "SHOW_EXTENSIONS": False,
    "DEFAULT_MODEL_RENDERING": "example",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Todos",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Events go to the webhooks that are stored in the database: `manage.py receive_events` is one, on this machine.
DJACTION_HOOKS = {"webhooks": {"type": "endpoints"}}
DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)

# Processes as directed graphs: see workflows.py.
WFE_WORKFLOWS = "example_app.workflows"

# What stored definitions may run on this machine. A worker that is root runs nothing as itself.
DJACTION_PROGRAMS = ("/usr/bin/tr", "/usr/bin/cc")
DJACTION_PROGRAM_USER = "nobody" if os.geteuid() == 0 else ""
