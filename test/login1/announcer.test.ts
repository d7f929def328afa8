/** What is told of while the bus does not keep up: less, and in the end the same. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { World } from "../../daemon/src/core/model.ts";
import { Announcer } from "../../daemon/src/login1/announcer.ts";
import {
  CLOSING,
  onVt,
  session,
  withoutSession,
  withSession,
  withVt,
  worldOf,
} from "../store/sd-login-worlds.ts";
import { Listener, Recorder } from "./recorder.ts";
import { change, EMPTY, room, snapshot } from "./worlds.ts";

const FULL = 1 << 20;

describe("the announcer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("tells at once while the bus keeps up", () => {
    const bus = new Recorder();
    new Announcer(room, bus).published(EMPTY, worldOf(session("3")));
    expect(bus.names.slice(0, 2)).toEqual(["UserNew 1000", "SessionNew 3"]);
  });

  it("tells who comes and goes at once also when it does not, and changes together later", () => {
    const bus = new Recorder();
    const announcer = new Announcer(room, bus);
    const first = worldOf(session("3", onVt(1)), session("4", onVt(2)));
    bus.queued = FULL;
    let now = first;
    const publish = (next: World) => {
      announcer.published(now, next);
      now = next;
    };
    for (let i = 0; i < 100; i++) publish(withVt(now, 1 + (i % 2)));
    publish(withSession(now, session("5")));
    expect(bus.names).toEqual(["SessionNew 5"]);
    vi.advanceTimersByTime(100);
    expect(bus.names).toEqual(["SessionNew 5"]);
    bus.queued = 0;
    vi.advanceTimersByTime(100);
    expect(bus.heard).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells before an answer what led to it", () => {
    const bus = new Recorder();
    const announcer = new Announcer(room, bus);
    const before = worldOf(session("3", onVt(1)));
    bus.queued = FULL;
    announcer.published(before, withVt(before, 2));
    expect(bus.heard).toEqual([]);
    announcer.flush();
    expect(bus.names).toHaveLength(2);
    announcer.flush();
    expect(bus.names).toHaveLength(2);
  });

  it("forgets those who came and went meanwhile", () => {
    const bus = new Recorder();
    const announcer = new Announcer(room, bus);
    bus.queued = FULL;
    const one = worldOf(session("3"));
    const two = withSession(one, session("3", { stage: CLOSING }));
    const three = withoutSession(two, "3");
    announcer.published(EMPTY, one);
    announcer.published(one, two);
    announcer.published(two, three);
    bus.queued = 0;
    vi.advanceTimersByTime(100);
    expect(bus.names).toEqual(["UserNew 1000", "SessionNew 3", "SessionRemoved 3", "UserRemoved 1000"]);
  });

  it("leaves a listener with what there is to read, however slow the bus was", () => {
    const step = fc.record({
      apply: change,
      queued: fc.constantFrom(0, FULL),
      wait: fc.boolean(),
      how: fc.constantFrom("published", "switched", "both"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bus = new Recorder();
        const announcer = new Announcer(room, bus);
        const listener = new Listener(snapshot(EMPTY));
        let now = EMPTY;
        let said = EMPTY;
        const publish = () => {
          if (said !== now) announcer.published(said, now);
          said = now;
        };
        for (const { apply, queued, wait, how } of steps) {
          bus.queued = queued;
          now = apply(now);
          if (how !== "published") announcer.switched(said, now);
          if (how !== "switched") publish();
          if (wait) vi.advanceTimersByTime(30);
          listener.hear(
            bus.heard,
            (path) => new Map([...snapshot(now)].filter(([key]) => key.startsWith(`${path} `))),
          );
          bus.heard = [];
        }
        publish();
        bus.queued = 0;
        vi.advanceTimersByTime(100);
        listener.hear(
          bus.heard,
          (path) => new Map([...snapshot(now)].filter(([key]) => key.startsWith(`${path} `))),
        );
        expect([...listener.known].sort()).toEqual([...snapshot(now)].sort());
      }),
      { numRuns: 300 },
    );
  });
});
