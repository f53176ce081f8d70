"""The texts of generated files; `$names` in them are replaced."""
