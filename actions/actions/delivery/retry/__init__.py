"""Send deliveries again."""
