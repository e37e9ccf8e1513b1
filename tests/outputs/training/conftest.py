"""The models of these tests are tiny: one thread is enough for them, and more would only wait for each other."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> None:
    torch.set_num_threads(1)
