#!/usr/bin/env python3
"""Runs windtunnel on a fleet of transcripts with Spark; the result is that of a single run.

    windtunnel fleet driver spark > fleet.py
    spark-submit fleet.py /mnt/transcripts --out fleet --partitions 512 -- --set R4.cap=200
    python3 fleet.py s3a://bucket/transcripts --out fleet --master 'local[2]'

Spark carries rows, one program does all the work: this driver sends the windtunnel that it was
given to the workers, which run it on Arrow streams. Its subcommands are pure functions of their
input, so that Spark may run a task twice. Nothing is written outside of --out but temporary files
without a name. What comes after `--` are flags of `compare`; files among them (as words of their
own) are sent along. FLEET.md, which comes with the package, has the rest.
"""
import argparse
import heapq
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
from pyspark import SparkFiles, StorageLevel, TaskContext
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

FILES = pa.schema([("unit", pa.string()), ("label", pa.string()), ("path", pa.string()),
                   ("bytes", pa.int64())])
KEYS = pa.schema([("unit", pa.string()), ("key", pa.binary()), ("fact", pa.string())])
SHARDS = pa.schema([("shard", pa.binary())])
LINES = pa.schema([("line", pa.string())])
TRANSCRIPTS = tuple(ending + packed for packed in ("", ".gz", ".zst") for ending in
                    (".jsonl", ".ndjson", ".json", ".log", ".txt", ".out", ".telemetry_cleared_at"))
LEDGER = "sessions.jsonl"  # the index of an AutoSkillit log: what lies beside and below is one unit
HIDDEN = (".", "_")


class Sent(str):
    """The name of a file that Spark brings to every worker."""


def call(words, batches=()):
    """Runs the program on a stream of batches; what it prints, as a file without a name."""
    words = [SparkFiles.get(word) if isinstance(word, Sent) else word for word in words]
    out, said = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    env, task = {**os.environ, "WINDTUNNEL_CACHE": "off"}, TaskContext.get()
    if task:  # a program a task: each takes its own cores, and the memory of so many threads
        env["RAYON_NUM_THREADS"] = str(task.cpus())
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=said, env=env)
    is_heard, writer = True, None
    try:
        for batch in batches:
            if writer is None:
                writer = pa.ipc.new_stream(child.stdin, batch.schema)
            writer.write_batch(batch)
        if writer is not None:
            writer.close()
        child.stdin.close()
    except BrokenPipeError:
        is_heard = False  # it has given up, and says why
    except BaseException:
        child.kill()
        raise
    if child.wait() != 0 or not is_heard:
        said.seek(0)
        reason = said.read().decode(errors="replace").strip()
        command = " ".join(words[1:3])
        raise RuntimeError(f"windtunnel {command}: exit code {child.returncode}: {reason}")
    out.seek(0)
    return out


def answers(words, batches):
    """The rows that the program answers."""
    yield from pa.ipc.open_stream(call(words, batches))


def drawn(words, batches):
    """The draws of ranges of parts, a line each."""
    for batch in batches:
        for row in batch.to_pylist():
            ask = [Sent(row["part"]), "--first", str(row["first"]), "--count", str(row["count"])]
            lines = call(words + ask).read().decode().splitlines()
            yield pa.RecordBatch.from_pydict({"line": lines}, schema=LINES)


def on_workers(frame, stage, words, schema, run=answers):
    """Each partition through one run of the program, and at its end a row that tells of it."""
    columns = ", ".join(f"{field.name} {field.type}" for field in schema)
    told = schema.append(pa.field("trace", pa.string()))

    def work(batches):
        taken = given = 0

        def counted():
            nonlocal taken
            for batch in batches:
                taken += batch.num_rows
                yield batch

        rows = counted()
        first = next(rows, None)
        if first is not None:
            for answer in run(words, (batch for part in ([first], rows) for batch in part)):
                table = pa.Table.from_batches([answer]).select(schema.names).cast(schema)
                given += table.num_rows
                yield from table.append_column(
                    "trace", pa.nulls(table.num_rows, pa.string())).to_batches()
        context = TaskContext.get()
        place = os.path.basename(os.path.abspath(SparkFiles.getRootDirectory()))
        trace = json.dumps({"stage": stage, "partition": context.partitionId(),
                            "taken": taken, "given": given, "attempt": context.attemptNumber(),
                            "worker": f"{socket.gethostname()}/{place}"})
        empty = {name: [None] for name in schema.names}
        yield pa.RecordBatch.from_pydict({**empty, "trace": [trace]}, schema=told)

    return frame.mapInArrow(work, columns + ", trace string")


def tell(rows, files=None):
    """Prints where each partition was worked on; of files, each has to have been."""
    rows = sorted((json.loads(row.trace) for row in rows), key=lambda row: row["partition"])
    for row in rows:
        print("{stage} partition {partition}: {taken} rows in, {given} out, worker {worker}, "
              "attempt {attempt}".format(**row), flush=True)
    taken = sum(row["taken"] for row in rows)
    if files not in (None, taken):
        sys.exit(f"Spark brought {taken} of {files} files to the program")


def files_of_folders(binary, folders):
    """Every file of folders that all workers see."""
    rows = pa.Table.from_batches(answers([binary, "fleet", "files", *folders], ()))
    return rows.select(FILES.names).cast(FILES).to_pandas()


def files_of_store(spark, urls):
    """The same of a store that only Spark reads; and their contents, by path."""
    rows, roots, hidden = [], [], []
    urls = sorted({url.rstrip("/") for url in urls})
    for url in urls:
        root = spark._jvm.org.apache.hadoop.fs.Path(url)
        store = root.getFileSystem(spark._jsc.hadoopConfiguration())
        root = store.makeQualified(root)
        base = root.toString()
        roots.append(base)
        prefix = root.getName() + "/" if len(urls) > 1 else ""
        found, sizes = store.listFiles(root, True), {}
        while found.hasNext():
            file = found.next()
            sizes[file.getPath().toString()[len(base) + 1:]] = file.getLen()
        ledgers = {name[:-len(LEDGER)] for name in sizes if f"/{name}".endswith(f"/{LEDGER}")}
        for name in sorted(sizes):
            if not name.endswith(TRANSCRIPTS):
                continue
            above = [name[:at + 1] for at, letter in enumerate(name) if letter == "/"]
            # Spark enters no folder whose name begins with these, unless it is told to.
            roots += [f"{base}/{folder[:-1]}" for folder in above
                      if folder[:-1].rpartition("/")[2].startswith(HIDDEN)]
            if name.rpartition("/")[2].startswith(HIDDEN):
                hidden.append(name)
            else:
                unit = next((folder for folder in ["", *above] if folder in ledgers), name)
                rows.append((prefix + unit, prefix + name, f"{base}/{name}", sizes[name]))
    if hidden:
        print(f"left out, because Spark reads no files of such names: {len(hidden)}, the first is "
              f"{hidden[0]}", file=sys.stderr)
    reader = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    content = reader.load(sorted(set(roots))).select("path", "content")
    return pa.table(list(zip(*rows)), schema=FILES).to_pandas(), content


def components(keys):
    """Units that a key ties together, directly or over others: (id, the group's id), but for units
    that are groups of their own. Large stars and small ones in turn, until nothing changes
    (Kiveris et al., Connected Components in MapReduce and Beyond, 2014)."""
    lowest = Window.partitionBy("a")
    by_key = F.min("a").over(Window.partitionBy("key"))
    edges = (keys.where("key is not null").select(F.xxhash64("unit").alias("a"), "key")
             .select("a", by_key.alias("b")).where("a > b").distinct())
    seen = None
    for round_ in range(1, 100):
        edges = edges.persist(StorageLevel.DISK_ONLY)
        # An order-free fingerprint: one pass, and no second copy to compare with.
        mark = edges.agg(F.count("*"), F.expr("bit_xor(xxhash64(a, b))")).first()
        if mark == seen:
            return edges.select(F.col("a").alias("id"), F.col("b").alias("root"))
        print(f"components round {round_}: {mark[0]} ties", flush=True)
        seen = mark
        both = edges.union(edges.select(F.col("b").alias("a"), F.col("a").alias("b")))
        large = (both.withColumn("low", F.least("a", F.min("b").over(lowest))).where("b > a")
                 .select(F.col("b").alias("a"), F.col("low").alias("b")).distinct())
        ends = F.explode(F.array("a", "b"))
        edges = (large.withColumn("low", F.min("b").over(lowest))
                 .select(ends.alias("a"), F.col("low").alias("b")).where("a <> b").distinct())
    raise RuntimeError("the units did not fall into groups in 100 rounds")


def packed(spark, groups, count):
    """Whole groups in partitions of about the same size: (root, slot). Spark deals rows by the hash
    of a column, so that a slot is a number that it deals to the partition meant."""
    dealt = (spark.range(64 * count).groupBy(F.expr(f"pmod(hash(id), {count})").alias("part"))
             .agg(F.min("id").alias("slot")).collect())
    bins = [(0, row.slot) for row in sorted(dealt)]
    heapq.heapify(bins)
    placed = []
    for row in sorted(groups, key=lambda row: (-row.bytes, row.root)):
        size, slot = heapq.heappop(bins)
        placed.append((row.root, slot))
        heapq.heappush(bins, (size + row.bytes, slot))
    return spark.createDataFrame(placed, "root long, slot long")


def options(words):
    """What was asked for, and the flags behind `--`."""
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER",
                        help="transcripts: a path that all workers see, or a URL that Spark reads")
    parser.add_argument("--out", required=True, help="folder of the results, on the driver")
    parser.add_argument("--binary", default="windtunnel",
                        help="the program, on the driver; it is sent to the workers")
    parser.add_argument("--on-workers", metavar="PATH",
                        help="the program as the workers have it, instead of the one that is sent")
    parser.add_argument("--name", default="fleet", help="name of the recording")
    parser.add_argument("--partitions", type=int, default=64, help="default: 64")
    parser.add_argument("--draws", type=int,
                        help="draws of the uncertainty study (default: as compare chooses)")
    parser.add_argument("--parts", type=int,
                        help="parts of the recording for the draws (default: by its calls)")
    parser.add_argument("--report", action="store_true", help="also write the report")
    parser.add_argument("--master", help="where Spark runs (default: as spark-submit says)")
    parser.add_argument("--conf", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of Spark; may be repeated")
    return parser.parse_args(words[:cut]), words[cut + 1:]


def session(asked, is_store):
    """Spark, with partitions as they are asked for."""
    builder = SparkSession.builder.appName("windtunnel")
    if asked.master:
        builder = builder.master(asked.master)
    for setting in ["spark.sql.adaptive.enabled=false",
                    f"spark.sql.shuffle.partitions={asked.partitions}",
                    # A batch of Arrow ends at 2 GB: contents go one by one.
                    f"spark.sql.execution.arrow.maxRecordsPerBatch={1 if is_store else 1000}",
                    "spark.sql.execution.arrow.pyspark.enabled=true", *asked.conf]:
        builder = builder.config(*setting.split("=", 1))
    return builder.getOrCreate()


class Fleet:
    """One run, from transcripts to what compare says of them."""

    def __init__(self, spark, asked, binary, scratch):
        self.spark, self.asked, self.binary, self.scratch = spark, asked, binary, scratch
        self.worker = [asked.on_workers or self.send(binary), "fleet"]
        self.started = self.last = time.monotonic()

    def send(self, path):
        """Brings a file of the driver to all workers, under a name of its own."""
        name = f"{len(os.listdir(self.scratch))}-{os.path.basename(path)}"
        sent = shutil.copy(path, os.path.join(self.scratch, name))
        self.spark.sparkContext.addFile(sent)
        return Sent(name)

    def done(self, what):
        now = time.monotonic()
        print(f"{what}: {now - self.last:.1f} s, {now - self.started:.1f} s in all", flush=True)
        self.last = now

    def made(self, name):
        """The path of a result."""
        return os.path.join(self.asked.out, name)

    def import_files(self, files, content):
        """Files to one recording."""
        count = self.asked.partitions

        def dealt(frame, column):
            frame = frame if content is None else content.join(F.broadcast(frame), "path")
            return frame.repartition(count, column).drop("id", "root", "slot")

        frame = self.spark.createDataFrame(files).withColumn("id", F.xxhash64("unit"))
        keys = on_workers(dealt(frame, "unit"), "keys", [*self.worker, "keys"], KEYS)
        keys = keys.persist(StorageLevel.DISK_ONLY)
        tell(keys.where("trace is not null").select("trace").collect(), len(files))
        self.done("keys")

        root = F.coalesce("root", "id")
        frame = frame.join(components(keys), "id", "left").withColumn("root", root)
        groups = frame.groupBy("root").agg(F.sum("bytes").alias("bytes")).collect()
        frame = frame.join(packed(self.spark, groups, count), "root")
        print(f"{len(files)} files in {len(groups)} groups", flush=True)
        self.done("groups")

        rows = keys.where("fact is not null").select("fact").toLocalIterator()
        some = iter(lambda: [row.fact for row in itertools.islice(rows, 10_000)], [])
        facts = (pa.RecordBatch.from_pydict({"fact": part}) for part in some)
        plan = os.path.join(self.scratch, "plan.json")
        with open(plan, "wb") as file:
            shutil.copyfileobj(call([self.binary, "fleet", "plan"], facts), file)
        words = [*self.worker, "map", "--plan", self.send(plan)]
        shards = on_workers(dealt(frame, "slot"), "map", words, SHARDS)
        # Two copies: what a lost worker has done is not done again.
        shards = shards.persist(StorageLevel.DISK_ONLY_2)
        tell(shards.where("trace is not null").select("trace").collect(), len(files))
        self.done("map")

        rows = shards.where("shard is not null").select("shard").toLocalIterator()
        parts = (pa.RecordBatch.from_pydict({"shard": [bytes(row.shard)]}, schema=SHARDS)
                 for row in rows)
        recording = self.made("fleet.wtr")
        call([self.binary, "fleet", "merge", "--name", self.asked.name, "-o", recording], parts)
        self.done("merge")
        return recording

    def compare(self, recording, flags):
        """What compare says of the recording, its draws made by the workers."""
        draws = [] if self.asked.draws is None else ["--draws", str(self.asked.draws)]
        parts = [] if self.asked.parts is None else ["--parts", str(self.asked.parts)]
        sent = [self.send(flag) if os.path.isfile(flag) else flag for flag in flags]
        fleet, asked = [self.binary, "fleet"], [recording, *flags, *draws]
        sets, folder = self.made("sets.json"), os.path.join(self.scratch, "parts")
        with open(sets, "wb") as file:
            shutil.copyfileobj(call([*fleet, "sets", *asked, *parts]), file)
        with open(sets, encoding="utf-8") as file:
            count = json.load(file)["draws"]
        self.done("sets")
        call([*fleet, "cut", *asked, "--sets", sets, "--out", folder])
        parts = [self.send(file.path) for file in os.scandir(folder) if file.name.endswith(".wtr")]
        words = [*self.worker, "draws", *sent, *draws, "--sets", self.send(sets)]
        each = max(1, min(self.asked.partitions // len(parts), count))
        cuts = [count * at // each for at in range(each + 1)]
        ranges = [(str(part), a, b - a) for part in parts for a, b in zip(cuts, cuts[1:])]
        print(f"{len(parts)} parts, {len(ranges)} tasks", flush=True)
        frame = self.spark.sparkContext.parallelize(ranges, len(ranges))
        frame = self.spark.createDataFrame(frame, "part string, first long, count long")
        rows = on_workers(frame, "draws", words, LINES, drawn).collect()
        tell(row for row in rows if row.trace)
        lines = self.made("drawn.jsonl")
        with open(lines, "w", encoding="utf-8") as file:
            file.writelines(row.line + "\n" for row in rows if row.line)
        self.done("draws")

        with open(self.made("compare.json"), "wb") as file:
            answer = call([self.binary, "compare", *asked, "--drawn", lines, "--json"])
            shutil.copyfileobj(answer, file)
        if self.asked.report:
            call([self.binary, "report", *asked, "--out", self.made("report")])
        self.done("compare")


def main():
    asked, flags = options(sys.argv[1:])
    binary = shutil.which(asked.binary) or sys.exit(f"{asked.binary}: no such program")
    os.makedirs(asked.out, exist_ok=True)
    is_store = any("://" in folder for folder in asked.folders)
    spark = session(asked, is_store)
    with tempfile.TemporaryDirectory(prefix="windtunnel-") as scratch:
        fleet = Fleet(spark, asked, binary, scratch)
        if is_store:
            files, content = files_of_store(spark, asked.folders)
        else:
            files, content = files_of_folders(binary, asked.folders), None
        fleet.compare(fleet.import_files(files, content), flags)
    spark.stop()


if __name__ == "__main__":
    main()
