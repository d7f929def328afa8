/** What a screen shows, as far as the tests can tell. */

import { readFileSync } from "node:fs";

export class Picture {
  readonly width: number;
  readonly height: number;
  private readonly pixels: Buffer;

  constructor(ppm: Buffer) {
    const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.subarray(0, 64).toString("latin1"));
    if (header === null) throw new Error("the picture is no PPM");
    this.width = Number(header[1]);
    this.height = Number(header[2]);
    this.pixels = ppm.subarray(header[0].length);
  }

  static read(file: string): Picture {
    return new Picture(readFileSync(file));
  }

  /** The share of the pixels, looked at here and there, for which this holds. */
  share(holds: (red: number, green: number, blue: number) => boolean): number {
    let looked = 0;
    let held = 0;
    for (let at = 0; at + 2 < this.pixels.length; at += 3 * 7, looked++)
      if (holds(this.pixels[at] ?? 0, this.pixels[at + 1] ?? 0, this.pixels[at + 2] ?? 0)) held++;
    return looked === 0 ? 0 : held / looked;
  }

  /** The share that is not black. */
  lit(): number {
    return this.share((red, green, blue) => Math.max(red, green, blue) > 24);
  }

  /** The share that has about this colour, RRGGBB. */
  of(colour: string): number {
    const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const near = (one: number, other = 0) => Math.abs(one - other) <= 4;
    return this.share((r, g, b) => near(r, red) && near(g, green) && near(b, blue));
  }

  /** The middle of what is black, as shares of width and height: a terminal on a coloured background. */
  darkSpot(): readonly [number, number] | undefined {
    const columns: number[] = [];
    const rows: number[] = [];
    for (let y = 0; y < this.height; y += 8)
      for (let x = 0; x < this.width; x += 8) {
        const at = (y * this.width + x) * 3;
        if (Math.max(...this.pixels.subarray(at, at + 3)) < 8) {
          columns.push(x);
          rows.push(y);
        }
      }
    if (columns.length < 400) return undefined;
    const middle = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
    return [middle(columns) / this.width, middle(rows) / this.height];
  }

  describe(): string {
    return `${this.width}x${this.height}, ${Math.round(this.lit() * 100)} % not black`;
  }
}
