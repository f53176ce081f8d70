"""What can be done with deliveries."""
