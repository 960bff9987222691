"""A notebook is run by papermill, as anybody would: its parameters, its checks, its client. Only three things are ours.

The kernel is a forked one where there is one; the notebook is saved once, when it is done, instead of after every cell;
and a notebook has a time limit as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psykanalys.errors import ReportError
from psykanalys.report.quick_start import defer

defer()

import papermill  # noqa: E402
from nbclient.exceptions import CellTimeoutError  # noqa: E402
from papermill.engines import papermill_engines  # noqa: E402

from psykanalys.report.engine import Engine  # noqa: E402
from psykanalys.report.forked import time_limit  # noqa: E402

ENGINE = "psykanalys"
papermill_engines.register(ENGINE, Engine)
# Nothing of encryption on loopback, nor of being stopped; and nothing into the history of what the user has typed.
_QUIET = ("--log-level=CRITICAL", "--HistoryManager.enabled=False")


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
            extra_arguments=list(_QUIET),
            kept=str(executed),
        )
    except CellTimeoutError as error:
        raise ReportError(
            f"the notebook was stopped after {time_limit():g} s — mend it, or give it more time: --timeout SECONDS"
        ) from error
