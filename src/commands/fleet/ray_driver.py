#!/usr/bin/env python3
"""Runs windtunnel on a fleet of transcripts with Ray; the result is that of a single run.

    windtunnel fleet driver ray > fleet.py
    python3 fleet.py /mnt/transcripts --out fleet --tasks 64 -- --set R4.cap=200

Every node sees the folders and has the program under the path that --binary names. All keys meet in
the memory of this process: for hundreds of millions of calls take the driver for Spark. What comes
after `--` are flags of `compare`; files among them are sent along. FLEET.md has the rest.
"""
import argparse
import heapq
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict

import pyarrow as pa
import ray


def call(words, rows=None, files=None, told=None):
    """Runs the program on rows; files it reads are laid into a folder of this attempt alone."""
    with tempfile.TemporaryDirectory(prefix="windtunnel-") as folder:
        for name, data in (files or {}).items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        words = [os.path.join(folder, word) if word in (files or {}) else word for word in words]
        sink = pa.BufferOutputStream()
        if rows is not None:
            with pa.ipc.new_stream(sink, rows.schema) as writer:
                writer.write_table(rows)
        done = subprocess.run(words, input=sink.getvalue().to_pybytes(), capture_output=True,
                              env={**os.environ, "WINDTUNNEL_CACHE": "off", **(told or {})})
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip()
            command = " ".join(words[1:3])
            raise RuntimeError(f"windtunnel {command}: exit code {done.returncode}: {reason}")
        return done.stdout


@ray.remote(max_retries=4)
def work(words, rows, files):
    """The same on a worker; Ray runs it again where a worker is lost."""
    files = {name: ray.get(data) for name, data in files.items()}
    return call(words, rows, files, {"RAYON_NUM_THREADS": "1"})  # a task has one core


def rows_of(stream):
    return pa.ipc.open_stream(stream).read_all()


def packed(groups, count):
    """Groups of (bytes, places) in so many parts of about the same size, the places of each."""
    parts = [(0, at, []) for at in range(min(count, len(groups)))]
    for size, places in sorted(groups, reverse=True):
        held, at, taken = heapq.heappop(parts)
        heapq.heappush(parts, (held + size, at, taken + places))
    return [sorted(taken) for _, _, taken in parts]


def grouped(files, name_of):
    """Groups of files by a name, as (bytes, places)."""
    groups = defaultdict(lambda: [0, []])
    columns = zip(files["unit"].to_pylist(), files["bytes"].to_pylist())
    for at, (unit, size) in enumerate(columns):
        group = groups[name_of(unit)]
        group[0] += size
        group[1].append(at)
    return [tuple(group) for group in groups.values()]


def main():
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="as every node sees it")
    parser.add_argument("--out", required=True, help="folder of the results")
    parser.add_argument("--binary", default="windtunnel", help="the program, on every node")
    parser.add_argument("--name", default="fleet", help="name of the recording")
    parser.add_argument("--tasks", type=int, default=64, help="default: 64")
    parser.add_argument("--draws", type=int, help="default: as compare chooses")
    parser.add_argument("--parts", type=int, help="of the recording (default: by its calls)")
    parser.add_argument("--address", help="of the cluster (default: one on this machine)")
    asked, flags = parser.parse_args(words[:cut]), words[cut + 1:]
    ray.init(address=asked.address)
    os.makedirs(asked.out, exist_ok=True)
    fleet = [asked.binary, "fleet"]

    files = rows_of(call([*fleet, "files", *asked.folders]))
    parts = packed(grouped(files, lambda unit: unit), asked.tasks)
    answers = [work.remote([*fleet, "keys"], files.take(part), {}) for part in parts]
    above, first, facts = {}, {}, []

    def root(unit):
        while above.setdefault(unit, unit) != unit:
            above[unit] = unit = above[above[unit]]
        return unit

    for answer in answers:
        for row in rows_of(ray.get(answer)).to_pylist():
            if row["fact"] is not None:
                facts.append(row["fact"])
            if row["key"] is not None:
                above[root(row["unit"])] = root(first.setdefault(row["key"], row["unit"]))
    groups = grouped(files, root)
    plan = call([*fleet, "plan"], pa.table({"fact": pa.array(facts, pa.string())}))
    sent = {"plan.json": ray.put(plan)}
    parts = packed(groups, asked.tasks)
    print(f"{files.num_rows} files in {len(groups)} groups, {len(parts)} tasks", flush=True)
    answers = [work.remote([*fleet, "map", "--plan", "plan.json"], files.take(part), sent)
               for part in parts]
    shards = pa.concat_tables([rows_of(answer) for answer in ray.get(answers)])
    recording = os.path.join(asked.out, "fleet.wtr")
    call([*fleet, "merge", "--name", asked.name, "-o", recording], shards)

    draws = [] if asked.draws is None else ["--draws", str(asked.draws)]
    parts = [] if asked.parts is None else ["--parts", str(asked.parts)]
    words, sets = [recording, *flags, *draws], os.path.join(asked.out, "sets.json")
    with open(sets, "wb") as file:
        told = call([*fleet, "sets", *words, *parts])
        file.write(told)
    count, sent = json.loads(told)["draws"], {}
    for at, flag in enumerate([sets, *filter(os.path.isfile, flags)]):
        with open(flag, "rb") as file:
            sent[f"{at}-{os.path.basename(flag)}"] = ray.put(file.read())
    names = dict(zip([sets, *filter(os.path.isfile, flags)], sent))
    ask = [*(names.get(word, word) for word in flags), *draws, "--sets", names[sets]]
    parts = []
    with tempfile.TemporaryDirectory(prefix="windtunnel-") as folder:
        out = os.path.join(folder, "parts")
        call([*fleet, "cut", *words, "--sets", sets, "--out", out])
        for path in (file.path for file in os.scandir(out) if file.name.endswith(".wtr")):
            with open(path, "rb") as file:
                parts.append(ray.put(file.read()))
    each = max(1, min(asked.tasks // len(parts), count))
    cuts = [count * at // each for at in range(each + 1)]
    ask = [*fleet, "draws", "part.wtr", *ask]
    answers = [work.remote([*ask, "--first", str(a), "--count", str(b - a)], None,
                           {**sent, "part.wtr": part})
               for part in parts for a, b in zip(cuts, cuts[1:])]
    drawn = os.path.join(asked.out, "drawn.jsonl")
    with open(drawn, "wb") as file:
        file.writelines(ray.get(answers))
    with open(os.path.join(asked.out, "compare.json"), "wb") as file:
        file.write(call([asked.binary, "compare", *words, "--drawn", drawn, "--json"]))
    print(f"{asked.out}/compare.json", flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main()
