/** What every verb is made of. */

import type { Client } from "./client.ts";
import type { Paint } from "./table.ts";

export interface Option {
  readonly help: string;
  /** Name of the value in the help text; without one the option is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly multiple?: boolean;
}

export interface Context {
  readonly client: Client;
  readonly json: boolean;
  /** Header and footer of tables. */
  readonly legend: boolean;
  readonly paint: Paint;
  /** Lines may use box-drawing characters. */
  readonly unicode: boolean;
  /** Width to cut lines to; Infinity where nobody looks. */
  readonly columns: number;
  readonly nowMs: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The uid of a name in the user database; null if it has none. */
  lookUp(name: string): number | null;
  /** The name of a user or group, or the number as text. */
  nameOf(kind: "passwd" | "group", id: number): string;
  print(lines: readonly string[]): void;
  /** A line on the error output that does not end the command. */
  warn(message: string): void;
}

export interface Input {
  readonly operands: readonly string[];
  /** What follows "--"; null if there was none. */
  readonly command: readonly string[] | null;
  has(option: string): boolean;
  get(option: string): string | undefined;
  all(option: string): readonly string[];
}

export interface Verb {
  readonly name: string;
  /** As in the usage line: "[ID]", "ID...". */
  readonly operands: string;
  readonly least: number;
  readonly most: number;
  readonly summary: string;
  /** Paragraphs below the usage line in the help of the verb. */
  readonly details?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Whether "-- COMMAND" may follow. */
  readonly takesCommand?: boolean;
  /** Resolves to the exit status. */
  run(input: Input, context: Context): Promise<number>;
}
