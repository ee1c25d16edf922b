# SPDX-License-Identifier: Apache-2.0
"""Facts of all buckets, kept on disk between the fit of cut points and the values.

The files have no name: they are gone when the process ends, however it ends.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tagging.evaluation.engine import BucketFacts


class Kept:
    """Facts by the number of their bucket, in the order in which they came; ends with `close`."""

    def __init__(self, folder: Path, facts: Iterable[tuple[int, BucketFacts]]) -> None:
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._files: dict[int, IO[bytes]] = {}
        with ExitStack() as undo:
            for number, bucket in facts:
                self._files[number] = undo.enter_context(TemporaryFile(dir=folder))
                pq.write_table(bucket.table, self._files[number], compression="lz4")
            self._stack = undo.pop_all()

    def close(self) -> None:
        """Let go of the files."""
        self._stack.close()

    def __iter__(self) -> Iterator[tuple[int, BucketFacts]]:
        import pyarrow.parquet as pq

        for number, file in self._files.items():
            yield number, BucketFacts(pq.read_table(file))
