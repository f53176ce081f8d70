"""Processes over REST: started, looked at, steered; and the catalogue of what there is."""
