"""What `start_actions` and `create_action` share: names, places, texts, and writing without overwriting."""
