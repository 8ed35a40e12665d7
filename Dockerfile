# One image for every process: web server, worker, beat and migrations.
# docker-compose.yml shows how they fit together.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=0 \
    KEYS_DIR=/keys

# A new volume takes over owner and mode of this folder.
RUN useradd --system --uid 10001 --home-dir /app --no-create-home undersigned \
    && install --directory --owner undersigned --mode 0700 /keys

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY . ./

# Collecting static files needs settings that pass for safe. These live in this one command
# only; nothing of them stays in the image.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    FIELD_KEYS="$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    SITE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid \
    python manage.py collectstatic --noinput --verbosity 0

USER undersigned
VOLUME /keys
EXPOSE 8000

# No access log, and a logger that scrubs: addresses and capabilities must not reach a log.
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload", \
     "--worker-tmp-dir", "/dev/shm", "--log-level", "warning", \
     "--logger-class", "config.server_log.ScrubbingLogger", "--no-control-socket"]
