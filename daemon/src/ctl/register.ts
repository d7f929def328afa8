import type { Parameters, Reply } from "../control/interface.ts";
import { parseUid } from "./accounts.ts";
import { runInside } from "./command.ts";
import { writeEnvironment } from "./environment-file.ts";
import { CommandError, DENIED, EXIT, usageError } from "./failure.ts";
import { json, printable, quote } from "./text.ts";
import type { Context, Input, Verb } from "./verb.ts";

type Environment = Readonly<Record<string, string>>;

const WHAT = "register a session";

/** A daemon that is asked by number cannot be told a wrong name. */
function uidOf(name: string, context: Context): number {
  const uid = parseUid(name) ?? context.lookUp(name);
  if (uid !== null) return uid;
  throw new CommandError(`cannot ${WHAT}: there is no user ${printable(name)}`, EXIT.noSuch);
}

function parsePid(text: string): number {
  if (/^[1-9][0-9]{0,9}$/.test(text)) return Number(text);
  throw usageError(`--leader is a process id, not ${printable(text)}`);
}

/** What pam_exec tells about the login, where --pam asks to believe it. */
function fromPam(input: Input, context: Context): Record<string, string | undefined> {
  if (!input.has("pam")) return {};
  const { PAM_USER, PAM_SERVICE, PAM_TTY, PAM_RHOST, PAM_RUSER } = context.environment;
  return { user: PAM_USER, service: PAM_SERVICE, tty: PAM_TTY, remoteHost: PAM_RHOST, remoteUser: PAM_RUSER };
}

/** Who leads: the command's own holder, the named process, or the process that called sessionctl. */
function leaderOf(input: Input): number {
  const named = input.get("leader");
  if (input.command === null) return named === undefined ? process.ppid : parsePid(named);
  if (named !== undefined)
    throw usageError("--leader and -- COMMAND exclude each other: sessionctl leads that session");
  return process.pid;
}

function wanted(input: Input, context: Context): Parameters<"Register"> {
  const pam = fromPam(input, context);
  const user = input.get("user") ?? pam.user;
  return {
    uid: user === undefined ? null : uidOf(user, context),
    leader: leaderOf(input),
    holder: input.command !== null,
    type: input.get("type") ?? null,
    class: input.get("class") ?? null,
    desktop: input.get("desktop") ?? null,
    service: input.get("service") ?? pam.service ?? null,
    tty: input.get("tty") ?? pam.tty ?? null,
    remoteHost: input.get("remote-host") ?? pam.remoteHost ?? null,
    remoteUser: pam.remoteUser ?? null,
  };
}

const sessionVariables = [
  "XDG_SESSION_ID",
  "XDG_SESSION_TYPE",
  "XDG_SESSION_CLASS",
  "XDG_SESSION_DESKTOP",
  "XDG_SEAT",
  "XDG_VTNR",
  "XDG_RUNTIME_DIR",
  "DBUS_SESSION_BUS_ADDRESS",
];

/** The session's variables; those inherited from another session and not meant for this one get no value. */
export function completeEnvironment(
  environment: Environment,
  inherited: Readonly<Record<string, string | undefined>>,
): Environment {
  const foreign = sessionVariables.filter(
    (name) => inherited[name] !== undefined && !Object.hasOwn(environment, name),
  );
  return { ...Object.fromEntries(foreign.map((name) => [name, ""])), ...environment };
}

/** Assignments for eval. */
export function shellLines(environment: Environment): string[] {
  return Object.entries(environment)
    .filter(([name]) => /^[A-Z_][A-Z0-9_]*$/.test(name))
    .map(([name, value]) => (value === "" ? `unset ${name}` : `${name}=${quote(value)}; export ${name}`));
}

async function ask(parameters: Parameters<"Register">, context: Context): Promise<Reply<"Register">> {
  const { client } = context;
  try {
    return await (parameters.holder
      ? client.hold("Register", parameters, WHAT)
      : client.call("Register", parameters, WHAT));
  } catch (error) {
    if (!(error instanceof CommandError) || error.error !== DENIED) throw error;
    throw new CommandError(
      `${error.message}; see sessionctl register --help for who may name what`,
      error.status,
    );
  }
}

async function hand(input: Input, context: Context, reply: Reply<"Register">): Promise<number> {
  const output = input.get("output");
  if (output !== undefined) writeEnvironment(output, reply.environment);
  const environment = completeEnvironment(reply.environment, context.environment);
  if (input.command !== null) return runInside(input.command, environment, context);
  if (context.json) context.print([json(reply, 2)]);
  else if (output === undefined) context.print(shellLines(environment));
  return EXIT.ok;
}

export const register: Verb = {
  name: "register",
  operands: "[-- COMMAND...]",
  least: 0,
  most: 0,
  takesCommand: true,
  summary: "Open a session without PAM",
  details: [
    "Prints the session's environment as shell assignments:",
    '  eval "$(sessionctl register)"',
    "The session lives as long as its leader: the process that called sessionctl or,",
    "with -- COMMAND, sessionctl itself, which holds the lifetime fd, runs the command",
    "inside the session and exits with its status. Only root may name another user, a",
    "service, a remote host, a terminal that is not the leader's, or a leader of another",
    "user.",
  ].join("\n"),
  options: {
    user: { value: "USER", help: "name or uid; the caller if not given" },
    type: { value: "TYPE", help: "unspecified, tty, x11, wayland, mir or web" },
    class: {
      value: "CLASS",
      help: "user, user-light, background, background-light; for root also the others",
    },
    desktop: { value: "NAME", help: "what XDG_SESSION_DESKTOP will be" },
    service: { value: "NAME", help: "the program that lets the user in" },
    tty: { value: "TTY", help: "the terminal; the leader's if not given" },
    "remote-host": { value: "HOST", help: "where the user comes from; such a session has no seat" },
    leader: { value: "PID", help: "the process whose life is the session's" },
    output: {
      short: "o",
      value: "FILE",
      help: "write KEY=value lines to FILE (mode 0600) instead of printing",
    },
    pam: { help: "take user, service, tty and remote host from the environment of pam_exec" },
  },
  async run(input, context) {
    const phase = input.has("pam") ? (context.environment.PAM_TYPE ?? "") : "open_session";
    if (phase === "close_session") {
      await context.client.call("Deregister", { id: null }, "deregister the session of this process");
      return EXIT.ok;
    }
    if (phase !== "open_session")
      throw usageError(`--pam is for a session line of pam_exec, not for PAM_TYPE=${printable(phase)}`);
    const reply = await ask(wanted(input, context), context);
    const { id } = reply.session;
    let handed = false;
    try {
      const status = await hand(input, context, reply);
      handed = input.command === null;
      return status;
    } finally {
      // Nobody knows of a session whose environment could not be handed over.
      if (!handed) await leave(id, context);
    }
  },
};

async function leave(id: string, context: Context): Promise<void> {
  try {
    await context.client.call("Deregister", { id }, `deregister session ${id}`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // A session that has ended before its command is as it should be.
    if (error.status !== EXIT.noSuch) context.warn(error.message);
  }
}
