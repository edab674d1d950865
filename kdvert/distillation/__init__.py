"""Training a student: data, QLoRA, the card of the adapter."""
