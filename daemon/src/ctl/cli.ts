/** From the command line to a verb and its input. */

import { parseArgs } from "node:util";
import { type Client, createClient } from "./client.ts";
import { CommandError, EXIT, usageError } from "./failure.ts";
import { bareOptions, generalHelp, globalOptions, verbHelp } from "./help.ts";
import { painter } from "./table.ts";
import { printable } from "./text.ts";
import type { Context, Input, Option, Verb } from "./verb.ts";
import { verbs } from "./verbs.ts";

const SOCKET = "/run/sessionman/control.sock";

/** The process around the command line; tests bring their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Null where the output goes to no terminal. */
  readonly terminal: { readonly columns: number } | null;
  lookUp(name: string): number | null;
  nameOf(kind: "passwd" | "group", id: number): string;
  out(text: string): void;
  error(text: string): void;
}

interface Values {
  readonly [option: string]: string | boolean | (string | boolean)[] | undefined;
}

interface Parsed {
  readonly verb: Verb | null;
  readonly values: Values;
  readonly operands: readonly string[];
  readonly command: readonly string[] | null;
}

/** Resolves to the exit status. */
export async function main(args: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await run(args, around);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    around.error(`sessionctl: ${error.message}\n`);
    return error.status;
  }
}

async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const { verb, values, operands, command } = parse(withoutHelpVerb(args));
  if (values.help === true) {
    const lines = verb === null ? generalHelp(verbs) : verbHelp(verb);
    around.out(`${lines.join("\n")}\n`);
    return EXIT.ok;
  }
  if (values.version === true) {
    around.out(`sessionctl ${around.version}\n`);
    return EXIT.ok;
  }
  const chosen = verb ?? named("list");
  checkCount(chosen, operands);
  const socket = values.socket;
  const client = createClient(typeof socket === "string" ? socket : SOCKET);
  return chosen.run(inputOf(values, operands, command), contextOf(values, around, client));
}

function named(name: string): Verb {
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb === undefined) throw usageError(`there is no verb ${printable(name)}; see sessionctl --help`);
  return verb;
}

/** The verb is the first argument that is neither an option nor an option's value. */
function findVerb(args: readonly string[]): number {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--socket") i++;
    else if (arg === "--") return -1;
    else if (!arg.startsWith("-")) return i;
  }
  return -1;
}

/** "help list" as "list --help". */
function withoutHelpVerb(args: readonly string[]): readonly string[] {
  const at = findVerb(args);
  return args[at] === "help" ? [...args.slice(0, at), ...args.slice(at + 1), "--help"] : args;
}

function parse(args: readonly string[]): Parsed {
  const at = findVerb(args);
  const verb = at < 0 ? null : named(args[at] ?? "");
  const rest = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 1)];
  const end = verb?.takesCommand === true ? rest.indexOf("--") : -1;
  const command = end < 0 ? null : rest.slice(end + 1);
  if (command !== null && command.length === 0) throw usageError("no command after --");
  const own = end < 0 ? rest : rest.slice(0, end);
  const { values, positionals } = readOptions(
    own,
    verb === null ? bareOptions : { ...globalOptions, ...verb.options },
    verb,
  );
  return { verb, values, operands: positionals, command };
}

function readOptions(
  args: readonly string[],
  options: Readonly<Record<string, Option>>,
  verb: Verb | null,
): { values: Values; positionals: string[] } {
  const table = Object.entries(options).map(([name, { value, short, multiple }]) => {
    const type = value === undefined ? ("boolean" as const) : ("string" as const);
    return [name, { type, multiple: multiple === true, ...(short === undefined ? {} : { short }) }] as const;
  });
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(table),
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const [reason = "wrong arguments"] = String((error as Error).message).split(". ");
    throw usageError(`${printable(reason)}; see sessionctl ${verb === null ? "" : `${verb.name} `}--help`);
  }
}

function checkCount(verb: Verb, operands: readonly string[]): void {
  const usage = `usage: sessionctl ${verb.name} ${verb.operands}`.trimEnd();
  if (operands.length < verb.least) throw usageError(`${verb.name} needs more arguments; ${usage}`);
  if (operands.length > verb.most) {
    throw usageError(`${verb.name} does not take ${printable(operands[verb.most] ?? "")}; ${usage}`);
  }
}

function inputOf(values: Values, operands: readonly string[], command: readonly string[] | null): Input {
  const all = (option: string): string[] => {
    const value = values[option];
    return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
  };
  return {
    operands,
    command,
    all,
    has: (option) => values[option] !== undefined,
    get: (option) => all(option)[0],
  };
}

function contextOf(values: Values, around: Surroundings, client: Client): Context {
  const { environment, terminal } = around;
  const plain = (environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb";
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || "";
  return {
    client,
    environment,
    json: values.json === true,
    legend: values["no-legend"] !== true,
    paint: painter(terminal !== null && !plain),
    unicode: /utf-?8/i.test(locale),
    columns: terminal?.columns ?? Number.POSITIVE_INFINITY,
    nowMs: Date.now(),
    lookUp: (name) => around.lookUp(name),
    nameOf: (kind, id) => around.nameOf(kind, id),
    print: (lines) => around.out(lines.map((line) => `${line}\n`).join("")),
    warn: (message) => around.error(`sessionctl: ${message}\n`),
  };
}
