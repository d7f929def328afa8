/** What this room asks of the core beside select.ts and display.ts, in one place. */

import type { Caller, Event } from "../core/events.ts";
import type {
  Instant,
  Requester,
  Seat,
  Session,
  SessionId,
  SessionType,
  Uid,
  User,
  World,
} from "../core/model.ts";
import { sessionsOf } from "../core/select.ts";

export type InhibitWhat =
  | "shutdown"
  | "sleep"
  | "idle"
  | "handle-power-key"
  | "handle-suspend-key"
  | "handle-hibernate-key"
  | "handle-lid-switch"
  | "handle-reboot-key";

export type InhibitMode = "block" | "block-weak" | "delay";

export interface Inhibitor {
  readonly id: number;
  /** In the order of INHIBIT_WHATS. */
  readonly what: readonly InhibitWhat[];
  readonly who: string;
  readonly why: string;
  readonly mode: InhibitMode;
  readonly uid: Uid;
  readonly pid: number;
  readonly created: Instant;
}

/** Who controls a session: one connection to one bus. */
export interface Controller {
  /** Unique name. */
  readonly name: string;
  /** GUID of the bus. */
  readonly bus: string;
  readonly uid: Uid;
  readonly pid: number;
}

export interface Control extends Controller {
  /** What the type goes back to when the control is lost. */
  readonly originalType: SessionType;
}

interface Asked {
  readonly at: Instant;
  readonly requester: Requester;
  readonly caller: Caller;
}

type Request = Asked &
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
    | { readonly kind: "session.controlReleased"; readonly id: SessionId; readonly name: string }
    | {
        readonly kind: "session.typeRequested";
        readonly id: SessionId;
        readonly name: string;
        readonly type: string;
      }
    | { readonly kind: "session.classRequested"; readonly id: SessionId; readonly class: string }
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
    | { readonly kind: "user.killRequested"; readonly uid: Uid; readonly signal: number }
    | { readonly kind: "seat.terminateRequested"; readonly seat: string }
    | {
        readonly kind: "inhibit.requested";
        readonly what: string;
        readonly who: string;
        readonly why: string;
        readonly mode: string;
      }
  );

type Fact =
  | { readonly kind: "bus.nameLost"; readonly at: Instant; readonly name: string }
  | {
      readonly kind: "bus.connected";
      readonly at: Instant;
      readonly bus: string;
      readonly names: ReadonlySet<string>;
    };

export type Login1Event = Event | Request | Fact;

export interface Idle {
  readonly hint: boolean;
  /** null: never changed. */
  readonly since: Instant | null;
}

/** A write end of the inhibitor's FIFO, for whoever wanted the lock. */
export function openInhibitor(kernel: object, id: number): number {
  return (kernel as { openInhibitor(id: number): number }).openInhibitor(id);
}

const NEVER: Idle = { hint: false, since: null };

export function controlOf(session: Session): Control | null {
  return (session as Session & { readonly control?: Control | null }).control ?? null;
}

export function lockedHint(session: Session): boolean {
  return (session as Session & { readonly lockedHint?: boolean }).lockedHint ?? false;
}

/** Oldest first. */
export function inhibitorsOf(world: World): readonly Inhibitor[] {
  const { inhibitors } = world as World & { readonly inhibitors?: { values(): Iterable<Inhibitor> } };
  return [...(inhibitors?.values() ?? [])].sort((a, b) => a.id - b.id);
}

export function idleOfSession(_world: World, session: Session): Idle {
  const { idleHint, idleSince } = session as Session & {
    readonly idleHint?: boolean;
    readonly idleSince?: Instant | null;
  };
  return { hint: idleHint ?? false, since: idleSince ?? null };
}

export function idleOfUser(world: World, user: User): Idle {
  return allIdle(world, sessionsOf(world, user));
}

export function idleOfSeat(world: World, seat: Seat): Idle {
  return allIdle(
    world,
    seat.sessions.flatMap((id) => world.sessions.get(id) ?? []),
  );
}

export function idleOfManager(world: World): Idle {
  return allIdle(world, [...world.sessions.values()]);
}

function allIdle(world: World, sessions: readonly Session[]): Idle {
  return sessions.every((session) => idleOfSession(world, session).hint)
    ? { hint: true, since: null }
    : NEVER;
}
