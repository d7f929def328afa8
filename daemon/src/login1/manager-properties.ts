/** What the manager says of itself. Keys, lids, batteries and shutdowns are nobody's work here: so the words say. */

import type { Property } from "../bus/table.ts";
import { type Value, Variant } from "../bus/values.ts";
import { type Idle, idleOfManager } from "../core/idle.ts";
import type { World } from "../core/model.ts";
import { INHIBIT_WHATS, type InhibitMode } from "../core/model.ts";
import { INHIBITORS_MAX } from "../core/policy.ts";
import { askRoot } from "./authority.ts";
import { inhibitorsOf } from "./inhibit.ts";
import type { ManagerObject } from "./room.ts";
import { changing, constant, idleRows, silent } from "./rows.ts";
import { checkWallMessage } from "./wall.ts";

type Row = Property<ManagerObject>;

const INFINITY = 0xffff_ffff_ffff_ffffn;
const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;

const KEYS = [
  "HandlePowerKey",
  "HandlePowerKeyLongPress",
  "HandleRebootKey",
  "HandleRebootKeyLongPress",
  "HandleSuspendKey",
  "HandleSuspendKeyLongPress",
  "HandleHibernateKey",
  "HandleHibernateKeyLongPress",
  "HandleLidSwitch",
  "HandleLidSwitchExternalPower",
  "HandleLidSwitchDocked",
  "HandleSecureAttentionKey",
];

/** Everything that inhibitors of this mode are about. */
function inhibited(mode: InhibitMode): (object: ManagerObject) => Value {
  return ({ world }) => {
    const whats = new Set(inhibitorsOf(world).flatMap((each) => (each.mode === mode ? each.what : [])));
    return INHIBIT_WHATS.filter((what) => whats.has(what)).join(":");
  };
}

/** All sessions are asked for it, and three properties ask, of two Worlds in turn where they are compared. */
const idleIn = new WeakMap<World, Idle>();
function idleNow({ world }: ManagerObject): Idle {
  const idle = idleIn.get(world) ?? idleOfManager(world);
  idleIn.set(world, idle);
  return idle;
}

const wall: readonly Row[] = [
  {
    ...silent<ManagerObject>("EnableWallMessages", "b", ({ room }) => room.wall.enabled),
    set({ room }, value, call) {
      askRoot(call);
      room.wall.enabled = value as boolean;
    },
  },
  {
    ...silent<ManagerObject>("WallMessage", "s", ({ room }) => room.wall.message),
    set({ room }, value, call) {
      askRoot(call);
      room.wall.message = checkWallMessage(value as string);
    },
  },
];

const policy: readonly Row[] = [
  constant("NAutoVTs", "u", ({ world }) => world.policy.vts.automatic),
  constant("KillOnlyUsers", "as", ({ world }) => world.policy.killOnlyUsers),
  constant("KillExcludeUsers", "as", ({ world }) => world.policy.killExcludeUsers),
  constant("KillUserProcesses", "b", ({ world }) => world.policy.killUserProcesses),
  constant("RemoveIPC", "b", () => false),
  constant("RuntimeDirectorySize", "t", ({ world }) => BigInt(world.policy.runtimeDirectoryBytes)),
  constant("RuntimeDirectoryInodesMax", "t", ({ world }) => BigInt(world.policy.runtimeDirectoryInodes)),
  constant("SessionsMax", "t", ({ world }) => BigInt(world.policy.sessionsMax)),
  silent("NCurrentSessions", "t", ({ world }) => BigInt(world.sessions.size)),
  constant("InhibitorsMax", "t", () => BigInt(INHIBITORS_MAX)),
  silent("NCurrentInhibitors", "t", ({ world }) => BigInt(inhibitorsOf(world).length)),
  { ...constant<ManagerObject>("UserTasksMax", "t", () => INFINITY), hidden: true },
  constant("StopIdleSessionUSec", "t", () => INFINITY),
  constant("UserStopDelayUSec", "t", () => 0n),
];

const reboot: readonly Row[] = [
  silent("RebootParameter", "s", () => ""),
  silent("RebootToFirmwareSetup", "b", () => false),
  silent("RebootToBootLoaderMenu", "t", () => INFINITY),
  silent("RebootToBootLoaderEntry", "s", () => ""),
  constant("BootLoaderEntries", "as", () => []),
];

const power: readonly Row[] = [
  ...KEYS.map((name): Row => constant(name, "s", () => "ignore")),
  constant("SleepOperation", "as", () => []),
  constant("HoldoffTimeoutUSec", "t", () => 30n * SECOND),
  constant("IdleAction", "s", () => "ignore"),
  constant("IdleActionUSec", "t", () => 30n * MINUTE),
  silent("PreparingForShutdown", "b", () => false),
  silent("PreparingForSleep", "b", () => false),
  silent("PreparingForShutdownWithMetadata", "a{sv}", () => [["preparing", new Variant("b", false)]]),
  changing("ScheduledShutdown", "(st)", () => ["", INFINITY]),
  constant("DesignatedMaintenanceTime", "s", () => ""),
  silent("Docked", "b", () => false),
  changing("LidClosed", "b", () => false),
  silent("OnExternalPower", "b", () => true),
];

export const managerProperties: readonly Row[] = [
  ...wall,
  ...policy,
  ...reboot,
  ...idleRows<ManagerObject>(idleNow),
  changing("BlockInhibited", "s", inhibited("block")),
  changing("BlockWeakInhibited", "s", inhibited("block-weak")),
  changing("DelayInhibited", "s", inhibited("delay")),
  constant("InhibitDelayMaxUSec", "t", () => 5n * SECOND),
  ...power,
];
