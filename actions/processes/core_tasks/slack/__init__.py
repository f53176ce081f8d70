"""Messages to Slack, with the token in the environment variable SLACK_TOKEN."""
