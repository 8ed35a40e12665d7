import pytest

pytest.register_assert_rewrite("tests.processes.stack", "tests.processes.waiting")
