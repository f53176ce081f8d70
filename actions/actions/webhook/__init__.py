"""What can be done with stored webhooks."""
