/** From a call's name and parameters to a method of the interface, or to the answer that every Varlink service gives. */

import { type Call, splitMethod } from "./codec.ts";
import {
  type Failure,
  interfaceNotFound,
  invalidParameter,
  methodNotFound,
  methodNotImplemented,
} from "./errors.ts";
import { type FieldTypes, type Named, wrongField } from "./types.ts";

const SERVICE = "org.varlink.service";
/** Longest name that an error repeats. */
const NAME_MAX = 128;

/** One interface, and who serves it. */
export interface Service {
  readonly interface: string;
  /** The interface's description. */
  readonly text: string;
  readonly types: Named;
  readonly methods: { readonly [method: string]: { readonly takes: FieldTypes } };
  readonly version: string;
}

export interface Request {
  readonly method: string;
  readonly parameters: Call["parameters"];
}

export function resolve(service: Service, call: Call): Request | Failure {
  const { interface: name, method } = splitMethod(call.method);
  if (name !== service.interface) return interfaceNotFound(name.slice(0, NAME_MAX));
  const row = Object.hasOwn(service.methods, method) ? service.methods[method] : undefined;
  if (row === undefined) return methodNotFound(call.method.slice(0, NAME_MAX));
  if (call.upgrade) return methodNotImplemented(call.method);
  const wrong = findFault(service.types, row.takes, call.parameters);
  return wrong === null ? { method, parameters: call.parameters } : invalidParameter(wrong);
}

/** The name of the first parameter that is unknown, missing or of another type; null if all is right. */
function findFault(types: Named, table: FieldTypes, parameters: Call["parameters"]): string | null {
  const unknown = Object.keys(parameters).find((name) => !Object.hasOwn(table, name));
  return unknown === undefined ? wrongField(types, table, parameters) : unknown.slice(0, NAME_MAX);
}

/** The answer to a question about the service itself; null if the call is none. */
export function answerService(
  service: Service,
  call: Call,
): { readonly parameters: object } | Failure | null {
  const { interface: name, method } = splitMethod(call.method);
  if (name !== SERVICE) return null;
  if (method === "GetInfo") {
    const wrong = findFault({}, {}, call.parameters);
    return wrong === null ? { parameters: info(service) } : invalidParameter(wrong);
  }
  if (method !== "GetInterfaceDescription") return methodNotFound(call.method.slice(0, NAME_MAX));
  const wrong = findFault({}, { interface: "string" }, call.parameters);
  if (wrong !== null) return invalidParameter(wrong);
  const wanted = String(call.parameters.interface);
  if (wanted === service.interface) return { parameters: { description: service.text } };
  if (wanted === SERVICE) return { parameters: { description: serviceText } };
  return interfaceNotFound(wanted.slice(0, NAME_MAX));
}

function info({ version, interface: own }: Service): object {
  return { vendor: "sessionman", product: "sessionman", version, url: "", interfaces: [SERVICE, own] };
}

/** What every Varlink service offers, by the Varlink specification. */
const serviceText = `# Questions about the service itself.
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
`;
