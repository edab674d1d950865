"""Finance vertical of kdvert: data files and domain checks."""
