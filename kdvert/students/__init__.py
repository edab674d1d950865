"""The small model that is trained: how it is asked, and how it is held in memory."""
