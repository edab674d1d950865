"""What people decide, so that it can be shown later: signatures, the trail, texts that may be erased."""
