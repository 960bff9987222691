"""A notebook is run by papermill, as anybody would: its parameters, its checks, its client. Only three things are ours.

The kernel is a forked one where there is one; the notebook is saved once, when it is done, instead of after every cell;
and a notebook has a time limit as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psykanalys.errors import ReportError
from psykanalys.report.quick_start import defer_grammar

defer_grammar()

import papermill  # noqa: E402
from nbclient.exceptions import CellTimeoutError  # noqa: E402
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines  # noqa: E402
from papermill.iorw import write_ipynb  # noqa: E402

from psykanalys.report import kernels  # noqa: E402
from psykanalys.report.forked import time_limit  # noqa: E402

ENGINE = "psykanalys"


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
                write_ipynb(nb_man.nb, kept)
            raise


papermill_engines.register(ENGINE, Engine)


def execute(notebook: Path, values: Mapping[str, Any], executed: Path, folder: Path) -> None:
    """Run a notebook in `folder` with parameters, and save it as `executed`. Raises what papermill raises.

    Raises ReportError where the notebook takes too long.
    """
    try:
        papermill.execute_notebook(
            str(notebook),
            str(executed),
            parameters=dict(values),
            engine_name=ENGINE,
            kernel_name="python3",
            cwd=str(folder),
            progress_bar=False,
            request_save_on_cell_execute=False,
            extra_arguments=["--log-level=CRITICAL"],  # nothing of encryption on loopback, nor of being stopped
            kept=str(executed),
        )
    except CellTimeoutError as error:
        raise ReportError(
            f"the notebook was stopped after {time_limit():g} s — mend it, or give it more time: --timeout SECONDS"
        ) from error
