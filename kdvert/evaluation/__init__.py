"""Base against student on held-out questions."""
