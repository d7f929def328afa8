/**
 * The long answers as JSON text. Whoever asks for all sessions again and again costs the daemon one rendering for each
 * World, not one for each call; what is not asked for is not kept.
 */

import type { World } from "../core/model.ts";
import { allSessions } from "../core/select.ts";
import { snapshot } from "./monitor.ts";
import { type Places, renderSession } from "./render.ts";

/** Milliseconds. */
const KEPT = 1000;

class Kept {
  readonly #render: (world: World) => object;
  #world: World | null = null;
  #text = "";

  constructor(render: (world: World) => object) {
    this.#render = render;
  }

  text(world: World): string {
    if (this.#world === world) return this.#text;
    const text = JSON.stringify(this.#render(world));
    if (this.#world === null) setTimeout(() => this.#forget(), KEPT).unref();
    this.#world = world;
    this.#text = text;
    return text;
  }

  #forget(): void {
    this.#world = null;
    this.#text = "";
  }
}

export class Lists {
  readonly #sessions: Kept;
  readonly #snapshot: Kept;

  constructor(places: Places) {
    this.#sessions = new Kept((world) => ({
      sessions: allSessions(world).map((session) => renderSession(world, session, places)),
    }));
    this.#snapshot = new Kept((world) => snapshot(world, places));
  }

  sessions(world: World): string {
    return this.#sessions.text(world);
  }

  snapshot(world: World): string {
    return this.#snapshot.text(world);
  }
}
