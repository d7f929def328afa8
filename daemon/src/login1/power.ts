/** Sleep, shutdown and what goes with them: there is nobody here to do it, and so the answers say. */

import type { Answer, Call } from "../bus/call.ts";
import type { Method } from "../bus/table.ts";
import type { Later } from "./actions.ts";
import { askRoot } from "./authority.ts";
import { invalidArgs, notSupported, sleepVerbNotSupported } from "./errors.ts";
import type { ManagerObject } from "./room.ts";
import { method } from "./rows.ts";
import { checkWallMessage } from "./wall.ts";

type Row = Method<ManagerObject>;

const SHUTDOWNS = ["PowerOff", "Reboot", "Halt"];
const SLEEPS = ["Suspend", "Hibernate", "HybridSleep", "SuspendThenHibernate"];
const SHUTDOWN_TYPE = /^(?:dry-)?(?:poweroff|reboot|halt|kexec|soft-reboot)$/;

/** Bits of the flags: obey inhibitors as root; three ways to reboot; disregard inhibitors. */
const ANY_FLAGS = 0b10001n;
const KEXEC = 0b10n;
const SOFT_REBOOT = 0b100n;
const REBOOT_FLAGS = 0b11111n;

function checkFlags(name: string, flags: bigint): void {
  const allowed = name.startsWith("Reboot") ? REBOOT_FLAGS : ANY_FLAGS;
  const both = (flags & KEXEC) !== 0n && (flags & SOFT_REBOOT) !== 0n;
  if ((flags & ~allowed) !== 0n || both) throw invalidArgs(`${name} has no flags 0x${flags.toString(16)}`);
}

function refuseVerb(name: string, sleeps: boolean): Answer {
  const refuse = sleeps ? sleepVerbNotSupported : notSupported;
  throw refuse(`${name}: this is done by other programs of this system`);
}

function verbRows(name: string, sleeps: boolean): Row[] {
  const flagged = (row: string): Row =>
    method(row, { in: "t", args: "flags" }, (_object, call) => {
      checkFlags(row, call.args[0] as bigint);
      return refuseVerb(name, sleeps);
    });
  return [
    method(name, { in: "b", args: "interactive" }, () => refuseVerb(name, sleeps)),
    flagged(`${name}WithFlags`),
    method(`Can${name}`, { out: "s", args: "result" }, () => ["na"]),
  ];
}

const sleep: readonly Row[] = [
  method("Sleep", { in: "t", args: "flags" }, (_object, call) => {
    checkFlags("Sleep", call.args[0] as bigint);
    return refuseVerb("Sleep", true);
  }),
  method("CanSleep", { out: "s", args: "result" }, () => ["na"]),
];

/** Something that the firmware or the boot loader would do at the next boot. */
function bootRows(name: string, signature: string, arg: string): Row[] {
  return [
    method(`Can${name}`, { out: "s", args: "result" }, () => ["na"]),
    method(`Set${name}`, { in: signature, args: arg }, () => refuseVerb(`Set${name}`, false)),
  ];
}

function scheduleShutdown(_object: ManagerObject, call: Call): Answer {
  const [type] = call.args as [string];
  if (!SHUTDOWN_TYPE.test(type)) throw invalidArgs(`${JSON.stringify(type)} is no kind of shutdown`);
  return refuseVerb("ScheduleShutdown", false);
}

async function setWallMessage({ room }: ManagerObject, call: Call): Later {
  const [text, enabled] = call.args as [string, boolean];
  const message = checkWallMessage(text);
  if (room.wall.message === message && room.wall.enabled === enabled) return [];
  await room.authority.ask(call, { action: "set-wall-message" });
  Object.assign(room.wall, { message, enabled });
  return [];
}

/** For a program that puts the machine to sleep by itself: those who prepare for that hear of it. */
function sendPrepareForSleep({ room }: ManagerObject, call: Call): Answer {
  askRoot(call);
  room.prepareForSleep(call.args[0] as boolean);
  return [];
}

export const powerMethods: readonly Row[] = [
  ...SHUTDOWNS.flatMap((name) => verbRows(name, false)),
  ...SLEEPS.flatMap((name) => verbRows(name, true)),
  ...sleep,
  ...bootRows("RebootParameter", "s", "parameter"),
  ...bootRows("RebootToFirmwareSetup", "b", "enable"),
  ...bootRows("RebootToBootLoaderMenu", "t", "timeout"),
  ...bootRows("RebootToBootLoaderEntry", "s", "boot_loader_entry"),
  method("ScheduleShutdown", { in: "st", args: "type usec" }, scheduleShutdown),
  method("CancelScheduledShutdown", { out: "b", args: "cancelled" }, () => [false]),
  method("SetWallMessage", { in: "sb", args: "wall_message enable" }, setWallMessage),
  method("SendPrepareForSleep", { in: "b", args: "state" }, sendPrepareForSleep),
];
