"""The scenario every Python client goes through.

A topic is created; one client writes keyed records with headers while another reads them; half way
the caller is told (`half`) and kills a leader; when all are acknowledged (`acknowledged`) a second
reader starts from the earliest offsets. Events are JSON lines on stdout, the last is the `report`.
"""

import argparse
import json
import threading
import time

PARTITIONS = 3
KEYS = 17
# Slow enough for the records of the second half to be sent while the leader is gone.
PAUSE_S = 0.002


def event(name, **fields):
    print(json.dumps({"event": name, **fields}), flush=True)


def timed(call):
    start = time.monotonic()
    call()
    return time.monotonic() - start


class Seen:
    """What one reader has read, held against what was sent."""

    def __init__(self, records):
        self.records = records
        self.values = []
        self.offsets = {}
        self.wrong = []

    def take(self, partition, offset, key, value, headers):
        number = int(value)
        if key != key_of(number) or list(headers) != headers_of(number):
            self.wrong.append(f"record {number}: key {key!r}, headers {headers!r}")
        if offset <= self.offsets.get(partition, -1):
            self.wrong.append(f"offset {offset} of partition {partition} came late")
        self.offsets[partition] = offset
        self.values.append(number)

    def complete(self):
        return len(self.values) >= self.records

    def report(self):
        last, disorder = {}, 0
        for number in self.values:
            key = number % KEYS
            disorder += number < last.get(key, -1)
            last[key] = max(number, last.get(key, -1))
        distinct = set(self.values)
        return {
            "consumed": len(self.values),
            "lost": self.records - len(distinct),
            "duplicated": len(self.values) - len(distinct),
            "out_of_order": disorder,
            "wrong": self.wrong[:5],
        }


def key_of(number):
    return b"key-%d" % (number % KEYS)


def headers_of(number):
    return [("number", b"%d" % number), ("number", b"again"), ("empty", b"")]


def read(reader, seen, deadline):
    while not seen.complete() and time.monotonic() < deadline:
        for record in reader.poll():
            seen.take(*record)


def run(library):
    """`library(bootstrap, topic)` offers create_topic, reader, writer and leader."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--records", type=int, required=True)
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60
    client = library(arguments.bootstrap, arguments.topic)
    client.create_topic(PARTITIONS)

    live, closes = Seen(arguments.records), {}
    reader = client.reader(PARTITIONS)
    reading = threading.Thread(target=read, args=(reader, live, deadline), daemon=True)
    reading.start()

    writer = client.writer()
    for number in range(arguments.records):
        if number == arguments.records // 2:
            event("half", leader=writer.leader(0))
        writer.send(key_of(number), b"%d" % number, headers_of(number))
        time.sleep(PAUSE_S)
    writer.flush()
    event("acknowledged")
    closes["writer"] = timed(writer.close)
    reading.join(timeout=60)
    closes["reader"] = timed(reader.close)

    again = Seen(arguments.records)
    second = client.reader(PARTITIONS)
    read(second, again, time.monotonic() + 30)
    closes["second_reader"] = timed(second.close)
    event(
        "report",
        acknowledged=writer.acknowledged,
        failures=[str(failure) for failure in writer.failures[:5]],
        live=live.report(),
        again=again.report(),
        closes=closes,
    )
