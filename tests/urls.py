"""The example project's pages; tests that need others make a URL configuration of their own."""

from example_app.urls import urlpatterns

__all__ = ["urlpatterns"]
