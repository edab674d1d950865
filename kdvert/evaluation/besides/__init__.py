"""What training did to a student besides: what it keeps of single rows, and what it forgot of other fields."""
