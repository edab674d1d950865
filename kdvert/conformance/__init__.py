"""The conformance suite that every vertical passes, and the scaffold of a new one."""
