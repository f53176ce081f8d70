"""Reassign inputs."""
