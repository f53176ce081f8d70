"""Escalate inputs."""
