"""Delegate inputs."""
