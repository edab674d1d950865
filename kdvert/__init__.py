"""kdvert: a domain verticalization kit for knowledge distillation."""

__version__ = "0.1.0"
