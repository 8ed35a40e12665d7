"""`make run`: broker, migrations, seeds, worker and web server in one terminal.

One supervisor starts and watches the other processes, and stops them on Ctrl-C. It never
loads Django itself: `python -m config.run prepare` does that in a process of its own.
"""

from config.run.plan import ROOT, Plan
from config.run.processes import beat_child, web_child, worker_child

__all__ = ["ROOT", "Plan", "beat_child", "web_child", "worker_child"]
