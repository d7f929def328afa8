import { EXIT, usageError } from "./failure.ts";
import { json, printable } from "./text.ts";
import type { Verb } from "./verb.ts";

/** What programs of a graphical session need to find it. */
const usual = [
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "XAUTHORITY",
  "XDG_CURRENT_DESKTOP",
  "XDG_SESSION_DESKTOP",
  "XDG_SESSION_TYPE",
  "DESKTOP_SESSION",
  "SWAYSOCK",
  "HYPRLAND_INSTANCE_SIGNATURE",
  "I3SOCK",
  "XCURSOR_SIZE",
  "XCURSOR_THEME",
];

function checkNames(names: readonly string[]): void {
  const wrong = names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong !== undefined) throw usageError(`${printable(wrong)} is no name of a variable`);
}

export const importEnvironment: Verb = {
  name: "import-environment",
  operands: "[VAR...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Give variables to the services of this user",
  details: [
    "Services that are started from now on have them. A named VAR that is not set is",
    "unset for the services, too. Without a VAR, those of these that are set:",
    ...usual.map((name) => `  ${name}`),
    "WAYLAND_DISPLAY or DISPLAY make the graphical services start. What was imported",
    "in a session is unset when that session ends.",
  ].join("\n"),
  options: { unset: { help: "unset every VAR, whether or not it is set here" } },
  async run({ operands, has }, { client, environment, json: asJson, print, warn }) {
    checkNames(operands);
    if (has("unset") && operands.length === 0) throw usageError("--unset needs the name of a variable");
    const given = (name: string): boolean => !has("unset") && environment[name] !== undefined;
    const set = (operands.length > 0 ? operands : usual).filter(given);
    const unset = operands.filter((name) => !given(name));
    if (set.length + unset.length === 0) {
      warn(`nothing to import: none of ${usual.join(", ")} is set`);
      return EXIT.ok;
    }
    const values = Object.fromEntries(set.map((name) => [name, environment[name] ?? ""]));
    await client.call("ImportEnvironment", { uid: null, set: values, unset }, "import the environment");
    if (asJson) print([json({ set, unset }, 2)]);
    return EXIT.ok;
  },
};
