"""Mails, as Django is set up to send them."""
