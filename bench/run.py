"""Runs the benchmarks of a build and writes bench/results.md. `./dev bench [NAME...]` calls it.

A benchmark is a program of two kinds in BUILD/bin:

  x_bench    Google Benchmark; its times are listed as they are
  x_compare  ours against a baseline; `x_compare --json FILE` writes
             {"rows": [{"what": "...", "unit": "s", "ours": [..], "baseline": [..], "note": "..."}]}
             where ours and baseline are one number for each interleaved round (baseline may be
             missing, when a target is absolute); the table shows medians, ranges, and the median
             and range of the ratio round by round

Results of programs that were not named are kept from the last run, or from results.md.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time


def machine():
    cpu, memory = "unknown", 0
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.split(":")[1].strip()
    for line in pathlib.Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemTotal"):
            memory = round(int(line.split()[1]) / 2**20)
    return f"{cpu}, {os.cpu_count()} cores, {memory} GiB, {platform.system()} {platform.release()}"


def number(value):
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(values, unit):
    text = f"{number(statistics.median(values))} {unit}"
    if len(values) > 1:
        text += f" ({number(min(values))}..{number(max(values))})"
    return text


def compare_row(row):
    """One line of the table from one row of an x_compare program."""
    # Programs that write canonical JSON, which has no fractions, write them as strings.
    ours, baseline = ([float(value) for value in row.get(side, [])]
                      for side in ("ours", "baseline"))
    ratio = ""
    if len(baseline) == len(ours):
        ratios = [a / b for a, b in zip(ours, baseline)]
        ratio = f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f}..{max(ratios):.2f})"
    elif baseline:
        ratio = f"**{statistics.median(ours) / statistics.median(baseline):.2f}**"
    return [row["what"], spread(ours, row["unit"]),
            spread(baseline, row["unit"]) if baseline else "", ratio, str(len(ours)),
            row.get("note", "")]


def bench_rows(report):
    """The lines of a Google Benchmark report."""
    for entry in report["benchmarks"]:
        if entry.get("run_type") == "aggregate":
            continue
        extra = ", ".join(f"{key} {number(entry[key])}" for key in sorted(entry)
                          if key not in KNOWN and isinstance(entry[key], (int, float)))
        yield [entry["name"], f"{number(entry['real_time'])} {entry['time_unit']}", "", "",
               number(entry["iterations"]), extra]


KNOWN = {"name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations",
         "real_time", "cpu_time", "time_unit", "family_index", "per_family_instance_index"}


def run(program, out):
    start = time.monotonic()
    if program.name.endswith("_compare"):
        command = [program, "--json", out]
    else:
        command = [program, f"--benchmark_out={out}", "--benchmark_out_format=json"]
    print(f"== {program.name}", flush=True)
    subprocess.run(command, check=True)
    print(f"-- {program.name}: {time.monotonic() - start:.0f} s", flush=True)


def rows_of(path):
    report = json.loads(path.read_text(encoding="utf-8"))
    if "rows" in report:
        return [compare_row(row) for row in report["rows"]]
    return list(bench_rows(report))


def old_sections(path):
    """Of an earlier results.md: by program, its lines from the heading on."""
    out = {}
    name = None
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line.startswith("## "):
            name = line[3:].split(" ")[0]
        if name:
            out.setdefault(name, []).append(line)
    return out


def write_results(folder, programs, path):
    lines = ["# Results of the benchmarks", "",
             "Written by `./dev bench`; medians, with the range in parentheses. Rounds of ours and",
             "of the baseline are interleaved in one run, so the ratio is worth more than either.",
             "`./dev bench NAME` (`tpch`, `ledger`, ...) runs one of them again.",
             "", f"Machine: {machine()}.", ""]
    sections = old_sections(path)
    for file in folder.glob("*.json"):
        day = time.strftime("%Y-%m-%d", time.gmtime(file.stat().st_mtime))
        sections[file.stem] = [f"## {file.stem} ({day})", "",
                               "| what | ours | baseline | ours / baseline | rounds | note |",
                               "|---|---|---|---|---|---|"]
        sections[file.stem] += ["| " + " | ".join(cells) + " |" for cells in rows_of(file)]
        sections[file.stem].append("")
    for name in sorted(sections):
        if name in programs:
            lines += sections[name]
    path.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("names", nargs="*", help="noise, noise_bench; all when none is given")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[1]
    folder = root / options.build / "bench-results"
    folder.mkdir(parents=True, exist_ok=True)
    programs = sorted(path for path in (root / options.build / "bin").iterdir()
                      if path.name.endswith(("_bench", "_compare")))
    chosen = [path for path in programs if not options.names or
              path.name in options.names or path.name.rsplit("_", 1)[0] in options.names]
    if not chosen:
        sys.exit(f"no such benchmark; there are: {', '.join(path.name for path in programs)}")
    for program in chosen:
        run(program, folder / f"{program.name}.json")
    names = {path.stem for path in (root / "bench").glob("*.cc")}
    write_results(folder, names, root / "bench" / "results.md")
    print(f"written: bench/results.md ({len(chosen)} programs run)")


if __name__ == "__main__":
    main()
