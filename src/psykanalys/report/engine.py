"""papermill's engine with a forked kernel and a time limit; papermill knows it as `--engine psykanalys`.

papermill loads this module while it is imported itself: nothing here may import more of it than its engines.
"""

from __future__ import annotations

import time
from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager

from psykanalys.report import kernels
from psykanalys.report.forked import time_limit


class Engine(NBClientEngine):
    """papermill's own engine with a forked kernel, which is killed when it is done: it has nothing to put away."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, kept: str = "", **kwargs: Any
    ) -> Any:
        """Run the cells; where the run breaks off, what was run so far is saved as `kept`."""
        until = time.monotonic() + time_limit()
        options = {
            "kernel_manager_class": kernels.ForkedKernelManager if kernels.is_ready() else None,
            "shutdown_kernel": "immediate",
            "timeout_func": lambda _: max(1, round(until - time.monotonic())),
        }
        try:
            given = {name: value for name, value in options.items() if value}
            return super().execute_managed_notebook(nb_man, kernel_name, **given, **kwargs)
        except BaseException:
            if kept:
                from papermill.iorw import write_ipynb

                write_ipynb(nb_man.nb, kept)
            raise
