/** Answers to callers: each request gets exactly one. */

import type { CallResult, Refusal } from "./effects.ts";
import type { Requester, World } from "./model.ts";
import type { Step } from "./outcome.ts";

export function answer(world: World, requester: Requester, result: CallResult): Step {
  return { world, effects: [{ kind: "call.reply", requester, result }] };
}

export function failure(refusal: Refusal, message: string): CallResult {
  return { ok: false, refusal, message };
}

export function deny(world: World, requester: Requester, refusal: Refusal, message: string): Step {
  return answer(world, requester, failure(refusal, message));
}
