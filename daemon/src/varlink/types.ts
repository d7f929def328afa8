/**
 * Varlink's types in its own spelling, "int", "?string", "[]Session", "[string]string", "(leader, all)": interfaces
 * are tables of them, the server checks what it is sent with those, and the compiler the server.
 */

export type FieldTypes = { readonly [name: string]: string };

/** What an interface names: objects by their fields, and other types, such as lists of words, by what they are. */
export type Named = { readonly [name: string]: FieldTypes | string };

type Names<List extends string> = List extends `${infer First}, ${infer Rest}` ? First | Names<Rest> : List;

export type ValueOf<Type extends string, Types extends Named> = Type extends `?${infer Inner}`
  ? ValueOf<Inner, Types> | null
  : Type extends `[]${infer Inner}`
    ? readonly ValueOf<Inner, Types>[]
    : Type extends `[string]${infer Inner}`
      ? Readonly<Record<string, ValueOf<Inner, Types>>>
      : Type extends `(${infer List})`
        ? Names<List>
        : Type extends "int"
          ? number
          : Type extends "bool"
            ? boolean
            : Type extends keyof Types
              ? NamedValue<Types[Type], Types>
              : string;

type NamedValue<Type extends FieldTypes | string, Types extends Named> = Type extends string
  ? ValueOf<Type, Types>
  : Type extends FieldTypes
    ? Fields<Type, Types>
    : never;

export type Fields<Table extends FieldTypes, Types extends Named> = {
  readonly [Name in keyof Table]: ValueOf<Table[Name], Types>;
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the value is of that type. */
export function conforms(types: Named, type: string, value: unknown): boolean {
  const is = (inner: string) => (item: unknown) => conforms(types, inner, item);
  if (type.startsWith("?")) return value === null || value === undefined || is(type.slice(1))(value);
  if (type.startsWith("[]")) return Array.isArray(value) && value.every(is(type.slice(2)));
  if (type.startsWith("[string]")) return isObject(value) && Object.values(value).every(is(type.slice(8)));
  if (type.startsWith("(")) return typeof value === "string" && type.slice(1, -1).split(", ").includes(value);
  if (type === "int") return Number.isSafeInteger(value);
  if (type === "bool") return typeof value === "boolean";
  if (type === "string") return typeof value === "string";
  const named = types[type];
  if (typeof named === "string") return is(named)(value);
  return named !== undefined && isObject(value) && wrongField(types, named, value) === null;
}

/** The first field of the table that the object lacks or has with another type; null if all is right. */
export function wrongField(
  types: Named,
  table: FieldTypes,
  object: Readonly<Record<string, unknown>>,
): string | null {
  for (const [name, type] of Object.entries(table)) {
    if (!conforms(types, type, Object.hasOwn(object, name) ? object[name] : undefined)) return name;
  }
  return null;
}
