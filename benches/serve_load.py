"""Load and abuse of `chipcast serve`, with the standard library alone.

    python3 benches/serve_load.py [target/release/chipcast] [--rate 200] [--seconds 30] [--broken 2000]

Starts the binary on a free port, asks a mix of pages at a steady rate (an open loop: a late answer does not
slow the questions down), and prints answers a second, p50, p99 and the maximum by route, and the memory held
at the start and at the end. Then sends broken requests, and checks that each is answered by a 4xx or a
closed connection and that the server is well afterwards. Ends with exit code 1 if something does not hold.
"""

import argparse
import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

COMPANIES = ["msft", "googl", "amzn", "meta", "orcl", "nvda"]
SERIES = ["msft.capex_cash", "nvda.revenue", "meta.capex_cash", "googl.capex_cash", "amzn.capex_cash"]
SLIDERS = {
    "spend": (0.25, 3.0), "price_change": (0.6, 1.0), "lag": (0.1, 2.0), "life": (4.0, 7.0),
    "lab_share": (0.25, 0.6), "cluster_share": (0.0071, 0.81), "mfu": (0.08, 0.22),
    "availability": (0.8, 0.96), "run_days": (60.0, 150.0),
}


def question(rng):
    """A name of the kind of page, and its address."""
    kind = rng.choices(
        ["industry", "company", "series", "sliders", "api rows", "api sliders", "api small"],
        [10, 20, 20, 20, 15, 5, 10])[0]
    company, series = rng.choice(COMPANIES), rng.choice(SERIES)
    held = {key: f"{rng.uniform(*ends):.4g}" for key, ends in SLIDERS.items() if rng.random() < 0.4}
    sliders = urllib.parse.urlencode({"company": company, **held})
    path = {
        "industry": "/",
        "company": f"/company/{company}",
        "series": f"/series/{series}",
        "sliders": f"/scaling?{sliders}",
        "api rows": f"/api/v1/series/{series}/" + rng.choice(["observations", "vintages", "forecast"]),
        "api sliders": f"/api/v1/scaling?{sliders}",
        "api small": rng.choice(["/healthz", "/metrics", "/api/v1/series", "/ledger", "/announcements"]),
    }[kind]
    return kind, path


class Connection:
    """A kept-open connection that asks one question after another."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def get(self, path):
        for attempt in (0, 1):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                head = await self.reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
                await self.reader.readexactly(length)
                return int(head.split()[1])
            except (ConnectionError, asyncio.IncompleteReadError):
                # A kept-open connection may be closed between two questions; twice is an answer: none.
                self.writer.close()
                self.writer = None
                if attempt:
                    return 0


async def load(port, rate, seconds):
    """Asks at a steady rate and gives (kind, seconds, status) of each answer."""
    rng, free, took, tasks = random.Random(1), [], [], []

    async def ask(kind, path, due):
        connection = free.pop() if free else Connection(port)
        status = await connection.get(path)
        # From the moment at which it was due: waiting for a turn counts.
        took.append((kind, time.perf_counter() - due, status))
        free.append(connection)

    start = time.perf_counter()
    for n in range(int(rate * seconds)):
        due = start + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(*question(rng), due)))
    await asyncio.gather(*tasks)
    return took, time.perf_counter() - start


def broken(rng):
    """Bytes that no sound client sends."""
    good = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    noise = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400)))
    junk = bytes(rng.randrange(33, 127) for _ in range(20))
    return rng.choice([
        lambda: noise,
        lambda: b"GET " + noise + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: good + b"X: " + b"a" * rng.randrange(20_000, 200_000) + b"\r\n\r\n",
        lambda: good + b"".join(b"X%d: y\r\n" % n for n in range(500)) + b"\r\n",
        lambda: b"GET /series/%zz%GG HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /scaling?mfu=%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /scaling?mfu=1e999 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /scaling?" + junk.replace(b"&", b"") + b"=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /" + b"a" * rng.randrange(3_000, 90_000) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: rng.choice([b"POST", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"CONNECT", b"FOO"])
        + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /static/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET /runs/..%2f..%2fx/diff/%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n",
        lambda: b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        lambda: b"GET / HTTP/1.1\r\n\r\n",
        lambda: b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        lambda: good + b"Content-Length: 10\r\n\r\n0123456789",
        lambda: good + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\n",
        lambda: good + b"Host: localhost\r\n\r\n",
        lambda: good + b" folded: header\r\n\r\n",
        lambda: b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
        lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise,
    ])()


async def abuse(port, n_broken):
    """Sends broken requests and gives what is wrong with the answers."""
    rng, wrong, seen, room = random.Random(2), [], {}, asyncio.Semaphore(32)

    async def one(request):
        async with room:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                await writer.drain()
                answer = await asyncio.wait_for(reader.read(1 << 16), 15)
                writer.close()
            except (ConnectionError, OSError):
                answer = b""
            except asyncio.TimeoutError:
                wrong.append(("no answer in 15 s", request[:80]))
                return
        status = answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/") else "closed"
        seen[status] = seen.get(status, 0) + 1
        if status != "closed" and not status.startswith("4"):
            wrong.append((status, request[:80]))

    async def slow():
        """Slow loris: a header byte a second; the server has to hang up by itself."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        started = time.perf_counter()
        while time.perf_counter() - started < 20:
            try:
                writer.write(b"a")
                await writer.drain()
                if await asyncio.wait_for(reader.read(1), 1) == b"":
                    return
            except asyncio.TimeoutError:
                continue
            except ConnectionError:
                return
            return
        wrong.append(("a slow client was kept for 20 s", b""))

    slows = [asyncio.create_task(slow()) for _ in range(50)]
    await asyncio.gather(*(one(broken(rng)) for _ in range(n_broken)))
    await asyncio.gather(*slows)
    return wrong, seen


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def healthy(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return answer.status == 200


def quantile(values, level):
    values = sorted(values)
    return values[min(len(values) - 1, int(level * len(values)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parent.parent
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser.add_argument("binary", nargs="?", default=str(target / "release" / "chipcast"))
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--broken", type=int, default=2000)
    parser.add_argument("--warm", type=float, default=6.0, help="seconds before the load")
    asked = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [os.path.abspath(asked.binary), "serve", "--bind", "127.0.0.1:0"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = int(re.search(r":(\d+)/", server.stdout.readline()).group(1))
            time.sleep(asked.warm)
            before = resident(server.pid)
            # A short round first: allocators and caches reach their size.
            asyncio.run(load(port, asked.rate, 3))
            start = resident(server.pid)
            took, seconds = asyncio.run(load(port, asked.rate, asked.seconds))
            end = resident(server.pid)
            print(f"{len(took) / seconds:.0f} answers a second for {seconds:.1f} s")
            print(f"{'route':<12} {'n':>6} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
            for kind in sorted({kind for kind, _, _ in took}) + ["all"]:
                times = [t * 1e3 for k, t, _ in took if kind in (k, "all")]
                print(f"{kind:<12} {len(times):>6} {quantile(times, .5):>8.1f} "
                      f"{quantile(times, .99):>8.1f} {max(times):>8.1f}")
            print(f"memory: {before:.0f} MB warm, {start:.0f} MB at the start, {end:.0f} MB at the end")
            statuses = sorted({status for _, _, status in took})
            if statuses != [200]:
                failed.append(f"statuses {statuses}")
            if quantile([t for _, t, _ in took], .99) >= 0.050:
                failed.append("p99 is 50 ms or more")
            if asked.broken:
                wrong, seen = asyncio.run(abuse(port, asked.broken))
                print(f"broken requests: {dict(sorted(seen.items()))}")
                failed += [f"{what}: {request!r}" for what, request in wrong[:10]]
                print(f"memory after them: {resident(server.pid):.0f} MB")
            if not healthy(port):
                failed.append("not healthy afterwards")
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(30)
        if code != 0:
            failed.append(f"exit code {code}")
    for words in failed:
        print(f"does not hold: {words}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
