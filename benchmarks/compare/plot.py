"""Draws benchmarks/results.json; it runs in an environment of its own, with matplotlib.

python plot.py RESULTS.json OUT.svg
"""

import json
import sys

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

OURS, OTHERS, UNSAFE = "#0f766e", "#94a3b8", "#cbd5e1"


def bars(axes, table, column, title):
    """One bar for each handler; the ratio stands in the column after."""
    at = table["columns"].index(column)
    rows = table["rows"][::-1]
    colors = [OURS if "this" in row[0] else OTHERS if row[1] == "yes" else UNSAFE for row in rows]
    values = [row[at] for row in rows]
    labels = [row[0] if row[1] == "yes" else f"{row[0]} (no outbox)" for row in rows]
    drawn = axes.barh(labels, values, color=colors)
    ratios = [f" {value:,.0f}  ×{row[at + 1]:.2f}" for value, row in zip(values, rows, strict=True)]
    axes.bar_label(drawn, ratios, fontsize=9)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlim(0, max(values) * 1.3)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(left=False, labelsize=9)


def main(results, out):
    with open(results) as file:
        tables = {table["name"]: table for table in json.load(file)["tables"]}
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "font.family": "sans-serif"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 2.8), layout="constrained")
    bars(left, tables["cold"], "ms", "Cold: import and first POST, ms")
    bars(right, tables["warm"], "POST", "Warm: POST, µs")
    figure.savefig(out, facecolor="white", metadata={"Date": None})


main(*sys.argv[1:])
