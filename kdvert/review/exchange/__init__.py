"""Reviews in and out of kdvert: the trail as a table, records for other tools, decisions that come back from them."""
