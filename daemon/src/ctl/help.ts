/** The help texts, from the same tables that the arguments are read with. */

import type { Option, Verb } from "./verb.ts";

export const globalOptions: Readonly<Record<string, Option>> = {
  json: { help: "print JSON" },
  "no-legend": { help: "tables without header and footer" },
  socket: { value: "PATH", help: "the daemon's socket, if not /run/sessionman/control.sock" },
  help: { short: "h", help: "show this help" },
};

/** Those of a command line without a verb. */
export const bareOptions: Readonly<Record<string, Option>> = {
  ...globalOptions,
  version: { help: "show the version of sessionctl" },
};

function optionLines(options: Readonly<Record<string, Option>>): string[] {
  const left = Object.entries(options).map(([name, { short, value }]) => {
    const long = `--${name}${value === undefined ? "" : `=${value}`}`;
    return short === undefined ? `      ${long}` : `  -${short}, ${long}`;
  });
  const widest = Math.max(0, ...left.map((text) => text.length));
  return Object.values(options).map(({ help }, i) => `${(left[i] ?? "").padEnd(widest)}  ${help}`);
}

export function generalHelp(verbs: readonly Verb[]): string[] {
  const left = verbs.map((verb) => `  ${verb.name} ${verb.operands}`.trimEnd());
  const widest = Math.max(...left.map((text) => text.length));
  return [
    "Usage: sessionctl [OPTIONS] [VERB] [ARGUMENTS]",
    "",
    "Show and control the login sessions that sessionman keeps. Without a VERB: list.",
    "",
    "Verbs:",
    ...verbs.map((verb, i) => `${(left[i] ?? "").padEnd(widest)}  ${verb.summary}`),
    `${"  help [VERB]".padEnd(widest)}  Show this help, or that of a verb`,
    "",
    "Options:",
    ...optionLines(bareOptions),
    "",
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage,",
    "3 no such session, user, seat or device, 4 the daemon cannot be reached.",
  ];
}

export function verbHelp(verb: Verb): string[] {
  const details = verb.details === undefined ? [] : ["", verb.details];
  const own = Object.keys(verb.options).length === 0 ? [] : ["", "Options:", ...optionLines(verb.options)];
  return [
    `Usage: sessionctl ${verb.name} [OPTIONS] ${verb.operands}`.trimEnd(),
    "",
    `${verb.summary}.`,
    ...details,
    ...own,
    "",
    "Options of every verb:",
    ...optionLines(globalOptions),
  ];
}
