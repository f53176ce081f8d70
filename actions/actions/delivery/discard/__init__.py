"""Drop deliveries."""
