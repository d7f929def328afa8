/** Seats and devices in the words of the transcripts. */

import type { Control } from "../../daemon/src/core/model.ts";
import type { Held, SeatRecord, Takeable } from "../../daemon/src/core/seat-events.ts";
import type { Device, DeviceKind, Taken } from "../../daemon/src/core/seat-model.ts";

type Words = ReadonlyMap<string, string>;

interface Sort {
  readonly kind: DeviceKind | null;
  readonly subsystem: string;
  readonly major: number;
  readonly folder: string;
  readonly master?: boolean;
  readonly uaccess?: boolean;
}

/** By the name without its number. */
const SORTS: ReadonlyMap<string, Sort> = new Map<string, Sort>([
  ["card", { kind: "drm", subsystem: "drm", major: 226, folder: "dri/", master: true, uaccess: true }],
  ["renderD", { kind: "render", subsystem: "drm", major: 226, folder: "dri/" }],
  ["event", { kind: "evdev", subsystem: "input", major: 13, folder: "input/" }],
  ["hidraw", { kind: "hidraw", subsystem: "hidraw", major: 240, folder: "" }],
  ["snd", { kind: null, subsystem: "sound", major: 116, folder: "", uaccess: true }],
]);

const EVENT_MINOR = 64;

/** "card0" on seat0, "card1@seat1" on another seat. */
export function deviceOf(word: string): Takeable | { readonly device: Device; readonly kind: null } {
  const [name = "", seat = "seat0"] = word.split("@");
  const [, stem = "", number = "0"] = /^([A-Za-z]+)(\d+)$/.exec(name) ?? [];
  const sort = SORTS.get(stem);
  if (sort === undefined) throw new Error(`no device is called ${word}`);
  const minor = Number(number) + (stem === "event" ? EVENT_MINOR : 0);
  const device: Device = {
    path: `/sys/devices/${name}`,
    parent: "",
    subsystem: sort.subsystem,
    name,
    node: `/dev/${sort.folder}${name}`,
    number: { major: sort.major, minor, block: false },
    seat,
    master: sort.master ?? false,
    uaccess: sort.uaccess ?? false,
    assignable: true,
    idForSeat: name,
  };
  return { device, kind: sort.kind } as Takeable;
}

function devices(words: Words, key: string): Device[] {
  return (words.get(key) ?? "")
    .split(",")
    .filter((word) => word !== "")
    .map((word) => deviceOf(word).device);
}

function numberOf(words: Words) {
  const { number } = deviceOf(words.get("device") ?? "").device;
  return { major: number?.major ?? 0, minor: number?.minor ?? 0 };
}

const name = (words: Words) => ({ name: words.get("name"), number: numberOf(words) });
const outcome = (words: Words) => ({ error: words.get("error") ?? null });

/** What does not fit into words one by one. */
export const seatShapes: Readonly<Record<string, (words: Words) => object>> = {
  "devices.found": (words) => ({ devices: devices(words, "devices") }),
  "devices.changed": (words) => ({
    changed: devices(words, "changed"),
    removed: devices(words, "removed").map(({ path }) => path),
  }),
  "vt.left": (words) => ({ shown: Number(words.get("shown") ?? 0) }),
  "device.takeRequested": (words) => {
    const found = deviceOf(words.get("device") ?? "");
    return { ...name(words), device: words.has("unknown") || found.kind === null ? null : found };
  },
  "device.releaseRequested": name,
  "device.pauseCompleted": name,
  "device.opened": (words) => {
    const errno = words.get("errno");
    return { result: errno === undefined ? { active: words.get("active") === "yes" } : { errno } };
  },
  "device.paused": outcome,
  "device.resumed": outcome,
  "device.closed": outcome,
  "vt.taken": outcome,
  "getty.ended": (words) => ({
    ...outcome(words),
    how: (words.get("how") ?? "exit_code_0").replaceAll("_", " "),
  }),
};

/** keys=1:live,2:mute vts=2 gettys=3 clients=7 */
export function heldWords(words: Words): Held {
  const list = (key: string) => (words.get(key) ?? "").split(",").filter((word) => word !== "");
  return {
    devices: list("keys").map((word) => {
      const [key = "", state] = word.split(":");
      return { key: Number(key), active: state === "live" };
    }),
    vts: list("vts").map(Number),
    gettys: list("gettys").map(Number),
    clients: list("clients").map(Number),
  };
}

/** A field of an effect that is about seats; null if it is none. */
export function seatWords(key: string, value: unknown): string[] | null {
  if (key === "devices") return [`devices=${(value as Device[]).map((device) => device.name)}`];
  if (key === "command") return (value as string[]).slice(0, 2);
  if (key === "remove") return (value as number[]).length === 0 ? [] : [`remove=${value}`];
  if (key === "device") return takenOrder(value as Taken);
  if (key === "control") return [`to=${(value as Control).name}`];
  if (key === "number") return [`device=${Object.values(value as object).join(":")}`];
  if (key !== "seat") return null;
  const { id, chosen, granted } = value as SeatRecord;
  return [`seat=${id}`, ...(chosen === null ? [] : [`chosen=${chosen}`]), `granted=${granted}`];
}

function takenOrder({ key, kind, node, major, minor }: Taken): string[] {
  return [`key=${key}`, `device=${major}:${minor}`, kind, node];
}

/** What the controller of a session has. */
export function takenWords(control: Control | null, taken: readonly Taken[]): string[] {
  if (control === null) return [];
  const words: string[] = [];
  if (control.vt) words.push("vt");
  if (control.seat !== "enabled") words.push(control.seat);
  for (const { key, state, told, answered } of taken)
    words.push(
      `${key}:${state}${(told === "active") === (state === "active") ? "" : "(untold)"}${answered ? "" : "(unanswered)"}`,
    );
  return words;
}
