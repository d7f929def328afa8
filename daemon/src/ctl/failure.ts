/** What can go wrong, and the exit status that says so. */

import { printable } from "./text.ts";

export const DENIED = "org.varlink.service.PermissionDenied";

export const EXIT = { ok: 0, refused: 1, usage: 2, noSuch: 3, unreachable: 4 } as const;

export class CommandError extends Error {
  readonly status: number;
  /** Name of the daemon's error; "" if it is none of the daemon's. */
  readonly error: string;

  constructor(message: string, status: number, error = "") {
    super(message);
    this.name = "CommandError";
    this.status = status;
    this.error = error;
  }
}

export function usageError(message: string): CommandError {
  return new CommandError(message, EXIT.usage);
}

type Parameters = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => printable(String(value));

const explanations: ReadonlyMap<
  string,
  (parameters: Parameters) => readonly [message: string, status: number]
> = new Map<string, (parameters: Parameters) => readonly [string, number]>([
  ["org.sessionman.Login.NoSuchSession", ({ id }) => [`there is no session ${text(id)}`, EXIT.noSuch]],
  [
    "org.sessionman.Login.NoSuchUser",
    ({ uid }) => [`user ${text(uid)} has no session and does not linger, or does not exist`, EXIT.noSuch],
  ],
  ["org.sessionman.Login.NoSuchSeat", ({ seat }) => [`there is no seat ${text(seat)}`, EXIT.noSuch]],
  [
    "org.sessionman.Login.NoSuchDevice",
    ({ device }) => [`there is no such device at ${text(device)}`, EXIT.noSuch],
  ],
  ["org.sessionman.Login.NotInSession", ({ pid }) => [`process ${text(pid)} is in no session`, EXIT.noSuch]],
  [
    "org.sessionman.Login.AlreadyInSession",
    ({ id }) => [`the leader is in session ${text(id)} already`, EXIT.refused],
  ],
  ["org.sessionman.Login.LimitsExceeded", ({ message }) => [text(message), EXIT.refused]],
  ["org.sessionman.Login.Failed", ({ message }) => [text(message), EXIT.refused]],
  [DENIED, () => ["not permitted to this user", EXIT.refused]],
  [
    "org.varlink.service.InvalidParameter",
    ({ parameter }) => [`the daemon does not accept this ${text(parameter)}`, EXIT.refused],
  ],
  [
    "org.varlink.service.MethodNotFound",
    ({ method }) => [`the daemon has no method ${text(method)}`, EXIT.refused],
  ],
]);

/** The error that the daemon answered with, in words. */
export function refusal(what: string, error: string, parameters: Parameters): CommandError {
  const [why, status] = explanations.get(error)?.(parameters) ?? [
    `the daemon answered ${text(error)}`,
    EXIT.refused,
  ];
  return new CommandError(`cannot ${what}: ${why}`, status, error);
}
