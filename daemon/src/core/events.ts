/** Everything that can happen to the daemon: facts and requests, named `room.whatHappened`. */

import type { Policy } from "./configuration.ts";
import type {
  Controller,
  Inhibitor,
  Instant,
  ManagerNews,
  ProcessIdentity,
  Requester,
  Session,
  SessionId,
  Uid,
  User,
} from "./model.ts";
import type { Held, SeatEvent, SeatRecord, SeatRequest } from "./seat-events.ts";
import type { AskedLimits } from "./session-limits.ts";

/** What a PAM module or a registering caller says about the wanted session; checked in core/intake.ts. */
export interface OpenFacts {
  readonly uid: Uid;
  readonly gid: number;
  readonly user: string;
  readonly groups: readonly number[];
  readonly service: string;
  readonly tty: string;
  readonly display: string;
  readonly remoteHost: string;
  readonly remoteUser: string;
  /** The module's arguments, or what `register` was given. */
  readonly asked: { readonly type: string; readonly class: string; readonly desktop: string };
  /** The PAM environment: hints. */
  readonly hinted: {
    readonly type: string;
    readonly class: string;
    readonly desktop: string;
    readonly seat: string;
    readonly vtnr: string;
    readonly incomplete: string;
  };
  /** The virtual terminal whose device the tty really is; 0 if it is none. */
  readonly ttyVt: number;
  /** What root says of the place and answers for; null: the place is read from the other facts. */
  readonly told: { readonly seat: string | null; readonly vtnr: number; readonly remote: boolean } | null;
  readonly limits: AskedLimits;
}

/** The leader-to-be, as the kernel describes it. */
export interface LeaderFacts {
  readonly identity: ProcessIdentity;
  /** The session whose scope the process is in, by its control group; null if none. */
  readonly insideSession: SessionId | null;
  /** False when the process lives in another pid namespace than the daemon. */
  readonly sameNamespace: boolean;
}

/** A user as the user database knows them. */
export interface Account {
  readonly uid: Uid;
  readonly gid: number;
  readonly name: string;
  readonly groups: readonly number[];
}

export interface Caller {
  readonly uid: Uid;
  readonly pid: number;
}

/** What a caller may ask of what exists, and is answered: login1's part of it. */
export interface Asked {
  readonly at: Instant;
  readonly requester: Requester;
  readonly caller: Caller;
}

export type Request = Asked &
  (
    | { readonly kind: "session.lockRequested"; readonly id: SessionId; readonly lock: boolean }
    | { readonly kind: "session.lockAllRequested"; readonly lock: boolean }
    | { readonly kind: "session.idleHintRequested"; readonly id: SessionId; readonly idle: boolean }
    | { readonly kind: "session.lockedHintRequested"; readonly id: SessionId; readonly locked: boolean }
    | {
        readonly kind: "session.controlRequested";
        readonly id: SessionId;
        readonly force: boolean;
        readonly controller: Controller;
      }
    /** name, here and below: the unique name of who asks, as the bus says it. */
    | { readonly kind: "session.controlReleased"; readonly id: SessionId; readonly name: string }
    | {
        readonly kind: "session.typeRequested";
        readonly id: SessionId;
        readonly name: string;
        readonly type: string;
      }
    | {
        readonly kind: "session.displayRequested";
        readonly id: SessionId;
        readonly name: string;
        readonly display: string;
      }
    | {
        readonly kind: "session.ttyRequested";
        readonly id: SessionId;
        readonly name: string;
        readonly tty: string;
      }
    | { readonly kind: "session.classRequested"; readonly id: SessionId; readonly class: string }
    | { readonly kind: "user.killRequested"; readonly uid: Uid; readonly signal: number }
    | { readonly kind: "seat.terminateRequested"; readonly seat: string }
    /** Whether the caller may is the bus room's to ask polkit; the inhibitor is theirs. */
    | {
        readonly kind: "inhibit.requested";
        readonly what: string;
        readonly who: string;
        readonly why: string;
        readonly mode: string;
      }
  );

export type Event =
  | Request
  | SeatRequest
  | SeatEvent
  | {
      readonly kind: "session.openRequested";
      readonly at: Instant;
      readonly requester: Requester;
      readonly facts: OpenFacts;
      readonly leader: LeaderFacts;
      readonly nonce: string;
      /** Whether the requester wants the lifetime fd. */
      readonly lifetime: boolean;
    }
  | {
      readonly kind: "session.closeRequested";
      readonly at: Instant;
      readonly requester: Requester;
      readonly id: SessionId;
      readonly caller: Caller;
      readonly reason: "logout" | "deregistered";
    }
  | {
      readonly kind: "session.terminateRequested";
      readonly at: Instant;
      readonly requester: Requester;
      readonly id: SessionId;
      readonly caller: Caller;
    }
  | {
      readonly kind: "session.killRequested";
      readonly requester: Requester;
      readonly id: SessionId;
      readonly caller: Caller;
      readonly whom: "leader" | "all";
      readonly signal: number;
    }
  | {
      readonly kind: "user.terminateRequested";
      readonly at: Instant;
      readonly requester: Requester;
      readonly uid: Uid;
      readonly caller: Caller;
    }
  | { readonly kind: "ids.reserved"; readonly below: number }
  | { readonly kind: "record.saved"; readonly id: SessionId }
  | { readonly kind: "record.failed"; readonly at: Instant; readonly id: SessionId; readonly error: string }
  | {
      readonly kind: "runtime.created";
      readonly at: Instant;
      readonly uid: Uid;
      readonly directory: "tmpfs" | "directory";
    }
  | { readonly kind: "runtime.failed"; readonly at: Instant; readonly uid: Uid; readonly error: string }
  | { readonly kind: "runtime.removed"; readonly at: Instant; readonly uid: Uid }
  /** The session was made; what could not be is told in problems, and the session goes on without it. */
  | {
      readonly kind: "session.made";
      readonly at: Instant;
      readonly id: SessionId;
      readonly scope: boolean;
      readonly lifetime: boolean;
      readonly problems: readonly string[];
    }
  | { readonly kind: "scope.emptied"; readonly id: SessionId }
  | { readonly kind: "scope.removed"; readonly at: Instant; readonly id: SessionId }
  /** A process came back between emptied and removal. */
  | { readonly kind: "scope.busy"; readonly id: SessionId }
  /** No process holds the write end any more. executable: what the leader runs now, "" if it is gone. */
  | {
      readonly kind: "lifetime.ended";
      readonly at: Instant;
      readonly id: SessionId;
      readonly executable: string;
    }
  | { readonly kind: "leader.exited"; readonly at: Instant; readonly id: SessionId }
  | { readonly kind: "manager.told"; readonly at: Instant; readonly uid: Uid; readonly news: ManagerNews }
  /** Nothing is left of the manager: no process, no control group. */
  | { readonly kind: "manager.cleaned"; readonly at: Instant; readonly uid: Uid }
  /** Answer to user.lookUp; null: there is no such user, or the user database does not answer. */
  | {
      readonly kind: "user.lookedUp";
      readonly at: Instant;
      readonly uid: Uid;
      readonly user: Account | null;
    }
  | {
      readonly kind: "linger.requested";
      readonly at: Instant;
      readonly requester: Requester;
      readonly caller: Caller;
      readonly user: Account;
      readonly enabled: boolean;
    }
  | {
      readonly kind: "linger.saved";
      readonly at: Instant;
      readonly requester: Requester;
      readonly user: Account;
      readonly enabled: boolean;
    }
  | {
      readonly kind: "linger.failed";
      readonly requester: Requester;
      readonly user: Account;
      readonly error: string;
    }
  /** Variables for the services of the user; session: where they come from, null for none. */
  | {
      readonly kind: "environment.imported";
      readonly at: Instant;
      readonly requester: Requester;
      readonly caller: Caller;
      readonly uid: Uid;
      readonly session: SessionId | null;
      readonly set: ReadonlyMap<string, string>;
      readonly unset: readonly string[];
    }
  /** The connection with that unique name is gone. */
  | { readonly kind: "bus.nameLost"; readonly at: Instant; readonly name: string }
  /** There is a bus again. names: those of controllers that are there. */
  | {
      readonly kind: "bus.connected";
      readonly at: Instant;
      readonly bus: string;
      readonly names: ReadonlySet<string>;
    }
  /** The inhibitor's FIFO and its record are there. */
  | { readonly kind: "inhibit.created"; readonly id: number; readonly requester: Requester }
  | {
      readonly kind: "inhibit.failed";
      readonly id: number;
      readonly requester: Requester;
      readonly error: string;
    }
  /** No process holds the write end any more. */
  | { readonly kind: "inhibitor.ended"; readonly id: number }
  | { readonly kind: "timer.fired"; readonly at: Instant; readonly timer: string }
  | { readonly kind: "policy.changed"; readonly at: Instant; readonly policy: Policy }
  | {
      readonly kind: "daemon.started";
      readonly at: Instant;
      readonly found: Found;
    };

/** What a restarted daemon finds. */
export interface Found {
  readonly nextId: number;
  readonly sessions: readonly FoundSession[];
  readonly users: readonly User[];
  /** Scopes without a usable record. */
  readonly orphanScopes: readonly { readonly id: SessionId; readonly uid: Uid }[];
  /** Lifetime FIFOs without a record. */
  readonly orphanLifetimes: readonly SessionId[];
  /** Users below the directory of runtime directories whose directory exists. */
  readonly runtimeDirectories: readonly { readonly uid: Uid; readonly directory: "tmpfs" | "directory" }[];
  /** Users with a manager or its remains; alive: its sessionman-run answers. */
  readonly managers: readonly { readonly uid: Uid; readonly alive: boolean }[];
  readonly lingering: readonly { readonly uid: Uid; readonly name: string }[];
  /** Records of inhibitors; held: some process has the write end of the FIFO. */
  readonly inhibitors: readonly { readonly record: Inhibitor; readonly held: boolean }[];
  /** FIFOs of inhibitors without a record. */
  readonly orphanInhibitors: readonly number[];
  readonly seats: readonly SeatRecord[];
  /** What the keeper holds. */
  readonly held: Held;
}

export interface FoundSession {
  readonly record: Session;
  /** The recorded leader, not a later process with its pid, still lives. */
  readonly leaderAlive: boolean;
  /** What the living leader runs now. */
  readonly executable: string;
  /** Some process holds the write end of the lifetime FIFO. */
  readonly lifetimeHeld: boolean;
  readonly scopeExists: boolean;
}
