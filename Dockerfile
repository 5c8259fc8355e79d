# Leitmotif as a service: torch for the CPU, no root, the pretrained files inside, data in /data.
#
#   docker build -t leitmotif .
#   docker run -e LEITMOTIF_TOKEN=… -p 8600:8600 -v leitmotif:/data leitmotif

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/leitmotif
ENV PATH=/opt/leitmotif/bin:$PATH
WORKDIR /source
COPY constraints.txt ./
# A plain torch brings gigabytes of CUDA.
RUN pip install --no-deps --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' constraints.txt)"
COPY . .
RUN pip install -c constraints.txt ".[app,service,agents,cluster]"
# The usual OpenCV needs libGL and libxcb.
RUN pip uninstall -y opencv-python opencv-contrib-python \
    && pip install --no-deps "$(grep '^opencv-contrib-python==' constraints.txt | sed s/python==/python-headless==/)"
RUN LEITMOTIF_CACHE=/opt/leitmotif/share leitmotif models pull

FROM python:3.11-slim
# What mediapipe opens at its first face.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libgles2 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home leitmotif && install -d -o leitmotif /data
COPY --from=build /opt/leitmotif /opt/leitmotif
ENV PATH=/opt/leitmotif/bin:$PATH \
    LEITMOTIF_MODELS=/opt/leitmotif/share/models \
    LEITMOTIF_CACHE=/data/cache \
    LEITMOTIF_DATA=/data
USER leitmotif
VOLUME /data
EXPOSE 8600
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8600/v1/health', timeout=4)"]
CMD ["leitmotif", "serve", "--host", "0.0.0.0"]
