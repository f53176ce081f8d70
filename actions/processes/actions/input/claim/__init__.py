"""Claim inputs."""
