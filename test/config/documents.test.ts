/** The table of options, the shipped file and the manual page say the same. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { options, type Rows } from "../../daemon/src/config/options.ts";
import { parseConfiguration } from "../../daemon/src/config/parse.ts";

const root = new URL("../../", import.meta.url);
const shipped = readFileSync(new URL("conf/sessionman.yaml", root), "utf8");
const manual = readFileSync(new URL("conf/sessionman.yaml.5.scd", root), "utf8");

/** Paths of all rows. */
function keysOf(members: Rows, prefix = ""): string[] {
  return Object.entries(members).flatMap(([name, row]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    return row.form === "section" ? keysOf(row.members, path) : [path];
  });
}

const keys = keysOf(options.members);
const settings = shipped
  .split("\n")
  .filter((line) => /^#(\S| {2,}\S)/.test(line))
  .map((line) => line.slice(1))
  .join("\n");

test("the shipped file sets nothing", () => {
  expect(parseConfiguration([{ file: "f", text: shipped }])).toEqual(parseConfiguration([]));
  expect(shipped.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
});

test("without its comment signs the shipped file says exactly the defaults", () => {
  expect(parseConfiguration([{ file: "f", text: settings }])).toEqual(parseConfiguration([]));
});

test("the shipped file has every key, and no other", () => {
  const path: string[] = [];
  const found = settings.split("\n").flatMap((line) => {
    const [, indent = "", name] = /^( *)([a-z_]+):/.exec(line) ?? [];
    if (name === undefined) return [];
    path.splice(indent.length / 2, path.length, name);
    return [path.join(".")];
  });
  expect(found.filter((key) => !found.some((other) => other.startsWith(`${key}.`)))).toEqual(keys);
});

test("every key of the shipped file is explained above it", () => {
  const lines = shipped.split("\n");
  for (const section of [
    "kill_user_processes",
    "stop_timeout",
    "vts",
    "runtime_directory",
    "limits",
    "user_services",
    "paths",
    "cgroup",
    "log",
  ]) {
    const at = lines.findIndex((line) => line.startsWith(`#${section}:`));
    expect(lines[at - 1], section).toMatch(/^# \S/);
  }
});

/** Key -> what stands behind it in brackets. */
const explained = new Map(
  [...manual.matchAll(/^\*([a-z_.]+)\* \((.*)\)$/gm)].map(([, key = "", about = ""]) => [key, about]),
);
const short = (key: string): string => key.replace(/^limits\.default\./, "");

test("the manual page explains every key, and no other", () => {
  const entries = ["limits.groups", "limits.users", "user_services.groups", "user_services.users"];
  const expected = keys.filter((key) => !entries.includes(key)).map(short);
  expect([...explained.keys()].sort()).toEqual(expected.sort());
  for (const section of ["limits.default", ...entries]) expect(manual).toContain(`*${section}*`);
});

test("the manual page names the defaults of the shipped file", () => {
  for (const [key, about] of explained) {
    if (key === "trusted_services") continue;
    const section = new RegExp(`^${key.split(".")[0]}:\\n(( .*\\n?)+)`, "m").exec(settings)?.[1];
    const [, written] = new RegExp(`^ *${key.split(".").at(-1)}: (.*)$`, "m").exec(section ?? settings) ?? [];
    expect(about, key).toMatch(new RegExp(`, default _${written?.replace(/[[\]]/g, "\\$&")}_$`));
  }
});

test("the examples of the manual page are right", () => {
  const blocks = [...manual.matchAll(/^```\n(.*?)^```$/gms)].map(([, text = ""]) =>
    text.replace(/^\t/gm, ""),
  );
  const lines = [...manual.matchAll(/^\tExample: _(.*)_$/gm)].map(([, text = ""]) => text);
  expect(blocks).toHaveLength(4);
  expect(lines).toHaveLength(5);
  for (const text of [...blocks, ...lines]) {
    expect(parseConfiguration([{ file: "example", text }]), text).toMatchObject({ ok: true });
  }
});
