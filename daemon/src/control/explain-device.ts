/** Why a user may or may not open a device, and what would have to be otherwise, in sentences (pure). */

import type { World } from "../core/model.ts";
import type { Device } from "../core/seat-model.ts";
import { seatOf } from "../core/seats.ts";
import { activeSession, session as sessionOf } from "../core/select.ts";
import type { NodeAccess } from "../kernel/seat-kernel.ts";
import type { Reply } from "./interface.ts";
import { maskOf } from "./render-seat.ts";

export interface Asker {
  readonly uid: number;
  readonly name: string;
  readonly groups: ReadonlySet<number>;
}

export interface Subject {
  readonly access: NodeAccess;
  /** null: no seat has it. */
  readonly device: Device | null;
  /** Compositors can have it from the daemon. */
  readonly takeable: boolean;
}

type Verdict = Pick<Reply<"ExplainDevice">, "mayOpen" | "because" | "needed">;

const READ_WRITE = 6;

export function explainDevice(world: World, subject: Subject, asker: Asker): Verdict {
  const { mayOpen, because } = decide(subject.access, asker);
  const takeable = subject.takeable
    ? ["the compositor of a session gets it from sessionmand, whatever its permissions are"]
    : [];
  return {
    mayOpen,
    because: [because, ...place(world, subject, asker), ...takeable],
    needed: mayOpen ? [] : needed(world, subject, asker),
  };
}

interface Decision {
  readonly mayOpen: boolean;
  readonly because: string;
}

/** As the kernel decides: the first of owner, entry, groups and the others that is about the user counts. */
function decide(access: NodeAccess, { uid, name, groups }: Asker): Decision {
  const decision = (permissions: number, because: string): Decision => ({
    mayOpen: (permissions & READ_WRITE) === READ_WRITE,
    because: `${because} (${letters(permissions)})`,
  });
  if (uid === 0) return { mayOpen: true, because: "root may open everything" };
  if (access.uid === uid) return decision(access.mode >> 6, `${name} is the owner of the node`);
  const mask = maskOf(access.mode);
  const entry = access.users.find((each) => each.uid === uid);
  if (entry !== undefined) {
    const cut = entry.permissions & ~mask & READ_WRITE ? ", which the mask of the list cuts down" : "";
    return decision(entry.permissions & mask, `the access list has an entry for ${name}${cut}`);
  }
  const own = grantsOf(access).filter(({ gid }) => groups.has(gid));
  const best = own.find(({ permissions }) => (permissions & READ_WRITE) === READ_WRITE) ?? own[0];
  if (best !== undefined) return decision(best.permissions, `${name} is in group ${best.gid}`);
  return decision(
    access.mode,
    `nothing in the permissions of the node is for ${name}, only what everybody has`,
  );
}

/** What groups have in effect. */
function grantsOf({ gid, mode, groups }: NodeAccess): NodeAccess["groups"] {
  const mask = maskOf(mode);
  const listed = groups.map((each) => ({ gid: each.gid, permissions: each.permissions & mask }));
  return listed.some((each) => each.gid === gid) ? listed : [{ gid, permissions: mask }, ...listed];
}

function letters(permissions: number): string {
  return [..."rwx"].map((letter, i) => ((permissions >> (2 - i)) & 1 ? letter : "-")).join("");
}

function place(world: World, { device, access }: Subject, { uid, name }: Asker): string[] {
  if (device === null) return ["it belongs to no seat: which session is in the foreground does not matter"];
  const { seat: id, uaccess } = device;
  if (!uaccess)
    return [
      `it belongs to ${id}, but without the tag uaccess: who is in the foreground there does not matter`,
    ];
  const active = activeOn(world, id);
  const foreground =
    active === null
      ? `nobody is in the foreground of ${id}`
      : `session ${active.id} of ${active.user} is in the foreground of ${id}`;
  const missing = active?.uid === uid && uid !== 0 && !access.users.some((each) => each.uid === uid);
  return [
    `it belongs to ${id}, and by the tag uaccess to the user in the foreground there`,
    foreground,
    ...(missing ? [`the entry for ${name} is missing in its access list`] : []),
  ];
}

function activeOn(world: World, id: string) {
  const seat = seatOf(world, id);
  return seat === null ? null : activeSession(world, seat);
}

/** Each of these would be enough. */
function needed(world: World, subject: Subject, asker: Asker): string[] {
  const group = grantsOf(subject.access).find(
    ({ gid, permissions }) => gid !== 0 && (permissions & READ_WRITE) === READ_WRITE,
  );
  const membership =
    group === undefined || asker.groups.has(group.gid) ? [] : [`${asker.name} in group ${group.gid}`];
  return [...foreground(world, subject, asker), ...membership];
}

function foreground(world: World, { device }: Subject, { uid, name }: Asker): string[] {
  if (device === null) return ["other permissions of the node, by a rule of udev"];
  if (!device.uaccess) return ["a rule of udev that gives it the tag uaccess"];
  const { seat: id } = device;
  const seat = seatOf(world, id);
  const own = (seat?.sessions ?? []).flatMap((each) => sessionOf(world, each) ?? []);
  if (activeOn(world, id)?.uid === uid)
    return [`the entry for ${name}: the log of sessionmand says why it could not be made`];
  const behind = own.filter((each) => each.uid === uid).at(-1);
  return behind === undefined
    ? [`a login of ${name} on ${id}`]
    : [`session ${behind.id} of ${name} in the foreground: sessionctl activate ${behind.id}`];
}
