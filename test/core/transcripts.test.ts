/**
 * Stories in text: below each event ("> kind key=value ...") stand the complete effects that the core orders.
 * REWRITE=1 writes what happens now into the files; commit the difference only if you can explain it.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import { type Inhibitor, SEATD, type Session, type User, type World } from "../../daemon/src/core/model.ts";
import type { Taken } from "../../daemon/src/core/seat-model.ts";
import { readLimits } from "../../daemon/src/core/session-limits.ts";
import { emptyWorld, step } from "../../daemon/src/core/step.ts";
import { facts } from "./facts.ts";
import { policy } from "./policy.ts";
import { inhibitorWords, sessionWords, userWords } from "./record-words.ts";
import { heldWords, seatShapes, seatWords } from "./seat-words.ts";

const FOLDER = new URL("../transcripts/", import.meta.url).pathname;

type Words = ReadonlyMap<string, string>;

function parse(line: string): { kind: string; words: Words } {
  const [kind = "", ...rest] = line.slice(2).split(" ");
  return { kind, words: new Map(rest.map((word) => cut(word, "="))) };
}

/** In two at the first such character. */
function cut(word: string, at: string): [string, string] {
  const [first = "", ...rest] = word.split(at);
  return [first, rest.join(at)];
}

let seconds = 1;

/** The story's time, which "> time +N" moves on. */
function now() {
  return { realtime: seconds * 1_000_000, monotonic: seconds * 1_000_000 };
}

function identity(pid: number, executable = "1:1") {
  return { pid, start: String(pid), inode: "", executable };
}

/** Somebody whom the greeter has not asked for everything yet. */
const NOTHING = { type: "", class: "", desktop: "", seat: "", vtnr: "", incomplete: "" };
const INCOMPLETE = { ...NOTHING, type: "x11", incomplete: "1" };

function openRequested(words: Words): Event {
  const text = (key: string) => words.get(key) ?? "";
  const uid = Number(text("uid") || 1000);
  return {
    kind: "session.openRequested",
    at: now(),
    requester: { room: text("room") === "control" ? "control" : "pam", call: Number(text("call") || 1) },
    facts: facts(uid, {
      tty: text("tty"),
      ttyVt: Number(text("vt") || 0),
      service: text("service") || "login",
      remoteHost: text("rhost"),
      ...(words.has("user") ? { user: text("user") } : {}),
      limits: readLimits(text("limits")),
      ...(words.has("incomplete") ? { hinted: INCOMPLETE } : {}),
      ...(words.has("on") ? { hinted: { ...NOTHING, type: "x11", seat: text("on") } } : {}),
    }),
    leader: {
      identity: identity(Number(text("pid") || 100)),
      insideSession: words.get("inside") ?? null,
      sameNamespace: true,
    },
    nonce: text("nonce"),
    lifetime: true,
  };
}

const PLAIN: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["yes", true],
  ["no", false],
  ["none", []],
]);

/** Words whose value is text even where it looks like a number. */
const TEXT: ReadonlySet<string> = new Set(["id", "session", "name"]);

/** Everything but an open request: the words are the fields, numbers where they look like numbers. */
function plainEvent(kind: string, words: Words, world: World): Event {
  const fields: Record<string, unknown> = { kind, at: now(), requester: requester(kind, words) };
  fields.caller = { uid: Number(words.get("by") ?? 0), pid: Number(words.get("from") ?? 1) };
  for (const [key, value] of words)
    fields[key] = PLAIN.get(value) ?? (TEXT.has(key) || !/^\d+$/.test(value) ? value : Number(value));
  const shape = shapes[kind];
  return { ...fields, ...shape?.(words, world) } as unknown as Event;
}

function requester(kind: string, words: Words) {
  const asked = kind.startsWith("inhibit.") || kind.startsWith("device.") ? "login1" : "control";
  return { room: words.get("room") ?? asked, call: Number(words.get("call") ?? 1) };
}

const numbered = (words: Words) => ({ id: Number(words.get("id")) });

/** bus1, bus2, … and seatd */
function guid(words: Words): string {
  if (words.get("bus") === SEATD) return SEATD;
  return (words.get("bus") ?? "bus1").slice("bus".length).padStart(32, "0");
}

/** What does not fit into words one by one. */
const shapes: Readonly<Record<string, (words: Words, world: World) => object>> = {
  ...seatShapes,
  "manager.told": (words) => ({
    news: {
      state: words.get("state"),
      pid: Number(words.get("pid") ?? 0),
      message: sentence(words.get("message")),
    },
  }),
  "inhibit.requested": (words) => ({
    who: sentence(words.get("who")),
    why: sentence(words.get("why")),
  }),
  "inhibit.created": numbered,
  "inhibit.failed": (words) => ({ ...numbered(words), error: sentence(words.get("error")) }),
  "inhibitor.ended": numbered,
  "session.controlRequested": (words) => ({
    force: words.get("force") === "yes",
    controller: {
      name: words.get("name"),
      bus: guid(words),
      uid: Number(words.get("by") ?? 0),
      pid: Number(words.get("from") ?? 1),
    },
  }),
  "bus.connected": (words) => ({ bus: guid(words), names: new Set(list(words.get("names"))) }),
  "user.lookedUp": (words) => ({ user: words.get("name") === undefined ? null : account(words) }),
  "linger.requested": (words) => ({ user: account(words) }),
  "linger.saved": (words) => ({ user: account(words) }),
  "linger.failed": (words) => ({ user: account(words) }),
  "environment.imported": (words) => ({
    session: words.get("session") ?? null,
    set: new Map(list(words.get("set")).map((each) => cut(each, ":"))),
    unset: list(words.get("unset")),
  }),
  // the words are rows of ServicePolicy or VtPolicy
  "policy.changed": (words, world) => {
    const { services: last, vts } = world.policy;
    if (words.has("automatic")) return { policy: { ...world.policy, vts: { ...vts, ...ofNumbers(words) } } };
    const row = Object.fromEntries([...words].filter(([, value]) => !/^\d+$/.test(value)));
    const given = ofNumbers(words);
    const services = { ...last, ...given, default: { ...last.default, ...row } };
    return { policy: { ...world.policy, services } };
  },
};

function ofNumbers(words: Words) {
  const numbers = [...words].filter(([, value]) => /^\d+$/.test(value));
  return Object.fromEntries(numbers.map(([key, value]) => [key, Number(value)]));
}

function account(words: Words) {
  const uid = Number(words.get("uid"));
  return { uid, gid: uid, name: words.get("name") ?? `u${uid}`, groups: [] };
}

function list(text = ""): string[] {
  return text === "" ? [] : text.split(",");
}

/** A word stands for a sentence. */
function sentence(word = ""): string {
  return word.replaceAll("_", " ");
}

function restart(world: World, words: Words): Event {
  const dead = (words.get("dead") ?? "").split(",");
  const held = list(words.get("held"));
  const unanswered = list(words.get("unanswered")).map(Number);
  const asRecorded = (each: Taken) => ({
    ...each,
    answered: each.answered && !unanswered.includes(each.key),
  });
  const sessions = [...world.sessions.values()].map((record) => ({
    record: { ...record, devices: record.devices.map(asRecorded) },
    leaderAlive: !dead.includes(record.id),
    executable: words.get("executable") ?? "1:1",
    lifetimeHeld: held.includes(record.id),
    scopeExists: true,
  }));
  const users = [...world.users.values()];
  const runtimeDirectories = users.map((user) => ({ uid: user.uid, directory: "tmpfs" as const }));
  const found = {
    nextId: world.reservedIds,
    sessions,
    users,
    orphanScopes: [],
    orphanLifetimes: [],
    runtimeDirectories,
    managers: [
      ...list(words.get("alive")).map((uid) => ({ uid: Number(uid), alive: true })),
      ...list(words.get("remains")).map((uid) => ({ uid: Number(uid), alive: false })),
    ],
    lingering: list(words.get("lingering")).map((each) => {
      const [uid, name] = cut(each, ":");
      return { uid: Number(uid), name: name === "" ? `u${uid}` : name };
    }),
    inhibitors: [...world.inhibitors.values()].map((record) => ({
      record,
      held: list(words.get("inhibits")).includes(String(record.id)),
    })),
    seats: [...world.seats.values()].map(({ id, chosen, granted }) => ({ id, chosen, granted })),
    held: heldWords(words),
    orphanInhibitors: list(words.get("fifos")).map(Number),
  };
  return { kind: "daemon.started", at: now(), found };
}

/** A field in a word; records by their id and stage. */
function show(key: string, value: unknown): string[] {
  if (key === "kind") return [];
  if (value instanceof Map) return [...value].map(([name, content]) => `${name}=${content}`);
  if (key === "unset") return [`unset=${String(value)}`];
  if (typeof value !== "object" || value === null) return [`${key}=${String(value)}`];
  const fields = value as Record<string, unknown>;
  if (key === "session")
    return [
      `session=${fields.id}`,
      ...Object.values(fields.stage as object).filter((each) => typeof each === "string"),
      ...sessionWords(value as Session),
    ];
  const ofSeats = seatWords(key, value);
  if (ofSeats !== null) return ofSeats;
  if (key === "inhibitor") return inhibitorWords(value as Inhibitor);
  if (key === "user") return [`user=${fields.uid}`, ...("runtime" in fields ? userWords(value as User) : [])];
  if (key === "leader") return [`leader=${fields.pid}`];
  if (key === "requester") return [`to=${fields.room}/${fields.call}`];
  return Object.entries(fields).flatMap(([name, content]) => show(name, content));
}

function line(effect: Effect): string {
  const words = Object.entries(effect).flatMap(([key, value]) => show(key, value));
  return `  ${[effect.kind, ...words].join(" ")}`;
}

function play(story: string): string {
  let world = emptyWorld(policy);
  seconds = 1;
  const out: string[] = [];
  for (const text of story.split("\n")) {
    if (text.startsWith("  ")) continue;
    out.push(text);
    if (!text.startsWith("> ")) continue;
    const { kind, words } = parse(text);
    if (kind === "time") seconds += Number([...words.keys()][0]);
    if (kind === "time") continue;
    const starts = kind === "daemon.started";
    const event =
      kind === "session.openRequested"
        ? openRequested(words)
        : starts
          ? restart(world, words)
          : plainEvent(kind, words, world);
    const result = step(starts ? emptyWorld(world.policy) : world, event);
    world = result.world;
    out.push(...result.effects.map(line));
  }
  return out.join("\n");
}

describe("transcripts", () => {
  it.each(readdirSync(FOLDER))("%s", (name) => {
    const story = readFileSync(FOLDER + name, "utf8");
    const played = play(story);
    if (process.env.REWRITE === "1") writeFileSync(FOLDER + name, played);
    else expect(played).toBe(story);
  });
});
