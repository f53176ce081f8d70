"""What can be done with inputs that runs wait for."""
