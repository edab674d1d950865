"""The dossier: what reviewers of a student ask for, written from the lineage of a finished run."""
