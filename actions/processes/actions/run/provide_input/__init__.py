"""Answer inputs."""
