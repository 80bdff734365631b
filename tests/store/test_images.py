"""Pixels on disk: what was written is read, and little is stored beside it."""

import numpy as np
import pytest

from moedal_gui.store.images import ImageStore


@pytest.mark.parametrize("size", [(480, 640), (1024, 1024), (574, 768), (513, 520), (30, 40)])
def test_what_is_stored_is_read_and_takes_little_more_than_its_pixels(tmp_path, size):
    stacks = [np.random.default_rng(k).integers(0, 255, (3, *size), dtype=np.uint8) for k in range(4)]
    store = ImageStore(tmp_path)
    name = store.write_batch(1, 1, stacks)
    assert all(np.array_equal(store.read(name, k), stacks[k]) for k in range(4))
    corner = store.read(name, 2, channels=1, rows=slice(size[0] - 9, size[0]), columns=slice(size[1] - 7, size[1]))
    assert np.array_equal(corner, stacks[2][1, -9:, -7:])
    if min(size) > 100:
        # The halved levels take a third again.
        assert store.bytes_of(1) < 1.45 * sum(s.nbytes for s in stacks)
    store.close()
