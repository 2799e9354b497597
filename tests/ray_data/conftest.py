"""Where Ray is not installed there is nothing to collect."""

from __future__ import annotations

import importlib.util

collect_ignore = [] if importlib.util.find_spec("ray") else ["test_ray_data.py", "test_ray_job.py"]
