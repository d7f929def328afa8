import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRest, type Rest } from "../daemon/src/rest.ts";

let collected = 0;
let rest: Rest;
const work = (times: number) => {
  for (let i = 0; i < times; i++) rest.worked();
};

beforeEach(() => {
  vi.useFakeTimers();
  collected = 0;
  rest = createRest(() => collected++);
});
afterEach(() => vi.useRealTimers());

test("what much work leaves is collected once, when nothing was done for a while", () => {
  work(1000);
  vi.advanceTimersByTime(9_999);
  work(1);
  vi.advanceTimersByTime(10_000);
  expect(collected).toBe(0);
  vi.advanceTimersByTime(10_001);
  expect(collected).toBe(1);
  vi.advanceTimersByTime(3_600_000);
  expect(collected).toBe(1);
  work(1000);
  vi.advanceTimersByTime(20_000);
  expect(collected).toBe(2);
});

test("it never comes between work", () => {
  for (let second = 0; second < 600; second++) {
    work(50);
    vi.advanceTimersByTime(1000);
  }
  expect(collected).toBe(0);
});

test("a little work wakes nobody later", () => {
  work(99);
  expect(vi.getTimerCount()).toBe(0);
});
