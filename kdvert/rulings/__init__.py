"""What reviewers decided, and what it shows: rulings on records, samples, bounds on errors, agreement, sign-offs."""
