"""What people see of processes, and do in them."""
