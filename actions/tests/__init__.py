"""The place that test helpers had before `actions.testing`."""
