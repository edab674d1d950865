"""How workers share the tests."""

from __future__ import annotations

import pytest


def test_a_worker_gets_whole_files(request):
    """Else nothing would break, but every worker would make every costly fixture: so it was with pytest 9.2."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("run without --dist loadgroup")
    assert request.node.nodeid.endswith("@test_workers.py")
