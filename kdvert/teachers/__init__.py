"""Teachers: models that answer prompts, remote or on this machine, and the one scheduler that calls them."""
