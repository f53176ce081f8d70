"""Remind those who may answer inputs."""
