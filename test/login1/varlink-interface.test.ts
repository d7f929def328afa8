/** io.systemd.Login: what clients are told of it is what the table says. test/login1/tests/varlink.py has it by hand. */

import { expect, it } from "vitest";
import { methods, text, types } from "../../daemon/src/login1/varlink-interface.ts";
import { conforms } from "../../daemon/src/varlink/types.ts";
import { declarations, fields } from "../varlink/declarations.ts";

it("has the types of the table", () => {
  const words = (list: string) => list.trim().replaceAll(/\(\s+/g, "(").replaceAll(/\s+\)/g, ")");
  const described = [...declarations(text, "type")].map(([name, list]) => {
    const read = fields(list).fields;
    return [name, Object.keys(read).length > 0 ? read : words(list).replaceAll(/\s+/g, " ")];
  });
  expect(Object.fromEntries(described)).toEqual(types);
});

it("has the methods of the table", () => {
  const described = [...declarations(text, "method")].map(([name, rest]) => {
    const { fields: takes, rest: after } = fields(rest);
    return [name, { takes, gives: fields(after.replace(/^\s*->\s*/, "")).fields }];
  });
  expect(Object.fromEntries(described)).toEqual(methods);
});

it.each([
  ["SessionType", "wayland", true],
  ["SessionType", "curtain", false],
  ["?SessionType", null, true],
  ["[]SessionClass", ["user", "user_early"], true],
  ["ProcessId", { pid: 1 }, true],
  ["ProcessId", { pid: 1, pidfdId: "1" }, false],
  ["ProcessId", "1", false],
])("%s: %j is one: %s", (type, value, expected) => {
  expect(conforms(types, type, value)).toBe(expected);
});
