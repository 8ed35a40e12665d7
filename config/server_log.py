"""What the web server says for itself, through the formatter of all other lines."""

from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.logs import ScrubbingFormatter


class ScrubbingLogger(Logger):
    """Gunicorn names the sender of a request it cannot read, and the path of one that failed."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(ScrubbingFormatter(self.error_fmt, self.datefmt))
