"""What came from what: tracing a record, a document or a license both ways, and forgetting a source for good."""
