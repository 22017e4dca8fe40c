#!/usr/bin/env python3
"""What a cluster takes on this one machine: latencies, throughput, failover.

    docker/kafka/brokers.sh start >brokers.txt
    docker/kafka/measure.py --brokers "$(cat brokers.txt)"

Starts fedsteps on the brokers (1, then 2, then 3, each time with topics and a folder of their own),
sends what it times, kills them, and prints a row of docs/SCALING.md's table for each number of them.
All of them, the brokers and this program share the machine: the rows say what a cluster costs, not
what more machines bring. Standard library only.
"""

import argparse
import array
import concurrent.futures
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time

SMALL = 1_000
MODELS = 12


def request(port, method, path, body=None, kind="application/octet-stream", timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def create(port, model, size, updates):
    spec = {
        "tensors": {"w": [size]},
        "optimizer": {"lrate": 0.01, "modules": ["rmsprop"]},
        "round": {"min_updates": updates, "max_updates": updates},
    }
    must(request(port, "PUT", f"/v1/models/{model}", json.dumps(spec), "application/json"))


def must(answer):
    if answer[0] not in (200, 201):
        raise SystemExit(f"answered {answer[0]}: {answer[1][:300]!r}")
    return answer


def update(port, model, round, client, body, timeout=60):
    return request(
        port, "PUT", f"/v1/models/{model}/rounds/{round}/updates/{client}", body, timeout=timeout
    )


def timed(work):
    began = time.perf_counter()
    must(work())
    return time.perf_counter() - began


class Cluster:
    def __init__(self, options, count, folder):
        self.options, self.folder = options, folder
        self.prefix = f"measure-{count}-{os.getpid()}"
        self.ports = [options.port + n for n in range(count)]
        self.running = [self.start(n) for n in range(count)]
        for n in range(count):
            self.ready(n)
        self.settle()

    def start(self, n):
        o = self.options
        run = ["-jar", o.jar] if not o.classpath else ["-cp", o.classpath, "io.fedstep.FedstepApplication"]
        log = open(f"{self.folder}/{n}.log", "ab")
        return subprocess.Popen(
            [o.java, f"-Xmx{o.heap}", *run, f"--server.port={self.ports[n]}",
             "--fedstep.engine=kafka", f"--fedstep.kafka.brokers={o.brokers}",
             f"--fedstep.kafka.prefix={self.prefix}", f"--fedstep.data-dir={self.folder}/shared",
             f"--fedstep.kafka.scratch-dir={self.folder}/scratch-{n}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip

    def ready(self, n):
        end = time.monotonic() + 180
        while True:
            try:
                if request(self.ports[n], "GET", "/actuator/health/readiness")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > end or self.running[n].poll() is not None:
                raise SystemExit(f"process {n} does not start; see {self.folder}/{n}.log")
            time.sleep(0.2)

    def share(self, n):
        lines = request(self.ports[n], "GET", "/actuator/prometheus")[1].decode().splitlines()
        return [
            int(float(line.split()[-1]))
            for name in ("fedstep_cluster_led", "fedstep_cluster_ranges")
            for line in lines
            if line.startswith(name)
        ]

    def settle(self):
        """Until all partitions are shared out, and evenly."""
        end = time.monotonic() + 120
        while True:
            shares = [self.share(n) for n in range(len(self.ports))]
            if all(
                sum(s) == 12 and max(s) - min(s) <= 1 for s in zip(*shares, strict=True)
            ):
                return
            if time.monotonic() > end:
                raise SystemExit(f"the partitions are shared out as {shares}")
            time.sleep(0.5)

    def kill(self, n):
        self.running[n].kill()
        self.running[n].wait()

    def end(self):
        for n in range(len(self.running)):
            self.kill(n)


def small_updates(cluster, repeats):
    port = cluster.ports[0]
    create(port, "small", SMALL, 10 * repeats)
    body = bytes(4 * SMALL)
    times = [timed(lambda c=c: update(port, "small", 0, f"c{c}", body)) for c in range(2 * repeats)]
    return statistics.median(times[repeats:])


def large_round(cluster, size, clients):
    """Seconds for one update alone, bytes a second of several at once, seconds of the close."""
    ports = cluster.ports
    create(ports[0], "large", size, clients)
    bodies = []
    for client in range(4):
        numbers = random.Random(client)
        block = array.array("f", (numbers.gauss(0, 1) for _ in range(10_000)))
        bodies.append(block.tobytes() * (size // 10_000))
    latencies, rates, closes = [], [], []
    for round in range(4):
        latencies.append(
            timed(lambda r=round: update(ports[0], "large", r, "c0", bodies[0]))
        )
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            futures = [
                pool.submit(update, ports[c % len(ports)], "large", round, f"c{c}", bodies[c % 4])
                for c in range(1, clients)
            ]
            for future in futures:
                must(future.result())
        ended = time.perf_counter()
        rates.append((clients - 1) * 4 * size / (ended - began))
        must(request(ports[0], "GET", f"/v1/models/large/rounds/current?wait=60s&after={round}"))
        closes.append(time.perf_counter() - ended)
    return tuple(statistics.median(all[1:]) for all in (latencies, rates, closes))


def failover(cluster, times):
    """Seconds from the kill of a process until each of some models has taken an update."""
    found = []
    body = bytes(4 * SMALL)
    for model in range(MODELS):
        create(cluster.ports[0], f"m{model}", SMALL, 1_000)
    for turn in range(times):
        victim = len(cluster.ports) - 1
        cluster.kill(victim)
        began = time.perf_counter()

        def until_taken(model, turn=turn):
            while True:
                try:
                    if update(cluster.ports[0], f"m{model}", 0, f"t{turn}", body)[0] in (200, 201):
                        return time.perf_counter()
                except OSError:
                    pass
                time.sleep(0.05)

        with concurrent.futures.ThreadPoolExecutor(MODELS) as pool:
            found.append(max(pool.map(until_taken, range(MODELS))) - began)
        cluster.running[victim] = cluster.start(victim)
        cluster.ready(victim)
        cluster.settle()
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--processes", default="1,2,3")
    arguments.add_argument("--jar", default="target/fedstep.jar")
    arguments.add_argument("--classpath", help="instead of the jar")
    arguments.add_argument("--java", default="java")
    arguments.add_argument("--heap", default="300m")
    arguments.add_argument("--port", type=int, default=29180)
    arguments.add_argument("--parameters", type=int, default=10_000_000)
    arguments.add_argument("--clients", type=int, default=5)
    arguments.add_argument("--small", type=int, default=50)
    arguments.add_argument("--kills", type=int, default=3)
    options = arguments.parse_args()
    print("| processes | small update | update of 40 MB | MB/s in, 4 at once | close | failover |")
    print("| --- | --- | --- | --- | --- | --- |")
    for count in map(int, options.processes.split(",")):
        folder = tempfile.mkdtemp(prefix="fedstep-measure-")
        cluster = Cluster(options, count, folder)
        try:
            small = small_updates(cluster, options.small)
            latency, rate, close = large_round(cluster, options.parameters, options.clients)
            row = f"| {count} | {1000 * small:.0f} ms | {latency:.2f} s | {rate / 1e6:.0f} | {close:.2f} s |"
            kills = failover(cluster, options.kills) if count > 1 and options.kills else []
            several = ", ".join(f"{t:.1f}" for t in sorted(kills))
            print(row, f"{statistics.median(kills):.1f} s ({several}) |" if kills else "- |", flush=True)
        finally:
            cluster.end()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
