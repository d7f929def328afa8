import { describe, expect, it } from "vitest";
import { painter, table } from "../../daemon/src/ctl/table.ts";
import { ago, cut, json, localTime, printable, width } from "../../daemon/src/ctl/text.ts";
import { processTree } from "../../daemon/src/ctl/tree.ts";

const plain = { legend: true, paint: painter(false), footer: "end" };

describe("tables", () => {
  it("align left and right, with - for what is empty", () => {
    const rows = [
      ["1", "a"],
      ["22", ""],
    ];
    expect(table([{ title: "N", right: true }, { title: "NAME" }], rows, plain)).toEqual([
      " N  NAME",
      " 1  a",
      "22  -",
      "",
      "end",
    ]);
  });

  it("count characters, not bytes or code units, and colours not at all", () => {
    const columns = [{ title: "A" }, { title: "B" }];
    const rows = [
      ["é\u{1f600}", "x"],
      [{ text: "ab", tint: "green" as const }, "y"],
    ];
    const lines = table(columns, rows, { legend: false, paint: painter(true), footer: "" });
    expect(lines).toEqual(["é\u{1f600}  x", "\u001b[32mab\u001b[0m  y"]);
  });
});

describe("text", () => {
  it.each([
    ["plain é \u{1f600}", "plain é \u{1f600}"],
    ["\u001b[31m", "\\x1b[31m"],
    ["a\tb\nc\u0000", "a\\x09b\\x0ac\\x00"],
    ["\u009b\u007f", "\\x9b\\x7f"],
    ["\u202eabc\u2066", "\\u202eabc\\u2066"],
    ["\ud800", "\\ud800"],
  ])("%j becomes printable", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("stays the same value in JSON", () => {
    const value = { text: "\u009b\u202e\ud800\u0000é", list: ["\u007f"] };
    const text = json(value, 2);
    expect(text).toMatch(/^[ -~\né]*$/);
    expect(JSON.parse(text)).toEqual(value);
  });

  it("is cut at a width in characters", () => {
    expect(cut("\u{1f600}bcd", 3)).toBe("\u{1f600}b…");
    expect(cut("abc", 3)).toBe("abc");
    expect(width("\u{1f600}b")).toBe(2);
  });

  it.each([
    [0, "0s ago"],
    [59, "59s ago"],
    [60, "1min ago"],
    [3599, "59min ago"],
    [3661, "1h 1min ago"],
    [90_000, "1d 1h ago"],
    [-5, "in the future"],
  ])("%i seconds are %s", (seconds, expected) => {
    expect(ago(1e15, 1e12 + seconds * 1000)).toBe(expected);
  });

  it("shows local time", () => {
    const at = new Date(2026, 0, 2, 3, 4, 5);
    expect(localTime(at.getTime() * 1000)).toBe("2026-01-02 03:04:05");
    expect(localTime(Number.MAX_SAFE_INTEGER * 1000)).toBe("an unknown time");
  });
});

describe("the process tree", () => {
  const process = (pid: number, parent: number, cgroup = "") => ({ pid, parent, command: `c${pid}`, cgroup });

  it("hangs children below their parents and groups below the session", () => {
    const lines = processTree(
      [process(12, 10), process(10, 1), process(11, 10), process(20, 10, "app")],
      true,
    );
    expect(lines).toEqual(["├─10 c10", "│ ├─11 c11", "│ └─12 c12", "└─app", "  └─20 c20"]);
  });

  it("shows every process once, even those that claim each other as parents", () => {
    const lines = processTree([process(1, 2), process(2, 1), process(3, 3)], false);
    expect(lines.map((line) => line.replace(/^[ |`-]*/, "")).sort()).toEqual(["1 c1", "2 c2", "3 c3"]);
  });
});
