/**
 * Serves io.systemd.Login, which pam_systemd prefers to the bus: the same requests as CreateSession and ReleaseSession
 * there. No descriptor goes either way: a process is named by pid and pidfd's inode, and its life is the session's.
 */

import type { OpenResult, Refusal } from "../core/effects.ts";
import type { Event } from "../core/events.ts";
import type { Instant, Requester, Session, SessionId, World } from "../core/model.ts";
import { NOTHING_ASKED, passOver } from "../core/session-limits.ts";
import { type Kernel, KernelError, PID_MAX, type ProcessFacts } from "../kernel/kernel.ts";
import type { LogPort } from "../loop/ports.ts";
import type { Ask as AnyAsk } from "../varlink/ask.ts";
import { type Failure, invalidParameter, permissionDenied } from "../varlink/errors.ts";
import { VarlinkServer } from "../varlink/server.ts";
import { type CreateArguments, Unfit } from "./create-facts.ts";
import { prepareSession } from "./creation.ts";
import { Tracker } from "./tracking.ts";
import {
  type ErrorName,
  INTERFACE,
  type Method,
  methods,
  type Parameters,
  type Reply,
  text,
  types,
} from "./varlink-interface.ts";

export interface LoginVarlinkOptions {
  readonly kernel: Pick<Kernel, "process" | "lookUpUser">;
  readonly world: () => World;
  readonly submit: (event: Event) => void;
  readonly requester: () => Requester;
  readonly unclaimed: (id: SessionId) => void;
  readonly now: () => Instant;
  readonly log: LogPort;
  readonly version: string;
  /** The kernel's id of this boot. */
  readonly boot: string;
}

type Granted = Omit<Reply<"CreateSession">, "Seat" | "VTNr"> &
  Partial<Pick<Reply<"CreateSession">, "Seat" | "VTNr">>;
type Given<Name extends Method> = Name extends "CreateSession" ? Granted : Reply<Name>;
type Ask<Name extends Method> = AnyAsk<Parameters<Name>, Given<Name>>;

/** Milliseconds: a login waits for its user's services, and pam_systemd for two minutes. */
const ANSWER_DEADLINE = 180_000;

const PARAMETERS: Readonly<Record<keyof CreateArguments | "leader", string>> = {
  uid: "UID",
  leader: "PID",
  service: "Service",
  type: "Type",
  class: "Class",
  desktop: "Desktop",
  seat: "Seat",
  vtnr: "VTNr",
  tty: "TTY",
  display: "Display",
  remote: "Remote",
  remoteUser: "RemoteUser",
  remoteHost: "RemoteHost",
  limits: "ExtraDeviceAccess",
};

const failure = (name: ErrorName): Failure => ({ error: `${INTERFACE}.${name}`, parameters: {} });
const ERRNO = { ESRCH: 3, EIO: 5, EINVAL: 22 };
/** What has no name in the interface is told by its number. */
const system = (errnoName: keyof typeof ERRNO): Failure => ({
  error: "io.systemd.System",
  parameters: { origin: "linux", errno: ERRNO[errnoName], errnoName },
});

const REFUSALS: Readonly<Partial<Record<Refusal, Failure>>> = {
  "no-such-session": failure("NoSuchSession"),
  "no-such-seat": failure("NoSuchSeat"),
  "not-allowed": permissionDenied,
  busy: failure("VirtualTerminalAlreadyTaken"),
  limits: failure("TooManySessions"),
  invalid: system("EINVAL"),
};

const refusal = (why: Refusal): Failure => REFUSALS[why] ?? failure("UnitAllocationFailed");

export function createLoginVarlink(options: LoginVarlinkOptions): VarlinkServer {
  const room = new Room(options);
  return new VarlinkServer({
    ...options,
    service: { interface: INTERFACE, text, types, methods, version: options.version },
    // the parameters were checked against the table that the methods' types come from
    handle: (ask) =>
      ask.method === "CreateSession"
        ? room.create(ask as Ask<"CreateSession">)
        : room.release(ask as Ask<"ReleaseSession">),
    failed: () => system("EIO"),
    socket: `the socket of ${INTERFACE}`,
    deadline: ANSWER_DEADLINE,
  });
}

class Room {
  readonly #options: LoginVarlinkOptions;
  readonly #tracker: Tracker;

  constructor(options: LoginVarlinkOptions) {
    this.#options = options;
    this.#tracker = new Tracker(options.kernel, options.world);
  }

  create(ask: Ask<"CreateSession">): void {
    if (ask.peer.uid !== 0) return ask.refuse(permissionDenied);
    const creation = {
      given: argumentsOf(ask.parameters),
      leader: () => this.#leader(ask),
      lifetime: false,
    };
    this.#attempt(ask, () =>
      prepareSession(this.#options, creation, (ordered) => {
        ask.resume(() => this.#attempt(ask, () => this.#open(ask, ordered())));
      }),
    );
  }

  /** From within the session only, as on the bus. */
  release(ask: Ask<"ReleaseSession">): void {
    const { world, now } = this.#options;
    const id = ask.parameters.Id ?? "";
    const own = this.#tracker.sessionOf(ask.peer.pid);
    const named = id === "auto" ? this.#tracker.autoOf(ask.peer.pid) : (world().sessions.get(id) ?? null);
    const session = id === "" || id === "self" ? own : named;
    if (session === null || own === null) return ask.refuse(failure("NoSuchSession"));
    if (own.id !== session.id) return ask.refuse(permissionDenied);
    const caller = { uid: 0, pid: session.leader.pid };
    const event = {
      kind: "session.closeRequested",
      at: now(),
      id: session.id,
      caller,
      reason: "logout",
    } as const;
    ask.order((requester) => ({ ...event, requester }), {
      call: (result) => (result.ok ? ask.reply({}) : ask.refuse(refusal(result.refusal))),
    });
  }

  /** The process that was named and no other: its pid may have become another's since. */
  #leader({ parameters: { PID }, peer }: Ask<"CreateSession">): ProcessFacts {
    const pid = PID?.pid ?? peer.pid;
    if (pid < 1 || pid > PID_MAX) throw new Unfit("leader", `no process has the id ${pid}`);
    const bootId = PID?.bootId?.replaceAll("-", "").toLowerCase();
    if (bootId !== undefined && bootId !== this.#options.boot.replaceAll("-", ""))
      throw new Unfit("leader", `process ${pid} is of another boot`);
    const facts = this.#options.kernel.process(pid);
    const inode = PID?.pidfdId ?? null;
    if (inode !== null && facts.identity.inode !== String(inode))
      throw new Unfit("leader", `process ${pid} is not the one with the pidfd inode ${inode}`);
    return facts;
  }

  #open(ask: Ask<"CreateSession">, event: (requester: Requester) => Event): void {
    ask.order(event, { open: (result) => this.#opened(ask, result) });
  }

  #opened(ask: Ask<"CreateSession">, result: OpenResult): void {
    switch (result.outcome) {
      case "opened":
        return ask.reply(this.#grant(result.session));
      case "existing":
      case "none":
        return ask.refuse(failure("AlreadySessionMember"));
      case "refused":
        return this.#refuse(ask, refusal(result.refusal), result.message);
    }
  }

  /** What there is none of is left out: not every client takes null for it. */
  #grant({ id, uid, seat, vtnr, type, class: kind }: Session): Granted {
    return {
      Id: id,
      RuntimePath: `${this.#options.world().policy.runtimeDirectories}/${uid}`,
      UID: uid,
      ...(seat === null ? {} : { Seat: seat }),
      ...(vtnr === 0 ? {} : { VTNr: vtnr }),
      Type: type,
      Class: kind.replaceAll("-", "_") as Granted["Class"],
    };
  }

  #attempt(ask: Ask<"CreateSession">, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof Unfit) this.#refuse(ask, unfit(error), error.message);
      else if (error instanceof KernelError) this.#refuse(ask, invalidParameter("PID"), error.message);
      else throw error;
    }
  }

  /** The name of an error says little: the log has the sentence. */
  #refuse(ask: Ask<"CreateSession">, answer: Failure, message: string): void {
    this.#options.log.info(`no session for process ${ask.peer.pid}: ${message}`);
    ask.refuse(answer);
  }
}

function unfit({ problem, argument }: Unfit): Failure {
  if (problem === "no-such-seat") return failure("NoSuchSeat");
  return problem === "no-such-user" ? system("ESRCH") : invalidParameter(PARAMETERS[argument]);
}

function argumentsOf(given: Parameters<"CreateSession">): CreateArguments {
  const devices = given.ExtraDeviceAccess ?? [];
  return {
    uid: given.UID,
    service: given.Service ?? "",
    type: given.Type,
    class: given.Class.replaceAll("_", "-"),
    desktop: given.Desktop ?? "",
    seat: given.Seat ?? "",
    vtnr: given.VTNr ?? 0,
    tty: given.TTY ?? "",
    display: given.Display ?? "",
    remote: given.Remote ?? (given.RemoteUser != null || given.RemoteHost != null),
    remoteUser: given.RemoteUser ?? "",
    remoteHost: given.RemoteHost ?? "",
    limits:
      devices.length === 0 ? NOTHING_ASKED : passOver(NOTHING_ASKED, "ExtraDeviceAccess, which is not known"),
  };
}
