"""What may be done with texts and models: facts, verdicts, and the chain from source to student."""
