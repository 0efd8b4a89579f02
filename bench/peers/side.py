"""What the Python sides share: the protocol, and the tensors that all sides start from.

A side answers requests, a line of JSON each, with a line of JSON: {"do": "load", "work": NAME, "file": PATH} with {"values": [...]}, the
numbers of the first steps; {"do": "time", "seconds": S} with {"us": microseconds per step}; {"do": "memory"} with {"bytes": the most
its process has held}; and {"do": "end"} by ending. Its first line says
what it is: {"ready": {"versions": {...}, "import_us": ...}}.
"""

import json
import resource
import sys
import time

import numpy as np

FIRST_STEPS = 5


def read_tensors(path):
    """The arrays of a safetensors file, by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    kinds = {"F32": np.float32, "I32": np.int32}
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(entry["shape"]).copy()
        for name, entry in header.items()
    }


def parameters(tensors):
    """The arrays p0, p1, ..."""
    return [tensors[f"p{i}"] for i in range(sum(name.startswith("p") for name in tensors))]


def timed(step, seconds):
    """Microseconds of a step, the mean over about as many seconds."""
    begin = time.perf_counter()
    calls = 0
    while calls < 2 or time.perf_counter() - begin < seconds / 5:
        step()
        calls += 1
    once = (time.perf_counter() - begin) / calls
    count = max(1, round(seconds / once))
    begin = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - begin) / count * 1e6


def serve(ready, start):
    """Answers requests; start(name, tensors) gives (step, value), value() reading the number of the step just taken."""
    answer = lambda result: print(json.dumps(result), flush=True)
    answer({"ready": ready})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "load":
                step, value = start(request["work"], read_tensors(request["file"]))
                values = []
                for _ in range(FIRST_STEPS):
                    step()
                    values.append(value())
                answer({"values": values})
            elif request["do"] == "time":
                answer({"us": timed(step, request["seconds"])})
            elif request["do"] == "memory":
                unit = 1 if sys.platform == "darwin" else 1024
                answer({"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit})
            else:
                return
        except Exception as error:
            answer({"cannot": f"{type(error).__name__}: {error}"[:300]})
