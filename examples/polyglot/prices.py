"""Tells prices, and asks the stock first: Python, with its own OpenTelemetry SDK. Nothing of spanlog is in it."""

import json
import logging
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

provider = TracerProvider(resource=Resource.create({"service.name": "prices"}))
provider.add_span_processor(BatchSpanProcessor(FileSpanExporter(os.environ["SPAN_FILE"])))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("prices")


class JsonFormatter(logging.Formatter):
    """One JSON object a line, under the names that spanlog's `otel` preset has."""

    def format(self, record):
        line = {"time": int(record.created * 1000), "level": record.levelname.lower(), "service": "prices"}
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line |= {
                "trace_id": trace.format_trace_id(span.trace_id),
                "span_id": trace.format_span_id(span.span_id),
                "trace_flags": f"{span.trace_flags:02x}",
            }
        line["msg"] = record.getMessage()
        return json.dumps(line)


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonFormatter())
logging.basicConfig(level=logging.INFO, handlers=[handler])
log = logging.getLogger("prices")


class Prices(BaseHTTPRequestHandler):
    def do_GET(self):
        caller = propagate.extract(self.headers)
        with tracer.start_as_current_span("GET /prices/{item}", context=caller, kind=SpanKind.SERVER):
            item = self.path.rsplit("/", 1)[-1]
            log.info("pricing %s", item)
            with tracer.start_as_current_span("ask stock", kind=SpanKind.CLIENT):
                headers = {}
                propagate.inject(headers)
                with urlopen(Request(f"{os.environ['UPSTREAM']}/stock/{item}", headers=headers)) as answer:
                    left = json.load(answer)["left"]
            if left < 5:
                log.warning("only %d left, the price goes up", left)
            body = json.dumps({"item": item, "price": 42 if left < 5 else 40}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        """The access log of http.server is not JSON."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Prices)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
log.info("listening on %d", server.server_port)
try:
    server.serve_forever()
finally:
    provider.shutdown()
