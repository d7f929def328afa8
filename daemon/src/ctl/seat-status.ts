import type { AccessRecord, DeviceRecord, Reply, SessionRecord } from "../control/interface.ts";
import { block, type Line } from "./block.ts";
import { each } from "./each.ts";
import { ownSeat } from "./own.ts";
import { cut, json, printable } from "./text.ts";
import { draw, type Node } from "./tree.ts";
import type { Context, Verb } from "./verb.ts";

type Seat = Reply<"GetSeat">["seat"];

/** Nothing is asked twice of the user database. */
export type Names = (kind: "passwd" | "group", id: number) => string;

export function names(context: Context): Names {
  const known = new Map<string, string>();
  return (kind, id) => {
    const key = `${kind} ${id}`;
    const name = known.get(key) ?? printable(context.nameOf(kind, id));
    known.set(key, name);
    return name;
  };
}

function letters(permissions: number): string {
  return [..."rwx"].map((letter, i) => ((permissions >> (2 - i)) & 1 ? letter : "-")).join("");
}

/** "root:video rw-rw----, user alice rw-": as ls and getfacl have it. */
export function accessText({ uid, gid, mode, users, groups }: AccessRecord, nameOf: Names): string {
  const bits = letters(mode >> 6) + letters(mode >> 3) + letters(mode);
  const owner = `${nameOf("passwd", uid)}:${nameOf("group", gid)} ${bits}`;
  const ofUsers = users.map(({ id, permissions }) => `user ${nameOf("passwd", id)} ${letters(permissions)}`);
  const ofGroups = groups.map(
    ({ id, permissions }) => `group ${nameOf("group", id)} ${letters(permissions)}`,
  );
  return [owner, ...ofUsers, ...ofGroups].join(", ");
}

export function tagsOf({ master, uaccess, assignable }: DeviceRecord): string {
  const tags = [master && "master-of-seat", uaccess && "uaccess", assignable && "seat"].filter(Boolean);
  return tags.length === 0 ? "" : `[${tags.join(", ")}]`;
}

/** The devices as a tree; below each, who has taken it. */
function deviceTree(devices: readonly DeviceRecord[], nameOf: Names): Node[] {
  const paths = new Set(devices.map(({ path }) => path));
  const below = new Map<string, DeviceRecord[]>();
  for (const device of devices) {
    const at = device.parent !== null && paths.has(device.parent) ? device.parent : "";
    below.set(at, [...(below.get(at) ?? []), device]);
  }
  const node = (device: DeviceRecord): Node => {
    const taken = device.taken.map(({ session, controller, node: path, state }) => ({
      label: printable(`${path}: session ${session} has it, process ${controller}, ${state}`),
      below: [],
    }));
    const own = (below.get(device.path) ?? []).filter(({ path }) => path !== device.path);
    return { label: labelOf(device, nameOf), below: [...taken, ...own.map(node)] };
  };
  return (below.get("") ?? []).map(node);
}

function labelOf(device: DeviceRecord, nameOf: Names): string {
  const name = printable(device.subsystem === "" ? device.name : `${device.subsystem}:${device.name}`);
  const access = device.access === null ? "" : accessText(device.access, nameOf);
  return [name, printable(device.node ?? ""), access, tagsOf(device)].filter((part) => part !== "").join(" ");
}

function describe(seat: Seat, sessions: readonly SessionRecord[]): Line[] {
  const named = (id: string): string => {
    const user = sessions.find((session) => session.id === id)?.user;
    return printable(user === undefined ? id : `${id} (${user})`);
  };
  const { activeSession, activeVt } = seat;
  const shown = activeVt === 0 ? "yes" : `yes, ${activeVt} is on the screen`;
  return [
    ["Foreground", activeSession === null ? "nobody" : `session ${named(activeSession)}`],
    ["Sessions", seat.sessions.map(named).join(", ")],
    ["Graphical", seat.graphical ? "yes" : "no"],
    ["Terminals", seat.terminals ? shown : "no"],
  ];
}

export const seatStatus: Verb = {
  name: "seat-status",
  operands: "[SEAT...]",
  least: 0,
  most: Number.POSITIVE_INFINITY,
  summary: "Show a seat and its devices",
  details:
    "Without a SEAT, that of the session sessionctl runs in, or seat0. The devices are shown with owner, group and\npermissions of their nodes, the entries of their access lists, and the sessions that have taken them.",
  options: {},
  async run(input, context) {
    const seats = input.operands.length > 0 ? input.operands : [await ownSeat(context)];
    const { sessions } = await context.client.call("ListSessions", {}, "list the sessions");
    const nameOf = names(context);
    return each(seats, context, async (id, position) => {
      const reply = await context.client.call("GetSeat", { id }, `show seat ${printable(id)}`);
      if (context.json) return context.print([json(reply, 2)]);
      const { seat, devices } = reply;
      const tree = draw(deviceTree(devices, nameOf), "", context.unicode);
      const lines = [
        ...block(context.paint(printable(seat.id), "bold"), describe(seat, sessions)),
        ...(tree.length === 0 ? [] : ["  Devices:"]),
        ...tree.map((line) => cut(`    ${line}`, context.columns)),
      ];
      context.print(position === 0 ? lines : ["", ...lines]);
    });
  },
};
