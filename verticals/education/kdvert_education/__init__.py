"""Education vertical for kdvert, made of data only."""
