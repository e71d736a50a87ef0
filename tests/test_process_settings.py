import subprocess
import sys

import pytest

from maskwise.process_settings import keep_freed_memory

MEASURED = """
import resource
import numpy as np
from maskwise.process_settings import give_back_freed_memory, keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

keep_freed_memory()
begin = resident()
large = [np.ones(2**17) for _ in range(200)]  # 200 MB in megabytes
del large
kept = resident() - begin
give_back_freed_memory()
print(kept, resident() - begin)
"""


def test_freed_memory_is_kept_until_it_is_to_be_given_back() -> None:
    if not keep_freed_memory():
        pytest.skip("only glibc's allocator is set")
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    kept, left = map(float, done.stdout.split())
    assert kept > 150
    assert left < 50
