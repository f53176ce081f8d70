"""Take back what an action did."""
