/**
 * Everything the core can order, named `room.verb`. The order within one step is part of the contract: write down
 * first and grant last; take away first and forget last.
 */

import type { Limits } from "./configuration.ts";
import type { Account } from "./events.ts";
import type { Inhibitor, ProcessIdentity, Requester, Session, SessionId, Uid, User } from "./model.ts";
import type { SeatEffect } from "./seat-effects.ts";

export type Refusal =
  | "no-such-session"
  | "no-such-user"
  | "no-such-seat"
  | "not-allowed"
  | "not-supported"
  | "not-controller"
  | "control-taken"
  | "busy"
  | "not-on-seat"
  | "device-taken"
  | "device-not-taken"
  | "no-such-device"
  | "limits"
  | "invalid"
  | "failed";

/** A variable of the new session; "" means: override the inherited value with nothing. */
export type Environment = ReadonlyMap<string, string>;

export type OpenResult =
  | {
      readonly outcome: "opened";
      readonly session: Session;
      readonly environment: Environment;
      readonly lifetime: boolean;
    }
  | { readonly outcome: "existing"; readonly id: SessionId; readonly environment: Environment }
  | { readonly outcome: "none" }
  | { readonly outcome: "refused"; readonly refusal: Refusal; readonly message: string };

export type CallResult =
  | { readonly ok: true; readonly id: SessionId }
  | { readonly ok: false; readonly refusal: Refusal; readonly message: string };

export type InhibitResult =
  | { readonly ok: true; readonly id: number }
  | { readonly ok: false; readonly refusal: Refusal; readonly message: string };

export type Effect =
  | SeatEffect
  | { readonly kind: "ids.reserve"; readonly below: number }
  | { readonly kind: "session.save"; readonly session: Session; readonly answer: boolean }
  | { readonly kind: "session.erase"; readonly id: SessionId }
  | { readonly kind: "user.save"; readonly user: User }
  | { readonly kind: "user.erase"; readonly uid: Uid }
  | {
      readonly kind: "runtime.create";
      readonly uid: Uid;
      readonly gid: number;
      readonly bytes: number;
      readonly inodes: number;
    }
  | {
      readonly kind: "runtime.remove";
      readonly uid: Uid;
      readonly gid: number;
      readonly directory: "tmpfs" | "directory";
    }
  | { readonly kind: "slice.create"; readonly uid: Uid; readonly limits: Limits }
  | { readonly kind: "slice.limit"; readonly uid: Uid; readonly limits: Limits }
  | { readonly kind: "slice.remove"; readonly uid: Uid }
  /** Makes the scope, limits it and moves the leader into it, makes the FIFO if wanted, watches the leader. */
  | {
      readonly kind: "session.make";
      readonly id: SessionId;
      readonly uid: Uid;
      readonly leader: ProcessIdentity;
      readonly limits: Limits;
      readonly lifetime: boolean;
    }
  /** Reports scope.emptied once no process is in the group; at once if that is so already. */
  | { readonly kind: "scope.watch"; readonly id: SessionId; readonly uid: Uid }
  | {
      readonly kind: "scope.signal";
      readonly id: SessionId;
      readonly uid: Uid;
      readonly signal: number;
      /** Not to this process; 0 for none. */
      readonly except: number;
    }
  | { readonly kind: "scope.kill"; readonly id: SessionId; readonly uid: Uid }
  | { readonly kind: "scope.remove"; readonly id: SessionId; readonly uid: Uid }
  /** Opens an existing FIFO again after a restart. */
  | { readonly kind: "lifetime.resume"; readonly id: SessionId; readonly leader: ProcessIdentity }
  | { readonly kind: "lifetime.drop"; readonly id: SessionId }
  | { readonly kind: "leader.watch"; readonly id: SessionId; readonly leader: ProcessIdentity }
  | { readonly kind: "leader.unwatch"; readonly id: SessionId }
  | { readonly kind: "leader.signal"; readonly leader: ProcessIdentity; readonly signal: number }
  /** Makes the manager's control groups and has the keeper start sessionman-run in them. */
  | {
      readonly kind: "manager.start";
      readonly uid: Uid;
      readonly gid: number;
      readonly user: string;
      readonly backend: string;
    }
  /** Listens again to a manager that an earlier daemon started. */
  | { readonly kind: "manager.adopt"; readonly uid: Uid }
  /** stop: runs the backend's stop script; term: signals the manager. */
  | { readonly kind: "manager.order"; readonly uid: Uid; readonly order: "stop" | "term" }
  | { readonly kind: "manager.signal"; readonly uid: Uid; readonly signal: number }
  /** Kills every process of the manager; sessionman-run ends then, too. */
  | { readonly kind: "manager.kill"; readonly uid: Uid }
  /** Kills what is left and removes the control groups; reports manager.cleaned when that is done. */
  | { readonly kind: "manager.clean"; readonly uid: Uid }
  /** Tells the running manager of variables that changed. */
  | {
      readonly kind: "manager.environment";
      readonly uid: Uid;
      readonly set: ReadonlyMap<string, string>;
      readonly unset: readonly string[];
    }
  | { readonly kind: "manager.graphical"; readonly uid: Uid; readonly phase: "start" | "stop" }
  /** Removes what is kept beyond a manager's end: the log of its output. */
  | { readonly kind: "manager.erase"; readonly uid: Uid }
  | { readonly kind: "user.lookUp"; readonly uid: Uid }
  | {
      readonly kind: "linger.save";
      readonly requester: Requester;
      readonly user: Account;
      readonly enabled: boolean;
    }
  /** Asks the programs of the session to lock or unlock its screen. */
  | { readonly kind: "session.lock"; readonly id: SessionId; readonly lock: boolean }
  /** Makes the FIFO, then the record; reports inhibit.created or inhibit.failed. */
  | { readonly kind: "inhibit.create"; readonly inhibitor: Inhibitor; readonly requester: Requester }
  /** Reports inhibitor.ended once nobody holds the write end, at once if that is so already. */
  | { readonly kind: "inhibitor.watch"; readonly id: number }
  /** Removes the FIFO. */
  | { readonly kind: "inhibitor.drop"; readonly id: number }
  /** Removes the record. */
  | { readonly kind: "inhibitor.erase"; readonly id: number }
  | { readonly kind: "timer.set"; readonly timer: string; readonly afterMs: number }
  | { readonly kind: "timer.cancel"; readonly timer: string }
  /** Who is in the foreground of the seat can be read before the next effect; the rest can with "publish". */
  | { readonly kind: "state.write"; readonly seat: string }
  /** Makes the World known: compares it with the one published last. */
  | { readonly kind: "publish" }
  /** The same after what else has happened already: nothing that follows says that it was told. */
  | { readonly kind: "publish.soon" }
  /** So, too, but who is in the foreground, and who no more, hears that before the next effect. */
  | { readonly kind: "publish.switch" }
  | { readonly kind: "open.reply"; readonly requester: Requester; readonly result: OpenResult }
  | { readonly kind: "call.reply"; readonly requester: Requester; readonly result: CallResult }
  /** Whoever gets it opens a write end before the next effect, or has none. */
  | { readonly kind: "inhibit.reply"; readonly requester: Requester; readonly result: InhibitResult }
  | { readonly kind: "log"; readonly level: "info" | "warn" | "error"; readonly message: string };
