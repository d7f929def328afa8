/** Reloads: the last one counts, and a group keeps its id while the database is away. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { loadConfiguration } from "../daemon/src/config/load.ts";
import type { Event } from "../daemon/src/core/events.ts";
import { followConfiguration } from "../daemon/src/reload.ts";
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
  const log = { debug() {}, info: note, warn: note, error: note, configure() {}, flush() {} };
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
