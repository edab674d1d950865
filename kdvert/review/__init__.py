"""The page where people read records, decide on them and sign."""
