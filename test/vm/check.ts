/** Counts and prints what was found; every line says what a user relies on. */

import { isDeepStrictEqual } from "node:util";

/** Without what was claimed the rest of a scenario has no meaning; the claim is already counted. */
export class Pointless extends Error {}

export class Checks {
  passed = 0;
  failed = 0;
  skipped = 0;
  private scenario = "";

  begin(scenario: string): void {
    this.scenario = scenario;
    process.stdout.write(`-- ${scenario}\n`);
  }

  skip(scenario: string, reason: string): void {
    this.skipped++;
    process.stdout.write(`SKIP  ${scenario}: ${reason}\n`);
  }

  /** The evidence is only printed when the claim does not hold. */
  that(holds: boolean, claim: string, evidence: unknown = ""): boolean {
    if (holds) this.passed++;
    else this.failed++;
    const shown = typeof evidence === "string" ? evidence : JSON.stringify(evidence);
    process.stdout.write(holds ? `ok    ${claim}\n` : `FAIL  ${this.scenario}: ${claim}\n      ${shown}\n`);
    return holds;
  }

  equal(actual: unknown, expected: unknown, claim: string): boolean {
    const evidence = `expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`;
    return this.that(isDeepStrictEqual(actual, expected), claim, evidence);
  }

  /** Waits for it; an error is a failed claim, and the scenario goes on without the value. */
  async comes<T>(claim: string, wait: Promise<T>): Promise<T | undefined> {
    try {
      const value = await wait;
      this.that(true, claim);
      return value;
    } catch (error) {
      this.that(false, claim, (error as Error).message);
      return undefined;
    }
  }

  /** Like comes, for what the rest of the scenario needs. */
  async must<T>(claim: string, wait: Promise<T>): Promise<T> {
    const value = await this.comes(
      claim,
      wait.then((it) => ({ it })),
    );
    if (value === undefined) throw new Pointless(claim);
    return value.it;
  }
}
