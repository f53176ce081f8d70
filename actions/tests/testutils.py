"""Helpers under their older names; everything is in `actions.testing`."""

from __future__ import annotations

from actions.testing import assert_in_registry, get_bulk_action_url, get_instance_action_url

__all__ = ["assert_in_registry", "get_bulk_action_url", "get_instance_action_url"]
