import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errors, INTERFACE, methods, records } from "../../daemon/src/control/interface.ts";
import { interfaceText } from "../../daemon/src/control/interface-text.ts";
import { conforms, wrongField } from "../../daemon/src/varlink/types.ts";
import { declarations, fields } from "../varlink/declarations.ts";

const file = readFileSync(new URL("../../conf/org.sessionman.Login.varlink", import.meta.url), "utf8");

describe("the interface description", () => {
  it("is in the daemon as it is in the file", () => {
    expect(interfaceText).toBe(file);
    expect(file).toContain(`interface ${INTERFACE}\n`);
  });

  it("has the types of the table", () => {
    const types = Object.fromEntries(
      [...declarations(file, "type")].map(([name, text]) => [name, fields(text).fields]),
    );
    expect(types).toEqual(records);
  });

  it("has the methods of the table", () => {
    const described = [...declarations(file, "method")].map(([name, text]) => {
      const { fields: takes, rest } = fields(text);
      return [name, { takes, gives: fields(rest.replace(/^\s*->\s*/, "")).fields }] as const;
    });
    expect(Object.fromEntries(described)).toEqual(methods);
  });

  it("has the errors of the table", () => {
    const described = Object.fromEntries(
      [...declarations(file, "error")].map(([name, text]) => [name, fields(text).fields]),
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
