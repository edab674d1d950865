"""The law vertical: data for kdvert, found through the `kdvert.verticals` entry point."""
