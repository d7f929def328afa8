/** The whole daemon on one screen. An event kind that is not handled here does not compile. */

import * as activate from "./activate.ts";
import * as closing from "./closing.ts";
import type { Policy } from "./configuration.ts";
import * as control from "./control.ts";
import * as devices from "./devices.ts";
import * as environment from "./environment.ts";
import type { Event } from "./events.ts";
import * as gettys from "./gettys.ts";
import * as hints from "./hints.ts";
import * as inhibit from "./inhibit.ts";
import { limitsOf } from "./limits.ts";
import * as linger from "./linger.ts";
import type { Instant, World } from "./model.ts";
import * as news from "./news.ts";
import { chain, type Step } from "./outcome.ts";
import * as requests from "./requests.ts";
import * as restore from "./restore.ts";
import * as seat from "./seat.ts";
import { FIRST_SEATS } from "./seats.ts";
import * as session from "./session.ts";
import { Table } from "./table.ts";
import { vtTaken } from "./takeover.ts";
import * as taking from "./taking.ts";
import { timerFired } from "./timers.ts";
import * as user from "./user.ts";

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the table of contents of all events.
export function step(world: World, event: Event): Step {
  switch (event.kind) {
    case "session.openRequested":
      return session.openRequested(world, event);
    case "session.closeRequested":
      return requests.closeRequested(world, event);
    case "session.terminateRequested":
      return requests.terminateRequested(world, event);
    case "session.killRequested":
      return requests.killRequested(world, event);
    case "user.terminateRequested":
      return requests.terminateUserRequested(world, event);
    case "user.killRequested":
      return requests.killUserRequested(world, event);
    case "seat.terminateRequested":
      return requests.terminateSeatRequested(world, event);
    case "session.classRequested":
      return requests.classRequested(world, event);
    case "session.controlRequested":
      return control.controlRequested(world, event);
    case "session.controlReleased":
      return control.controlReleased(world, event);
    case "session.typeRequested":
      return control.typeRequested(world, event);
    case "session.displayRequested":
      return control.displayRequested(world, event);
    case "session.ttyRequested":
      return control.ttyRequested(world, event);
    case "bus.nameLost":
      return control.nameLost(world, event);
    case "bus.connected":
      return control.busConnected(world, event);
    case "session.lockRequested":
      return hints.lockRequested(world, event);
    case "session.lockAllRequested":
      return hints.lockAllRequested(world, event);
    case "session.lockedHintRequested":
      return hints.lockedHintRequested(world, event);
    case "session.idleHintRequested":
      return hints.idleHintRequested(world, event);
    case "inhibit.requested":
      return inhibit.inhibitRequested(world, event);
    case "inhibit.created":
      return inhibit.inhibitCreated(world, event);
    case "inhibit.failed":
      return inhibit.inhibitFailed(world, event);
    case "inhibitor.ended":
      return inhibit.inhibitorEnded(world, event);
    case "ids.reserved":
      return session.idsReserved(world, event);
    case "session.made":
      return session.sessionMade(world, event);
    case "record.saved":
      return session.recordSaved(world, event);
    case "record.failed":
      return session.recordFailed(world, event);
    case "runtime.created":
      return linger.goOn(user.runtimeCreated(world, event));
    case "runtime.failed":
      return linger.goOn(user.runtimeFailed(world, event));
    case "runtime.removed":
      return user.runtimeRemoved(world, event);
    case "scope.emptied":
      return closing.scopeEmptied(world, event);
    case "scope.removed":
      return closing.scopeRemoved(world, event);
    case "scope.busy":
      return closing.scopeBusy(world, event);
    case "lifetime.ended":
      return closing.lifetimeEnded(world, event);
    case "leader.exited":
      return closing.leaderExited(world, event);
    case "manager.told":
      return linger.goOn(news.managerTold(world, event));
    case "manager.cleaned":
      return linger.goOn(news.managerCleaned(world, event));
    case "user.lookedUp":
      return linger.goOn(linger.userLookedUp(world, event));
    case "linger.requested":
      return linger.lingerRequested(world, event);
    case "linger.saved":
      return linger.goOn(linger.lingerSaved(world, event));
    case "linger.failed":
      return linger.lingerFailed(world, event);
    case "environment.imported":
      return environment.environmentImported(world, event);
    case "timer.fired":
      return linger.goOn(timerFired(world, event));
    case "vt.activated":
      return seat.vtActivated(world, event);
    case "vt.left":
      return seat.vtLeft(world, event);
    case "getty.ended":
      return gettys.gettyEnded(world, event);
    case "vt.taken":
      return vtTaken(world, event);
    case "devices.changed":
      return seat.devicesChanged(world, event);
    case "devices.found":
      return seat.devicesFound(world, event);
    case "session.activateRequested":
      return activate.activateRequested(world, event);
    case "seat.switchRequested":
      return activate.switchRequested(world, event);
    case "device.takeRequested":
      return taking.takeRequested(world, event);
    case "device.releaseRequested":
      return taking.releaseRequested(world, event);
    case "device.pauseCompleted":
      return taking.pauseCompleted(world, event);
    case "seat.disableAcknowledged":
      return taking.disableAcknowledged(world, event);
    case "device.opened":
      return devices.deviceOpened(world, event);
    case "device.paused":
      return devices.devicePaused(world, event);
    case "device.resumed":
      return devices.deviceResumed(world, event);
    case "device.closed":
      return devices.deviceClosed(world, event);
    case "seatd.left":
      return control.seatdLeft(world, event);
    case "policy.changed":
      return linger.goOn(policyChanged(world, event.policy, event.at));
    case "daemon.started":
      return linger.goOn(restore.daemonStarted(world, event));
    default:
      return unreachable(event);
  }
}

/** The World of a daemon that has not looked around yet. */
export function emptyWorld(policy: Policy): World {
  return {
    policy,
    nextId: 1,
    reservedIds: 1,
    started: { realtime: 0, monotonic: 0 },
    sessions: Table.empty(),
    users: Table.empty(),
    leaders: Table.empty(),
    seats: FIRST_SEATS,
    devices: Table.empty(),
    enumerated: false,
    nextKey: 1,
    unsure: new Set(),
    dropped: Table.empty(),
    takeovers: new Map(),
    gettys: Table.empty(),
    bus: null,
    lingering: Table.empty(),
    queue: [],
    lookUpMs: 0,
    inhibitors: Table.empty(),
    nextInhibitor: 1,
    upgrades: new Map(),
  };
}

/** New limits hold for users who are logged in, too. A manager that is up keeps its backend until it ends. */
function policyChanged(world: World, policy: Policy, at: Instant): Step {
  const users = [...world.users.values()];
  const limit = users.map(
    (each) => ({ kind: "slice.limit", uid: each.uid, limits: limitsOf(policy, each) }) as const,
  );
  return chain(
    world,
    (now) => ({ world: now, effects: limit }),
    (now) => linger.policyChanged(now, policy, at),
    (now) => gettys.policyChanged(now, at),
    (now) => ({ world: now, effects: [{ kind: "publish" }] }),
  );
}

function unreachable(event: never): never {
  throw new Error(`no such event: ${JSON.stringify(event)}`);
}
