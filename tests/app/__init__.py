"""Models for the tests that the example project does not need."""
