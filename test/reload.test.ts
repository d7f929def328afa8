/** Reloads: the last one counts, and a group keeps its id while the database is away. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { loadConfiguration } from "../daemon/src/config/load.ts";
import type { Event } from "../daemon/src/core/events.ts";
import { followConfiguration, learnGroups } from "../daemon/src/reload.ts";
import { machine } from "./config/facts.ts";

const folder = mkdtempSync(join(tmpdir(), "sessionman-reload-"));
const file = join(folder, "sessionman.yaml");
const listeners = process.listeners("SIGHUP");

afterEach(() => {
  for (const listener of process.listeners("SIGHUP")) {
    if (!listeners.includes(listener)) process.removeListener("SIGHUP", listener);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

const limited = "limits:\n  groups:\n    students: { pids_max: 10 }\n";

function follow(text: string) {
  const events: Event[] = [];
  const answers: ((gid: number | null) => void)[] = [];
  const said: string[] = [];
  const note = (message: string) => void said.push(message);
  const quiet = { debug() {}, configure() {}, flush() {}, severity: 6, setSeverity() {} };
  const log = { ...quiet, info: note, warn: note, error: note };
  const facts = { ...machine(2 ** 30) };
  const write = (content: string) => writeFileSync(file, content, { mode: 0o644 });
  write(text);
  const loaded = loadConfiguration(file, facts);
  if (!loaded.ok) throw new Error("the configuration of this test is wrong");
  followConfiguration({
    file,
    settings: loaded.settings,
    paths: { ...loaded.settings, run: folder },
    kernel: { lookUpGroup: (_name, found) => void answers.push(found) },
    log,
    submit: (event) => void events.push(event),
    now: () => ({ realtime: 1, monotonic: 1 }),
    facts: () => facts,
    gids: new Map([["students", 500]]),
    remember: () => {},
  });
  const reload = (content: string) => {
    write(content);
    process.emit("SIGHUP");
  };
  return { events, answers, said, facts, reload };
}

it("lets the later of two reloads win, and keeps the id of a group that is not found now", () => {
  const { events, answers, reload } = follow(limited);
  reload("sessions_max: 7\n");
  expect(events).toMatchObject([{ kind: "policy.changed", policy: { sessionsMax: 7 } }]);
  answers[0]?.(501);
  expect(events).toHaveLength(1);

  reload(limited);
  answers[1]?.(null);
  expect(events[1]).toMatchObject({ policy: { limits: { groups: [{ gid: 501 }] } } });
});

it("looks up the groups with services of their own, and names their key when they are not found", () => {
  const { events, answers, said, reload } = follow("");
  reload("user_services: {groups: {students: {linger: yes}, gone: {backend: none}}}");
  answers[0]?.(502);
  answers[1]?.(null);
  expect(events).toMatchObject([
    { policy: { services: { groups: [{ gid: 502, services: { linger: "yes" } }] } } },
  ]);
  expect(said).toContain("user_services.groups.gone: the group database does not know it now");
});

it("says what auto comes to, once for each answer", () => {
  const { said, facts, reload } = follow("");
  const about = () => said.filter((line) => line.includes("auto is"));
  expect(about()).toEqual(["user_services.backend: auto is runit: process 1 is runit"]);
  reload("sessions_max: 7");
  expect(about()).toHaveLength(1);
  facts.auto = { backend: "none", because: "nothing is installed" };
  reload("user_services: {backend: none}");
  expect(about()).toHaveLength(1);
  reload("");
  expect(about()).toHaveLength(2);
});

it("changes nothing for a backend that cannot be used", () => {
  const { events, said, reload } = follow("");
  reload("user_services: {backend: /nonexistent/backend}");
  expect(events).toEqual([]);
  expect(said.at(-2)).toMatch(/:1:26: user_services\.backend: "\/nonexistent\/backend" cannot be found: /);
});

it("asks again for a group that was never known, and says so once", () => {
  vi.useFakeTimers();
  try {
    const { events, answers, said } = follow("user_services: {groups: {late: {backend: none}}}\n");
    answers[0]?.(null);
    expect(events).toMatchObject([{ policy: { services: { groups: [] } } }]);
    vi.advanceTimersByTime(1000);
    answers[1]?.(null);
    vi.advanceTimersByTime(1999);
    expect(answers).toHaveLength(2);
    vi.advanceTimersByTime(1);
    answers[2]?.(503);
    expect(events[1]).toMatchObject({ policy: { services: { groups: [{ gid: 503 }] } } });
    vi.advanceTimersByTime(100_000);
    expect([answers.length, events.length]).toEqual([3, 2]);
    expect(said.filter((line) => line.includes("user_services.groups.late"))).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});

it("knows the groups of the configuration before it begins, or begins after five seconds", () => {
  vi.useFakeTimers();
  try {
    writeFileSync(file, "user_services: {groups: {one: {linger: yes}, two: {linger: no}}}\n");
    const loaded = loadConfiguration(file, machine(2 ** 30));
    if (!loaded.ok) throw new Error("the configuration of this test is wrong");
    const answers: ((gid: number | null) => void)[] = [];
    const learned: unknown[] = [];
    const learn = (gids: ReadonlyMap<string, number>) =>
      learnGroups(
        {
          settings: loaded.settings,
          kernel: { lookUpGroup: (_name, found) => void answers.push(found) },
          gids,
        },
        (known) => void learned.push([...known]),
      );
    learn(
      new Map([
        ["one", 1],
        ["two", 2],
      ]),
    );
    expect(learned.pop()).toEqual([
      ["one", 1],
      ["two", 2],
    ]);
    expect(answers).toHaveLength(0);
    learn(new Map([["one", 1]]));
    expect(learned).toEqual([]);
    answers[0]?.(2);
    expect(learned.pop()).toEqual([
      ["one", 1],
      ["two", 2],
    ]);
    learn(new Map());
    answers[1]?.(1);
    vi.advanceTimersByTime(5000);
    expect(learned).toEqual([[["one", 1]]]);
    answers[2]?.(2);
    expect(learned).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});
