"""What checks payloads of this example's processes."""
