import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errors, INTERFACE, methods, records } from "../../daemon/src/control/interface.ts";
import { interfaceText } from "../../daemon/src/control/interface-text.ts";
import { conforms, type FieldTypes, wrongField } from "../../daemon/src/varlink/types.ts";

const file = readFileSync(new URL("../../conf/org.sessionman.Login.varlink", import.meta.url), "utf8");

/** "(a: int, b: (x, y))" as its fields and what follows it. */
function fields(text: string): { fields: FieldTypes; rest: string } {
  const found: Record<string, string> = {};
  let depth = 0;
  let start = 1;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    const ends = text[i] === ")" && --depth === 0;
    if (!ends && !(text[i] === "," && depth === 1)) continue;
    const [, name, type] = /^\s*(\w+):\s*(.*)$/s.exec(text.slice(start, i)) ?? [];
    if (name !== undefined && type !== undefined) found[name] = type.trim();
    start = i + 1;
    if (ends) return { fields: found, rest: text.slice(i + 1) };
  }
  throw new Error(`unbalanced: ${text}`);
}

function declarations(keyword: string): Map<string, string> {
  const text = file.replace(/#.*/g, "");
  const found = [
    ...text.matchAll(
      new RegExp(`^${keyword} (\\w+) ?(\\([\\s\\S]*?)(?=^(?:type|method|error) |(?![\\s\\S]))`, "gm"),
    ),
  ];
  return new Map(found.map((match) => [match[1] ?? "", match[2] ?? ""]));
}

describe("the interface description", () => {
  it("is in the daemon as it is in the file", () => {
    expect(interfaceText).toBe(file);
    expect(file).toContain(`interface ${INTERFACE}\n`);
  });

  it("has the types of the table", () => {
    const types = Object.fromEntries(
      [...declarations("type")].map(([name, text]) => [name, fields(text).fields]),
    );
    expect(types).toEqual(records);
  });

  it("has the methods of the table", () => {
    const described = [...declarations("method")].map(([name, text]) => {
      const { fields: takes, rest } = fields(text);
      return [name, { takes, gives: fields(rest.replace(/^\s*->\s*/, "")).fields }] as const;
    });
    expect(Object.fromEntries(described)).toEqual(methods);
  });

  it("has the errors of the table", () => {
    const described = Object.fromEntries(
      [...declarations("error")].map(([name, text]) => [name, fields(text).fields]),
    );
    expect(described).toEqual(errors);
  });
});

describe("types", () => {
  it.each([
    ["int", 5, true],
    ["int", 5.5, false],
    ["int", 2 ** 53, false],
    ["int", "5", false],
    ["int", null, false],
    ["?int", null, true],
    ["?int", undefined, true],
    ["?int", "", false],
    ["string", "", true],
    ["string", ["a"], false],
    ["bool", true, true],
    ["bool", 1, false],
    ["(leader, all)", "all", true],
    ["(leader, all)", "leader, all", false],
    ["[]string", ["a", "b"], true],
    ["[]string", ["a", 1], false],
    ["[string]string", { a: "b" }, true],
    ["[string]string", { a: 1 }, false],
    ["[string]string", [], false],
    ["Process", { pid: 1, parent: 0, command: "init", cgroup: "" }, true],
    ["Process", { pid: 1, parent: 0, command: "init" }, false],
    ["[]Process", [null], false],
  ])("%s: %j is one: %s", (type, value, expected) => {
    expect(conforms(records, type, value)).toBe(expected);
  });

  it("does not look for fields in the prototype", () => {
    expect(wrongField({}, { toString: "string", constructor: "string" }, { toString: "x" })).toBe(
      "constructor",
    );
  });
});
