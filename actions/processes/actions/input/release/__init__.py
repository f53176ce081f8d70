"""Release inputs."""
