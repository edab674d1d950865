"""Settings, fingerprints, lock and runner: how stages become a run."""
